"""The retention class of every record, for the index to count by. Nothing is ever decided by it."""

from collections.abc import Mapping

import pyarrow as pa

from muniment.domain.classifying import classify
from muniment.services.retaining import Retaining

__all__ = ["classes_of"]


def classes_of(retaining: Retaining) -> Mapping[str, str]:
    """Return the class of each record under the schedule in force; empty where there is none.

    A scan of a dozen narrow columns. Classes change by themselves too (a thread falls silent, a window
    closes), so the index takes them anew every night.
    """
    schedule = retaining.in_force()
    if schedule is None:
        return {}
    facts = retaining.held().records
    found = classify(facts, schedule, retaining.setting())
    names = pa.array(found.classes, pa.string()).take(found.class_at).to_pylist()
    ids = facts["record_id"].to_pylist()
    return {record_id: name for record_id, name in zip(ids, names, strict=True) if name is not None}
