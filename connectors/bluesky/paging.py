"""How far a page goes, and where a thread was cut: the little that a walk reads of each post."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from connectors.bluesky.cutting import Node
from connectors.bluesky.reading import sane_moment
from connectors.bluesky.session import read_or_stop
from connectors.decoding import Decoder

__all__ = ["View", "cut_off", "sorted_at", "time_in_key", "uri_of", "view_of"]


class _Author(msgspec.Struct):
    did: str


class _Claim(msgspec.Struct, rename="camel", frozen=True):
    created_at: Any = None


class View(msgspec.Struct, rename="camel"):
    """The least of a view that pages are walked by."""

    uri: str
    author: _Author
    indexed_at: Any = None
    record: _Claim = _Claim()
    reply_count: Any = 0


class _Kept(msgspec.Struct):
    uri: str


_view: Final = Decoder(View)
_kept: Final = Decoder(_Kept)
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TID: Final = "234567abcdefghijklmnopqrstuvwxyz"
_TID_LENGTH: Final = 13
_CLOCK_BITS: Final = 10
_MILLION: Final = 1_000_000


def view_of(item: bytes) -> View:
    """Return what a walk needs to know of a post. Raises msgspec.DecodeError."""
    return _view.decode(item)


def uri_of(item: bytes) -> str:
    """Return what a record is called. Raises msgspec.DecodeError."""
    return _kept.decode(item).uri


def sorted_at(view: View) -> datetime:
    """Return the time that a feed is sorted by: the author's claim, unless that was in the future."""
    told = (sane_moment(view.record.created_at), sane_moment(view.indexed_at))
    return min((at for at in told if at is not None), default=_EARLIEST)


def time_in_key(uri: str) -> datetime | None:
    """Return the moment in a record's key, None for a key that is no TID."""
    key = uri.rpartition("/")[2]
    if len(key) != _TID_LENGTH or any(letter not in _TID for letter in key):
        return None
    number = 0
    for letter in key:
        number = number << 5 | _TID.index(letter)
    seconds = (number >> _CLOCK_BITS) / _MILLION
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def cut_off(top: Node) -> list[str]:
    """Return the posts below the top that have more answers than were given."""
    found: list[str] = []
    waiting = list(top.replies or ())
    while waiting:
        node = waiting.pop()
        waiting += node.replies or ()
        if not node.has_post:
            continue
        view = read_or_stop(node.post, view_of)
        given = sum(each.has_post for each in node.replies or ())
        if isinstance(view.reply_count, int) and view.reply_count > given:
            found.append(view.uri)
    return found
