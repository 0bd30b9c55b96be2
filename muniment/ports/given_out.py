"""What the services need to know of what was given out. `ports.Register` is the first of these too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from muniment.domain.given_out import GivenOut, Holding

__all__ = ["GivenOutBook", "GivenOutFiles"]


class GivenOutBook(Protocol):
    """The register's book of exports, packages and proofs."""

    def add_given_out(self, council: str, given: GivenOut, record_ids: Sequence[str]) -> int:
        """Enter one, with keyed digests of its records; return its number."""
        ...

    def given_out_with(self, council: str, record_ids: Sequence[str]) -> tuple[Holding, ...]:
        """Return everything given out that holds one of these records, oldest first."""
        ...

    def note_removed(self, council: str, number: int, *, now: datetime) -> None:
        """Say that it was removed, with what was in it."""
        ...


class GivenOutFiles(Protocol):
    """What of it lies below MUNIMENT_HOME still."""

    def lies(self, place: str) -> bool:
        """Return whether it is there."""
        ...

    def remove(self, place: str) -> None:
        """Remove it, with the manifest beside it. Twice is once.

        Raises:
            StorageError: It cannot be removed.
        """
        ...
