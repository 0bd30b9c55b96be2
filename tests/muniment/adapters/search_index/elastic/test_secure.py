"""Signing in, and what each of the two shipped roles may do; on a server that asks who is there."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from typing_extensions import override

from infra.elasticsearch.servers import env_of
from muniment.adapters.elastic_index import ElasticIndex
from muniment.adapters.elastic_server import ElasticSignIn
from muniment.search.answer import Facet, Order
from muniment.search.parse import parse
from muniment.services.indexing import catch_up, rebuild
from schemas.errors import BadInputError
from tests.muniment.adapters.search_index.elastic.conftest import signed_in
from tests.muniment.services.searching.commits import Commits, row

pytestmark = [pytest.mark.elastic, pytest.mark.timeout(200)]


@pytest.fixture
def written(commits: Commits) -> Iterator[ElasticIndex]:
    """An index that the writer's role has built, and still holds open."""
    commits.commit(*(row(f"x:{number}", f"bins {number}") for number in range(50)))
    index = opened("WRITER")
    rebuild(commits.archive(), index, "borough")
    yield index
    index.close()


def opened(who: str | None) -> ElasticIndex:
    user, password = (None, None) if who is None else signed_in(who)
    urls = (env_of("secure") or {}).get("URLS", "").split()
    return ElasticIndex(ElasticSignIn(urls=urls, user=user, password=password), patience_seconds=5.0)


def test_the_writers_role_does_all_that_the_product_does(written: ElasticIndex, commits: Commits) -> None:
    commits.commit(row("x:new", "bins new"))
    catch_up(commits.archive(), written, "borough")
    assert written.search("borough", parse("bins"), order=Order.NEWEST).versions == 51
    written.apply("borough", 3, (), ["x:new"])
    assert written.words("borough")["bins"] == 50
    proof = written.purge("borough", 3, (), ["x:new"], ["new"])
    assert (proof.proved, proof.entries) == (True, 50)


def test_the_readers_role_searches_and_exports(written: ElasticIndex) -> None:
    reader = opened("READER")
    assert reader.watermark("borough") == written.watermark("borough") == 1
    assert reader.search("borough", parse("bins OR b?ns"), order=Order.RELEVANT).versions == 50
    assert sum(map(len, reader.every_hit("borough", parse("bins")).batches)) == 50
    assert reader.facets("borough", parse("bins")).counts[Facet.PLATFORM] == {"x": 50}
    assert reader.words("borough")["bins"] == 50
    reader.close()


def test_the_readers_role_writes_nothing(written: ElasticIndex) -> None:
    reader = opened("READER")
    for refused in (
        lambda: reader.apply("borough", 2, (), ["x:1"]),
        lambda: reader.rebuild("borough", 2, ()),
        lambda: reader.purge("borough", 1, (), ["x:1"]),
    ):
        with pytest.raises(BadInputError, match="refuses"):
            refused()
    assert written.search("borough", parse("bins"), order=Order.NEWEST).versions == 50
    reader.close()


@pytest.mark.parametrize("account", [None, ("writer", "wrong")])
def test_who_is_not_known_is_told_which_setting_to_look_at(account: tuple[str, str] | None) -> None:
    user, password = account or (None, None)
    urls = (env_of("secure") or {}).get("URLS", "").split()
    index = ElasticIndex(ElasticSignIn(urls=urls, user=user, password=password))
    with pytest.raises(BadInputError, match="MUNIMENT_SEARCH_USER"):
        index.watermark("borough")
    index.close()


def test_an_api_key_is_sent_as_elasticsearch_wants_it() -> None:
    heard: list[str | None] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers["authorization"])
            self.send_response(403)
            self.send_header("x-elastic-product", "Elasticsearch")
            self.send_header("content-type", "application/json")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_POST = do_GET  # noqa: N815 -- the name that the base class looks for

        @override
        def log_message(self, format: str, *args: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        index = ElasticIndex(ElasticSignIn(urls=[f"http://127.0.0.1:{server.server_port}"], api_key="a2V5"))
        with pytest.raises(BadInputError, match="refuses"):
            index.watermark("borough")
        index.close()
        server.shutdown()
        thread.join()
    assert set(heard) == {"ApiKey a2V5"}
