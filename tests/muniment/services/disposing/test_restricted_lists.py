"""Lists that only some may see: proposed apart, and read, decided and approved by nobody else."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from muniment.domain.disposal_run import Decision, RunState
from muniment.domain.people import SYSTEM, Actor, Role
from schemas.errors import NotPermittedError
from tests.muniment.services.disposing.office import ANN, BEN, IVY, Office, ids

HR = frozenset({"HR"})
ANN_OF_HR, BEN_OF_HR, IVY_OF_HR = (replace(person, teams=HR) for person in (ANN, BEN, IVY))


@pytest.fixture
def restricted(office: Office) -> Office:
    """Six records are due, two of which only HR may see."""
    office.settle()
    office.restricted = dict.fromkeys(ids(1, 2), "HR")
    return office


def listed(office: Office, run: str, reader: Actor) -> set[str]:
    return set(office.disposing.listed(run, reader=reader).items["record_id"].to_pylist())


def of_hr(office: Office) -> str:
    (run,) = office.disposing.propose_restricted(actor=ANN_OF_HR)
    return run.run


def test_the_list_that_all_see_has_nothing_of_theirs_but_the_count(restricted: Office) -> None:
    run = restricted.disposing.propose(actor=ANN)
    assert run is not None
    assert listed(restricted, run.run, BEN) == ids(3, 4, 5, 6)
    assert run.summary == {"due": 4, "restricted, on lists of their own": 2}
    assert restricted.disposing.propose_restricted(actor=ANN) == ()
    assert listed(restricted, of_hr(restricted), BEN_OF_HR) == ids(1, 2)


def test_by_night_every_list_is_made_each_for_its_own(restricted: Office) -> None:
    restricted.restricted["facebook:2"] = "HR, Standards"
    plan = restricted.plan(restricted.clock.now().date(), None)
    made = restricted.disposing.enter_restricted(plan, actor=SYSTEM)
    assert [one.restricted_to for one in made] == ["HR", "HR, Standards"]
    assert restricted.disposing.propose_restricted(actor=ANN_OF_HR) == ()  # it is on a list already
    with pytest.raises(NotPermittedError, match="only Standards may"):
        listed(restricted, made[1].run, BEN_OF_HR)


ACTS: dict[str, Callable[[Office, str, Actor], object]] = {
    "read": lambda office, run, who: office.disposing.listed(run, reader=who),
    "decide": lambda office, run, who: office.disposing.decide(
        run, Decision.KEEP, facet="class", value="PUB-COMMENT", reason="x", actor=who
    ),
    "send on": lambda office, run, who: office.disposing.send_on(run, actor=who),
    "send back": lambda office, run, who: office.disposing.send_back(run, actor=who),
    "approve": lambda office, run, who: office.disposing.approve(run, actor=who),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("state", [RunState.UNDER_REVIEW, RunState.PROPOSED])
def test_nobody_else_reads_or_decides_it_whatever_the_role(
    restricted: Office, act: str, state: RunState
) -> None:
    run = of_hr(restricted)
    if state is RunState.PROPOSED:
        restricted.disposing.send_on(run, actor=BEN_OF_HR)
    everything = Actor(name="cat", roles=frozenset(Role))
    for person in (everything, replace(everything, teams=frozenset({"Standards"}))):
        with pytest.raises(NotPermittedError, match="only HR may"):
            ACTS[act](restricted, run, person)
    assert restricted.run(run).state is state
    assert restricted.register.decisions("exampleborough", run) == ()
    assert restricted.register.run_approvals("exampleborough", run) == ()


def test_its_own_people_take_it_all_the_way(restricted: Office) -> None:
    run = of_hr(restricted)
    restricted.disposing.send_on(run, actor=BEN_OF_HR)
    restricted.disposing.approve(run, actor=BEN_OF_HR)
    restricted.disposing.approve(run, actor=IVY_OF_HR)
    restricted.clock.wait(restricted.waiting.total_seconds())
    assert restricted.destroying.execute(run).records == 2
    assert restricted.held() == ids(3, 4, 5, 6)


def test_anybody_who_may_stop_disposals_stops_this_one_too(restricted: Office) -> None:
    run = of_hr(restricted)
    restricted.disposing.cancel(run, reason="an inquiry was announced", actor=IVY)
    assert restricted.run(run).state is RunState.CANCELLED


def test_what_is_restricted_after_two_approved_it_is_not_destroyed(office: Office) -> None:
    office.settle()
    run = office.approved()
    office.restricted["facebook:1"] = "HR"
    done = office.destroying.execute(run)
    assert (done.records, dict(done.dropped)) == (5, {"reclassified": 1})
    assert office.held() == ids(1)
