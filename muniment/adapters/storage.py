"""The seam between the archive and where its bytes lie: every path of table, seals and media goes through it.

Two implementations: `files.LocalFiles`, a local disk, and `s3.files.S3Files`, a bucket. A path is a place
below the archive's home, of either. Order of a durable file: its bytes, then its folder, then every folder
that is new; a bucket has neither folders nor anything to flush, so there `folder` and `sync` do nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import PurePath
from typing import BinaryIO, Protocol

from muniment.ports import Finding

__all__ = ["Files", "Lock"]


class Lock(Protocol):
    """A lock that is held. `abandoned`: its last owner died, or failed, in the middle of its work."""

    @property
    def abandoned(self) -> bool:
        """Whether what the last owner left must be put right first."""
        ...

    def mark(self) -> None:
        """Say that work has begun: the mark stands until `clear`, also when this process is killed."""
        ...

    def clear(self) -> None:
        """Say that the work is done, and nothing of it is left lying about."""
        ...


class Files(Protocol):
    """Where an archive lies. What a person must act on leaves as `StorageError`; a missing file stays one."""

    @property
    def syncs(self) -> bool:
        """Whether `sync` does anything here: what is only done to flush can be left out elsewhere."""
        ...

    @property
    def leased(self) -> bool:
        """Whether a lock here can be lost while its owner lives."""
        ...

    def probe(self, folder: PurePath) -> None:
        """Check that this place can hold an archive.

        Raises:
            StorageError: It lacks what our locks and commits are built on.
        """
        ...

    def findings(self, folder: PurePath) -> Iterator[Finding]:
        """Look at what would defeat disposal here, or let records go; nothing of the archive is changed."""
        ...

    def lock(self, path: PurePath) -> AbstractContextManager[Lock]:
        """Wait for an exclusive lock and hold it; it is freed when we die. Not re-entrant."""
        ...

    def check(self) -> None:
        """Make sure that the lock is still ours: before a commit, and before anything is taken away.

        Raises:
            WriteConflictError: It was lost meanwhile: stop at once.
        """
        ...

    def folder(self, path: PurePath) -> None:
        """Make a folder and what is missing above it, durably."""
        ...

    def writing(self, path: PurePath) -> AbstractContextManager[BinaryIO]:
        """Write a new file, whole or not at all: safe when the block ends, its name after `sync`."""
        ...

    def put(self, path: PurePath, content: bytes) -> None:
        """Write a whole small file durably, or not at all; one of that name is replaced."""
        ...

    def put_evidence(self, path: PurePath, content: bytes) -> None:
        """Write what must outlive every disposal, as `put`; locked against deletion where the place can."""
        ...

    def move(self, path: PurePath, target: PurePath) -> None:
        """Rename a file durably; a file of that name is replaced."""
        ...

    def sync(self, path: PurePath) -> None:
        """Flush a file or a folder to the disk."""
        ...

    def remove(self, path: PurePath) -> None:
        """Remove a file wholly, every version of it; nothing happens when there is none."""
        ...

    def remove_all(self, paths: Iterable[PurePath]) -> int:
        """Remove files wholly, and their names durably; the lock is checked before each lot. Return how many.

        Raises:
            WriteConflictError: The lock was lost; what is not removed yet stays.
            StorageError: The place keeps a version of one of them, or refuses.
        """
        ...

    def purge(self, folder: PurePath) -> int:
        """Take away what no listing shows: versions behind the newest, marks of deletion, unfinished uploads.

        Returns:
            How many were taken away; nothing is ever hidden on a local disk.
        """
        ...

    def hidden(self, folder: PurePath) -> int:
        """Return how much `purge` would take away: what a proof of erasure must count too."""
        ...

    def settled(self, path: PurePath) -> bool:
        """Return whether a file that the log does not name can be nobody's work in progress any more."""
        ...

    def read(self, path: PurePath) -> bytes:
        """Return a file's bytes."""
        ...

    def open(self, path: PurePath) -> BinaryIO:
        """Open a file for reading, at any place in it."""
        ...

    def size(self, path: PurePath) -> int:
        """Return a file's size in bytes."""
        ...

    def modified_at(self, path: PurePath) -> float:
        """Return when a file was last written, in seconds by the place's own clock."""
        ...

    def exists(self, path: PurePath) -> bool:
        """Return whether there is such a file."""
        ...

    def walk(self, folder: PurePath) -> Iterator[tuple[PurePath, int]]:
        """Yield every file below a folder with its size; a file that goes away meanwhile is left out."""
        ...

    def uri(self, path: PurePath) -> str:
        """Return the address under which other libraries find a path, and a person reads where it is."""
        ...

    def options(self) -> Mapping[str, str] | None:
        """Return what the table's library must know to get there; never to be shown or logged."""
        ...
