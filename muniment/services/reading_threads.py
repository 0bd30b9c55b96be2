"""A whole conversation around a record: as it stands now, or as it stood for us at the end of a day.

Every record is told in every version held by then, so an edit can be shown as a change, with the state that
the looks until then lead to. Deleted and hidden answers stand in their places.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.ports import Archive
from muniment.services.kept import made_order
from schemas.arrow import RECORD_SERIES
from schemas.errors import BadInputError
from schemas.london import london_day_starts
from schemas.vocabulary import State

__all__ = ["Said", "ThreadRecord", "read_thread"]

_COLUMNS: Final = [
    *("record_id", "thread_id", "parent_id", "kind", "platform", "author_handle", "author_name"),
    *("author_role", "title", "text", "version_at", "filed_at", "captured_at", "version_id", "commit_no"),
]
_LOOKS: Final = ["record_id", "at", "state", "shown", "version_id", "commit_no"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One version: what it said, and since when: by the platform's word, else when we first had it."""

    version_id: bytes
    title: str | None
    text: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRecord:
    """One record of a conversation; `versions` from the first to the one that stood."""

    record_id: str
    parent_id: str | None
    depth: int
    kind: str
    author: str
    author_role: str
    filed_at: datetime
    state: str
    word: str
    versions: tuple[Said, ...]


def read_thread(
    archive: Archive, record_id: str, *, as_of: date | None = None, hidden: frozenset[str] = frozenset()
) -> tuple[ThreadRecord, ...]:
    """Return the record's conversation from its root down, each answer below what it answers, oldest first.

    Args:
        archive: Where it is held.
        record_id: Any record of the conversation.
        as_of: What we held of it at the end of this London day; None: now.
        hidden: Records that are being destroyed, or that the reader may not see: they are not told.

    Raises:
        BadInputError: The archive holds no such record, or none by that day.
    """
    named = _rows(archive, RECORD_SERIES, ["record_id", "thread_id"], [record_id])
    if not named or record_id in hidden:
        raise BadInputError(
            f"The archive holds no record {record_id} that you may see.",
            remedy="`muniment search` shows record ids.",
        )
    ids = sorted(_ids_of(archive, named[-1]["thread_id"]) - hidden)
    end = None if as_of is None else _end_of(as_of)
    versions: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(archive, RECORD_SERIES, _COLUMNS, ids):
        if end is None or row["captured_at"] < end:
            versions.setdefault(row["record_id"], []).append(row)
    looks: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(archive, ["observation"], _LOOKS, ids):
        if end is None or row["at"] < end:
            looks.setdefault(row["record_id"], []).append(row)
    if record_id not in versions:
        raise BadInputError(
            f"Record {record_id} was not held yet at the end of {as_of}.", remedy="Choose a later day."
        )
    return tuple(_from_the_root(versions, looks))


def _from_the_root(
    versions: Mapping[str, Sequence[dict[str, Any]]], looks: Mapping[str, Sequence[dict[str, Any]]]
) -> Iterator[ThreadRecord]:
    first = {record_id: min(rows, key=made_order) for record_id, rows in versions.items()}
    below: dict[str | None, list[dict[str, Any]]] = {}
    for row in first.values():
        parent = row["parent_id"] if row["parent_id"] in first else None
        below.setdefault(parent, []).append(row)
    # Those under no root come last: a platform may name as parents records that answer each other.
    roots = [*_latest_first(first.values()), *_latest_first(below.get(None, ()))]
    waiting = [(row, 0) for row in roots]
    told: set[str] = set()
    while waiting:
        row, depth = waiting.pop()
        record_id = row["record_id"]
        if record_id in told:
            continue
        told.add(record_id)
        yield _record(depth, versions[record_id], looks.get(record_id, ()))
        waiting += [(answer, depth + 1) for answer in _latest_first(below.get(record_id, ()))]


def _record(depth: int, rows: Sequence[dict[str, Any]], looks: Sequence[dict[str, Any]]) -> ThreadRecord:
    by_time = sorted(looks, key=lambda look: (look["at"], look["commit_no"]))
    seen = [look["version_id"] for look in by_time if look["version_id"] is not None]
    distinct = {row["version_id"]: row for row in sorted(rows, key=made_order, reverse=True)}
    ordered = sorted(distinct.values(), key=made_order)
    if seen and seen[-1] in distinct:
        # A post that was put back to an earlier wording ends with that wording.
        ordered = [row for row in ordered if row["version_id"] != seen[-1]] + [distinct[seen[-1]]]
    last = ordered[-1]
    return ThreadRecord(
        record_id=last["record_id"],
        parent_id=last["parent_id"],
        depth=depth,
        kind=last["kind"],
        author=str(last["author_handle"] or last["author_name"] or "not disclosed"),
        author_role=last["author_role"],
        filed_at=last["filed_at"].astimezone(UTC),
        state=by_time[-1]["state"] if by_time else State.LIVE.value,
        word=(by_time[-1]["shown"] or "") if by_time else "",
        versions=tuple(
            Said(
                version_id=row["version_id"],
                title=row["title"],
                text=row["text"],
                since=(row["version_at"] or row["captured_at"]).astimezone(UTC),
            )
            for row in ordered
        ),
    )


def _ids_of(archive: Archive, thread_id: str) -> set[str]:
    ids: set[str] = set()
    for batch in archive.scan(series=RECORD_SERIES, columns=["record_id", "thread_id"]):
        ids.update(batch.filter(pc.equal(batch["thread_id"], pa.scalar(thread_id)))["record_id"].to_pylist())
    return ids


def _rows(
    archive: Archive, series: Sequence[str], columns: Sequence[str], record_ids: Sequence[str]
) -> list[dict[str, Any]]:
    scan = archive.scan(series=series, columns=columns, record_ids=record_ids)
    return [row for batch in scan for row in batch.to_pylist()]


def _latest_first(rows: Any) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["filed_at"], row["record_id"]), reverse=True)


def _end_of(day: date) -> datetime:
    return london_day_starts(day + timedelta(days=1))
