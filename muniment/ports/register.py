"""The register database as one: every part of it, and the accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from muniment.domain.people import SYSTEM, Actor
from muniment.ports.audit import AuditChain, People
from muniment.ports.coverage import Coverage, Queue
from muniment.ports.disposal import DisposalLedger, ErasedRecords, Stubs
from muniment.ports.given_out import GivenOutBook
from muniment.ports.holds import Holds
from muniment.ports.presence import PresenceView
from muniment.ports.restoring import Restoring
from muniment.ports.retention import Retention
from muniment.ports.saved_searches import SavedSearches
from muniment.ports.walks import Walks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from schemas.account import Account
    from schemas.vocabulary import Reason

__all__ = ["Enrolled", "Register"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """An account as the register knows it: its settings now, and what checks and people have fixed."""

    account: Account
    checked_at: datetime | None
    confirmed_backfill: bool
    paused: Reason | None
    first_enrolled_at: datetime
    closed_at: datetime | None = None


class Register(
    PresenceView,
    Walks,
    Queue,
    Coverage,
    AuditChain,
    People,
    Holds,
    Stubs,
    ErasedRecords,
    DisposalLedger,
    Restoring,
    Retention,
    SavedSearches,
    GivenOutBook,
    Protocol,
):
    """The register database: how far each walk got, what we could not see, what was asked when."""

    def enrol(
        self,
        council: str,
        accounts: Sequence[Account],
        *,
        source_digest: bytes,
        now: datetime,
        actor: Actor = SYSTEM,
    ) -> None:
        """Take in the council's file: settings that changed become a new row of the history, audited."""
        ...

    def enrolled(self, council: str) -> tuple[Enrolled, ...]:
        """Return the accounts of a council that are open."""
        ...

    def ever_enrolled(self, council: str) -> tuple[Enrolled, ...]:
        """Return the accounts of a council that are open, and those that were: their records are held."""
        ...

    def identify(
        self, council: str, account: str, *, native_id: str, handle: str, site: str | None, now: datetime
    ) -> None:
        """Fix what a check found.

        Raises:
            WrongAccountError: The register already knows another native_id.
        """
        ...

    def confirm_backfill(self, council: str, account: str, *, by: Actor, now: datetime) -> None:
        """Remember that a person said yes to the estimate, audited."""
        ...

    def pause(self, council: str, account: str, reason: Reason | None, *, now: datetime) -> None:
        """Pause an account until its credential changes, or (None) let it go on; audited."""
        ...

    def council_ids(self, council: str, platform: str) -> frozenset[str]:
        """Return the native ids of the council's accounts on a platform: who writes as the council."""
        ...

    def settings_at(self, council: str, account: str, at: datetime) -> Account | None:
        """Return what was asked for an account at a moment."""
        ...
