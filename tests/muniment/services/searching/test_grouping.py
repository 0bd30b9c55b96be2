"""Near-duplicates are grouped over all that a search finds: no page divides them, none is hidden."""

from datetime import timedelta

import pytest

from muniment.adapters.tantivy.index import TantivyIndex
from muniment.search.answer import Order
from muniment.services.as_at import search_as_at
from muniment.services.grouping import GroupedAnswer, search_grouped
from muniment.services.indexing import catch_up
from muniment.services.searching import SearchFilters, search
from schemas.errors import BadInputError
from tests.muniment.services.searching.commits import START, Commits, look, row

PLEA = "Please mend the bins in Penn Road before the bank holiday, signed by all of us, number"


@pytest.fixture
def borough(commits: Commits, index: TantivyIndex) -> Commits:
    commits.commit(
        *(
            row(
                f"x:{number}",
                f"{PLEA} {number}"
                if number % 4 == 0
                else f"The bins of street {number} were number {number * 7}",
                filed_at=START + timedelta(hours=number),
                account=("main", "second")[number % 2],
            )
            for number in range(48)
        )
    )
    commits.commit(
        row("x:3", "Bins: thank you", filed_at=START + timedelta(hours=3)), look("x:8", 90, "gone")
    )
    catch_up(commits.archive(), index, "borough")
    return commits


def members(page: GroupedAnswer) -> list[list[bytes]]:
    return [[one.entry.version_id for one in group.found()] for group in page.groups]


def every_group(commits: Commits, index: TantivyIndex, size: int, **more: object) -> list[list[bytes]]:
    found: list[list[bytes]] = []
    after = None
    while True:
        page = search_grouped(
            commits.archive(),
            index,
            "borough",
            "bins",
            after=after,
            size=size,
            **more,  # type: ignore[arg-type]
        )
        assert len(page.groups) <= size
        assert [group.versions for group in page.groups] == [len(one) for one in members(page)]
        found += members(page)
        after = page.after
        if after is None:
            assert page.of == len(found)
            return found


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_groups_are_the_same_whatever_the_page(borough: Commits, index: TantivyIndex, size: int) -> None:
    whole = search(borough.archive(), index, "borough", "bins", size=100)
    found = every_group(borough, index, size)
    assert sorted(one for group in found for one in group) == sorted(
        one.entry.version_id for one in whole.found
    )
    assert sorted(map(len, found), reverse=True)[:3] == [12, 2, 1]  # the plea; both versions of x:3
    newest = [one.entry.version_id for one in whole.found]
    assert [newest.index(group[0]) for group in found] == sorted(newest.index(group[0]) for group in found)
    assert all(group == sorted(group, key=newest.index) for group in found)


@pytest.mark.parametrize("as_at", [None, 2])
@pytest.mark.parametrize("size", [1, 3, 100])
def test_by_relevance_the_same_groups_come_with_the_best_first(
    borough: Commits, index: TantivyIndex, size: int, as_at: int | None
) -> None:
    """The newest text on its own says bins most; each group stands where its best stands."""
    borough.commit(row("x:0", "Bins, bins, bins and bins", filed_at=START - timedelta(days=90)))
    catch_up(borough.archive(), index, "borough")
    upto = {} if as_at is None else {"as_at": as_at}
    found = every_group(borough, index, size, order=Order.RELEVANT, **upto)
    best = [
        one.entry.version_id
        for one in (
            search(borough.archive(), index, "borough", "bins", order=Order.RELEVANT, size=100)
            if as_at is None
            else search_as_at(borough.archive(), "bins", as_at, order=Order.RELEVANT, size=100)
        ).found
    ]
    places = [[best.index(one) for one in group] for group in found]
    assert sorted(at for group in places for at in group) == list(range(len(best)))
    assert places == sorted(map(sorted, places))
    newest = every_group(borough, index, size, **upto)
    assert found != newest
    assert sorted(map(sorted, found)) == sorted(map(sorted, newest))


def test_totals_facets_and_statement_are_those_of_the_search(borough: Commits, index: TantivyIndex) -> None:
    filters = SearchFilters(accounts=["main"])
    plain = search(borough.archive(), index, "borough", "bins", filters=filters)
    page = search_grouped(borough.archive(), index, "borough", "bins", filters=filters, size=3)
    assert page.answer.statement == plain.statement
    assert page.answer.facets == plain.facets


def test_an_earlier_commit_is_grouped_too_and_what_is_being_destroyed_is_in_no_group(
    borough: Commits, index: TantivyIndex
) -> None:
    now = every_group(borough, index, 7)
    borough.commit(row("x:99", f"{PLEA} 99", filed_at=START + timedelta(hours=99)))
    assert every_group(borough, index, 7, as_at=2) == now
    catch_up(borough.archive(), index, "borough")
    grown = every_group(borough, index, 7)
    assert len(grown[0]) == 13
    hidden = every_group(borough, index, 7, hidden=frozenset({"x:99"}))
    assert sorted(hidden) == sorted(now)


def test_groups_of_a_page_are_read_together(borough: Commits, index: TantivyIndex) -> None:
    page = search_grouped(borough.archive(), index, "borough", "bins", size=30)
    assert len(page.groups) == 30
    before = borough.read_rows
    found = members(page)
    assert borough.read_rows - before < 4 * sum(map(len, found))


def test_a_group_larger_than_a_reading_is_whole(commits: Commits, index: TantivyIndex) -> None:
    commits.commit(*(row(f"x:{number}", PLEA) for number in range(1_200)), row("x:a", "bins"))
    catch_up(commits.archive(), index, "borough")
    found = every_group(commits, index, 5)
    assert sorted(map(len, found)) == [1, 1_200]
    assert len({one for group in found for one in group}) == 1_201


def test_what_finds_nothing_has_no_group(borough: Commits, index: TantivyIndex) -> None:
    page = search_grouped(borough.archive(), index, "borough", "zzz")
    assert (page.groups, page.of, page.after) == ((), 0, None)
    with pytest.raises(BadInputError):
        search_grouped(borough.archive(), index, "borough", "bins", after="here")
