"""What the archive kept of records, as it came."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from muniment.ports import Archive
from schemas.arrow import RECORD_SERIES
from schemas.capture import Exhibit

__all__ = ["exhibit_of", "newest_exhibits"]

_COLUMNS: Final = ["record_id", "captured_at", "header", "parts"]


def newest_exhibits(archive: Archive, record_ids: Collection[str]) -> Iterator[Exhibit]:
    """Yield the newest exhibit of each record that has one, in no order."""
    if not record_ids:
        return
    newest: dict[str, Mapping[str, Any]] = {}
    for batch in archive.scan(series=RECORD_SERIES, columns=_COLUMNS, record_ids=sorted(record_ids)):
        for row in batch.to_pylist():
            before = newest.get(row["record_id"])
            if row["header"] is not None and (before is None or before["captured_at"] < row["captured_at"]):
                newest[row["record_id"]] = row
    yield from map(exhibit_of, newest.values())


def exhibit_of(row: Mapping[str, Any]) -> Exhibit:
    """Return the exhibit that a row of a record holds."""
    return Exhibit(record_id=row["record_id"], header=row["header"], parts=tuple(row["parts"]))
