"""The chain of seals over one council's archive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from muniment.domain.evidence import Seal

__all__ = ["Fault", "Seals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that does not match its evidence: which file or record, and why."""

    what: str
    why: str


class Seals(Protocol):
    """The chain of seals over one council's archive (data-model.md 7)."""

    def seal(self) -> Seal | None:
        """Seal all commits since the last seal; None: there are none."""
        ...

    def seals(self) -> Iterator[Seal]:
        """Yield the chain, oldest first.

        Raises:
            IntegrityError: A seal is damaged.
        """
        ...

    def stamp(self) -> int:
        """Ask the time-stamp authorities for what is still owed; return how many stamps are pending."""
        ...

    def pending(self) -> int:
        """Return how many time stamps are owed."""
        ...

    def faults(self) -> Iterator[Fault]:
        """Check the chain and every file under it; yield what is wrong, the first broken thing first."""
        ...
