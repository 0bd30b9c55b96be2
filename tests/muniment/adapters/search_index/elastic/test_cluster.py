"""Two nodes and a replica: a node killed in the middle of a bulk costs nothing; purge in every copy."""

import signal
from collections.abc import Iterator

import pytest
from elasticsearch import ApiError, Elasticsearch, TransportError

from infra.elasticsearch.servers import env_of, signal_node
from muniment.adapters.elastic.index import ElasticIndex
from muniment.adapters.elastic.mapping import LEASES
from muniment.adapters.elastic.server import ElasticSignIn
from muniment.search.answer import Order
from muniment.search.entry import Entry
from muniment.search.parse import parse
from schemas.errors import SearchUnavailableError
from tests.muniment.adapters.search_index.conftest import make_entries
from tests.muniment.adapters.search_index.elastic.conftest import restarted
from tests.waiting import until

pytestmark = [pytest.mark.elastic, pytest.mark.timeout(1500)]


def urls() -> list[str]:
    lines = env_of("cluster")
    if lines is None:
        pytest.fail(
            "Elasticsearch cluster is not up: python -m infra.elasticsearch up cluster", pytrace=False
        )
    return lines["URLS"].split()


@pytest.fixture
def cluster() -> Iterator[ElasticIndex]:
    """An index on both nodes, with nothing of council `borough`."""
    with Elasticsearch(urls(), request_timeout=60) as client:
        client.options(request_timeout=150).cluster.health(wait_for_nodes="2", timeout="120s")
        client.options(ignore_status=404).delete(index=LEASES, id="borough")
        for name in client.indices.get(index="muniment-borough*", features="aliases"):
            client.indices.delete(index=name)
    sign_in = ElasticSignIn(urls=urls(), timeout_seconds=60.0)
    made = ElasticIndex(sign_in, lease_seconds=4.0)
    yield made
    made.close()


def not_the_master() -> int:
    with Elasticsearch(urls(), request_timeout=60) as client:
        (master,) = client.cat.master(format="json")
    return 2 if master["node"] == "node-1" else 1  # type: ignore[index]  # lines of JSON


def whole() -> None:
    """Wait until both nodes are there, with both copies of every shard."""

    def green() -> bool:
        try:
            with Elasticsearch(urls(), request_timeout=60) as client:
                client.cluster.health(wait_for_status="green", wait_for_nodes="2", timeout="5s")
        except (ApiError, TransportError):  # not yet green, or a node has not yet found the other
            return False
        return True

    until(green, seconds=300)


def test_a_node_killed_in_the_middle_of_a_bulk_costs_no_entry(cluster: ElasticIndex) -> None:
    entries = make_entries(12_000)
    half = next(at for at in range(6_000, 7_000) if entries[at].record_id != entries[at - 1].record_id)
    cluster.rebuild("borough", 1, entries[:half])
    whole()
    victim = not_the_master()

    def broken_off() -> Iterator[Entry]:
        for number, entry in enumerate(entries[half:]):
            if number == 3_000:
                signal_node("cluster", victim, signal.SIGKILL)
            yield entry

    try:
        try:
            cluster.apply("borough", 2, broken_off(), ())
        except SearchUnavailableError:
            until(lambda: _answers(cluster), seconds=300)
            assert cluster.watermark("borough") == 1  # it claims no more than it has
            until(lambda: _applied(cluster, entries[half:]), seconds=300)
        page = cluster.search("borough", parse("-zzz"), order=Order.NEWEST, size=1)
        assert (page.versions, page.watermark) == (len(entries), 2)
    finally:
        restarted("cluster", victim)
    whole()
    cluster.apply("borough", 3, entries[:100], ())
    assert cluster.search("borough", parse("-zzz"), order=Order.NEWEST, size=1).versions == len(entries)


def test_a_purge_is_proved_in_both_copies(cluster: ElasticIndex) -> None:
    marked = [entry._replace(text=f"{entry.text} zzmarker") for entry in make_entries(300)]
    others = [entry._replace(record_id=f"other:{entry.record_id}") for entry in make_entries(300, seed=8)]
    cluster.rebuild("borough", 1, [*others, *marked])
    whole()
    erased = sorted({entry.record_id for entry in marked})
    cluster.apply("borough", 2, (), erased)
    proof = cluster.purge("borough", 2, (), erased, ["zzmarker"])
    assert (proof.proved, proof.entries, proof.copies_left) == (True, len(others), 0)


def test_a_copy_that_cannot_be_looked_at_is_no_proof(cluster: ElasticIndex) -> None:
    entries = make_entries(100)
    cluster.rebuild("borough", 1, entries)
    whole()
    victim = not_the_master()
    signal_node("cluster", victim, signal.SIGKILL)
    try:
        hasty = ElasticIndex(
            ElasticSignIn(urls=urls(), timeout_seconds=60.0), patience_seconds=60.0, purge_seconds=1.0
        )
        gone = entries[0].record_id
        kept = [entry for entry in entries if entry.record_id != gone]
        proof = hasty.purge("borough", 1, kept, [gone])
        assert (proof.entries, proof.terms_left) == (len(kept), 0)
        hasty.close()
    finally:
        restarted("cluster", victim)
    whole()


def _answers(cluster: ElasticIndex) -> bool:
    try:
        return cluster.watermark("borough") >= 0
    except SearchUnavailableError:
        return False


def _applied(cluster: ElasticIndex, entries: tuple[Entry, ...]) -> bool:
    try:
        cluster.apply("borough", 2, entries, ())
    except SearchUnavailableError:
        return False
    return True
