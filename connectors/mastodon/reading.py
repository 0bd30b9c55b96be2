"""Reading Mastodon's answers: cut into exhibits, exhibits into records. Pure, from kept bytes alone.

A status is an item of its own. Beside it stands a small part of ours, taken from the same answer, that
names thread and parent by their lasting uris, since a status names its parent by a local id only. An
entry of an edit history has no id: it is read with the live status as context.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

from connectors.contract import Reading
from connectors.cutting import HeaderMaker, Span, spans_of
from connectors.html import links_in, plain
from schemas.capture import POSTS, PROFILE, Exhibit, MediaAddress, Response, comments_of
from schemas.digests import DigestRule, Field, canonical
from schemas.errors import MalformedItemError
from schemas.observation import PUBLIC, Look
from schemas.record import CouncilRecord, MediaRef
from schemas.vocabulary import Answer, Kind

__all__ = [
    "CONTEXT",
    "DIGEST_RULES",
    "HISTORY",
    "PROFILE_OF",
    "STATUS",
    "STATUSES",
    "addresses",
    "exhibits",
    "profile_id",
    "read",
]

STATUSES: Final = "/api/v1/accounts/{id}/statuses"
PROFILE_OF: Final = "/api/v1/accounts/{id}"
CONTEXT: Final = "/api/v1/statuses/{id}/context"
STATUS: Final = "/api/v1/statuses/{id}"
HISTORY: Final = "/api/v1/statuses/{id}/history"

_GONE: Final = frozenset({404, 410})
_OK: Final = 200


def _content(part: int) -> tuple[Field, ...]:
    """Return the content fields: what an author may change. Counts, cards and mark-up are none."""
    return (
        Field(name="text", paths=((part, "content"),), transform="visible-text-1"),
        Field(name="warning", paths=((part, "spoiler_text"),)),
        Field(name="sensitive", paths=((part, "sensitive"),)),
        Field(name="media", paths=((part, "media_attachments", "*", "id"),)),
        Field(name="described", paths=((part, "media_attachments", "*", "description"),)),
        Field(name="poll", paths=((part, "poll", "options", "*", "title"),)),
    )


DIGEST_RULES: Final[Mapping[int, DigestRule]] = MappingProxyType(
    {
        1: {
            "live": _content(0),
            "history": _content(0),
            "profile": (
                Field(name="name", paths=((0, "display_name"),)),
                Field(name="text", paths=((0, "note"),), transform="visible-text-1"),
                Field(name="fields", paths=((0, "fields", "*", "value"),)),
                Field(name="handle", paths=((0, "acct"),)),
            ),
        }
    }
)

_KNOWN: Final = frozenset(
    {
        *("id", "created_at", "in_reply_to_id", "in_reply_to_account_id", "sensitive", "spoiler_text"),
        *("visibility", "language", "uri", "url", "replies_count", "reblogs_count", "favourites_count"),
        *("quotes_count", "edited_at", "favourited", "reblogged", "muted", "bookmarked", "pinned", "content"),
        *("filtered", "reblog", "application", "account", "media_attachments", "mentions", "tags", "emojis"),
        *("tagged_collections", "quote", "card", "poll", "quote_approval", "text"),
    }
)
_KNOWN_OF_ENTRY: Final = frozenset(
    {
        *("content", "spoiler_text", "sensitive", "created_at", "account", "poll", "media_attachments"),
        *("emojis", "quote", "quote_approval"),
    }
)
_ODD: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class _Stub(msgspec.Struct):
    """The least that names a status."""

    id: str
    uri: str
    in_reply_to_id: str | None = None
    visibility: str = "public"


class _Tree(msgspec.Struct):
    ancestors: list[msgspec.Raw] = []
    descendants: list[msgspec.Raw] = []


class _Links(msgspec.Struct, omit_defaults=True):
    """The part of ours: thread and parent by uri, and the list that the status was seen in."""

    listing: str = ""
    thread: str | None = None
    parent: str | None = None


class _Asked(msgspec.Struct):
    endpoint: str
    fetched_at: datetime
    capture_id: str
    walk_id: str
    status: int


class _Header(msgspec.Struct):
    record_id: str
    response: _Asked


_raw_list: Final = msgspec.json.Decoder(list[msgspec.Raw])
_tree: Final = msgspec.json.Decoder(_Tree)
_stub: Final = msgspec.json.Decoder(_Stub)
_links: Final = msgspec.json.Decoder(_Links)
_header: Final = msgspec.json.Decoder(_Header)
_any: Final = msgspec.json.Decoder()


def profile_id(site: str, native_id: str) -> str:
    """Return the record_id of a profile; local ids repeat between servers."""
    return f"mastodon:profile:{site}/{native_id}"


def exhibits(response: Response) -> Iterator[Exhibit]:
    """Cut a response into exhibits.

    Raises:
        MalformedItemError: The body is not what this endpoint gives.
    """
    maker = HeaderMaker(response)
    body = response.body
    whole: tuple[Span, ...] = ((0, len(body)),)
    if response.endpoint in (STATUS, PROFILE_OF):
        (ref,) = response.asked
        links = b"{}" if not response.context else response.context[0]
        yield maker.exhibit(ref.record_id, (body, links), (whole, ()))
        return
    if response.status != _OK:
        return
    try:
        if response.endpoint == HISTORY:
            yield from _entries(maker, response)
        elif response.endpoint == CONTEXT:
            yield from _descendants(maker, response)
        else:
            yield from _own(maker, response)
    except msgspec.DecodeError as error:
        raise MalformedItemError("Mastodon's answer is not of the form that was asked for.") from error


def _own(maker: HeaderMaker, response: Response) -> Iterator[Exhibit]:
    """Cut a page of an account's statuses; where an answer's parent was looked up, the context tells it."""
    told: Mapping[str, Mapping[str, str]] = _any.decode(response.context[0]) if response.context else {}
    items = _raw_list.decode(response.body)
    pieces = [bytes(item) for item in items]
    for piece, span in zip(pieces, spans_of(response.body, pieces), strict=True):
        stub = _stub.decode(piece)
        if stub.visibility != "direct":
            links = canonical({"listing": POSTS, **told.get(stub.id, {})})
            yield maker.exhibit(stub.uri, (piece, links), ((span,), ()))


def _descendants(maker: HeaderMaker, response: Response) -> Iterator[Exhibit]:
    """Cut a thread: context[0] names the status asked for and the thread's root."""
    asked: Mapping[str, str] = _any.decode(response.context[0])
    pieces = [bytes(item) for item in _tree.decode(response.body).descendants]
    stubs = [_stub.decode(piece) for piece in pieces]
    uris = {stub.id: stub.uri for stub in stubs} | {asked["id"]: asked["uri"]}
    for piece, stub, span in zip(pieces, stubs, spans_of(response.body, pieces), strict=True):
        if stub.visibility == "direct":
            continue
        parent = uris.get(stub.in_reply_to_id or "")
        told = {"listing": comments_of(asked["thread"]), "thread": asked["thread"], "parent": parent}
        yield maker.exhibit(stub.uri, (piece, canonical(told)), ((span,), ()))


def _entries(maker: HeaderMaker, response: Response) -> Iterator[Exhibit]:
    live, links = response.context
    uri = _stub.decode(live).uri
    pieces = [bytes(item) for item in _raw_list.decode(response.body)]
    for piece, span in zip(pieces, spans_of(response.body, pieces), strict=True):
        yield maker.exhibit(uri, (piece, links, live), ((span,), (), ()))


def read(exhibit: Exhibit) -> Reading:
    """Read one exhibit.

    Raises:
        MalformedItemError: An item that this reader does not understand.
    """
    asked = _header.decode(exhibit.header).response
    if asked.status != _OK:
        answer = Answer.GONE if asked.status in _GONE else Answer.REFUSED
        return Reading(record=None, look=_look(exhibit, asked, answer, str(asked.status)))
    try:
        item: dict[str, Any] = _any.decode(exhibit.parts[0])
        if asked.endpoint == PROFILE_OF:
            return _profile(exhibit, asked, item)
        links = _links.decode(exhibit.parts[1])
        if asked.endpoint == HISTORY:
            return _entry(exhibit, item, _any.decode(exhibit.parts[2]), links)
        record = _record(exhibit.record_id, item, links)
        look = _look(exhibit, asked, Answer.SEEN, _shown(item), listing=links.listing, metrics=_metrics(item))
    except (*_ODD, msgspec.DecodeError) as error:
        raise MalformedItemError("A status has another shape than muniment knows.") from error
    leftover = tuple(sorted(item.keys() - _KNOWN))
    return Reading(record=record, look=look, shape="live", items=(item,), leftover=leftover)


def addresses(response: Response) -> Iterator[MediaAddress]:
    """Yield where the media of a response's statuses can be had."""
    for exhibit in exhibits(response):
        if response.endpoint in (HISTORY, PROFILE_OF) or response.status != _OK:
            continue
        if b'"media_attachments":[]' in exhibit.parts[0]:
            continue
        item = _any.decode(exhibit.parts[0])
        for media in item.get("media_attachments") or ():
            url = media.get("url") or media.get("remote_url")
            if url:
                yield MediaAddress(
                    record_id=exhibit.record_id, ref=media["id"], kind=_media_kind(media), url=url
                )


def _record(record_id: str, item: Mapping[str, Any], links: _Links) -> CouncilRecord:
    account = item["account"]
    return CouncilRecord(
        record_id=record_id,
        native_id=item["id"],
        platform="mastodon",
        kind=Kind.COMMENT
        if (links.thread or record_id) != record_id or item["in_reply_to_id"]
        else Kind.POST,
        thread_id=links.thread or record_id,
        parent_id=links.parent,
        author_id=account["id"],
        author_handle=account["acct"],
        author_name=account["display_name"] or None,
        title=item["spoiler_text"] or None,
        text=plain(item["content"]),
        language=item.get("language"),
        url=item.get("url"),
        created_at=_moment(item["created_at"]),
        version_at=None if item.get("edited_at") is None else _moment(item["edited_at"]),
        media=_media(item),
        links=_outward(item),
    )


def _entry(exhibit: Exhibit, entry: Mapping[str, Any], live: Mapping[str, Any], links: _Links) -> Reading:
    merged = {
        **live,
        "content": entry["content"],
        "spoiler_text": entry["spoiler_text"],
        "media_attachments": entry.get("media_attachments") or [],
        "edited_at": entry["created_at"],
    }
    record = _record(exhibit.record_id, merged, links)
    leftover = tuple(sorted(entry.keys() - _KNOWN_OF_ENTRY))
    return Reading(record=record, look=None, shape="history", items=(entry,), leftover=leftover)


def _profile(exhibit: Exhibit, asked: _Asked, item: Mapping[str, Any]) -> Reading:
    record = CouncilRecord(
        record_id=exhibit.record_id,
        native_id=item["id"],
        platform="mastodon",
        kind=Kind.PROFILE,
        thread_id=exhibit.record_id,
        parent_id=None,
        author_id=item["id"],
        author_handle=item["acct"],
        author_name=item["display_name"] or None,
        title=item["display_name"] or None,
        text=plain(item["note"]),
        language=None,
        url=item.get("url"),
        created_at=_moment(item["created_at"]),
        version_at=None,
        media=(),
        links=(),
    )
    counts = {"followers": "followers_count", "following": "following_count", "posts": "statuses_count"}
    metrics = {name: int(item[key]) for name, key in counts.items() if item.get(key) is not None}
    look = _look(exhibit, asked, Answer.SEEN, PUBLIC, listing=PROFILE, metrics=metrics)
    return Reading(record=record, look=look, shape="profile", items=(item,))


def _look(
    exhibit: Exhibit,
    asked: _Asked,
    answer: Answer,
    shown: str,
    *,
    listing: str = "",
    metrics: Mapping[str, int] = MappingProxyType({}),
) -> Look:
    return Look(
        record_id=exhibit.record_id,
        at=asked.fetched_at,
        answer=answer,
        capture_id=asked.capture_id,
        walk_id=asked.walk_id,
        shown=shown,
        listing=listing,
        metrics=metrics,
    )


def _shown(item: Mapping[str, Any]) -> str:
    return PUBLIC if item["visibility"] in ("public", "unlisted") else str(item["visibility"])


def _metrics(item: Mapping[str, Any]) -> dict[str, int]:
    counts = {
        "likes": "favourites_count",
        "shares": "reblogs_count",
        "comments": "replies_count",
        "quotes": "quotes_count",
    }
    return {name: int(item[key]) for name, key in counts.items() if item.get(key) is not None}


def _media(item: Mapping[str, Any]) -> tuple[MediaRef, ...]:
    return tuple(
        MediaRef(native_id=media["id"], kind=_media_kind(media), alt_text=media.get("description"))
        for media in item["media_attachments"]
    )


def _media_kind(media: Mapping[str, Any]) -> str:
    return {"gifv": "video", "unknown": "document"}.get(media["type"], str(media["type"]))


def _outward(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the links of a text that lead out: a mention and a tag are links too, in Mastodon's markup."""
    inner = {one["url"] for one in (*item["mentions"], *item["tags"]) if one.get("url")}
    return tuple(link for link in links_in(item["content"], "") if link not in inner)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
