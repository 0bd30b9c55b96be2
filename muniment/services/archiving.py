"""A council's accounts: which walks are due, one job at a time, and what an error means for the rest.

One failing account never stops another. What an error's class says (schemas.errors) is done here: a
walk is left to go on from its marker, a gap is opened, an account is paused. Only what a retry can mend
(RetryableError) and what a person must look at (FatalError) is raised.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from connectors.contract import Connector, Identity
from muniment.domain.allowance import LEFT_TO_EDGES, Allowance
from muniment.domain.due import Job, Purpose
from muniment.domain.estimate import Estimate, estimate
from muniment.domain.people import Actor
from muniment.ports import Enrolled, Register
from muniment.services.asking import Asking, purpose_of
from muniment.services.capturing import TURN, Capture
from schemas.account import Account
from schemas.capture import Walk
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
from schemas.report import CaptureReport, Gap
from schemas.vocabulary import Outcome, Reason, Stream

__all__ = ["Archiving"]

_CHECK_EVERY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_MOST_ROUNDS: Final = 10_000
"""Turns of five minutes for a month: a fault of ours would end here."""


class Connect(Protocol):
    """Builds an account's connector, which leaves a part of its credential's budget to others."""

    def __call__(self, account: Account, *, leaves: float) -> Connector:
        """Build it."""
        ...


@dataclass(slots=True, kw_only=True)
class Archiving:
    """Archives one council. `connect` builds an account's connector; it may raise AccountError.

    Walks other than edges leave a part of a credential's day and month to these: a backfill that spends all
    of it would keep the newest posts waiting until the next.
    """

    council: str
    capture: Capture
    register: Register
    clock: Clock
    connect: Connect
    allowance: Callable[[Account], Allowance]
    _connectors: dict[str, dict[float, Connector]] = field(default_factory=dict)
    _enrolled: dict[str, Enrolled] = field(default_factory=dict)
    _asking: Asking = field(init=False)
    _not_whole: set[Job] = field(default_factory=set)
    _round_began: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Let what is asked be told from the same register and clock."""
        self._round_began = self.clock.now()
        self._asking = Asking(council=self.council, register=self.register, clock=self.clock)

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
            connector = self._connector(account, 0.0 if job.purpose is Purpose.EDGE else LEFT_TO_EDGES)
        except (AccountError, BadInputError) as error:
            return self._paused(job, account, error)
        except (RateLimitedError, StreamError) as error:
            return self._stopped(job, None, error)
        except RetryableError:
            self._open_gap(job.account, job.stream, Reason.UNAVAILABLE)
            raise
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

    def not_walked(self, job: Job) -> Reason:
        """Open a gap for a job that could not be run, unless the stream's gap is told by another reason.

        Returns:
            Why the stream is blind.
        """
        self._not_whole.add(job)
        whole = (
            gap for gap in self.register.gaps(self.council) if gap.listing is None and gap.ends_at is None
        )
        still_open = {(gap.account, gap.stream): gap.reason for gap in whole}
        if (job.account, job.stream) in still_open:
            return still_open[job.account, job.stream]
        self._open_gap(job.account, job.stream, Reason.NO_RUN)
        return Reason.NO_RUN

    def _walk(self, connector: Connector, walk: Walk) -> CaptureReport:
        try:
            return self.capture.run(connector, walk)
        except MarkerRefusedError:
            self.register.abandon(walk, Outcome.UNFINISHED, now=self.clock.now(), drop_marker=True)
            return self.capture.run(connector, replace(walk, marker=None, ended=False))

    def rounds(self, *, accounts: frozenset[str] | None = None) -> Iterator[tuple[Job, ...]]:
        """Yield rounds of due jobs until nothing more is due; the caller runs a round until its turn is over.

        What a round finds makes the next due: posts their threads. Edges have a round to themselves, so that
        none waits for a longer walk, and come again between the turns of those. A job that failed does not
        come again: the next run tries it.
        """
        self._asking.begin()
        self._not_whole.clear()
        among, looked_at = accounts, self.clock.now()
        for _ in range(_MOST_ROUNDS):
            self._round_began = self.clock.now()
            if self._round_began - looked_at >= TURN:
                among, looked_at = accounts, self._round_began
            jobs = tuple(job for job in self.due(accounts=among) if job not in self._not_whole)
            if not jobs:
                return
            yield tuple(job for job in jobs if job.purpose is Purpose.EDGE) or jobs
            # Only what was walked, or waits for its round, can be due now.
            among = frozenset(job.account for job in jobs)

    def turn_is_over(self) -> bool:
        """Whether this round took its time: what is left of it comes again in the next, after the edges."""
        return self.clock.now() - self._round_began >= TURN

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
        return estimate(connector.check(), connector.tariff, self.allowance(account))

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
        if enrolled.paused is not None:
            # One try a run: a new credential lets the account go on by itself.
            return (Job(account=account.account, stream=Stream.POSTS, purpose=Purpose.EDGE),)
        try:
            connector = self._connector(account)
        except (AccountError, BadInputError):
            return (Job(account=account.account, stream=Stream.POSTS, purpose=Purpose.EDGE),)
        may_backfill = enrolled.confirmed_backfill or account.sandbox
        return self._asking.due_of(account, connector, may_backfill=may_backfill)

    def _connector(self, account: Account, leaves: float = 0.0) -> Connector:
        built = self._connectors.setdefault(account.account, {})
        if leaves not in built:
            built[leaves] = self.connect(account, leaves=leaves)
        return built[leaves]

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
            purpose_of(walk.ask): walk
            for walk in self.register.unfinished(self.council, job.account)
            if walk.stream is job.stream
        }
        if job.purpose in waiting:
            return replace(waiting[job.purpose], account=account)
        ask = self._asking.ask(job, account, self._connector(account))
        if ask is None:
            return None
        return self.register.open_walk(account, job.stream, ask, now=self.clock.now())

    def _stopped(self, job: Job, walk: Walk | None, error: MunimentError) -> CaptureReport:
        """Leave the walk to go on later, or end it, and open a gap. None: it could not even be opened."""
        resume_at = getattr(error, "resume_at", None)
        reason = error.reason if isinstance(error, StreamError) else Reason.RATE_LIMITED
        outcome = Outcome.REFUSED if isinstance(error, StreamError) else Outcome.UNFINISHED
        if isinstance(error, WalkError):
            reason, outcome = Reason.LOOPED, Outcome.FAILED
        if walk is not None:
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

    def _paused(self, job: Job, account: Account, error: AccountError | BadInputError) -> CaptureReport:
        """Pause the account, whose settings may be what is wrong, and open a gap on all of it."""
        reason = error.reason if isinstance(error, AccountError) else Reason.NO_RUN
        self.register.pause(self.council, job.account, reason, now=self.clock.now())
        self._connectors.pop(job.account, None)
        for stream in (Stream.POSTS, Stream.COMMENTS):
            self._open_gap(account.account, stream, reason)
        return CaptureReport(
            account=job.account,
            stream=job.stream,
            outcome=Outcome.FAILED,
            promoted=False,
            reason=reason,
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
        """Silence looks like a quiet week: an account that declares its volume may not fall silent.

        The newest post held tells, not the cursor: of a blog that is a mark, or when we last asked.
        """
        if job.purpose is not Purpose.EDGE or job.stream is not Stream.POSTS or not account.expected_per_week:
            return
        newest = next(iter(self.register.threads(self.council, job.account)), None)
        if newest is None:
            return
        silent = self.clock.now() - newest.ref.filed_at
        if silent > max(3 * _WEEK / account.expected_per_week, timedelta(days=2)):
            yield (
                f"nothing new for {silent.days} days, though the register expects "
                f"{account.expected_per_week} a week"
            )
