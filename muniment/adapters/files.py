"""A local disk as the archive's home (storage.Files).

Order of a durable file: its bytes, then its folder, then every folder that is new. Nothing here knows
what the files hold. An `OSError` that a person must act on leaves as `StorageError`.
"""

import errno
import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO, Final

from typing_extensions import override

from muniment.adapters.storage import Files, Lock
from muniment.ports import Finding
from schemas.errors import StorageError

__all__ = ["LocalFiles", "LocalLock", "storage_errors"]

_MARK: Final = b"busy\n"
_REMEDIES: Final = {
    errno.ENOSPC: "The disk is full: make room and run again.",
    errno.EDQUOT: "The disk quota is spent: raise it and run again.",
    errno.EFBIG: "A file grew past what this account may write: raise the limit and run again.",
    errno.EROFS: "The volume is mounted read-only.",
    errno.EACCES: "Give this account the right to read and write the archive's folder.",
    errno.EPERM: "Give this account the right to read and write the archive's folder.",
}


@contextmanager
def storage_errors(doing: str) -> Iterator[None]:
    """Turn an `OSError` of the disk into a `StorageError` that says what to do.

    A missing file stays what it is, and so does what a network did to the bytes' source.
    """
    try:
        yield
    except (FileNotFoundError, ConnectionError, TimeoutError):
        raise
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "Look at the volume that the archive lies on.")
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        raise StorageError(f"{doing} failed ({reason}); nothing was committed.", remedy=remedy) from error


class LocalLock(Lock):
    """A lock of the kernel's, which nobody can take from us; its file holds the mark."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._abandoned = os.fstat(descriptor).st_size > 0

    @property
    @override
    def abandoned(self) -> bool:
        return self._abandoned

    @override
    def mark(self) -> None:
        os.pwrite(self._descriptor, _MARK, 0)

    @override
    def clear(self) -> None:
        os.ftruncate(self._descriptor, 0)


class LocalFiles(Files):
    """A local disk. It must know flock and hard links: a commit of the table's log is a link."""

    @property
    @override
    def syncs(self) -> bool:
        return True

    @property
    @override
    def leased(self) -> bool:
        return False

    @override
    def probe(self, folder: PurePath) -> None:
        self.folder(folder)
        first = Path(folder, f".probe-{secrets.token_hex(8)}")
        second = first.with_suffix(".link")
        try:
            with self.lock(first):
                self.link(first, second)
        except (OSError, StorageError) as error:
            raise StorageError(
                "The volume of the archive has no hard links or no file locks.",
                remedy="Put the archive on a local file system (ext4, XFS, ZFS), not on SMB or FUSE.",
            ) from error
        finally:
            self.remove(second)
            self.remove(first)

    @override
    def findings(self, folder: PurePath) -> Iterator[Finding]:
        self.probe(folder)
        yield Finding.fine("hard links and locks", "are there: tried.")
        if Path(folder).stat().st_mode & 0o077 and not self._is_closed_above(Path(folder)):
            yield Finding.warning(
                "other users",
                "of this machine may enter the archive's folder: chmod 700 it.",
            )
        else:
            yield Finding.fine("other users", "cannot enter the archive's folder.")
        yield Finding.unknown(
            "encryption",
            "of the disk could not be read: deleting is not overwriting, so encrypt it.",
        )

    def _is_closed_above(self, folder: Path) -> bool:
        return any(parent.stat().st_mode & 0o011 == 0 for parent in folder.parents)

    def link(self, path: PurePath, name: PurePath) -> None:
        """Give a file a second name."""
        os.link(path, name)

    @override
    @contextmanager
    def lock(self, path: PurePath) -> Iterator[Lock]:
        with storage_errors("Taking the archive's lock"):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with storage_errors("Taking the archive's lock"):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield LocalLock(descriptor)
        finally:
            os.close(descriptor)

    @override
    def check(self) -> None:
        return  # the kernel takes a lock from nobody

    @override
    def folder(self, path: PurePath) -> None:
        if Path(path).is_dir():
            return
        with storage_errors("Making a folder of the archive"):
            self.folder(path.parent)
            Path(path).mkdir(exist_ok=True)
            self.sync(path.parent)

    @override
    @contextmanager
    def writing(self, path: PurePath) -> Iterator[BinaryIO]:
        with storage_errors("Writing a file of the archive"):
            self.folder(path.parent)
            try:
                with self.create(path) as sink:
                    yield sink
                    sink.flush()
                    os.fsync(sink.fileno())
            except BaseException:
                self.remove(path)
                raise

    def create(self, path: PurePath) -> BinaryIO:
        """Open a new file for writing."""
        return Path(path).open("xb", buffering=1 << 20)

    @override
    def put(self, path: PurePath, content: bytes) -> None:
        draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
        with self.writing(draft) as sink:
            sink.write(content)
        self.move(draft, path)

    @override
    def put_evidence(self, path: PurePath, content: bytes) -> None:
        self.put(path, content)

    @override
    def move(self, path: PurePath, target: PurePath) -> None:
        with storage_errors("Moving a file of the archive"):
            self.folder(target.parent)
            Path(path).replace(target)
            self.sync(target.parent)
            if path.parent != target.parent:
                self.sync(path.parent)

    @override
    def sync(self, path: PurePath) -> None:
        with storage_errors("Flushing a file of the archive"):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    @override
    def remove(self, path: PurePath) -> None:
        with storage_errors("Removing a file of the archive"):
            Path(path).unlink(missing_ok=True)

    @override
    def remove_all(self, paths: Iterable[PurePath]) -> int:
        doomed = list(paths)
        for path in doomed:
            self.remove(path)
        for folder in sorted({path.parent for path in doomed}):
            if self.exists(folder):
                self.sync(folder)
        return len(doomed)

    @override
    def purge(self, folder: PurePath) -> int:
        return 0

    @override
    def hidden(self, folder: PurePath) -> int:
        return 0

    @override
    def settled(self, path: PurePath) -> bool:
        return True

    def remove_folder(self, path: PurePath) -> None:
        """Remove an empty folder; nothing happens when there is none."""
        if Path(path).is_dir():
            Path(path).rmdir()

    @override
    def read(self, path: PurePath) -> bytes:
        return Path(path).read_bytes()

    @override
    def open(self, path: PurePath) -> BinaryIO:
        return Path(path).open("rb")

    @override
    def size(self, path: PurePath) -> int:
        return Path(path).stat().st_size

    @override
    def modified_at(self, path: PurePath) -> float:
        return Path(path).stat().st_mtime

    @override
    def exists(self, path: PurePath) -> bool:
        return Path(path).exists()

    @override
    def walk(self, folder: PurePath) -> Iterator[tuple[Path, int]]:
        for place, _, names in os.walk(folder):
            for name in names:
                path = Path(place, name)
                try:
                    size = path.stat().st_size
                except FileNotFoundError:
                    continue
                yield path, size

    @override
    def uri(self, path: PurePath) -> str:
        return str(path)

    @override
    def options(self) -> None:
        return None
