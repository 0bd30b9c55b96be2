"""Nothing that may be evidence of a claim goes while the claim can be brought, whatever its period says."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muniment.domain.counting import add
from muniment.domain.floors import floors_for, is_below
from muniment.domain.period import Duration, parse_duration, parse_period
from muniment.domain.retention import Action, Schedule
from tests.muniment.domain.retention.council import POSTED, adopted, comment, planned, told

FLOORS = {
    "england_wales": {"contract_or_tort": parse_duration("6y"), "defamation": parse_duration("1y")},
    "scotland": {"obligations": parse_duration("5y"), "defamation": parse_duration("18m")},
}


def keeping(written: str, *floors: str, action: Action = Action.DESTROY) -> Schedule:
    """Return the template with comments kept so, from the day on which they were published."""
    classes = dict(adopted().classes)
    classes["PUB-COMMENT"] = replace(
        classes["PUB-COMMENT"],
        event="published",
        quiet=None,
        period=parse_period(written),
        written=written,
        action=action,
        floors=tuple(parse_duration(one) for one in floors),
    )
    return adopted(classes=classes)


@pytest.mark.parametrize(
    ("period", "floor", "below"),
    [
        ("6y", "6y", False),
        ("5y", "6y", True),
        ("72m", "6y", False),
        ("30d", "1m", True),
        ("31d", "1m", False),
        ("6+", "6y", False),
        ("D<1", "1d", True),
        ("PERM", "12y", False),
        ("CASE+6", "6y", False),
        ("1y plus current financial year", "6y", True),
        ("longest(1y, CASE+6)", "6y", False),
        ("review at 5y then destroy", "6y", True),
        ("2y review at 1y then decide", "2y", False),
        ("until superseded", "1y", True),
    ],
)
def test_a_period_is_held_against_a_floor(period: str, floor: str, *, below: bool) -> None:
    assert is_below(parse_period(period), parse_duration(floor)) is below


def test_floors_are_those_of_the_nations_in_which_the_schedule_is_used() -> None:
    claims = frozenset({"defamation", "obligations"})
    assert floors_for(claims, FLOORS, ["ENG"]) == (parse_duration("1y"),)
    assert floors_for(claims, FLOORS, ["SCT"]) == (parse_duration("18m"), parse_duration("5y"))
    assert floors_for(claims, FLOORS, []) == tuple(map(parse_duration, ("1y", "18m", "5y")))
    assert floors_for(frozenset({"deed"}), FLOORS, ["ENG"]) == ()


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(
        ["30d", "1y", "2y plus current financial year", "6+", "D<1", "review at 6m then destroy"]
    ),
    st.sampled_from(["6m", "1y", "6y", "400d"]),
    st.sampled_from([Action.DESTROY, Action.REVIEW, Action.ANONYMISE]),
    st.integers(0, 7_000),
)
def test_nothing_is_proposed_in_any_way_before_its_floor(
    period: str, floor: str, action: Action, days: int
) -> None:
    schedule = keeping(period, floor, action=action)
    on = POSTED.date() + timedelta(days=days)
    (said,) = told(planned(comment(2), on=on, schedule=schedule)).values()
    ends: date = add(POSTED.date(), parse_duration(floor))
    if on <= ends:
        assert said == "not-yet"
    elif on > ends + timedelta(days=3_000):  # later than any of these periods ends
        assert said in ("due", "review")


def test_a_longer_period_is_not_touched_by_a_floor() -> None:
    with_floor = planned(comment(2), on=date(2040, 1, 1), schedule=keeping("9y", "6y"))
    without = planned(comment(2), on=date(2040, 1, 1), schedule=keeping("9y"))
    assert told(with_floor, "due_from") == told(without, "due_from")


def test_what_is_permanent_and_to_be_transferred_is_offered_from_its_trigger_and_never_destroyed() -> None:
    schedule = keeping("PERM", action=Action.TRANSFER)
    assert told(planned(comment(2), on=POSTED.date(), schedule=schedule)) == {"x:2": "transfer"}
    assert told(planned(comment(2), on=date(2200, 1, 1), schedule=schedule)) == {"x:2": "transfer"}
    assert told(planned(comment(2), on=date(2200, 1, 1), schedule=schedule), "due_from") == {"x:2": (None,)}


def test_durations_read_as_they_are_written() -> None:
    assert str(parse_duration("6y")) == "6y"
    assert Duration(count=6, unit=parse_duration("6y").unit) == parse_duration("6y")
