"""Back-pressure, and a writer that is killed: what is acknowledged is there, and no more is claimed."""

# ruff: noqa: S311 -- chance here is no secret

import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from muniment.adapters.elastic.index import ElasticIndex
from muniment.adapters.elastic.lease import Lease, leased
from muniment.adapters.elastic.mapping import LEASES
from muniment.adapters.elastic.server import ElasticSignIn
from muniment.search.answer import Hit, Order
from muniment.search.parse import parse
from schemas.errors import SearchUnavailableError, StorageError, WriteConflictError
from tests.muniment.adapters.search_index.conftest import make_entries
from tests.muniment.adapters.search_index.elastic.proxy import BUSY, BusyWay
from tests.muniment.adapters.search_index.engines import emptied, urls_of
from tests.waiting import until

pytestmark = [pytest.mark.elastic, pytest.mark.timeout(900)]

ENTRIES = make_entries(3_000)
KILLS = 4
FULL = {
    "error": {"type": "cluster_block_exception", "reason": "index [x] blocked by: disk usage exceeded"},
    "status": 429,
}


@pytest.fixture
def way() -> BusyWay:
    emptied("8", "borough")
    return BusyWay(urls_of("8")[0])


@pytest.fixture
def patient(way: BusyWay) -> Iterator[ElasticIndex]:
    with way.opened() as url:
        made = ElasticIndex(ElasticSignIn(urls=[url]), patience_seconds=60.0)
        yield made
        made.close()


def held(index: ElasticIndex) -> int:
    return index.search("borough", parse("-zzz"), order=Order.NEWEST, size=1).versions


def test_a_busy_server_is_given_time_and_asked_again(way: BusyWay, patient: ElasticIndex) -> None:
    way.refusals.extend([(429, BUSY)] * 3 + [(503, BUSY)])
    patient.rebuild("borough", 1, ENTRIES)
    assert held(patient) == len(ENTRIES)
    assert not way.refusals


def test_items_that_were_refused_are_sent_again_and_only_they(way: BusyWay, patient: ElasticIndex) -> None:
    way.busy_items = 6
    patient.rebuild("borough", 1, ENTRIES)
    patient.apply("borough", 2, ENTRIES[:500], ())
    assert held(patient) == len(ENTRIES)


def test_a_server_that_stays_busy_is_given_up_and_the_watermark_has_not_moved(way: BusyWay) -> None:
    with way.opened() as url:
        hasty = ElasticIndex(ElasticSignIn(urls=[url]), patience_seconds=1.0)
        hasty.rebuild("borough", 1, ENTRIES[:1_000])
        way.refusals.extend([(429, BUSY)] * 50)
        with pytest.raises(SearchUnavailableError, match="not able"):
            hasty.apply("borough", 2, ENTRIES[1_000:], ())
        way.refusals.clear()
        assert (hasty.watermark("borough"), held(hasty)) == (1, 1_000)
        hasty.apply("borough", 2, ENTRIES[1_000:], ())
        assert (hasty.watermark("borough"), held(hasty)) == (2, len(ENTRIES))
        hasty.close()


def test_a_full_server_is_not_asked_again(way: BusyWay, patient: ElasticIndex) -> None:
    patient.rebuild("borough", 1, ENTRIES[:100])
    before = way.bulks
    way.refusals.append((429, FULL))
    with pytest.raises(StorageError, match="full"):
        patient.apply("borough", 2, ENTRIES[100:200], ())
    assert way.bulks == before + 1


def test_a_lease_whose_answers_are_lost_is_ours_still(way: BusyWay, admin: Elasticsearch) -> None:
    with way.opened() as url, Elasticsearch(url, max_retries=2) as client:
        way.unanswered = [f"/{LEASES}/_"]
        with leased(client, "borough", seconds=0.4, patience_seconds=20.0) as lease:
            assert not way.unanswered  # the one that took it
            way.unanswered = [f"/{LEASES}/_"]
            until(lambda: not way.unanswered)  # one that put its end off
            put_off = admin.get(index=LEASES, id="borough")["_version"]
            until(lambda: admin.get(index=LEASES, id="borough")["_version"] > put_off)
            lease.check()
    assert not admin.exists(index=LEASES, id="borough")


def test_a_lease_that_another_has_taken_is_lost(way: BusyWay, admin: Elasticsearch) -> None:
    with way.opened() as url, Elasticsearch(url, max_retries=2) as client:
        with leased(client, "borough", seconds=0.4, patience_seconds=20.0) as lease:
            admin.index(index=LEASES, id="borough", document={"holder": "another", "until": 0})
            until(lambda: _is_lost(lease))
        assert admin.get(index=LEASES, id="borough")["_source"]["holder"] == "another"
        admin.delete(index=LEASES, id="borough")


def _is_lost(lease: Lease) -> bool:
    try:
        lease.check()
    except WriteConflictError:
        return True
    return False


def settled(
    index: ElasticIndex, every: Callable[..., tuple[Hit, ...]]
) -> tuple[int, tuple[Hit, ...], tuple[Hit, ...]]:
    """Return a watermark and what is found at it: the server may still do what the dead writer asked."""
    while True:
        try:
            watermark = index.watermark("borough")
            found = every(index, f"round{watermark}"), every(index, "bins")
            if index.watermark("borough") == watermark:
                return watermark, *found
        except SearchUnavailableError:  # it swaps the index away that was just asked
            continue


def test_a_kill_leaves_entries_and_watermark_both_old_or_both_new(
    every: Callable[..., tuple[Hit, ...]],
) -> None:
    emptied("8", "borough")
    url = urls_of("8")[0]
    index = ElasticIndex(ElasticSignIn(urls=[url]), lease_seconds=2.0)
    dice = random.Random()
    acknowledged = 0
    for _ in range(KILLS):
        child = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("writer.py")), url, str(acknowledged + 1)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[5],
            env={"PYTHONPATH": "."},
            text=True,
        )
        with child:
            assert child.stdout is not None
            first = int(child.stdout.readline())
            threading.Timer(dice.uniform(0, 1.5), child.kill).start()
            acknowledged = max([first, *map(int, child.stdout.read().split())])
        watermark, of_round, of_all = settled(index, every)
        assert acknowledged <= watermark <= acknowledged + 1
        assert len(of_round) == len(of_all) == 60
        acknowledged = watermark
    index.rebuild("borough", acknowledged + 1, ENTRIES[:10])  # waits for the killed writer's lease
    assert held(index) == 10
    index.close()
