"""The archive of one council: one Delta table, one lock, one numbered commit for each keep.

    <root>/lock         held by the writer; its content is the `busy` mark of work begun
    <root>/table/       the Delta table (layout.py), its log under _delta_log/

A keep, under the lock: recover if the mark stands; bring presence up to the last commit; sort out what is
news (intake.py); draw salts and number (rows.py); place media, write and flush files; one
fenced commit, flushed; presence takes in the rows just written; the mark is cleared, the lock freed.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Final

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.transaction import AddAction
from typing_extensions import override

from muniment.adapters.delta.compaction import mergeable, merged
from muniment.adapters.delta.erasure import (
    doomed_rows,
    erasure_facts,
    erasure_from,
    remaining,
    rewritten,
    spared_media,
)
from muniment.adapters.delta.held import HeldRows
from muniment.adapters.delta.intake import Intake, sort_out
from muniment.adapters.delta.layout import CAPTURED, SMALL_FILE_BYTES, active_files, write_files
from muniment.adapters.delta.reading import DeltaRows, columns_of
from muniment.adapters.delta.recovery import recover, strays, sweep_table
from muniment.adapters.delta.rows import Partition, check_captures, tables_of
from muniment.adapters.delta.scan import Rows
from muniment.adapters.delta.table import COMMIT, QUEUE
from muniment.adapters.storage import Files, Lock
from muniment.collector import collector_paused
from muniment.ports import (
    Archive,
    Batch,
    Erasure,
    Kept,
    MediaStore,
    PresenceView,
    Remains,
    StoreStat,
)
from schemas.arrow import RowKind
from schemas.clock import Clock
from schemas.errors import IntegrityError, MunimentError, RefusalError

__all__ = ["DeltaArchive"]

_WRITERS: Final = 4
_LOG_KEPT: Final = timedelta(days=7)
_UNSEEN: Final = "unseen"
"""Transaction that counts records filed without a look: presence cannot know them, so keep must ask."""
_KIND: Final = "erase"
_ERASE: Final = "erase:"
"""Before a disposal run's name: the transaction that says at which commit the run erased."""
_RUN: Final = re.compile(r"[a-z0-9-]{1,64}")


@dataclass(slots=True, kw_only=True)
class _Session:
    """The lock, held, and the table as it stands."""

    lock: Lock
    table: DeltaTable

    def number(self, name: str) -> int:
        return self.table.transaction_version(name) or 0


class DeltaArchive(DeltaRows, Archive):
    """The archive of one council on a local disk. Safe for threads and processes side by side.

    `sealing` is called under the lock before and after files are taken away, so that none comes and goes
    unsealed; it must not take the lock. It is told which files of the log are about to be cleaned away.
    `admit` is called before this process first writes: it raises when the register does not fit this archive.
    """

    def __init__(
        self,
        council: str,
        root: PurePath,
        *,
        register: PresenceView,
        media: MediaStore,
        clock: Clock,
        files: Files | None = None,
        sealing: Callable[[Collection[str]], object] = lambda _cleaned: None,
        admit: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(root, files)
        self._council = council
        self._root = root
        self._register = register
        self._media = media
        self._clock = clock
        self._sealing = sealing
        self._admit = admit
        self._probed = False

    @property
    def table_root(self) -> PurePath:
        """The folder of the Delta table."""
        return self._home.root

    @override
    def keep(self, batch: Batch) -> Kept:
        with self._session() as session, collector_paused():
            last = self._bring_presence_up(session)
            ids = list(_record_ids(batch))
            intake = sort_out(
                batch,
                known=self._register.known(self._council, ids),
                disposed=self._register.disposed(self._council, ids),
                held=HeldRows(self._reader(session.table), unseen=session.number(_UNSEEN)),
                queue_taken=session.number(QUEUE),
            )
            number = self._file(session, intake, last + 1) if intake.is_wanted else None
        for row in batch.attachments:
            if row.incoming is not None:
                self._media.discard(row.incoming)
        return Kept(
            commit_no=number,
            new=intake.new,
            changed=intake.changed,
            observed=len(intake.observations),
            attached=len(intake.attachments),
            disposed=intake.disposed,
            taken_in=frozenset(one.look.record_id for one in intake.observations),
        )

    @override
    def compact(self) -> int:
        with self._session() as session:
            plan = mergeable(session.table)
            if not plan:
                return 0
            self._sealing(())
            with self._work(session):
                actions = merged(self._files, self._home.root, plan, self._clock.now())
                count = sum(map(len, plan.values()))
                self._home.commit(session.table, actions, kind="compact", numbers={}, facts={"files": count})
                removed = [file.path for files in plan.values() for file in files]
                sweep_table(self._home, files=self._files, own=removed)
            self._sealing(())
            return count

    def maintain(self) -> int:
        """Write a checkpoint and clean away commit files past their seven days; return how many: nightly."""
        with self._session() as session:
            with self._work(session):
                self._home.checkpoint(session.table)
                sweep_table(self._home, files=self._files)
            expired = self._home.expired(_LOG_KEPT)
            if expired:
                self._sealing([str(path.relative_to(self._home.root)) for path in expired])
                self._files.remove_all(expired)
            return len(expired)

    @override
    def erase(
        self, run: str, record_ids: pa.Array | Callable[[], pa.Array], *, number: int | None = None
    ) -> Erasure:
        _check_run(run)
        with self._session() as session:
            if not callable(record_ids):
                return self._erase(session, run, record_ids, number)
            # Marked before it is decided: from the intent on, whoever takes the lock next must go on.
            session.lock.mark()
            try:
                ids = record_ids()
            except RefusalError:
                session.lock.clear()
                raise
            return self._erase(session, run, ids)

    def _erase(self, session: _Session, run: str, ids: pa.Array, number: int | None = None) -> Erasure:
        last = self._bring_presence_up(session) if number is None else number - 1
        done = session.number(_ERASE + run)
        if done:
            self._recover(session.lock)
            self._sealing(())  # who died may have died before it
            return erasure_from(run, done, self._home.facts_of(session.table, _KIND, run))
        plan = doomed_rows(self._files, self._home.root, session.table, ids)
        if not plan and number is None:
            session.lock.clear()
            return erasure_from(run, last, {})
        self._sealing(())
        media, shared = spared_media(lambda: self._attachments(session.table), ids)
        facts = erasure_facts(plan, media=len(media), shared=len(shared))
        try:
            with self._work(session):
                actions = rewritten(self._files, self._home.root, plan, self._clock.now())
                numbers = {COMMIT: last + 1, _ERASE + run: last + 1}
                self._home.commit(session.table, actions, kind=_KIND, numbers=numbers, facts=facts, run=run)
                for sha256 in sorted(media):
                    self._media.remove(sha256)
                sweep_table(self._home, files=self._files, own=[doomed.file.path for doomed in plan])
        except Exception:
            session.lock.mark()  # an intent stands: it is to be finished by whoever can
            raise
        self._sealing(())
        self._register.catch_up(self._council, last + 1, iter(()))
        return erasure_from(run, last + 1, facts)

    def _finish_erasures(self, lock: Lock) -> None:
        """Finish what a dead disposal has begun; one that cannot be finished does not stop a capture."""
        for intent in self._register.intents(self._council):
            with suppress(MunimentError):  # the disposal itself is tried again, and says why it fails
                self._erase(_Session(lock=lock, table=self._home.open()), intent.run, intent.record_ids)

    @override
    def remains(self, record_ids: pa.Array) -> Remains:
        with self._session() as session:
            table = session.table
            named: set[bytes] = set()
            for batch in self._attachments(table):
                named.update(batch["sha256"].drop_null().to_pylist())
            return Remains(
                rows=remaining(self._files, self._home.root, table, record_ids),
                stray_files=len(strays(self._home, table, files=self._files))
                + self._files.hidden(self._home.root),
                unnamed_media=sum(sha256 not in named for sha256, _ in self._media.names()),
                commit_no=session.number(COMMIT),
                table_version=table.version(),
            )

    def _attachments(self, table: DeltaTable) -> Iterator[pa.RecordBatch]:
        wanted = Rows(series=[RowKind.ATTACHMENT.value])
        return self._reader(table).stream(wanted, ["record_id", "sha256"])

    @override
    def stat(self) -> StoreStat:
        active = active_files(self._home.read()) if self._home.exists() else []
        rows: dict[str, int] = {}
        for file in active:
            rows[file.series] = rows.get(file.series, 0) + file.rows
        media = [size for _, size in self._media.names()]
        return StoreStat(
            commit_no=self.commit_no(),
            rows=dict(sorted(rows.items())),
            files=len(active),
            bytes=sum(file.size for file in active),
            small_files=sum(file.size < SMALL_FILE_BYTES for file in active),
            media_objects=len(media),
            media_bytes=sum(media),
            log_files=sum(1 for _ in self._files.walk(self._home.log)),
        )

    @contextmanager
    def locked(self) -> Iterator[DeltaTable]:
        """Hold the archive's lock and the table as it stands: for sealing and verifying. Not re-entrant."""
        with self._session() as session:
            yield session.table

    @contextmanager
    def _session(self) -> Iterator[_Session]:
        """Take the lock, recover if its last owner died at work, open the table."""
        self._files.folder(self._root)
        if not self._probed:
            self._admit()
            self._files.probe(self._root)
            self._probed = True
        with self._files.lock(self._root / "lock") as lock:
            if not self._home.exists():
                self._home.create()
            if lock.abandoned:
                self._recover(lock)
                self._finish_erasures(lock)
            else:
                self._media.sweep()  # a process may die while it downloads, with no mark standing
            with self._home.opened() as table:
                yield _Session(lock=lock, table=table)

    @contextmanager
    def _work(self, session: _Session) -> Iterator[None]:
        """Mark that files are being written; on an error, take away at once what the log does not name."""
        session.lock.mark()
        try:
            yield
        except Exception:
            with suppress(MunimentError):  # the mark stands: the next owner tries again
                self._recover(session.lock)
            raise
        session.lock.clear()

    def _recover(self, lock: Lock) -> None:
        recover(self._home, media=self._media, files=self._files)
        lock.clear()

    def _bring_presence_up(self, session: _Session) -> int:
        """Let presence take in every commit it has not seen, whoever made it; return the last's number."""
        last = session.number(COMMIT)
        seen = self._register.watermark(self._council)
        if seen > last:
            raise IntegrityError(
                f"The register knows commit {seen} of {self._council}, but the archive ends at {last}.",
                remedy="An older backup was restored: see `muniment store filter-restored`.",
            )
        if seen < last:
            wanted = Rows(series=[RowKind.OBSERVATION.value], after=seen)
            columns = columns_of([RowKind.OBSERVATION.value])
            rows = self._reader(session.table).stream(wanted, columns)
            self._register.catch_up(self._council, last, rows)
        return last

    def _file(self, session: _Session, intake: Intake, number: int) -> int:
        check_captures(intake)
        at = self._clock.now()
        numbers = {COMMIT: number}
        if intake.queue_taken is not None:
            numbers[QUEUE] = intake.queue_taken
        if intake.unseen:
            numbers[_UNSEEN] = session.number(_UNSEEN) + intake.unseen
        with self._work(session):
            for row in intake.attachments:
                if row.incoming is not None and row.sha256 is not None:
                    self._media.place(row.incoming, row.sha256)
            tables: dict[Partition, pa.Table] = {}
            made = tables_of(intake, council=self._council, commit_no=number, at=at)
            actions = self._written(made, tables, at)
            facts = {"rows": sum(map(len, tables.values()))}
            self._home.commit(session.table, actions, kind="capture", numbers=numbers, facts=facts)
        seen = tables.get((RowKind.OBSERVATION.value, at.year))
        self._register.catch_up(self._council, number, iter(()) if seen is None else seen.to_batches())
        return number

    def _written(
        self, made: Iterable[tuple[Partition, pa.Table]], tables: dict[Partition, pa.Table], at: datetime
    ) -> list[AddAction]:
        """Write the partitions side by side, the first while the next is made; `tables` keeps them.

        Compressing and flushing need neither Python nor each other.
        """

        def write(partition: Partition, table: pa.Table) -> list[AddAction]:
            return list(write_files(self._files, self._home.root, partition, [table], at, level=CAPTURED))

        with ThreadPoolExecutor(max_workers=_WRITERS) as pool:
            writing = []
            for partition, table in made:
                tables[partition] = table
                writing.append(pool.submit(write, partition, table))
            return [action for one in writing for action in one.result()]


def _check_run(run: str) -> None:
    """Check a run's name: it stands in the log and under seals, so it can say nothing of a person."""
    if _RUN.fullmatch(run) is None:
        raise IntegrityError("A disposal run's name is not written in a-z, 0-9 and hyphens.")


def _record_ids(batch: Batch) -> set[str]:
    found = {filing.record.record_id for filing in batch.filings}
    found.update(sighting.look.record_id for sighting in batch.sightings)
    found.update(row.record_id for row in batch.attachments)
    return found
