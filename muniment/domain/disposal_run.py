"""A disposal run: from a proposed list to a certificate, and who may take which step. Pure.

    under review -> [co-review] -> [archivist review] -> proposed -> waiting
         ^_______________|_________________|________________|___________|
    -> executing -> verifying -> certified                 (cancelled: until executing)

Reviewers and archivists say what becomes of items, by item or by facet; nobody overwrites another: of what
several people say about one item the most cautious counts. Two people approve the list as it then stands,
neither of whom prepared it, one of them the information manager. Approvals end after 30 days, or as soon as
the list is another. Source: records-law.md 4.4; the waiting period and the 30 days are our proposal there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.disposal import Fate
from muniment.domain.people import Actor, Role

__all__ = [
    "APPROVALS_LAST",
    "APPROVERS",
    "FACETS",
    "WAITING",
    "Approval",
    "Decision",
    "Outcome",
    "Run",
    "RunState",
    "Said",
    "approval_faults",
    "hands",
    "may_decide",
    "next_step",
    "outcomes",
    "signed",
]

WAITING: Final = timedelta(days=7)
APPROVALS_LAST: Final = timedelta(days=30)
FACETS: Final = ("record_id", "thread_id", "class", "rule", "account", "platform", "kind", "series", "fate")
"""The columns of a list by which items are chosen."""


class RunState(StrEnum):
    """Where a run stands. From `executing` it can only go forward."""

    PROPOSED = "proposed"
    UNDER_REVIEW = "under review"
    CO_REVIEW = "co-review"
    ARCHIVIST_REVIEW = "archivist review"
    WAITING = "waiting"
    EXECUTING = "executing"
    VERIFYING = "verifying"
    CERTIFIED = "certified"
    CANCELLED = "cancelled"


class Decision(StrEnum):
    """What a person says of items. The last two are the archivist's."""

    DESTROY = "destroy"
    RECLASSIFY = "reclassify"
    EXTEND = "extend"
    KEEP = "keep"
    TRANSFERRED = "transferred"
    DECLINED = "declined"


_ARCHIVISTS: Final = frozenset({Decision.TRANSFERRED, Decision.DECLINED})
_CAUTION: Final[Mapping[Decision, int]] = {
    Decision.DESTROY: 1,
    Decision.TRANSFERRED: 1,
    Decision.DECLINED: 1,
    Decision.RECLASSIFY: 2,
    Decision.EXTEND: 3,
    Decision.KEEP: 4,
}


class Outcome(StrEnum):
    """What becomes of an item as the list stands."""

    DESTROY = "destroy"
    RECLASSIFY = "reclassify"
    EXTEND = "extend"
    KEEP = "keep"
    UNDECIDED = "undecided"


_OUTCOMES: Final = (
    Outcome.UNDECIDED,
    Outcome.DESTROY,
    Outcome.RECLASSIFY,
    Outcome.EXTEND,
    Outcome.KEEP,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One decision: by whom, about which items (`facet` is a column, `value` what it holds), and why.

    `until_on` belongs to EXTEND, `retention_class` to RECLASSIFY. `value` None: it was an id, and the run
    has closed since.
    """

    person: str
    at: datetime
    facet: str
    value: str | None
    decision: Decision
    reason: str
    until_on: date | None = None
    retention_class: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A person's yes to the list that has this keyed digest."""

    person: str
    role: Role
    at: datetime
    list_digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as the ledger knows it; `summary`, `dropped` and `erasure` are counts.

    `restricted_to` names the teams and roles that alone may see its list; None: all who review may.
    """

    council: str
    run: str
    kind: str
    state: RunState
    schedule: str | None
    schedule_digest: bytes | None
    basis: str
    as_of: date
    plan_commit: int
    prepared_by: str
    prepared_at: datetime
    summary: Mapping[str, int]
    waits_until: datetime | None = None
    intent_at: datetime | None = None
    intent_count: int | None = None
    intent_digest: bytes | None = None
    key_id: str | None = None
    dropped: Mapping[str, int] | None = None
    erased_commit: int | None = None
    done_at: datetime | None = None
    closed_at: datetime | None = None
    certificate_no: int | None = None
    restricted_to: str | None = None


APPROVERS: Final = frozenset({Role.INFORMATION_MANAGER, Role.RECORDS_OFFICER, Role.REVIEWER})


def signed(actor: Actor) -> str:
    """Return a person as kept with an act: the login too, so that another name is not another person."""
    return actor.name if actor.login in (None, actor.name) else f"{actor.name} ({actor.login})"


def next_step(run: str, state: RunState) -> str:
    """Return what can be done about a run that stands here, for whoever asked for something else."""
    match state:
        case RunState.CERTIFIED:
            return f"It is over: `muniment dispose certificate {run}` says what was destroyed."
        case RunState.CANCELLED:
            return "It is over: `muniment dispose propose` lists what is due today."
        case RunState.EXECUTING | RunState.VERIFYING:
            return f"There is no way back: `muniment dispose status {run}` says what it waits for."
        case RunState.PROPOSED | RunState.WAITING:
            return f"`muniment dispose back {run}` opens its list again; its approvals end with that."
        case _:
            whom = f"`muniment dispose status {run}` says whom its review waits for"
            return f"{whom}, `muniment dispose send-on {run}` ends it."


def hands(person: str) -> frozenset[str]:
    """Return the names that a person who is kept so goes by; brackets may be part of the name itself."""
    name, bracket, login = person.rpartition(" (")
    told = (name, login.removesuffix(")")) if bracket and person.endswith(")") else ()
    return frozenset({person, *(one for one in told if one)})


def may_decide(decision: Decision, roles: frozenset[Role]) -> bool:
    """Return whether somebody in these roles may say this of a list's items."""
    if decision in _ARCHIVISTS:
        return Role.ARCHIVIST in roles
    return bool(roles & {Role.REVIEWER, Role.RECORDS_OFFICER})


def outcomes(items: pa.Table, said: Sequence[Said]) -> pa.Array:
    """Return what becomes of each item, as words of `Outcome`.

    Due items go unless somebody says otherwise; items to be reviewed, or to be offered to the record office,
    stay unless a person decides (for the latter: the archivist). Of one person the last word counts, of
    several the most cautious, in whatever order they spoke.

    Args:
        items: A list's items (domain.disposal.ITEMS).
        said: Every decision, oldest first.
    """
    offered = pc.equal(items["fate"].cast(pa.string()), Fate.TRANSFER.value)
    spoken: dict[str, pa.ChunkedArray] = {}
    for one in said:
        if one.value is None:  # of a record that another run has destroyed since
            continue
        chosen = pc.equal(items[one.facet].cast(pa.string()), one.value)
        if one.decision in _ARCHIVISTS:
            chosen = pc.and_(chosen, offered)
        elif one.decision is Decision.DESTROY:
            chosen = pc.and_(chosen, pc.invert(offered))
        before = spoken.get(one.person, pa.chunked_array([pa.nulls(len(items), pa.int8())]))
        word = pa.scalar(_CAUTION[one.decision], pa.int8())
        spoken[one.person] = pc.if_else(pc.fill_null(chosen, False), word, before)  # noqa: FBT003
    due = pc.equal(items["fate"].cast(pa.string()), Fate.DUE.value)
    default = pc.if_else(due, pa.scalar(1, pa.int8()), pa.scalar(0, pa.int8()))
    codes = pc.max_element_wise(*spoken.values(), default) if spoken else default
    codes = codes.combine_chunks() if isinstance(codes, pa.ChunkedArray) else codes
    return pa.array(_OUTCOMES, pa.string()).take(codes)


def approval_faults(
    approvals: Sequence[Approval], *, prepared_by: str, list_digest: bytes, now: datetime
) -> tuple[str, ...]:
    """Return what these approvals lack; none: the list may be executed once its waiting is over."""
    faults: list[str] = []
    standing = [one for one in approvals if one.list_digest == list_digest]
    if len(standing) < len(approvals):
        faults.append("the list has changed since it was approved")
    fresh = [one for one in standing if now - one.at <= APPROVALS_LAST]
    if len(fresh) < len(standing):
        faults.append(f"an approval is older than {APPROVALS_LAST.days} days")
    prepared = hands(prepared_by)
    if any(hands(one.person) & prepared for one in fresh):
        faults.append("who prepared the list has approved it")
    people: list[frozenset[str]] = []
    for one in fresh:
        mine = hands(one.person)
        if one.role in APPROVERS and not mine & prepared and not any(mine & other for other in people):
            people.append(mine)
    if len(people) < 2:  # noqa: PLR2004  # two people, records-law.md 4.4
        faults.append(f"{2 - len(people)} of two approvals missing")
    if not any(one.role is Role.INFORMATION_MANAGER for one in fresh):
        faults.append("the information manager has not approved it")
    return tuple(faults)
