"""An index entry: one version of one record, and how each engine files it (data-model.md 9).

The mapping stands here once: `INTEGERS`, `KEYWORDS` and the two token streams are derived from an `Entry`
by `integers`, `keywords` and `tokens.streams`; an engine only writes them down. What is stored besides is
`version_id` and `record_id`, since an answer names both. Any change here needs a new MAPPING_VERSION.
"""

import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from muniment.search.tokens import GAP, fold
from schemas.london import LONDON

__all__ = [
    "INTEGERS",
    "KEYWORDS",
    "LOW_BITS",
    "MAPPING_VERSION",
    "SORTABLE_SECONDS",
    "Entry",
    "authors",
    "day_of",
    "entry_id",
    "fold_value",
    "indexed_text",
    "integers",
    "keywords",
    "record_key",
    "sort_key",
]

MAPPING_VERSION = 2

INTEGERS = ("id", "record_key", "ts", "day", "ym", "sk", "commit_no", "edited", "current", "multi")
"""Signed 64-bit fields. tantivy deletes nothing, silently, by a term of an unsigned one."""

KEYWORDS = ("platform", "account", "author", "author_role", "kind", "series", "class", "language", "state")
"""Fields of whole values, folded; account and author may hold several."""

_SLOT_SECONDS = 900
_EARLIEST, _LATEST = -62_135_000_000, 253_402_000_000  # the years 1 and 9999, a little inside
SORTABLE_SECONDS = 2**35 - 1  # sk must fit 63 bits: the year 3058
LOW_BITS = 28


class Entry(NamedTuple):
    """One version of a record as the index is to hold it.

    A tuple, not a dataclass, since a rebuild makes a million of them. `ts` is `filed_at` in UTC seconds;
    `accounts` are all council accounts that saw the record; `edited`, `state` and `multi` are facts of the
    record, alike on each of its versions; `current` marks the version that came with the latest look.
    `record_class` is the retention class, None where no schedule is loaded: nothing decides by it.
    `new_after`: the record has no row in this commit or before it, so an index that stands there, or further
    back, holds nothing of it that would have to be replaced; -1: it may.
    """

    version_id: bytes
    record_id: str
    platform: str
    accounts: tuple[str, ...]
    author_id: str | None
    author_handle: str | None
    author_role: str
    kind: str
    series: str
    language: str | None
    state: str
    edited: bool
    commit_no: int
    ts: int
    current: bool
    multi: bool
    text: str
    record_class: str | None = None
    new_after: int = -1


def entry_id(version_id: bytes) -> int:
    """Return the first 8 bytes of a version_id as a signed integer; `keep` refuses a collision."""
    return int.from_bytes(version_id[:8], "big", signed=True)


def record_key(record_id: str) -> int:
    """Return a signed 64-bit digest of a record_id: what distinct records are counted by.

    Two of a million records that have several versions share one with a chance of 1 in 10^7.
    """
    return int.from_bytes(
        hashlib.sha256(record_id.encode("utf-8", "replace")).digest()[:8], "big", signed=True
    )


def sort_key(ts: int, id_: int) -> int:
    """Return `seconds << 28 | low 28 bits of id`: time order, alike on both engines."""
    return max(-SORTABLE_SECONDS, min(ts, SORTABLE_SECONDS)) << LOW_BITS | id_ & (1 << LOW_BITS) - 1


def day_of(ts: int) -> int:
    """Return the Europe/London date of an instant as yyyymmdd: 23:30 UTC on 31 March is 1 April."""
    return _day_of_slot(max(_EARLIEST, min(ts, _LATEST)) // _SLOT_SECONDS)


@lru_cache(maxsize=65_536)
def _day_of_slot(slot: int) -> int:
    local = datetime.fromtimestamp(slot * _SLOT_SECONDS, UTC).astimezone(LONDON)
    return local.year * 10_000 + local.month * 100 + local.day


def indexed_text(title: str | None, text: str) -> str:
    """Return what is searched of a version; no phrase runs from the title into the text."""
    return f"{title} {GAP} {text}" if title else text


@lru_cache(maxsize=65_536)
def fold_value(value: str) -> str:
    """Return a field's value as it is compared: without case, accents, an @ before it, or double spaces."""
    readable = value.encode("utf-8", "replace").decode()  # a lone surrogate may be typed, but not indexed
    return " ".join(fold(readable).split()).removeprefix("@")


def integers(entry: Entry) -> tuple[int, ...]:
    """Return the values of INTEGERS, in order."""
    id_ = int.from_bytes(entry.version_id[:8], "big", signed=True)
    day = day_of(entry.ts)
    return (
        id_,
        record_key(entry.record_id),
        entry.ts,
        day,
        day // 100,
        sort_key(entry.ts, id_),
        entry.commit_no,
        int(entry.edited),
        int(entry.current),
        int(entry.multi),
    )


def authors(entry: Entry) -> tuple[str, ...]:
    """Return the names that an author is found by: handle and id."""
    return tuple([fold_value(name) for name in (entry.author_handle, entry.author_id) if name])


def keywords(entry: Entry) -> tuple[tuple[str, ...], ...]:
    """Return the values of KEYWORDS, in order; an unknown value is no value."""
    return (
        (fold_value(entry.platform),),
        tuple(map(fold_value, entry.accounts)),
        authors(entry),
        (entry.author_role,),
        (entry.kind,),
        (entry.series,),
        (fold_value(entry.record_class),) if entry.record_class else (),
        (fold_value(entry.language),) if entry.language else (),
        (entry.state,),
    )
