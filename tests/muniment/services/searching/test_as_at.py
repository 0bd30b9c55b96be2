"""A search as at an earlier commit answers as the index did then, from the archive alone."""

from datetime import timedelta

import pytest

from muniment.adapters.tantivy.index import TantivyIndex
from muniment.search.answer import Order
from muniment.search.errors import QueryError
from muniment.services.as_at import search_as_at
from muniment.services.indexing import catch_up
from muniment.services.searching import SearchAnswer, search
from schemas.errors import BadInputError
from tests.muniment.services.searching.commits import START, Commits, look, row

QUERIES = ("bins", "bins -state:gone", "edited:yes", "*in* OR missed~", "platform:facebook", "-zzz")


def told(answer: SearchAnswer) -> tuple[object, ...]:
    found = [(one.entry.version_id, one.entry.state, one.entry.current, one.text) for one in answer.found]
    return answer.statement.records, answer.statement.versions, found, answer.facets, answer.after is None


def test_each_commit_is_answered_as_the_index_answered_it_then(commits: Commits, index: TantivyIndex) -> None:
    steps = [
        [row("x:1", "bins"), look("x:1", 1, text="bins"), row("x:2", "the bins", title="Bins")],
        [row("x:1", "bins missed"), look("x:1", 2, text="bins missed")],
        [row("facebook:3", "bins", filed_at=START + timedelta(days=3)), look("x:2", 40, "gone")],
        [look("x:1", 50, text="bins")],
    ]
    then = []
    for step in steps:
        commits.commit(*step)
        catch_up(commits.archive(), index, "borough")
        then.append([told(search(commits.archive(), index, "borough", typed)) for typed in QUERIES])
    for number, answers in enumerate(then, start=1):
        now = [told(search_as_at(commits.archive(), typed, number)) for typed in QUERIES]
        assert now == answers


def test_pages_give_every_hit_once(commits: Commits) -> None:
    for number in range(7):
        commits.commit(row(f"x:{number}", "bins", filed_at=START + timedelta(hours=number % 3)))
    found, after = [], None
    while True:
        page = search_as_at(commits.archive(), "bins", 6, after=after, size=2)
        found += [one.entry.record_id for one in page.found]
        after = page.after
        if after is None:
            break
    assert sorted(found) == [f"x:{number}" for number in range(6)]
    assert page.statement.totals() == "6 records, 6 versions; as at commit 6"


@pytest.mark.parametrize("commit_no", [0, -1, 2])
def test_a_commit_that_is_not_there_is_refused(commits: Commits, commit_no: int) -> None:
    commits.commit(row("x:1", "bins"))
    with pytest.raises(BadInputError, match="the archive has 1 to 1"):
        search_as_at(commits.archive(), "bins", commit_no)


def test_a_place_that_is_none_is_refused(commits: Commits) -> None:
    commits.commit(row("x:1", "bins"))
    with pytest.raises(BadInputError):
        search_as_at(commits.archive(), "bins", 1, after="here")


@pytest.mark.parametrize("typed", ["class:complaint", "bins -class:complaint"])
def test_classes_of_then_are_refused_since_nothing_knows_them(commits: Commits, typed: str) -> None:
    commits.commit(row("x:1", "bins"))
    with pytest.raises(QueryError, match="cannot be asked here"):
        search_as_at(commits.archive(), typed, 1)


def test_the_best_come_first_by_the_formula_of_the_index(commits: Commits, index: TantivyIndex) -> None:
    commits.commit(*(row(f"x:{number}", "bins " * number + "day " * (9 - number)) for number in range(1, 9)))
    commits.commit(
        row("x:9", "bins", title="Missed bins"), row("x:10", "Nothing of the sort, but a missed bin")
    )
    catch_up(commits.archive(), index, "borough")
    for typed in ("bins", "missed OR bins", '"missed bins"', "bins NEAR/3 missed", "bin* day", "platform:x"):
        then = search(commits.archive(), index, "borough", typed, order=Order.RELEVANT)
        commits.commit(row("x:99", "bins " * 90))
        now = search_as_at(commits.archive(), typed, then.statement.fresh.watermark, order=Order.RELEVANT)
        assert told(now) == told(then)
        assert now.statement.order is Order.RELEVANT


def test_pages_by_relevance_give_every_hit_once(commits: Commits) -> None:
    commits.commit(*(row(f"x:{number}", "bins " * (number % 3 + 1)) for number in range(7)))
    whole = search_as_at(commits.archive(), "bins", 1, order=Order.RELEVANT)
    found, after = [], None
    while True:
        page = search_as_at(commits.archive(), "bins", 1, order=Order.RELEVANT, after=after, size=2)
        found += [one.entry.record_id for one in page.found]
        after = page.after
        if after is None:
            break
    assert found == [one.entry.record_id for one in whole.found]
    assert len(set(found)) == 7
