"""A council's accounts: which walks are due, one job at a time, and what an error means for the rest.

One failing account never stops another. What an error's class says (schemas.errors) is done here: a
walk is left to go on from its marker, a gap is opened, an account is paused. Only what a retry can mend
(RetryableError) and what a person must look at (FatalError) is raised.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from connectors.contract import Connector, Identity
from muniment.domain import due
from muniment.domain.due import Job, Purpose, StreamFacts
from muniment.domain.estimate import Estimate, estimate
from muniment.domain.people import Actor
from muniment.ports import Enrolled, Register
from muniment.services.capturing import Capture
from schemas.account import Account
from schemas.capture import Ask, Edge, Ids, RecordRef, Threads, Walk
from schemas.clock import Clock
from schemas.errors import (
    AccountError,
    BadInputError,
    MarkerRefusedError,
    MunimentError,
    RateLimitedError,
    RetryableError,
    StreamError,
    WalkError,
    WrongAccountError,
)
from schemas.observation import Presence
from schemas.report import CaptureReport, Gap
from schemas.vocabulary import Outcome, Reason, Stream

__all__ = ["Archiving"]

_CHECK_EVERY: Final = timedelta(days=1)
_CONFIRM_EVERY: Final = timedelta(hours=1)
_THREADS_A_WALK: Final = 500
_IDS_A_WALK: Final = 90
"""With its controls one request of 100 ids, the most that X takes."""
_WEEK: Final = timedelta(days=7)


@dataclass(slots=True, kw_only=True)
class Archiving:
    """Archives one council. `connect` builds an account's connector; it may raise AccountError."""

    council: str
    capture: Capture
    register: Register
    clock: Clock
    connect: Callable[[Account], Connector]
    _connectors: dict[str, Connector] = field(default_factory=dict)
    _enrolled: dict[str, Enrolled] = field(default_factory=dict)
    _asked_threads: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _not_whole: set[Job] = field(default_factory=set)

    def due(self, *, accounts: frozenset[str] | None = None) -> tuple[Job, ...]:
        """Return the walks that are due now, the newest edges of all accounts first."""
        found = self._open(accounts)
        self._enrolled |= {one.account.account: one for one in found}
        jobs = [job for enrolled in found for job in self._due_of(enrolled)]
        ranks = {purpose: rank for rank, purpose in enumerate(Purpose)}
        streams = {stream: rank for rank, stream in enumerate(Stream)}
        # Stream by stream over all accounts: neighbours seldom wait for one another's credential.
        return tuple(sorted(jobs, key=lambda job: (ranks[job.purpose], streams[job.stream])))

    def run(self, job: Job) -> CaptureReport:
        """Run one walk and settle what its errors mean.

        Raises:
            RetryableError: The walk waits at its marker, a gap is open: run the job again.
            FatalError: A person must look.
        """
        self._not_whole.add(job)
        enrolled = self._one(job.account)
        account = enrolled.account
        try:
            connector = self._connector(account)
            account = self._identified(enrolled, connector)
            connector = self._connector(account)
        except AccountError as error:
            return self._paused(job, account, error)
        walk = self._open_walk(job, account)
        if walk is None:
            return CaptureReport(
                account=job.account, stream=job.stream, outcome=Outcome.WHOLE, promoted=False
            )
        try:
            report = self._walk(connector, walk)
        except AccountError as error:
            self.register.abandon(walk, Outcome.UNFINISHED, now=self.clock.now())
            return self._paused(job, account, error)
        except (RateLimitedError, StreamError, WalkError) as error:
            return self._stopped(job, walk, error)
        except RetryableError:
            self.register.abandon(walk, Outcome.UNFINISHED, now=self.clock.now())
            self._open_gap(job.account, job.stream, Reason.UNAVAILABLE)
            raise
        self._not_whole.discard(job)
        if enrolled.paused is not None:
            self.register.pause(self.council, job.account, None, now=self.clock.now())
        return replace(report, alarms=tuple(self._alarms(job, account)))

    def _walk(self, connector: Connector, walk: Walk) -> CaptureReport:
        try:
            return self.capture.run(connector, walk)
        except MarkerRefusedError:
            self.register.abandon(walk, Outcome.UNFINISHED, now=self.clock.now(), drop_marker=True)
            return self.capture.run(connector, replace(walk, marker=None, ended=False))

    def rounds(self, *, accounts: frozenset[str] | None = None, most: int = 500) -> Iterator[tuple[Job, ...]]:
        """Yield rounds of due jobs until nothing more is due; the caller runs each round.

        What a round finds makes the next due: posts their threads. A job comes again only where a walk
        takes a part at a time, and not after it failed: the next run tries again.
        """
        done: set[Job] = set()
        self._asked_threads.clear()
        self._not_whole.clear()
        for _ in range(most):
            jobs = tuple(
                job
                for job in self.due(accounts=accounts)
                if job not in done or (job.purpose is Purpose.THREADS and job not in self._not_whole)
            )
            if not jobs:
                return
            yield jobs
            done.update(jobs)
            # Only what was walked can have made more due.
            accounts = frozenset(job.account for job in jobs)

    def check(self, account: Account) -> Identity:
        """Ask the platform whose credential this is, and remember the answer.

        Raises:
            AccountError: It does not work; the remedy says what to do.
        """
        connector = self._connector(account)
        identity = connector.check()
        self._fix(account, identity)
        return identity

    def estimate(self, account: Account) -> Estimate:
        """Return what reading this account's past will take."""
        connector = self._connector(account)
        return estimate(connector.check(), connector.tariff)

    def one(self, account: str) -> Account:
        """Return an open account by its name.

        Raises:
            BadInputError: There is none.
        """
        return self._one(account).account

    def confirm(self, account: str, *, by: Actor) -> None:
        """Remember that a person said yes to fetching an account's past."""
        self.register.confirm_backfill(self.council, account, by=by, now=self.clock.now())

    def unconfirmed(self, *, accounts: frozenset[str] | None = None) -> tuple[Account, ...]:
        """Return the accounts whose backfill waits for a person's yes."""
        return tuple(
            one.account for one in self._open(accounts) if not (one.confirmed_backfill or one.account.sandbox)
        )

    def _open(self, accounts: frozenset[str] | None) -> tuple[Enrolled, ...]:
        enrolled = self.register.enrolled(self.council)
        unknown = (accounts or frozenset()) - {one.account.account for one in enrolled}
        if unknown:
            raise BadInputError(
                f"Council {self.council} has no open account {', '.join(sorted(unknown))}.",
                remedy="`muniment accounts list` shows the names.",
            )
        return tuple(one for one in enrolled if accounts is None or one.account.account in accounts)

    def _one(self, account: str, *, anew: bool = False) -> Enrolled:
        if anew or account not in self._enrolled:
            (self._enrolled[account],) = self._open(frozenset({account}))
        return self._enrolled[account]

    def _due_of(self, enrolled: Enrolled) -> tuple[Job, ...]:
        account = enrolled.account
        now = self.clock.now()
        if enrolled.paused is not None:
            # One try a run: a new credential lets the account go on by itself.
            return (Job(account=account.account, stream=Stream.POSTS, purpose=Purpose.EDGE),)
        try:
            connector = self._connector(account)
        except AccountError:
            return (Job(account=account.account, stream=Stream.POSTS, purpose=Purpose.EDGE),)
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
                may_backfill=enrolled.confirmed_backfill or account.sandbox,
            )
        )

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
        late = {_purpose(walk.ask) for walk in unfinished if walk.resume_at and walk.resume_at > now}
        done = self.register.windows_done(self.council, account.account, stream)
        start = due.start_of_backfill(account)
        return StreamFacts(
            stream=stream,
            has_edge=stream in connector.edges,
            last_ended=self.register.last_ended(self.council, account.account, stream),
            unfinished=frozenset(_purpose(walk.ask) for walk in unfinished) - late,
            waiting=frozenset(late),
            backfilled=any(begin <= start for begin, _ in done),
        )

    def _threads(self, account: Account, connector: Connector, *, most: int) -> tuple[RecordRef, ...]:
        threads = self.register.threads(self.council, account.account)
        return due.threads_due(threads, tracking=connector.tracking, now=self.clock.now(), most=most)

    def _to_confirm(self, account: Account, stream: Stream, *, limit: int) -> tuple[Presence, ...]:
        return self.register.to_confirm(
            self.council, account.account, stream, now=self.clock.now(), limit=limit
        )

    def _connector(self, account: Account) -> Connector:
        if account.account not in self._connectors:
            self._connectors[account.account] = self.connect(account)
        return self._connectors[account.account]

    def _identified(self, enrolled: Enrolled, connector: Connector) -> Account:
        account = enrolled.account
        checked_at = enrolled.checked_at
        recently = checked_at is not None and self.clock.now() - checked_at < _CHECK_EVERY
        if recently and enrolled.paused is None:
            return account
        self._fix(account, connector.check())
        fixed = self._one(account.account, anew=True).account
        if fixed != account:
            self._connectors.pop(account.account, None)
        return fixed

    def _fix(self, account: Account, identity: Identity) -> None:
        if not identity.is_of(account):
            raise WrongAccountError(
                f"The platform answers {account.account} with another account than the register names.",
                remedy="Make the credential while signed in as the council's account, or correct handle "
                "and native_id in the council's file.",
            )
        self.register.identify(
            self.council,
            account.account,
            native_id=identity.native_id,
            handle=identity.handle,
            site=identity.site,
            now=self.clock.now(),
        )

    def _open_walk(self, job: Job, account: Account) -> Walk | None:
        waiting = {
            _purpose(walk.ask): walk
            for walk in self.register.unfinished(self.council, job.account)
            if walk.stream is job.stream
        }
        if job.purpose in waiting:
            return replace(waiting[job.purpose], account=account)
        ask = self._ask(job, account)
        if ask is None:
            return None
        return self.register.open_walk(account, job.stream, ask, now=self.clock.now())

    def _ask(self, job: Job, account: Account) -> Ask | None:
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
                threads = self._threads(account, self._connector(account), most=_THREADS_A_WALK)
                self._asked_threads[job.account] = tuple(ref.record_id for ref in threads)
                return Threads(threads=threads) if threads else None
            case Purpose.CONFIRM:
                return self._ids(job, account)
            case _:
                return due.window_of(job.purpose, account, now=now)

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

    def _stopped(self, job: Job, walk: Walk, error: MunimentError) -> CaptureReport:
        """Leave the walk to go on later, or end it, and open a gap."""
        resume_at = getattr(error, "resume_at", None)
        reason = error.reason if isinstance(error, StreamError) else Reason.RATE_LIMITED
        outcome = Outcome.REFUSED if isinstance(error, StreamError) else Outcome.UNFINISHED
        if isinstance(error, WalkError):
            reason, outcome = Reason.LOOPED, Outcome.FAILED
        kept_open = Outcome.FAILED if outcome is Outcome.FAILED else Outcome.UNFINISHED
        self.register.abandon(walk, kept_open, now=self.clock.now(), resume_at=resume_at)
        self._open_gap(job.account, job.stream, reason)
        return CaptureReport(
            account=job.account,
            stream=job.stream,
            outcome=outcome,
            promoted=False,
            reason=reason,
            remedy=str(error),
        )

    def _paused(self, job: Job, account: Account, error: AccountError) -> CaptureReport:
        self.register.pause(self.council, job.account, error.reason, now=self.clock.now())
        self._connectors.pop(job.account, None)
        for stream in (Stream.POSTS, Stream.COMMENTS):
            self._open_gap(account.account, stream, error.reason)
        return CaptureReport(
            account=job.account,
            stream=job.stream,
            outcome=Outcome.FAILED,
            promoted=False,
            reason=error.reason,
            remedy=str(error),
        )

    def _open_gap(self, account: str, stream: Stream, reason: Reason) -> None:
        now = self.clock.now()
        last = self.register.last_whole(self.council, account, stream)
        gap = Gap(
            account=account,
            stream=stream,
            listing=None,
            reason=reason,
            starts_at=now if last is None else last,
            ends_at=None,
        )
        self.register.open_gap(self.council, gap)

    def _alarms(self, job: Job, account: Account) -> Iterator[str]:
        """Silence looks like a quiet week: an account that declares its volume may not fall silent."""
        if job.purpose is not Purpose.EDGE or job.stream is not Stream.POSTS or not account.expected_per_week:
            return
        cursor = self.register.cursor(self.council, job.account, job.stream)
        if cursor is None or cursor.at is None:
            return
        silent = self.clock.now() - cursor.at
        if silent > max(3 * _WEEK / account.expected_per_week, timedelta(days=2)):
            yield (
                f"nothing new for {silent.days} days, though the register expects "
                f"{account.expected_per_week} a week"
            )


def _purpose(ask: Ask) -> Purpose:
    match ask:
        case Edge():
            return Purpose.EDGE
        case Threads():
            return Purpose.THREADS
        case Ids():
            return Purpose.CONFIRM
        case _:
            return Purpose(ask.purpose)
