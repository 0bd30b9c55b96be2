"""Reading the exhibits of a feed: entries as posts, entries of comment feeds as comments. Pure."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import msgspec

from connectors.contract import Reading
from connectors.cutting import HeaderMaker
from connectors.decoding import Decoder, decoded
from connectors.feed.entries import channel_of, entries_of, head_of, moment_of, parsed
from connectors.headers import count_told
from connectors.html import files_in, links_in, plain
from connectors.looks import Asked, look_of
from schemas.capture import POSTS, PROFILE, Exhibit, MediaAddress, Response, comments_of
from schemas.digests import DigestRule, Field
from schemas.errors import MalformedItemError
from schemas.observation import PUBLIC, Look
from schemas.record import CouncilRecord, MediaRef
from schemas.vocabulary import Answer, Kind, Platform

__all__ = [
    "COMMENTS_FEED",
    "DIGEST_RULES",
    "ENTRIES",
    "MAP",
    "PROFILE_FEED",
    "Reader",
    "comments_told",
    "name_of",
]

Json: TypeAlias = Any

ENTRIES: Final = "feed"
COMMENTS_FEED: Final = "comments feed of {entry}"
PROFILE_FEED: Final = "feed, for what it says of itself"
MAP: Final = "feed, for where its comments are"
"""The endpoints. What a feed says by the way, asked for something else, is kept too, but is no look."""

DIGEST_RULES: Final[Mapping[int, DigestRule]] = MappingProxyType(
    {
        1: MappingProxyType(
            {
                "live": (
                    Field(name="title", paths=((0, "title"),), transform="visible-text-1"),
                    Field(name="text", paths=((0, "html"),), transform="visible-text-1"),
                    Field(name="references", paths=((0, "html"),), transform="references-1"),
                    Field(name="files", paths=((0, "files"),)),
                ),
                "comment": (
                    Field(name="text", paths=((0, "html"),), transform="visible-text-1"),
                    Field(name="references", paths=((0, "html"),), transform="references-1"),
                ),
                "profile": (
                    Field(name="title", paths=((0, "title"),), transform="visible-text-1"),
                    Field(name="description", paths=((0, "html"),), transform="visible-text-1"),
                ),
            }
        )
    }
)


class _Asked(Asked):
    headers: dict[str, str]


class _Header(msgspec.Struct):
    record_id: str
    response: _Asked


_HEADER: Final = Decoder(_Header)


class Reader:
    """Cuts and reads one feed's answers."""

    def __init__(self, platform: Platform, site: str) -> None:
        """Keep the feed's fixed name: it stands in every record id."""
        self._platform = platform
        self.site = site
        self._own_name = f"feed:profile:{site}"

    def record_id(self, guid: str) -> str:
        """Return the record id of an entry."""
        return f"feed:{self.site}:{guid}"

    def exhibits(self, response: Response) -> Iterator[Exhibit]:
        """Cut a response; see `Connector.exhibits`."""
        if response.status != HTTPStatus.OK:
            return
        make = HeaderMaker(response)
        head = head_of(response.body)
        top = [(0, len(head))]
        if response.endpoint == PROFILE_FEED:
            channel = channel_of(response.body)
            span = [(len(head), len(channel))]
            yield make.exhibit(self._own_name, (channel[len(head) :], head), (span, top))
        extra = response.context if response.endpoint == COMMENTS_FEED else ()
        for entry in entries_of(response.body):
            record_id = self._named(head, entry.raw, response.headers.get("content-type", ""))
            spans = ([entry.span], top, *([] for _ in extra))
            yield make.exhibit(record_id, (entry.raw, head, *extra), spans)

    def _named(self, head: bytes, raw: bytes, content_type: str) -> str:
        try:
            return self.record_id(name_of(parsed(head, raw, content_type)))
        except (MalformedItemError, KeyError):
            # No name of its own: known by its bytes until a better reader understands it.
            return f"feed:{self.site}:entry:{hashlib.sha256(raw).hexdigest()[:32]}"

    def read(self, exhibit: Exhibit) -> Reading:
        """Read an exhibit; see `Connector.read`."""
        header = _HEADER.decode(exhibit.header)
        asked = header.response
        raw, head, *extra = exhibit.parts
        told = parsed(head, raw, asked.headers.get("content-type", ""))
        try:
            if header.record_id == self._own_name:
                return self._profile(header, told)
            if asked.endpoint == COMMENTS_FEED:
                thread = str(decoded(extra[0], dict[str, str])["thread"])
                return self._comment(header, told, thread)
            reading = self._entry(header, told)
            return reading if asked.endpoint == ENTRIES else replace(reading, look=None)
        except (KeyError, TypeError, ValueError, IndexError, msgspec.MsgspecError) as error:
            raise MalformedItemError(
                "An entry of a feed has a shape that we do not know.",
                remedy="It is kept; update muniment and run `muniment reread`.",
            ) from error

    def _entry(self, header: _Header, told: Json) -> Reading:
        content, files = _content(told), tuple(_enclosed(told))
        record = self._record(
            header.record_id,
            told,
            kind=Kind.POST,
            thread_id=header.record_id,
            parent_id=None,
            author_id=self.site,
            title=plain(told.get("title") or "") or None,
            media=tuple(ref for ref, _ in (*files, *files_in(content, told.get("link", "")))),
        )
        total = comments_told(told)
        metrics = {} if total is None else {"comments": total}
        look = _seen(header, POSTS, metrics)
        item = {"title": told.get("title"), "html": content, "files": [ref.native_id for ref, _ in files]}
        return Reading(record=record, look=look, shape="live", items=(item,))

    def _comment(self, header: _Header, told: Json, thread_id: str) -> Reading:
        answered = (told.get("thr_in-reply-to") or {}).get("ref")
        record = self._record(
            header.record_id,
            told,
            kind=Kind.COMMENT,
            thread_id=thread_id,
            parent_id=self.record_id(answered) if answered else thread_id,
            author_id=None,
            title=None,
            media=(),
        )
        look = _seen(header, comments_of(thread_id))
        return Reading(record=record, look=look, shape="comment", items=({"html": _content(told)},))

    def _record(
        self,
        record_id: str,
        told: Json,
        *,
        kind: Kind,
        thread_id: str,
        parent_id: str | None,
        author_id: str | None,
        title: str | None,
        media: tuple[MediaRef, ...],
    ) -> CouncilRecord:
        content, link = _content(told), told.get("link")
        created_at, changed_at = _when(told, "published_parsed"), _when(told, "updated_parsed")
        later = changed_at is not None and (created_at is None or changed_at > created_at)
        return CouncilRecord(
            record_id=record_id,
            native_id=name_of(told),
            platform=self._platform,
            kind=kind,
            thread_id=thread_id,
            parent_id=parent_id,
            author_id=author_id,
            author_handle=None,
            author_name=told.get("author") or None,
            title=title,
            text=plain(content),
            language=_language(told),
            url=link,
            created_at=created_at,
            version_at=changed_at if later else None,
            media=tuple({ref.native_id: ref for ref in media}.values()),
            links=links_in(content, link or ""),
        )

    def _profile(self, header: _Header, told: Json) -> Reading:
        text = told.get("subtitle") or ""
        record = CouncilRecord(
            record_id=header.record_id,
            native_id=self.site,
            platform=self._platform,
            kind=Kind.PROFILE,
            thread_id=header.record_id,
            parent_id=None,
            author_id=self.site,
            author_handle=None,
            author_name=None,
            title=plain(told.get("title") or "") or None,
            text=plain(text),
            language=told.get("language"),
            url=told.get("link"),
            created_at=None,
            version_at=None,
            media=(),
            links=(),
        )
        item = {"title": told.get("title"), "html": text}
        return Reading(record=record, look=_seen(header, PROFILE), shape="profile", items=(item,))

    def told(self, exhibit: Exhibit) -> Json:
        """Return a kept entry as feedparser reads it.

        Raises:
            MalformedItemError: Nothing can be read from it.
        """
        raw, head, *_ = exhibit.parts
        content_type = _HEADER.decode(exhibit.header).response.headers.get("content-type", "")
        return parsed(head, raw, content_type)

    def addresses(self, response: Response) -> Iterator[MediaAddress]:
        """Yield where the files of a response's entries can be had; see `Connector.addresses`."""
        if response.endpoint != ENTRIES:
            return
        for exhibit in self.exhibits(response):
            raw, head, *_ = exhibit.parts
            try:
                told = parsed(head, raw, response.headers.get("content-type", ""))
            except MalformedItemError:
                continue
            for ref, url in (*_enclosed(told), *files_in(_content(told), told.get("link", ""))):
                yield MediaAddress(record_id=exhibit.record_id, ref=ref.native_id, kind=ref.kind, url=url)


def name_of(told: Json) -> str:
    """Return an entry's name for life: its guid or id, else its link.

    Raises:
        KeyError: It has neither.
    """
    name = told.get("id") or told["link"]
    if not isinstance(name, str) or not name or "\0" in name:
        raise KeyError("id")
    return name


def comments_told(told: Json) -> int | None:
    """Return how many comments an entry says it has, None where it does not say."""
    links: Sequence[Json] = told.get("links") or ()
    counts = (link.get("thr:count") for link in links if link.get("rel") == "replies")
    values = (told.get("slash_comments"), told.get("thr_total"), *counts)
    numbers = (count_told(value.strip()) for value in values if isinstance(value, str))
    return next((number for number in numbers if number is not None), None)


def _content(told: Json) -> str:
    contents = told.get("content") or ()
    return str(contents[0]["value"] if contents else told.get("summary") or "")


def _language(told: Json) -> str | None:
    details = [*(told.get("content") or ()), told.get("title_detail") or {}]
    return next((detail["language"] for detail in details if detail.get("language")), None)


def _enclosed(told: Json) -> Iterator[tuple[MediaRef, str]]:
    for link in told.get("links") or ():
        url = link.get("href") or ""
        if link.get("rel") == "enclosure" and url.startswith(("http://", "https://")):
            kind = str(link.get("type") or "").partition("/")[0]
            name = url.partition("://")[2].partition("?")[0]
            known = kind if kind in ("image", "video", "audio") else "document"
            yield MediaRef(native_id=name, kind=known, alt_text=None), url


def _when(told: Json, name: str) -> datetime | None:
    parts = told.get(name)
    return moment_of(parts) if parts else None


def _seen(header: _Header, listing: str, metrics: Mapping[str, int] | None = None) -> Look:
    return look_of(header.record_id, header.response, Answer.SEEN, PUBLIC, listing=listing, metrics=metrics)
