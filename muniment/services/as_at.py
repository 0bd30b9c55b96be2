"""A search as the archive stood at an earlier commit: read from the archive itself, slower, and exact.

"As at n" is every row of commits 1 to n, matched by the plain evaluator. What was destroyed since is not
among them: an earlier commit brings nothing back. The order by relevance goes by the formula of the index,
with the words counted as they stood at that commit.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from muniment.ports import Archive
from muniment.search.answer import EveryHit, Facet, Hit, Order
from muniment.search.entry import Entry, entry_id, sort_key
from muniment.search.facets import FacetCounter
from muniment.search.match import matches, read
from muniment.search.place import Place, read_cursor, write_cursor
from muniment.search.relevance import Relevance, Weighed, is_scored
from muniment.search.tree import Node, Query
from muniment.services.finding import found_versions
from muniment.services.indexing import every_entry
from muniment.services.searching import (
    NO_FILTERS,
    Freshness,
    Held,
    SearchAnswer,
    SearchFilters,
    hiding,
    parse_search,
    statement_of,
)
from schemas.errors import BadInputError

__all__ = ["every_hit_as_at", "search_as_at"]

_BATCH_HITS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matched:
    """All that matched at a commit, in order, each with its place; facets count versions."""

    placed: list[tuple[Place, Hit]]
    facets: Mapping[Facet, Mapping[str, int]]


def search_as_at(
    archive: Archive,
    typed: str,
    commit_no: int,
    *,
    filters: SearchFilters = NO_FILTERS,
    order: Order = Order.NEWEST,
    after: str | None = None,
    size: int = 50,
    held: Held | None = None,
    hidden: frozenset[str] = frozenset(),
) -> SearchAnswer:
    """Return a page of what matched at a commit.

    `hold:` is answered as of now; `class:` cannot be asked: no row of the archive has one. `hidden` records
    are being destroyed, and are found no more.

    Raises:
        QueryError: A mistake in `typed`.
        BadInputError: The archive has no such commit.
    """
    query = parse_search(typed, filters, held, classed=False)
    last = _checked(archive, commit_no)
    matched = _matched(archive, hiding(query, hidden).tree, commit_no, order)
    placed = matched.placed
    start = 0 if after is None else _start(placed, read_cursor(after))
    page = placed[start : start + size]
    fresh = Freshness(watermark=commit_no, archive_commit=last, current_to=None, behind=0)
    return SearchAnswer(
        statement=statement_of(
            query,
            order=order,
            records=len({hit.record_id for _, hit in placed}),
            versions=len(placed),
            fresh=fresh,
            as_at=commit_no,
        ),
        facets=matched.facets,
        found=tuple(found_versions(archive, [hit for _, hit in page], upto=commit_no, tree=query.tree)),
        after=write_cursor(page[-1][0]) if start + size < len(placed) else None,
    )


def every_hit_as_at(archive: Archive, query: Query, commit_no: int, *, scored: bool = False) -> EveryHit:
    """Return all that matched at a commit; `scored`: by what relevance goes by.

    Raises:
        BadInputError: The archive has no such commit.
    """
    _checked(archive, commit_no)
    order = Order.RELEVANT if scored else Order.NEWEST
    placed = _matched(archive, query.tree, commit_no, order).placed
    hits = [replace(hit, score=place.score) for place, hit in placed]
    batches = (tuple(hits[at : at + _BATCH_HITS]) for at in range(0, len(hits), _BATCH_HITS))
    return EveryHit(versions=len(hits), watermark=commit_no, batches=batches)


def _checked(archive: Archive, commit_no: int) -> int:
    """Return the archive's last commit, once it is sure that it has this one."""
    last = archive.commit_no()
    if not 0 < commit_no <= last:
        message = f"There is no commit {commit_no}: the archive has 1 to {last}."
        raise BadInputError(message, remedy="`muniment show` tells the commits of a record.")
    return last


def _matched(archive: Archive, tree: Node, commit_no: int, order: Order) -> _Matched:
    facets = FacetCounter()
    ranked = order is Order.RELEVANT and is_scored(tree)
    relevance = Relevance(tree) if ranked else None
    found: list[tuple[Hit, int, Weighed | None]] = []
    for entry in every_entry(archive, commit_no):
        reading = read(entry)
        if relevance is not None:
            relevance.see(reading)
        if matches(tree, reading):
            facets.add(entry)
            weighed = None if relevance is None else relevance.weigh(reading)
            found.append((*_hit(entry), weighed))
    placed = list(_placed(found, relevance))
    placed.sort(key=_place, reverse=True)
    return _Matched(placed=placed, facets=facets.counts())


def _placed(
    found: Iterable[tuple[Hit, int, Weighed | None]], relevance: Relevance | None
) -> Iterator[tuple[Place, Hit]]:
    for hit, id_, weighed in found:
        score = 0.0 if relevance is None or weighed is None else relevance.score(weighed)
        yield Place(score, hit.sk, id_), hit


def _hit(entry: Entry) -> tuple[Hit, int]:
    id_ = entry_id(entry.version_id)
    return Hit(version_id=entry.version_id, record_id=entry.record_id, sk=sort_key(entry.ts, id_)), id_


def _place(placed: tuple[Place, Hit]) -> Place:
    return placed[0]


def _start(placed: list[tuple[Place, Hit]], last: Place) -> int:
    return sum(place >= last for place, _ in placed)
