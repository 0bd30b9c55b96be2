"""What the walks of a council are to ask, from what its register knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from connectors.contract import Connector
from muniment.domain import due
from muniment.domain.due import Job, Purpose, StreamFacts
from muniment.ports import Register
from schemas.account import Account
from schemas.capture import Ask, Edge, Ids, RecordRef, Threads, Walk
from schemas.clock import Clock
from schemas.observation import Presence
from schemas.vocabulary import Stream

__all__ = ["Asking", "purpose_of"]

_CONFIRM_EVERY: Final = timedelta(hours=1)
_THREADS_A_WALK: Final = 500
_IDS_A_WALK: Final = 90
"""With its controls one request of 100 ids, the most that X takes."""


@dataclass(slots=True, kw_only=True)
class Asking:
    """Says which walks of an account are due, and what each of them asks."""

    council: str
    register: Register
    clock: Clock
    _asked_threads: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def begin(self) -> None:
        """Begin a run: threads that were asked for in vain in an earlier one are due again."""
        self._asked_threads.clear()

    def due_of(self, account: Account, connector: Connector, *, may_backfill: bool) -> tuple[Job, ...]:
        """Return the walks of an account that are due."""
        now = self.clock.now()
        unfinished = self.register.unfinished(self.council, account.account)
        facts = [self._facts(account, stream, connector, unfinished, now) for stream in connector.streams]
        waiting = Stream.COMMENTS in connector.streams and self._has_threads(account, connector)
        confirm = {
            fact.stream
            for fact in facts
            if self._may_confirm(fact, now) and self._to_confirm(account, fact.stream, limit=1)
        }
        return tuple(
            due.due_jobs(
                account,
                facts,
                now=now,
                threads_waiting=waiting,
                to_confirm=confirm,
                may_backfill=may_backfill,
            )
        )

    def ask(self, job: Job, account: Account, connector: Connector) -> Ask | None:
        """Return what a new walk asks; None: nothing is due any more."""
        now = self.clock.now()
        match job.purpose:
            case Purpose.EDGE if job.stream is Stream.PROFILE:
                return Edge()
            case Purpose.EDGE:
                cursor = self.register.cursor(self.council, job.account, job.stream)
                return Edge(since=due.edge_since(cursor, account, now=now))
            case Purpose.BACKFILL:
                return due.backfill_of(account, now=now)
            case Purpose.THREADS:
                threads = self._threads(account, connector, most=_THREADS_A_WALK)
                self._asked_threads[job.account] = tuple(ref.record_id for ref in threads)
                return Threads(threads=threads) if threads else None
            case Purpose.CONFIRM:
                return self._ids(job, account)
            case _:
                return due.window_of(job.purpose, account, now=now)

    def _may_confirm(self, fact: StreamFacts, now: datetime) -> bool:
        """Answers by id are asked for hourly at most: what they settle takes a day anyway."""
        last = fact.last_ended.get(Purpose.CONFIRM)
        return fact.stream is not Stream.PROFILE and (last is None or now - last >= _CONFIRM_EVERY)

    def _has_threads(self, account: Account, connector: Connector) -> bool:
        """Whether threads are due, other than those that this run has just asked for in vain."""
        due_now = self._threads(account, connector, most=_THREADS_A_WALK)
        asked = self._asked_threads.get(account.account)
        return bool(due_now) and tuple(ref.record_id for ref in due_now) != asked

    def _facts(
        self,
        account: Account,
        stream: Stream,
        connector: Connector,
        all_unfinished: Sequence[Walk],
        now: datetime,
    ) -> StreamFacts:
        unfinished = [walk for walk in all_unfinished if walk.stream is stream]
        late = {purpose_of(walk.ask) for walk in unfinished if walk.resume_at and walk.resume_at > now}
        done = self.register.windows_done(self.council, account.account, stream)
        start = due.start_of_backfill(account)
        return StreamFacts(
            stream=stream,
            has_edge=stream in connector.edges,
            last_ended=self.register.last_ended(self.council, account.account, stream),
            unfinished=frozenset(purpose_of(walk.ask) for walk in unfinished) - late,
            waiting=frozenset(late),
            backfilled=any(begin <= start for begin, _ in done),
        )

    def _threads(self, account: Account, connector: Connector, *, most: int) -> tuple[RecordRef, ...]:
        return due.threads_due(
            self.register.threads(self.council, account.account),
            tracking=connector.tracking,
            looked=self.register.last_ended(self.council, account.account, Stream.POSTS),
            now=self.clock.now(),
            most=most,
        )

    def _to_confirm(self, account: Account, stream: Stream, *, limit: int) -> tuple[Presence, ...]:
        return self.register.to_confirm(
            self.council, account.account, stream, now=self.clock.now(), limit=limit
        )

    def _ids(self, job: Job, account: Account) -> Ids | None:
        presences = self._to_confirm(account, job.stream, limit=_IDS_A_WALK)
        if not presences:
            return None
        controls: Mapping[str, RecordRef] = {
            ref.record_id: ref
            for presence in presences
            for ref in self.register.controls(self.council, job.account, presence)[:1]
        }
        wanted = tuple(
            RecordRef(
                record_id=presence.record_id,
                native_id=presence.native_id,
                thread_id=presence.thread_id,
                filed_at=presence.filed_at,
            )
            for presence in presences
        )
        asked = {ref.record_id for ref in wanted}
        others = tuple(ref for ref in controls.values() if ref.record_id not in asked)
        return Ids(wanted=wanted, controls=others[: 100 - len(wanted)])


def purpose_of(ask: Ask) -> Purpose:
    """Return what a walk with this ask is for."""
    match ask:
        case Edge():
            return Purpose.EDGE
        case Threads():
            return Purpose.THREADS
        case Ids():
            return Purpose.CONFIRM
        case _:
            return Purpose(ask.purpose)
