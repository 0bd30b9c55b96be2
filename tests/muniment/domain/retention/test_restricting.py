"""What is restricted is planned on lists that only those may see whom the schedule names."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muniment.domain.classifying import Setting
from muniment.domain.disposal import DisposalPlan, recheck
from muniment.domain.duties import Cases
from muniment.domain.people import (
    SYSTEM,
    Actor,
    Membership,
    Role,
    may_see,
    require_sight,
    teams_on,
)
from muniment.domain.planning import Circumstances
from muniment.domain.restricting import seen_by, teams_in
from muniment.domain.retention import Schedule
from muniment.domain.triggers import Scope
from schemas.errors import NotPermittedError
from tests.muniment.domain.retention.council import adopted, comment, planned, post, told

DUE = date(2040, 1, 1)
TEAMS = ("HR", "Standards", "Safeguarding")


def restricting(**teams: str) -> Schedule:
    """Return the template with classes restricted: PUB_COMMENT="HR" and so on."""
    schedule = adopted()
    codes = {code.replace("_", "-"): team for code, team in teams.items()}
    return replace(
        schedule,
        classes={code: replace(one, restricted_to=codes.get(code)) for code, one in schedule.classes.items()},
    )


def listed_for(made: DisposalPlan) -> dict[str, str | None]:
    return {record: word for record, (word,) in told(made, "restricted_to").items()}


def in_case(*records: str) -> Cases:
    return Cases(classes={"hr-7": "HR-EVIDENCE"}, of_record=dict.fromkeys(records, ("hr-7",)))


def test_only_the_records_of_a_restricted_class_are_named_for_its_team() -> None:
    rows = (comment(2, thread_id="x:2"), comment(3, thread_id="x:3"))
    decided = Setting(by_record={"x:2": "MEM-CORR"})
    made = planned(*rows, on=DUE, schedule=restricting(MEM_CORR="HR"), around=Circumstances(setting=decided))
    assert told(made) == {"x:2": "due", "x:3": "due"}
    assert listed_for(made) == {"x:2": "HR", "x:3": None}


def test_what_of_a_thread_goes_together_stands_on_one_list() -> None:
    rows = (post(), comment(2), comment(3), comment(4, thread_id="x:4"))
    decided = Setting(by_record={"x:2": "MEM-CORR"})
    made = planned(*rows, on=DUE, schedule=restricting(MEM_CORR="HR"), around=Circumstances(setting=decided))
    assert listed_for(made) == {"x:1": None, "x:2": "HR", "x:3": "HR", "x:4": None}


def test_a_record_in_a_restricted_case_is_restricted_whichever_class_decides() -> None:
    around = Circumstances(cases=in_case("x:2"))
    assert listed_for(planned(comment(2), on=date(2028, 1, 1), around=around)) == {"x:2": "HR"}
    keeps_longer = replace(adopted().classes["PUB-COMMENT"], period=adopted().classes["COR-POST"].period)
    schedule = adopted(classes={**adopted().classes, "PUB-COMMENT": keeps_longer})
    made = planned(comment(2), on=DUE, schedule=schedule, around=around)
    assert listed_for(made) == {"x:2": "HR"}


def test_two_teams_that_a_thread_is_restricted_to_have_one_list_together() -> None:
    rows = (comment(2), comment(3))
    decided = Setting(by_record={"x:2": "MEM-CORR", "x:3": "CON-RESPONSE"})
    facts = {("results_published", Scope.RECORD, "x:3"): date(2028, 1, 1)}
    made = planned(
        *rows,
        on=DUE,
        schedule=restricting(MEM_CORR="HR", CON_RESPONSE="Standards"),
        around=Circumstances(setting=decided, facts=facts),
    )
    assert listed_for(made) == dict.fromkeys(("x:2", "x:3"), "HR, Standards")
    assert teams_in("HR, Standards") == {"HR", "Standards"}


def test_who_may_not_see_it_is_told_that_it_stays_and_it_keeps_its_thread() -> None:
    rows = (comment(2), comment(3))
    decided = Setting(by_record={"x:2": "MEM-CORR"})
    around = Circumstances(setting=decided, may_see=frozenset({"Standards"}))
    made = planned(*rows, on=DUE, schedule=restricting(MEM_CORR="HR"), around=around)
    assert told(made) == {"x:2": "restricted", "x:3": "thread"}


def test_what_was_approved_before_it_was_restricted_drops_out() -> None:
    before = planned(comment(2), on=DUE)
    after = planned(comment(2), on=DUE, schedule=restricting(PUB_COMMENT="HR"))
    assert recheck(before.due, after).dropped.to_pylist() == [{"record_id": "x:2", "why": "reclassified"}]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["", *TEAMS])), min_size=1, max_size=8),
    st.sets(st.sampled_from(TEAMS)),
)
def test_nobody_is_shown_an_item_in_which_another_team_has_a_hand(
    said: list[tuple[int, str]], teams: set[str]
) -> None:
    codes = dict(zip(TEAMS, ("MEM-CORR", "PUB-MENTION", "COR-PHOTO"), strict=True))
    rows = [comment(at + 10, thread_id=f"x:{thread}") for at, (thread, _) in enumerate(said)]
    decided = {f"x:{at + 10}": codes[team] for at, (_, team) in enumerate(said) if team}
    schedule = restricting(MEM_CORR="HR", PUB_MENTION="Standards", COR_PHOTO="Safeguarding")
    made = planned(*rows, on=DUE, schedule=schedule, around=Circumstances(setting=Setting(by_record=decided)))
    shown = set(made.items.filter(seen_by(made.items, teams))["record_id"].to_pylist())
    hands = hands_in_threads(said)
    assert shown == {f"x:{at + 10}" for at, (thread, _) in enumerate(said) if hands[thread] <= teams}
    assert {one["fate"] for one in made.items.to_pylist()} == {"due"}


def hands_in_threads(said: Iterable[tuple[int, str]]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for thread, team in said:
        found.setdefault(thread, set()).update({team} - {""})
    return found


def test_a_role_can_be_what_a_class_is_restricted_to() -> None:
    investigator = Actor(name="eve", roles=frozenset({Role.INVESTIGATOR}), teams=frozenset({"HR"}))
    assert may_see(investigator) == {"investigator", "HR"}


def test_who_is_in_all_of_the_teams_sees_the_list_and_nobody_else() -> None:
    both = Actor(name="eve", teams=frozenset({"HR", "Standards"}))
    require_sight(both, teams_in("HR, Standards"))
    require_sight(both, teams_in(None))
    require_sight(SYSTEM, teams_in("HR"))
    with pytest.raises(NotPermittedError, match="only Standards may"):
        require_sight(Actor(name="sam", teams=frozenset({"HR"})), teams_in("HR, Standards"))
    with pytest.raises(NotPermittedError):
        require_sight(Actor(name="ivy", roles=frozenset({Role.INFORMATION_MANAGER})), teams_in("HR"))


def test_a_team_is_ones_own_from_its_first_to_its_last_day() -> None:
    day = date(2027, 4, 1)
    one = Membership(person="eve", team="HR", from_on=day, until_on=day + timedelta(days=1))
    days = [day + timedelta(days=number) for number in range(-1, 3)]
    assert [teams_on([one], "eve", on) for on in days] == [set(), {"HR"}, {"HR"}, set()]
    assert teams_on([one], "sam", day) == set()
