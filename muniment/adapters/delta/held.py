"""What the archive's own rows say of a batch that presence cannot settle."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from typing_extensions import override

from muniment.adapters.delta.intake import Held, Unread, attachment_key
from muniment.adapters.delta.scan import Rows, TableReader
from muniment.domain.presence import Facts
from schemas.arrow import COLUMNS, RECORD_SERIES, RowKind
from schemas.rows import attachments_from
from schemas.vocabulary import Series

__all__ = ["HeldRows"]


class HeldRows(Held):
    """What the rows of one version of the table say. For the lock's owner: nobody writes meanwhile."""

    def __init__(self, reader: TableReader, *, unseen: int) -> None:
        self._reader = reader
        self._unseen = unseen

    @override
    def versions(self, wanted: Iterable[tuple[str, int, str, bytes]]) -> set[bytes]:
        asked = list(wanted)
        series = sorted({one[0] for one in asked})
        years = sorted({one[1] for one in asked})
        ids = sorted({one[2] for one in asked})
        versions = pa.array([one[3] for one in asked], pa.binary())
        found: set[bytes] = set()
        for batch in self._reader.stream(Rows(series=series, years=years, record_ids=ids), ["version_id"]):
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
        return self._reader.stream(Rows(series=series, record_ids=ids), columns)
