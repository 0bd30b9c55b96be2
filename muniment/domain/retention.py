"""A retention schedule as values: classes, the rules that give a record its class, who signed it.

"Class determines destiny": a record has one class under one version of the schedule, and a class without a
period cannot be. A template, or a schedule that nobody signed, disposes of nothing (records-law.md 4.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from muniment.domain.period import Duration, Period, YearKind, events_of
from schemas.vocabulary import AccountKind, AuthorRole, Kind, Series

__all__ = [
    "CLOSING",
    "DERIVED",
    "EVENTS",
    "Action",
    "AfterTransfer",
    "ClassRule",
    "Defaults",
    "Level",
    "RetentionClass",
    "Schedule",
    "SignOff",
    "Status",
    "WindowKind",
    "in_force",
    "refusal",
]


class Action(StrEnum):
    """What happens when a period has ended."""

    DESTROY = "destroy"
    REVIEW = "review"
    TRANSFER = "transfer"
    PERMANENT = "permanent"
    ANONYMISE = "anonymise"


class AfterTransfer(StrEnum):
    """What happens here to what the record office has received."""

    KEEP = "keep"
    DESTROY = "destroy"


class Level(StrEnum):
    """What a class is about; comments of one thread are disposed of together whatever their class."""

    ITEM = "item"
    POST = "post"
    THREAD = "thread"
    CASE = "case"
    ACCOUNT = "account"


class Status(StrEnum):
    """How far a schedule has come."""

    TEMPLATE = "template"
    ADOPTED = "adopted"
    WITHDRAWN = "withdrawn"


class WindowKind(StrEnum):
    """A stretch of days in which other rules apply."""

    PRE_ELECTION = "pre-election"
    EMERGENCY = "emergency"
    CAMPAIGN = "campaign"
    ALERT = "alert"


DERIVED: Final = frozenset({"published", "created", "received", "captured", "last_action"})
"""Events that every record has: its own dates, taken from the archive."""

CLOSING: Final = frozenset({"thread_closed", "enquiry_closed"})
"""Events of a thread: recorded by a person, or reached when nothing new came for the class's `quiet`."""

EVENTS: Final[Mapping[str, str]] = {
    "published": "the record's own date at its platform",
    "created": "the record's own date at its platform",
    "received": "the record's own date at its platform",
    "captured": "the day on which the archive first captured it",
    "last_action": "the day of its newest version, or a later day that is recorded",
    "thread_closed": "nothing new in the thread for as long as the class says, or closed by a person",
    "enquiry_closed": "nothing new in the thread for as long as the class says, or closed by a person",
    "account_closed": "the council closed the account",
    "access_removed": "a person's access to an account ended",
    "block_lifted": "a block was lifted",
    "action_taken": "a moderator acted",
    "case_closed": "the case was closed, reviews and complaints included",
    "final_determination": "a conduct complaint was finally determined",
    "last_court_date": "the last day in court",
    "order_ends": "a court order ended; without an order, the last court date",
    "disclosure": "a report was disclosed to the police",
    "leaves_employment": "the employee left",
    "authorisation_ends": "an authorisation ended",
    "date_of_birth": "the birth of the person concerned",
    "terms_end": "the contract or term of office ended",
    "results_published": "the results of a consultation were published",
    "result_declared": "the result of the election was declared",
    "stand_down": "the emergency was stood down",
    "superseded": "a newer version replaced it",
    "issued": "it was issued",
}
"""Every event that a schedule may count from without declaring it, and what it means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionClass:
    """One class: what it holds, from which event how long, and then what; on whose authority.

    `quiet` is how long a thread has nothing new before it counts as closed; None: only a person closes it.
    `restricted_to` names who alone may see and plan it, `co_review` the service that looks at each list too.
    `confidence` is how well the authority was checked (V, V2 or GK). `written` is the period as the officer
    wrote it. `evidence_of` are the claims of which its records may be evidence; `floors` how long these keep
    them at least (`floors.class_ending`), none where `below_floor` says why the class may go below.
    """

    code: str
    title: str
    description: str
    level: Level
    event: str
    count_from: str | None
    quiet: Duration | None
    period: Period
    written: str
    action: Action
    after_transfer: AfterTransfer
    authority: str
    confidence: str
    restricted_to: str | None
    co_review: str | None
    evidence_of: frozenset[str]
    floors: tuple[Duration, ...]
    below_floor: str | None
    notes: str | None

    @property
    def events(self) -> frozenset[str]:
        """The events that must be known before its period can end."""
        return frozenset(self.event if event == "trigger" else event for event in events_of(self.period))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRule:
    """Gives a class to records that meet every condition; an empty condition is met by all.

    The first rule that fits decides. `window` is met by records dated in a window of that kind, of that
    account. `thread_answered`: the council and the public both wrote in its thread; `thread_public`: the
    public did. `since` and `until` are the record's own London date, both included.
    """

    name: str
    gives: str
    authority: str = ""
    accounts: frozenset[str] = frozenset()
    account_kinds: frozenset[AccountKind] = frozenset()
    platforms: frozenset[str] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    series: frozenset[Series] = frozenset()
    author_roles: frozenset[AuthorRole] = frozenset()
    window: WindowKind | None = None
    thread_answered: bool | None = None
    thread_public: bool | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """The class of what no rule knows, and whether comments of one thread go together."""

    own_post: str
    comment: str
    message: str
    together: bool
    waiting_period: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """Who adopted a schedule, as which officer, when, and where that is minuted."""

    council: str | None
    approved_by: str | None
    role: str | None
    on: date | None
    minute_reference: str | None

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields that are still empty, by the names that the file gives them."""
        fields = {
            "council": self.council,
            "approved_by": self.approved_by,
            "role": self.role,
            "date": self.on,
            "minute_reference": self.minute_reference,
        }
        return tuple(name for name, value in fields.items() if value is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One version of a schedule. It never changes once adopted; `digest` is the SHA-256 of its text."""

    schedule_id: str
    title: str
    version: str
    effective_from: date
    status: Status
    current_year: YearKind
    sign_off: SignOff
    defaults: Defaults
    classes: Mapping[str, RetentionClass]
    rules: tuple[ClassRule, ...]
    events: Mapping[str, str]
    digest: bytes


def refusal(schedule: Schedule | None, on: date) -> str | None:
    """Return why nothing may be disposed of under a schedule on a day; None: it may be.

    Source:
        records-law.md 4.1, and the head of the template: every council signs its own.
    """
    if schedule is None:
        return "No schedule is in force: adopt one first."
    if schedule.status is not Status.ADOPTED:
        return f"Schedule {schedule.version} is {_A[schedule.status]}: it disposes of nothing."
    if schedule.sign_off.missing:
        return f"Schedule {schedule.version} is not signed off: {', '.join(schedule.sign_off.missing)}."
    if schedule.effective_from > on:
        return f"Schedule {schedule.version} is not in force before {schedule.effective_from:%-d %B %Y}."
    return None


_A: Final[Mapping[Status, str]] = {
    Status.TEMPLATE: "a template",
    Status.WITHDRAWN: "withdrawn",
    Status.ADOPTED: "adopted",
}


def in_force(versions: tuple[Schedule, ...], on: date) -> Schedule | None:
    """Return the version in force on a day: the one that took effect last. None: there is none yet."""
    begun = [one for one in versions if one.effective_from <= on]
    return max(begun, key=lambda one: one.effective_from, default=None)
