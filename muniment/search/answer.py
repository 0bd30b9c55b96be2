"""What an index answers: exact totals, the commit they hold for, hits, facets, and the proof of a purge."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["EveryHit", "Facet", "FacetCounts", "Hit", "Order", "PurgeProof", "SearchPage"]


class Order(StrEnum):
    """In which order hits come."""

    NEWEST = "newest"
    RELEVANT = "relevant"


class Facet(StrEnum):
    """What hits can be counted by.

    `month` is a London month such as "2024-03", `year` one such as "2024", `edited` "yes" or "no"; the others
    are fields of `entry.KEYWORDS`. A version with several accounts counts under each.
    """

    PLATFORM = "platform"
    ACCOUNT = "account"
    AUTHOR_ROLE = "author_role"
    KIND = "kind"
    CLASS = "class"
    LANGUAGE = "language"
    STATE = "state"
    EDITED = "edited"
    YEAR = "year"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A version that matches. `sk` is its place in time (data-model.md 9); `score` 0: none was asked for."""

    version_id: bytes
    record_id: str
    sk: int
    score: float = 0.0


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetCounts:
    """How many versions match, by facet and value, exactly; as at commit `watermark`.

    Values come with the most versions first, years and months in order of time; a value that no hit has is
    left out, and so is a version that has none.
    """

    watermark: int
    counts: Mapping[Facet, Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EveryHit:
    """All hits of one state of the index: `versions` of them, in `batches`, in no promised order.

    Read `batches` to their end, or close them: a server may keep the state open for them.
    """

    versions: int
    watermark: int
    batches: Iterator[tuple[Hit, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeProof:
    """What was found after a purge; counts only, since a certificate keeps it for longer than the records.

    `entries` is how many the index holds now. `terms_left` counts ids and words of erased records that stand
    in any dictionary or list of words still, `copies_left` older generations, and shard copies with deleted
    entries in them. `elsewhere` names copies that nobody here can purge, such as snapshots.
    """

    engine: str
    watermark: int
    records: int
    entries: int
    terms_left: int
    copies_left: int
    elsewhere: tuple[str, ...] = ()

    @property
    def proved(self) -> bool:
        """Whether nothing of the erased records is left in the index."""
        return self.terms_left == 0 and self.copies_left == 0
