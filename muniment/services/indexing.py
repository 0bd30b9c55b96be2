"""Keeps the search index a true view of the archive, by commit number (data-model.md 6).

Every record with a row above the watermark is written again whole, with all its versions, since a new row
may change what the old ones say: which version is current, how the record stands, who saw it, whether it was
edited. All of that is read from the archive's own rows. Memory is bounded: commits are taken in portions, a
rebuild takes record ids in portions.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from muniment.collector import collector_paused
from muniment.ports import Archive, SearchIndex
from muniment.ports.disposal import ErasedRecords
from muniment.search.entry import Entry, indexed_text
from schemas.arrow import RECORD_SERIES, TABLE, RowKind
from schemas.errors import IntegrityError
from schemas.vocabulary import Kind, State

__all__ = [
    "ENTRY_COLUMNS",
    "INDEX_NAME",
    "OBSERVATION_COLUMNS",
    "Indexed",
    "being_destroyed",
    "catch_up",
    "changed_entries",
    "entries_of",
    "every_entry",
    "follow",
    "portions",
    "rebuild",
    "without",
]


class _Row(NamedTuple):
    """What an entry needs of a record row; times in microseconds."""

    version_id: bytes
    record_id: str
    platform: str
    account: str
    author_id: str | None
    author_handle: str | None
    author_role: str
    kind: str
    series: str
    language: str | None
    commit_no: int
    filed_at: int
    created_at: int | None
    version_at: int | None
    title: str | None
    text: str


ENTRY_COLUMNS = _Row._fields
"""The columns of record rows that `entries_of` reads."""

OBSERVATION_COLUMNS = ("record_id", "account", "at", "state", "version_id", "commit_no")
"""The columns of observation rows that it reads."""

INDEX_NAME = "search"
"""What the register calls this view while it is built anew."""

_SERIES = (*RECORD_SERIES, RowKind.OBSERVATION.value)
_PORTION_ROWS = 20_000
_REBUILD_ROWS = 200_000
_SAMPLE_EVERY = 16
_SLICE_ROWS = 5_000
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What was done: from which commit to which, and how many versions were written."""

    after: int
    upto: int
    versions: int


class _Standing(NamedTuple):
    """How a record stands by its observations so far; the latest look wins, then the later commit."""

    latest: tuple[int, int]
    state: str
    current: bytes | None
    current_at: tuple[int, int]
    accounts: tuple[str, ...]


class _Counter:
    """Counts entries on their way into the index."""

    def __init__(self) -> None:
        self.versions = 0

    def count(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        for entry in entries:
            self.versions += 1
            yield entry


def catch_up(
    archive: Archive,
    index: SearchIndex,
    council: str,
    *,
    erased: ErasedRecords | None = None,
    portion_rows: int = _PORTION_ROWS,
) -> Indexed:
    """Bring the index up to the archive's last commit; nothing new, nothing written.

    An index that is older than an erasure whose ids are gone cannot be brought up: it is built anew.

    Args:
        archive: What the index is a view of.
        index: The index.
        council: Whose.
        erased: What erasures the index must follow; None: nothing can have been erased.
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
        return rebuild(archive, index, council, erased=erased)
    counter = _Counter()
    start = after
    hidden, gone = being_destroyed(erased, council), _gone(erased, council, after=after)
    for end in portions(archive, after, upto, portion_rows):
        with collector_paused():
            entries = without(changed_entries(archive, start, end), hidden)
            index.apply(council, end, counter.count(entries), gone)
        start, gone = end, ()
    return Indexed(after=after, upto=upto, versions=counter.versions)


def follow(
    archive: Archive,
    index: SearchIndex,
    council: str,
    commits: Iterable[int],
    reached: Callable[[int], None],
    *,
    erased: ErasedRecords | None = None,
) -> None:
    """Bring the index up at each of `commits`, and tell how far it stands."""
    for commit_no in commits:
        if index.watermark(council) < commit_no:
            catch_up(archive, index, council, erased=erased)
        reached(index.watermark(council))


def rebuild(
    archive: Archive,
    index: SearchIndex,
    council: str,
    *,
    erased: ErasedRecords | None = None,
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
            index.rebuild(council, upto, counter.count(entries))
        gone = _gone(erased, council, after=upto)
        if gone:
            index.apply(council, index.watermark(council), (), gone)
    finally:
        if erased is not None:
            erased.end_rebuild(council, INDEX_NAME)
    return Indexed(after=-1, upto=upto, versions=counter.versions)


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


def _gone(erased: ErasedRecords | None, council: str, *, after: int) -> Sequence[str]:
    """Return every id that the index may hold and must not: of later erasures, and of open intents."""
    if erased is None:
        return ()
    found = [
        one for erasure in erased.erasures(council, after=after) for one in erasure.record_ids.to_pylist()
    ]
    return [*found, *being_destroyed(erased, council)]


def entries_of(
    rows: pa.Table, observations: pa.Table, *, new_after: int = -1, older: Collection[str] = ()
) -> Iterator[Entry]:
    """Yield the entries of records, given all their record rows and all their observation rows.

    `rows` has ENTRY_COLUMNS, `observations` OBSERVATION_COLUMNS. Versions of a record come together. All
    records but the `older` ones are known to have no row at `new_after` or before it.
    """
    standings = _standings(observations)
    if pc.count_distinct(rows["record_id"]).as_py() == len(
        rows
    ):  # as of a backfill: nothing to bring together
        for row in _rows_of(rows):
            yield _only_entry(row, standings.get(row.record_id), -1 if row.record_id in older else new_after)
        return
    group: list[_Row] = []
    for row in _rows_of(rows.sort_by([("record_id", "ascending"), ("commit_no", "ascending")])):
        if group and group[0].record_id != row.record_id:
            yield from _entries_of_record(group, standings, new_after, older)
            group = []
        group.append(row)
    if group:
        yield from _entries_of_record(group, standings, new_after, older)


def _rows_of(table: pa.Table) -> Iterator[_Row]:
    for start in range(0, len(table), _SLICE_ROWS):
        columns = [_values(table.column(name).slice(start, _SLICE_ROWS)) for name in ENTRY_COLUMNS]
        yield from map(_Row._make, zip(*columns, strict=True))


def _entries_of_record(
    group: Sequence[_Row], standings: Mapping[str, _Standing], new_after: int, older: Collection[str]
) -> Iterator[Entry]:
    record_id = group[0].record_id
    standing = standings.get(record_id)
    rows = list({row.version_id: row for row in group}.values())
    accounts = {row.account for row in group}
    state, current = State.LIVE.value, rows[-1].version_id
    if standing is not None:
        accounts.update(standing.accounts)
        state = standing.state
        if any(row.version_id == standing.current for row in rows):
            current = standing.current or current
    readable = sum(row.kind != Kind.UNREAD for row in rows)
    edited = readable > 1 or any(map(_is_an_edit, rows))
    for row in rows:
        entry = _only_entry(row, standing, -1 if record_id in older else new_after)
        yield entry._replace(
            accounts=tuple(sorted(accounts)),
            state=state,
            edited=edited,
            current=row.version_id == current,
            multi=len(rows) > 1,
        )


def _only_entry(row: _Row, standing: _Standing | None, new_after: int) -> Entry:
    """Return the entry of a record that has one version."""
    accounts: tuple[str, ...] = (row.account,)
    if standing is not None and standing.accounts != accounts:
        accounts = tuple(sorted({row.account, *standing.accounts}))
    return Entry(
        row.version_id,
        row.record_id,
        row.platform,
        accounts,
        row.author_id,
        row.author_handle,
        row.author_role,
        row.kind,
        row.series,
        row.language,
        State.LIVE.value if standing is None else standing.state,
        _is_an_edit(row),
        row.commit_no,
        row.filed_at // _MICROSECONDS,
        True,  # noqa: FBT003  # in the order of the fields: a backfill makes millions
        False,  # noqa: FBT003
        indexed_text(row.title, row.text),
        None,
        new_after,
    )


def _is_an_edit(row: _Row) -> bool:
    """Say whether the platform dates this version later than the record itself."""
    return row.created_at is not None and row.version_at is not None and row.version_at > row.created_at


def _standings(observations: pa.Table) -> dict[str, _Standing]:
    found: dict[str, _Standing] = {}
    columns = [_values(observations.column(name)) for name in OBSERVATION_COLUMNS]
    for record_id, account, at, state, version_id, commit_no in zip(*columns, strict=True):
        when = (at, commit_no)
        before = found.get(record_id)
        if before is None:
            found[record_id] = _Standing(when, state, version_id, when, (account,))
            continue
        latest, old_state, current, current_at, accounts = before
        if account not in accounts:
            accounts = (*accounts, account)
        if when >= latest:
            latest, old_state = when, state
        if version_id is not None and (current is None or when >= current_at):
            current, current_at = version_id, when
        found[record_id] = _Standing(latest, old_state, current, current_at, accounts)
    return found


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Return a column as Python values; times as microseconds."""
    whole = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
    values: list[Any] = whole.to_pylist()
    return values


def portions(archive: Archive, after: int, upto: int, portion_rows: int) -> Iterator[int]:
    """Yield commit numbers that end portions of about so many rows; the last is `upto`."""
    rows: dict[int, int] = {}
    for batch in archive.scan(series=_SERIES, columns=["commit_no"], after=after, upto=upto):
        for counted in pc.value_counts(batch["commit_no"]).to_pylist():
            rows[counted["values"]] = rows.get(counted["values"], 0) + counted["counts"]
    waiting = 0
    for commit_no in sorted(rows):
        if waiting and waiting + rows[commit_no] > portion_rows:
            yield commit_no - 1
            waiting = 0
        waiting += rows[commit_no]
    if upto > after:
        yield upto


def changed_entries(archive: Archive, after: int, upto: int) -> Iterator[Entry]:
    """Yield the entries of every record with a row in these commits, as at `upto`."""
    rows = _read(archive, RECORD_SERIES, ENTRY_COLUMNS, after=after, upto=upto)
    observations = _read(archive, _SERIES[-1:], OBSERVATION_COLUMNS, after=after, upto=upto)
    both = [*rows["record_id"].chunks, *observations["record_id"].chunks]
    touched = pc.unique(pa.chunked_array(both, type=TABLE.field("record_id").type))
    older: list[str] = []
    if after and len(touched):
        # A backfill brings new records only, so look first which of them were held before: ids are cheap.
        wanted = touched.to_pylist()
        before = _read(archive, _SERIES, ["record_id"], upto=after, record_ids=wanted)
        older = pc.unique(before["record_id"]).to_pylist()
        if older:
            rows = pa.concat_tables(
                [rows, _read(archive, RECORD_SERIES, ENTRY_COLUMNS, upto=after, record_ids=older)]
            )
            seen = _read(archive, _SERIES[-1:], OBSERVATION_COLUMNS, upto=after, record_ids=older)
            observations = pa.concat_tables([observations, seen])
    return entries_of(rows, observations, new_after=after, older=frozenset(older))


def every_entry(archive: Archive, upto: int, *, part_rows: int = _REBUILD_ROWS) -> Iterator[Entry]:
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
    archive: Archive,
    series: Sequence[str],
    columns: Sequence[str],
    *,
    after: int = 0,
    upto: int,
    record_ids: Sequence[str] | None = None,
    within: tuple[str | None, str | None] = (None, None),
) -> pa.Table:
    low, high = within
    batches = []
    for batch in archive.scan(series=series, columns=columns, after=after, upto=upto, record_ids=record_ids):
        kept = batch
        if low is not None:
            kept = kept.filter(pc.greater_equal(kept["record_id"], low))
        if high is not None:
            kept = kept.filter(pc.less(kept["record_id"], high))
        batches.append(kept)
    return pa.Table.from_batches(batches, schema=pa.schema([TABLE.field(name) for name in columns]))
