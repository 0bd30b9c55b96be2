"""Groups texts that say nearly the same, so that they can be read together; none is ever left out.

Two texts are near when eight in ten of their runs of three stems are alike (Jaccard's measure), or when both
are shorter than that and have the same words. Nearness is handed on: what is near to one text of a group
belongs to it. Versions of one record always come together.

A text is kept as numbers: of its runs, and of a text of more than 66 words of 64 of its runs that are chosen
alike in each text. That is at most 0.3 kB a text, whatever its length, and mostly a third of it.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, pairwise
from math import ceil
from typing import Any, Final, TypeAlias
from zlib import crc32

import numpy as np

from muniment.search.entry import record_key
from muniment.search.tokens import GAP, streams

__all__ = ["NearDuplicates", "near_duplicates"]

_RUN: Final = 3
_NEAR: Final = 0.8
_MOST_RUNS: Final = 64
_ALL_PAIRS: Final = 200
"""So many texts that share a rare run are compared each with each; of more, each with so many firsts."""

_SKETCH: Final = 1 << 22
_Numbers: TypeAlias = np.ndarray[Any, np.dtype[Any]]


class NearDuplicates:
    """Takes texts one after the other and groups them at the end; their length costs no memory."""

    def __init__(self) -> None:
        """Begin with none."""
        self._runs = array("I")
        self._ends = array("Q", [0])
        self._records = array("q")
        self._leader: list[int] = []

    def add(self, text: str, record_id: str) -> None:
        """Take the next text, and the record that it is a version of."""
        self._runs.extend(_runs(text))
        self._ends.append(len(self._runs))
        self._records.append(record_key(record_id))

    @property
    def kept_bytes(self) -> int:
        """How much memory the texts take that were added."""
        return sum(one.itemsize * len(one) for one in (self._runs, self._ends, self._records))

    def leaders(self) -> _Numbers:
        """Return for each text the place of the first of its group."""
        count = len(self._records)
        self._leader = list(range(count))
        self._join_alike(np.frombuffer(self._records, np.int64))
        alike = np.fromiter((hash(self._of(at).tobytes()) for at in range(count)), np.int64, count)
        self._join_alike(alike)
        _, distinct = np.unique(alike, return_index=True)
        for places in self._sharing(np.sort(distinct)):
            self._join_near(places)
        return np.fromiter((self._first(at) for at in range(count)), np.int64, count)

    def _of(self, at: int) -> "array[int]":
        return self._runs[self._ends[at] : self._ends[at + 1]]

    def _sharing(self, distinct: _Numbers) -> Iterator[list[int]]:
        """Yield the places of texts that share one of the rarest runs of each.

        Texts as near as that share one of their rarest runs, whatever order is taken for rareness: so it is
        enough to look there. How common a run is is counted in a table of fixed size, where two runs may
        share a place: they only seem more common.
        """
        common = np.bincount(np.frombuffer(self._runs, np.uint32) % _SKETCH, minlength=_SKETCH)
        runs, places = array("I"), array("Q")
        for at in map(int, distinct):
            own = self._of(at)
            rarest = sorted(own, key=lambda run: (common[run % _SKETCH], run))
            rarest = rarest[: len(own) - ceil(_NEAR * len(own)) + 1]
            runs.extend(rarest)
            places.extend([at] * len(rarest))
        order = np.lexsort((np.frombuffer(places, np.uint64), np.frombuffer(runs, np.uint32)))
        by_run = np.frombuffer(runs, np.uint32)[order]
        edges = [0, *(np.flatnonzero(np.diff(by_run)) + 1).tolist(), len(by_run)]
        placed = np.frombuffer(places, np.uint64)[order]
        for start, end in pairwise(edges):
            if end - start > 1:
                yield [int(one) for one in placed[start:end]]

    def _join_near(self, places: Sequence[int]) -> None:
        sets: dict[int, frozenset[int]] = {}
        for one, other in self._pairs(places):
            if self._first(one) != self._first(other):
                for at in (one, other):
                    if at not in sets:
                        sets[at] = frozenset(self._of(at))
                if _alike(sets[one], sets[other]):
                    self._join(one, other)

    def _pairs(self, places: Sequence[int]) -> Iterable[tuple[int, int]]:
        return combinations(places, 2) if len(places) <= _ALL_PAIRS else self._with_firsts(places)

    def _with_firsts(self, places: Sequence[int]) -> Iterator[tuple[int, int]]:
        firsts: list[int] = []
        for at in places:
            for first in firsts:
                if self._first(first) == self._first(at):
                    break
                yield first, at
            else:
                if len(firsts) < _ALL_PAIRS and all(self._first(at) != self._first(one) for one in firsts):
                    firsts.append(at)

    def _join_alike(self, values: _Numbers) -> None:
        """Join texts that have the same value."""
        order = np.argsort(values, kind="stable")
        same = np.flatnonzero(np.diff(values[order]) == 0)
        for at in same.tolist():
            self._join(int(order[at]), int(order[at + 1]))

    def _first(self, at: int) -> int:
        leader = self._leader
        while leader[at] != at:
            leader[at] = leader[leader[at]]
            at = leader[at]
        return at

    def _join(self, one: int, other: int) -> None:
        first, second = sorted((self._first(one), self._first(other)))
        self._leader[second] = first


def near_duplicates(texts: Sequence[str], records: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """Return the places of the texts in groups, each in order; groups in the order of their first.

    Args:
        texts: What each says.
        records: The record of each, in the same order.
    """
    found = NearDuplicates()
    for text, record_id in zip(texts, records, strict=True):
        found.add(text, record_id)
    groups: dict[int, list[int]] = {}
    for at, first in enumerate(found.leaders().tolist()):
        groups.setdefault(first, []).append(at)
    return tuple(tuple(group) for group in groups.values())


def _runs(text: str) -> list[int]:
    """Return the numbers of the runs of a text, each once, smallest first."""
    words = streams(text)[1].partition(f" {GAP} {GAP}")[0].split()
    last = max(len(words) - _RUN, 0)
    runs = {crc32(" ".join(words[at : at + _RUN]).encode("utf-8", "replace")) for at in range(last + 1)}
    return sorted(runs)[:_MOST_RUNS]


def _alike(one: frozenset[int], other: frozenset[int]) -> bool:
    if max(len(one), len(other)) == _MOST_RUNS:
        # What is kept of a long text: of both together, the share of the smallest that both have.
        smallest = frozenset(sorted(one | other)[:_MOST_RUNS])
        return len(one & other & smallest) >= _NEAR * len(smallest)
    small, large = sorted((len(one), len(other)))
    return small >= _NEAR * large and len(one & other) >= _NEAR * len(one | other)
