"""A search gives exact totals, marked texts as at the index's commit, and an export that is safe to open."""

from datetime import date, timedelta

import pytest

from muniment.adapters.tantivy.index import TantivyIndex
from muniment.search.answer import Facet, Order
from muniment.search.errors import QueryError
from muniment.search.highlight import to_html, to_terminal
from muniment.search.parse import parse
from muniment.search.scope import SearchScope, scope_of
from muniment.services.indexing import catch_up
from muniment.services.searching import SearchFilters, search
from schemas.errors import IntegrityError
from tests.muniment.services.searching.commits import START, Commits, look, row


@pytest.fixture
def borough(commits: Commits, index: TantivyIndex) -> Commits:
    commits.commit(
        row("x:1", "The bins were missed"),
        look("x:1", 1, text="The bins were missed"),
        row("facebook:2", "New bin day", filed_at=START + timedelta(days=2), title="Bins & bags"),
    )
    commits.commit(row("x:1", "The bins came"), look("x:1", 2, text="The bins came"))
    catch_up(commits.archive(), index, "borough")
    return commits


def test_totals_count_records_and_versions_and_say_how_fresh_they_are(
    borough: Commits, index: TantivyIndex
) -> None:
    answer = search(borough.archive(), index, "borough", "bin")
    assert answer.statement.totals() == (
        "2 records, 3 versions; current to 1 April 2024 01:30 (commit 2), 0 records behind"
    )
    borough.commit(row("x:9", "bins again"))
    answer = search(borough.archive(), index, "borough", "missed")
    assert answer.statement.totals() == (
        "1 record, 1 version; current to 1 April 2024 01:30 (commit 2), 1 record behind"
    )


def test_before_any_indexing_the_totals_say_so(commits: Commits, index: TantivyIndex) -> None:
    commits.commit(row("x:1", "bins"))
    answer = search(commits.archive(), index, "borough", "bins")
    assert answer.statement.totals() == "0 records, 0 versions; nothing is indexed yet, 1 record behind"


def test_hits_show_text_marks_and_standing(borough: Commits, index: TantivyIndex) -> None:
    newest, now, before = search(borough.archive(), index, "borough", "bin").found
    if now.entry.current is False:
        now, before = before, now
    assert to_html(newest.title) == "<mark>Bins</mark> &amp; bags"
    assert to_html(newest.text) == "New <mark>bin</mark> day"
    assert (now.entry.current, now.entry.edited, before.entry.current) == (True, True, False)
    assert to_terminal(before.text) == "The \x1b[1mbins\x1b[0m were missed"
    assert newest.dated == date(2024, 4, 2)


def test_hits_stand_as_at_the_commit_of_the_index(borough: Commits, index: TantivyIndex) -> None:
    borough.commit(look("x:1", 50, "gone"))
    found = search(borough.archive(), index, "borough", "came").found
    assert [version.entry.state for version in found] == ["live"]


def test_the_statement_keeps_what_was_searched_word_for_word(borough: Commits, index: TantivyIndex) -> None:
    filters = SearchFilters(platforms=["x"], since=date(2024, 1, 1))
    statement = search(
        borough.archive(), index, "borough", 'bins !!! -"bin day"', filters=filters, order=Order.RELEVANT
    ).statement
    assert statement.typed == 'bins !!! -"bin day"'
    assert (statement.words, statement.ignored) == (("bins",), ("!!!",))
    assert statement.explained == (
        "Every version that has any form of “bins” and is not one that has the exact phrase “bin day”"
        " and has platform x and is dated 1 January 2024 or later."
    )


def test_a_mistake_in_the_query_is_told_before_anything_is_read(
    commits: Commits, index: TantivyIndex
) -> None:
    with pytest.raises(QueryError):
        search(commits.archive(), index, "borough", '"bins')


def test_an_index_that_names_what_the_archive_lacks_is_a_fault(borough: Commits, index: TantivyIndex) -> None:
    borough.rows = [kept for kept in borough.rows if kept["record_id"] != "x:1"]
    with pytest.raises(IntegrityError, match="muniment reindex"):
        search(borough.archive(), index, "borough", "bins")


def test_pages_follow_each_other(borough: Commits, index: TantivyIndex) -> None:
    first = search(borough.archive(), index, "borough", "bin", size=2)
    second = search(borough.archive(), index, "borough", "bin", size=2, after=first.after)
    assert (len(first.found), len(second.found), second.after) == (2, 1, None)


def test_facets_come_with_the_answer(borough: Commits, index: TantivyIndex) -> None:
    facets = search(borough.archive(), index, "borough", "bin").facets
    assert facets[Facet.PLATFORM] == {"x": 2, "facebook": 1}
    assert facets[Facet.MONTH] == {"2024-03": 2, "2024-04": 1}


def test_a_query_about_holds_asks_the_register(borough: Commits, index: TantivyIndex) -> None:
    answer = search(borough.archive(), index, "borough", "bin hold:yes", held=lambda: frozenset({"x:1"}))
    assert (answer.statement.records, answer.statement.versions) == (1, 2)
    assert answer.statement.explained.endswith("is under a hold.")


@pytest.mark.parametrize(
    ("typed", "scope"),
    [
        ("bins", SearchScope()),
        ("bins platform:X", SearchScope(platforms=frozenset({"x"}))),
        ("bins (account:a OR account:b)", SearchScope(accounts=frozenset({"a", "b"}))),
        ("bins OR account:a", SearchScope()),
        ("(bins OR account:a) -account:b", SearchScope()),
        (
            "date:[2024-01-01 TO *] date:[* TO 2024-03-31] date:[2024-02-01 TO *]",
            SearchScope(since=date(2024, 2, 1), until=date(2024, 3, 31)),
        ),
    ],
)
def test_the_scope_is_what_was_looked_through(typed: str, scope: SearchScope) -> None:
    assert scope_of(parse(typed).tree) == scope
