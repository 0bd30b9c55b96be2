"""Media on their way: a local folder where bytes wait until `keep` gives them their place.

    <root>/incoming/<owner>/<name> bytes on their way; <owner> is one process, named by pid and chance
    <root>/incoming/<owner>/alive  locked by that process as long as it lives

A file in `incoming` belongs to a living process, or it is swept: the kernel frees the lock on `alive` when
its process dies, so neither a reused pid nor a container's own numbering can mislead the sweep. It is on
the local disk also where the archive is not: a server far away could not tell who is alive.
"""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from typing_extensions import override

from muniment.adapters.files import LocalFiles, storage_errors
from muniment.ports import Incoming
from schemas.errors import IntegrityError

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["IncomingFile", "IncomingFolder"]

_ALIVE: Final = "alive"


class _Hashing:
    """A file that hashes what is written to it."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self.hash = hashlib.sha256()

    def write(self, data: "Buffer") -> int:
        with storage_errors("Writing a media file"):
            self.hash.update(data)
            return self._sink.write(data)

    def flush(self) -> None:
        self._sink.flush()


class IncomingFile(Incoming):
    """Bytes on their way into the store."""

    def __init__(self, name: str, sink: BinaryIO) -> None:
        self.name = name
        self.wanted = True
        self._hashing = _Hashing(sink)

    @override
    def file(self) -> BinaryIO:
        return cast("BinaryIO", self._hashing)

    @override
    def digest(self) -> bytes:
        return self._hashing.hash.digest()

    @override
    def discard(self) -> None:
        self.wanted = False


class IncomingFolder:
    """The waiting media of one council, of every process on this machine."""

    def __init__(self, root: Path, files: LocalFiles) -> None:
        self._files = files
        self._incoming = root / "incoming"
        self._owner: tuple[str, int] | None = None

    @contextmanager
    def incoming(self) -> Iterator[IncomingFile]:
        """Open a file that waits here when the block ends without an error."""
        name = f"{self._own_folder()}/{secrets.token_hex(16)}"
        with self._files.writing(self._incoming / name) as sink:
            incoming = IncomingFile(name, sink)
            yield incoming
        if not incoming.wanted:
            self.discard(name)

    def discard(self, name: str) -> None:
        """Forget a waiting file; nothing happens when there is none."""
        self._files.remove(self.path(name))

    def path(self, name: str) -> Path:
        """Return where a waiting file lies, if it does.

        Raises:
            IntegrityError: We gave no such name.
        """
        owner, _, one = name.partition("/")
        if not owner or not one or "/" in one or ".." in (owner, one):
            raise IntegrityError("A waiting media file has a name that the store did not give it.")
        return self._incoming / owner / one

    def sweep(self) -> int:
        """Take away what dead processes left; return how many files."""
        if not self._files.exists(self._incoming):
            return 0
        return sum(self._sweep_owner(folder) for folder in sorted(self._incoming.iterdir()))

    def _sweep_owner(self, folder: Path) -> int:
        alive = folder / _ALIVE
        descriptor = os.open(alive, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        else:
            waiting = [path for path, _ in self._files.walk(folder) if path != alive]
            for path in (*waiting, alive):
                self._files.remove(path)
            self._files.remove_folder(folder)
            return len(waiting)
        finally:
            os.close(descriptor)

    def _own_folder(self) -> str:
        """Return this process's folder, with a lock on it that lives as long as we do."""
        if self._owner is not None and self._owner[1] == os.getpid():
            return self._owner[0]
        while True:
            owner = f"{os.getpid()}-{secrets.token_hex(8)}"
            descriptor = self._claimed(owner)
            if descriptor is not None and os.fstat(descriptor).st_nlink:
                self._owner = (owner, os.getpid())
                return owner
            if descriptor is not None:
                os.close(descriptor)

    def _claimed(self, owner: str) -> int | None:
        """Return a descriptor that holds the lock of a folder; None: a sweep took the folder meanwhile."""
        self._files.folder(self._incoming / owner)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            descriptor = os.open(self._incoming / owner / _ALIVE, flags, 0o600)
        except FileNotFoundError:
            return None
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return descriptor
