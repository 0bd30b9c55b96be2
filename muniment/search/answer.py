"""What an index answers: exact totals, the commit they hold for, and one page of hits."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Hit", "Order", "SearchPage"]


class Order(StrEnum):
    """In which order hits come."""

    NEWEST = "newest"
    RELEVANT = "relevant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A version that matches. `sk` is its place in time (data-model.md 9)."""

    version_id: bytes
    record_id: str
    sk: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """One page of an answer.

    `records` and `versions` are the exact totals of the whole answer, as at commit `watermark`. `after` asks
    for the next page; None: this is the last.
    """

    records: int
    versions: int
    watermark: int
    hits: tuple[Hit, ...]
    after: str | None
