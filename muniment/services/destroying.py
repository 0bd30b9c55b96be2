"""Executing a disposal: the one place where records are destroyed (store.md 4, data-model.md 8).

    archive's lock -> council's row: holds, schedule, approvals, versions read again -> intent and stubs
    -> one rewriting commit, files and media removed -> lock freed -> register, indexes -> proofs
    -> certificate

Before the intent, anything that changed since the approval stops the run or drops the record, with a reason.
From the intent on it only goes forward: exactly its records, whatever comes; a step that was killed or failed
is taken again by `execute`, and by whoever takes the archive's lock next. An index that is down delays the
certificate, never a capture.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, TypeAlias

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.certificate import Copy, Proof
from muniment.domain.disposal import DisposalPlan, PlanKind, Why, recheck
from muniment.domain.disposal_events import DisposalBegun, DisposalErased, DisposalLapsed
from muniment.domain.disposal_run import Outcome, Run, RunState, approval_faults, outcomes
from muniment.domain.people import SYSTEM, Act, Actor, london_date, require
from muniment.ports import Archive, Register, SearchIndex
from muniment.services.certifying import Certifying
from muniment.services.holding import held_now
from muniment.services.index_upkeep import purge_index
from muniment.services.indexing import Classes
from schemas.clock import Clock
from schemas.errors import MunimentError, NotApprovedError

__all__ = ["Destroying", "Executed", "Planner"]

Planner: TypeAlias = Callable[[date, Sequence[str] | None], DisposalPlan]
"""Makes a plan as of a London day: of all records, or of these and what belongs to their threads."""

_GOES_ON: Final = frozenset({RunState.EXECUTING, RunState.VERIFYING})
_BINDING: Final = (Why.HELD.value, Why.CASE.value, Why.EXTENDED.value, Why.RESTRICTED.value)
"""What keeps a record under whichever of its ids it was said."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    doomed: pa.Table
    dropped: Mapping[str, int]
    commit_no: int


@dataclass(slots=True, kw_only=True)
class Destroying:
    """Executes the runs of one council. `actor`: who has it done; by night, the system."""

    council: str
    archive: Archive
    register: Register
    indexes: Mapping[str, SearchIndex]
    certifying: Certifying
    clock: Clock
    planners: Mapping[PlanKind, Planner]
    classes: Classes | None = None
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
        decided = self._decide(found, now=self.clock.now())
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
                erasure = self.archive.erase(run, lambda: self.intend(run))
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

    def intend(self, run: str) -> pa.Array:
        """Decide, and write intent and stubs, in one transaction; called under the archive's lock.

        Raises:
            NotApprovedError: The list as a whole may not be executed.
        """
        now = self.clock.now()
        with self.register.begin(self.council, self.actor, now=now) as trail:
            found = self.register.disposal_run(self.council, run)
            if found.state in _GOES_ON:
                return self.register.intent_ids(self.council, run)
            decided = self._decide(found, now=now)
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

    def _decide(self, found: Run, *, now: datetime) -> _Decided:
        """Read everything again that the approval rested on; return what goes, and why the rest stays.

        Raises:
            NotApprovedError: The list as a whole may not be executed.
        """
        if found.state is not RunState.WAITING or found.waits_until is None:
            raise NotApprovedError(f"The disposal run {found.run} is {found.state}, not approved.", faults=())
        if now < found.waits_until:
            raise NotApprovedError(
                f"The disposal run {found.run} waits until {found.waits_until:%-d %B %Y %H:%M} UTC.",
                faults=(),
            )
        items = self.register.run_items(self.council, found.run)
        said = self.register.decisions(self.council, found.run)
        approved = items.filter(pc.equal(outcomes(items, said), Outcome.DESTROY.value))
        ids = approved["record_id"].combine_chunks()
        others = self.register.aliases_of(self.council, ids.to_pylist())
        asked = sorted({*ids.to_pylist(), *others})
        fresh = self.planners[PlanKind(found.kind)](london_date(now), asked)
        faults = list(
            approval_faults(
                self.register.run_approvals(self.council, found.run),
                prepared_by=found.prepared_by,
                list_digest=self.register.ids_digest(self.council, ids.to_pylist()),
                now=now,
            )
        )
        another = fresh.schedule_digest != found.schedule_digest
        if another:  # for good: a list stays bound to the version that it was made by
            faults.append("the schedule has changed since it was approved")
        if faults:
            raise NotApprovedError(
                f"The disposal run {found.run} cannot be executed: {'; '.join(faults)}.",
                faults=tuple(faults),
                remedy="Cancel it and propose a new list, by the schedule that is in force now."
                if another
                else "Review the list and have it approved again.",
            )
        return self._recheck(items, approved, fresh)

    def _recheck(self, items: pa.Table, approved: pa.Table, fresh: DisposalPlan) -> _Decided:
        checked = recheck(approved, fresh)
        why: dict[str, str] = dict(
            zip(
                checked.dropped["record_id"].to_pylist(),
                checked.dropped["why"].to_pylist(),
                strict=True,
            )
        )
        rest: list[str] = checked.record_ids.to_pylist()
        held = held_now(self.council, checked.record_ids, archive=self.archive, register=self.register)
        why |= dict.fromkeys(held["record_id"].to_pylist(), Why.HELD.value)
        why |= dict.fromkeys(self.register.disposed(self.council, rest), Why.UNDERWAY.value)
        stays = {*items["record_id"].to_pylist()} - {*approved["record_id"].to_pylist()} | why.keys()
        kept = fresh.items.filter(pc.is_in(fresh.items["why"].cast(pa.string()), pa.array(_BINDING)))
        stays |= {*kept["record_id"].to_pylist()}
        for one in self.register.aliases_of(self.council, sorted(stays)).intersection(rest):
            why.setdefault(one, Why.OTHER_ID.value)
        goes = pc.invert(pc.is_in(approved["record_id"], pa.array(list(why), pa.string())))
        doomed = self._with_aliases(approved.filter(goes))
        return _Decided(
            doomed=doomed,
            dropped=dict(sorted(Counter(why.values()).items())),
            commit_no=self.archive.commit_no(),
        )

    def _with_aliases(self, doomed: pa.Table) -> pa.Table:
        """Add the other ids that these records go by: disposal and stubs take both (data-model.md 2)."""
        ids: list[str] = doomed["record_id"].to_pylist()
        if not self.register.aliases_of(self.council, ids):
            return doomed
        known = set(ids)
        rows = doomed.to_pylist()
        for row in tuple(rows):
            others = self.register.aliases_of(self.council, [row["record_id"]]) - known
            known |= others
            rows += [{**row, "record_id": other} for other in sorted(others)]
        return pa.Table.from_pylist(rows, schema=doomed.schema)

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
            self.certifying.certify(run, proofs, copies, tries=tries)
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
