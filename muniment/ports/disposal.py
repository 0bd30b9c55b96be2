"""What the services need of the register's ledger of disposal. `ports.Register` is one of these too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    import pyarrow as pa

    from muniment.domain.disposal_run import Approval, Run, RunState, Said
    from muniment.domain.stub import Stub

__all__ = ["DisposalLedger", "Drafted", "Erased", "ErasedRecords", "Intent", "Stubs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A run past the point of no return: exactly these records, whatever comes."""

    run: str
    record_ids: pa.Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """Records that a commit of the archive erased."""

    commit_no: int
    record_ids: pa.Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """What of stubs takes long to make and may be made before the transaction that enters them.

    `stubs` has a row for each record: `record_id`, its `digest` under the key `key_id`, the `stub_id` drawn
    for it, and `native_ids`: what platforms called it when presence stood at commit `watermark`.
    """

    key_id: str
    watermark: int
    stubs: pa.Table


class Stubs(Protocol):
    """What remains of destroyed records, and what is being destroyed."""

    def disposed(self, council: str, record_ids: Sequence[str]) -> frozenset[str]:
        """Return which of these were destroyed, or are in an open intent, under every key ever used.

        Raises:
            IntegrityError: A key that stubs were made with is missing: what it hides could come back.
        """
        ...

    def stub(self, council: str, record_id: str) -> Stub | None:
        """Return what remains of a record that somebody names; None: it was never destroyed here."""
        ...

    def last_stub_on(self, council: str, key_id: str) -> date | None:
        """Return the London day of the newest disposal whose stubs stand under a key; None: none do."""
        ...

    def councils_under(self, key_id: str) -> frozenset[str]:
        """Return the councils of which stubs stand under a key."""
        ...

    def end_stubs(self, council: str, key_id: str) -> None:
        """Drop a council's stubs under a key, whose period has ended; call it inside `begin`."""
        ...

    def stub_too(self, council: str, *, known: str, other: str, now: datetime) -> None:
        """Let what remains of a destroyed record stand for another id of it too; call it inside `begin`."""
        ...

    def stub_counts(self, council: str) -> Mapping[str, int]:
        """Return how many stubs stand under each key."""
        ...

    def ids_digest(self, council: str, record_ids: Sequence[str]) -> bytes:
        """Return the keyed digest of ids under the key in use, 32 bytes."""
        ...


class ErasedRecords(Protocol):
    """What a view of the archive (an index, presence) must leave out or drop to follow it."""

    def erasures(self, council: str, *, after: int) -> Iterator[Erased]:
        """Yield the erasures of later commits whose ids are still known, oldest first."""
        ...

    def last_closed_erasure(self, council: str) -> int:
        """Return the commit of the last erasure whose ids are gone: a view older than it starts anew."""
        ...

    def intents(self, council: str) -> tuple[Intent, ...]:
        """Return the open intents whose erasure is not recorded yet."""
        ...

    def begin_rebuild(self, council: str, name: str, *, commit_no: int, owner: str | None = None) -> None:
        """Say that an index is being built anew: runs close after it, or once the process died that does it.

        `owner` names that process; None: it is this one.
        """
        ...

    def end_rebuild(self, council: str, name: str, *, owner: str | None = None) -> None:
        """Say that it is built, or was given up."""
        ...

    def rebuilding(self, council: str) -> tuple[str, ...]:
        """Return the indexes that are being built anew."""
        ...


class DisposalLedger(Protocol):
    """Runs of disposal. Call what changes one inside `begin`, so that the act is audited with it."""

    def add_run(self, run: Run, items: pa.Table) -> None:
        """Enter a proposed run with its list."""
        ...

    def disposal_run(self, council: str, run: str) -> Run:
        """Return a run.

        Raises:
            BadInputError: There is no such run.
        """
        ...

    def disposal_runs(self, council: str) -> tuple[Run, ...]:
        """Return every run, oldest first."""
        ...

    def run_items(self, council: str, run: str) -> pa.Table:
        """Return a run's list; empty once the run has closed."""
        ...

    def move_run(
        self, council: str, run: str, state: RunState, *, waits_until: datetime | None = None
    ) -> None:
        """Give a run another state. Under review again, whatever was approved of it has ended."""
        ...

    def decide(self, council: str, run: str, said: Said) -> None:
        """Add a decision."""
        ...

    def decisions(self, council: str, run: str) -> tuple[Said, ...]:
        """Return a run's decisions, oldest first."""
        ...

    def approve_run(self, council: str, run: str, approval: Approval) -> None:
        """Add an approval; a person's second replaces the first."""
        ...

    def run_approvals(self, council: str, run: str) -> tuple[Approval, ...]:
        """Return a run's approvals, oldest first."""
        ...

    def co_review(self, council: str, run: str, team: str, *, by: str, at: datetime) -> None:
        """Note that somebody looked at a list for a team that has a say in it."""
        ...

    def co_reviews(self, council: str, run: str) -> Mapping[str, str]:
        """Return who looked at a list for which team; nobody did once it is under review again."""
        ...

    def draft_stubs(self, council: str, record_ids: pa.Array) -> Drafted:
        """Make of these records' stubs what takes long; nothing is written, and nobody waits for it."""
        ...

    def open_intent(
        self,
        council: str,
        run: str,
        doomed: pa.Table,
        *,
        commit_no: int,
        dropped: Mapping[str, int],
        now: datetime,
        drafted: Drafted | None = None,
    ) -> None:
        """Write intent and stubs: from here the run only goes forward.

        Args:
            council: The council.
            run: The run, not yet executing.
            doomed: Its records: `record_id`, `thread_id` and the facts of `Stub`, as columns.
            commit_no: The archive's last commit.
            dropped: How many of the approved records drop out, by reason.
            now: The present.
            drafted: Made before, of these records or more; what of it no longer holds is made again.
        """
        ...

    def intent_ids(self, council: str, run: str) -> pa.Array:
        """Return the ids of a run's intent; empty before it, and once the run has closed."""
        ...

    def note_erasure(self, council: str, run: str, *, commit_no: int, counts: Mapping[str, int]) -> None:
        """Remember at which commit the archive erased them, and what that came to."""
        ...

    def run_erasure(self, council: str, run: str) -> Mapping[str, int]:
        """Return what the erasure came to, in counts."""
        ...

    def note_proofs(self, council: str, run: str, proofs: bytes, *, done_at: datetime | None) -> None:
        """Remember what each store proved (JSON); `done_at`: every store but the indexes has."""
        ...

    def run_proofs(self, council: str, run: str) -> bytes | None:
        """Return what each store proved (JSON)."""
        ...

    def next_certificate(self, council: str) -> int:
        """Return the number that the next certificate gets."""
        ...

    def close_run(self, council: str, run: str, certificate: bytes, *, number: int, now: datetime) -> None:
        """Drop the ids, keep counts, digest and stubs; the run is certified."""
        ...

    def certificate(self, council: str, run: str) -> bytes | None:
        """Return a run's certificate, as it was signed."""
        ...

    def amend_certificate(self, council: str, run: str, certificate: bytes) -> None:
        """Replace a certificate by one that adds what became of remaining copies."""
        ...

    def forget(self, council: str, record_ids: Sequence[str]) -> Mapping[str, int]:
        """Clear ids of destroyed records from the register; return how many rows by table. Idempotent."""
        ...

    def mentions(self, council: str, record_ids: Sequence[str]) -> int:
        """Return how many rows of the register name one of these records, but for the runs' own intents."""
        ...
