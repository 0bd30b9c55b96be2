"""Reading kept exhibits again with today's reader: what it would make of them, and where it differs."""

from collections.abc import Callable
from dataclasses import dataclass

from connectors.contract import Connector
from muniment.ports import Archive
from schemas.arrow import RECORD_SERIES
from schemas.capture import Exhibit
from schemas.errors import MalformedItemError
from schemas.vocabulary import Kind

__all__ = ["Reread", "reread"]

_COLUMNS = ["record_id", "platform", "kind", "title", "text", "header", "parts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """Counts: exhibits read, those that were unread when they came, and what today's reader makes of them."""

    read: int
    unread: int
    now_readable: int
    differ: int
    unreadable_now: int


def reread(archive: Archive, *, reader: Callable[[str], Connector | None]) -> Reread:
    """Read every kept version again; nothing is written.

    Args:
        archive: The council's archive.
        reader: The reader of a platform by its name; None where muniment has none any more.
    """
    counts = {"read": 0, "unread": 0, "now_readable": 0, "differ": 0, "unreadable_now": 0}
    for batch in archive.scan(series=RECORD_SERIES, columns=_COLUMNS):
        for row in batch.to_pylist():
            connector = reader(row["platform"])
            if connector is None or row["header"] is None:
                continue
            counts["read"] += 1
            was_unread = row["kind"] == Kind.UNREAD.value
            counts["unread"] += was_unread
            exhibit = Exhibit(record_id=row["record_id"], header=row["header"], parts=tuple(row["parts"]))
            try:
                record = connector.read(exhibit).record
            except MalformedItemError:
                counts["unreadable_now"] += not was_unread
                continue
            if was_unread:
                counts["now_readable"] += record is not None
            elif record is None or (record.title, record.text) != (row["title"], row["text"]):
                counts["differ"] += 1
    return Reread(**counts)
