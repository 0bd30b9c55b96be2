"""The log of one council's table: opened, checked and committed to, durably and fenced.

delta-rs keeps the log; we own when it may be written. Every commit carries `fence` = the version that
its writer expects to make, so that a stale handle always fails, against any other commit. Neither
delta-rs nor pyarrow flushes anything: the commit file, the log's folder and a checkpoint are flushed here.
"""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import unquote

from deltalake import CommitProperties, DeltaTable, Field, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction

from muniment.adapters.delta.layout import TABLE_PROPERTIES
from muniment.adapters.storage import Files
from schemas.arrow import PARTITION, SCHEMA_VERSION, TABLE
from schemas.errors import IntegrityError, SchemaMismatchError, StorageError, WriteConflictError

__all__ = ["COMMIT", "LOG", "QUEUE", "CouncilTable"]

LOG: Final = "_delta_log"
COMMIT: Final = "commit"
QUEUE: Final = "queue"
_FENCE: Final = "fence"
_LAST_CHECKPOINT: Final = "_last_checkpoint"
_CHECKPOINT: Final = ".checkpoint."
_DIGITS: Final = 20
_SCHEMA: Final = Schema.from_arrow(TABLE)


class CouncilTable:
    """The Delta table of one council. Everything but `exists` and `read` is for the lock's owner."""

    def __init__(self, root: PurePath, files: Files) -> None:
        self.root = root
        self._files = files
        self._suits = False
        self._opened: tuple[DeltaTable, bytes] | None = None
        self._is_closed = False

    @property
    def log(self) -> PurePath:
        """The folder of the table's log."""
        return self.root / LOG

    def exists(self) -> bool:
        """Return whether the table was made.

        Not by the library: its question holds Python's lock while a bucket is silent (measured, 1.6.6), and
        then no lease is renewed. The first commit file is there until a checkpoint stands for it.
        """
        return self._files.exists(self._commit_file(0)) or any(
            path.name[:_DIGITS].isdigit() for path, _ in self._files.walk(self.log)
        )

    def create(self) -> None:
        """Make the table, durably; nothing happens when it is there."""
        self._files.folder(self.log)
        DeltaTable.create(
            self._files.uri(self.root),
            TABLE,
            mode="ignore",
            partition_by=list(PARTITION),
            configuration=TABLE_PROPERTIES,
            storage_options=self._options(),
        )
        self._sync_commit(0)
        self._files.sync(self.root)

    def read(self) -> DeltaTable:
        """Open the newest version for reading.

        Raises:
            IntegrityError: The log cannot be read.
        """
        try:
            return DeltaTable(self._files.uri(self.root), storage_options=self._options())
        except (DeltaError, OSError, ValueError) as error:
            raise IntegrityError(
                f"The log of the archive's table cannot be read ({type(error).__name__}).",
                remedy="Run `muniment verify`; restore the log from the backup if it names a file of it.",
            ) from error

    def open(self) -> DeltaTable:
        """Open the newest version for writing, checked; a torn checkpoint is taken out of the way.

        A handle is its opener's alone. Once he has closed it, the next one goes on from it.

        Raises:
            IntegrityError: The newest commit file is damaged, or the log cannot be read.
            SchemaMismatchError: A newer muniment wrote this table, or another program changed it.
        """
        table = self._carried_on()
        if table is None:
            try:
                table = self.read()
            except IntegrityError:
                self._check_newest_commit()
                table = self._without_torn_checkpoint()
        newest = self._check_commit(table.version())
        if not self._suits:
            table = self._suited(table)
            self._suits = True
            newest = self._files.read(self._commit_file(table.version()))
        self._opened = (table, newest)
        return table

    @contextmanager
    def opened(self) -> Iterator[DeltaTable]:
        """Open the newest version for writing, and close it; raises what `open` does."""
        table = self.open()
        try:
            yield table
        finally:
            self.close(table)

    def close(self, table: DeltaTable) -> None:
        """Take back what `open` gave: nobody commits with it again."""
        # Whoever lost the lock to another thread closes an older one, which stays his own.
        self._is_closed |= self._opened is not None and self._opened[0] is table

    def _carried_on(self) -> DeltaTable | None:
        """Return the version closed last with what was committed since: a third of reading the log anew.

        None: there is none, or its commit file is not the one it was: the archive was put back from a copy.
        Each commit bears a name drawn for it, so that the same bytes stand for the same history.
        """
        if not self._is_closed or self._opened is None:
            return None
        (table, newest), self._opened, self._is_closed = self._opened, None, False
        try:
            if self._files.read(self._commit_file(table.version())) != newest:
                return None
            table.update_incremental()
        except (DeltaError, OSError, ValueError):
            return None  # it is opened anew, and says then what is wrong
        return table

    def commit(
        self,
        table: DeltaTable,
        actions: Sequence[AddAction | RemoveAction],
        *,
        kind: str,
        numbers: Mapping[str, int],
        facts: Mapping[str, int],
        run: str | None = None,
    ) -> None:
        """Commit adds and removes as the version after `table`'s, durably.

        `table` still shows the old version afterwards: what reads on must open anew.

        Args:
            table: The version that the actions were made for.
            actions: What is added and removed.
            kind: capture, compact, erase, recover or schema: stands in the log.
            numbers: Counters that the log is to remember, as transactions: `commit`, `queue`.
            facts: Counts for people; never ids or text.
            run: The name of the disposal run, which is a slug; None: a name is drawn.

        Raises:
            WriteConflictError: Another process committed first; nothing was written.
            StorageError: The log could not be written; nothing was committed.
        """
        version = table.version() + 1
        run = uuid.uuid4().hex if run is None else run
        self._files.check()
        fence = [Transaction(_FENCE, version), *(Transaction(*pair) for pair in numbers.items())]
        try:
            table.create_write_transaction(
                list(actions),
                "append",
                _SCHEMA,  # which is not looked at where files are appended
                list(PARTITION),
                commit_properties=CommitProperties(
                    app_transactions=fence,
                    custom_metadata={"kind": kind, "run": run, **_words(facts, actions=len(actions))},
                    max_commit_retries=0,
                ),
            )
        except (DeltaError, OSError) as error:
            # It may have landed all the same: only the checkpoint after it failed; or a bucket's answer was
            # lost (a time-out, a 5xx), and the library's own second try was refused for its first.
            if not self._landed(version, run, actions):
                if isinstance(error, CommitFailedError):
                    raise WriteConflictError("Another process wrote to the archive first.") from error
                raise _unwritten(error) from error
        self._sync_commit(version)

    def overtake(self) -> None:
        """Commit nothing, where a lock can be lost: whoever had it before can commit no more."""
        if self._files.leased:
            self.commit(self.open(), [], kind="recover", numbers={}, facts={})

    def facts_of(self, table: DeltaTable, kind: str, run: str) -> dict[str, int]:
        """Return the facts that a run committed; empty when its commit was cleaned away, or never came."""
        for version in range(table.version(), -1, -1):
            path = self._commit_file(version)
            if not self._files.exists(path):
                break
            for entry in map(json.loads, self._files.read(path).splitlines()):
                told = entry.get("commitInfo", {})
                if told.get("kind") == kind and told.get("run") == run:
                    return {name: int(word) for name, word in told.items() if str(word).isdigit()}
        return {}

    def checkpoint(self, table: DeltaTable) -> None:
        """Write a checkpoint, durably (nightly)."""
        table.create_checkpoint()
        if self._files.syncs:
            self._sync_checkpoint(table.version())

    def expired(self, kept_for: timedelta) -> list[PurePath]:
        """Return the log's files that a reader no longer needs and that are past their time.

        The checkpoint before the newest stays, and every commit file since: should the newest be torn,
        the table is still whole.
        """
        checkpoints = sorted(self._checkpoints(), key=_version_of)
        versions = sorted({_version_of(path) for path in checkpoints})
        if len(versions) < 2:  # noqa: PLR2004  # the newest, and the one before it
            return []
        newest = self._files.modified_at(checkpoints[-1])
        return sorted(
            path
            for path, _ in self._files.walk(self.log)
            if path.name[:_DIGITS].isdigit()
            and _version_of(path) < versions[-2]
            and newest - self._files.modified_at(path) > kept_for.total_seconds()
        )

    def _checkpoints(self) -> list[PurePath]:
        return [path for path, _ in self._files.walk(self.log) if _CHECKPOINT in path.name[_DIGITS:]]

    def _commit_file(self, version: int) -> PurePath:
        return self.log / f"{version:020d}.json"

    def _landed(self, version: int, run: str, actions: Sequence[AddAction | RemoveAction]) -> bool:
        """Return whether the commit file of this version is ours: of this run, and with these very files."""
        path = self._commit_file(version)
        if not self._files.exists(path):
            return False
        entries = [json.loads(line) for line in self._files.read(path).splitlines()]
        told = [one["commitInfo"].get("run") for one in entries if "commitInfo" in one]
        added = {unquote(one["add"]["path"]) for one in entries if "add" in one}
        return told == [run] and added == {unquote(one.path) for one in actions if isinstance(one, AddAction)}

    def _options(self) -> dict[str, str] | None:
        options = self._files.options()
        return None if options is None else dict(options)

    def _sync_commit(self, version: int) -> None:
        if not self._files.syncs:
            return
        self._files.sync(self._commit_file(version))
        self._sync_checkpoint(version)
        self._files.sync(self.log)

    def _sync_checkpoint(self, version: int) -> None:
        """Flush the checkpoint of this version, if one was just written: one commit in twenty writes one."""
        if self._newest_checkpoint() != version:
            return
        for path, _ in self._files.walk(self.log):
            if path.name.startswith(f"{version:020d}.check"):
                self._files.sync(path)
        self._files.sync(self.log / _LAST_CHECKPOINT)
        self._files.sync(self.log)

    def _newest_checkpoint(self) -> int | None:
        try:
            told = json.loads(self._files.read(self.log / _LAST_CHECKPOINT))
        except (FileNotFoundError, ValueError):  # there is none, or it is torn: it is derived
            return None
        number = told.get("version") if isinstance(told, dict) else None
        return number if isinstance(number, int) else None

    def _check_newest_commit(self) -> None:
        versions = [int(path.stem) for path, _ in self._files.walk(self.log) if path.suffix == ".json"]
        if versions:
            self._check_commit(max(versions))

    def _check_commit(self, version: int) -> bytes:
        """Return a commit file. An empty one opens, with rows silently missing; half of one does not open."""
        path = self._commit_file(version)
        content = b""
        try:
            content = self._files.read(path)
            whole = _is_whole([json.loads(line) for line in content.splitlines()])
        except (OSError, ValueError):
            whole = False
        if not whole:
            raise IntegrityError(
                f"The newest commit file of the archive, {path.name}, is damaged.",
                remedy="Restore it from the backup; nothing is written until then.",
            )
        return content

    def _without_torn_checkpoint(self) -> DeltaTable:
        """Reopen from the commit files when a checkpoint is torn: it is derived from them."""
        aside: list[tuple[PurePath, PurePath]] = []
        checkpoints = sorted(self._checkpoints(), reverse=True)
        for path in (self.log / _LAST_CHECKPOINT, *checkpoints):
            if not self._files.exists(path):
                continue
            aside.append((path, path.with_name(f"{path.name}#torn")))
            self._files.move(*aside[-1])
            try:
                table = self.read()
            except IntegrityError:
                continue
            for _, torn in aside:
                self._files.remove(torn)
            self._files.sync(self.log)
            return table
        for path, torn in aside:
            self._files.move(torn, path)
        return self.read()

    def _suited(self, table: DeltaTable) -> DeltaTable:
        """Return the table with every column and property that this muniment needs."""
        properties = table.metadata().configuration
        if any(properties.get(name) != value for name, value in TABLE_PROPERTIES.items()):
            raise SchemaMismatchError(
                "The archive's table has other properties than muniment gave it: its log may hold text.",
                remedy="Another program has changed the table: restore it from the backup.",
            )
        has = {field.name for field in table.schema().fields}
        if not has <= set(TABLE.names):
            raise SchemaMismatchError(
                f"The archive was written by a newer muniment than schema version {SCHEMA_VERSION}.",
                remedy="Install the newer version again.",
            )
        missing: list[Field] = [field for field in _SCHEMA.fields if field.name not in has]
        if missing:
            try:
                table.alter.add_columns(missing)
            except (DeltaError, OSError) as error:
                # A bucket's answer may have been lost, and the library's second try refused for its first.
                if {field.name for field in self.read().schema().fields} != set(TABLE.names):
                    raise _unwritten(error) from error
            table = self.read()
            self._sync_commit(table.version())
        return table


def _unwritten(error: Exception) -> StorageError:
    return StorageError(
        f"The log of the archive's table could not be written ({type(error).__name__}).",
        remedy="Look at the volume that the archive lies on; is it full?",
    )


def _words(facts: Mapping[str, int], *, actions: int) -> dict[str, str]:
    return {name: str(count) for name, count in {**facts, "actions": actions}.items()}


def _is_whole(entries: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a commit holds as many actions as it says: it may be cut at the end of a line."""
    told = [entry["commitInfo"].get("actions") for entry in entries if "commitInfo" in entry]
    held = sum("add" in entry or "remove" in entry for entry in entries)
    return bool(told) and told[0] in (None, str(held))


def _version_of(path: PurePath) -> int:
    return int(path.name[:_DIGITS])
