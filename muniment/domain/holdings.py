"""The facts of every record held, one row each, as retention rules use them: never a text, never a name.

Rows of the archive stream in; a batch of them is folded at a time, so that what stands in memory is one short
row for each record whatever its versions weigh. Dates are Europe/London's: 23:30 UTC on 31 March is 1 April.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.columns import codes_of, greatest, grouped

__all__ = ["FACTS", "HOLDING_COLUMNS", "holdings"]

HOLDING_COLUMNS: Final = (
    *("record_id", "thread_id", "account", "platform", "kind", "series", "author_role"),
    *("filed_at", "version_at", "captured_at", "commit_no"),
)
"""The columns of the archive that are read."""

_WORD: Final = pa.dictionary(pa.int32(), pa.string())
_WORDS: Final = ("thread_id", "account", "platform", "kind", "series", "author_role")
_TIME: Final = pa.timestamp("us", "UTC")
_LONDON: Final = pa.timestamp("us", "Europe/London")
_ROWS_AT_ONCE: Final = 200_000

FACTS: Final = pa.schema(
    [
        pa.field("record_id", pa.string()),
        *(pa.field(name, _WORD) for name in _WORDS),
        *(pa.field(name, pa.date32()) for name in ("filed_on", "changed_on")),
        *(pa.field(name, pa.date32()) for name in ("first_captured_on", "last_captured_on")),
        pa.field("last_commit", pa.int64()),
    ]
)
"""What is known of a record. `filed_on` is its own date; `changed_on` that of its newest version, `filed_on`
when there is but one; `last_commit` is the number of the commit that brought its newest version."""

_PARTIAL: Final = pa.schema(
    [
        pa.field("record_id", pa.string()),
        *(pa.field(name, _WORD) for name in _WORDS),
        pa.field("filed_at", _TIME),
        *(pa.field(name, _TIME) for name in ("version_at", "undated_at", "first_at", "last_at")),
        pa.field("commit_no", pa.int64()),
    ]
)


def holdings(batches: Iterable[pa.RecordBatch]) -> pa.Table:
    """Return the facts of every record, in no order.

    Args:
        batches: Rows of record series with HOLDING_COLUMNS, in any order, all versions of each record.
    """
    whole = _PARTIAL.empty_table()
    for some in _gathered(batches):
        whole = _folded(pa.concat_tables([whole, some]))
    return _facts(whole)


def _gathered(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    waiting: list[pa.Table] = []
    for batch in batches:
        waiting.append(_shortened(batch))
        if sum(map(len, waiting)) >= _ROWS_AT_ONCE:
            yield _folded(pa.concat_tables(waiting))
            waiting = []
    if waiting:
        yield _folded(pa.concat_tables(waiting))


def _shortened(batch: pa.RecordBatch) -> pa.Table:
    """Return the rows of a batch as facts: words as codes, and when a version without a time was captured."""
    captured = batch.column("captured_at")
    version_at = batch.column("version_at")
    undated = pc.if_else(pc.is_null(version_at), captured, pa.scalar(None, _TIME))
    columns = {
        "record_id": batch.column("record_id"),
        **{name: batch.column(name).dictionary_encode().cast(_WORD) for name in _WORDS},
        "filed_at": batch.column("filed_at"),
        "version_at": version_at,
        "undated_at": undated,
        "first_at": captured,
        "last_at": captured,
        "commit_no": batch.column("commit_no"),
    }
    return pa.table(columns, schema=_PARTIAL)


def _folded(rows: pa.Table) -> pa.Table:
    """Return one row for each record: the words of the newest commit, the first and last of the times."""
    if not len(rows):
        return rows
    rows = rows.unify_dictionaries()
    # The newest row wins, and its place is part of the number that is compared: no sorting of a million ids.
    place = pa.arange(0, len(rows))
    key = pc.add(pc.multiply(rows["commit_no"], len(rows)), pa.chunked_array([place]))
    times = ("version_at", "undated_at", "last_at")
    made = grouped(
        rows.select(["record_id", *times, "first_at"]).append_column("key", key),
        ["record_id"],
        [("key", "max"), *((name, "max") for name in times), ("first_at", "min")],
    )
    last = made["key_max"]
    place = pc.subtract(last, pc.multiply(pc.divide(last, len(rows)), len(rows)))
    found = rows.take(place.combine_chunks())
    for name, column in (*((name, f"{name}_max") for name in times), ("first_at", "first_at_min")):
        found = found.set_column(found.schema.get_field_index(name), _PARTIAL.field(name), made[column])
    return found


def _facts(rows: pa.Table) -> pa.Table:
    rows = rows.unify_dictionaries()
    # A version that came without a time of its own changed the record when it was seen; the first did not.
    seen_later = pc.if_else(
        pc.greater(rows["undated_at"], rows["first_at"]), rows["undated_at"], pa.scalar(None, _TIME)
    )
    times = (rows["filed_at"], rows["version_at"], seen_later)
    changed = greatest(*(column.cast(pa.int64()) for column in times)).cast(_TIME)
    columns = [
        rows["record_id"].combine_chunks() if len(rows) else pa.array([], pa.string()),
        *(codes_of(rows[name]) for name in _WORDS),
        _london(rows["filed_at"]),
        _london(changed),
        _london(rows["first_at"]),
        _london(rows["last_at"]),
        rows["commit_no"],
    ]
    return pa.table(columns, schema=FACTS)


def _london(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(_LONDON).cast(pa.date32())
