"""What officers are given is the same over a real server as over the embedded index."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from muniment.adapters.elastic.index import ElasticIndex
from muniment.adapters.tantivy.index import TantivyIndex
from muniment.ports import SearchIndex
from muniment.search.answer import Order
from muniment.search.parse import parse
from muniment.services.as_at import search_as_at
from muniment.services.grouping import search_grouped
from muniment.services.hit_files import FileFormat
from muniment.services.hit_reports import hit_report
from muniment.services.indexing import rebuild
from muniment.services.searching import search
from muniment.services.writing_hits import write_hits
from tests.muniment.services.searching.commits import START, Commits, look, row

pytestmark = [pytest.mark.elastic, pytest.mark.timeout(600)]

PLEA = "Please mend the bins in Penn Road before the bank holiday, signed by all of us, number"


@pytest.fixture
def both(elastic: ElasticIndex, commits: Commits, tmp_path: Path) -> tuple[SearchIndex, SearchIndex]:
    commits.commit(
        *(
            row(
                f"x:{number}",
                f"{PLEA} {number}"
                if number % 3
                else f"{'bins ' * number}of street {number} near the tax office",
                filed_at=START + timedelta(hours=number),
                account=("main", "second")[number % 2],
            )
            for number in range(30)
        )
    )
    commits.commit(
        row("x:3", "Bins: thank you", filed_at=START + timedelta(hours=3)), look("x:8", 90, "gone")
    )
    embedded = TantivyIndex(tmp_path / "index")
    for index in (embedded, elastic):
        rebuild(commits.archive(), index, "borough")
    return embedded, elastic


@pytest.mark.parametrize("order", list(Order))
def test_groups_and_their_pages_are_the_same(
    both: tuple[SearchIndex, SearchIndex], commits: Commits, order: Order
) -> None:
    told = []
    for index in both:
        after, pages = None, []
        while True:
            page = search_grouped(
                commits.archive(), index, "borough", "bins", order=order, after=after, size=4
            )
            pages.append([[one.entry.version_id for one in group.found()] for group in page.groups])
            after = page.after
            if after is None:
                break
        told.append((page.of, page.answer.statement.totals(), pages))
    assert told[0] == told[1]
    assert len(told[0][2]) > 1


def test_a_hit_report_is_the_same(both: tuple[SearchIndex, SearchIndex]) -> None:
    query = parse("(account:main bins) OR (account:second tax) OR zzz")
    embedded, elastic = (hit_report(index, "borough", query) for index in both)
    assert embedded == elastic
    assert embedded.nothing == ("zzz",)


@pytest.mark.parametrize("typed", ["bins", "bins OR tax*", "road NEAR/3 penn", '"the tax" OR thank'])
def test_the_best_come_first_in_the_same_order_as_at_an_earlier_commit_too(
    both: tuple[SearchIndex, SearchIndex], commits: Commits, typed: str
) -> None:
    told = [search(commits.archive(), index, "borough", typed, order=Order.RELEVANT) for index in both]
    told.append(search_as_at(commits.archive(), typed, 2, order=Order.RELEVANT))
    first, *others = ([one.entry.version_id for one in answer.found] for answer in told)
    assert others == [first, first]


def test_a_file_of_hits_is_the_same_to_the_byte(
    both: tuple[SearchIndex, SearchIndex], commits: Commits, tmp_path: Path
) -> None:
    made = [
        write_hits(
            commits.archive(),
            index,
            "borough",
            "bins OR tax",
            tmp_path / f"{number}.csv",
            file_format=FileFormat.CSV,
            now=datetime(2024, 6, 1, tzinfo=UTC),
        )
        for number, index in enumerate(both)
    ]
    assert made[0].sha256 == made[1].sha256
    assert (made[0].records, made[0].versions) == (made[1].records, made[1].versions) == (30, 31)
