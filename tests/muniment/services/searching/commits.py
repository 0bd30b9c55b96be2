"""An archive in memory: commits of record and observation rows, read back as the real one streams them."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from muniment.ports import Archive
from schemas.arrow import TABLE
from schemas.digests import version_id

START = datetime(2024, 3, 31, 22, 30, tzinfo=UTC)
EMPTY = dict.fromkeys(TABLE.names)


class Commits:
    """Writes commits, and reads them as `Archive` promises: by range, series, columns and ids."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.last = 0
        self.read_rows = 0
        self._table = TABLE.empty_table()

    def commit(self, *rows: Mapping[str, Any]) -> int:
        self.last += 1
        self.rows += [{**EMPTY, **row, "commit_no": self.last} for row in rows]
        return self.last

    def erase(self, record_ids: AbstractSet[str]) -> int:
        """Take every row of these records away, in a commit of its own."""
        self.rows = [one for one in self.rows if one["record_id"] not in record_ids]
        self._table = TABLE.empty_table()
        return self.commit()

    def commit_no(self) -> int:
        return self.last

    def scan(
        self,
        *,
        series: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        after: int = 0,
        upto: int | None = None,
        record_ids: Sequence[str] | None = None,
        within: tuple[str | None, str | None] = (None, None),
    ) -> Iterator[pa.RecordBatch]:
        if len(self._table) != len(self.rows):
            self._table = pa.Table.from_pylist(self.rows, schema=TABLE)
        table = self._table.select([*{*(columns or TABLE.names), "record_id", "series", "commit_no"}])
        table = table.filter(pc.greater(table["commit_no"], after))
        if upto is not None:
            table = table.filter(pc.less_equal(table["commit_no"], upto))
        if series is not None:
            table = table.filter(pc.is_in(table["series"], pa.array(series, pa.string())))
        if record_ids is not None:
            table = table.filter(pc.is_in(table["record_id"], pa.array(record_ids, pa.string())))
        low, high = within
        if low is not None:
            table = table.filter(pc.greater_equal(table["record_id"], low))
        if high is not None:
            table = table.filter(pc.less(table["record_id"], high))
        for batch in table.select(columns or TABLE.names).to_batches(max_chunksize=50):
            self.read_rows += len(batch)
            yield batch

    def archive(self) -> Archive:
        return cast("Archive", self)


def row(record: str, text: str, **facts: Any) -> dict[str, Any]:
    """Return a record row; `record` is "x:1", its version is made of title and text."""
    filed_at = facts.pop("filed_at", START)
    title = facts.get("title")
    return {
        "record_id": record,
        "series": "public",
        "platform": record.partition(":")[0],
        "account": "main",
        "kind": "comment",
        "thread_id": "x:thread",
        "author_id": "u1",
        "author_handle": "Resident.1",
        "author_name": "A Resident",
        "author_role": "public",
        "text": text,
        "filed_at": filed_at,
        "created_at": filed_at,
        "captured_at": filed_at + timedelta(hours=1),
        "capture_id": "capture-1",
        "version_id": version_id(record, f"{title}\0{text}".encode()),
        **facts,
    }


def look(record: str, hours: float, state: str = "live", **facts: Any) -> dict[str, Any]:
    """Return an observation row, so many hours after the start."""
    text = facts.pop("text", None)
    return {
        "record_id": record,
        "series": "observation",
        "account": "main",
        "at": START + timedelta(hours=hours),
        "state": state,
        "version_id": None if text is None else version_id(record, f"None\0{text}".encode()),
        **facts,
    }
