"""Groups texts that say nearly the same, so that they can be read together; none is ever left out.

Two texts are near when eight in ten of their runs of three stems are alike (Jaccard's measure), or when both
are shorter than that and have the same words. Versions of one record always come together.
"""

from collections.abc import Sequence
from itertools import combinations

from muniment.search.tokens import GAP, streams

__all__ = ["near_duplicates"]

_RUN = 3
_NEAR = 0.8
_TOO_COMMON = 200  # a run in so many texts tells nothing, and comparing each with each would take long


def near_duplicates(texts: Sequence[str], records: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """Return the places of the texts in groups, each in order; groups in the order of their first.

    Args:
        texts: What each says.
        records: The record of each, in the same order.
    """
    runs = [_runs(text) for text in texts]
    leader = list(range(len(texts)))
    first_of: dict[str, int] = {}
    for at, record in enumerate(records):
        _join(leader, first_of.setdefault(record, at), at)
    whole: dict[frozenset[tuple[str, ...]], int] = {}
    for at, found in enumerate(runs):
        _join(leader, whole.setdefault(found, at), at)
    distinct = sorted(whole.values())
    for one, other in _candidates(runs, distinct):
        if _alike(runs[one], runs[other]):
            _join(leader, one, other)
    groups: dict[int, list[int]] = {}
    for at in range(len(texts)):
        groups.setdefault(_leader(leader, at), []).append(at)
    return tuple(tuple(group) for group in groups.values())


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = streams(text)[1].partition(f" {GAP} {GAP}")[0].split()
    if len(words) < _RUN:
        return frozenset({tuple(words)})
    return frozenset(tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1))


def _candidates(runs: Sequence[frozenset[tuple[str, ...]]], places: Sequence[int]) -> set[tuple[int, int]]:
    having: dict[tuple[str, ...], list[int]] = {}
    for at in places:
        for run in runs[at]:
            having.setdefault(run, []).append(at)
    return {pair for found in having.values() if len(found) <= _TOO_COMMON for pair in combinations(found, 2)}


def _alike(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    small, large = sorted((len(one), len(other)))
    return small >= _NEAR * large and len(one & other) >= _NEAR * len(one | other)


def _leader(leader: list[int], at: int) -> int:
    while leader[at] != at:
        leader[at] = leader[leader[at]]
        at = leader[at]
    return at


def _join(leader: list[int], one: int, other: int) -> None:
    first, second = sorted((_leader(leader, one), _leader(leader, other)))
    leader[second] = first
