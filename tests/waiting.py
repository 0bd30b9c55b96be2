"""Waiting until something is so, for as long as a slow or busy machine may need; never for a fixed time."""

import time
from collections.abc import Callable

__all__ = ["until"]

_PAUSE_SECONDS = 0.05


def until(true: Callable[[], bool], *, seconds: float = 120, what: str = "") -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: It is not within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not so within {seconds:.0f} s: {what or true}")
        time.sleep(_PAUSE_SECONDS)
