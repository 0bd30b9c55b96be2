"""What the audit says of searches and of the index. Pure; `events.EVENTS` lists every class."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from muniment.domain.event import Event, Tag, Term

__all__ = [
    "IndexBuilt",
    "IndexPurged",
    "IndexReconciled",
    "SearchDropped",
    "SearchMade",
    "SearchReported",
    "SearchSaved",
    "StatementAccepted",
    "SuggestionDecided",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexBuilt(Event):
    """A person brought the search index up to the archive, or built it anew."""

    tag: ClassVar[Tag] = Tag.INDEX_BUILT
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReconciled(Event):
    """A person had the index counted against the archive; how many classes and months differed."""

    tag: ClassVar[Tag] = Tag.INDEX_RECONCILED
    term: ClassVar[Term] = Term.SEARCH
    commit_no: int
    differences: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPurged(Event):
    """What was erased was taken out of the index's files, and looked for there."""

    tag: ClassVar[Tag] = Tag.INDEX_PURGED
    engine: str
    watermark: int
    records: int
    entries: int
    terms_left: int
    copies_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchMade(Event):
    """A person searched. Filters as typed; `exported`: every hit was written to a file."""

    tag: ClassVar[Tag] = Tag.SEARCH_MADE
    term: ClassVar[Term] = Term.SEARCH
    typed: str
    filters: Mapping[str, str]
    records: int
    versions: int
    watermark: int
    exported: bool = False
    purpose: str | None = None
    case_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSaved(Event):
    """A search was kept under a name, or changed: `before` is what was typed then."""

    tag: ClassVar[Tag] = Tag.SEARCH_SAVED
    term: ClassVar[Term] = Term.SEARCH
    name: str
    revision: int
    typed: str
    filters: Mapping[str, str]
    before: str | None
    case_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchDropped(Event):
    """A saved search was taken off the list; its revisions and statements stay."""

    tag: ClassVar[Tag] = Tag.SEARCH_DROPPED
    term: ClassVar[Term] = Term.SEARCH
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchReported(Event):
    """A hit report was made of a saved search: counts by term, account and month."""

    tag: ClassVar[Tag] = Tag.SEARCH_REPORTED
    term: ClassVar[Term] = Term.SEARCH
    name: str
    revision: int
    watermark: int
    case_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionDecided(Event):
    """A person accepted or declined another spelling or form of a term."""

    tag: ClassVar[Tag] = Tag.SUGGESTION_DECIDED
    term: ClassVar[Term] = Term.SEARCH
    name: str
    revision: int
    of: str
    suggestion: str
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementAccepted(Event):
    """A person accepted what a search says of itself, for a reply; the register keeps it word for word."""

    tag: ClassVar[Tag] = Tag.STATEMENT_ACCEPTED
    term: ClassVar[Term] = Term.SEARCH
    name: str
    revision: int
    number: int
    sha256: str
    records: int
    versions: int
    watermark: int
    case_reference: str | None = None
