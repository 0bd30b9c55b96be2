"""Holds as a rule: the day of review, and when a record is free."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.domain.holds import (
    HELD,
    Hold,
    HoldKind,
    due_for_review,
    is_free,
    latest_review,
    review_day,
    union,
)
from muniment.domain.people import MAY, Act, Actor, Role, require, require_another
from schemas.errors import BadInputError, NotPermittedError

HOLD = Hold(
    hold_id=1,
    kind=HoldKind.LITIGATION,
    reference="CL/7",
    reason="claim",
    typed="bins",
    case_id=None,
    placed_by="j.smith",
    placed_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
    review_on=date(2026, 9, 2),
    watermark=0,
    records=0,
)
RELEASED = replace(HOLD, hold_id=2, released_at=datetime(2026, 4, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("today", "latest"),
    [
        (date(2026, 3, 2), date(2026, 9, 2)),
        (date(2026, 8, 31), date(2027, 2, 28)),
        (date(2027, 8, 30), date(2028, 2, 29)),
        (date(2026, 10, 31), date(2027, 4, 30)),
        (date(2026, 12, 1), date(2027, 6, 1)),
    ],
)
def test_a_review_is_due_six_months_on(today: date, latest: date) -> None:
    assert latest_review(today) == latest


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)))
def test_six_months_are_never_more_than_184_days(today: date) -> None:
    assert 178 <= (latest_review(today) - today).days <= 184


def test_a_record_is_free_when_no_open_hold_is_left() -> None:
    assert is_free([])
    assert is_free([RELEASED])
    assert not is_free([RELEASED, HOLD])


def test_open_holds_are_due_on_their_day_of_review() -> None:
    later = replace(HOLD, hold_id=3, review_on=date(2026, 9, 3))
    assert due_for_review([later, HOLD, RELEASED], date(2026, 9, 1)) == ()
    assert due_for_review([later, HOLD, RELEASED], date(2026, 9, 2)) == (HOLD,)
    assert due_for_review([later, HOLD, RELEASED], date(2026, 9, 3)) == (HOLD, later)


def test_a_union_counts_the_holds_of_both_sides() -> None:
    first = pa.table({"record_id": ["a", "b"], "hold_id": [4, 5], "holds": [1, 2]}, schema=HELD)
    second = pa.table({"record_id": ["b", "c"], "hold_id": [3, 9], "holds": [1, 1]}, schema=HELD)
    rows = union(first, second).sort_by("record_id").to_pylist()
    assert [tuple(row.values()) for row in rows] == [("a", 4, 1), ("b", 3, 3), ("c", 9, 1)]
    assert union(first).equals(first)


@pytest.mark.parametrize("act", Act)
def test_every_act_takes_one_of_its_roles(act: Act) -> None:
    for role in Role:
        actor = Actor(name="a", roles=frozenset({role}))
        if role in MAY[act]:
            require(actor, act)
        else:
            with pytest.raises(NotPermittedError, match=f"may not {act}"):
                require(actor, act)


def test_two_people_are_two_whatever_name_the_second_gives() -> None:
    require_another(Actor(name="b"), ["a"], "prepared the list")
    with pytest.raises(NotPermittedError, match="a, who prepared the list, cannot approve"):
        require_another(Actor(name="a"), ["a"], "prepared the list")
    with pytest.raises(NotPermittedError, match="b is signed in as a, as is who prepared the list"):
        require_another(Actor(name="b", login="a"), ["a"], "prepared the list")


def test_a_review_today_is_no_day_to_come() -> None:
    today = date(2026, 3, 2)
    with pytest.raises(BadInputError, match="cannot be the day"):
        review_day(today, today)
    assert review_day(date(2026, 3, 3), today) == date(2026, 3, 3)
