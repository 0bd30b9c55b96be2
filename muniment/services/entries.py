"""Index entries from the archive's own rows: every version of a record, and how the record stands.

Each record is given whole, with all its record rows and all its observation rows, since a new row may change
what the old ones say. Most records have one version, and a backfill brings little else: that way is short.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from muniment.search.entry import Entry, indexed_text
from schemas.vocabulary import Kind, State

__all__ = ["ENTRY_COLUMNS", "OBSERVATION_COLUMNS", "entries_of"]

_SLICE_ROWS = 5_000
_MICROSECONDS = 1_000_000


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


_LONE_COLUMNS = (
    *(
        "version_id",
        "record_id",
        "platform",
        "account",
        "seen_by",
        "author_id",
        "author_handle",
        "author_role",
    ),
    *("kind", "series", "language", "state", "edited", "commit_no", "title", "text"),
)


class _Standing(NamedTuple):
    """How a record stands by its observations so far; the latest look wins, then the later commit."""

    latest: tuple[int, int]
    state: str
    current: bytes | None
    current_at: tuple[int, int]
    accounts: tuple[str, ...]


def entries_of(
    rows: pa.Table, observations: pa.Table, *, new_after: int = -1, older: Collection[str] = ()
) -> Iterator[Entry]:
    """Yield the entries of records, given all their record rows and all their observation rows.

    `rows` has ENTRY_COLUMNS, `observations` OBSERVATION_COLUMNS. Versions of a record come together. All
    records but the `older` ones are known to have no row at `new_after` or before it.
    """
    ids = rows["record_id"]
    several = pa.concat_arrays([_repeated(ids), _repeated(observations["record_id"])])
    if not len(several):
        yield from _lone_entries(rows, observations, new_after, older)
        return
    among = pc.is_in(ids, several)
    yield from _lone_entries(rows.filter(pc.invert(among)), observations, new_after, older)
    observations = observations.filter(pc.is_in(observations["record_id"], several))
    standings = _standings(observations)
    group: list[_Row] = []
    in_order = rows.filter(among).sort_by([("record_id", "ascending"), ("commit_no", "ascending")])
    for row in _rows_of(in_order):
        if group and group[0].record_id != row.record_id:
            yield from _entries_of_record(group, standings, new_after, older)
            group = []
        group.append(row)
    if group:
        yield from _entries_of_record(group, standings, new_after, older)


def _repeated(record_ids: pa.ChunkedArray) -> pa.Array:
    """Return the ids that stand there more than once."""
    counts = pc.value_counts(record_ids)
    return counts.field("values").filter(pc.greater(counts.field("counts"), 1))


def _lone_entries(
    rows: pa.Table, observations: pa.Table, new_after: int, older: Collection[str]
) -> Iterator[Entry]:
    """Yield the entries of records with one row that were seen once at most: nearly all of a backfill."""
    looks = pc.index_in(rows["record_id"], observations["record_id"])
    table = rows.append_column("state", observations["state"].take(looks).fill_null(State.LIVE.value))
    table = table.append_column("seen_by", observations["account"].take(looks))
    edited = pc.greater(rows["version_at"], rows["created_at"]).fill_null(False)  # noqa: FBT003
    table = table.append_column("edited", edited)
    for start in range(0, len(table), _SLICE_ROWS):
        some = table.slice(start, _SLICE_ROWS)
        of = {name: some[name].to_pylist() for name in _LONE_COLUMNS}
        filed_at = some["filed_at"].cast(pa.int64()).to_numpy() // _MICROSECONDS
        yield from map(
            Entry,
            *(of["version_id"], of["record_id"], of["platform"]),
            map(_accounts, of["account"], of["seen_by"]),
            *(
                of["author_id"],
                of["author_handle"],
                of["author_role"],
                of["kind"],
                of["series"],
                of["language"],
            ),
            *(of["state"], of["edited"], of["commit_no"], filed_at.tolist()),
            repeat(True),  # noqa: FBT003  # current
            repeat(False),  # noqa: FBT003  # multi
            map(indexed_text, of["title"], of["text"]),
            repeat(None),
            [-1 if one in older else new_after for one in of["record_id"]],
        )


@lru_cache(maxsize=4_096)
def _accounts(account: str, seen_by: str | None) -> tuple[str, ...]:
    return (account,) if seen_by is None or seen_by == account else tuple(sorted((account, seen_by)))


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
    seen_by = tuple(sorted(accounts))
    for row in rows:
        yield Entry(
            version_id=row.version_id,
            record_id=record_id,
            platform=row.platform,
            accounts=seen_by,
            author_id=row.author_id,
            author_handle=row.author_handle,
            author_role=row.author_role,
            kind=row.kind,
            series=row.series,
            language=row.language,
            state=state,
            edited=edited,
            commit_no=row.commit_no,
            ts=row.filed_at // _MICROSECONDS,
            current=row.version_id == current,
            multi=len(rows) > 1,
            text=indexed_text(row.title, row.text),
            new_after=-1 if record_id in older else new_after,
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
