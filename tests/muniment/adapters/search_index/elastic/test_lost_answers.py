"""Whichever answer is lost on the way, nothing changes: the client asks once more by itself."""

from collections.abc import Callable, Iterator
from itertools import groupby

import pytest
from elasticsearch import Elasticsearch

from muniment.adapters.elastic.index import ElasticIndex
from muniment.adapters.elastic.mapping import building_of, generation_name, index_body
from muniment.adapters.elastic.server import ElasticSignIn
from muniment.search.answer import Order
from muniment.search.parse import parse
from schemas.errors import SearchUnavailableError
from tests.muniment.adapters.search_index.conftest import make_entries
from tests.muniment.adapters.search_index.elastic.proxy import LosingWay
from tests.muniment.adapters.search_index.engines import emptied, urls_of

pytestmark = [pytest.mark.elastic, pytest.mark.timeout(900)]

ENTRIES = make_entries(40)
ERASED = sorted({entry.record_id for entry in ENTRIES[:5]})
LEFT = [entry for entry in ENTRIES if entry.record_id not in ERASED]
MANY = 100
"""More requests than anything of this takes."""


@pytest.fixture
def way() -> LosingWay:
    emptied("8", "borough")
    return LosingWay(urls_of("8")[0])


@pytest.fixture
def index(way: LosingWay) -> Iterator[ElasticIndex]:
    with way.opened() as url:
        made = ElasticIndex(ElasticSignIn(urls=[url], timeout_seconds=60.0))
        assert made.watermark("borough") == -1
        yield made
        made.close()


def stands_at(index: ElasticIndex) -> tuple[int, int]:
    page = index.search("borough", parse("-zzz"), order=Order.NEWEST, size=1)
    return page.watermark, page.versions


def losing_each(way: LosingWay, work: Callable[[int], object]) -> int:
    """Do a piece of work as often as it has requests, and lose another one's answer each time."""
    for number in range(1, MANY):
        way.begin(lambda at, _path, lost=number: at == lost)  # type: ignore[misc]
        work(number)
        if way.requests < number:
            return number
    raise AssertionError("it never came to its end")


def test_an_index_is_rebuilt_whichever_answer_is_lost(way: LosingWay, index: ElasticIndex) -> None:
    def work(number: int) -> None:
        index.rebuild("borough", number, ENTRIES)
        assert stands_at(index) == (number, len(ENTRIES))
        assert len(index._generations("borough")) == 1

    assert losing_each(way, work) > 12


def test_a_commit_is_applied_whichever_answer_is_lost(way: LosingWay, index: ElasticIndex) -> None:
    """Each takes a record out and puts the one back that went before."""
    by_record = {record: list(found) for record, found in groupby(ENTRIES, key=lambda one: one.record_id)}
    records = list(by_record)
    index.rebuild("borough", 0, [entry for entry in ENTRIES if entry.record_id != records[0]])

    def work(number: int) -> None:
        back, gone = by_record[records[number - 1]], records[number]
        index.apply("borough", number, back, [gone])
        assert stands_at(index) == (number, len(ENTRIES) - len(by_record[gone]))

    assert losing_each(way, work) > 12


def test_every_hit_comes_whichever_answer_is_lost(way: LosingWay, index: ElasticIndex) -> None:
    index.rebuild("borough", 1, ENTRIES)

    def work(_: int) -> None:
        every = index.every_hit("borough", parse("-zzz"))
        assert sum(map(len, every.batches)) == every.versions == len(ENTRIES)

    assert losing_each(way, work) > 4


def test_a_swap_of_which_no_answer_ever_comes_is_in_use_all_the_same(
    way: LosingWay, index: ElasticIndex
) -> None:
    index.rebuild("borough", 1, ENTRIES)
    way.begin(lambda _at, path: path.startswith("/_aliases"))
    index.rebuild("borough", 2, LEFT)
    assert stands_at(index) == (2, len(LEFT))


def test_an_index_that_is_in_use_is_never_dropped_by_who_did_not_hear_of_it(
    way: LosingWay, index: ElasticIndex
) -> None:
    """The swap was done; then nothing more is heard from the server, until the rebuild has failed."""
    index.rebuild("borough", 1, ENTRIES)
    swapped: list[str] = []

    def lost(_at: int, path: str) -> bool:
        swapped.extend([path] if path.startswith("/_aliases") else ())
        return bool(swapped)

    way.begin(lost)
    with pytest.raises(SearchUnavailableError):
        index.rebuild("borough", 2, LEFT)
    way.begin(lambda _at, _path: False)
    assert stands_at(index) == (2, len(LEFT))
    index.rebuild("borough", 3, ENTRIES)
    assert stands_at(index) == (3, len(ENTRIES))


def test_a_purge_is_proved_though_a_rebuild_was_broken_off_before(
    index: ElasticIndex, admin: Elasticsearch
) -> None:
    index.rebuild("borough", 1, LEFT)
    admin.indices.create(
        index=generation_name("borough", 9), aliases={building_of("borough"): {}}, **index_body()
    )
    proof = index.purge("borough", 1, LEFT, ERASED)
    assert (proof.proved, proof.copies_left) == (True, 0)
