"""A search in groups of texts that say nearly the same, over all that it finds: no page divides a group.

Every hit is read for that, in bounded memory (`search.duplicates`), so it takes longer than a page of hits.
Nothing is left out: a group gives all its versions, and the totals are those of the search. Groups come in
the order of their first version, the newest or the best; they are the same in either order. The texts are
the archive's, so both engines give the same groups.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa

from muniment.ports import Archive, SearchIndex
from muniment.search.answer import EveryHit, Order
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
_READ_TOGETHER: Final = 1_000

_Read: TypeAlias = Callable[[pa.Table], Iterator[FoundVersion]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The versions that say nearly the same, in the order asked for; read from the archive when wanted.

    `found` yields every one of the `versions`, as it stood at the commit of the answer.
    """

    versions: int
    found: Callable[[], Iterator[FoundVersion]]


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
    order: Order = Order.NEWEST,
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
    asked, scored = hiding(query, hidden), order is Order.RELEVANT
    start = None if after is None else read_cursor(after)
    for _ in range(_TRIES):
        if as_at is None:
            answer = search(
                archive,
                index,
                council,
                typed,
                filters=filters,
                order=order,
                size=1,
                held=held,
                hidden=hidden,
            )
            every = index.every_hit(council, asked, scored=scored)
        else:
            answer = search_as_at(
                archive, typed, as_at, filters=filters, order=order, size=1, held=held, hidden=hidden
            )
            every = every_hit_as_at(archive, asked, as_at, scored=scored)
        if every.watermark == answer.statement.fresh.watermark:
            return _page(archive, query, answer, every, start=start, size=size)
    raise WriteConflictError("The search index moved on while texts were grouped.")


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
    of_group = _leaders(archive, hits, every.watermark)
    # The best first; where nothing is scored they stay as they are.
    ranked = np.argsort(-hits["score"].to_numpy(), kind="stable")
    hits, of_group = hits.take(ranked), of_group[ranked]
    firsts = np.sort(np.unique(of_group, return_index=True)[1])
    places = _places(hits.take(firsts))
    begin = 0 if start is None else sum(place >= start for place in places)
    shown = firsts[begin : begin + size].tolist()
    more = begin + size < len(firsts)
    members = [hits.take(np.flatnonzero(of_group == of_group[first])) for first in shown]
    read = partial(_read, archive, upto=every.watermark, tree=query.tree)
    return GroupedAnswer(
        answer=answer,
        groups=tuple(_groups(members, read)),
        of=len(firsts),
        after=write_cursor(places[begin + size - 1]) if more else None,
    )


def _groups(members: Sequence[pa.Table], read: _Read) -> Iterator[Group]:
    """Yield the groups; small ones that follow one another are read together, at the first of them."""
    start = 0
    while start < len(members):
        end, versions = start + 1, len(members[start])
        while end < len(members) and versions + len(members[end]) <= _READ_TOGETHER:
            versions += len(members[end])
            end += 1
        bundle = _Bundle(members[start:end], read)
        for at in range(end - start):
            yield Group(versions=len(members[start + at]), found=partial(bundle.found, at))
        start = end


class _Bundle:
    """Groups that are read together; one that is too large for that is read in parts, and not kept."""

    def __init__(self, members: Sequence[pa.Table], read: _Read) -> None:
        self._members = members
        self._read = read
        self._kept: list[FoundVersion] | None = None

    def found(self, at: int) -> Iterator[FoundVersion]:
        if len(self._members) == 1:
            yield from self._read(self._members[0])
            return
        if self._kept is None:
            self._kept = list(self._read(pa.concat_tables(self._members)))
        start = sum(len(one) for one in self._members[:at])
        yield from self._kept[start : start + len(self._members[at])]


def _read(archive: Archive, hits: pa.Table, *, upto: int, tree: Node) -> Iterator[FoundVersion]:
    for start in range(0, len(hits), _READ_TOGETHER):
        yield from found_versions(archive, hits_in(hits.slice(start, _READ_TOGETHER)), upto=upto, tree=tree)


def _leaders(archive: Archive, hits: pa.Table, upto: int) -> "np.ndarray[Any, np.dtype[Any]]":
    found = NearDuplicates()
    for start in range(0, len(hits), _PAGE_HITS):
        some = hits_in(hits.slice(start, _PAGE_HITS))
        for one in found_versions(archive, some, upto=upto):
            found.add(one.entry.text, one.entry.record_id)
        pa.default_memory_pool().release_unused()  # or each page's freed memory is kept beside the next's
    return found.leaders()


def _places(hits: pa.Table) -> list[Place]:
    return [Place(hit.score, hit.sk, entry_id(hit.version_id)) for hit in hits_in(hits)]
