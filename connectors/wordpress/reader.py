"""Reading the exhibits of a WordPress site. Pure.

Text is what a reader without a sign-in gets: the visible text of `rendered`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import msgspec

from connectors.contract import Reading
from connectors.cutting import HeaderReader
from connectors.decoding import Decoder, instant
from connectors.html import files_in, links_in, plain
from connectors.looks import Asked, look_of
from connectors.wordpress.cutter import ROOT, Names, endpoint_of
from schemas.capture import POSTS, PROFILE, Exhibit, MediaAddress, comments_of
from schemas.digests import DigestRule, Field
from schemas.errors import MalformedItemError
from schemas.observation import PUBLIC
from schemas.record import CouncilRecord, MediaRef
from schemas.vocabulary import Answer, Kind, Platform

__all__ = ["DIGEST_RULES", "Reader"]

Json: TypeAlias = Any

_BODY: Final = (
    Field(name="text", paths=((0, "content", "rendered"),), transform="visible-text-1"),
    Field(name="references", paths=((0, "content", "rendered"),), transform="references-1"),
)
_TITLE: Final = Field(name="title", paths=((0, "title", "rendered"),), transform="visible-text-1")

DIGEST_RULES: Final[Mapping[int, DigestRule]] = MappingProxyType(
    {
        1: MappingProxyType(
            {
                "live": (_TITLE, *_BODY),
                "revision": (_TITLE, *_BODY),
                "comment": _BODY,
                "profile": (
                    Field(name="name", paths=((0, "name"),), transform="visible-text-1"),
                    Field(name="description", paths=((0, "description"),), transform="visible-text-1"),
                ),
            }
        )
    }
)
"""The lead picture is no part of a version: revisions do not tell which one a post had."""

_KNOWN: Final = frozenset(
    {
        *("id", "date", "date_gmt", "guid", "modified", "modified_gmt", "slug", "status", "type", "link"),
        *("title", "content", "excerpt", "author", "featured_media", "comment_status", "ping_status"),
        *("sticky", "template", "format", "meta", "categories", "tags", "parent", "menu_order", "password"),
        *("permalink_template", "generated_slug", "class_list", "_links", "_embedded", "lang"),
        *("post", "author_name", "author_email", "author_url", "author_ip", "author_user_agent"),
        *("author_avatar_urls", "name", "description", "url", "home", "namespaces", "site_icon_url"),
        # Of plug-ins so common that they are no news: Yoast, Jetpack, ACF.
        *("yoast_head", "yoast_head_json", "acf", "jetpack_featured_media_url", "jetpack_sharing_enabled"),
    }
)
_SHOWN: Final = {"publish": PUBLIC, "approved": PUBLIC, "hold": "held"}
_PROTECTED: Final = "protected"


_HEADER: Final = HeaderReader(Asked)
_ITEM: Final = Decoder(dict[str, Any])


class Reader:
    """Reads the exhibits of one site."""

    def __init__(self, platform: Platform, names: Names) -> None:
        """Keep how records are named."""
        self._platform = platform
        self._names = names

    def read(self, exhibit: Exhibit) -> Reading:
        """Read an exhibit; see `Connector.read`."""
        asked = _HEADER.facts(exhibit.header)
        collection, by_id, revisions = endpoint_of(asked.endpoint)
        if asked.status != HTTPStatus.OK:
            return self._absent(exhibit, asked)
        try:
            items = tuple(_ITEM.decode(part) for part in exhibit.parts)
            item = items[0]
            if asked.endpoint == ROOT:
                record = self._profile(exhibit.record_id, item)
                return self._reading(record, items, asked, shape="profile", listing=PROFILE, shown=PUBLIC)
            if revisions:
                record = self._posting(exhibit.record_id, items[1], item)
                return Reading(record=record, look=None, shape="revision", items=items)
            if collection == "comments":
                record = self._comment(exhibit.record_id, item)
                listing = "" if by_id else comments_of(record.thread_id)
                shown = _SHOWN.get(item["status"], item["status"])
                return self._reading(record, items, asked, shape="comment", listing=listing, shown=shown)
            record = self._posting(exhibit.record_id, item, item)
            shown = _SHOWN.get(item["status"], item["status"])
            if shown == PUBLIC and item["content"].get("protected"):
                shown = _PROTECTED
            listing = "" if by_id else POSTS
            return self._reading(record, items, asked, shape="live", listing=listing, shown=shown)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, msgspec.MsgspecError) as error:
            raise MalformedItemError(
                "An item of a WordPress site has a shape that we do not know.",
                remedy="It is kept; update muniment and run `muniment reread`.",
            ) from error

    def _reading(
        self,
        record: CouncilRecord,
        items: tuple[Json, ...],
        asked: Asked,
        *,
        shape: str,
        listing: str,
        shown: str,
    ) -> Reading:
        look = look_of(record.record_id, asked, Answer.SEEN, shown, listing=listing)
        leftover = tuple(sorted(items[0].keys() - _KNOWN))
        return Reading(record=record, look=look, shape=shape, items=items, leftover=leftover)

    def _absent(self, exhibit: Exhibit, asked: Asked) -> Reading:
        try:
            code = str(_ITEM.decode(exhibit.parts[0])["code"])
        except (msgspec.MsgspecError, KeyError) as error:
            raise MalformedItemError("A refusal of a WordPress site cannot be read.") from error
        answer = Answer.GONE if asked.status == HTTPStatus.NOT_FOUND else Answer.REFUSED
        return Reading(record=None, look=look_of(exhibit.record_id, asked, answer, code), shape="refusal")

    def _posting(self, record_id: str, live: Json, told: Json) -> CouncilRecord:
        """Return a post or page as the live object says, or (told) as a revision of it says."""
        content = _text(told["content"]["rendered"])
        created_at = _when(live["date_gmt"])
        version_at = _when(told["modified_gmt"])
        if told is live and version_at is not None and created_at is not None and version_at <= created_at:
            version_at = None
        writer = _embedded(live, "author")
        media = tuple(ref for ref, _ in self._files(live, content, lead=told is live))
        return CouncilRecord(
            record_id=record_id,
            native_id=str(live["id"]),
            platform=self._platform,
            kind=Kind.PAGE if live["type"] == "page" else Kind.POST,
            thread_id=record_id,
            parent_id=None,
            author_id=self._names.site,
            author_handle=writer.get("slug"),
            author_name=writer.get("name"),
            title=plain(_text(told["title"]["rendered"])) or None,
            text=plain(content),
            language=live.get("lang") if isinstance(live.get("lang"), str) else None,
            url=live["link"],
            created_at=created_at,
            version_at=version_at,
            media=media,
            links=links_in(content, live["link"]),
        )

    def _comment(self, record_id: str, item: Json) -> CouncilRecord:
        content = _text(item["content"]["rendered"])
        thread_id = self._names.post(_number(item["post"]))
        parent = _number(item["parent"])
        user = _number(item["author"])
        writer = _embedded(item, "author")
        # WordPress shows a user to others only when that user has published here: the site's own staff.
        own = user != 0 and writer.get("id") == user
        return CouncilRecord(
            record_id=record_id,
            native_id=str(item["id"]),
            platform=self._platform,
            kind=Kind.COMMENT,
            thread_id=thread_id,
            parent_id=self._names.comment(parent) if parent else thread_id,
            author_id=self._names.site if own else f"{self._names.site}:user:{user}" if user else None,
            author_handle=writer.get("slug"),
            author_name=plain(_text(item["author_name"])) or None,
            title=None,
            text=plain(content),
            language=None,
            url=item["link"],
            created_at=_when(item["date_gmt"]),
            version_at=None,
            media=(),
            links=links_in(content, item["link"]),
        )

    def _profile(self, record_id: str, item: Json) -> CouncilRecord:
        icon = item.get("site_icon_url")
        media = (MediaRef(native_id=icon.partition("://")[2], kind="image", alt_text=None),) if icon else ()
        return CouncilRecord(
            record_id=record_id,
            native_id=self._names.site,
            platform=self._platform,
            kind=Kind.PROFILE,
            thread_id=record_id,
            parent_id=None,
            author_id=self._names.site,
            author_handle=None,
            author_name=None,
            title=plain(_text(item["name"])) or None,
            text=plain(_text(item["description"])),
            language=None,
            url=item["home"],
            created_at=None,
            version_at=None,
            media=media,
            links=(),
        )

    def addresses(self, endpoint: str, exhibits: Iterable[Exhibit]) -> Iterator[MediaAddress]:
        """Yield where the files of a response's posts can be had; see `Connector.addresses`."""
        collection, _, revisions = endpoint_of(endpoint)
        if collection == "comments" or revisions:
            return
        for exhibit in exhibits:
            try:
                found = list(self._addresses(_ITEM.decode(exhibit.parts[0]), endpoint))
            except (KeyError, TypeError, ValueError, AttributeError, msgspec.MsgspecError):
                continue  # filed as unread, or no content at all
            for ref, url in found:
                yield MediaAddress(record_id=exhibit.record_id, ref=ref.native_id, kind=ref.kind, url=url)

    def _addresses(self, item: Json, endpoint: str) -> Iterator[tuple[MediaRef, str]]:
        if endpoint != ROOT:
            return self._files(item, _text(item["content"]["rendered"]), lead=True)
        icons = self._profile("", item).media
        return ((icon, item["site_icon_url"]) for icon in icons)

    def _files(self, item: Json, content: str, *, lead: bool) -> Iterator[tuple[MediaRef, str]]:
        picture = _embedded(item, "wp:featuredmedia") if lead else {}
        shown = picture.get("source_url")
        first = ""
        if isinstance(shown, str) and shown.startswith(("http://", "https://")):
            first = shown.partition("://")[2].partition("?")[0]
            yield MediaRef(native_id=first, kind="image", alt_text=picture.get("alt_text") or None), shown
        for ref, url in files_in(content, item["link"]):
            if ref.native_id != first:
                yield ref, url


def _embedded(item: Json, name: str) -> dict[str, Any]:
    found = (item.get("_embedded") or {}).get(name) or [{}]
    return found[0] if isinstance(found[0], dict) and "code" not in found[0] else {}


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError("text is not text")
    return value


def _number(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError("a number is no number")
    return int(value)


def _when(value: Json) -> datetime | None:
    """Return a `_gmt` time as an aware instant; None for a draft that has none."""
    if value is None or (isinstance(value, str) and value.startswith("0000")):
        return None
    return instant(_text(value))
