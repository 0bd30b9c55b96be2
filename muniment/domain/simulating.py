"""What a change of schedule would do to the records held: two plans of the same records, side by side."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.columns import grouped, words_of
from muniment.domain.disposal import DisposalPlan, Fate
from schemas.errors import IntegrityError

__all__ = ["Change", "Simulation", "compare"]

_NEVER: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Records that one class has before and another (or the same) after, counted by what becomes of them.

    None: no class. On the day asked `due_before` and `due_after` are due, to be reviewed or transferred.
    The end of `sooner` and `later` ones moves, "never" being the latest; `first_due` is the first day on
    which one of them may go.
    """

    class_before: str | None
    class_after: str | None
    records: int
    due_before: int
    due_after: int
    sooner: int
    later: int
    first_due: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Every pair of classes; and how many records would be destroyed, reviewed or transferred then."""

    before: str | None
    after: str
    as_of: date
    changes: tuple[Change, ...]

    @property
    def sooner(self) -> int:
        """How many records end sooner."""
        return sum(change.sooner for change in self.changes)

    @property
    def later(self) -> int:
        """How many records end later."""
        return sum(change.later for change in self.changes)

    @property
    def records(self) -> int:
        """How many records were looked at."""
        return sum(change.records for change in self.changes)


def compare(before: DisposalPlan | None, after: DisposalPlan) -> Simulation:
    """Return what changes from one plan to another of the same records, in the same order.

    Args:
        before: A plan by the version in force; None: there is none, and all is kept.
        after: A plan by the version that is tried.

    Raises:
        IntegrityError: The two are not of the same records.
    """
    new = _row_of(after)
    old = _row_of(before) if before is not None else _kept(after)
    if before is not None and not before.items["record_id"].equals(after.items["record_id"]):
        raise IntegrityError("Two plans of different records cannot be compared.", remedy="Run it again.")
    table = pa.table(
        {
            "before": old["class"],
            "after": new["class"],
            "was": old["acts"].cast(pa.int64()),
            "is": new["acts"].cast(pa.int64()),
            "sooner": pc.less(new["end"], old["end"]).cast(pa.int64()),
            "later": pc.greater(new["end"], old["end"]).cast(pa.int64()),
            "first": new["due"],
        }
    )
    sums: list[tuple[Any, str]] = [
        *((name, "sum") for name in ("was", "is", "sooner", "later")),
        ("first", "min"),
        ([], "count_all"),
    ]
    rows = grouped(table, ["before", "after"], sums).to_pylist()
    changes = [
        Change(
            class_before=row["before"],
            class_after=row["after"],
            records=row["count_all"],
            due_before=row["was_sum"],
            due_after=row["is_sum"],
            sooner=row["sooner_sum"],
            later=row["later_sum"],
            first_due=row["first_min"],
        )
        for row in rows
    ]
    return Simulation(
        before=None if before is None else before.schedule,
        after=after.schedule or "",
        as_of=after.as_of,
        changes=tuple(sorted(changes, key=lambda one: (one.class_before or "", one.class_after or ""))),
    )


def _row_of(plan: DisposalPlan) -> dict[str, pa.Array]:
    items = plan.items
    due = items["due_from"].combine_chunks()
    first = pc.min_element_wise(due.cast(pa.int32()), items["review_on"].combine_chunks().cast(pa.int32()))
    return {
        "class": words_of(items, "class"),
        "acts": pc.not_equal(words_of(items, "fate"), Fate.KEPT.value),
        "end": pc.fill_null(first, _NEVER),
        "due": first.cast(pa.date32()),
    }


def _kept(plan: DisposalPlan) -> dict[str, pa.Array]:
    """Return what holds where no schedule is in force: no class, and everything stays."""
    length = plan.items.num_rows
    return {
        "class": pa.nulls(length, pa.string()),
        "acts": pa.repeat(pa.scalar(value=False), length),
        "end": pa.repeat(pa.scalar(_NEVER, pa.int32()), length),
        "due": pa.nulls(length, pa.date32()),
    }
