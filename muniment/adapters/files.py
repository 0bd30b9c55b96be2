"""The one seam between the archive and a file system: every path of table and media goes through it.

Order of a durable file: its bytes, then its folder, then every folder that is new. Nothing here knows
what the files hold. An `OSError` that a person must act on leaves as `StorageError`.
"""

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from schemas.errors import StorageError

__all__ = ["LocalFiles", "Lock", "storage_errors"]

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


class Lock:
    """A lock that is held. `abandoned`: its last owner died, or failed, in the middle of its work."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.abandoned = os.fstat(descriptor).st_size > 0

    def mark(self) -> None:
        """Say that work has begun: the mark stands until `clear`, also when this process is killed."""
        os.pwrite(self._descriptor, _MARK, 0)

    def clear(self) -> None:
        """Say that the work is done, and nothing of it is left lying about."""
        os.ftruncate(self._descriptor, 0)


class LocalFiles:
    """A local disk. It must know flock and hard links: a commit of the table's log is a link."""

    def probe(self, folder: Path) -> None:
        """Check that the volume can hold an archive.

        Raises:
            StorageError: It lacks hard links or locks, as some network and FUSE volumes do.
        """
        self.folder(folder)
        first = folder / f".probe-{secrets.token_hex(8)}"
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

    def link(self, path: Path, name: Path) -> None:
        """Give a file a second name."""
        os.link(path, name)

    @contextmanager
    def lock(self, path: Path) -> Iterator[Lock]:
        """Wait for an exclusive lock and hold it; the kernel frees it when we die. Not re-entrant."""
        with storage_errors("Taking the archive's lock"):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with storage_errors("Taking the archive's lock"):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield Lock(descriptor)
        finally:
            os.close(descriptor)

    def folder(self, path: Path) -> None:
        """Make a folder and what is missing above it, durably."""
        if path.is_dir():
            return
        with storage_errors("Making a folder of the archive"):
            self.folder(path.parent)
            path.mkdir(exist_ok=True)
            self.sync(path.parent)

    @contextmanager
    def writing(self, path: Path) -> Iterator[BinaryIO]:
        """Write a new file; its bytes are on the disk when the block ends, its name after `sync`.

        An error inside takes the file away again.
        """
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

    def create(self, path: Path) -> BinaryIO:
        """Open a new file for writing."""
        return path.open("xb", buffering=1 << 20)

    def put(self, path: Path, content: bytes) -> None:
        """Write a whole small file durably, or not at all."""
        draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
        with self.writing(draft) as sink:
            sink.write(content)
        self.move(draft, path)

    def move(self, path: Path, target: Path) -> None:
        """Rename a file durably; a file of that name is replaced."""
        with storage_errors("Moving a file of the archive"):
            self.folder(target.parent)
            path.replace(target)
            self.sync(target.parent)
            if path.parent != target.parent:
                self.sync(path.parent)

    def sync(self, path: Path) -> None:
        """Flush a file or a folder to the disk."""
        with storage_errors("Flushing a file of the archive"):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def remove(self, path: Path) -> None:
        """Remove a file; nothing happens when there is none."""
        with storage_errors("Removing a file of the archive"):
            path.unlink(missing_ok=True)

    def remove_folder(self, path: Path) -> None:
        """Remove an empty folder; nothing happens when there is none."""
        if path.is_dir():
            path.rmdir()

    def read(self, path: Path) -> bytes:
        """Return a file's bytes."""
        return path.read_bytes()

    def open(self, path: Path) -> BinaryIO:
        """Open a file for reading."""
        return path.open("rb")

    def size(self, path: Path) -> int:
        """Return a file's size in bytes."""
        return path.stat().st_size

    def modified_at(self, path: Path) -> float:
        """Return when a file was last written, in seconds by the file system's own clock."""
        return path.stat().st_mtime

    def exists(self, path: Path) -> bool:
        """Return whether there is such a file or folder."""
        return path.exists()

    def walk(self, folder: Path) -> Iterator[tuple[Path, int]]:
        """Yield every file below a folder with its size; a file that goes away meanwhile is left out."""
        for place, _, names in os.walk(folder):
            for name in names:
                path = Path(place, name)
                try:
                    size = path.stat().st_size
                except FileNotFoundError:
                    continue
                yield path, size
