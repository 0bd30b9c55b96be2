"""What was given out and lies below MUNIMENT_HOME still: files and packages that a disposal can remove."""

import shutil
from pathlib import Path

from typing_extensions import override

from muniment.ports.given_out import GivenOutFiles
from schemas.errors import StorageError

__all__ = ["HomeFiles"]


class HomeFiles(GivenOutFiles):
    """Files below one folder."""

    def __init__(self, home: Path) -> None:
        """Name the folder."""
        self._home = home.resolve()

    def place_of(self, path: Path) -> str | None:
        """Return where a path is below the folder; None: it is elsewhere, and out of reach."""
        whole = path.resolve()
        return str(whole.relative_to(self._home)) if whole.is_relative_to(self._home) else None

    @override
    def lies(self, place: str) -> bool:
        return self._below(place).exists()

    @override
    def remove(self, place: str) -> None:
        path = self._below(place)
        try:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
                path.with_name(f"{path.name}.manifest.json").unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(
                f"A copy that was given out cannot be removed from {path}: {error.strerror}.",
                remedy="Remove it by hand, then run `muniment dispose run` again.",
            ) from error

    def _below(self, place: str) -> Path:
        path = (self._home / place).resolve()
        if not path.is_relative_to(self._home) or path == self._home:
            raise StorageError(f"{place} is not below {self._home}.", remedy="Look at the register's backup.")
        return path
