"""What muniment keeps on this machine, which no command may write over.

A folder is known by its device and its number there, not by its name. So it does not matter which way leads
to it: links, `..`, a mount in another place, upper and lower case where the disk takes them for the same.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from muniment.settings import Settings

__all__ = ["GIVEN_OUT", "PACKED", "KeptPlaces"]

GIVEN_OUT: Final = "exports"
"""The one folder below MUNIMENT_HOME that commands write to for people."""
PACKED: Final = "transfers"
"""The folder below MUNIMENT_HOME that the yearly flow packs in."""

_SQLITE: Final = re.compile(r"sqlite:///([^?]+)")

_Which: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPlaces:
    """Folders that are kept with all in them but `outlet`, and single files that lie elsewhere."""

    folders: tuple[Path, ...]
    files: tuple[Path, ...]
    outlet: Path

    @classmethod
    def of(cls, settings: Settings) -> "KeptPlaces":
        """Return what these settings say is kept, on a disk of this machine."""
        register = _SQLITE.match(settings.database_url)
        certificates = (settings.ca_file, None if settings.search is None else settings.search.ca_file)
        return cls(
            folders=(settings.home, settings.councils, settings.secrets),
            files=(
                *(() if register is None else (Path(register[1]),)),
                *(one for one in certificates if one is not None),
            ),
            outlet=settings.home / GIVEN_OUT,
        )

    def holds(self, folder: int, name: str) -> bool:
        """Return whether a name in an open folder is, or would be, one of what is kept."""
        here = _which(folder)
        for kept in self.files:
            # SQLite's own files beside it are called register.sqlite-wal and so on.
            if name.casefold().startswith(kept.name.casefold()) and _named(kept.parent) == here:
                return True
        return self._below(folder)

    def _below(self, folder: int) -> bool:
        outlet, kept = _named(self.outlet), {_named(one) for one in self.folders} - {None}
        here = os.dup(folder)
        try:
            while True:
                which = _which(here)
                if which == outlet or which in kept:
                    return which != outlet
                try:
                    above = os.open("..", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=here)
                except PermissionError:
                    return False  # what we may not even enter holds nothing of ours
                os.close(here)
                here = above
                if _which(here) == which:
                    return False
        finally:
            os.close(here)


def _which(folder: int) -> _Which:
    found = os.fstat(folder)
    return found.st_dev, found.st_ino


def _named(folder: Path) -> _Which | None:
    """Return which folder a name leads to; None: there is none, and nothing is kept in it."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
