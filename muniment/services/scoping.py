"""Which records fall into the scopes of holds: the archive's rows and the plain evaluator, no index.

A record is in scope when any of its versions is, however it stood meanwhile: what was missing for an hour and
is back was in the scope of `state:missing`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.holds import Hold
from muniment.ports import Archive
from muniment.search.entry import Entry
from muniment.search.parse import parse
from muniment.search.scopes import Scopes
from muniment.search.tree import Node
from muniment.services.indexing import ENTRY_COLUMNS, OBSERVATION_COLUMNS, entries_of
from schemas.arrow import RECORD_SERIES, TABLE, RowKind

__all__ = ["entries_by_id", "in_scope", "scopes_of", "stood", "touched"]

_IDS_AT_ONCE: Final = 20_000
_EVERY_SERIES: Final = (*RECORD_SERIES, RowKind.OBSERVATION.value)


def scopes_of(holds: Iterable[Hold]) -> list[tuple[int, Node]]:
    """Return the scope of each hold that has a query for one."""
    return [(hold.hold_id, _tree(hold.typed)) for hold in holds if hold.typed is not None]


@lru_cache(maxsize=4_096)
def _tree(typed: str) -> Node:
    return parse(typed).tree


def in_scope(
    entries: Iterable[Entry], scopes: Sequence[tuple[int, Node]], states: Mapping[str, AbstractSet[str]]
) -> dict[int, set[str]]:
    """Return the records of each hold of which a version falls into its scope, or fell meanwhile."""
    found: dict[int, set[str]] = {hold_id: set() for hold_id, _ in scopes}
    asked = Scopes(scopes)
    for entry in entries:
        for hold_id in asked.matched(entry, states.get(entry.record_id, ())):
            found[hold_id].add(entry.record_id)
    return found


def stood(archive: Archive, *, after: int, upto: int) -> Mapping[str, AbstractSet[str]]:
    """Return how records stood at each commit after `after`: what was missing for an hour was in scope then.

    Empty for `after` 0: a new hold covers what its query finds when it is placed.
    """
    found: dict[str, set[str]] = {}
    if after:
        columns = ["record_id", "state"]
        for batch in archive.scan(series=_EVERY_SERIES[-1:], columns=columns, after=after, upto=upto):
            for record_id, state in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                found.setdefault(record_id, set()).add(state)
    return found


def touched(archive: Archive, asked: AbstractSet[str], *, after: int, upto: int) -> list[str]:
    """Return which of these records commits after `after` touched, in order."""
    found: set[str] = set()
    for batch in archive.scan(series=_EVERY_SERIES, columns=["record_id"], after=after, upto=upto):
        found.update(asked & set(pc.unique(batch["record_id"]).to_pylist()))
    return sorted(found)


def entries_by_id(archive: Archive, record_ids: Sequence[str], *, upto: int) -> Iterator[Entry]:
    """Yield the entries of these records as at `upto`."""
    for start in range(0, len(record_ids), _IDS_AT_ONCE):
        ids = record_ids[start : start + _IDS_AT_ONCE]
        rows = _table(archive, RECORD_SERIES, ENTRY_COLUMNS, ids, upto)
        yield from entries_of(rows, _table(archive, _EVERY_SERIES[-1:], OBSERVATION_COLUMNS, ids, upto))


def _table(
    archive: Archive, series: Sequence[str], columns: Sequence[str], record_ids: Sequence[str], upto: int
) -> pa.Table:
    batches = archive.scan(series=series, columns=columns, record_ids=record_ids, upto=upto)
    return pa.Table.from_batches(batches, schema=pa.schema([TABLE.field(name) for name in columns]))
