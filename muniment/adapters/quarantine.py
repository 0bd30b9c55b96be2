"""Bodies that cannot be used, a login page or a broken document: kept 30 days, no part of the archive."""

import os
import time
from pathlib import Path
from typing import Final

__all__ = ["Quarantine"]

_KEPT_SECONDS: Final = 30 * 24 * 3600


class Quarantine:
    """A folder (0700) of files (0600), named by capture_id."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when first needed."""
        self._folder = folder

    def __call__(self, capture_id: str, body: bytes) -> None:
        """Lay a body aside, and clear out what is older than 30 days."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(self._folder / capture_id, flags, 0o600), "wb") as file:
            file.write(body)
        for old in self._folder.iterdir():
            if time.time() - old.stat().st_mtime > _KEPT_SECONDS:
                old.unlink()

    def __len__(self) -> int:
        """Return how many bodies lie here."""
        return sum(1 for _ in self._folder.iterdir()) if self._folder.is_dir() else 0
