"""The media store: bytes named by their SHA-256."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

__all__ = ["Incoming", "MediaStore", "object_path"]


def object_path(sha256: bytes) -> PurePosixPath:
    """Return where an object lies below the archive: `objects/ab/abcd…`, on a disk as in a bucket."""
    name = sha256.hex()
    return PurePosixPath("objects", name[:2], name)


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
