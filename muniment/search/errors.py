"""What a person is told when a query cannot be understood."""

from schemas.errors import BadInputError

__all__ = ["QueryError"]


class QueryError(BadInputError):
    """A query has a mistake; `remedy` says what to write instead.

    `position` counts characters of the query from 0; the message counts them from 1, as people do.
    """

    def __init__(self, message: str, *, position: int, remedy: str) -> None:
        """Keep where the mistake is."""
        super().__init__(f"{message} (at character {position + 1}).", remedy=remedy)
        self.position = position
