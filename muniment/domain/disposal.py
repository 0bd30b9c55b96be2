"""A disposal plan: which records may go, which may not, and why. Inert: it destroys nothing.

A plan names every record that it looked at, once, with the class and the rule that decided; disposal takes
the ids of those that are due, by whole records (data-model.md 8). Simulation, the monthly review and the
check inside the executing transaction all make their plan with the same code, and `recheck` compares two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.columns import MANY, grouped

__all__ = [
    "ITEMS",
    "WORDS",
    "DisposalPlan",
    "Fate",
    "PlanKind",
    "Recheck",
    "Why",
    "matching",
    "recheck",
]


class PlanKind(StrEnum):
    """On what a plan rests."""

    SCHEDULE = "schedule"
    HONOUR = "honour"


class Fate(StrEnum):
    """What a plan says of a record."""

    DUE = "due"
    REVIEW = "review"
    TRANSFER = "transfer"
    KEPT = "kept"


class Why(StrEnum):
    """Why a record stays, or drops out of what was approved."""

    HELD = "held"
    NOT_TRIGGERED = "not-triggered"
    NOT_YET = "not-yet"
    PERMANENT = "permanent"
    NO_CLASS = "no-class"
    THREAD = "thread"
    CASE = "case"
    EXTENDED = "extended"
    RESTRICTED = "restricted"
    TRANSFERRED = "transferred"
    UNDERWAY = "underway"
    # Only when what was approved is checked again.
    CHANGED = "changed"
    RECLASSIFIED = "reclassified"
    NOT_HELD_HERE = "not-held-here"
    OTHER_ID = "other-id"


WORDS: Final[Mapping[Why, str]] = {
    Why.HELD: "a hold stops it",
    Why.NOT_TRIGGERED: "the event that its period counts from is not recorded",
    Why.NOT_YET: "its period has not ended",
    Why.PERMANENT: "it is kept for ever",
    Why.NO_CLASS: "no rule gives it a class",
    Why.THREAD: "it goes together with its thread, of which something must stay",
    Why.CASE: "a case that it is linked to must be kept longer",
    Why.EXTENDED: "an officer extended its period",
    Why.RESTRICTED: "only those who may see its series may plan it",
    Why.TRANSFERRED: "it was transferred, and the schedule keeps it here too",
    Why.UNDERWAY: "a disposal under way has it already",
    Why.CHANGED: "a newer version came after it was approved",
    Why.RECLASSIFIED: "its class, rule or schedule, or who may see it, is another than was approved",
    Why.NOT_HELD_HERE: "it is not in the archive",
    Why.OTHER_ID: "it is held under another id too, under which it must stay",
}
"""Each reason as the end of "This record stays, because …"."""

_WORD: Final = pa.dictionary(pa.int32(), pa.string())

ITEMS: Final = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("thread_id", _WORD, nullable=False),
        pa.field("account", _WORD, nullable=False),
        pa.field("platform", _WORD, nullable=False),
        pa.field("kind", _WORD, nullable=False),
        pa.field("series", _WORD, nullable=False),
        pa.field("fate", _WORD, nullable=False),
        pa.field("why", _WORD),
        pa.field("class", _WORD),
        pa.field("rule", _WORD),
        pa.field("action", _WORD),
        pa.field("event", _WORD),
        pa.field("event_on", pa.date32()),
        pa.field("due_from", pa.date32()),
        pa.field("review_on", pa.date32()),
        pa.field("case_id", _WORD),
        pa.field("restricted_to", _WORD),
        pa.field("filed_on", pa.date32(), nullable=False),
        pa.field("first_captured_on", pa.date32(), nullable=False),
        pa.field("last_captured_on", pa.date32(), nullable=False),
        pa.field("last_commit", pa.int64(), nullable=False),
    ]
)
"""The columns of a plan; a row is a record.

`why` is null but for kept ones. `rule` is the rule that gave the class: a rule's name, "officer", "case" or
a default. `event` is the trigger that the class counts from, `event_on` its London date; `due_from` the first
day on which it may go, null when the clock does not say. `restricted_to` names the teams and roles that alone
may see the list on which it stands (`restricting`), null: all may. `last_commit` is the number of the commit
that brought its newest version: a record with a later one has changed since. Dates are Europe/London's.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalPlan:
    """What a schedule, or the platforms' deletions, make of the records held at a commit, on a day.

    `schedule` names the version it was made by, `schedule_digest` is the SHA-256 of its text; both are None
    for a plan of kind HONOUR, whose `basis` says by which decision.
    """

    council: str
    kind: PlanKind
    as_of: date
    commit_no: int
    schedule: str | None
    schedule_digest: bytes | None
    basis: str
    items: pa.Table

    def of(self, fate: Fate) -> pa.Table:
        """Return the records of one fate."""
        return self.items.filter(pc.equal(self.items["fate"], fate.value))

    @property
    def due(self) -> pa.Table:
        """The records that may be destroyed, once two people have said so."""
        return self.of(Fate.DUE)

    def counts(self, *by: str) -> tuple[Mapping[str, str | int | None], ...]:
        """Return how many records there are by some columns, such as "fate", "class", "why"; in order."""
        names = list(by) or ["fate"]
        table = grouped(_plain(self.items.select(names)), names, [([], "count_all")])
        rows = [
            {**{name: row[name] for name in names}, "records": row["count_all"]} for row in table.to_pylist()
        ]
        return tuple(sorted(rows, key=lambda row: tuple(str(row[name] or "") for name in names)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """What of an approved list may still go, and what dropped out since, with the reason."""

    record_ids: pa.Array
    dropped: pa.Table  # record_id, why


def recheck(approved: pa.Table, fresh: DisposalPlan) -> Recheck:
    """Compare what two people approved with a plan made now, of the same archive, in the same way.

    A record goes on only if it is due now, by the class and rule that were approved, may be seen by the same
    people, and no version of it has come since. Reviewers' own choices (a review or transfer that they turned
    into destruction) are approved as such: for them the class is what counts.

    Args:
        approved: Rows of an earlier plan's items: record_id, class, rule, fate, restricted_to, last_commit at
            least.
        fresh: The plan made now. It need hold only the approved records' threads.

    Source:
        records-law.md 4.4, state `rechecking`: anything changed drops that item with a reason.
    """
    names = ["class", "rule", "fate", "why", "restricted_to", "last_commit"]
    now = fresh.items.select(["record_id", *names]).rename_columns(
        ["record_id", *(f"now_{n}" for n in names)]
    )
    was = approved.select(["record_id", "class", "rule", "fate", "restricted_to", "last_commit"])
    joined = _plain(was).join(
        _plain(now), "record_id", join_type="left outer", use_threads=len(fresh.items) > MANY
    )
    joined = joined.sort_by("record_id")
    reasons = _why(joined)
    goes = pc.is_null(reasons)
    return Recheck(
        record_ids=joined["record_id"].filter(goes).combine_chunks(),
        dropped=pa.table({"record_id": joined["record_id"], "why": reasons}).filter(pc.invert(goes)),
    )


def _why(joined: pa.Table) -> pa.ChunkedArray:
    """Return for each approved record why it must stay; null: it may go.

    By columns: a list of 300,000 as rows of Python took a quarter of a gigabyte.
    """
    same = _equal(joined, "class")
    for name in ("rule", "fate", "restricted_to"):
        same = pc.and_(same, _equal(joined, name))
    why = pc.if_else(same, pa.scalar(None, pa.string()), Why.RECLASSIFIED.value)
    why = pc.if_else(_equal(joined, "last_commit"), why, Why.CHANGED.value)
    kept = pc.equal(joined["now_fate"], Fate.KEPT.value)
    why = pc.if_else(
        pc.fill_null(kept, fill_value=False), pc.fill_null(joined["now_why"], Why.CHANGED.value), why
    )
    return pc.if_else(pc.is_null(joined["now_fate"]), Why.NOT_HELD_HERE.value, why)


def _equal(joined: pa.Table, name: str) -> pa.ChunkedArray:
    """Say where a column is now what it was; nothing equals nothing."""
    was, now = joined[name], joined[f"now_{name}"]
    return pc.or_(
        pc.fill_null(pc.equal(was, now), fill_value=False), pc.and_(pc.is_null(was), pc.is_null(now))
    )


def _plain(table: pa.Table) -> pa.Table:
    """Return a table without dictionaries, which joins do not take as keys, nor as one type."""
    return table.cast(
        pa.schema(
            [
                pa.field(
                    field.name, field.type.value_type if pa.types.is_dictionary(field.type) else field.type
                )
                for field in table.schema
            ]
        )
    )


def matching(items: pa.Table, column: str, values: Sequence[str]) -> pa.Table:
    """Return the items whose column holds one of some values: a reviewer's choice by facet."""
    plain = items[column].cast(pa.string())
    return items.filter(pc.is_in(plain, pa.array(values, pa.string())))
