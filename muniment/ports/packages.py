"""Packages for the record office: folders that say by themselves whether anything in them was altered."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

__all__ = ["OpenPackage", "Packages"]


class OpenPackage(Protocol):
    """A package that is being written; what was written before a crash is still there.

    What is in it in the end is what was written or asked for (`has`) since it was opened, and no more.
    """

    def has(self, name: str) -> bool:
        """Return whether a file is written already, wholly."""
        ...

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a file; it is there wholly or not at all."""
        ...

    def finish(self, information: Mapping[str, str]) -> bytes:
        """Add checksums and information, verify every file, give the folder its name.

        Returns:
            The SHA-256 of the manifest, 32 bytes: it stands for the whole package.

        Raises:
            IntegrityError: What was written is not what can be read; there is no package then.
        """
        ...


class Packages(Protocol):
    """Makes and checks packages."""

    def open(self, folder: Path) -> AbstractContextManager[OpenPackage]:
        """Begin a package that will be `folder`, or go on with one that was not finished.

        Raises:
            BadInputError: The folder is there already, or another process writes it.
        """
        ...

    def verify(self, folder: Path) -> bytes:
        """Check every file of a package; return the SHA-256 of its manifest.

        Raises:
            BadInputError: The folder is no package.
            IntegrityError: A file is missing, added or altered.
        """
        ...

    def read(self, folder: Path, name: str) -> BinaryIO:
        """Open a file of a package."""
        ...
