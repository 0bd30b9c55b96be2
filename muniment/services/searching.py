"""Answers a search: exact totals, facets, the hits with their texts marked, and a statement of it.

The index says which versions match; what they say, and how they stood at the index's commit, is read from
the archive, which is the truth. Versions that were edited away, hidden or deleted at the platform are found
like any other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final, TypeAlias

import pyarrow.compute as pc

from muniment.ports import Archive, SearchIndex
from muniment.search.answer import Facet, Order
from muniment.search.explain import explain
from muniment.search.parse import parse
from muniment.search.scope import SearchScope, scope_of
from muniment.search.tree import Leaf, Near, Not, Query, Records, leaves
from muniment.search.words import all_of
from muniment.services.finding import FoundVersion, found_versions
from schemas.arrow import RECORD_SERIES, TABLE, RowKind
from schemas.counted import counted
from schemas.london import london_words

__all__ = [
    "NO_FILTERS",
    "Freshness",
    "Held",
    "SearchAnswer",
    "SearchFilters",
    "SearchStatement",
    "freshness",
    "hiding",
    "parse_search",
    "search",
    "statement_of",
]

Held: TypeAlias = Callable[[], frozenset[str]]
"""Gives the ids of all records under a hold; asked when a query speaks of holds."""

_TIMES: Final = ("captured_at", "at", "fetched_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilters:
    """What narrows a search beside its words; dates are whole Europe/London days, ends included."""

    platforms: Sequence[str] = ()
    accounts: Sequence[str] = ()
    since: date | None = None
    until: date | None = None


NO_FILTERS: Final = SearchFilters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How far an answer goes: its commit, and when that commit's newest answer of a platform was fetched.

    `behind` counts the records that later commits of the archive touch.
    """

    watermark: int
    archive_commit: int
    current_to: datetime | None
    behind: int

    def told(self) -> str:
        """Return it as the end of a sentence."""
        behind = f"{counted(self.behind, 'record')} behind"
        if self.watermark < 0:
            return f"nothing is indexed yet, {behind}"
        if self.current_to is None:
            return f"current to commit {self.watermark}, {behind}"
        return f"current to {london_words(self.current_to)} (commit {self.watermark}), {behind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchStatement:
    """What was searched, word for word, for the reply to a request.

    `words` are the words and phrases searched for; `ignored` what was typed but holds no letter or figure;
    `hints` say what may have been meant otherwise. `scope` is what was looked through. `as_at` is the earlier
    commit that was asked for, None: as the index stood.
    """

    typed: str
    explained: str
    words: tuple[str, ...]
    ignored: tuple[str, ...]
    hints: tuple[str, ...]
    scope: SearchScope
    order: Order
    records: int
    versions: int
    fresh: Freshness
    as_at: int | None = None

    def totals(self) -> str:
        """Return the exact totals and how fresh they are, as one line."""
        found = f"{counted(self.records, 'record')}, {counted(self.versions, 'version')}"
        if self.as_at is not None:
            return f"{found}; as at commit {self.as_at}"
        return f"{found}; {self.fresh.told()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAnswer:
    """One page of an answer; `after` asks for the next, None: this is the last. Facets count versions."""

    statement: SearchStatement
    facets: Mapping[Facet, Mapping[str, int]] = field(default_factory=dict)
    found: tuple[FoundVersion, ...]
    after: str | None


def search(
    archive: Archive,
    index: SearchIndex,
    council: str,
    typed: str,
    *,
    filters: SearchFilters = NO_FILTERS,
    order: Order = Order.NEWEST,
    after: str | None = None,
    size: int = 50,
    held: Held | None = None,
    hidden: frozenset[str] = frozenset(),
) -> SearchAnswer:
    """Return a page of what matches; `hidden` records are being destroyed, and are found no more.

    Raises:
        QueryError: A mistake in `typed`, with its position and what to write instead.
        SchemaMismatchError: The index must be built anew first.
        IntegrityError: The index names a version that the archive does not hold.
    """
    query = parse_search(typed, filters, held)
    asked = hiding(query, hidden)
    page = index.search(council, asked, order=order, after=after, size=size)
    facets = index.facets(council, asked)
    return SearchAnswer(
        statement=statement_of(
            query,
            order=order,
            records=page.records,
            versions=page.versions,
            fresh=freshness(archive, page.watermark),
        ),
        facets=facets.counts,
        found=tuple(found_versions(archive, page.hits, upto=page.watermark, tree=query.tree)),
        after=page.after,
    )


def parse_search(typed: str, filters: SearchFilters, held: Held | None, *, classed: bool = True) -> Query:
    """Return the query that was typed, narrowed by the filters; `classed`: as `parse` takes it.

    Raises:
        QueryError: A mistake in `typed`.
    """
    return parse(
        typed,
        platforms=filters.platforms,
        accounts=filters.accounts,
        since=filters.since,
        until=filters.until,
        held=held,
        classed=classed,
    )


def hiding(query: Query, hidden: frozenset[str]) -> Query:
    """Return the query without these records; what is said of it is said of the query as typed."""
    return replace(query, tree=all_of([query.tree, Not(Records(hidden))])) if hidden else query


def statement_of(
    query: Query, *, order: Order, records: int, versions: int, fresh: Freshness, as_at: int | None = None
) -> SearchStatement:
    """Return the statement of a search that was answered."""
    words = (word for leaf in leaves(query.tree) for word in _words(leaf))
    return SearchStatement(
        typed=query.typed,
        explained=f"Every version that {explain(query.tree)}.",
        words=tuple(dict.fromkeys(words)),
        ignored=query.ignored,
        hints=query.hints,
        scope=scope_of(query.tree),
        order=order,
        records=records,
        versions=versions,
        fresh=fresh,
        as_at=as_at,
    )


def freshness(archive: Archive, watermark: int) -> Freshness:
    """Return how an index at this commit stands to its archive."""
    last = archive.commit_no()
    series = [*RECORD_SERIES, RowKind.OBSERVATION.value]
    touched: set[str] = set()
    if watermark < last:
        for batch in archive.scan(series=series, columns=["record_id"], after=max(0, watermark), upto=last):
            touched.update(pc.unique(batch["record_id"]).to_pylist())
    return Freshness(
        watermark=watermark,
        archive_commit=last,
        current_to=_fetched_last(archive, watermark) if watermark > 0 else None,
        behind=len(touched),
    )


def _fetched_last(archive: Archive, commit_no: int) -> datetime | None:
    """Return when the newest answer of a commit was fetched; None: it brought nothing, as erasures do."""
    newest: datetime | None = None
    for batch in archive.scan(columns=list(_TIMES), after=commit_no - 1, upto=commit_no):
        for name in _TIMES:
            found = pc.max(batch[name].cast(TABLE.field(name).type)).as_py()
            if found is not None and (newest is None or found > newest):
                newest = found
    return newest


def _words(leaf: Leaf) -> tuple[str, ...]:
    return leaf.typed if isinstance(leaf, Near) else (leaf.typed,)
