"""A saved search keeps what was asked, what was decided, and what was answered; all of it audited."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typing_extensions import override

from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.tantivy.index import TantivyIndex
from muniment.domain.audit import act_of
from muniment.domain.events import Event, SearchSaved, StatementAccepted, SuggestionDecided
from muniment.domain.people import Actor
from muniment.search.answer import FacetCounts, Order, SearchPage
from muniment.search.errors import QueryError
from muniment.search.tree import Query
from muniment.services.indexing import catch_up
from muniment.services.saving import SearchDesk, filters_of, words_of_filters
from muniment.services.searching import NO_FILTERS, SearchFilters
from schemas.errors import BadInputError
from tests.muniment.services.searching.commits import START, Commits, look, row

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
SMITH = Actor(name="j.smith")
NAME = "foi-2024-113"


@pytest.fixture
def register(tmp_path: Path) -> Iterator[SqlRegister]:
    (tmp_path / "register").mkdir(mode=0o700)
    found = SqlRegister.open(f"sqlite:///{tmp_path}/register/register.sqlite")
    yield found
    found.close()


@pytest.fixture
def desk(commits: Commits, index: TantivyIndex, register: SqlRegister) -> SearchDesk:
    commits.commit(
        row("x:1", "Missed bins in the flood"),
        look("x:1", 1, text="Missed bins in the flood"),
        row("x:2", "llifogydd heddiw", filed_at=START + timedelta(days=40), account="second"),
        row("x:3", "bins, floods and parks", filed_at=START + timedelta(days=41)),
    )
    commits.commit(row("x:3", "bins only", filed_at=START + timedelta(days=41)))
    catch_up(commits.archive(), index, "borough")
    return SearchDesk(
        council="borough",
        archive=commits.archive(),
        index=index,
        register=register,
        actor=SMITH,
        now=lambda: NOW,
        held=frozenset,
    )


def audited(register: SqlRegister) -> list[Event]:
    entries = register.audit_entries("borough")
    return [act_of(one.tag, one.text or b"").event for one in entries]


def test_saving_again_is_a_new_revision_and_both_are_kept(desk: SearchDesk, register: SqlRegister) -> None:
    filters = SearchFilters(platforms=("x",), since=date(2024, 1, 1))
    first = desk.save(NAME, "bins", filters=filters, case_reference="FOI-113")
    second = desk.save(NAME, "bins OR flood", filters=filters, case_reference="FOI-113")
    assert (first.revision, second.revision) == (1, 2)
    assert register.search_revisions("borough", NAME) == (first, second)
    assert register.saved_searches("borough") == (second,) == (desk.get(NAME),)
    assert filters_of(second.filters) == filters
    saved = [one for one in audited(register) if isinstance(one, SearchSaved)]
    assert [(one.typed, one.before) for one in saved] == [("bins", None), ("bins OR flood", "bins")]
    assert saved[0].filters == words_of_filters(filters) == {"platform": "x", "from": "2024-01-01"}


def test_nothing_is_saved_of_a_search_with_a_mistake(desk: SearchDesk, register: SqlRegister) -> None:
    with pytest.raises(QueryError):
        desk.save(NAME, '"bins', filters=NO_FILTERS)
    with pytest.raises(BadInputError):
        desk.save("Bins & bags", "bins", filters=NO_FILTERS)
    assert register.saved_searches("borough") == ()
    assert audited(register) == []


def test_a_dropped_search_is_off_the_list_and_may_come_back(desk: SearchDesk, register: SqlRegister) -> None:
    desk.save(NAME, "bins", filters=NO_FILTERS)
    kept = desk.accept(NAME)
    desk.drop(NAME)
    with pytest.raises(BadInputError):
        desk.get(NAME)
    assert desk.kept(NAME, 1) == kept
    assert desk.save(NAME, "parks", filters=NO_FILTERS).revision == 2
    assert [one.typed for one in register.saved_searches("borough")] == ["parks"]


def test_each_council_has_its_own(desk: SearchDesk, register: SqlRegister) -> None:
    desk.save(NAME, "bins", filters=NO_FILTERS)
    other = replace(desk, council="district")
    with pytest.raises(BadInputError):
        other.get(NAME)
    assert register.saved_searches("district") == ()


def test_a_report_counts_each_term_alone_and_with_others(desk: SearchDesk) -> None:
    desk.save(NAME, "(bins OR flood OR zzz) -parks", filters=NO_FILTERS)
    report = desk.report(NAME)
    assert (report.records, report.versions, report.nothing) == (2, 2, ("zzz",))
    bins, flood, nothing = report.terms
    assert (bins.typed, bins.records, bins.versions) == ("bins", 2, 2)
    assert (bins.unique_records, bins.unique_versions) == (1, 1)
    assert (flood.versions, flood.unique_versions) == (1, 0)
    assert (nothing.versions, nothing.months) == (0, {})
    assert bins.months == {"main": {"2024-03": 1, "2024-05": 1}}


def test_fields_and_exclusions_hold_for_each_term(desk: SearchDesk) -> None:
    desk.save(NAME, "bins OR llifogydd", filters=SearchFilters(accounts=("second",)))
    assert [(one.typed, one.versions) for one in desk.report(NAME).terms] == [("bins", 0), ("llifogydd", 1)]


def test_an_accepted_suggestion_widens_the_search_and_a_declined_one_is_remembered(
    desk: SearchDesk, register: SqlRegister
) -> None:
    desk.save(NAME, "flood", filters=NO_FILTERS)
    assert [one.adds for one in desk.suggest(NAME)] == ["llifogydd"]
    declined = desk.decide(NAME, "llifogydd", accepted=False)
    assert (declined.revision, desk.suggest(NAME)) == (1, ())
    desk.save("other", "flood", filters=NO_FILTERS)
    wider = desk.decide("other", "llifogydd", accepted=True)
    assert (wider.typed, wider.revision) == ("(flood OR llifogydd)", 2)
    assert desk.report("other").versions == 3
    decided = [one for one in audited(register) if isinstance(one, SuggestionDecided)]
    assert [(one.of, one.suggestion, one.accepted) for one in decided] == [
        ("flood", "llifogydd", False),
        ("flood", "llifogydd", True),
    ]
    with pytest.raises(BadInputError):
        desk.decide("other", "gwastraff", accepted=True)


def test_the_last_word_on_a_spelling_counts_while_the_search_has_it(desk: SearchDesk) -> None:
    desk.save(NAME, "flood", filters=NO_FILTERS)
    desk.decide(NAME, "llifogydd", accepted=False)
    assert desk.decide(NAME, "llifogydd", accepted=True).typed == "(flood OR llifogydd)"
    said = desk.statement(NAME).text
    assert "accepted: llifogydd for flood." in said
    assert "declined: none." in said
    desk.save(NAME, "flood", filters=NO_FILTERS)  # as it was: the other spelling is searched no longer
    assert "accepted: none." in desk.statement(NAME).text
    assert [one.adds for one in desk.suggest(NAME)] == ["llifogydd"]
    for typed in ("flood llifogyddol", "flood -llifogydd"):  # another word, and one that must not be there
        desk.save(NAME, typed, filters=NO_FILTERS)
        assert "accepted: none." in desk.statement(NAME).text


def test_a_word_of_records_that_somebody_is_not_shown_is_not_suggested_to_them(
    desk: SearchDesk, commits: Commits, index: TantivyIndex
) -> None:
    commits.commit(row("x:8", "fload bins"), row("x:9", "flodd bins"))
    catch_up(commits.archive(), index, "borough")
    desk.save(NAME, "flood", filters=NO_FILTERS)
    assert {one.adds for one in desk.suggest(NAME)} == {"=fload", "=flodd", "llifogydd"}
    other = replace(desk, hidden=frozenset({"x:2", "x:8", "x:unknown"}))
    assert [one.adds for one in other.suggest(NAME)] == ["=flodd"]
    with pytest.raises(BadInputError):
        other.decide(NAME, "=fload", accepted=True)


def test_a_word_that_was_edited_away_is_suggested_once_it_is_gone_it_is_not(
    desk: SearchDesk, commits: Commits, index: TantivyIndex
) -> None:
    commits.commit(row("x:8", "fload bins"))
    commits.commit(row("x:8", "flood, bins"))
    catch_up(commits.archive(), index, "borough")
    desk.save(NAME, "flood", filters=NO_FILTERS)
    assert "=fload" in [one.adds for one in desk.suggest(NAME)]
    index.apply("borough", commits.last, (), ["x:8"])
    assert "=fload" not in [one.adds for one in desk.suggest(NAME)]


def test_an_accepted_statement_is_kept_word_for_word(
    desk: SearchDesk, register: SqlRegister, commits: Commits, index: TantivyIndex
) -> None:
    desk.save(NAME, "flood OR zzz !!!", filters=SearchFilters(platforms=("x",)), case_reference="FOI-113")
    desk.decide(NAME, "llifogydd", accepted=False)
    kept = desk.accept(NAME)
    assert kept.text == (
        "Search foi-2024-113, revision 1, for FOI-113\n"
        "Typed: flood OR zzz !!!\n"
        "Narrowed by platform: x\n"
        "Searched: Every version that (has any form of “flood” or has any form of “zzz”)"
        " and has platform x.\n"
        "Left out, holding no letter or figure: !!!\n"
        "Found: 2 records, 2 versions; current to 12 May 2024 00:30 (commit 2), 0 records behind.\n"
        "Every version held was searched, those edited away, hidden or deleted at the platform too.\n"
        "Accounts searched: none.\n"
        "Each term by itself (records, versions; those that no other term finds):\n"
        "- flood: 2, 2; 2, 2\n"
        "- zzz: 0, 0; 0, 0\n"
        "Terms that found nothing: zzz.\n"
        "Other spellings and forms accepted: none.\n"
        "Other spellings and forms declined: llifogydd for flood.\n"
        "What could not have been found:\n"
        "- Nothing is known: no account that was ever asked lies in what was searched."
    )
    commits.commit(row("x:9", "flood"))
    catch_up(commits.archive(), index, "borough")
    assert desk.kept(NAME, 1) == kept
    assert desk.statement(NAME).records == 3
    assert desk.accept(NAME).number == 2
    accepted = [one for one in audited(register) if isinstance(one, StatementAccepted)]
    assert [(one.number, one.records, one.sha256) for one in accepted] == [
        (1, 2, kept.sha256.hex()),
        (2, 3, desk.kept(NAME, 2).sha256.hex()),
    ]


def test_what_is_being_destroyed_is_in_no_report(desk: SearchDesk) -> None:
    desk.save(NAME, "bins", filters=NO_FILTERS)
    assert replace(desk, hidden=frozenset({"x:3"})).report(NAME).records == 1


class MovingOn(TantivyIndex):
    """An index that is written just after a report has counted its one term by month."""

    def __init__(self, root: Path, commits: Commits) -> None:
        super().__init__(root)
        self._commits = commits
        self._counted = False

    @override
    def facets(self, council: str, query: Query) -> FacetCounts:
        self._counted = True
        return super().facets(council, query)

    @override
    def search(
        self, council: str, query: Query, *, order: Order, after: str | None = None, size: int = 50
    ) -> SearchPage:
        if self._counted:
            self._commits.commit(row("x:9", "another flood", filed_at=START))
            catch_up(self._commits.archive(), self, "borough")
        return super().search(council, query, order=order, after=after, size=size)


def test_a_statement_names_the_commit_that_its_counts_are_of(
    desk: SearchDesk, commits: Commits, tmp_path: Path
) -> None:
    moving = MovingOn(tmp_path / "moving", commits)
    catch_up(commits.archive(), moving, "borough")
    desk.save(NAME, "flood", filters=NO_FILTERS)
    kept = replace(desk, index=moving).statement(NAME)
    assert (kept.records, kept.watermark) == (2, 2)
    assert "(commit 2)" in kept.text
