"""Cutting X's answers into exhibits: pure, byte for byte.

A post's exhibit: its own object; then its author, media and polls; what it quotes or reposts, with that
author; and, where it answers a post that was edited, that post's chain of ids (ids only: what it answers
is a record of its own, which must be erasable alone). An entry of `errors` about an id that was asked for
is the exhibit of "not there".
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from connectors.cutting import HeaderMaker, Span, spans_of
from connectors.decoding import Decoder
from connectors.x.problems import problems_of
from connectors.x.wire import Head, Meta, Page, chain_of, references_of
from schemas.capture import Exhibit, RecordRef, Response
from schemas.errors import MalformedItemError

__all__ = [
    "ALL",
    "LOOKUP",
    "PROFILE_ENDPOINT",
    "RECENT_SEARCH",
    "TIMELINE",
    "Cut",
    "exhibits",
    "is_own_root",
    "opened",
    "record_id",
]

TIMELINE: Final = "/2/users/{id}/tweets"
LOOKUP: Final = "/2/tweets"
RECENT_SEARCH: Final = "/2/tweets/search/recent"
ALL: Final = "/2/tweets/search/all"
PROFILE_ENDPOINT: Final = "/2/users/{id}"

_META: Final = frozenset({"newest_id", "next_token", "oldest_id", "previous_token", "result_count"})
_OWNED: Final = frozenset({"quoted", "retweeted"})
_NONE: Final = Meta()
_Part = tuple[bytes, Span]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """An answer, opened: each item of `data` with as much of it as could be read (None: nothing)."""

    items: tuple[tuple[msgspec.Raw, Head | None], ...]
    data: msgspec.Raw
    includes: Mapping[str, tuple[msgspec.Raw, ...]]
    includes_at: msgspec.Raw
    errors: tuple[msgspec.Raw, ...]
    meta: Meta
    has_meta: bool
    strange: tuple[str, ...]  # fields of `meta` that we do not know


def record_id(head: Head) -> str:
    """Return the record that a post is a version of: the first id of its edit chain names it."""
    return f"x:{chain_of(head)[0]}"


def opened(body: bytes) -> Cut:
    """Open an answer.

    Raises:
        MalformedItemError: It is no JSON object, or its lists are no lists.
    """
    try:
        page = _PAGE.decode(body)
        data: tuple[msgspec.Raw, ...] = ()
        opening = bytes(memoryview(page.data)[:1])
        if opening == b"[":
            data = _LIST.decode(page.data)
        elif opening == b"{":
            data = (page.data,)
        included: dict[str, tuple[msgspec.Raw, ...]] = {}
        if len(page.includes):
            included = _INCLUDES.decode(page.includes)
        meta = _NONE
        strange: tuple[str, ...] = ()
        if len(page.meta):
            meta = _META_OF.decode(page.meta)
            strange = tuple(sorted(_FIELDS.decode(page.meta).keys() - _META))
    except msgspec.DecodeError as error:
        raise MalformedItemError("An answer of X is no JSON of the shape its API has.") from error
    return Cut(
        items=tuple((raw, _head(raw)) for raw in data),
        data=page.data,
        includes=included,
        includes_at=page.includes,
        errors=page.errors,
        meta=meta,
        has_meta=bool(len(page.meta)),
        strange=strange,
    )


def exhibits(response: Response, own_id: str | None) -> Iterator[Exhibit]:
    """Yield an exhibit for each record that a response speaks of.

    `own_id` is the account's id: its own post on top of a searched thread is the timeline's to show.

    Raises:
        MalformedItemError: The body cannot be cut at all.
    """
    body = response.body
    cut = opened(body)
    headers = _Headers(response)
    if response.endpoint == PROFILE_ENDPOINT:
        for raw, _ in cut.items:
            at = body.index(raw)
            name = f"x:profile:{_id_of(raw) or _digest(raw)}"
            yield headers.whole.exhibit(name, (bytes(raw),), [[(at, at + len(raw))]])
        return
    shared = _Shared(body, cut)
    start = body.index(cut.data) if cut.items else 0
    pieces = [bytes(raw) for raw, _ in cut.items]
    for (raw, head), own in zip(
        cut.items, zip(pieces, spans_of(body, pieces, start), strict=True), strict=True
    ):
        if head is None:
            name = _id_of(raw) or _digest(raw)
            yield headers.of_item(name, None).exhibit(f"x:{name}", (own[0],), [[own[1]]])
            continue
        if is_own_root(response.endpoint, head, own_id):
            continue
        parts = (own, *shared.used_by(head))
        maker = headers.of_item(head.id, head.conversation_id)
        yield maker.exhibit(record_id(head), [part for part, _ in parts], [[at] for _, at in parts])
    yield from _problems(response, cut, headers)


class _Shared:
    """The shared objects of an answer, by what names them."""

    def __init__(self, body: bytes, cut: Cut) -> None:
        self.users: dict[str, _Part] = {}
        self.media: dict[str, _Part] = {}
        self.polls: dict[str, _Part] = {}
        self.posts: dict[str, tuple[_Part, Head]] = {}
        if not cut.includes:
            return
        start = body.index(cut.includes_at)
        for name, raws in cut.includes.items():
            if not raws:
                continue
            for raw, span in zip(raws, spans_of(body, (bytes(raw) for raw in raws), start), strict=True):
                self._take(name, (bytes(raw), span))
                start = span[1]

    def _take(self, name: str, part: _Part) -> None:
        try:
            keys = _KEYS.decode(part[0])
        except msgspec.DecodeError:
            return
        match name:
            case "users" if keys.id is not None:
                self.users[keys.id] = part
            case "media" if keys.media_key is not None:
                self.media[keys.media_key] = part
            case "polls" if keys.id is not None:
                self.polls[keys.id] = part
            case "tweets" | "posts":
                head = _head(part[0])
                if head is not None:
                    self.posts[head.id] = (part, head)
            case _:
                return

    def used_by(self, head: Head) -> Iterator[_Part]:
        """Yield the shared objects that are part of one post, each once, in a fixed order."""
        authors = [head.author_id]
        if head.attachments is not None:
            yield from (self.media[key] for key in head.attachments.media_keys or () if key in self.media)
            yield from (self.polls[key] for key in head.attachments.poll_ids or () if key in self.polls)
        for reference in references_of(head):
            if reference.id not in self.posts:
                continue
            part, other = self.posts[reference.id]
            if reference.type in _OWNED:
                yield part
                authors.append(other.author_id)
            elif chain_of(other)[0] != reference.id:
                yield _chain_part(part, chain_of(other))
        for author in dict.fromkeys(authors):
            if author is not None and author in self.users:
                yield self.users[author]


class _Keys(msgspec.Struct):
    id: str | None = None
    media_key: str | None = None


class _Chain(msgspec.Struct):
    edit_history_tweet_ids: msgspec.Raw = msgspec.Raw(b"")
    edit_history_post_ids: msgspec.Raw = msgspec.Raw(b"")


_PAGE: Final = Decoder(Page)
_LIST: Final = Decoder(tuple[msgspec.Raw, ...])
_INCLUDES: Final = Decoder(dict[str, tuple[msgspec.Raw, ...]])
_META_OF: Final = Decoder(Meta)
_FIELDS: Final = Decoder(dict[str, msgspec.Raw])
_KEYS: Final = Decoder(_Keys)
_CHAIN: Final = Decoder(_Chain)
_HEAD: Final = Decoder(Head)
_ANY: Final = Decoder()


class _Headers:
    """Headers of a response's exhibits; of a list of ids or threads, each keeps its own only."""

    def __init__(self, response: Response) -> None:
        self._response = response
        self.whole = HeaderMaker(response)
        self._narrow: dict[str, HeaderMaker] = {}

    def of_item(self, native_id: str, conversation_id: str | None) -> HeaderMaker:
        if self._response.endpoint == LOOKUP:
            return self._narrowed("ids", native_id)
        if self._response.endpoint in (RECENT_SEARCH, ALL):
            asked = "" if conversation_id is None else f"conversation_id:{conversation_id}"
            return self._narrowed("query", asked)
        return self.whole

    def _narrowed(self, parameter: str, value: str) -> HeaderMaker:
        maker = self._narrow.get(value)
        if maker is None:
            parts = urlsplit(self._response.address)
            query = [
                (k, value if k == parameter else v) for k, v in parse_qsl(parts.query, keep_blank_values=True)
            ]
            address = urlunsplit(parts._replace(query=urlencode(query, safe=":,.[]")))
            maker = self._narrow[value] = HeaderMaker(replace(self._response, address=address))
        return maker


def _problems(response: Response, cut: Cut, headers: _Headers) -> Iterator[Exhibit]:
    asked: Mapping[str, RecordRef] = {ref.native_id: ref for ref in response.asked}
    if not asked or not cut.errors:
        return
    spans = spans_of(response.body, (bytes(raw) for raw in cut.errors), response.body.index(cut.errors[0]))
    for raw, span, problem in zip(cut.errors, spans, problems_of(cut.errors), strict=True):
        ref = asked.get(problem.resource_id or "") or asked.get(problem.value or "")
        if ref is not None:
            yield headers.of_item(ref.native_id, None).exhibit(ref.record_id, (bytes(raw),), [[span]])


def is_own_root(endpoint: str, head: Head, own_id: str | None) -> bool:
    """Whether a search gave the account's own post on top of a thread: the timeline shows that."""
    return (
        endpoint in (RECENT_SEARCH, ALL)
        and own_id is not None
        and head.author_id == own_id
        and head.conversation_id in chain_of(head)
    )


def _chain_part(post: _Part, chain: Sequence[str]) -> _Part:
    """Return the bytes of a post's list of edit ids alone."""
    raw, (start, _) = post
    found = _CHAIN.decode(raw)
    ids = found.edit_history_tweet_ids if len(found.edit_history_tweet_ids) else found.edit_history_post_ids
    if not len(ids) or not chain:
        return raw, post[1]
    at = raw.index(ids)
    return bytes(ids), (start + at, start + at + len(ids))


def _head(raw: bytes | msgspec.Raw) -> Head | None:
    try:
        return _HEAD.decode(raw)
    except msgspec.DecodeError:
        return None


def _id_of(raw: msgspec.Raw) -> str | None:
    """Return the id of an item that we cannot read further; a number counts too."""
    try:
        found = _ANY.decode(raw)
    except msgspec.DecodeError:
        return None
    value = found.get("id") if isinstance(found, dict) else None
    return str(value) if isinstance(value, str | int) else None


def _digest(raw: msgspec.Raw) -> str:
    return f"unread:{hashlib.sha256(raw).hexdigest()}"
