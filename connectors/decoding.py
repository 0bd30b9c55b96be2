"""Decoding what a server sent, and the markers that we keep: whoever reads meets one kind of error.

msgspec tells by DecodeError what is no JSON, or of another shape. Lists nested deeper than Python can follow
and letters that are no UTF-8 come as errors of other kinds, which would end a whole run: a resident can put
the first into a reply on Bluesky. Here they are answers of another shape like any other.
"""

from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar, overload

import msgspec

from schemas.capture import Walk
from schemas.errors import MarkerRefusedError

__all__ = ["Decoder", "decoded", "instant", "place_of"]

T = TypeVar("T")

_UNREADABLE: Final = (RecursionError, UnicodeDecodeError)


class Decoder(Generic[T]):
    """Decodes JSON of one shape."""

    @overload
    def __init__(self: "Decoder[Any]") -> None: ...

    @overload
    def __init__(self: "Decoder[T]", shape: type[T]) -> None: ...

    def __init__(self, shape: Any = Any) -> None:
        """Take the shape; without one, whatever JSON can say."""
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(shape)

    def decode(self, raw: bytes | msgspec.Raw) -> T:
        """Return what is told.

        Raises:
            msgspec.DecodeError: It is no JSON.
            msgspec.ValidationError: It has another shape, or one that nobody can read.
        """
        try:
            return self._decoder.decode(raw)
        except _UNREADABLE as error:
            raise msgspec.ValidationError(f"not to be read: {type(error).__name__}") from None


def decoded(raw: bytes | msgspec.Raw, shape: type[T]) -> T:
    """Return what is told, of a shape that is decoded seldom; raises as `Decoder.decode`."""
    return Decoder(shape).decode(raw)


def instant(told: str) -> datetime:
    """Return a time as a platform tells it, in UTC; one without a zone is UTC's.

    Raises:
        ValueError: It is none, or lies beyond the calendar.
    """
    moment = datetime.fromisoformat(told)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a time beyond the calendar") from error


def place_of(walk: Walk, start: T) -> T:
    """Return where a walk goes on, of the kind that `start` is: the place of a walk without a marker.

    Raises:
        MarkerRefusedError: The marker is none of this connector's, or of another version of it.
    """
    if walk.marker is None:
        return start
    try:
        return decoded(walk.marker.encode(), type(start))
    except msgspec.DecodeError as error:
        raise MarkerRefusedError(
            "The place of this walk cannot be read.", remedy="The list is walked again from its start."
        ) from error
