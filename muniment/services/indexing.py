"""Keeps the search index a true view of the archive, by commit number (data-model.md 6).

Every record with a row above the watermark is written again whole, with all its versions, since a new row
may change what the old ones say: which version is current, how the record stands, who saw it, whether it was
edited. All of that is read from the archive's own rows. Memory is bounded: commits are taken in portions, a
rebuild takes record ids in portions.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from muniment.collector import collector_paused
from muniment.ports import ArchiveRows, SearchIndex
from muniment.ports.disposal import ErasedRecords
from muniment.search.entry import Entry
from muniment.services.entries import ENTRY_COLUMNS, OBSERVATION_COLUMNS, entries_of
from muniment.services.held_before import HeldBefore
from schemas.arrow import RECORD_SERIES, TABLE, RowKind
from schemas.errors import IntegrityError

__all__ = [
    "ENTRY_COLUMNS",
    "INDEX_NAME",
    "OBSERVATION_COLUMNS",
    "Classes",
    "Indexed",
    "being_destroyed",
    "catch_up",
    "changed_entries",
    "classed",
    "entries_of",
    "every_entry",
    "follow",
    "gone_from_sight",
    "portions",
    "rebuild",
    "rows_of_commits",
    "without",
]


Classes: TypeAlias = Callable[[], Mapping[str, str]]
"""Gives the retention class of each record that has one."""

INDEX_NAME = "search"
"""What the register calls this view while it is built anew."""

_SERIES = (*RECORD_SERIES, RowKind.OBSERVATION.value)
_PORTION_ROWS = 20_000
_REBUILD_ROWS = 100_000
_SAMPLE_EVERY = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What was done: from which commit to which, and how many versions were written."""

    after: int
    upto: int
    versions: int


class _Counter:
    """Counts entries on their way into the index."""

    def __init__(self) -> None:
        self.versions = 0

    def count(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        for entry in entries:
            self.versions += 1
            yield entry


def catch_up(
    archive: ArchiveRows,
    index: SearchIndex,
    council: str,
    *,
    erased: ErasedRecords | None = None,
    classes: Classes | None = None,
    held: HeldBefore | None = None,
    portion_rows: int = _PORTION_ROWS,
) -> Indexed:
    """Bring the index up to the archive's last commit; nothing new, nothing written.

    An index that is older than an erasure whose ids are gone cannot be brought up: it is built anew.

    Args:
        archive: What the index is a view of.
        index: The index.
        council: Whose.
        erased: What erasures the index must follow; None: nothing can have been erased.
        classes: Gives the retention class of every record; asked only when something is written.
        held: What is remembered of the archive's ids by whoever asks for commit after commit.
        portion_rows: Bounds memory: so many new rows, of whole commits, are taken at a time.

    Raises:
        IntegrityError: The index is ahead of the archive: the archive was put back from an older copy.
        SchemaMismatchError: Another tokeniser made the index: rebuild it.
        WriteConflictError: Another process writes the index, or files of the archive went away: try again.
    """
    upto = archive.commit_no()
    after = index.watermark(council)
    if after > upto:
        message = f"The search index of {council} stands at commit {after}, its archive at {upto}."
        raise IntegrityError(message, remedy="Run `muniment reindex` once the archive is the right one.")
    if after < 0 or (erased is not None and after < erased.last_closed_erasure(council)):
        return rebuild(archive, index, council, erased=erased, classes=classes)
    counter = _Counter()
    start = after
    hidden, gone = being_destroyed(erased, council), gone_from_sight(erased, council, after=after)
    rows = rows_of_commits(archive, after, upto) if after < upto else {}
    known = {} if classes is None or not rows else classes()
    for end in portions(rows, after, upto, portion_rows):
        with collector_paused():
            entries = classed(without(changed_entries(archive, start, end, held), hidden), known)
            index.apply(council, end, counter.count(entries), gone, after=start)
        start, gone = end, ()
    return Indexed(after=after, upto=upto, versions=counter.versions)


def follow(
    archive: ArchiveRows,
    index: SearchIndex,
    council: str,
    commits: Iterable[int],
    reached: Callable[[int], None],
    *,
    erased: ErasedRecords | None = None,
    classes: Classes | None = None,
) -> None:
    """Bring the index up at each of `commits`, and tell how far it stands.

    `classes` is asked once, since it reads the whole archive: what is written again keeps its class, what
    comes in meanwhile gets one by night.
    """
    known = None if classes is None else cache(classes)
    held = HeldBefore(archive)
    for commit_no in commits:
        if index.watermark(council) < commit_no:
            catch_up(archive, index, council, erased=erased, classes=known, held=held)
        reached(index.watermark(council))


def rebuild(
    archive: ArchiveRows,
    index: SearchIndex,
    council: str,
    *,
    erased: ErasedRecords | None = None,
    classes: Classes | None = None,
    part_rows: int = _REBUILD_ROWS,
) -> Indexed:
    """Build the index anew from the whole archive, and swap it in; searches go on meanwhile.

    The archive is read once for each part of about `part_rows` record rows, which bounds memory. What was
    erased since it was read is dropped before anybody is told that the index stands; runs of disposal close
    after a rebuild, never during one, so that their ids are still known here.
    """
    upto = archive.commit_no()
    if erased is not None:
        erased.begin_rebuild(council, INDEX_NAME, commit_no=upto)
    counter = _Counter()
    try:
        with collector_paused():
            entries = without(
                every_entry(archive, upto, part_rows=part_rows), being_destroyed(erased, council)
            )
            known = {} if classes is None else classes()
            index.rebuild(council, upto, counter.count(classed(entries, known)))
        gone = gone_from_sight(erased, council, after=upto)
        if gone:
            index.apply(council, index.watermark(council), (), gone)
    finally:
        if erased is not None:
            erased.end_rebuild(council, INDEX_NAME)
    return Indexed(after=-1, upto=upto, versions=counter.versions)


def classed(entries: Iterator[Entry], known: Mapping[str, str]) -> Iterator[Entry]:
    """Yield the entries, each with the retention class of its record, where it has one."""
    if not known:
        return entries
    return (entry._replace(record_class=known.get(entry.record_id)) for entry in entries)


def without(entries: Iterator[Entry], hidden: frozenset[str]) -> Iterator[Entry]:
    """Yield the entries but those of records that are being destroyed."""
    if not hidden:
        return entries
    return (entry for entry in entries if entry.record_id not in hidden)


def being_destroyed(erased: ErasedRecords | None, council: str) -> frozenset[str]:
    """Return the records of open intents: they stand in the archive for a moment still, and are no more."""
    if erased is None:
        return frozenset()
    return frozenset(one for intent in erased.intents(council) for one in intent.record_ids.to_pylist())


def gone_from_sight(erased: ErasedRecords | None, council: str, *, after: int = 0) -> Sequence[str]:
    """Return every id that an index of commit `after` may hold and must not: of erasures, of open intents.

    An erasure's ids are known until every store has proved that they are gone: with 0, what an index that
    lags behind may still name.
    """
    if erased is None:
        return ()
    found = [
        one for erasure in erased.erasures(council, after=after) for one in erasure.record_ids.to_pylist()
    ]
    return [*found, *being_destroyed(erased, council)]


def rows_of_commits(archive: ArchiveRows, after: int, upto: int) -> Mapping[int, int]:
    """Return how many rows to index each of these commits brought; an erasure brings none."""
    rows: dict[int, int] = {}
    for batch in archive.scan(series=_SERIES, columns=["commit_no"], after=after, upto=upto):
        for counted in pc.value_counts(batch["commit_no"]).to_pylist():
            rows[counted["values"]] = rows.get(counted["values"], 0) + counted["counts"]
    return rows


def portions(rows: Mapping[int, int], after: int, upto: int, portion_rows: int) -> Iterator[int]:
    """Yield commit numbers that end portions of about so many `rows` by commit; the last is `upto`."""
    waiting = 0
    for commit_no in sorted(rows):
        if waiting and waiting + rows[commit_no] > portion_rows:
            yield commit_no - 1
            waiting = 0
        waiting += rows[commit_no]
    if upto > after:
        yield upto


def changed_entries(
    archive: ArchiveRows, after: int, upto: int, held: HeldBefore | None = None
) -> Iterator[Entry]:
    """Yield the entries of every record with a row in these commits, as at `upto`.

    `held`, where it is given, spares reading every earlier id.
    """
    rows = _read(archive, RECORD_SERIES, ENTRY_COLUMNS, after=after, upto=upto)
    observations = _read(archive, _SERIES[-1:], OBSERVATION_COLUMNS, after=after, upto=upto)
    both = [*rows["record_id"].chunks, *observations["record_id"].chunks]
    touched = pc.unique(pa.chunked_array(both, type=TABLE.field("record_id").type))
    older: list[str] = []
    if after and len(touched):
        # A backfill brings new records only, so look first which of them were held before: ids are cheap.
        wanted = touched.to_pylist()
        wanted = wanted if held is None else held.among(wanted, after=after, upto=upto)
        before = _read(archive, _SERIES, ["record_id"], upto=after, record_ids=wanted)
        older = pc.unique(before["record_id"]).to_pylist()
        if older:
            rows = pa.concat_tables(
                [rows, _read(archive, RECORD_SERIES, ENTRY_COLUMNS, upto=after, record_ids=older)]
            )
            seen = _read(archive, _SERIES[-1:], OBSERVATION_COLUMNS, upto=after, record_ids=older)
            observations = pa.concat_tables([observations, seen])
    return entries_of(rows, observations, new_after=after, older=frozenset(older))


def every_entry(archive: ArchiveRows, upto: int, *, part_rows: int = _REBUILD_ROWS) -> Iterator[Entry]:
    """Yield every entry as at `upto`, in bounded memory; all versions of a record come together."""
    sample: list[str] = []
    count = 0
    for batch in archive.scan(series=RECORD_SERIES, columns=["record_id"], upto=upto):
        sample += batch["record_id"].to_pylist()[::_SAMPLE_EVERY]
        count += len(batch)
    sample.sort()
    parts = count // part_rows + 1
    edges = [None, *(sample[len(sample) * part // parts] for part in range(1, parts)), None]
    for low, high in pairwise(edges):
        rows = _read(archive, RECORD_SERIES, ENTRY_COLUMNS, upto=upto, within=(low, high))
        observations = _read(archive, _SERIES[-1:], OBSERVATION_COLUMNS, upto=upto, within=(low, high))
        yield from entries_of(rows, observations)


def _read(
    archive: ArchiveRows,
    series: Sequence[str],
    columns: Sequence[str],
    *,
    after: int = 0,
    upto: int,
    record_ids: Sequence[str] | None = None,
    within: tuple[str | None, str | None] = (None, None),
) -> pa.Table:
    batches = archive.scan(
        series=series, columns=columns, after=after, upto=upto, record_ids=record_ids, within=within
    )
    return pa.Table.from_batches(batches, schema=pa.schema([TABLE.field(name) for name in columns]))
