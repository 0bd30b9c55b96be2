"""What the archive kept of records, as it came, and in which order its versions were made."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from muniment.ports import Archive
from schemas.arrow import RECORD_SERIES
from schemas.capture import Exhibit

__all__ = ["exhibit_of", "made_order", "newest_exhibits"]

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


def made_order(row: Mapping[str, Any]) -> tuple[datetime, int, datetime]:
    """Return by what the versions of a record are put in the order in which they were made.

    Needs version_at, filed_at, commit_no and captured_at. A platform dates its edits, not what it said before
    them, which is as old as the record; its history may come after what it says now. Where it dates none, the
    order is that in which we came to know them.
    """
    return row["version_at"] or row["filed_at"], row["commit_no"], row["captured_at"]
