"""One record in full: its thread, all versions, how it stood when, its files, how it was captured."""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from muniment.ports import Archive
from muniment.services.kept import made_order
from schemas.arrow import RECORD_SERIES
from schemas.errors import BadInputError

__all__ = [
    "FileView",
    "RecordView",
    "StateView",
    "ThreadEntry",
    "VersionView",
    "changes",
    "not_held",
    "show",
]

_VERSION = [
    *("record_id", "native_id", "platform", "kind", "thread_id", "parent_id", "author_handle", "author_name"),
    *("author_role", "title", "text", "url", "created_at", "version_at", "filed_at", "captured_at"),
    *("version_id", "account", "capture_id", "commit_no"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionView:
    """One version: what it said, when it was made and when we took it."""

    version_id: bytes
    title: str | None
    text: str
    version_at: datetime | None
    captured_at: datetime
    capture_id: str
    endpoint: str
    commit_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StateView:
    """One observation: how the record stood, by which answer, in the platform's own word."""

    at: datetime
    account: str
    state: str
    answer: str
    shown: str
    version_id: bytes | None
    metrics: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A picture, a document, or where a short link led; or why it could not be had."""

    ref: str
    kind: str
    media_type: str | None
    sha256: bytes | None
    size_bytes: int | None
    why_not: str | None
    target: str | None
    fetched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadEntry:
    """A record of the same thread, in its newest version."""

    record_id: str
    parent_id: str | None
    depth: int
    author: str
    filed_at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """Everything that `muniment show` tells."""

    record_id: str
    platform: str
    kind: str
    author: str
    author_role: str
    url: str | None
    created_at: datetime | None
    account: str
    versions: tuple[VersionView, ...]
    states: tuple[StateView, ...]
    files: tuple[FileView, ...]
    thread: tuple[ThreadEntry, ...]


def not_held(council: str, record_id: str) -> BadInputError:
    """Return what is said of a record that is not there, and of one that this person may not see."""
    return BadInputError(
        f"Council {council} holds no record {record_id} that you may see.",
        remedy="`muniment search` shows record ids.",
    )


def show(
    record_id: str, *, council: str, archive: Archive, hidden: frozenset[str] = frozenset()
) -> RecordView:
    """Return a record in full; `hidden` ones are left out of its thread.

    Raises:
        BadInputError: The archive holds no such record.
    """
    rows = sorted(_rows(archive, RECORD_SERIES, [record_id], _VERSION), key=made_order)
    if not rows:
        raise not_held(council, record_id)
    observed = _rows(archive, ["observation"], [record_id], None)
    states = sorted(observed, key=lambda row: (row["commit_no"], row["at"]))
    files = _rows(archive, ["attachment"], [record_id], None)
    endpoints = _endpoints(archive, {row["capture_id"] for row in rows})
    newest = rows[-1]
    return RecordView(
        record_id=record_id,
        platform=newest["platform"],
        kind=newest["kind"],
        author=_author(newest),
        author_role=newest["author_role"],
        url=newest["url"],
        created_at=_utc(newest["created_at"]),
        account=newest["account"],
        versions=tuple(_version(row, endpoints) for row in rows),
        states=tuple(_state(row) for row in states),
        files=tuple(_file(row) for row in files),
        thread=tuple(_thread(archive, newest["thread_id"], hidden)),
    )


def changes(before: str, after: str) -> Iterator[tuple[str, str]]:
    """Yield the words of two texts with " " (kept), "-" (taken away) or "+" (put in)."""
    old, new = before.split(), after.split()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag == "equal":
            yield " ", " ".join(old[old_from:old_to])
            continue
        if old_to > old_from:
            yield "-", " ".join(old[old_from:old_to])
        if new_to > new_from:
            yield "+", " ".join(new[new_from:new_to])


def _rows(
    archive: Archive, series: Sequence[str], record_ids: Sequence[str], columns: list[str] | None
) -> list[dict[str, Any]]:
    scan = archive.scan(series=series, columns=columns, record_ids=record_ids)
    return [row for batch in scan for row in batch.to_pylist()]


def _endpoints(archive: Archive, capture_ids: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for batch in archive.scan(series=["capture"], columns=["capture_id", "endpoint"]):
        wanted = pa.array(sorted(capture_ids), batch.schema.field("capture_id").type)
        mask = pc.is_in(batch.column("capture_id"), value_set=wanted)
        for row in batch.filter(mask).to_pylist():
            found[row["capture_id"]] = row["endpoint"]
    return found


def _version(row: Mapping[str, Any], endpoints: Mapping[str, str]) -> VersionView:
    return VersionView(
        version_id=row["version_id"],
        title=row["title"],
        text=row["text"],
        version_at=_utc(row["version_at"]),
        captured_at=row["captured_at"].astimezone(UTC),
        capture_id=row["capture_id"],
        endpoint=endpoints.get(row["capture_id"], ""),
        commit_no=row["commit_no"],
    )


def _state(row: Mapping[str, Any]) -> StateView:
    return StateView(
        at=row["at"].astimezone(UTC),
        account=row["account"],
        state=row["state"],
        answer=row["answer"],
        shown=row["look_shown"],
        version_id=row["version_id"],
        metrics=json.loads(row["metrics"]),
    )


def _file(row: Mapping[str, Any]) -> FileView:
    return FileView(
        ref=row["ref"],
        kind=row["kind"],
        media_type=row["media_type"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        why_not=row["why_not"],
        target=row["target"],
        fetched_at=row["fetched_at"].astimezone(UTC),
    )


def _thread(archive: Archive, thread_id: str, hidden: frozenset[str]) -> Iterator[ThreadEntry]:
    """Yield the thread from its root down, each answer below what it answers, oldest first."""
    ids: set[str] = set()
    for batch in archive.scan(series=RECORD_SERIES, columns=["record_id", "thread_id"]):
        ids |= set(
            batch.filter(pc.equal(batch.column("thread_id"), thread_id)).column("record_id").to_pylist()
        )
    newest: dict[str, dict[str, Any]] = {}
    for row in sorted(_rows(archive, RECORD_SERIES, sorted(ids - hidden), _VERSION), key=made_order):
        newest[row["record_id"]] = row
    below: dict[str | None, list[dict[str, Any]]] = {}
    for row in newest.values():
        parent = row["parent_id"] if row["parent_id"] in newest else None
        below.setdefault(parent, []).append(row)
    waiting = [(row, 0) for row in sorted(below.get(None, ()), key=lambda row: row["filed_at"], reverse=True)]
    while waiting:
        row, depth = waiting.pop()
        yield ThreadEntry(
            record_id=row["record_id"],
            parent_id=row["parent_id"],
            depth=depth,
            author=_author(row),
            filed_at=row["filed_at"].astimezone(UTC),
            text=row["text"],
        )
        answers = sorted(below.get(row["record_id"], ()), key=lambda one: one["filed_at"], reverse=True)
        waiting += [(answer, depth + 1) for answer in answers if answer["record_id"] != row["record_id"]]


def _author(row: Mapping[str, Any]) -> str:
    return str(row["author_handle"] or row["author_name"] or "not disclosed")


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
