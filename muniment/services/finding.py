"""Reads from the archive what hits say, and how they stood at the commit they were found at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from muniment.ports import Archive
from muniment.search.answer import Hit
from muniment.search.entry import Entry
from muniment.search.highlight import Piece, highlight
from muniment.search.tree import Node
from muniment.services.indexing import ENTRY_COLUMNS, OBSERVATION_COLUMNS, entries_of
from schemas.arrow import RECORD_SERIES, TABLE
from schemas.errors import IntegrityError
from schemas.london import london_date

__all__ = ["FoundVersion", "found_versions"]

_EXTRA_COLUMNS: Final = ("author_name", "url", "captured_at", "thread_id", "capture_id")
_SAID: Final = ("title", "text", "filed_at", *_EXTRA_COLUMNS)
_AT_ONCE: Final = 1_000
"""Hits that are made objects of Python at a time: they take ten times the memory of rows in Arrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundVersion:
    """A version that matches, as it stood at the commit asked; `title` and `text` in marked pieces."""

    entry: Entry
    author_name: str | None
    url: str | None
    thread_id: str
    capture_id: str
    filed_at: datetime
    captured_at: datetime
    title: tuple[Piece, ...]
    text: tuple[Piece, ...]

    @property
    def dated(self) -> date:
        """The Europe/London date that searches go by."""
        return london_date(self.filed_at)


def found_versions(
    archive: Archive, hits: Sequence[Hit], *, upto: int, tree: Node | None = None
) -> Iterator[FoundVersion]:
    """Yield the hits in order, each as at commit `upto`; without a tree nothing is marked.

    Raises:
        IntegrityError: A hit names a version that the archive does not hold.
    """
    if not hits:
        return
    record_ids = sorted({hit.record_id for hit in hits})
    rows = _read(archive, RECORD_SERIES, [*ENTRY_COLUMNS, *_EXTRA_COLUMNS], record_ids, upto)
    observations = _read(archive, ["observation"], OBSERVATION_COLUMNS, record_ids, upto)
    for start in range(0, len(hits), _AT_ONCE):
        some = hits[start : start + _AT_ONCE]
        ids = pa.array({hit.record_id for hit in some}, pa.string())
        yield from _found(some, _of(rows, ids), _of(observations, ids), tree)


def _found(
    hits: Sequence[Hit], rows: pa.Table, observations: pa.Table, tree: Node | None
) -> Iterator[FoundVersion]:
    """Yield the hits in order, from all rows of their records."""
    entries = {entry.version_id: entry for entry in entries_of(rows, observations)}
    place = {version_id: at for at, version_id in enumerate(rows["version_id"].to_pylist())}
    for hit in hits:
        if hit.version_id not in place:
            message = f"The index names a version of {hit.record_id} that the archive does not hold."
            raise IntegrityError(message, remedy="Run `muniment reindex --whole`.")
    told = rows.select(_SAID).take(np.array([place[hit.version_id] for hit in hits])).to_pylist()
    for hit, row in zip(hits, told, strict=True):
        yield _version(entries[hit.version_id], row, tree)


def _of(rows: pa.Table, record_ids: pa.Array) -> pa.Table:
    return rows.filter(pc.is_in(rows["record_id"], record_ids))


def _version(entry: Entry, row: dict[str, Any], tree: Node | None) -> FoundVersion:
    return FoundVersion(
        entry=entry,
        author_name=row["author_name"],
        url=row["url"],
        thread_id=row["thread_id"],
        capture_id=row["capture_id"],
        filed_at=row["filed_at"].astimezone(UTC),
        captured_at=row["captured_at"].astimezone(UTC),
        title=_marked(row["title"] or "", tree),
        text=_marked(row["text"], tree),
    )


def _marked(text: str, tree: Node | None) -> tuple[Piece, ...]:
    return (Piece(text, hit=False),) if tree is None else highlight(text, tree)


def _read(
    archive: Archive, series: Sequence[str], columns: Sequence[str], record_ids: Sequence[str], upto: int
) -> pa.Table:
    batches = archive.scan(series=series, columns=columns, record_ids=record_ids, upto=upto)
    return pa.Table.from_batches(batches, schema=pa.schema([TABLE.field(name) for name in columns]))
