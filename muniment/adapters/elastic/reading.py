"""Asks one council's index: pages with exact totals, facets, every hit, the vocabulary.

Each request asks for the watermark beside its own question, so an answer is always told with the commit that
it stands at. When the index moved on in between, the question is asked again.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from elasticsearch import Elasticsearch

from muniment.adapters.elastic.mapping import MADE_BY, alias_of
from muniment.adapters.elastic.query import upto_commit
from muniment.adapters.elastic.server import REINDEX, asking, fault_of
from muniment.search.answer import Hit, Order, SearchPage
from muniment.search.place import Place, read_cursor, write_cursor
from muniment.search.relevance import is_scored
from muniment.search.tree import Node, Query
from schemas.errors import IntegrityError, SchemaMismatchError, WriteConflictError

__all__ = ["MARK_QUERY", "ElasticReader", "Mark", "hit_of", "mark_in"]

_TRIES: Final = 8
_WINDOW: Final = 10_000
"""Hits of one request: the server's `max_result_window`, which we leave alone."""

_KEYS: Final = 20_000
"""Records of one request; each asks the whole question again, and the server makes 65,536 buckets at most."""
_SORT: Final = ({"sk": "desc"}, {"id": "desc"})
_PLAIN: Final[Mapping[str, Any]] = {"_source": False, "stored_fields": "_none_"}
_HEADER: Final[Mapping[str, Any]] = {"allow_partial_search_results": False}

MARK_QUERY: Final[Mapping[str, Any]] = {
    **_PLAIN,
    "query": {"term": {"mark": 1}},
    "docvalue_fields": ["watermark"],
    "size": 2,
}
"""Two, to notice an alias of two indexes."""


class Mark(NamedTuple):
    """Which generation answered, and the commit that it stands at."""

    generation: str
    watermark: int


class _MovedOnError(Exception):
    """The index moved on between two requests; not an error of ours: the question is asked again."""

    def __init__(self, mark: Mark | None) -> None:
        super().__init__()
        self.mark = mark


class ElasticReader:
    """Asks the indexes of all councils."""

    def __init__(self, client: Elasticsearch) -> None:
        """Take the client."""
        self._client = client
        self._marks: dict[str, Mark] = {}
        self._fitting: set[str] = set()
        self._counted: tuple[tuple[Mark, Node], tuple[int, int]] | None = None

    def mark(self, council: str) -> Mark | None:
        """Return the generation in use and its watermark as searches see it; None: there is no index.

        Raises:
            SchemaMismatchError: Another tokeniser made it.
            IntegrityError: The alias names more than one index.
        """
        (answer,) = self._together(council, [MARK_QUERY])
        mark = mark_in(answer)
        if mark is not None:
            self._check(mark)
            self._marks[council] = mark
        else:
            self._marks.pop(council, None)
        return mark

    def page(
        self, council: str, query: Query, *, order: Order, after: str | None, size: int
    ) -> SearchPage | None:
        """Return exact totals and one page; None: there is no index."""
        ranked = order is Order.RELEVANT and is_scored(query.tree)
        start = None if after is None else read_cursor(after)
        mark = self._marks.get(council) or self.mark(council)
        for _ in range(_TRIES):
            if mark is None:
                return None
            try:
                return self._page_at(council, mark, query.tree, ranked=ranked, start=start, size=size)
            except _MovedOnError as moved:
                mark = self.mark(council) if moved.mark is None else self._moved(council, moved.mark)
        raise WriteConflictError("The search index is written faster than it can be read.")

    def asked_once(self, council: str, tree: Node, body: Mapping[str, Any]) -> tuple[int, Any] | None:
        """Return the answer to a question about what matches, with the commit it stands at."""
        mark = self._marks.get(council) or self.mark(council)
        for _ in range(_TRIES):
            if mark is None:
                return None
            try:
                query = upto_commit(tree, mark.watermark)
                return mark.watermark, self._ask(council, mark, {**_PLAIN, **body, "query": query})
            except _MovedOnError as moved:
                mark = self.mark(council) if moved.mark is None else self._moved(council, moved.mark)
        raise WriteConflictError("The search index is written faster than it can be read.")

    def _moved(self, council: str, mark: Mark) -> Mark:
        self._check(mark)
        self._marks[council] = mark
        return mark

    def _page_at(
        self, council: str, mark: Mark, tree: Node, *, ranked: bool, start: Place | None, size: int
    ) -> SearchPage:
        body: dict[str, Any] = {
            **_PLAIN,
            "query": upto_commit(tree, mark.watermark),
            "docvalue_fields": ["version", "record"],
            "sort": [*([{"_score": "desc"}] if ranked else []), *_SORT],
            "track_total_hits": False,
        }
        remembered = self._counted
        counted = remembered[1] if remembered is not None and remembered[0] == (mark, tree) else None
        found: list[tuple[Place, Hit]] = []
        while True:
            asked = min(size + 1 - len(found), _WINDOW)
            last = found[-1][0] if found else start
            more: dict[str, Any] = {"size": asked}
            if last is not None:
                more["search_after"] = list(last if ranked else last[1:])
            if counted is None:
                more |= {"track_total_hits": True, "aggs": _several(None)}
            answer = self._ask(council, mark, {**body, **more})
            if counted is None:
                counted = self._count(council, mark, body["query"], answer)
                self._counted = ((mark, tree), counted)
            hits = answer["hits"]["hits"]
            found += [_placed(hit, ranked=ranked) for hit in hits]
            if len(hits) < asked or len(found) > size:
                break
        records, versions = counted
        return SearchPage(
            records=records,
            versions=versions,
            watermark=mark.watermark,
            hits=tuple(hit for _, hit in found[:size]),
            after=write_cursor(found[size - 1][0]) if len(found) > size else None,
        )

    def _count(
        self, council: str, mark: Mark, query: Mapping[str, Any], answer: Mapping[str, Any]
    ) -> tuple[int, int]:
        """Return exact records and versions: hits of one version, and the others' distinct records, paged."""
        versions = answer["hits"]["total"]["value"]
        several = answer["aggregations"]["several"]
        distinct = 0
        while True:
            distinct += len(several["records"]["buckets"])
            if len(several["records"]["buckets"]) < _KEYS:
                return versions - several["doc_count"] + distinct, versions
            after = several["records"]["after_key"]
            body = {**_PLAIN, "query": query, "size": 0, "track_total_hits": False, "aggs": _several(after)}
            several = self._ask(council, mark, body)["aggregations"]["several"]

    def _ask(self, council: str, mark: Mark, body: Mapping[str, Any]) -> Any:
        """Return the answer of the state that `mark` tells of."""
        told, answer = self._together(council, [MARK_QUERY, body])
        now = mark_in(told)
        if now != mark:
            raise _MovedOnError(now)
        _raise_fault(answer)
        return answer

    def _together(self, council: str, bodies: list[Mapping[str, Any]]) -> list[Any]:
        searches = [part for body in bodies for part in (_HEADER, body)]
        with asking():
            answer = self._client.msearch(index=alias_of(council), searches=searches)
        responses: list[Any] = answer["responses"]
        return responses

    def _check(self, mark: Mark) -> None:
        if mark.generation in self._fitting:
            return
        with asking():
            found = self._client.indices.get_mapping(index=mark.generation)
        made_by = found[mark.generation]["mappings"].get("_meta", {}).get("made_by")
        if made_by != MADE_BY:
            message = f"The search index was made by {made_by}, this muniment reads {MADE_BY}."
            raise SchemaMismatchError(message, remedy=REINDEX)
        self._fitting.add(mark.generation)


def mark_in(answer: Mapping[str, Any]) -> Mark | None:
    """Return the mark that an answer to MARK_QUERY tells; None: there is no index, or it was never whole."""
    if answer.get("status") == 404:  # noqa: PLR2004 -- no such alias
        return None
    _raise_fault(answer)
    hits = answer["hits"]["hits"]
    if len(hits) > 1:
        raise IntegrityError("The alias of the search index names more than one index.", remedy=REINDEX)
    return Mark(hits[0]["_index"], hits[0]["fields"]["watermark"][0]) if hits else None


def hit_of(hit: Mapping[str, Any], sk: int, score: float = 0.0) -> Hit:
    """Return a hit from its doc values."""
    fields = hit["fields"]
    return Hit(
        version_id=bytes.fromhex(fields["version"][0]), record_id=fields["record"][0], sk=sk, score=score
    )


def _placed(hit: Mapping[str, Any], *, ranked: bool) -> tuple[Place, Hit]:
    score, sk, id_ = hit["sort"] if ranked else (0.0, *hit["sort"])
    return Place(score, sk, id_), hit_of(hit, sk)


def _several(after: Mapping[str, Any] | None) -> dict[str, Any]:
    keys: dict[str, Any] = {"size": _KEYS, "sources": [{"key": {"terms": {"field": "record_key"}}}]}
    if after is not None:
        keys["after"] = after
    return {"several": {"filter": {"term": {"multi": 1}}, "aggs": {"records": {"composite": keys}}}}


def _raise_fault(answer: Mapping[str, Any]) -> None:
    if "error" in answer:
        raise fault_of(answer["status"], answer["error"])
