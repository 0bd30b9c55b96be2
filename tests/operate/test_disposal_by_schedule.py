"""From a schedule to destruction: what the simulation said is what goes; a deletion elsewhere is honoured."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from muniment.adapters.schedule_yaml import load_schedule
from muniment.bootstrap.council import CouncilServices
from muniment.bootstrap.opening import open_muniment
from muniment.domain.disposal import PlanKind
from muniment.domain.disposal_run import RunState
from muniment.domain.holds import HoldKind
from muniment.domain.people import Actor, Role
from muniment.ports import NewHold
from muniment.services.deciding import Deciding
from muniment.services.holding import place
from muniment.settings import from_environment
from tests.operate.conftest import Office
from tests.operate.test_retention import signed

SHORT = {"quiet: 90d": "quiet: 0d", 'period: "2y"': 'period: "0d"', "    evidence_of: [defamation]\n": ""}
MANAGER = Actor(name="manager", roles=frozenset({Role.INFORMATION_MANAGER}))
OFFICER = Actor(name="officer", roles=frozenset({Role.RECORDS_OFFICER}))
REVIEWER = Actor(name="reviewer", roles=frozenset({Role.REVIEWER, Role.RECORDS_OFFICER}))


def held(services: CouncilServices) -> set[str]:
    return set(services.retaining.held().records["record_id"].to_pylist())


def comments(services: CouncilServices) -> list[str]:
    rows = services.retaining.held().records.to_pylist()
    return sorted(row["record_id"] for row in rows if row["kind"] == "comment")


def approved(services: CouncilServices, kind: PlanKind) -> str:
    """Propose, review and approve, by three people; return the run."""
    found = services.disposing.propose(actor=OFFICER, kind=kind)
    assert found is not None
    assert services.disposing.send_on(found.run, actor=REVIEWER) is RunState.PROPOSED
    services.disposing.approve(found.run, actor=MANAGER)
    assert services.disposing.approve(found.run, actor=REVIEWER).state is RunState.WAITING
    return found.run


def hold(services: CouncilServices, record_id: str) -> None:
    today = services.retaining.today()
    new = NewHold(
        kind=HoldKind.FOI,
        reference="FOI 1",
        reason="asked for",
        typed=None,
        case_id=None,
        placed_by="officer",
        review_on=today + timedelta(days=90),
    )
    place(
        services.name,
        new,
        [record_id],
        archive=services.archive,
        register=services.process.register,
        actor=OFFICER,
        now=services.clock.now(),
    )


def test_what_the_simulation_said_is_what_goes_but_for_a_thread_that_was_held_since(
    office: Office, tmp_path: Path
) -> None:
    assert office.archive().code == 0
    office.stage.world.clock.wait(3 * 86_400)
    schedule, text = load_schedule(signed(tmp_path / "signed.yml", **SHORT))
    with open_muniment(from_environment()) as muniment:
        services = muniment.council()
        simulated = services.retaining.simulate(schedule)
        said = sum(change.due_after for change in simulated.changes if change.class_after == "PUB-COMMENT")
        deciding = Deciding(retaining=services.retaining, actor=MANAGER, record_key=services.record_key)
        assert deciding.adopt(schedule, text).changes == simulated.changes
        planned = services.retaining.plan().due["record_id"].to_pylist()
        assert sorted(planned) == comments(services)
        assert len(planned) == said == 10
        run = approved(services, PlanKind.SCHEDULE)
        before = held(services)
        hold(services, comments(services)[0])
    office.stage.world.clock.wait(8 * 86_400)
    with open_muniment(from_environment()) as muniment:
        services = muniment.council()
        done = services.destroying.execute(run)
        assert done.records == 9, done
        gone = before - held(services)
        assert gone == set(planned) - {comments(services)[0]}
        again = services.retaining.plan()
        assert not again.due.num_rows
        assert [row["why"] for row in again.items.to_pylist() if row["kind"] == "comment"] == ["held"]


def test_what_is_restricted_to_hr_goes_by_a_list_of_hr_alone(office: Office, tmp_path: Path) -> None:
    assert office.archive().code == 0
    office.stage.world.clock.wait(3 * 86_400)
    restricted = {**SHORT, "  - code: PUB-COMMENT\n": "  - code: PUB-COMMENT\n    restricted_to: HR\n"}
    schedule, text = load_schedule(signed(tmp_path / "signed.yml", **restricted))
    with open_muniment(from_environment()) as muniment:
        services = muniment.council()
        deciding = Deciding(retaining=services.retaining, actor=MANAGER, record_key=services.record_key)
        deciding.adopt(schedule, text)
        assert services.disposing.propose(actor=OFFICER) is None
        officer, manager, reviewer = (
            replace(person, teams=frozenset({"HR"})) for person in (OFFICER, MANAGER, REVIEWER)
        )
        (run,) = services.disposing.propose_restricted(actor=officer)
        listed = services.disposing.listed(run.run, reader=reviewer).items
        assert sorted(listed["record_id"].to_pylist()) == comments(services)
        services.disposing.send_on(run.run, actor=reviewer)
        services.disposing.approve(run.run, actor=manager)
        services.disposing.approve(run.run, actor=reviewer)
    refused = office.run("dispose", "list", run.run)
    assert (refused.code, "only HR may" in refused.said) == (3, True)
    assert comments_of(refused.said) == []
    office.stage.world.clock.wait(8 * 86_400)
    with open_muniment(from_environment()) as muniment:
        services = muniment.council()
        assert services.destroying.execute(run.run).records == 10
        assert comments(services) == []


def comments_of(said: str) -> list[str]:
    return [word for word in said.split() if word.startswith("facebook:")]


@pytest.fixture
def honouring(office: Office) -> Office:
    def honour(told: dict[str, Any]) -> None:
        for account in told["accounts"]:
            account |= {"on_deletion": "honour", "legal_basis": "SIRO, 12 January 2026, section 4"}

    office.rewrite(honour)
    return office


def test_a_confirmed_deletion_is_honoured_and_a_held_one_is_shown_as_a_conflict(honouring: Office) -> None:
    office, world = honouring, honouring.stage.world
    assert office.archive().code == 0
    council = next(iter(world.accounts("facebook", owned=True)))
    posts = world.posts_of(council)
    for post in posts[:2]:
        world.delete(world.children(post)[0])
    for _ in range(6):
        world.clock.wait(9 * 3600)
        assert office.archive().code == 0
    with open_muniment(from_environment()) as muniment:
        services = muniment.council()
        made = services.honouring.planner(services.retaining.today())
        assert made.due.num_rows == 2
        first, second = sorted(made.due["record_id"].to_pylist())
        run = approved(services, PlanKind.HONOUR)
        hold(services, second)
    world.clock.wait(8 * 86_400)
    said = office.run("schedule", "honour").said
    assert "1 stays against the platform's terms" in said
    assert "SIRO, 12 January 2026" in said
    with open_muniment(from_environment()) as muniment:
        services = muniment.council()
        assert services.destroying.execute(run).records == 1
        assert first not in held(services)
        assert second in held(services)
    why = office.run("why", first).said
    assert "under facebook: SIRO, 12 January 2026, section 4" in why
    assert "Its platform had deleted it, confirmed on" in why
