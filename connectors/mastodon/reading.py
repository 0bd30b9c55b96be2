"""Reading what was cut out of Mastodon's answers: exhibits into records. Pure, from kept bytes alone."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

from connectors.contract import Reading
from connectors.cutting import HeaderReader
from connectors.decoding import Decoder, instant
from connectors.html import links_in, plain
from connectors.looks import Asked, look_of
from connectors.mastodon.cutting import media_kind
from connectors.mastodon.wire import AROUND, HISTORY, PROFILE_OF, ROOT
from schemas.capture import PROFILE, Exhibit
from schemas.digests import DigestRule, Field
from schemas.errors import MalformedItemError
from schemas.observation import PUBLIC, Look
from schemas.record import CouncilRecord, MediaRef
from schemas.vocabulary import Answer, Kind

__all__ = ["DIGEST_RULES", "KNOWN", "KNOWN_OF_ACCOUNT", "KNOWN_OF_ENTRY", "orphans_of", "profile_id", "read"]

_BY_THE_WAY: Final = frozenset({AROUND, ROOT})
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
                Field(name="labels", paths=((0, "fields", "*", "name"),)),
                Field(name="fields", paths=((0, "fields", "*", "value"),)),
                Field(name="handle", paths=((0, "acct"),)),
            ),
        }
    }
)

KNOWN: Final = frozenset(
    {
        *("id", "created_at", "in_reply_to_id", "in_reply_to_account_id", "sensitive", "spoiler_text"),
        *("visibility", "language", "uri", "url", "replies_count", "reblogs_count", "favourites_count"),
        *("quotes_count", "edited_at", "favourited", "reblogged", "muted", "bookmarked", "pinned", "content"),
        *("filtered", "reblog", "application", "account", "media_attachments", "mentions", "tags", "emojis"),
        *("tagged_collections", "quote", "card", "poll", "quote_approval", "text"),
    }
)
KNOWN_OF_ENTRY: Final = frozenset(
    {
        *("content", "spoiler_text", "sensitive", "created_at", "account", "poll", "media_attachments"),
        *("emojis", "quote", "quote_approval"),
    }
)
KNOWN_OF_ACCOUNT: Final = frozenset(
    {
        *("id", "username", "acct", "display_name", "locked", "bot", "discoverable", "indexable", "group"),
        *("created_at", "note", "url", "uri", "avatar", "avatar_static", "avatar_description", "header"),
        *("header_static", "header_description", "followers_count", "following_count", "statuses_count"),
        *("last_status_at", "hide_collections", "show_media", "show_media_replies", "show_featured"),
        *("noindex", "feature_approval", "emojis", "roles", "fields", "moved", "memorial", "suspended"),
        *("limited",),
    }
)
_ODD: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class _Links(msgspec.Struct, omit_defaults=True):
    """The part of ours: thread and parent by uri, and the list that the status was seen in."""

    listing: str = ""
    thread: str | None = None
    parent: str | None = None


_links: Final = Decoder(_Links)
_header: Final = HeaderReader(Asked)
_any: Final = Decoder()


def profile_id(site: str, native_id: str) -> str:
    """Return the record_id of a profile; local ids repeat between servers."""
    return f"mastodon:profile:{site}/{native_id}"


def orphans_of(thread_id: str) -> str:
    """Return the list of a thread's answers that hang below a deleted one: none that the server pages.

    They stand, but no reading of the thread shows them any more, so its readings prove nothing of them.
    """
    return f"orphans:{thread_id}"


def read(exhibit: Exhibit) -> Reading:
    """Read one exhibit.

    Raises:
        MalformedItemError: An item that this reader does not understand.
    """
    asked = _header.facts(exhibit.header)
    if asked.status != _OK:
        answer = Answer.GONE if asked.status in _GONE else Answer.REFUSED
        return Reading(record=None, look=look_of(exhibit.record_id, asked, answer, str(asked.status)))
    try:
        item: dict[str, Any] = _any.decode(exhibit.parts[0])
        if asked.endpoint == PROFILE_OF:
            return _profile(exhibit, asked, item)
        links = _links.decode(exhibit.parts[1])
        if asked.endpoint == HISTORY:
            return _entry(exhibit, item, _any.decode(exhibit.parts[2]), links)
        if item["uri"] != exhibit.record_id:
            raise MalformedItemError("The server answered with another status than was asked for.")
        record = _record(exhibit.record_id, item, links)
        look = None if asked.endpoint in _BY_THE_WAY else _seen(exhibit, asked, item, links)
    except (*_ODD, msgspec.DecodeError) as error:
        raise MalformedItemError("A status has another shape than muniment knows.") from error
    leftover = _beyond(item, KNOWN) + _beyond(item["account"], KNOWN_OF_ACCOUNT, "account.")
    return Reading(record=record, look=look, shape="live", items=(item,), leftover=leftover)


def _seen(exhibit: Exhibit, asked: Asked, item: Mapping[str, Any], links: _Links) -> Look:
    metrics = _metrics(item)
    return look_of(
        exhibit.record_id, asked, Answer.SEEN, _shown(item), listing=links.listing, metrics=metrics
    )


def _record(record_id: str, item: Mapping[str, Any], links: _Links) -> CouncilRecord:
    account = item["account"]
    return CouncilRecord(
        record_id=record_id,
        native_id=item["id"],
        platform="mastodon",
        kind=Kind.COMMENT if _is_answer(record_id, item, links) else Kind.POST,
        thread_id=links.thread or record_id,
        parent_id=links.parent,
        author_id=account["id"],
        author_handle=account["acct"],
        author_name=account["display_name"] or None,
        title=item["spoiler_text"] or None,
        text=_text(item["content"]),
        language=item.get("language"),
        url=item.get("url"),
        created_at=_moment(item["created_at"]),
        version_at=None if item.get("edited_at") is None else _moment(item["edited_at"]),
        media=_media(item),
        links=_outward(item),
    )


def _is_answer(record_id: str, item: Mapping[str, Any], links: _Links) -> bool:
    """Tell an answer from a post. Where its parent was deleted, the parent's author still stands there."""
    if links.thread is not None:
        return links.thread != record_id
    return item["in_reply_to_id"] is not None or item.get("in_reply_to_account_id") is not None


def _entry(exhibit: Exhibit, entry: Mapping[str, Any], live: Mapping[str, Any], links: _Links) -> Reading:
    merged = {
        **live,
        "content": entry["content"],
        "spoiler_text": entry["spoiler_text"],
        "media_attachments": entry.get("media_attachments") or [],
        "edited_at": entry["created_at"],
    }
    record = _record(exhibit.record_id, merged, links)
    leftover = _beyond(entry, KNOWN_OF_ENTRY)
    return Reading(record=record, look=None, shape="history", items=(entry,), leftover=leftover)


def _profile(exhibit: Exhibit, asked: Asked, item: Mapping[str, Any]) -> Reading:
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
        text=_text(item["note"]),
        language=None,
        url=item.get("url"),
        created_at=_moment(item["created_at"]),
        version_at=None,
        media=(),
        links=(),
    )
    counts = {"followers": "followers_count", "following": "following_count", "posts": "statuses_count"}
    metrics = {name: int(item[key]) for name, key in counts.items() if item.get(key) is not None}
    look = look_of(exhibit.record_id, asked, Answer.SEEN, PUBLIC, listing=PROFILE, metrics=metrics)
    leftover = _beyond(item, KNOWN_OF_ACCOUNT, "account.")
    return Reading(record=record, look=look, shape="profile", items=(item,), leftover=leftover)


def _text(content: object) -> str:
    if not isinstance(content, str):
        raise TypeError("a text is no text")
    return plain(content)


def _beyond(item: Mapping[str, Any], known: frozenset[str], prefix: str = "") -> tuple[str, ...]:
    if item.keys() <= known:
        return ()
    return tuple(sorted(f"{prefix}{name}" for name in item.keys() - known))


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
        MediaRef(native_id=media["id"], kind=media_kind(media["type"]), alt_text=media.get("description"))
        for media in item["media_attachments"]
    )


def _outward(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the links of a text that lead out: a mention and a tag are links too, in Mastodon's markup."""
    inner = {one["url"] for one in (*item["mentions"], *item["tags"]) if one.get("url")}
    return tuple(link for link in links_in(item["content"], "") if link not in inner)


def _moment(text: str) -> datetime:
    return instant(text)
