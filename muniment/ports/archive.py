"""The archive: the truth of one council, and what each keep and erasure tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from schemas.values import swift

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from schemas.capture import Attachment, CaptureRow, Exhibit
    from schemas.observation import Sighting
    from schemas.record import CouncilRecord
    from schemas.vocabulary import AuthorRole, Series

__all__ = ["Archive", "ArchiveRows", "Batch", "Erasure", "Filing", "Kept", "Remains", "StoreStat"]


@swift
@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """A record version with the exhibit it was read from, before `keep` gives it salt and number.

    `version` is the digest under `digest_rule`. `filed_at` is `created_at`, else `captured_at`; `keep`
    replaces it, and the series, by those of first sight. `salt` is given for an exhibit that is kept
    already and was read again: its leaf stands in the capture row it came with.
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
    salt: bytes | None = None


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
    """What `keep` did. `commit_no` None: nothing new, so no commit.

    `taken_in` are the records of which it filed an observation: presence knows of that look already.
    """

    commit_no: int | None
    new: int
    changed: int
    observed: int
    attached: int
    disposed: frozenset[str]
    taken_in: frozenset[str] = frozenset()


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
    log_files: int


class ArchiveRows(Protocol):
    """What a council's archive holds, for whoever only reads it."""

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
        within: tuple[str | None, str | None] = (None, None),
    ) -> Iterator[pa.RecordBatch]:
        """Stream rows with after < commit_no <= upto, bounded memory; order: none but by file.

        `record_ids` makes it a point look-up; `within`: record ids from the first on, before the second.
        Reopens once when an erasure took a file away.
        """
        ...


class Archive(ArchiveRows, Protocol):
    """The truth of one council; each keep is one numbered, atomic commit (data-model.md 6)."""

    def keep(self, batch: Batch) -> Kept:
        """File what is new in one durable commit; twice is once.

        Raises:
            WriteConflictError: A record got another digest rule meanwhile: read it again.
            StorageError: The disk is full, or the volume lacks what we need; nothing was committed.
            IntegrityError: The table's log is damaged.
        """
        ...

    def erase(
        self, run: str, record_ids: pa.Array | Callable[[], pa.Array], *, number: int | None = None
    ) -> Erasure:
        """Destroy every row of these records, and the media that only they name, in one numbered commit.

        A run that was committed is only finished: what it left is taken away, its own counts returned.

        Args:
            run: The disposal run's name: a-z, 0-9 and hyphens.
            record_ids: The records; or what decides them, called once the archive's lock is held. What it
                raises leaves everything as it was.
            number: The commit's number, of an archive that was restored and is ahead of no register:
                the commit is made though no record goes, and presence is left as it is.

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
