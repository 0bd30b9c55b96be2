"""The retention class of every record, for the index to count by. Nothing is ever decided by it."""

from collections.abc import Mapping

import pyarrow as pa

from muniment.domain.classifying import Setting, classify
from muniment.domain.holdings import HOLDING_COLUMNS, holdings
from muniment.domain.retention import Schedule
from muniment.ports import ArchiveRows
from schemas.arrow import RECORD_SERIES

__all__ = ["classes_under"]


def classes_under(schedule: Schedule, setting: Setting, archive: ArchiveRows) -> Mapping[str, str]:
    """Return the class of each record under a schedule.

    A scan of a dozen narrow columns. Classes change by themselves too (a thread falls silent, a window
    closes), so the index takes them anew every night.
    """
    facts = holdings(archive.scan(series=RECORD_SERIES, columns=HOLDING_COLUMNS, upto=archive.commit_no()))
    found = classify(facts, schedule, setting)
    names = pa.array(found.classes, pa.string()).take(found.class_at).to_pylist()
    ids = facts["record_id"].to_pylist()
    return {record_id: name for record_id, name in zip(ids, names, strict=True) if name is not None}
