"""What was given out and lies below MUNIMENT_HOME still: files and packages that a disposal can remove."""

import shutil
from pathlib import Path

from typing_extensions import override

from muniment.kept_places import GIVEN_OUT, PACKED
from muniment.ports.given_out import GivenOutFiles
from schemas.errors import StorageError

__all__ = ["HomeFiles"]


class HomeFiles(GivenOutFiles):
    """Files in those folders of MUNIMENT_HOME that are for what is given out."""

    def __init__(self, home: Path) -> None:
        """Name the folder."""
        self._home = home.resolve()
        self._folders = (self._home / GIVEN_OUT, self._home / PACKED)

    def place_of(self, path: Path) -> str | None:
        """Return where a path is below the home; None: in no folder for such files, and out of reach."""
        whole = path.resolve()
        return str(whole.relative_to(self._home)) if self._is_ours(whole) else None

    @override
    def lies(self, place: str) -> bool:
        return self._below(place).exists()

    @override
    def remove(self, place: str) -> None:
        path = self._below(place)
        by_hand = "Remove it by hand, then run `muniment dispose run` again."
        if not self._is_ours(path):  # entered by an earlier muniment, which let files be written anywhere
            raise StorageError(f"{path}, a copy that was given out, lies among what is kept.", remedy=by_hand)
        try:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
                path.with_name(f"{path.name}.manifest.json").unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(
                f"A copy that was given out cannot be removed from {path}: {error.strerror}.",
                remedy=by_hand,
            ) from error

    def _is_ours(self, path: Path) -> bool:
        return any(path != one and path.is_relative_to(one) for one in self._folders)

    def _below(self, place: str) -> Path:
        path = (self._home / place).resolve()
        if not path.is_relative_to(self._home) or path == self._home:
            raise StorageError(f"{place} is not below {self._home}.", remedy="Look at the register's backup.")
        return path
