"""Executing a disposal: the one place where records are destroyed (store.md 4, data-model.md 8).

    holds, schedule, approvals, versions read -> archive's lock -> council's row: what of it changed since
    -> intent and stubs -> one rewriting commit, files and media removed -> lock freed -> register, indexes
    -> proofs -> certificate

Before the intent, anything that changed since the approval stops the run or drops the record, with a reason.
From the intent on it only goes forward: exactly its records, whatever comes; a step that was killed or failed
is taken again by `execute`, and by whoever takes the archive's lock next. An index that is down delays the
certificate, never a capture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
import pyarrow as pa

from muniment.domain.certificate import Copy, Proof
from muniment.domain.disposal import PlanKind
from muniment.domain.disposal_events import DisposalBegun, DisposalErased, DisposalLapsed
from muniment.domain.disposal_run import Run, RunState
from muniment.domain.people import SYSTEM, Act, Actor, require
from muniment.ports import Archive, Register, SearchIndex
from muniment.services.certifying import Certifying
from muniment.services.foreseeing import Foresee
from muniment.services.giving_out import GivingOut
from muniment.services.index_upkeep import purge_index
from muniment.services.indexing import Classes
from muniment.services.rechecking import Prepared, Rechecking
from schemas.clock import Clock
from schemas.errors import MunimentError, NotApprovedError

__all__ = ["Destroying", "Executed"]

_GOES_ON: Final = frozenset({RunState.EXECUTING, RunState.VERIFYING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """What became of a run. `pending` names the stores that could not prove yet, and why."""

    run: str
    state: RunState
    records: int
    dropped: Mapping[str, int]
    pending: Mapping[str, str]
    certificate_no: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proofs:
    tries: int
    proofs: tuple[Proof, ...]


@dataclass(slots=True, kw_only=True)
class Destroying:
    """Executes the runs of one council. `actor`: who has it done; by night, the system."""

    council: str
    archive: Archive
    register: Register
    indexes: Mapping[str, SearchIndex]
    certifying: Certifying
    clock: Clock
    foresight: Mapping[PlanKind, Foresee]
    classes: Classes | None = None
    giving_out: GivingOut | None = None
    actor: Actor = SYSTEM

    def rehearse(self, run: str) -> Executed:
        """Return what `execute` would destroy at this moment, by the same code; nothing is written.

        Raises:
            NotPermittedError: The person has no role in which disposals are executed.
            NotApprovedError: It would refuse.
        """
        self._require()
        found = self.register.disposal_run(self.council, run)
        if found.state in _GOES_ON or found.state is RunState.CERTIFIED:
            return self._executed(found, {})
        decided = self._rechecking.decide(found, None, now=self.clock.now())
        return Executed(
            run=run, state=found.state, records=len(decided.doomed), dropped=decided.dropped, pending={}
        )

    def execute(self, run: str) -> Executed:
        """Destroy a run's records, or go on with what was begun; twice is once.

        Raises:
            NotPermittedError: The person has no role in which disposals are executed.
            NotApprovedError: The run is not approved as it stands, or its waiting period is not over.
            StorageError: The disk is full: make room and run it again.
            WriteConflictError: Another process was in the way: run it again.
        """
        self._require()
        found = self.register.disposal_run(self.council, run)
        if found.state is RunState.CERTIFIED:
            return self._executed(found, {})
        if found.state is not RunState.VERIFYING:
            try:
                prepared: list[Prepared] = []
                if found.state not in _GOES_ON:
                    prepared.append(self._rechecking.prepare(found, now=self.clock.now()))
                # Taken out, so that what is as long as the list is let go of before anything is rewritten.
                erasure = self.archive.erase(
                    run, lambda: self.intend(run, prepared.pop() if prepared else None)
                )
            except NotApprovedError as refused:
                self._lapse(run, refused.faults)
                raise
            found = self.register.disposal_run(self.council, run)
            if found.state is RunState.CANCELLED:
                return self._executed(found, {})
            counts = {**{f"rows_{name}": rows for name, rows in erasure.rows.items()}}
            counts |= {"media": erasure.media, "media_shared": erasure.media_shared}
            counts |= {"files_rewritten": erasure.files_rewritten, "files_removed": erasure.files_emptied}
            with self.register.begin(self.council, SYSTEM, now=self.clock.now()) as trail:
                if self.register.disposal_run(self.council, run).state is RunState.EXECUTING:
                    self.register.note_erasure(self.council, run, commit_no=erasure.commit_no, counts=counts)
                    trail.record(DisposalErased(run=run, commit_no=erasure.commit_no, counts=counts))
        return self._prove_and_close(run)

    def begun(self) -> tuple[str, ...]:
        """Return the runs that were begun and have no certificate yet."""
        runs = self.register.disposal_runs(self.council)
        return tuple(one.run for one in runs if one.state in _GOES_ON)

    def due(self) -> tuple[str, ...]:
        """Return the runs whose waiting period is over."""
        now = self.clock.now()
        return tuple(
            one.run
            for one in self.register.disposal_runs(self.council)
            if one.state is RunState.WAITING and one.waits_until is not None and one.waits_until <= now
        )

    def proofs(self, run: str) -> tuple[Proof, ...]:
        """Return what each store showed when it was last asked."""
        told = self.register.run_proofs(self.council, run)
        found: tuple[Proof, ...] = () if told is None else msgspec.json.decode(told, type=_Proofs).proofs
        return found

    def intend(self, run: str, prepared: Prepared | None = None) -> pa.Array:
        """Decide, and write intent and stubs, in one transaction; called under the archive's lock.

        Args:
            run: The run.
            prepared: What was decided before, outside; only what has changed since is read again.

        Raises:
            NotApprovedError: The list as a whole may not be executed.
        """
        now = self.clock.now()
        ids = self._intended(run, prepared, now=now)
        pa.default_memory_pool().release_unused()
        return ids

    def _intended(self, run: str, prepared: Prepared | None, *, now: datetime) -> pa.Array:
        with self.register.begin(self.council, self.actor, now=now) as trail:
            found = self.register.disposal_run(self.council, run)
            if found.state in _GOES_ON:
                return self.register.intent_ids(self.council, run)
            decided = self._rechecking.decide(found, prepared, now=now)
            ids = decided.doomed["record_id"].combine_chunks()
            if not len(ids):
                self.register.move_run(self.council, run, RunState.CANCELLED)
                reasons = tuple(f"{why}: {count}" for why, count in decided.dropped.items())
                trail.record(DisposalLapsed(run=run, reasons=reasons, after=RunState.CANCELLED.value))
                return ids
            self.register.open_intent(
                self.council,
                run,
                decided.doomed,
                commit_no=decided.commit_no,
                dropped=decided.dropped,
                now=now,
                drafted=decided.drafted,
            )
            opened = self.register.disposal_run(self.council, run)
            trail.record(
                DisposalBegun(
                    run=run,
                    records=len(ids),
                    ids_digest=(opened.intent_digest or b"").hex(),
                    key_id=opened.key_id or "",
                    dropped=decided.dropped,
                    schedule=opened.schedule,
                    commit_no=decided.commit_no,
                )
            )
        return ids

    def _require(self) -> None:
        if self.actor != SYSTEM:  # the nightly flow executes what two people approved
            require(self.actor, Act.RUN_DISPOSAL)

    @property
    def _rechecking(self) -> Rechecking:
        return Rechecking(
            council=self.council,
            archive=self.archive,
            register=self.register,
            foresight=self.foresight,
        )

    def _lapse(self, run: str, faults: Sequence[str]) -> None:
        """Send a list whose approvals have ended back to its reviewers."""
        if not faults:
            return
        with self.register.begin(self.council, SYSTEM, now=self.clock.now()) as trail:
            if self.register.disposal_run(self.council, run).state is RunState.WAITING:
                self.register.move_run(self.council, run, RunState.UNDER_REVIEW)
                after = RunState.UNDER_REVIEW.value
                trail.record(DisposalLapsed(run=run, reasons=tuple(faults), after=after))

    def _prove_and_close(self, run: str) -> Executed:
        """Clear register and indexes, prove the absence in every store, certify; idempotent."""
        found = self.register.disposal_run(self.council, run)
        ids = self.register.intent_ids(self.council, run)
        words: list[str] = ids.to_pylist()
        self.register.forget(self.council, words)
        proofs = [self._archive_proof(ids), self._register_proof(words)]
        given = self.giving_out
        if given is not None:
            proofs.append(given.clear(words))
        copies: list[Copy] = []
        building = self.register.rebuilding(self.council)
        for name, index in self.indexes.items():
            if building:  # it may have read what is gone: purged and proved once it stands
                waits = "an index is being built anew"
                proofs.append(Proof(store=name, proved=False, counts={}, pending=waits))
                continue
            proof, elsewhere = self._index_proof(name, index, words)
            proofs.append(proof)
            copies += elsewhere
        here = all(one.proved for one in proofs[:2])
        tries = _tries(self.register.run_proofs(self.council, run)) + 1
        told = msgspec.json.encode(_Proofs(tries=tries, proofs=tuple(proofs)))
        done_at = (found.done_at or self.clock.now()) if here else None
        self.register.note_proofs(self.council, run, told, done_at=done_at)
        pending = {one.store: one.pending or "something is left" for one in proofs if not one.proved}
        if not pending:
            listed = () if given is None else [(one, given.lies(one.given)) for one in given.holding(words)]
            self.certifying.certify(run, proofs, copies, tries=tries, given_out=listed)
        return self._executed(self.register.disposal_run(self.council, run), pending)

    def _archive_proof(self, ids: pa.Array) -> Proof:
        left = self.archive.remains(ids)
        counts = {
            "rows_left": left.rows,
            "files_not_in_the_log": left.stray_files,
            "media_that_no_row_names": left.unnamed_media,
            "table_version": left.table_version,
        }
        proved = not (left.rows or left.stray_files or left.unnamed_media)
        return Proof(store="archive and media", proved=proved, counts=counts)

    def _register_proof(self, words: Sequence[str]) -> Proof:
        left = self.register.mentions(self.council, words)
        known = len(self.register.disposed(self.council, words))
        counts = {"rows_left": left, "stubs": known}
        return Proof(store="register", proved=not left and known == len(words), counts=counts)

    def _index_proof(
        self, name: str, index: SearchIndex, words: Sequence[str]
    ) -> tuple[Proof, Sequence[Copy]]:
        """Purge one index. Whatever stops it, it is told and tried again; nobody waits for it."""
        try:
            purged = purge_index(
                self.archive, index, self.council, words, erased=self.register, classes=self.classes
            )
        except MunimentError as error:
            return Proof(store=name, proved=False, counts={}, pending=error.message), ()
        counts = {
            "entries": purged.entries,
            "terms_left": purged.terms_left,
            "copies_left": purged.copies_left,
            "watermark": purged.watermark,
        }
        proof = Proof(store=name, proved=purged.proved, counts=counts)
        return proof, [Copy(what=one) for one in purged.elsewhere]

    def _executed(self, found: Run, pending: Mapping[str, str]) -> Executed:
        return Executed(
            run=found.run,
            state=found.state,
            records=found.intent_count or 0,
            dropped=found.dropped or {},
            pending=pending,
            certificate_no=found.certificate_no,
        )


def _tries(proofs: bytes | None) -> int:
    return 0 if proofs is None else msgspec.json.decode(proofs, type=_Proofs).tries
