"""A set of hits in little, without fetching it from a server: for searches that find very many.

How many hits lie in each of 1,024 equal ranges of ids, and the exact sums of their times and days in each
(a server adds whole numbers exactly up to 2^53). Two sets that differ would have to agree in all of these to
pass for one. The embedded engine's side is made of the ids themselves.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
import tantivy
from elasticsearch import Elasticsearch

from muniment.adapters.elastic.mapping import alias_of
from muniment.adapters.elastic.query import upto_commit
from muniment.adapters.generations import current
from muniment.adapters.tantivy.query import Compiler
from muniment.adapters.tantivy.reading import total
from muniment.adapters.tantivy.vocabulary import Vocabulary
from muniment.search.tree import Query

__all__ = ["ElasticRanges", "EmbeddedRanges", "Ranges", "RangesOf"]

_RANGE: Final = 2.0**54
_LOW_BITS: Final = 28

Ranges: TypeAlias = Mapping[int, tuple[int, int, int]]
"""By number of a range of ids: how many hits, the sum of their times, the sum of their days."""


class RangesOf(Protocol):
    """Gives the ranges of a query's hits."""

    def __call__(self, query: Query) -> Ranges:
        """Return them."""
        ...


class EmbeddedRanges:
    """Reads the embedded index of a council, as it stands now."""

    def __init__(self, folder: Path) -> None:
        """Open the generation in use in this council's folder."""
        index: Any = tantivy.Index.open(str(folder / (current(folder) or "")))
        self._searcher: Any = index.searcher()
        self._compiler = Compiler(index.schema, Vocabulary(self._searcher))

    def __call__(self, query: Query) -> Ranges:
        """Return the ranges of a query's hits."""
        compiled = self._compiler.compile(query.tree)
        count = total(self._searcher, compiled)
        unscored: Any = tantivy.Query.const_score_query(compiled, 1.0)
        found = self._searcher.search(unscored, max(count, 1), count=False).hits
        addresses = [address for _, address in found]
        ids, keys, days = (
            np.array(self._searcher.fast_field_values(name, addresses), np.int64)
            for name in ("id", "sk", "day")
        )
        if not len(ids):
            return {}
        numbers = np.floor(ids.astype(np.float64) / _RANGE).astype(np.int64)
        low = int(numbers.min())
        counts = np.bincount(numbers - low)
        times = keys >> _LOW_BITS  # the embedded index keeps a time within its sort key alone
        sums = [np.bincount(numbers - low, weights=one.astype(np.float64)) for one in (times, days)]
        return {
            low + at: (int(count), int(sums[0][at]), int(sums[1][at]))
            for at, count in enumerate(counts)
            if count
        }


class ElasticRanges:
    """Asks a server's index of a council."""

    def __init__(self, client: Elasticsearch, council: str, watermark: int) -> None:
        """Take a client, and the commit that the index stands at."""
        self._client = client
        self._council = council
        self._watermark = watermark

    def __call__(self, query: Query) -> Ranges:
        """Return the ranges of a query's hits."""
        sums = {name: {"sum": {"field": name}} for name in ("ts", "day")}
        ranges = {"histogram": {"field": "id", "interval": _RANGE, "min_doc_count": 1}, "aggs": sums}
        answer = self._client.search(
            index=alias_of(self._council),
            query=upto_commit(query.tree, self._watermark),
            size=0,
            track_total_hits=False,
            aggs={"ranges": ranges},
        )
        return {
            round(one["key"] / _RANGE): (
                one["doc_count"],
                int(one["ts"]["value"]),
                int(one["day"]["value"]),
            )
            for one in answer["aggregations"]["ranges"]["buckets"]
        }
