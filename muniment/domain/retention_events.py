"""What the audit chain says of retention: schedules, recorded events, classes, cases, transfers. Pure.

A record or a thread is told by its keyed digest, never by its id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from muniment.domain.event import Event, Tag

__all__ = [
    "CaseLinked",
    "ClassApproved",
    "ClassDecided",
    "ScheduleAdopted",
    "TransferMade",
    "TransferReceived",
    "TriggerRecorded",
    "WindowSet",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleAdopted(Event):
    """A version of the retention schedule was adopted; `simulated` is what it does to the records held."""

    tag: ClassVar[Tag] = Tag.SCHEDULE_ADOPTED
    version: str
    effective_from: date
    sha256: str
    minute_reference: str
    before: str | None
    simulated: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerRecorded(Event):
    """An event that periods count from was recorded, corrected, or (after: None) taken back.

    `about` is a name; of a record or a thread its keyed digest.
    """

    tag: ClassVar[Tag] = Tag.TRIGGER_RECORDED
    event: str
    scope: str
    about: str
    before: date | None
    after: date | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSet(Event):
    """A pre-election period, an emergency or an alert was opened, or given other days or accounts."""

    tag: ClassVar[Tag] = Tag.WINDOW_SET
    name: str
    kind: str
    before: tuple[date | None, ...]
    since: date
    until: date | None
    accounts: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLinked(Event):
    """A case was given a class, and records were linked to it."""

    tag: ClassVar[Tag] = Tag.CASE_LINKED
    case_id: str
    before: str | None
    after: str
    records: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassDecided(Event):
    """An officer gave a record or a thread another class, or a longer period.

    `shortens`: it counts only once another person has approved it.
    """

    tag: ClassVar[Tag] = Tag.CLASS_DECIDED
    number: int
    scope: str
    record_key: str
    before: str | None
    after: str | None
    until_on: date | None
    shortens: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassApproved(Event):
    """Another person approved a decision that ends something sooner."""

    tag: ClassVar[Tag] = Tag.CLASS_APPROVED
    number: int
    decided_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferMade(Event):
    """A package for the record office was made and verified."""

    tag: ClassVar[Tag] = Tag.TRANSFER_MADE
    transfer: str
    schedule: str | None
    records: int
    manifest_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferReceived(Event):
    """The record office's receipt was entered."""

    tag: ClassVar[Tag] = Tag.TRANSFER_RECEIVED
    transfer: str
    receipt: str
