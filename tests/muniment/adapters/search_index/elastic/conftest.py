"""An archive in memory, and what happens to a server: it is stopped, frozen, filled, changed by strangers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from infra.elasticsearch.servers import env_of
from muniment.adapters.elastic.index import ElasticIndex
from muniment.adapters.elastic.server import ElasticSignIn
from tests.muniment.adapters.search_index.engines import emptied, urls_of
from tests.muniment.services.searching.commits import Commits

CHECKOUT = Path(__file__).parents[5]


@pytest.fixture
def commits() -> Commits:
    return Commits()


@pytest.fixture
def elastic() -> Iterator[ElasticIndex]:
    """An index on the 8.19 server, empty of council `borough`; a lease of a writer that is gone ends soon."""
    emptied("8", "borough")
    made = ElasticIndex(ElasticSignIn(urls=urls_of("8"), timeout_seconds=60.0), lease_seconds=2.0)
    yield made
    made.close()


@pytest.fixture
def hasty() -> Iterator[ElasticIndex]:
    """The same index, asked by who gives up soon."""
    sign_in = ElasticSignIn(urls=urls_of("8"), timeout_seconds=3.0)
    made = ElasticIndex(sign_in, patience_seconds=3.0, lease_seconds=2.0)
    yield made
    made.close()


@pytest.fixture
def admin() -> Iterator[Elasticsearch]:
    """The owner of the 8.19 server, who does to it what our account may not."""
    with Elasticsearch(urls_of("8"), request_timeout=60) as client:
        yield client


def secure() -> dict[str, str]:
    """Return where the server `secure` is, who vouches for it, and who may sign in."""
    lines = env_of("secure")
    if lines is None:
        pytest.fail("Elasticsearch secure is not up: python -m infra.elasticsearch up secure", pytrace=False)
    return lines


def signed_in(who: str) -> tuple[str, str]:
    """Return user and password of an account of the server `secure`: ADMIN, WRITER or READER."""
    user, _, password = secure()[who].partition(":")
    return user, password


def restarted(name: str, number: int) -> None:
    """Start a node again that was killed, by a process that does not outlive the test's."""
    command = [sys.executable, "-m", "infra.elasticsearch", "node", name, str(number)]
    environment = {**os.environ, "ELASTIC_HEAP": os.environ.get("ELASTIC_HEAP", "1g")}
    subprocess.run(command, cwd=CHECKOUT, env=environment, check=True, timeout=400)
