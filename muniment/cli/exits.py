"""Exit codes: what a script may conclude from how a command ended."""

from typing import Final

from schemas.errors import (
    AccountError,
    BadInputError,
    IntegrityError,
    MunimentError,
    RefusalError,
    RetryableError,
    StreamError,
    WalkError,
)

__all__ = ["BAD_INPUT", "DONE", "FAULTY", "LOOK", "PARTLY", "REFUSED", "exit_code"]

DONE: Final = 0
BAD_INPUT: Final = 2
REFUSED: Final = 3
FAULTY: Final = 4
PARTLY: Final = 5
LOOK: Final = 6


def exit_code(error: MunimentError) -> int:
    """Return the exit code of a command that ended with this error."""
    match error:
        case BadInputError():
            return BAD_INPUT
        case RefusalError():
            return REFUSED
        case IntegrityError():
            return FAULTY
        case AccountError() | StreamError() | RetryableError() | WalkError():
            return PARTLY
        case _:
            return LOOK
