"""What the services need of the world outside: the archive, the register, the index, the media store.

Each is a small protocol with real implementations in `adapters`; `bootstrap` chooses. One archive, one
media store and one index serve one council; the register serves all.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO, Protocol

import pyarrow as pa

from muniment.domain.due import ThreadDue
from muniment.domain.evidence import Seal
from muniment.search.answer import Order, SearchPage
from muniment.search.entry import Entry
from muniment.search.tree import Query
from schemas.account import Account
from schemas.capture import Ask, Attachment, CaptureRow, Cursor, Exhibit, Listed, RecordRef, Walk
from schemas.observation import Look, Presence, Sighting
from schemas.record import CouncilRecord
from schemas.report import Completeness, Gap
from schemas.vocabulary import AuthorRole, Outcome, Reason, Series, Stream

__all__ = [
    "Archive",
    "Batch",
    "Coverage",
    "Enrolled",
    "Erasure",
    "Fault",
    "Filing",
    "Incoming",
    "Kept",
    "MediaStore",
    "Noted",
    "PastWalk",
    "PresenceView",
    "Queue",
    "Register",
    "Remains",
    "Seals",
    "SearchIndex",
    "StoreStat",
    "ThreadDue",
    "Walks",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """A record version with the exhibit it was read from, before `keep` gives it salt and number.

    `version` is the digest under `digest_rule`. `filed_at` is `created_at`, else `captured_at`; `keep`
    replaces it, and the series, by those of first sight.
    """

    record: CouncilRecord
    exhibit: Exhibit
    digest_rule: int
    version: bytes
    version_id: bytes
    account: str
    author_role: AuthorRole
    series: Series
    capture_id: str
    filed_at: datetime
    captured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """All that one commit brings.

    `queued` are capture rows of earlier walks that brought nothing new; they ride along, and alone make
    a commit only with `flush` (hourly).
    """

    captures: Sequence[CaptureRow]
    filings: Sequence[Filing]
    sightings: Sequence[Sighting]
    attachments: Sequence[Attachment] = ()
    queued: Sequence[tuple[int, CaptureRow]] = ()
    flush: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What `keep` did. `commit_no` None: nothing new, so no commit."""

    commit_no: int | None
    new: int
    changed: int
    observed: int
    attached: int
    disposed: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What an erasure did, in counts. `commit_no` is the first at which the records are gone.

    `rows` are by series. `media` objects were destroyed; `media_shared` stay, since another record names
    them. A run that is finished after a crash tells what its commit told.
    """

    run: str
    commit_no: int
    records: int
    rows: Mapping[str, int]
    media: int
    media_shared: int
    files_rewritten: int
    files_emptied: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What the archive's own files and media hold still of erased records: all zero, or it is no proof."""

    rows: int
    stray_files: int
    unnamed_media: int
    commit_no: int
    table_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStat:
    """What the archive of a council holds, in numbers, for `muniment store stat`."""

    commit_no: int
    rows: Mapping[str, int]  # by series
    files: int
    bytes: int
    small_files: int
    media_objects: int
    media_bytes: int
    quarantined: int
    log_files: int


class Archive(Protocol):
    """The truth of one council; each keep is one numbered, atomic commit (data-model.md 6)."""

    def keep(self, batch: Batch) -> Kept:
        """File what is new in one durable commit; twice is once.

        Raises:
            WriteConflictError: A record got another digest rule meanwhile: read it again.
            StorageError: The disk is full, or the volume lacks what we need; nothing was committed.
            IntegrityError: The table's log is damaged.
        """
        ...

    def commit_no(self) -> int:
        """Return the number of the last commit; 0 when there is none."""
        ...

    def scan(
        self,
        *,
        series: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        after: int = 0,
        upto: int | None = None,
        record_ids: Sequence[str] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Stream rows with after < commit_no <= upto, bounded memory; order: none but by file.

        `record_ids` makes it a point look-up. Reopens once when an erasure took a file away.
        """
        ...

    def erase(self, run: str, record_ids: pa.Array | Callable[[], pa.Array]) -> Erasure:
        """Destroy every row of these records, and the media that only they name, in one numbered commit.

        A run that was committed is only finished: what it left is taken away, its own counts returned.

        Args:
            run: The disposal run's name: a-z, 0-9 and hyphens.
            record_ids: The records; or what decides them, called once the archive's lock is held. What it
                raises leaves everything as it was.

        Raises:
            WriteConflictError: Another program wrote to the table: run it again.
            StorageError: The disk is full; nothing was committed.
            IntegrityError: A file does not hold the rows that the log says; nothing was committed.
        """
        ...

    def remains(self, record_ids: pa.Array) -> Remains:
        """Look, under the lock, for anything left of erased records in the archive's own files and media."""
        ...

    def compact(self) -> int:
        """Merge small files; return how many were merged. Compaction has no commit number."""
        ...

    def stat(self) -> StoreStat:
        """Return what is held."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that does not match its evidence: which file or record, and why."""

    what: str
    why: str


class Seals(Protocol):
    """The chain of seals over one council's archive (data-model.md 7)."""

    def seal(self) -> Seal | None:
        """Seal all commits since the last seal; None: there are none."""
        ...

    def seals(self) -> Iterator[Seal]:
        """Yield the chain, oldest first.

        Raises:
            IntegrityError: A seal is damaged.
        """
        ...

    def stamp(self) -> int:
        """Ask the time-stamp authorities for what is still owed; return how many stamps are pending."""
        ...

    def pending(self) -> int:
        """Return how many time stamps are owed."""
        ...

    def faults(self) -> Iterator[Fault]:
        """Check the chain and every file under it; yield what is wrong, the first broken thing first."""
        ...


class Incoming(Protocol):
    """Bytes on their way into the media store, hashed as they are written."""

    name: str

    def file(self) -> BinaryIO:
        """Return where to write."""
        ...

    def digest(self) -> bytes:
        """Return the SHA-256 of what was written so far, 32 bytes."""
        ...

    def discard(self) -> None:
        """Keep nothing of it when the block ends."""
        ...


class SearchIndex(Protocol):
    """A view of the archive that can be searched; behind it by whatever its watermark says."""

    def watermark(self, council: str) -> int:
        """Return the last commit applied; -1 when there is no index.

        Raises:
            SchemaMismatchError: Another tokeniser made this index: rebuild it.
            IntegrityError: The index cannot be read: rebuild it.
        """
        ...

    def apply(self, council: str, upto: int, entries: Iterable[Entry], erased: Iterable[str]) -> None:
        """Replace the records in `entries` whole, drop those in `erased`, and be current to `upto`.

        All versions of a record come together. Entries and watermark change in one commit; twice is once;
        when another process has gone further, nothing is done.

        Raises:
            WriteConflictError: Another process writes this index.
            StorageError: The disk is full; the index stands at its last commit.
        """
        ...

    def search(
        self, council: str, query: Query, *, order: Order, after: str | None = None, size: int = 50
    ) -> SearchPage:
        """Return exact totals and one page; `after` is the `after` of the page before."""
        ...

    def rebuild(self, council: str, upto: int, entries: Iterable[Entry]) -> None:
        """Build a new index aside, swap it in, remove the old one; searches go on meanwhile."""
        ...


class MediaStore(Protocol):
    """Media bytes named by their SHA-256. `place` is called under the archive's lock only."""

    def incoming(self) -> AbstractContextManager[Incoming]:
        """Open a file outside the lock; kept in `incoming/` when the block ends without an error."""
        ...

    def place(self, name: str, sha256: bytes) -> None:
        """Give what `incoming` named its place, durably; idempotent. It waits on until `discard`."""
        ...

    def discard(self, name: str) -> None:
        """Forget what `incoming` named: `keep` did not file it; idempotent."""
        ...

    def remove(self, sha256: bytes) -> None:
        """Destroy an object that no row names; under the lock only; idempotent."""
        ...

    def open(self, sha256: bytes) -> BinaryIO:
        """Open an object for reading."""
        ...

    def names(self) -> Iterator[tuple[bytes, int]]:
        """Yield the SHA-256 and the size of each object."""
        ...

    def sweep(self) -> int:
        """Empty `incoming/` of dead owners; under the lock only; return how many files."""
        ...


class PresenceView(Protocol):
    """Presence: how each record stands, a view of the archive with a watermark."""

    def watermark(self, council: str) -> int:
        """Return the last commit that presence has taken in; 0 when empty."""
        ...

    def catch_up(self, council: str, upto: int, observations: Iterable[pa.RecordBatch]) -> None:
        """Take in observation rows of commits after the watermark, up to and with `upto`; idempotent."""
        ...

    def known(self, council: str, record_ids: Sequence[str]) -> Mapping[str, tuple[Presence, ...]]:
        """Return how these records stand, one presence for each account and stream that saw them."""
        ...

    def disposed(self, council: str, record_ids: Sequence[str]) -> frozenset[str]:
        """Return which of these were destroyed, or are in an open intent."""
        ...

    def held(self, council: str, platform: str, native_ids: Sequence[str]) -> frozenset[str]:
        """Return which native ids are held as they stand (live or hidden)."""
        ...

    def rebuild(self, council: str, upto: int, observations: Iterable[pa.RecordBatch]) -> None:
        """Forget presence and take it in anew; open walks are abandoned."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What `note` remembers of one kept batch, in one transaction with the marker."""

    walk: Walk
    marker: str | None
    ended: bool
    signpost: Cursor | None
    listings: Sequence[Listed]
    looks: Sequence[Look]  # every seen record of the batch, re-sightings too
    queued: Sequence[CaptureRow]  # capture rows of a batch that made no commit
    queue_taken: int  # queued rows up to this number went into the commit
    kept: Kept
    unchanged: int
    unread: int
    media: int
    media_pending: int
    cost_micros: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PastWalk:
    """A walk as history: what it asked for, when, and how it ended. `threads` are native ids.

    `whole`: it saw the lists that it asked for to their end; who asks by id sees no list.
    """

    account: str
    stream: Stream
    started_at: datetime
    ended_at: datetime
    whole: bool
    outcome: str
    covers_from: datetime | None
    covers_to: datetime | None
    threads: tuple[str, ...] | None


class Walks(Protocol):
    """Walks and cursors: where each stream of each account has got to."""

    def open_walk(self, account: Account, stream: Stream, ask: Ask, *, now: datetime) -> Walk:
        """Return the unfinished walk of this kind of ask, or a new one.

        Kinds are Edge, Window (per window), Threads and Ids; an unfinished walk keeps its own ask.
        """
        ...

    def note(self, noted: Noted, *, now: datetime) -> None:
        """Remember marker, sightings, listings and counts of a kept batch, in one transaction."""
        ...

    def absent(self, walk: Walk, *, now: datetime) -> Iterator[Sighting]:
        """Yield an absent sighting for each record that a listing which ended should have shown."""
        ...

    def promote(self, walk: Walk, *, now: datetime) -> tuple[Completeness, ...]:
        """Close a whole walk: cursor := signpost, the gaps it covers close, the ledger is written."""
        ...

    def abandon(
        self,
        walk: Walk,
        outcome: Outcome,
        *,
        now: datetime,
        resume_at: datetime | None = None,
        drop_marker: bool = False,
    ) -> None:
        """Leave a walk unfinished (it goes on from its marker), or failed (the next starts anew)."""
        ...

    def cursor(self, council: str, account: str, stream: Stream) -> Cursor | None:
        """Return the promoted cursor of a stream's edge."""
        ...

    def last_whole(self, council: str, account: str, stream: Stream) -> datetime | None:
        """Return when an Edge of this stream last ended whole."""
        ...

    def last_ended(self, council: str, account: str, stream: Stream) -> Mapping[str, datetime]:
        """Return when walks of this stream last ended whole, by purpose.

        Purposes: "edge", "threads", "ids", or a Window's own ("backfill", "recent", "month", ...).
        """
        ...

    def unfinished(self, council: str, account: str) -> tuple[Walk, ...]:
        """Return the walks that wait to go on."""
        ...

    def walk_history(self, council: str) -> Iterator[PastWalk]:
        """Yield every walk that was begun, oldest first."""
        ...

    def windows_done(
        self, council: str, account: str, stream: Stream
    ) -> tuple[tuple[datetime, datetime], ...]:
        """Return the periods that whole Window walks have covered, joined and in order."""
        ...

    def threads(self, council: str, account: str) -> Iterator[ThreadDue]:
        """Yield the account's threads, newest first."""
        ...

    def to_confirm(
        self, council: str, account: str, stream: Stream, *, now: datetime, limit: int
    ) -> tuple[Presence, ...]:
        """Return records that wait for an answer by id, oldest look first.

        Missing ones: with two absences or more over a day, or last looked for eight hours ago. Live and
        hidden ones that no walk has seen for twice as long as their age band allows (domain.due.BANDS):
        lists whose absence proves nothing, such as a search, never make a record missing.
        """
        ...

    def controls(self, council: str, account: str, presence: Presence) -> tuple[RecordRef, ...]:
        """Return a live record of the same kind in the same thread, else of the same account."""
        ...


class Queue(Protocol):
    """Capture rows that wait for the council's next commit."""

    def queued(self, council: str, *, limit: int = 10_000) -> tuple[tuple[int, CaptureRow], ...]:
        """Return the waiting rows, numbered, oldest first."""
        ...

    def oldest_queued_at(self, council: str) -> datetime | None:
        """Return when the oldest waiting row was fetched: at the latest after an hour it is committed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """An account as the register knows it: its settings now, and what checks and people have fixed."""

    account: Account
    checked_at: datetime | None
    confirmed_backfill: bool
    paused: Reason | None
    first_enrolled_at: datetime


class Coverage(Protocol):
    """The completeness ledger and the register of gaps."""

    def open_gap(self, council: str, gap: Gap) -> None:
        """Open a gap, unless one of the same stream, listing and reason is open."""
        ...

    def close_gaps(self, council: str, account: str, stream: Stream, *, at: datetime) -> None:
        """Close what is open on a stream."""
        ...

    def gaps(self, council: str, *, since: date | None = None, until: date | None = None) -> tuple[Gap, ...]:
        """Return gaps that touch the London dates given."""
        ...

    def ledger(self, council: str, *, account: str | None = None) -> Iterator[Completeness]:
        """Yield the newest ledger line of each listing."""
        ...


class Register(PresenceView, Walks, Queue, Coverage, Protocol):
    """The register database: how far each walk got, what we could not see, what was asked when."""

    def enrol(
        self, council: str, accounts: Sequence[Account], *, source_digest: bytes, now: datetime
    ) -> None:
        """Take in the council's file: settings that changed become a new row of the history."""
        ...

    def enrolled(self, council: str) -> tuple[Enrolled, ...]:
        """Return the accounts of a council that are open."""
        ...

    def identify(
        self, council: str, account: str, *, native_id: str, handle: str, site: str | None, now: datetime
    ) -> None:
        """Fix what a check found.

        Raises:
            WrongAccountError: The register already knows another native_id.
        """
        ...

    def confirm_backfill(self, council: str, account: str, *, by: str, now: datetime) -> None:
        """Remember that a person said yes to the estimate."""
        ...

    def pause(self, council: str, account: str, reason: Reason | None, *, now: datetime) -> None:
        """Pause an account until its credential changes, or (None) let it go on."""
        ...

    def council_ids(self, council: str, platform: str) -> frozenset[str]:
        """Return the native ids of the council's accounts on a platform: who writes as the council."""
        ...

    def settings_at(self, council: str, account: str, at: datetime) -> Account | None:
        """Return what was asked for an account at a moment."""
        ...
