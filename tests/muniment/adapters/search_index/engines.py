"""The engines that every test of a search index runs over, and how a test gets at each."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from infra.elasticsearch.servers import env_of
from muniment.adapters.elastic.index import ElasticIndex
from muniment.adapters.elastic.mapping import LEASES
from muniment.adapters.elastic.server import ElasticSignIn
from muniment.adapters.tantivy.index import TantivyIndex
from muniment.ports import SearchIndex

__all__ = ["ENGINES", "TANTIVY", "emptied", "opened", "urls_of"]

TANTIVY = "tantivy"
ENGINES = [
    pytest.param(TANTIVY, id="tantivy"),
    pytest.param("8", id="elasticsearch 8", marks=pytest.mark.elastic),
    pytest.param("9", id="elasticsearch 9", marks=pytest.mark.elastic),
]


def urls_of(name: str) -> list[str]:
    """Return where a server is: `make elastic` started it, or ELASTIC_<NAME>_URLS names another."""
    given = os.environ.get(f"ELASTIC_{name.upper()}_URLS")
    urls = given or (env_of(name) or {}).get("URLS")
    if urls is None:
        pytest.fail(f"Elasticsearch {name} is not up: run make elastic first", pytrace=False)
    return urls.split()


def emptied(engine: str, *councils: str) -> None:
    """Remove what earlier tests left on a server of these councils, the lease of a killed writer too."""
    if engine == TANTIVY:
        return
    with Elasticsearch(urls_of(engine), request_timeout=60) as client:
        for council in councils:
            client.options(ignore_status=404).delete(index=LEASES, id=council)
            for name in client.indices.get(index=f"muniment-{council}*", features="aliases"):
                client.indices.delete(index=name)


@contextmanager
def opened(engine: str, folder: Path, *, patience_seconds: float = 60.0) -> Iterator[SearchIndex]:
    """Open an index of an engine."""
    if engine == TANTIVY:
        yield TantivyIndex(folder, patience_seconds=patience_seconds)
        return
    index = ElasticIndex(ElasticSignIn(urls=urls_of(engine)), patience_seconds=patience_seconds)
    try:
        yield index
    finally:
        index.close()
