"""Holds: what they cover, from when on, until when, and who may place and lift them."""

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from muniment.domain.events import HoldPlaced, HoldReleased, HoldResolved, HoldReviewed
from muniment.domain.holds import latest_review
from muniment.ports import NewHold
from muniment.search.errors import QueryError
from muniment.services import holding
from schemas.errors import BadInputError, NotPermittedError
from tests.muniment.services.holding.office import COUNCIL, NOW, OFFICER, REVIEWER, Office
from tests.muniment.services.searching.commits import look, row


def test_a_hold_covers_what_its_query_finds_in_any_version(office: Office) -> None:
    office.commits.commit(row("x:1", "the bins"), row("x:2", "the parks"), look("x:1", 1), look("x:2", 1))
    office.commits.commit(row("x:2", "the bins, sorry"))
    office.commits.commit(row("x:1", "nothing at all"))
    placed = office.place("bins")
    assert (placed.hold.records, placed.hold.watermark) == (2, 3)
    assert office.held("x:1", "x:2", "x:3") == {"x:1", "x:2"}
    assert office.resolved() == {"x:1", "x:2"}


def test_new_captures_in_scope_are_held_too_resolved_or_not(office: Office) -> None:
    office.commits.commit(row("x:1", "the bins"))
    hold = office.place("bins OR state:gone").hold
    office.commits.commit(row("x:2", "bins again"), row("x:3", "parks"), look("x:3", 1))
    assert office.held("x:1", "x:2", "x:3") == {"x:1", "x:2"}
    assert office.resolved() == {"x:1"}
    office.catch_up()
    assert office.resolved() == {"x:1", "x:2"}
    office.commits.commit(look("x:3", 50, "gone"))
    assert office.held("x:3") == {"x:3"}
    office.catch_up()
    office.catch_up()
    assert office.register.hold(COUNCIL, hold.hold_id).watermark == 3
    told = [event for event in office.told() if isinstance(event, HoldResolved)]
    assert [(event.records, event.commit_no) for event in told] == [(1, 1), (1, 2), (1, 3)]


def test_what_once_fell_under_a_hold_stays_under_it(office: Office) -> None:
    office.commits.commit(row("x:1", "parks"), look("x:1", 1, "missing"))
    office.place("state:missing")
    office.commits.commit(look("x:1", 5, "live"))
    office.catch_up()
    assert office.held("x:1") == {"x:1"}


def test_a_hold_stops_disposal_before_it_is_resolved(office: Office) -> None:
    office.commits.commit(row("x:1", "the bins"), row("x:2", "parks"))
    new = NewHold(
        kind=office.place("parks").hold.kind,
        reference="FOI/2026/18",
        reason="asked",
        typed="bins",
        case_id=None,
        placed_by="j.smith",
        review_on=latest_review(NOW.date()),
    )
    with office.register.begin(COUNCIL, OFFICER, now=office.tick()):
        office.register.place_hold(COUNCIL, new, now=office.now)
    assert office.resolved() == {"x:2"}
    assert office.held("x:1", "x:2") == {"x:1", "x:2"}


def test_a_frozen_set_is_those_records_and_no_later_ones(office: Office) -> None:
    office.commits.commit(row("x:1", "a"), row("x:2", "b"))
    placed = office.place(None, "x:1", "x:1")
    assert placed.hold.records == 1
    office.commits.commit(row("x:3", "a"))
    assert office.held("x:1", "x:2", "x:3") == {"x:1"}
    with pytest.raises(BadInputError, match=r"does not hold 1 of the 2 ids given; the first is number 2"):
        office.place(None, "x:1", "x:9")


def test_a_record_is_free_only_when_no_hold_is_left(office: Office) -> None:
    office.commits.commit(row("x:1", "the bins"), row("x:2", "bins and parks"))
    first, second = office.place("bins").hold, office.place("parks").hold
    held = office.register.held_records(COUNCIL, pa.array(["x:2"]))
    assert held.to_pylist() == [{"record_id": "x:2", "hold_id": first.hold_id, "holds": 2}]
    assert office.release(first.hold_id) == 1
    assert office.held("x:1", "x:2") == {"x:2"}
    assert office.release(second.hold_id) == 1
    assert office.held("x:1", "x:2") == set()
    assert office.resolved() == frozenset()
    released = office.register.holds(COUNCIL, released=True)
    assert [(one.released_by, one.is_open) for one in released] == [("j.smith", False)] * 2
    with pytest.raises(BadInputError, match="released already"):
        office.release(first.hold_id)


def test_an_alias_is_held_with_its_record(office: Office) -> None:
    office.commits.commit(row("x:1", "the bins"), row("x:7", "unreadable once"))
    office.register.tie(COUNCIL, "x:1", "x:7")
    hold = office.place("bins").hold
    assert office.held("x:1", "x:7") == {"x:1", "x:7"}
    office.register.tie(COUNCIL, "x:7", "x:8")
    assert office.held("x:8") == {"x:8"}
    office.release(hold.hold_id)
    office.commits.commit(row("x:9", "parks"))
    office.place("parks")
    office.register.tie(COUNCIL, "x:9", "x:10")
    assert office.held("x:10") == {"x:10"}
    office.commits.commit(row("x:11", "more parks"))
    office.register.tie(COUNCIL, "x:11", "x:12")
    assert office.held("x:12") == {"x:12"}


def test_a_hold_tells_what_it_came_too_late_for(office: Office) -> None:
    office.commits.commit(row("x:1", "the bins"), row("x:2", "the bins"), row("x:3", "bins"))
    office.intend("x:1")
    placed = office.place("bins")
    assert (set(placed.too_late), placed.hold.records) == ({"x:1"}, 2)
    frozen = office.place(None, "x:1", "x:2")
    assert (set(frozen.too_late), frozen.hold.records) == ({"x:1"}, 1)
    told = [event for event in office.told() if isinstance(event, HoldPlaced | HoldResolved)]
    assert [event.too_late for event in told] == [0, 1, 1]


def test_what_was_in_scope_for_an_hour_between_two_looks_is_held(office: Office) -> None:
    office.commits.commit(row("x:1", "parks"), row("x:2", "parks"), look("x:1", 1), look("x:2", 1))
    office.place("state:missing")
    office.commits.commit(look("x:1", 2, "missing"))
    office.commits.commit(look("x:1", 3, "live"))
    assert office.held("x:1", "x:2") == {"x:1"}
    office.catch_up()
    assert office.resolved() == {"x:1"}


def test_each_council_has_holds_of_its_own(office: Office) -> None:
    office.commits.commit(row("x:1", "the bins"))
    hold = office.place("bins").hold
    assert office.register.holds("oak") == ()
    assert len(office.register.held_records("oak", pa.array(["x:1"]))) == 0
    with pytest.raises(BadInputError, match="no hold"):
        office.register.hold("oak", hold.hold_id)


def test_every_act_is_told_with_its_reason(office: Office) -> None:
    office.commits.commit(row("x:1", "the bins"))
    hold = office.place("bins", reason="request of 1 March").hold
    office.review(hold.hold_id)
    office.release(hold.hold_id, reason="answered in full")
    placed, resolved, reviewed, released = office.told()
    assert isinstance(placed, HoldPlaced)
    assert (placed.typed, placed.reference, placed.reason) == ("bins", "FOI/2026/17", "request of 1 March")
    assert isinstance(resolved, HoldResolved)
    assert isinstance(reviewed, HoldReviewed)
    assert isinstance(released, HoldReleased)
    assert (released.records, released.freed, released.reason) == (1, 1, "answered in full")


def test_who_has_no_role_for_it_neither_places_nor_releases(office: Office) -> None:
    office.commits.commit(row("x:1", "the bins"))
    hold = office.place("bins").hold
    with pytest.raises(NotPermittedError, match=r"a\.jones may not place a hold: that takes the role of"):
        office.place("bins", actor=REVIEWER)
    with pytest.raises(NotPermittedError, match="may not release a hold"):
        office.release(hold.hold_id, actor=REVIEWER)
    assert office.held("x:1") == {"x:1"}
    assert len(office.register.holds(COUNCIL)) == 1


@pytest.mark.parametrize(
    ("typed", "told", "words"),
    [
        ("bins", {"reason": " "}, "reason is missing"),
        ("bins", {"reference": ""}, "needs the reference"),
        (None, {}, "one of the two"),
        ("bins", {"review_on": NOW.date()}, "reviewed within 6 months"),
        ("bins", {"review_on": NOW.date() + timedelta(days=200)}, "reviewed within 6 months"),
    ],
)
def test_a_hold_without_what_it_needs_is_refused_and_nothing_is_kept(
    office: Office, typed: str | None, told: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInputError, match=words):
        office.place(typed, **told)
    assert office.register.holds(COUNCIL, released=True) == ()
    assert office.told() == []


def test_a_scope_with_a_mistake_is_refused(office: Office) -> None:
    with pytest.raises(QueryError):
        office.place('"bins')


@pytest.mark.parametrize("typed", ["class:complaint", "bins -class:complaint"])
def test_a_scope_by_class_is_refused_since_it_would_hold_nothing(office: Office, typed: str) -> None:
    with pytest.raises(QueryError, match="cannot be asked here"):
        office.place(typed)


def test_a_review_is_never_more_than_six_months_off(office: Office) -> None:
    office.commits.commit(row("x:1", "the bins"))
    hold = office.place("bins").hold
    assert office.review(hold.hold_id, date(2026, 5, 1)) == date(2026, 5, 1)
    assert office.review(hold.hold_id) == date(2026, 9, 2)
    with pytest.raises(BadInputError, match="up to 2 September 2026"):
        office.review(hold.hold_id, date(2026, 9, 3))


def test_catching_up_with_nothing_held_reads_nothing(office: Office) -> None:
    office.commits.commit(row("x:1", "the bins"))
    read = office.commits.read_rows
    assert (
        holding.catch_up_holds(COUNCIL, archive=office.commits.archive(), register=office.register, now=NOW)
        == frozenset()
    )
    assert office.held("x:1") == set()
    assert office.commits.read_rows == read
