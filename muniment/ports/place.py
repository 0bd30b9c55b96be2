"""What is found where an archive lies: settings that would defeat a disposal, or let records go."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Judgement"]


class Judgement(StrEnum):
    """How a finding stands; unknown: the place does not tell."""

    FINE = "fine"
    WARNING = "warning"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at, and what it means: a sentence that `what` begins."""

    what: str
    judgement: Judgement
    why: str

    @classmethod
    def fine(cls, what: str, why: str) -> "Finding":
        """Return what is as it should be."""
        return cls(what=what, judgement=Judgement.FINE, why=why)

    @classmethod
    def warning(cls, what: str, why: str) -> "Finding":
        """Return what a person should change."""
        return cls(what=what, judgement=Judgement.WARNING, why=why)

    @classmethod
    def unknown(cls, what: str, why: str) -> "Finding":
        """Return what a person should look at: the place does not tell."""
        return cls(what=what, judgement=Judgement.UNKNOWN, why=why)
