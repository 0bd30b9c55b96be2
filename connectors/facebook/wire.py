"""The shapes of Graph's answers as far as walking and cutting need them, and how Graph names things."""

from datetime import datetime
from typing import Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from connectors.decoding import Decoder, instant

__all__ = [
    "COMMENTS_ENDPOINT",
    "COMMENT_ENDPOINT",
    "LISTS",
    "POSTS_ENDPOINT",
    "POST_ENDPOINT",
    "PROFILE_ENDPOINT",
    "Named",
    "Page",
    "Stub",
    "decode_named",
    "decode_page",
    "moment",
    "permalink_ids",
    "profile_id",
    "record_id",
    "stubs",
]

PROFILE_ENDPOINT: Final = "/{page}"
POSTS_ENDPOINT: Final = "/{page}/published_posts"
COMMENTS_ENDPOINT: Final = "/{post}/comments"
POST_ENDPOINT: Final = "/{post}"
COMMENT_ENDPOINT: Final = "/{comment}"
LISTS: Final = frozenset({POSTS_ENDPOINT, COMMENTS_ENDPOINT})


class _Cursors(msgspec.Struct):
    after: str | None = None


class _Paging(msgspec.Struct):
    cursors: _Cursors | None = None
    next: str | None = None


class _Summary(msgspec.Struct):
    total_count: int | None = None


class _From(msgspec.Struct):
    id: str | None = None


class Stub(msgspec.Struct):
    """As much of an item as walking needs."""

    id: str | None = None
    created_time: str | None = None
    author: _From | None = msgspec.field(name="from", default=None)


class Page(msgspec.Struct):
    """One page of a list."""

    data: list[msgspec.Raw]
    paging: _Paging | None = None
    summary: _Summary | None = None


class _Nested(msgspec.Struct):
    data: list[msgspec.Raw] = []


class Named(msgspec.Struct):
    """As much of an item as cutting and identity need."""

    id: str | None = None
    name: str | None = None
    username: str | None = None
    permalink_url: str | None = None
    comments: _Nested | None = None


_page: Final = Decoder(Page)
_named: Final = Decoder(Named)
_stub: Final = Decoder(Stub)


def record_id(native_id: str) -> str:
    """Return the record id: without the prefix, which can change (a Page's) or vary (a photo post's)."""
    return "facebook:" + native_id.rpartition("_")[2]


def profile_id(native_id: str) -> str:
    """Return the record id of a Page's profile."""
    return f"facebook:profile:{native_id}"


def decode_page(body: bytes) -> Page | None:
    """Return a page of a list; None for a body that is none."""
    try:
        return _page.decode(body)
    except msgspec.DecodeError:
        return None


def stubs(page: Page) -> tuple[Stub, ...]:
    """Return what walking needs of a page's items; one that is not understood gives an empty stub."""
    return tuple(_stub_of(raw) for raw in page.data)


def _stub_of(raw: msgspec.Raw) -> Stub:
    try:
        return _stub.decode(raw)
    except msgspec.DecodeError:
        return Stub()


def decode_named(item: bytes) -> Named | None:
    """Return the names that an item bears; None for what is no object of Graph's."""
    try:
        return _named.decode(item)
    except msgspec.DecodeError:
        return None


def moment(told: str | None) -> datetime | None:
    """Return an instant; Graph writes `2026-10-01T12:00:00+0000`. Raises ValueError for what is none."""
    if not told:
        return None
    return instant(told)


def permalink_ids(url: str | None) -> tuple[str, str, str]:
    """Return post, parent and own id that a comment's permalink names; "" for what it does not.

    `.../posts/{post}/?comment_id={comment}`, of a reply `?comment_id={parent}&reply_comment_id={comment}`.
    """
    if url is None or "comment_id=" not in url:
        return "", "", ""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    top = query.get("comment_id", [""])[0]
    reply = query.get("reply_comment_id", [""])[0]
    path = parts.path.strip("/").split("/")
    post = (
        path[-1] if path[-1].isdigit() else next(iter(query.get("fbid") or query.get("story_fbid") or ()), "")
    )
    return post, (top if reply else ""), (reply or top)
