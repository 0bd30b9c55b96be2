"""What the vocabularies of the indexes still hold, asked of every copy without the product's code.

An index may know a word that no search finds any more: it stays in a segment until that is merged away.
Elasticsearch tells it all the same: a count of terms that may be 0 lists the ids of its dictionary, a vector
of an invented document how many entries a word of a text had, and both are asked of each node by itself.
tantivy tells it by the frequency of a term, which counts what was deleted too; beside it lies a plain list of
the words that the index was given.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import tantivy
from elasticsearch import Elasticsearch

from bench.comments import COUNCIL
from bench.disposal_site import Site
from bench.engines import EMBEDDED, urls_of

__all__ = ["dead_in", "known_to"]

_SAMPLE: Final = 500
_AT_ONCE: Final = 10_000
_INDEX: Final = f"muniment-{COUNCIL}"
_UNKNOWN: Final = "aardvark"


def known_to(site: Site, record_ids: Sequence[str], words: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield for each copy of each index how many of these ids and words it knows.

    Every id is asked for; of the words, which stand in these records' texts alone, some hundred, but all of
    them are looked for in the list of words that lies beside tantivy's own files.
    """
    some = words[:: max(1, len(words) // _SAMPLE)]
    for name in site.engines:
        if name == EMBEDDED:
            yield name, _known_to_tantivy(site, record_ids, some)
            yield f"the list of {name}", _listed(site, words)
        else:
            yield from _known_to_elasticsearch(name, record_ids, some)


def dead_in(name: str) -> int:
    """Return how many deleted entries the copies of a server's index hold, by the segments of each."""
    with Elasticsearch(urls_of(name), request_timeout=60) as client:
        told = client.indices.segments(index=_INDEX)
    return sum(
        segment["deleted_docs"]
        for index in told["indices"].values()
        for copies in index["shards"].values()
        for copy in copies
        for segment in copy["segments"].values()
    )


def _known_to_tantivy(site: Site, record_ids: Sequence[str], words: Sequence[str]) -> int:
    folder = site.root / "index" / COUNCIL
    found = 0
    for generation in folder.glob("gen-*"):
        searcher = tantivy.Index.open(str(generation)).searcher()
        found += sum(searcher.doc_freq("record", one) > 0 for one in record_ids)
        found += sum(searcher.doc_freq(stream, one) > 0 for one in words for stream in ("x", "s"))
    return found


def _listed(site: Site, words: Sequence[str]) -> int:
    lines: set[bytes] = set()
    for path in (site.root / "index" / COUNCIL).glob("gen-*/words*"):
        lines.update(path.read_bytes().split(b"\n"))
    return sum(word.encode() in lines for word in words)


def _known_to_elasticsearch(
    name: str, record_ids: Sequence[str], words: Sequence[str]
) -> Iterator[tuple[str, int]]:
    with Elasticsearch(urls_of(name), request_timeout=300) as client:
        for node, told in client.nodes.info()["nodes"].items():
            only = f"_only_nodes:{node}"
            found = sum(
                _ids_known(client, only, record_ids[start : start + _AT_ONCE])
                for start in range(0, len(record_ids), _AT_ONCE)
            )
            found += sum(_frequencies(client, only, stream, words) for stream in ("x", "s"))
            yield f"Elasticsearch {name}, {told['name']}", found


def _ids_known(client: Elasticsearch, only: str, record_ids: Sequence[str]) -> int:
    asked = {
        "terms": {"field": "record", "min_doc_count": 0, "include": list(record_ids), "size": len(record_ids)}
    }
    told = client.search(index=_INDEX, size=0, preference=only, aggs={"left": asked})
    return len(told["aggregations"]["left"]["buckets"])


def _frequencies(client: Elasticsearch, only: str, stream: str, words: Sequence[str]) -> int:
    told: Any = client.termvectors(
        index=_INDEX,
        doc={stream: " ".join([_UNKNOWN, *words])},
        fields=[stream],
        term_statistics=True,
        preference=only,
    )
    terms = told["term_vectors"][stream]["terms"]
    return sum(bool(terms[word].get("doc_freq")) for word in words)
