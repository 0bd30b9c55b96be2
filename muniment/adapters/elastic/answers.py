"""What Elasticsearch is asked beside pages: counts by facet, every hit at one moment, the vocabulary."""

from collections.abc import Generator, Mapping
from contextlib import suppress
from typing import Any, Final

from elasticsearch import ApiError, Elasticsearch, TransportError

from muniment.adapters.elastic.mapping import alias_of
from muniment.adapters.elastic.query import Clause, upto_commit
from muniment.adapters.elastic.reading import MARK_QUERY, ElasticReader, hit_of, mark_in
from muniment.adapters.elastic.server import asking
from muniment.search.answer import EveryHit, Facet, FacetCounts, Hit
from muniment.search.relevance import is_scored
from muniment.search.tree import Everything, Query
from schemas.errors import BadInputError

__all__ = ["every_hit", "facet_counts", "words"]

_FIELDS: Final = (
    *(Facet.PLATFORM, Facet.ACCOUNT, Facet.AUTHOR_ROLE, Facet.KIND, Facet.CLASS, Facet.LANGUAGE),
    Facet.STATE,
)
_MOST_VALUES: Final = 20_000
_BATCH_HITS: Final = 10_000
_KEEP_ALIVE: Final = "5m"
_WORDS_A_PART: Final = 60_000
"""The server makes 65,536 buckets at most."""


def facet_counts(reader: ElasticReader, council: str, query: Query) -> FacetCounts:
    """Return the counts of every facet, exact since an index has one shard."""
    names = (*_FIELDS, "edited", "ym")
    asked = {name: {"terms": {"field": name, "size": _MOST_VALUES}} for name in names}
    body = {"size": 0, "track_total_hits": False, "aggs": asked}
    answered = reader.asked_once(council, query.tree, body)
    if answered is None:
        return FacetCounts(watermark=-1, counts={facet: {} for facet in Facet})
    watermark, answer = answered
    found = {name: _buckets(answer["aggregations"][name], name) for name in names}
    counts: dict[Facet, Mapping[str, int]] = {facet: dict(found[facet]) for facet in _FIELDS}
    counts[Facet.EDITED] = {"yes" if value else "no": count for value, count in found["edited"]}
    years: dict[str, int] = {}
    months: dict[str, int] = {}
    for month, count in sorted(found["ym"]):
        year = f"{month // 100:04}"
        years[year] = years.get(year, 0) + count
        months[f"{year}-{month % 100:02}"] = count
    counts[Facet.YEAR], counts[Facet.MONTH] = years, months
    return FacetCounts(watermark=watermark, counts=counts)


def every_hit(
    client: Elasticsearch, reader: ElasticReader, council: str, query: Query, *, scored: bool
) -> EveryHit:
    """Return all hits of one moment: the server keeps it open until the batches are read or closed."""
    if reader.mark(council) is None:
        return EveryHit(versions=0, watermark=-1, batches=iter(()))
    with asking():
        pit = {
            "id": client.open_point_in_time(index=alias_of(council), keep_alive=_KEEP_ALIVE)["id"],
            "keep_alive": _KEEP_ALIVE,
        }
        mark = mark_in(client.search(pit=pit, **_renamed(MARK_QUERY)).body)
        watermark = -1 if mark is None else mark.watermark
        asked = upto_commit(query.tree, watermark)
        total = client.search(pit=pit, query=asked, size=0, track_total_hits=True)
    versions: int = total["hits"]["total"]["value"]
    batches = _batches(client, pit, asked, ranked=scored and is_scored(query.tree))
    if not versions:
        batches.close()
        _close(client, pit)
    return EveryHit(versions=versions, watermark=watermark, batches=batches)


def words(client: Elasticsearch, reader: ElasticReader, council: str) -> Mapping[str, int]:
    """Return the exact stream's words, and in how many versions each stands.

    The server lays the words out in its heap for that, and is told to forget them afterwards. An answer holds
    so many words at most: with more, they are asked for in parts. (How many there are is not asked: 8.19
    answers a cardinality of a text field with an error where few documents hold its words.)
    """
    parts = 1
    try:
        while (found := _words_in(reader, council, parts)) is None:
            parts *= 4
    finally:
        with suppress(ApiError, TransportError):  # a reader may not; the heap's own limit guards it too
            client.indices.clear_cache(index=alias_of(council), fielddata=True)
    return found


def _words_in(reader: ElasticReader, council: str, parts: int) -> dict[str, int] | None:
    """Return all words, asked for in so many parts; None: a part holds more than an answer can."""
    found: dict[str, int] = {}
    for part in range(parts):
        chosen = {"partition": part, "num_partitions": parts}
        terms = {"field": "x", "size": _WORDS_A_PART, "include": chosen}
        body = {"size": 0, "track_total_hits": False, "aggs": {"words": {"terms": terms}}}
        answered = reader.asked_once(council, Everything(), body)
        if answered is None:
            return {}
        told = answered[1]["aggregations"]["words"]
        if told["sum_other_doc_count"]:
            return None
        found.update((bucket["key"], bucket["doc_count"]) for bucket in told["buckets"])
    return found


def _batches(
    client: Elasticsearch, pit: Mapping[str, Any], query: Clause, *, ranked: bool
) -> Generator[tuple[Hit, ...], None, None]:
    after: list[Any] | None = None
    try:
        while True:
            with asking():
                answer = client.search(
                    pit=pit,
                    query=query if ranked else {"constant_score": {"filter": query}},
                    sort=["_shard_doc"],
                    track_scores=ranked,
                    search_after=after,
                    size=_BATCH_HITS,
                    track_total_hits=False,
                    source=False,
                    stored_fields="_none_",
                    docvalue_fields=[{"field": name} for name in ("version", "record", "sk")],
                )
            hits = answer["hits"]["hits"]
            if hits:
                yield tuple(
                    hit_of(hit, hit["fields"]["sk"][0], hit["_score"] if ranked else 0.0) for hit in hits
                )
            if len(hits) < _BATCH_HITS:
                return
            after = hits[-1]["sort"]
    finally:
        _close(client, pit)


def _close(client: Elasticsearch, pit: Mapping[str, Any]) -> None:
    with suppress(ApiError, TransportError):  # it ends by itself
        client.close_point_in_time(id=pit["id"])


def _renamed(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body as arguments of the client, which calls `_source` otherwise."""
    return {"source" if name == "_source" else name: value for name, value in body.items()}


def _buckets(answer: Mapping[str, Any], facet: str) -> list[tuple[Any, int]]:
    if answer["sum_other_doc_count"] or answer["doc_count_error_upper_bound"]:
        raise BadInputError(
            f"There are more than {_MOST_VALUES:,} values of {facet}: they cannot be counted exactly.",
            remedy="Narrow the search.",
        )
    return [(bucket["key"], bucket["doc_count"]) for bucket in answer["buckets"]]
