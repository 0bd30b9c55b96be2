"""Which walks of an account are due: a pure rule over the register's facts.

The newest edge is asked at the account's interval, of comments too where a platform tells the newest of
the whole site: so a late comment under an old post is found at once. What is to be seen again goes by age:
under two days hourly, a month daily, a year weekly, the rest yearly (capture-lessons.md 3). A thread is
read again when its post reports another number of comments, or by the same bands. A backfill goes on beside
the edge, never before it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from schemas.account import Account
from schemas.capture import Cursor, RecordRef, Window
from schemas.vocabulary import Stream

__all__ = ["BANDS", "Band", "Job", "Purpose", "StreamFacts", "ThreadDue", "backfill_of", "due_jobs"]
__all__ += ["edge_since", "start_of_backfill", "threads_due", "waves", "window_of"]


class Purpose(StrEnum):
    """Why a stream is walked; the words that jobs, flows and reports use."""

    EDGE = "edge"
    THREADS = "threads"
    CONFIRM = "ids"
    RECENT = "recent"
    MONTH = "month"
    YEAR = "year"
    OLDER = "older"
    BACKFILL = "backfill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """An age band that is looked at again `every` so often: younger than `upto`, older than `after`."""

    purpose: Purpose
    after: timedelta
    upto: timedelta | None
    every: timedelta


BANDS: Final = (
    Band(purpose=Purpose.RECENT, after=timedelta(0), upto=timedelta(days=2), every=timedelta(hours=1)),
    Band(purpose=Purpose.MONTH, after=timedelta(days=2), upto=timedelta(days=30), every=timedelta(days=1)),
    Band(purpose=Purpose.YEAR, after=timedelta(days=30), upto=timedelta(days=365), every=timedelta(days=7)),
    Band(purpose=Purpose.OLDER, after=timedelta(days=365), upto=None, every=timedelta(days=365)),
)

_PROFILE_EVERY: Final = timedelta(days=1)
_OVERLAP: Final = timedelta(hours=1)
_FIRST_EDGE: Final = timedelta(days=2)
_EARLIEST: Final = datetime(2004, 2, 4, tzinfo=UTC)
"""The oldest of the platforms opened on this day; nothing can be older."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One walk to run: names only, so that it may be a flow's parameter."""

    account: str
    stream: Stream
    purpose: Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """What the register knows of one stream: when walks of each purpose last ended, and what waits.

    `has_edge`: its platform can be asked for what is newest in it.
    """

    stream: Stream
    has_edge: bool
    last_ended: Mapping[str, datetime]
    unfinished: frozenset[str]  # purposes of walks that wait to go on and may go on now
    waiting: frozenset[str]  # purposes whose walk has a `resume_at` in the future
    backfilled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadDue:
    """A thread as the comments stream sees it: what its post reported and when, and what was read when."""

    ref: RecordRef
    reported: int | None
    reported_at: datetime | None
    reported_when_read: int | None
    last_read_at: datetime | None


def due_jobs(
    account: Account,
    streams: Iterable[StreamFacts],
    *,
    now: datetime,
    threads_waiting: bool,
    to_confirm: Collection[Stream],
    may_backfill: bool,
) -> Iterator[Job]:
    """Yield the walks that are due, the newest edge first and the backfill last."""
    facts = {fact.stream: fact for fact in streams}
    jobs: list[tuple[int, Job]] = []
    for stream, fact in facts.items():
        for rank, purpose in enumerate(Purpose):
            wanted = _is_wanted(
                account, fact, purpose, now, threads_waiting=threads_waiting, may_backfill=may_backfill
            )
            if purpose is Purpose.CONFIRM:
                wanted = stream in to_confirm
            if wanted and purpose not in fact.waiting:
                jobs.append((rank, Job(account=account.account, stream=stream, purpose=purpose)))
    order = [Stream.PROFILE, Stream.POSTS, Stream.COMMENTS]
    jobs.sort(key=lambda entry: (entry[0], order.index(entry[1].stream)))
    yield from (job for _, job in jobs)


def waves(jobs: Iterable[Job], credential_of: Callable[[Job], str]) -> Iterator[tuple[Job, ...]]:
    """Yield the jobs in waves that hold one job of each credential, in their order.

    A credential is spoken with by one walk at a time: within a wave none waits for another.
    """
    waiting: dict[str, list[Job]] = {}
    for job in jobs:
        waiting.setdefault(credential_of(job), []).append(job)
    while waiting:
        yield tuple(queue.pop(0) for queue in waiting.values())
        waiting = {credential: queue for credential, queue in waiting.items() if queue}


def _is_wanted(
    account: Account,
    fact: StreamFacts,
    purpose: Purpose,
    now: datetime,
    *,
    threads_waiting: bool,
    may_backfill: bool,
) -> bool:
    if purpose in fact.unfinished:
        return True
    if purpose is Purpose.EDGE:
        last = fact.last_ended.get(purpose)
        every = _PROFILE_EVERY if fact.stream is Stream.PROFILE else account.interval
        return fact.has_edge and (last is None or now - last >= every)
    if purpose is Purpose.THREADS:
        return fact.stream is Stream.COMMENTS and threads_waiting
    if purpose is Purpose.BACKFILL:
        begun = Purpose.EDGE in fact.last_ended
        return fact.stream is Stream.POSTS and begun and may_backfill and not fact.backfilled
    return fact.stream is Stream.POSTS and _is_to_be_seen_again(account, fact, purpose, now)


def _is_to_be_seen_again(account: Account, fact: StreamFacts, purpose: Purpose, now: datetime) -> bool:
    band = next((band for band in BANDS if band.purpose is purpose), None)
    if band is None or Purpose.EDGE not in fact.last_ended or not _has_records(band, account, now):
        return False
    return now - (fact.last_ended.get(purpose) or _covered_at(fact, band)) >= band.every


def _covered_at(fact: StreamFacts, band: Band) -> datetime:
    """Return when the band was first covered: by the first edge where it is recent, else by the backfill."""
    if band.purpose is Purpose.RECENT:
        return fact.last_ended[Purpose.EDGE]
    return fact.last_ended.get(Purpose.BACKFILL) or fact.last_ended[Purpose.EDGE]


def _has_records(band: Band, account: Account, now: datetime) -> bool:
    return account.backfill_from is None or now - band.after > start_of_backfill(account)


def start_of_backfill(account: Account) -> datetime:
    """Return from when an account's past is fetched; without `backfill_from`, all that there is."""
    return account.backfill_starts_at or _EARLIEST


def edge_since(cursor: Cursor | None, account: Account, *, now: datetime) -> Cursor:
    """Return where an Edge begins: the cursor less an overlap; at first two days back.

    A first edge is short on purpose: what is new never waits for the backfill.
    """
    if cursor is None:
        return Cursor(native_id=None, at=max(now - _FIRST_EDGE, start_of_backfill(account)))
    at = None if cursor.at is None else cursor.at - _OVERLAP
    return Cursor(native_id=cursor.native_id if at is None else None, at=at)


def window_of(purpose: Purpose, account: Account, *, now: datetime) -> Window:
    """Return the period of an age band."""
    band = next(band for band in BANDS if band.purpose is purpose)
    start = start_of_backfill(account) if band.upto is None else now - band.upto
    return Window(start=max(start, start_of_backfill(account)), end=now - band.after, purpose=purpose.value)


def backfill_of(account: Account, *, now: datetime) -> Window:
    """Return the whole past; the edge, which was walked first, goes on from its own cursor."""
    return Window(start=start_of_backfill(account), end=now, purpose=Purpose.BACKFILL.value)


def threads_due(
    threads: Iterable[ThreadDue],
    *,
    tracking: bool,
    looked: Mapping[str, datetime],
    now: datetime,
    most: int,
) -> tuple[RecordRef, ...]:
    """Return the threads to read now, in the order given (newest first), at most `most`.

    A post that could not be read yet has no name to ask by: its thread waits for a better reader.

    Args:
        threads: The account's threads.
        tracking: True when posts tell their number of comments, so a quiet thread needs no call.
        looked: When walks of the posts last ended whole, by purpose.
        now: The present.
        most: How many threads one walk takes.
    """
    found: list[RecordRef] = []
    for thread in threads:
        if thread.ref.native_id and _thread_is_due(thread, tracking=tracking, looked=looked, now=now):
            found.append(thread.ref)
            if len(found) == most:
                break
    return tuple(found)


def _thread_is_due(
    thread: ThreadDue, *, tracking: bool, looked: Mapping[str, datetime], now: datetime
) -> bool:
    age = now - thread.ref.filed_at
    band = next(band for band in BANDS if band.upto is None or age < band.upto)
    told = tracking and thread.reported is not None and not _is_out_of_sight(thread, band, looked)
    if thread.last_read_at is None:
        return not (told and thread.reported == 0)
    if told and thread.reported != thread.reported_when_read:
        return True
    if told and thread.reported == 0:
        return False
    return now - thread.last_read_at >= band.every


def _is_out_of_sight(thread: ThreadDue, band: Band, looked: Mapping[str, datetime]) -> bool:
    """Whether whole looks at posts of this age show this one no more, as a feed shows its newest only.

    Its number of comments is one of before then: nobody tells of a late one. A look may take as long as the
    time between two.
    """
    last, told_at = looked.get(band.purpose), thread.reported_at
    return last is not None and told_at is not None and told_at < last - band.every
