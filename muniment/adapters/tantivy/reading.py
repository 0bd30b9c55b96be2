"""Reads one state of an embedded index: totals, pages, facets, every hit, and what its dictionaries hold."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import tantivy

from muniment.adapters.tantivy.asked import Ahead, Asked, AskedLately
from muniment.adapters.tantivy.listed import ListedWords
from muniment.adapters.tantivy.query import Compiler
from muniment.adapters.tantivy.vocabulary import Vocabulary
from muniment.search.answer import EveryHit, Facet, FacetCounts, Hit, Order, SearchPage
from muniment.search.place import Place, read_cursor, write_cursor
from muniment.search.relevance import is_scored
from muniment.search.tree import And, Node, Or, Query, Range
from schemas.errors import BadInputError

__all__ = ["KEYWORD_FACETS", "IndexState", "total"]

KEYWORD_FACETS = (
    *(Facet.PLATFORM, Facet.ACCOUNT, Facet.AUTHOR_ROLE, Facet.KIND, Facet.CLASS, Facet.LANGUAGE),
    Facet.STATE,
)
"""Facets whose values are words of a field of the same name."""

_MOST_VALUES = 20_000
"""A facet asks each segment for so many values: with fewer than there are, tantivy's counts are guesses."""

_BATCH_HITS = 10_000
_DRAWN_HITS = 50_000
"""Of so many hits the places are drawn at a time: as objects of Python they take 150 bytes each."""

_SHARING = 50
"""So many entries past a page are looked at for more of its last sort key: each further query is dear."""

_PAGES_AHEAD, _MOST_AHEAD = 10, 500
"""So many pages are drawn at a time, and hits: to find the next by themselves costs as much as the first."""

_Tantivy = Any  # tantivy ships no usable types: its classes are named here by role only


class IndexState:
    """What one searcher sees; it stays so however often the index is written meanwhile."""

    def __init__(self, searcher: _Tantivy, schema: _Tantivy, listed: ListedWords | None) -> None:
        """Take a searcher, and the list of its index's words where one is kept."""
        self.searcher = searcher
        self._vocabulary = Vocabulary(searcher, listed)
        self._compiler = Compiler(schema, self._vocabulary)
        self.watermark = _watermark(searcher, schema)
        self._lately = AskedLately()

    @cached_property
    def _several(self) -> int:
        """How many entries are versions of records that have more than one."""
        return total(self.searcher, self._compiler.compile(Range("multi", 1, 1)))

    @property
    def signature(self) -> tuple[int, int, int]:
        """What tells two states of a generation apart."""
        return self.watermark, self.searcher.num_docs, self.searcher.num_segments

    def page(self, query: Query, *, order: Order, after: str | None, size: int) -> SearchPage:
        """Return exact totals and one page."""
        asked = self._lately.about(query.tree)
        start = read_cursor(after) if after else None
        with self._counted_beside(asked):
            if order is Order.RELEVANT and is_scored(query.tree):
                found = self._most_relevant(asked, start, size + 1)
            else:
                found = self._newest(asked, start, size + 1)
        versions = self._versions(asked)
        return SearchPage(
            records=versions - (asked.further or 0),
            versions=versions,
            watermark=self.watermark,
            hits=tuple(_hit(self.searcher.doc(address), place.sk) for place, address in found[:size]),
            after=write_cursor(found[size - 1][0]) if len(found) > size else None,
        )

    def facets(self, query: Query) -> FacetCounts:
        """Return the counts of every facet; they are remembered, as each page shows them again."""
        asked = self._lately.about(query.tree)
        if asked.facets is None:
            asked.facets = self._facets(query.tree)
        return asked.facets

    def _facets(self, tree: Node) -> FacetCounts:
        asked = {
            name: {"terms": {"field": name, "size": _MOST_VALUES, "segment_size": _MOST_VALUES}}
            for name in (*KEYWORD_FACETS, "edited", "ym")
        }
        answer = self.searcher.aggregate(self._compiler.compile(tree), asked)
        counts: dict[Facet, Mapping[str, int]] = {
            facet: dict(_buckets(answer[facet], facet)) for facet in KEYWORD_FACETS
        }
        months = sorted((int(value), count) for value, count in _buckets(answer["ym"], "month"))
        years: dict[str, int] = {}
        for month, count in months:
            years[f"{month // 100:04}"] = years.get(f"{month // 100:04}", 0) + count
        counts[Facet.EDITED] = {
            "yes" if int(value) else "no": count for value, count in _buckets(answer["edited"], "edited")
        }
        counts[Facet.YEAR] = years
        counts[Facet.MONTH] = {f"{month // 100:04}-{month % 100:02}": count for month, count in months}
        return FacetCounts(watermark=self.watermark, counts=counts)

    def every_hit(self, query: Query, *, scored: bool) -> EveryHit:
        """Return all hits, by batch."""
        compiled = self._compiler.compile(query.tree)
        versions = total(self.searcher, compiled)
        ranked = scored and is_scored(query.tree)
        batches = self._scored_batches(compiled, versions) if ranked else self._batches(compiled, versions)
        return EveryHit(versions=versions, watermark=self.watermark, batches=batches)

    def words(self) -> Mapping[str, int]:
        """Return the exact stream's words, and of how many versions each stands in."""
        return dict(self.searcher.terms_with_prefix("x", ""))

    def terms_left(self, record_ids: Sequence[str], words: Sequence[str]) -> int:
        """Count which of these stand in a dictionary or a list still; deleting leaves words there."""
        asked = [("record", one) for one in record_ids]
        asked += [(stream, word) for word in words for stream in ("x", "s")]
        in_dictionaries = sum(
            self.searcher.doc_freq(field, word) > 0
            or any(found == word for found, _ in self.searcher.terms_with_prefix(field, word))
            for field, word in asked
        )
        return int(in_dictionaries) + sum(map(self._vocabulary.holds, words))

    def _batches(self, compiled: _Tantivy, count: int) -> Iterator[tuple[Hit, ...]]:
        for drawn in range(0, count, _DRAWN_HITS):
            found = self._addresses(compiled, min(_DRAWN_HITS, count - drawn), after=drawn)
            for start in range(0, len(found), _BATCH_HITS):
                some = found[start : start + _BATCH_HITS]
                keys = self.searcher.fast_field_values("sk", some)
                yield tuple(
                    _hit(self.searcher.doc(address), sk) for address, sk in zip(some, keys, strict=True)
                )

    def _scored_batches(self, compiled: _Tantivy, count: int) -> Iterator[tuple[Hit, ...]]:
        """Yield hits with their scores, drawn at once: another draw may add up a score in another order."""
        found = self.searcher.search(compiled, max(count, 1), count=False).hits
        for start in range(0, len(found), _BATCH_HITS):
            some = found[start : start + _BATCH_HITS]
            keys = self.searcher.fast_field_values("sk", [address for _, address in some])
            yield tuple(
                _hit(self.searcher.doc(address), sk, score)
                for (score, address), sk in zip(some, keys, strict=True)
            )

    def _addresses(self, compiled: _Tantivy, count: int, *, after: int = 0) -> list[_Tantivy]:
        """Return so many hits in the order of the index, from the one numbered `after` on."""
        if not count:
            return []
        unscored = tantivy.Query.const_score_query(compiled, 1.0)
        found = self.searcher.search(unscored, count, count=False, offset=after)
        return [address for _, address in found.hits]

    def _newest(self, asked: Asked, start: Place | None, size: int) -> list[tuple[Place, _Tantivy]]:
        """Return the next hits by time."""
        ahead = asked.ahead
        some = None if ahead is None else ahead.after(start, size)
        if some is None:
            ahead = asked.ahead = self._drawn(asked, start, max(size, min(size * _PAGES_AHEAD, _MOST_AHEAD)))
            some = ahead.placed[:size]
        return some

    def _drawn(self, asked: Asked, start: Place | None, size: int) -> Ahead:
        """Draw the next hits by time; entries of one sort key come in the order of their ids.

        The newest are counted as they are drawn, since each hit is gone through in either case.
        """
        query = asked.tree
        if start is not None:
            same_time = And((Range("sk", start.sk, start.sk), Range("id", None, start.id - 1)))
            query = And((query, Or((Range("sk", None, start.sk - 1), same_time))))
        found = self._by_time(query, size + _SHARING)
        if start is None:
            asked.versions = found.count
        hits = found.hits
        if len(hits) == size + _SHARING and hits[size - 1][0] == hits[-1][0]:
            # The last sort key may be shared by entries that did not fit: take all of them, then cut.
            last = hits[-1][0]
            hits = [
                *self._by_time(And((query, Range("sk", last + 1, None))), size).hits,
                *self._by_time(And((query, Range("sk", last, last))), self.searcher.num_docs).hits,
            ]
        placed = _in_order(self.searcher, [(0.0, address) for _, address in hits], None, size)
        return Ahead(start=start, placed=placed, is_last=len(placed) == found.count)

    def _by_time(self, tree: Node, limit: int) -> _Tantivy:
        """Return the newest hits, each with its sort key, and how many there are in all."""
        query = self._compiler.compile(tree)
        return self.searcher.search(query, max(limit, 1), count=True, order_by_field="sk")

    def _most_relevant(self, asked: Asked, start: Place | None, size: int) -> list[tuple[Place, _Tantivy]]:
        """Return the next hits by score, then time. Scores tie often, so look until the last is sure."""
        query = self._compiler.compile(asked.tree)
        versions = self._versions(asked)
        limit = size * 4
        while True:
            found = self.searcher.search(query, min(limit, max(versions, 1)), count=False).hits
            last_score = found[-1][0] if found else 0.0
            whole = len(found) >= versions
            sure = found if whole else [(score, address) for score, address in found if score > last_score]
            placed = _in_order(self.searcher, sure, start, size)
            if whole or len(placed) == size:
                return placed
            limit *= 4

    def _versions(self, asked: Asked) -> int:
        if asked.versions is None:
            asked.versions = total(self.searcher, self._compiler.compile(asked.tree))
        return asked.versions

    @contextmanager
    def _counted_beside(self, asked: Asked) -> Iterator[None]:
        """Count what does not count as a record of its own, in a thread: it goes through every hit again."""
        if asked.further is not None or not self._several:
            yield
            return
        several = self._compiler.compile(And((asked.tree, Range("multi", 1, 1))))
        with ThreadPoolExecutor(1) as beside:
            counting = beside.submit(self._further, several)
            yield
            asked.further = counting.result()

    def _further(self, several: _Tantivy) -> int:
        """Return how many of these entries are further versions of a record that is among them."""
        found = self._addresses(several, self._several)
        return len(found) - len(set(self.searcher.fast_field_values("record_key", found)))


def _watermark(searcher: _Tantivy, schema: _Tantivy) -> int:
    found = searcher.search(tantivy.Query.term_query(schema, "mark", 1, "basic"), 1).hits
    return int(searcher.fast_field_values("watermark", [found[0][1]])[0]) if found else -1


def total(searcher: _Tantivy, query: _Tantivy) -> int:
    """Return how many entries match, exactly."""
    return int(searcher.search(tantivy.Query.const_score_query(query, 0.0), 1, count=True).count)


def _buckets(answer: Mapping[str, Any], facet: str) -> Iterator[tuple[str, int]]:
    if answer["sum_other_doc_count"] or answer["doc_count_error_upper_bound"]:
        raise BadInputError(
            f"There are more than {_MOST_VALUES:,} values of {facet}: they cannot be counted exactly.",
            remedy="Narrow the search.",
        )
    for bucket in answer["buckets"]:
        yield bucket["key"], bucket["doc_count"]


def _in_order(
    searcher: _Tantivy, found: list[tuple[float, _Tantivy]], start: Place | None, size: int
) -> list[tuple[Place, _Tantivy]]:
    """Return at most `size` hits after `start`, by score, sort key and id, largest first."""
    addresses = [address for _, address in found]
    sort_keys = searcher.fast_field_values("sk", addresses)
    ids = searcher.fast_field_values("id", addresses)
    scores = [score for score, _ in found]
    placed = sorted(zip(map(Place, scores, sort_keys, ids), addresses, strict=True), key=_place, reverse=True)
    if start is not None:
        placed = [pair for pair in placed if pair[0] < start]
    return placed[:size]


def _place(placed: tuple[Place, _Tantivy]) -> Place:
    return placed[0]


def _hit(document: _Tantivy, sk: int, score: float = 0.0) -> Hit:
    return Hit(
        version_id=bytes(document.get_first("version")),
        record_id=document.get_first("record"),
        sk=sk,
        score=score,
    )
