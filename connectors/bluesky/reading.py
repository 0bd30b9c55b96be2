"""Reading Bluesky's answers: exhibits into records. Pure, from kept bytes alone.

A post is read from its view (feed, thread, by id), or from the record itself as its own server keeps it
(listRecords): the content stands in the same record value, so both give the same version. Beside the item
stands a small part of ours, taken from the same answer: the list it was seen in, whether the threadgate
hides it, and why its author's account is not served.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

from connectors.bluesky.cutting import LIST_RECORDS, POSTS_BY_ID, PROFILE_OF, Told
from connectors.contract import Reading
from connectors.cutting import HeaderReader
from connectors.decoding import Decoder, instant
from connectors.looks import Asked, look_of
from schemas.capture import PROFILE, Exhibit, MediaAddress
from schemas.digests import DigestRule, Field
from schemas.errors import MalformedItemError
from schemas.observation import PUBLIC
from schemas.record import CouncilRecord, MediaRef
from schemas.vocabulary import Answer, Kind

__all__ = ["DIGEST_RULES", "HIDDEN", "addresses_of", "read", "sane_moment"]

HIDDEN: Final = "hidden"
"""Bluesky's own word: `hiddenReplies` of a threadgate."""

_WEB: Final = "https://bsky.app/profile"
_OK: Final = 200


def _field(name: str, *paths: tuple[str, ...]) -> Field:
    """Return a field of the record value, which is `record` in a view and `value` at the account's server."""
    return Field(name=name, paths=tuple((0, key, *path) for path in paths for key in ("record", "value")))


_IMAGES: Final = (("embed", "images"), ("embed", "media", "images"))
_ITEMS: Final = (("embed", "items"), ("embed", "media", "items"))
_VIDEO: Final = (("embed",), ("embed", "media"))
_CARD: Final = (("embed", "external"), ("embed", "media", "external"))


def _below(places: tuple[tuple[str, ...], ...], *path: str) -> tuple[tuple[str, ...], ...]:
    return tuple((*place, *path) for place in places)


DIGEST_RULES: Final[Mapping[int, DigestRule]] = MappingProxyType(
    {
        1: {
            "live": (
                _field("text", ("text",)),
                _field("links", ("facets", "*", "features", "*", "uri")),
                _field("mentions", ("facets", "*", "features", "*", "did")),
                _field("tags", ("tags",)),
                _field("warnings", ("labels", "values", "*", "val")),
                _field("images", *_below(_IMAGES, "*", "image", "ref", "$link")),
                _field("older images", *_below(_IMAGES, "*", "image", "cid")),
                _field("described", *_below(_IMAGES, "*", "alt")),
                _field("gallery", *_below(_ITEMS, "*", "image", "ref", "$link")),
                _field("gallery described", *_below(_ITEMS, "*", "alt")),
                _field("video", *_below(_VIDEO, "video", "ref", "$link")),
                _field("video described", *_below(_VIDEO, "alt")),
                _field("card", *_below(_CARD, "uri")),
                _field("card title", *_below(_CARD, "title")),
                _field("card text", *_below(_CARD, "description")),
                _field("card image", *_below(_CARD, "thumb", "ref", "$link")),
                _field("quoted", ("embed", "record", "record", "uri"), ("embed", "record", "uri")),
            ),
            "profile": (
                Field(name="name", paths=((0, "displayName"),)),
                Field(name="text", paths=((0, "description"),)),
                Field(name="handle", paths=((0, "handle"),)),
                Field(name="website", paths=((0, "website"),)),
                Field(name="pronouns", paths=((0, "pronouns"),)),
            ),
        }
    }
)
"""Never the cid: it changes with fields that no reader sees. Languages, labels, counts are no content."""

_KNOWN: Final = frozenset(
    {
        *(
            "uri",
            "cid",
            "author",
            "record",
            "embed",
            "bookmarkCount",
            "replyCount",
            "repostCount",
            "likeCount",
        ),
        *("quoteCount", "indexedAt", "viewer", "labels", "threadgate", "debug", "value", "$type"),
    }
)
_KNOWN_OF_RECORD: Final = frozenset(
    {*("$type", "text", "createdAt", "langs", "facets", "embed", "reply", "labels", "tags", "entities")}
)
_METRICS: Final = (
    ("likes", "likeCount"),
    ("shares", "repostCount"),
    ("comments", "replyCount"),
    ("quotes", "quoteCount"),
    ("bookmarks", "bookmarkCount"),
)
_PROFILE_METRICS: Final = (
    ("followers", "followersCount"),
    ("following", "followsCount"),
    ("posts", "postsCount"),
)
_ODD: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2200


_header: Final = HeaderReader(Asked)
_told: Final = Decoder(Told)
_any: Final = Decoder()


def sane_moment(text: object) -> datetime | None:
    """Return a time as an author's client wrote it, or None: clients write anything, and servers let them."""
    if not isinstance(text, str):
        return None
    try:
        told = instant(text)
    except ValueError:
        return None
    return told if _FIRST_YEAR <= told.year <= _LAST_YEAR else None


def read(exhibit: Exhibit) -> Reading:
    """Read one exhibit.

    Raises:
        MalformedItemError: An item that this reader does not understand.
    """
    asked = _header.facts(exhibit.header)
    told = _told.decode(exhibit.parts[1])
    if asked.status != _OK or not told.found:
        return _not_there(exhibit, asked, told)
    try:
        item: dict[str, Any] = _any.decode(exhibit.parts[0])
        if asked.endpoint == PROFILE_OF:
            return _profile(exhibit, asked, item)
        value = item["value" if asked.endpoint == LIST_RECORDS else "record"]
        record = _record(exhibit.record_id, item, value)
        look = look_of(
            exhibit.record_id,
            asked,
            Answer.SEEN,
            HIDDEN if told.hidden else PUBLIC,
            listing=told.listing,
            metrics={name: int(item[key]) for name, key in _METRICS if item.get(key) is not None},
        )
    except (*_ODD, msgspec.DecodeError) as error:
        raise MalformedItemError("A post has another shape than muniment knows.") from error
    unknown = sorted(item.keys() - _KNOWN)
    unknown += sorted(f"record.{name}" for name in value.keys() - _KNOWN_OF_RECORD)
    return Reading(record=record, look=look, shape="live", items=(item,), leftover=tuple(unknown))


def addresses_of(exhibit: Exhibit, *, own: str | None, pds: str | None) -> Iterator[MediaAddress]:
    """Yield where the media of a post can be had.

    The account's own server gives each file as it was uploaded; the view gives pictures made from it.

    Args:
        exhibit: One post.
        own: The DID of the account whose server is known.
        pds: That server's address.
    """
    if b'"embed"' not in exhibit.parts[0] or not _told.decode(exhibit.parts[1]).found:
        return
    item = _any.decode(exhibit.parts[0])
    try:
        did = _did_of(exhibit.record_id)
        shown = _shown_urls(item.get("embed") or {})
        media = _media(item.get("record") or item.get("value") or {})
    except _ODD:
        return  # the reader files such an item as unread
    for ref in media:
        original = f"{pds}/xrpc/com.atproto.sync.getBlob?did={did}&cid={ref.native_id}"
        url = original if pds is not None and did == own else shown.get(ref.native_id)
        if url:
            yield MediaAddress(record_id=exhibit.record_id, ref=ref.native_id, kind=ref.kind, url=url)


def _not_there(exhibit: Exhibit, asked: Asked, told: Told) -> Reading:
    """Read an answer without the record: gone, unless its author's account is what is not served."""
    if asked.endpoint == POSTS_BY_ID and asked.status == _OK and not told.account:
        return Reading(record=None, look=look_of(exhibit.record_id, asked, Answer.GONE, "not-found"))
    word = told.account or str(asked.status)
    return Reading(record=None, look=look_of(exhibit.record_id, asked, Answer.REFUSED, word))


def _record(record_id: str, item: Mapping[str, Any], value: Mapping[str, Any]) -> CouncilRecord:
    author: Mapping[str, Any] = item.get("author") or {}
    reply: Mapping[str, Any] | None = value.get("reply")
    did = _did_of(record_id)
    text = value["text"]
    if not isinstance(text, str):
        raise TypeError("a text is text")
    return CouncilRecord(
        record_id=record_id,
        native_id=record_id,
        platform="bluesky",
        kind=Kind.POST if reply is None else Kind.COMMENT,
        thread_id=record_id if reply is None else reply["root"]["uri"],
        parent_id=None if reply is None else reply["parent"]["uri"],
        author_id=did,
        author_handle=author.get("handle"),
        author_name=author.get("displayName") or None,
        title=None,
        text=text,
        language=next(iter(value.get("langs") or ()), None),
        url=f"{_WEB}/{did}/post/{record_id.rpartition('/')[2]}",
        created_at=sane_moment(value.get("createdAt")),
        version_at=None,
        media=_media(value),
        links=tuple(dict.fromkeys(_links(value))),
    )


def _links(value: Mapping[str, Any]) -> Iterator[str]:
    """Yield the addresses that facets and the link card lead to: whole, where the text shows them cut."""
    for facet in value.get("facets") or ():
        for feature in facet["features"]:
            if "uri" in feature:
                yield feature["uri"]
    card = _embedded(value).get("external")
    if card:
        yield card["uri"]


def _embedded(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an embed's media: an embed of its own, or one beside a quoted post."""
    embed: Mapping[str, Any] = value.get("embed") or {}
    return embed.get("media") or embed


def _media(value: Mapping[str, Any]) -> tuple[MediaRef, ...]:
    embed = _embedded(value)
    found = [
        MediaRef(native_id=_cid(each["image"]), kind="image", alt_text=each.get("alt") or None)
        for each in (*(embed.get("images") or ()), *(embed.get("items") or ()))
    ]
    if embed.get("video"):
        found.append(
            MediaRef(native_id=_cid(embed["video"]), kind="video", alt_text=embed.get("alt") or None)
        )
    thumb = (embed.get("external") or {}).get("thumb")
    if thumb:
        found.append(MediaRef(native_id=_cid(thumb), kind="image", alt_text=None))
    return tuple(found)


def _cid(blob: Mapping[str, Any]) -> str:
    """Return a blob's name; the oldest records hold it without a `ref`."""
    return str(blob["ref"]["$link"]) if "ref" in blob else str(blob["cid"])


def _shown_urls(view: Mapping[str, Any]) -> dict[str, str]:
    """Return address by blob: a view's addresses end in the blob's cid, at most with a format behind it."""
    embed = view.get("media") or view
    urls = [each.get("fullsize") for each in (*(embed.get("images") or ()), *(embed.get("items") or ()))]
    urls.append((embed.get("external") or {}).get("thumb"))
    return {url.rpartition("/")[2].partition("@")[0].partition("?")[0]: url for url in urls if url}


def _profile(exhibit: Exhibit, asked: Asked, item: Mapping[str, Any]) -> Reading:
    record = CouncilRecord(
        record_id=exhibit.record_id,
        native_id=item["did"],
        platform="bluesky",
        kind=Kind.PROFILE,
        thread_id=exhibit.record_id,
        parent_id=None,
        author_id=item["did"],
        author_handle=item["handle"],
        author_name=item.get("displayName") or None,
        title=item.get("displayName") or None,
        text=item.get("description") or "",
        language=None,
        url=f"{_WEB}/{item['did']}",
        created_at=sane_moment(item.get("createdAt")),
        version_at=None,
        media=(),
        links=(item["website"],) if item.get("website") else (),
    )
    metrics = {name: int(item[key]) for name, key in _PROFILE_METRICS if item.get(key) is not None}
    look = look_of(exhibit.record_id, asked, Answer.SEEN, PUBLIC, listing=PROFILE, metrics=metrics)
    return Reading(record=record, look=look, shape="profile", items=(item,))


def _did_of(uri: str) -> str:
    """Return the DID in `at://did/collection/key`."""
    return uri.split("/", 3)[2]
