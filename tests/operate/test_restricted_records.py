"""What is in a case of HR is found, shown and counted for HR's people alone."""

import getpass
from pathlib import Path

import pytest

from muniment.adapters.schedule_yaml import load_schedule
from muniment.bootstrap.council import CouncilServices
from muniment.bootstrap.opening import open_muniment
from muniment.domain.people import SYSTEM, Membership
from muniment.domain.retention import Level
from muniment.domain.triggers import Scope
from muniment.services.deciding import Deciding
from muniment.settings import from_environment
from tests.operate.conftest import Office
from tests.operate.test_disposal_by_schedule import MANAGER, OFFICER, comments
from tests.operate.test_retention import signed

ME = getpass.getuser()


def join_hr(services: CouncilServices) -> None:
    now = services.clock.now()
    with services.process.register.begin(services.name, SYSTEM, now=now):
        joined = Membership(person=ME, team="HR", from_on=services.retaining.today())
        services.process.register.admit(services.name, joined)


def link(services: CouncilServices, *records: str) -> None:
    deciding = Deciding(retaining=services.retaining, actor=OFFICER, record_key=services.record_key)
    assert deciding.link_case("hr-7", "HR-EVIDENCE", records, reason="disciplinary case") == len(records)


@pytest.fixture
def evidence(office: Office, tmp_path: Path) -> str:
    """An archive in which one comment is evidence of HR; return its id."""
    assert office.archive().code == 0
    office.stage.world.clock.wait(3 * 86_400)
    schedule, text = load_schedule(signed(tmp_path / "signed.yml"))
    assert schedule.classes["HR-EVIDENCE"].level is Level.CASE
    with open_muniment(from_environment()) as muniment:
        services = muniment.council()
        deciding = Deciding(retaining=services.retaining, actor=MANAGER, record_key=services.record_key)
        deciding.adopt(schedule, text)
        chosen = comments(services)[0]
        link(services, chosen)
    return chosen


def records(said: str) -> int:
    return int(said.split(" record", 1)[0].replace(",", ""))


def test_others_neither_find_nor_count_nor_read_it_and_are_told_what_is_left_out(
    office: Office, evidence: str, tmp_path: Path
) -> None:
    everything = records(office.run("search", "kind:comment", "--size", "1000").said)
    for command in (
        ("show", evidence),
        ("thread", evidence),
        ("class", "show", evidence),
        ("proof", evidence),
    ):
        refused = office.run(*command)
        assert (refused.code, "that you may see" in refused.said) == (2, True), command
    never = office.run("show", "facebook:no-such")
    assert never.said.replace("facebook:no-such", evidence) == office.run("show", evidence).said
    assert "No series that you may see" in office.run("why", evidence).said
    found = office.run("search", "kind:comment", "--size", "1000", "--csv", str(tmp_path / "hits.csv"))
    assert evidence not in found.said
    assert "Series that only HR may see are left out" in found.said
    assert evidence not in (tmp_path / "hits.csv").read_text(encoding="utf-8")
    assert evidence.partition(":")[2] not in "".join(office.items("facebook"))
    with open_muniment(from_environment()) as muniment:
        services = muniment.council()
        post = services.retaining.held().records.to_pylist()
        thread = next(row["thread_id"] for row in post if row["record_id"] == evidence)
        join_hr(services)
    assert evidence in office.run("thread", thread).said
    assert office.run("show", evidence).code == 0
    assert "HR-EVIDENCE" in office.run("class", "show", evidence).said
    seen = office.run("search", "kind:comment", "--size", "1000")
    assert records(seen.said) == everything + 1
    assert evidence in seen.said
    assert "left out" not in seen.said


def test_what_was_recorded_about_it_or_its_case_is_listed_for_its_team_alone(
    office: Office, evidence: str
) -> None:
    with open_muniment(from_environment()) as muniment:
        services = muniment.council()
        deciding = Deciding(retaining=services.retaining, actor=OFFICER, record_key=services.record_key)
        for event, scope, name in (
            ("leaves_employment", Scope.CASE, "hr-7"),
            ("superseded", Scope.RECORD, evidence),
            ("stand_down", Scope.COUNCIL, ""),
        ):
            deciding.record_trigger(event, scope, name, on=services.retaining.today(), reason="told by HR")
    told = office.run("trigger", "list").said
    assert ("stand_down" in told, "hr-7" in told, "superseded" in told) == (True, False, False)
    assert "Series that only HR may see are left out" in told
    with open_muniment(from_environment()) as muniment:
        join_hr(muniment.council())
    told = office.run("trigger", "list").said
    assert ("stand_down" in told, "hr-7" in told, evidence in told) == (True, True, True)


def test_a_class_that_a_rule_gives_is_left_out_as_well(office: Office, tmp_path: Path) -> None:
    assert office.archive().code == 0
    restricted = {"  - code: PUB-COMMENT\n": "  - code: PUB-COMMENT\n    restricted_to: HR\n"}
    schedule, text = load_schedule(signed(tmp_path / "signed.yml", **restricted))
    office.stage.world.clock.wait(3 * 86_400)
    before = records(office.run("search", "kind:comment OR kind:post").said)
    with open_muniment(from_environment()) as muniment:
        services = muniment.council()
        deciding = Deciding(retaining=services.retaining, actor=MANAGER, record_key=services.record_key)
        deciding.adopt(schedule, text)
        gone = comments(services)
    found = office.run("search", "kind:comment OR kind:post", "--size", "1000")
    assert records(found.said) == before - len(gone)
    assert not [one for one in gone if one in found.said]
