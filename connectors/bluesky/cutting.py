"""Cutting Bluesky's answers into exhibits, byte for byte: one for each post view, record or profile.

In a thread each view is an item of its own: the replies stand beside it, not in it.
"""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

import msgspec

from connectors.cutting import HeaderMaker, Span, joined, segments_around, spans_of
from connectors.decoding import Decoder
from schemas.capture import POSTS, Exhibit, Response, comments_of
from schemas.digests import canonical
from schemas.errors import MalformedItemError

__all__ = [
    "AUTHOR_FEED",
    "LIST_RECORDS",
    "POSTS_BY_ID",
    "PROFILE_OF",
    "THREAD",
    "FeedItem",
    "Node",
    "Told",
    "exhibits",
    "feed_of",
    "hidden_in",
    "posts_of",
    "profile_id",
    "records_of",
    "thread_of",
]

AUTHOR_FEED: Final = "app.bsky.feed.getAuthorFeed"
THREAD: Final = "app.bsky.feed.getPostThread"
POSTS_BY_ID: Final = "app.bsky.feed.getPosts"
PROFILE_OF: Final = "app.bsky.actor.getProfile"
LIST_RECORDS: Final = "com.atproto.repo.listRecords"

_OK: Final = 200
_REPOST: Final = "#reasonRepost"
_NOTHING: Final = msgspec.Raw(b"")


class Told(msgspec.Struct, omit_defaults=True):
    """The part of ours: what the same answer says of the item beside its own bytes."""

    listing: str = ""
    hidden: bool = False
    found: bool = True
    account: str = ""


class _Gate(msgspec.Struct, rename="camel"):
    hidden_replies: list[str] = []


class _GateView(msgspec.Struct):
    record: _Gate | None = None


class _Root(msgspec.Struct):
    threadgate: _GateView | None = None


class _Reply(msgspec.Struct):
    root: _Root


class _Reason(msgspec.Struct):
    type: str = msgspec.field(name="$type", default="")


class FeedItem(msgspec.Struct):
    """One entry of an author feed: a post, and why it stands there if it is not the author's new post."""

    post: msgspec.Raw
    reply: msgspec.Raw = _NOTHING
    reason: _Reason | None = None

    @property
    def is_repost(self) -> bool:
        """Whether it stands here because somebody shared it: at the time of that, not its own."""
        return self.reason is not None and self.reason.type.endswith(_REPOST)

    @property
    def is_out_of_order(self) -> bool:
        """Whether its time says nothing of how far the page goes: shared, or pinned."""
        return self.reason is not None


class _Feed(msgspec.Struct):
    feed: list[FeedItem]
    cursor: str | None = None


class _Records(msgspec.Struct):
    records: list[msgspec.Raw]
    cursor: str | None = None


class _Posts(msgspec.Struct):
    posts: list[msgspec.Raw]


class Node(msgspec.Struct):
    """A node of a thread; without a `post` it says only that something is not shown."""

    post: msgspec.Raw = _NOTHING
    replies: list["Node"] | None = None

    @property
    def has_post(self) -> bool:
        """Whether it shows a post."""
        return bool(bytes(self.post))


class _Thread(msgspec.Struct):
    thread: Node
    threadgate: _GateView | None = None


class _Stub(msgspec.Struct):
    uri: str


class _Rooted(msgspec.Struct):
    uri: str
    threadgate: _GateView | None = None


_feed: Final = Decoder(_Feed)
_records: Final = Decoder(_Records)
_posts: Final = Decoder(_Posts)
_thread: Final = Decoder(_Thread)
_stub: Final = Decoder(_Stub)
_rooted: Final = Decoder(_Rooted)
_reply: Final = Decoder(_Reply)
_context: Final = Decoder(dict[str, str])
_hidden_list: Final = Decoder(list[str])


def profile_id(did: str) -> str:
    """Return the record_id of a profile."""
    return f"bluesky:profile:{did}"


def feed_of(body: bytes) -> tuple[list[FeedItem], str | None]:
    """Return a feed page's entries and the next cursor. Raises msgspec.DecodeError."""
    page = _feed.decode(body)
    return page.feed, page.cursor


def records_of(body: bytes) -> tuple[list[bytes], str | None]:
    """Return a page of a repository's records and the next cursor. Raises msgspec.DecodeError."""
    page = _records.decode(body)
    return [bytes(item) for item in page.records], page.cursor


def posts_of(body: bytes) -> dict[str, bytes]:
    """Return the views of an answer by id. Raises msgspec.DecodeError."""
    pieces = [bytes(item) for item in _posts.decode(body).posts]
    return {_stub.decode(piece).uri: piece for piece in pieces}


def thread_of(body: bytes) -> tuple[Node, frozenset[str]]:
    """Return a thread, and the replies that its author hid. Raises msgspec.DecodeError."""
    told = _thread.decode(body)
    return told.thread, _hidden(told.threadgate)


def hidden_in(views: Mapping[str, bytes]) -> frozenset[str]:
    """Return what the threadgates of these views hide."""
    found: set[str] = set()
    for view in views.values():
        if b'"threadgate"' in view:
            found |= _hidden(_rooted.decode(view).threadgate)
    return frozenset(found)


def exhibits(response: Response) -> Iterator[Exhibit]:
    """Cut a response into exhibits.

    Raises:
        MalformedItemError: The body is not what this endpoint gives.
    """
    maker = HeaderMaker(response)
    if response.endpoint == PROFILE_OF:
        (ref,) = response.asked
        yield maker.exhibit(ref.record_id, (response.body, b"{}"), (((0, len(response.body)),), ()))
        return
    if response.status != _OK:
        return
    cut = {
        AUTHOR_FEED: _from_feed,
        LIST_RECORDS: _from_records,
        POSTS_BY_ID: _from_posts,
        THREAD: _from_thread,
    }[response.endpoint]
    try:
        yield from cut(maker, response)
    except (msgspec.DecodeError, ValueError) as error:
        raise MalformedItemError("Bluesky's answer is not of the form that was asked for.") from error


def _from_feed(maker: HeaderMaker, response: Response) -> Iterator[Exhibit]:
    """Cut the account's own posts out of its feed; what others wrote (shared, answered) is left."""
    body, at = response.body, 0
    for entry in feed_of(body)[0]:
        piece = bytes(entry.post)
        start = body.index(piece, at)
        at = start + len(piece)
        hidden = False
        uri = _stub.decode(piece).uri
        above = bytes(entry.reply)
        if above:
            # An answered post may be an entry of this page too: what stands here is not that entry.
            place = body.find(above, at)
            at = at if place < 0 else place + len(above)
            if b'"threadgate"' in above:
                hidden = uri in _hidden(_reply.decode(above).root.threadgate)
        if not entry.is_repost:
            told = _encoded(Told(listing=POSTS, hidden=hidden))
            yield maker.exhibit(uri, (piece, told), (((start, start + len(piece)),), ()))


def _from_records(maker: HeaderMaker, response: Response) -> Iterator[Exhibit]:
    hidden = frozenset(_hidden_list.decode(response.context[0])) if response.context else frozenset()
    pieces = records_of(response.body)[0]
    for piece, span in zip(pieces, spans_of(response.body, pieces), strict=True):
        uri = _stub.decode(piece).uri
        told = _encoded(Told(listing=POSTS, hidden=uri in hidden))
        yield maker.exhibit(uri, (piece, told), ((span,), ()))


def _from_thread(maker: HeaderMaker, response: Response) -> Iterator[Exhibit]:
    """Cut every reply below the post that was asked for; context[0] names the thread's root."""
    body, at = response.body, 0
    listing = comments_of(response.context[0].decode())
    thread, hidden = thread_of(body)
    for piece in _below(thread):
        start = body.find(piece, at)
        start = body.index(piece) if start < 0 else start
        at = start + len(piece)
        uri = _stub.decode(piece).uri
        told = _encoded(Told(listing=listing, hidden=uri in hidden))
        yield maker.exhibit(uri, (piece, told), (((start, at),), ()))


def _below(top: Node) -> Iterator[bytes]:
    waiting = list(reversed(top.replies or ()))
    while waiting:
        node = waiting.pop()
        if node.has_post:
            yield bytes(node.post)
        waiting += reversed(node.replies or ())


def _from_posts(maker: HeaderMaker, response: Response) -> Iterator[Exhibit]:
    """Cut an answer by id: for an id that it lacks, what is left of it without the others' views.

    Roots were asked for beside replies, for their threadgates; they are no exhibits. Views that were not
    asked for by anybody's id (`asked` is empty) are those of a page just listed: all are exhibits.
    """
    body = response.body
    views = posts_of(body)
    places = dict(zip(views, spans_of(body, views.values()), strict=True))
    hidden = hidden_in(views)
    troubles = _context.decode(response.context[0]) if response.context else {}
    rest: list[Span] = segments_around((0, len(body)), places.values())
    alone = response.address.partition("?")[0]
    listed = [ref.record_id for ref in response.asked] or list(views)
    for uri in listed:
        address = f"{alone}?uris={quote(uri, safe='')}"
        if uri in views:
            told = _encoded(Told(hidden=uri in hidden))
            yield maker.exhibit(uri, (views[uri], told), ((places[uri],), ()), address=address)
        else:
            told = _encoded(Told(found=False, account=troubles.get(uri, "")))
            yield maker.exhibit(uri, (joined(body, rest), told), (rest, ()), address=address)


def _hidden(view: _GateView | None) -> frozenset[str]:
    return frozenset() if view is None or view.record is None else frozenset(view.record.hidden_replies)


def _encoded(told: Told) -> bytes:
    return canonical(told)
