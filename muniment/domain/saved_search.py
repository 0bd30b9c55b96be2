"""A search kept under a name: its revisions, what was decided about other spellings, its statements."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from schemas.errors import BadInputError

__all__ = ["KeptStatement", "SavedSearch", "SpellingDecision", "check_search_name"]

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """One revision; the newest counts. Filters are those of `muniment search`, as JSON words."""

    name: str
    revision: int
    typed: str
    filters: Mapping[str, str]
    case_reference: str | None
    saved_by: str
    saved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SpellingDecision:
    """What a person said to a suggestion: `of` is what was typed, `adds` what could be searched too."""

    name: str
    revision: int
    of: str
    adds: str
    kind: str
    versions: int
    accepted: bool
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptStatement:
    """What a search said of itself when a person accepted it, word for word; `sha256` is of its UTF-8."""

    name: str
    number: int
    revision: int
    text: str
    sha256: bytes
    records: int
    versions: int
    watermark: int
    accepted_by: str
    accepted_at: datetime


def check_search_name(name: str) -> None:
    """Refuse what cannot name a search.

    Raises:
        BadInputError: It is empty or too long, or has other signs than a-z, 0-9 and hyphens.
    """
    if not _NAME.fullmatch(name):
        raise BadInputError(
            f"{name!r} cannot name a search.",
            remedy="Use a-z, 0-9 and hyphens, such as foi-2024-113.",
        )
