"""What the services need of the register's audit chain. `ports.Register` is one of these too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from datetime import date, datetime

    from muniment.domain.audit import Entry
    from muniment.domain.events import Event, Term
    from muniment.domain.people import Actor, Appointment, Membership

__all__ = ["AuditChain", "AuditTrail", "People"]


class AuditTrail(Protocol):
    """An open transaction of one person's act; what is recorded commits with the facts beside it."""

    council: str
    actor: Actor
    now: datetime

    def record(self, event: Event) -> int:
        """Append an entry; return its number."""
        ...


class AuditChain(Protocol):
    """The append-only chain of a council's acts and reads (data-model.md 7)."""

    def begin(self, council: str, actor: Actor, *, now: datetime) -> AbstractContextManager[AuditTrail]:
        """Open a transaction that holds the council's row: facts and their audit entries are one.

        Whatever this thread asks of the register inside the block, reading or writing, happens in the same
        transaction; on an error nothing of it was done. Keep it short: the council's writers wait.

        Raises:
            WriteConflictError: Another process held the council's row for a minute.
            StorageError: The disk is full or the server is away; nothing was written.
        """
        ...

    def audit_head(self, council: str) -> bytes:
        """Return the digest of the last entry, 32 bytes; `NO_ENTRY` when there is none."""
        ...

    def knows_audit_head(self, council: str, head: bytes) -> bool:
        """Return whether an entry has this digest, or a person has said to go on without it."""
        ...

    def audit_entries(
        self,
        council: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        tags: tuple[str, ...] = (),
    ) -> Iterator[Entry]:
        """Yield entries in order, `since` included, `until` not."""
        ...

    def destroy_audit_texts(
        self, council: str, actor: Actor, *, term: Term, before: datetime, reason: str, now: datetime
    ) -> int:
        """Destroy the texts of a term that are older than `before`, and say so; return how many."""
        ...


class People(Protocol):
    """Who has which role. Call it inside `begin`, so that the act is audited."""

    def appointments(self, council: str) -> tuple[Appointment, ...]:
        """Return every appointment there was, by person, role and first day."""
        ...

    def appoint(self, council: str, appointment: Appointment) -> None:
        """Give a person a role."""
        ...

    def end_appointment(self, council: str, appointment: Appointment, *, until_on: date) -> None:
        """Give an appointment its last day."""
        ...

    def memberships(self, council: str) -> tuple[Membership, ...]:
        """Return every membership of a team there was, by person, team and first day."""
        ...

    def admit(self, council: str, membership: Membership) -> None:
        """Put a person into a team."""
        ...

    def end_membership(self, council: str, membership: Membership, *, until_on: date) -> None:
        """Give a membership its last day."""
        ...
