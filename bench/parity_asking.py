"""One query asked of every engine: the sets of ids in little, and for some pages, facets and relevance too.

On few entries each id is fetched, the way an export fetches it. On many a server's set is compared by ranges
of ids (`parity_ranges`); where a query is asked whole and finds up to 50,000, its ids are fetched there too.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from bench.engines import EMBEDDED
from bench.parity_ranges import Ranges, RangesOf
from muniment.ports import SearchIndex
from muniment.search.answer import Order
from muniment.search.tree import Query

__all__ = ["Compared", "Engine", "Ids", "compare"]

_MOST_FETCHED: Final = 50_000
_BEST: Final = 50


class Ids(NamedTuple):
    """A set of version ids, in little: how many, their sum and their exclusive or, over 128 bits of each."""

    size: int
    sums: tuple[int, int]
    mixed: tuple[int, int]

    @classmethod
    def of(cls, batches: Iterable[Iterable[bytes]]) -> "Ids":
        """Return the digest of what the batches hold."""
        count, sums, mixed = 0, np.zeros(2, np.uint64), np.zeros(2, np.uint64)
        for batch in batches:
            ids = np.frombuffer(b"".join(one[:16] for one in batch), np.uint64).reshape(-1, 2)
            count += len(ids)
            sums += ids.sum(axis=0, dtype=np.uint64)
            mixed ^= np.bitwise_xor.reduce(ids, axis=0) if len(ids) else np.zeros(2, np.uint64)
        return cls(count, (int(sums[0]), int(sums[1])), (int(mixed[0]), int(mixed[1])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One engine; `ranges` None: every id of every query is fetched."""

    index: SearchIndex
    ranges: RangesOf | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What one query gave: hits of the embedded engine, engines that differ, how many have its best 50."""

    hits: int
    differing: tuple[str, ...]
    best_alike: int
    best_asked: int


class _Answer(NamedTuple):
    versions: int
    ranges: Ranges | None
    ids: Ids | None
    page: tuple[object, ...]
    best: tuple[bytes, ...]


def compare(
    engines: Mapping[str, Engine],
    council: str,
    query: Query,
    *,
    whole: bool,
    evaluated: Callable[[Query], Ids] | None,
) -> Compared:
    """Ask every engine at once; `whole` asks for totals, a page, facets and the best by relevance too."""
    with ThreadPoolExecutor(len(engines)) as pool:
        asked = {
            name: pool.submit(_answer, engine, council, query, whole=whole)
            for name, engine in engines.items()
        }
        expected = None if evaluated is None else evaluated(query)
        answers = {name: answer.result() for name, answer in asked.items()}
    ours = answers[EMBEDDED]
    bad = {name for name, answer in answers.items() if answer[:-1] != ours[:-1]}
    if expected is not None and expected != ours.ids:
        bad.add("evaluator")
    alike = sum(answer.best == ours.best for answer in answers.values()) - 1
    return Compared(
        hits=ours.versions,
        differing=tuple(sorted(bad)),
        best_alike=alike if whole else 0,
        best_asked=len(engines) - 1 if whole else 0,
    )


def _answer(engine: Engine, council: str, query: Query, *, whole: bool) -> _Answer:
    ranges = None if engine.ranges is None else engine.ranges(query)
    versions = 0 if ranges is None else sum(count for count, _, _ in ranges.values())
    ids: Ids | None = None
    if ranges is None or (whole and versions <= _MOST_FETCHED):
        every = engine.index.every_hit(council, query)
        ids = Ids.of([hit.version_id for hit in batch] for batch in every.batches)
        versions = versions if ranges else every.versions
        if ids.size != versions:
            raise AssertionError(f"{versions} hits counted, {ids.size} given: {query.typed!r}")
    return _Answer(
        versions,
        ranges,
        ids,
        _page(engine.index, council, query, versions) if whole else (),
        _best(engine.index, council, query) if whole else (),
    )


def _page(index: SearchIndex, council: str, query: Query, versions: int) -> tuple[object, ...]:
    """Return totals, whether the page counts what the set holds, the newest, and every facet."""
    page = index.search(council, query, order=Order.NEWEST, size=_BEST)
    counts = index.facets(council, query).counts
    told = {facet: dict(sorted(values.items())) for facet, values in counts.items()}
    newest = tuple(hit.version_id for hit in page.hits)
    return page.records, page.versions, page.versions == versions, newest, told


def _best(index: SearchIndex, council: str, query: Query) -> tuple[bytes, ...]:
    page = index.search(council, query, order=Order.RELEVANT, size=_BEST)
    return tuple(hit.version_id for hit in page.hits)
