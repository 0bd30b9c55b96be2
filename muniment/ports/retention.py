"""What the services need of the register's retention: schedules, facts, windows, cases, decisions, transfers.

`ports.Register` is one of these too. What changes something is called inside `begin`, so that it is audited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from muniment.domain.classifying import Window
    from muniment.domain.duties import Cases
    from muniment.domain.triggers import Facts, Scope

__all__ = ["AdoptedSchedule", "Fact", "NewDecision", "Reclassification", "Retention", "Transfer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedSchedule:
    """A version as it was adopted; `text` is the whole file."""

    version: str
    effective_from: date
    digest: bytes
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """That an event happened on a London day; `on` None: that it did not, after all."""

    event: str
    scope: Scope
    name: str
    on: date | None
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDecision:
    """An officer's decision about a record or a thread: another class, or a longer period.

    `shortens`: it ends something sooner, and counts once another person has approved it.
    """

    scope: Scope
    name: str
    retention_class: str | None
    until_on: date | None
    reason: str
    shortens: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reclassification:
    """A decision as it is kept, with its number."""

    number: int
    decision: NewDecision
    by: str
    at: datetime
    approved_by: str | None
    approved_at: datetime | None

    @property
    def counts(self) -> bool:
        """Whether it is in force."""
        return not self.decision.shortens or self.approved_by is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A package made for the record office; `receipt` None: it has not been received yet."""

    transfer: str
    schedule: str | None
    records: int
    manifest_digest: bytes
    by: str
    at: datetime
    receipt: str | None = None
    received_by: str | None = None
    received_at: datetime | None = None


class Retention(Protocol):
    """Everything that plans depend on and that people decide or record."""

    def adopt_schedule(self, council: str, adopted: AdoptedSchedule) -> None:
        """Keep a version.

        Raises:
            BadInputError: The version is adopted already, or does not take effect after the newest one.
        """
        ...

    def schedules(self, council: str) -> tuple[AdoptedSchedule, ...]:
        """Return every adopted version, by the day it takes effect."""
        ...

    def add_fact(self, council: str, fact: Fact) -> None:
        """Record an event, correct its date, or take it back: the newest row counts."""
        ...

    def fact_history(self, council: str) -> tuple[Fact, ...]:
        """Return all that was recorded, oldest first."""
        ...

    def facts(self, council: str) -> Facts:
        """Return what counts."""
        ...

    def set_window(self, council: str, window: Window, *, reason: str, by: str, at: datetime) -> None:
        """Open a window, or give it other days or accounts: the newest row counts."""
        ...

    def retention_windows(self, council: str) -> tuple[Window, ...]:
        """Return the windows as they stand, by first day."""
        ...

    def set_case(
        self, council: str, case_id: str, retention_class: str, *, reason: str, by: str, at: datetime
    ) -> None:
        """Give a case its class, or another."""
        ...

    def link_to_case(
        self, council: str, case_id: str, record_ids: Iterable[str], *, by: str, at: datetime
    ) -> int:
        """Link records to a case; return how many are new to it."""
        ...

    def retention_cases(self, council: str) -> Cases:
        """Return the class of each case and the cases of each record."""
        ...

    def add_decision(self, council: str, new: NewDecision, *, by: str, at: datetime) -> int:
        """Keep an officer's decision; return its number."""
        ...

    def approve_decision(self, council: str, number: int, *, by: str, at: datetime) -> None:
        """Let a decision that shortens count.

        Raises:
            BadInputError: There is no such decision that waits for approval.
        """
        ...

    def reclassifications(self, council: str) -> tuple[Reclassification, ...]:
        """Return every decision about records that are still held, oldest first."""
        ...

    def add_transfer(self, council: str, transfer: Transfer, record_ids: Iterable[str]) -> None:
        """Keep that a package was made, and of what."""
        ...

    def receive_transfer(self, council: str, transfer: str, *, receipt: str, by: str, at: datetime) -> None:
        """Keep the record office's receipt.

        Raises:
            BadInputError: There is no such package, or it was received already.
        """
        ...

    def transfers(self, council: str) -> tuple[Transfer, ...]:
        """Return every package, oldest first."""
        ...

    def transferred_records(self, council: str) -> Mapping[str, str]:
        """Return the records that the record office has received, with the package each came in."""
        ...

    def transfer_records(self, council: str, transfer: str) -> tuple[str, ...]:
        """Return the records of a package that are still held here, sorted."""
        ...

    def confirmed_gone(self, council: str, accounts: Sequence[str]) -> Mapping[str, tuple[str, datetime]]:
        """Return records gone at these accounts and live at no other, with account and time of the answer."""
        ...
