"""A search in groups of texts that say nearly the same, over all that it finds: no page divides a group.

Every hit is read for that, in bounded memory (`search.duplicates`), so it takes longer than a page of hits.
Nothing is left out: a group gives all its versions, and the totals are those of the search. Groups come in
the order of their newest version. The texts are the archive's, so both engines give the same groups.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from muniment.ports import Archive, SearchIndex
from muniment.search.answer import EveryHit
from muniment.search.duplicates import NearDuplicates
from muniment.search.entry import entry_id
from muniment.search.place import Place, read_cursor, write_cursor
from muniment.search.tree import Node, Query
from muniment.services.as_at import every_hit_as_at, search_as_at
from muniment.services.finding import FoundVersion, found_versions
from muniment.services.gathering import hits_in, newest_first
from muniment.services.searching import (
    NO_FILTERS,
    Held,
    SearchAnswer,
    SearchFilters,
    hiding,
    parse_search,
    search,
)
from schemas.errors import WriteConflictError

__all__ = ["Group", "GroupedAnswer", "search_grouped"]

_PAGE_HITS: Final = 10_000
_TRIES: Final = 3
_SHOWN_AT_ONCE: Final = 500


class Group:
    """The versions that say nearly the same, newest first; read from the archive when they are asked for."""

    def __init__(self, archive: Archive, hits: pa.Table, *, upto: int, tree: Node) -> None:
        """Take the hits of a group."""
        self._archive = archive
        self._hits = hits
        self._upto = upto
        self._tree = tree

    @property
    def versions(self) -> int:
        """How many there are."""
        return len(self._hits)

    def found(self) -> Iterator[FoundVersion]:
        """Yield every version, as it stood at the commit of the answer."""
        for start in range(0, len(self._hits), _SHOWN_AT_ONCE):
            some = hits_in(self._hits.slice(start, _SHOWN_AT_ONCE))
            yield from found_versions(self._archive, some, upto=self._upto, tree=self._tree)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedAnswer:
    """A page of groups of an answer; `answer` has the statement and the facets of all that was found.

    `of` is how many groups there are in all. `after` asks for the next page; None: this is the last.
    """

    answer: SearchAnswer
    groups: tuple[Group, ...]
    of: int
    after: str | None


def search_grouped(
    archive: Archive,
    index: SearchIndex,
    council: str,
    typed: str,
    *,
    filters: SearchFilters = NO_FILTERS,
    after: str | None = None,
    size: int = 50,
    as_at: int | None = None,
    held: Held | None = None,
    hidden: frozenset[str] = frozenset(),
) -> GroupedAnswer:
    """Return so many groups of what matches, now or as at an earlier commit.

    Raises:
        QueryError: A mistake in `typed`.
        BadInputError: The archive has no such commit, or `after` names no place.
        WriteConflictError: The index moved on meanwhile, three times.
    """
    query = parse_search(typed, filters, held, classed=as_at is None)
    asked = hiding(query, hidden)
    start = None if after is None else read_cursor(after)
    for _ in range(_TRIES):
        if as_at is None:
            answer = search(archive, index, council, typed, filters=filters, size=1, held=held, hidden=hidden)
            every = index.every_hit(council, asked)
        else:
            answer = search_as_at(archive, typed, as_at, filters=filters, size=1, held=held, hidden=hidden)
            every = every_hit_as_at(archive, asked, as_at)
        if every.watermark == answer.statement.fresh.watermark:
            return _page(archive, query, answer, every, start=start, size=size)
    raise WriteConflictError("The search index moved on while texts were grouped.", remedy="Run it again.")


def _page(
    archive: Archive,
    query: Query,
    answer: SearchAnswer,
    every: EveryHit,
    *,
    start: Place | None,
    size: int,
) -> GroupedAnswer:
    hits = newest_first(every)
    leaders = _leaders(archive, hits, every.watermark)
    firsts = np.unique(leaders)
    places = [_place(hits, at) for at in firsts.tolist()]
    begin = 0 if start is None else sum(place >= start for place in places)
    shown = firsts[begin : begin + size].tolist()
    more = begin + size < len(firsts)
    return GroupedAnswer(
        answer=answer,
        groups=tuple(
            Group(
                archive,
                hits.take(np.flatnonzero(leaders == first)),
                upto=every.watermark,
                tree=query.tree,
            )
            for first in shown
        ),
        of=len(firsts),
        after=write_cursor(places[begin + size - 1]) if more else None,
    )


def _leaders(archive: Archive, hits: pa.Table, upto: int) -> "np.ndarray[Any, np.dtype[Any]]":
    found = NearDuplicates()
    for start in range(0, len(hits), _PAGE_HITS):
        some = hits_in(hits.slice(start, _PAGE_HITS))
        for one in found_versions(archive, some, upto=upto):
            found.add(one.entry.text, one.entry.record_id)
        pa.default_memory_pool().release_unused()  # or each page's freed memory is kept beside the next's
    return found.leaders()


def _place(hits: pa.Table, at: int) -> Place:
    return Place(0.0, hits["sk"][at].as_py(), entry_id(hits["version_id"][at].as_py()))
