"""Cutting a feed into entries, byte for byte, and parsing one of them. Pure.

An entry is one item: `<item>` of RSS, `<entry>` of Atom. Beside its own bytes an exhibit holds the feed's
head, up to the end of the root's start tag, which has the encoding and the names that an entry uses; so
an entry is parsed alone, from what is kept. feedparser sees bytes only: it never fetches, and neither it
nor we render anything; its own cleaning of HTML is off, because what was sent is what counts.
"""

import calendar
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias

import feedparser

from connectors.cutting import Span
from schemas.errors import MalformedItemError

__all__ = ["Entry", "channel_of", "entries_of", "head_of", "moment_of", "next_page", "parsed"]

Json: TypeAlias = Any

_ROOT: Final = re.compile(rb"<((?:rss|feed|[\w-]+:RDF|RDF))\b[^>]*>")
_STEPS: Final = re.compile(
    rb"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<(/?)(item|entry)(?=[\s>/])[^>]*?(/?)>", re.DOTALL
)
_NEXT: Final = re.compile(rb"<(?:[\w-]+:)?link\b[^>]*\brel\s*=\s*[\"']next[\"'][^>]*>")
_HREF: Final = re.compile(rb"\bhref\s*=\s*[\"']([^\"']+)[\"']")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry: its bytes, and where they stand in the body."""

    raw: bytes
    span: Span


def head_of(body: bytes) -> bytes:
    """Return the body up to the end of its root's start tag.

    Raises:
        MalformedItemError: It is no feed.
    """
    found = _ROOT.search(body)
    if found is None:
        raise MalformedItemError("An answer is no feed.")
    return body[: found.end()]


def entries_of(body: bytes) -> Iterator[Entry]:
    """Yield the entries in the body's order.

    Raises:
        MalformedItemError: The body is no feed, or it breaks off within an entry.
    """
    start: int | None = None
    depth = 0
    for step in _STEPS.finditer(body, len(head_of(body))):
        closing, name, alone = step.group(1), step.group(2), step.group(3)
        if not name:
            continue
        if not closing and not depth:
            start = step.start()
        depth += 0 if alone else -1 if closing else 1
        if depth == 0 and start is not None:
            yield Entry(raw=body[start : step.end()], span=(start, step.end()))
            start = None
    if depth > 0:
        raise MalformedItemError("A feed breaks off in the middle of an entry.")


def channel_of(body: bytes) -> bytes:
    """Return what a feed says of itself: the body up to its first entry."""
    first = next(entries_of(body), None)
    closing = re.search(rb"</(?:channel|rss|feed|[\w-]+:RDF)\s*>", body)
    end = first.span[0] if first is not None else closing.start() if closing is not None else len(body)
    return body[:end]


def next_page(body: bytes) -> str | None:
    """Return the address of the next page, where a feed names one (RFC 5005)."""
    tag = _NEXT.search(channel_of(body))
    found = None if tag is None else _HREF.search(tag.group())
    return None if found is None else found.group(1).decode("utf-8", "replace").replace("&amp;", "&")


def moment_of(parts: Json) -> datetime:
    """Return a time as feedparser tells it: its parts, in UTC.

    Raises:
        ValueError: It lies beyond the calendar.
    """
    try:
        return datetime.fromtimestamp(calendar.timegm(tuple(parts)), UTC)
    except (OSError, OverflowError) as error:
        raise ValueError("a time beyond the calendar") from error


@lru_cache(maxsize=256)
def parsed(head: bytes, raw: bytes, content_type: str) -> Mapping[str, Json]:
    """Return an entry (or, where `raw` is no entry, the feed's own facts) as feedparser reads it.

    Raises:
        MalformedItemError: Nothing can be read from it.
    """
    found = _ROOT.search(head)
    root = b"rss" if found is None else found.group(1)
    inside = raw
    if root == b"rss":
        opening = b"" if raw.lstrip().startswith(b"<channel") else b"<channel>"
        inside = opening + raw + (b"" if b"</channel" in raw else b"</channel>")
    document = io.BytesIO(head + inside + b"</" + root + b">")
    headers = {"content-type": content_type} if content_type else {}
    try:
        told = feedparser.parse(
            document, response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
        facts = told.entries[0] if told.entries else told.feed
        # feedparser's dicts answer for keys that they do not have; plain ones do not.
        known: Mapping[str, Json] = json.loads(json.dumps(facts, default=list))
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        # A character that is none, such as &#xD800;, is all it takes.
        raise MalformedItemError("An entry of a feed cannot be read.") from error
    if not known:
        raise MalformedItemError("An entry of a feed has a shape that we do not know.")
    return known
