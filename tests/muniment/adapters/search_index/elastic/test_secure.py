"""Signing in by password and by API key, over TLS with one's own authority; what each shipped role may do."""

import ssl
from base64 import b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml
from elasticsearch import Elasticsearch
from typing_extensions import override

from muniment.adapters.elastic.index import ElasticIndex
from muniment.adapters.elastic.server import ElasticSignIn
from muniment.bootstrap.opening import open_muniment
from muniment.search.answer import Facet, Order
from muniment.search.parse import parse
from muniment.services.indexing import catch_up, rebuild
from muniment.settings import from_environment
from schemas.errors import BadInputError
from tests.muniment.adapters.search_index.elastic.conftest import CHECKOUT, secure, signed_in
from tests.muniment.services.searching.commits import Commits, row
from tests.waiting import until

pytestmark = [pytest.mark.elastic, pytest.mark.timeout(600)]


@pytest.fixture
def written(commits: Commits) -> Iterator[ElasticIndex]:
    """An index that the writer's role has built, and still holds open."""
    commits.commit(*(row(f"x:{number}", f"bins {number}") for number in range(50)))
    index = opened("WRITER")
    rebuild(commits.archive(), index, "borough")
    yield index
    index.close()


def opened(who: str | None) -> ElasticIndex:
    """Open it as an account: WRITER, READER, or nobody."""
    user, password = (None, None) if who is None else signed_in(who)
    return opened_by(user=user, password=password)


def opened_by(
    *, user: str | None = None, password: str | None = None, api_key: str | None = None
) -> ElasticIndex:
    sign_in = ElasticSignIn(
        urls=secure()["URLS"].split(), user=user, password=password, api_key=api_key, certificates=trusted()
    )
    return ElasticIndex(sign_in)


def trusted() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=secure()["CA_FILE"])


@pytest.fixture
def admin() -> Iterator[Elasticsearch]:
    """Who makes and takes back API keys."""
    urls = secure()["URLS"].split()
    with Elasticsearch(
        urls, basic_auth=signed_in("ADMIN"), ssl_context=trusted(), request_timeout=60
    ) as client:
        yield client


def made_key(admin: Elasticsearch, role: str, *, expiration: str | None = None) -> str:
    """Return an API key that may do what a role of the shipped file may."""
    roles = yaml.safe_load((CHECKOUT / "infra" / "elasticsearch" / "roles.yml").read_text(encoding="utf-8"))
    told = roles[role]
    allowed = {
        "cluster": told["cluster"],
        "indices": [{"names": one["names"], "privileges": one["privileges"]} for one in told["indices"]],
    }
    made = admin.security.create_api_key(
        name=f"test-{role}", role_descriptors={role: allowed}, expiration=expiration
    )
    return str(made["encoded"])


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
    index = opened_by(user=user, password=password)
    with pytest.raises(BadInputError, match="MUNIMENT_SEARCH_USER"):
        index.watermark("borough")
    index.close()


def test_an_api_key_with_the_writers_role_does_all_that_the_product_does(
    written: ElasticIndex, admin: Elasticsearch, commits: Commits
) -> None:
    index = opened_by(api_key=made_key(admin, "muniment_writer"))
    commits.commit(row("x:new", "bins new"))
    catch_up(commits.archive(), index, "borough")
    assert written.search("borough", parse("bins"), order=Order.NEWEST).versions == 51
    rebuild(commits.archive(), index, "borough")
    index.apply("borough", 3, (), ["x:new"])
    assert sum(map(len, index.every_hit("borough", parse("bins")).batches)) == 50
    index.close()


def test_an_api_key_with_the_readers_role_searches_and_writes_nothing(
    written: ElasticIndex, admin: Elasticsearch
) -> None:
    index = opened_by(api_key=made_key(admin, "muniment_reader"))
    assert index.search("borough", parse("bins OR b?ns"), order=Order.RELEVANT).versions == 50
    with pytest.raises(BadInputError, match="refuses"):
        index.apply("borough", 2, (), ["x:1"])
    assert written.search("borough", parse("bins"), order=Order.NEWEST).versions == 50
    index.close()


def test_an_api_key_that_was_taken_back_or_is_over_is_refused(
    written: ElasticIndex, admin: Elasticsearch
) -> None:
    taken, short = made_key(admin, "muniment_reader"), made_key(admin, "muniment_reader", expiration="1s")
    index, other = opened_by(api_key=taken), opened_by(api_key=short)
    assert index.watermark("borough") == written.watermark("borough")
    admin.security.invalidate_api_key(ids=[b64decode(taken).decode().partition(":")[0]])
    until(lambda: _is_refused(other))
    for refused in (index, other):
        with pytest.raises(BadInputError, match="MUNIMENT_SEARCH_API_KEY"):
            refused.watermark("borough")
        refused.close()


def _is_refused(index: ElasticIndex) -> bool:
    try:
        index.watermark("borough")
    except BadInputError:
        return True
    return False


def test_a_server_that_nobody_known_vouches_for_is_asked_nothing() -> None:
    heard_of = ssl.create_default_context()  # what the machine trusts: not the test's own authority
    user, password = signed_in("READER")
    for certificates in (None, heard_of):
        index = ElasticIndex(
            ElasticSignIn(
                urls=secure()["URLS"].split(), user=user, password=password, certificates=certificates
            )
        )
        with pytest.raises(BadInputError, match="MUNIMENT_SEARCH_CA_FILE"):
            index.watermark("borough")
        index.close()


@pytest.mark.parametrize("way", ["password", "API key"])
def test_the_settings_reach_a_server_with_its_own_authority(
    written: ElasticIndex, admin: Elasticsearch, tmp_path: Path, way: str
) -> None:
    user, password = signed_in("READER")
    sign_in = (
        {"MUNIMENT_SEARCH_API_KEY": made_key(admin, "muniment_reader")}
        if way == "API key"
        else {"MUNIMENT_SEARCH_USER": user, "MUNIMENT_SEARCH_PASSWORD": password}
    )
    given = {
        "MUNIMENT_HOME": str(tmp_path),
        "MUNIMENT_SEARCH_URL": secure()["URLS"],
        "MUNIMENT_SEARCH_CA_FILE": secure()["CA_FILE"],
        **sign_in,
    }
    with open_muniment(from_environment(given)) as muniment:
        assert muniment.index.watermark("borough") == written.watermark("borough") == 1


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
