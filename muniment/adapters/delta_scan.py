"""Reading the table: streams of rows in bounded memory, and the look-ups that `keep` needs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from typing_extensions import override

from muniment.adapters.delta_intake import Held, Unread, attachment_key
from muniment.domain.presence import Facts
from schemas.arrow import COLUMNS, RECORD_SERIES, TABLE, RowKind
from schemas.errors import IntegrityError, WriteConflictError
from schemas.rows import attachments_from
from schemas.vocabulary import Series

__all__ = ["HeldRows", "predicate_of", "stream"]

_LITERALS: Final = 100
"""So many ids are looked up by bloom filter; of more, the id column is read, which is faster at 500."""


def predicate_of(
    *,
    series: Sequence[str] | None = None,
    years: Iterable[int] | None = None,
    after: int = 0,
    upto: int | None = None,
    record_ids: Sequence[str] | None = None,
) -> str:
    """Return the SQL that selects rows; ids above `_LITERALS` are left to the caller."""
    terms = ["commit_no > " + str(after)]
    if upto is not None:
        terms.append(f"commit_no <= {upto}")
    if series is not None:
        terms.append(f"series in ({_literals(series)})")
    if years is not None:
        terms.append(f"year in ({','.join(str(int(year)) for year in years)})")
    if record_ids is not None and len(record_ids) <= _LITERALS:
        terms.append(f"record_id in ({_literals(record_ids)})")
    return " and ".join(terms)


def _literals(words: Iterable[str]) -> str:
    return ",".join("'" + word.replace("'", "''") + "'" for word in words)


def stream(
    reopen: Callable[[], DeltaTable],
    predicate: str,
    *,
    columns: Sequence[str] | None = None,
    record_ids: Sequence[str] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield rows in the types of the schema; open again once when files went away before the first row.

    Raises:
        WriteConflictError: Files went away later, in the middle of the stream: start again.
        IntegrityError: A file cannot be read.
    """
    names = list(TABLE.names if columns is None else columns)
    read = names if record_ids is None or "record_id" in names else [*names, "record_id"]
    wanted = None if record_ids is None else pa.array(record_ids, pa.string())
    started = False
    for attempt in (1, 2):
        try:
            for batch in _pulled(reopen(), predicate, read):
                found = batch if wanted is None else batch.filter(pc.is_in(batch["record_id"], wanted))
                if len(found):
                    started = True
                    yield found.select(names)
        except _FilesGoneError as error:
            if started:
                raise WriteConflictError("The archive was rewritten while it was read.") from error
            if attempt == 2:  # noqa: PLR2004  # the second and last time
                raise _unreadable(error) from error
        else:
            return


class _FilesGoneError(Exception):
    """A file that the handle names is not there: the handle is old, or the file is lost."""


def _pulled(table: DeltaTable, predicate: str, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield what the engine reads. It raises bare `Exception`s, so these are caught here and only here."""
    batches: Iterator[pa.RecordBatch] | None = None
    while True:
        try:
            if batches is None:
                batches = iter(table.scan(columns=list(names), predicate=predicate))
            raw = next(batches, None)
        except Exception as error:  # see above
            if "not found" in str(error).lower():
                raise _FilesGoneError from error
            raise _unreadable(error) from error
        if raw is None:
            return
        yield _typed(pa.record_batch(raw), names)


def _unreadable(error: Exception) -> IntegrityError:
    return IntegrityError(
        f"A data file of the archive cannot be read ({type(error).__name__}).",
        remedy="Run `muniment verify`: it names the file.",
    )


def _typed(batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    """Return a batch in the schema's types: the engine hands out views and dictionaries."""
    columns = [
        column if column.type.equals(TABLE.field(name).type) else column.cast(TABLE.field(name).type)
        for name, column in ((name, batch.column(name)) for name in names)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema([TABLE.field(name) for name in names]))


class HeldRows(Held):
    """What the rows of one version of the table say. For the lock's owner: nobody writes meanwhile."""

    def __init__(self, table: DeltaTable, *, unseen: int) -> None:
        self._table = table
        self._unseen = unseen

    @override
    def versions(self, wanted: Iterable[tuple[str, int, str, bytes]]) -> set[bytes]:
        asked = list(wanted)
        series = sorted({one[0] for one in asked})
        years = sorted({one[1] for one in asked})
        ids = sorted({one[2] for one in asked})
        versions = pa.array([one[3] for one in asked], pa.binary())
        predicate = predicate_of(series=series, years=years, record_ids=ids)
        found: set[bytes] = set()
        for batch in stream(lambda: self._table, predicate, columns=["version_id"]):
            column = batch["version_id"]
            found.update(column.filter(pc.is_in(column, versions)).to_pylist())
        return found

    @override
    def attachments(self, record_ids: Iterable[str]) -> set[tuple[object, ...]]:
        columns = [column.name for column in COLUMNS[RowKind.ATTACHMENT]]
        rows = self._rows([RowKind.ATTACHMENT.value], record_ids, columns)
        return {attachment_key(one) for batch in rows for one in attachments_from(batch)}

    @override
    def unread(self, record_ids: Iterable[str]) -> Mapping[str, Unread]:
        found: dict[str, Unread] = {}
        columns = ["record_id", "captured_at", "parts"]
        for batch in self._rows([Series.UNREAD.value], record_ids, columns):
            for row in batch.to_pylist():
                past = found.get(row["record_id"])
                if past is None or row["captured_at"] > past.captured_at:
                    found[row["record_id"]] = Unread(
                        captured_at=row["captured_at"], parts=tuple(row["parts"])
                    )
        return found

    @override
    def strangers(self, record_ids: Iterable[str]) -> tuple[Mapping[str, Facts], set[bytes]]:
        facts: dict[str, Facts] = {}
        versions: set[bytes] = set()
        if not self._unseen:
            return facts, versions
        columns = ["record_id", "version_id", "series", "digest_rule", "filed_at"]
        for batch in self._rows(RECORD_SERIES, record_ids, columns):
            for row in batch.to_pylist():
                versions.add(row["version_id"])
                if row["series"] == Series.UNREAD:
                    continue  # what could not be read fixes nothing
                facts.setdefault(
                    row["record_id"],
                    Facts(
                        series=Series(row["series"]),
                        digest_rule=row["digest_rule"],
                        filed_at=row["filed_at"],
                    ),
                )
        return facts, versions

    def _rows(
        self, series: Sequence[str], record_ids: Iterable[str], columns: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        ids = sorted(record_ids)
        if not ids:
            return iter(())
        predicate = predicate_of(series=series, record_ids=ids)
        return stream(lambda: self._table, predicate, columns=columns, record_ids=ids)
