"""Packages as BagIt bags (RFC 8493), by the Library of Congress's own library; its one home.

A package grows in `<folder>.partial/package`, so that a run that was killed goes on where it stopped, and is
renamed when it has been verified. One process at a time works there. The library changes the process's
working folder while it works: it is put back.
"""

import hashlib
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import bagit
from typing_extensions import override

from muniment.outgoing import shared, workplace
from muniment.ports.packages import OpenPackage, Packages
from schemas.errors import BadInputError, IntegrityError

__all__ = ["BagItPackages"]

_ALGORITHMS: Final = ["sha256", "sha512"]
_MANIFEST: Final = "manifest-sha256.txt"
_DECLARATION: Final = "bagit.txt"
logging.getLogger("bagit").setLevel(logging.ERROR)  # it tells every file that it hashes


class BagItPackages(Packages):
    """Bags on a local disk."""

    @override
    @contextmanager
    def open(self, folder: Path) -> Iterator[OpenPackage]:
        _refuse_taken(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = folder.with_name(f"{folder.name}.partial")
        with workplace(partial) as place:
            try:
                _refuse_taken(folder)  # by who worked here until now
                growing = place / "package"
                if (growing / _DECLARATION).exists():  # killed between the checksums and the name
                    shutil.rmtree(growing)
                growing.mkdir(exist_ok=True, mode=0o700 | shared(place, 0o050))
                yield _Bag(growing, folder)
            finally:
                if folder.exists():
                    shutil.rmtree(partial)

    @override
    def verify(self, folder: Path) -> bytes:
        return _verified(folder)

    @override
    def read(self, folder: Path, name: str) -> BinaryIO:
        return (folder / "data" / name).open("rb")


class _Bag(OpenPackage):
    def __init__(self, partial: Path, folder: Path) -> None:
        self._partial = partial
        self._folder = folder
        self._wanted: set[str] = set()

    @override
    def has(self, name: str) -> bool:
        there = (self._partial / name).exists()
        if there:
            self._wanted.add(name)
        return there

    @override
    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        path = self._partial / name
        path.parent.mkdir(parents=True, exist_ok=True)
        growing = path.with_name(f".{path.name}.growing")
        with growing.open("wb") as into:
            for piece in pieces:
                into.write(piece)
        growing.replace(path)
        self._wanted.add(name)

    @override
    def finish(self, information: Mapping[str, str]) -> bytes:
        self._remove_the_rest()
        here = Path.cwd()
        try:
            bagit.make_bag(str(self._partial), dict(information), checksums=_ALGORITHMS)
        finally:
            os.chdir(here)
        digest = _verified(self._partial)
        self._partial.rename(self._folder)
        return digest

    def _remove_the_rest(self) -> None:
        """Remove what an earlier try wrote and this one does not want: half a file, a record kept since."""
        for path in self._partial.rglob("*"):
            if path.is_file() and str(path.relative_to(self._partial)) not in self._wanted:
                path.unlink()


def _refuse_taken(folder: Path) -> None:
    if folder.exists():
        raise BadInputError(f"{folder.name} is there already.", remedy="Name a folder that is not.")


def _verified(folder: Path) -> bytes:
    try:
        bag = bagit.Bag(str(folder))
    except bagit.BagError as error:
        raise BadInputError(
            f"{folder.name} is no package: {error}.",
            remedy="Name the folder that `muniment transfer make` made.",
        ) from error
    try:
        bag.validate()
    except bagit.BagError as error:
        raise IntegrityError(
            f"The package {folder.name} is not what was written: {error}.",
            remedy="Copy it again; if the first copy is faulty too, make it anew.",
        ) from error
    return hashlib.sha256((folder / _MANIFEST).read_bytes()).digest()
