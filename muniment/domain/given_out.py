"""What left the archive as files: exports of searches, whole exports, proofs, packages, lists of ids. Pure.

Which records were in each is known by keyed digests alone, those of stubs: they name nobody, outlive a
disposal, and answer "in which exports was X?" for whoever can name X. Source: records-law.md 4.5,
"downloads by users: export events listed, named" and "packs already released: listed, not recalled".
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

__all__ = ["DIGEST_BYTES", "Became", "GivenKind", "GivenOut", "Holding", "told_of"]

DIGEST_BYTES: Final = 16
"""So much of a keyed digest is kept for each record: enough that no two are alike."""


class GivenKind(StrEnum):
    """What was written."""

    SEARCH = "search export"
    ARCHIVE = "whole export"
    PROOF = "proof"
    TRANSFER = "transfer package"
    IDS = "list of record ids"


class Became(StrEnum):
    """What became of it when records in it were destroyed."""

    REMOVED = "removed"
    LIES = "lies in MUNIMENT_HOME: its receipt is waited for"
    OUT_OF_REACH = "out of reach: not recalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenOut:
    """One thing that was written: by whom (name, with the login in brackets), when, with how many records.

    `reference` is the name of a transfer. `place` is where it was written below MUNIMENT_HOME; None:
    elsewhere, which is not kept, since a file's name may name people.
    """

    kind: GivenKind
    by: str
    at: datetime
    records: int
    number: int = 0
    reference: str | None = None
    place: str | None = None
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Something given out that holds some records; None: not known, since its key was destroyed."""

    given: GivenOut
    records: int | None


def told_of(holding: Holding, *, by: str, lies: bool) -> dict[str, Any]:
    """Return what a certificate says of it; `by` is the person's reference, never the name."""
    given = holding.given
    here = Became.LIES if lies else Became.OUT_OF_REACH
    became = here if given.removed_at is None else Became.REMOVED
    return {
        "number": given.number,
        "kind": given.kind.value,
        "at": given.at.isoformat(),
        "by": by,
        "reference": given.reference,
        "records_in_it": given.records,
        "of_these": holding.records,
        "became": became.value,
    }
