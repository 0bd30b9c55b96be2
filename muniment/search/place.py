"""A place in a list of results: where a page ends and the next begins, alike on every engine."""

from typing import NamedTuple

from schemas.errors import BadInputError

__all__ = ["Place", "read_cursor", "write_cursor"]


class Place(NamedTuple):
    """A hit's place in the order asked for; later places are smaller. By time the score is 0."""

    score: float
    sk: int
    id: int


def write_cursor(place: Place) -> str:
    """Return a place as text, for the caller to hand back."""
    return f"{place.score!r}:{place.sk}:{place.id}"


def read_cursor(cursor: str) -> Place:
    """Return the place that a text names.

    Raises:
        BadInputError: It names none.
    """
    try:
        score, sk, id_ = cursor.split(":")
        return Place(float(score), int(sk), int(id_))
    except ValueError:
        remedy = "Begin again with the first page."
        raise BadInputError("This is not a place in a list of results.", remedy=remedy) from None
