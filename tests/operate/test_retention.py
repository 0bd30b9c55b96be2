"""Retention at the command line: from the template to a signed schedule, decisions and what falls due."""

import getpass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from muniment.adapters.schedule_yaml import TEMPLATE
from muniment.bootstrap.opening import open_muniment
from muniment.domain.people import Appointment, Role
from muniment.domain.triggers import Scope
from muniment.ports.retention import Fact
from muniment.settings import from_environment
from schemas.errors import BadInputError
from tests.operate.conftest import Office

SIGNED = {
    "status: template ": "status: adopted ",
    "council: null": "council: Smalltown Council",
    "approved_by: null": "approved_by: A. Manager",
    "role: null": "role: Information Manager",
    "date: null": "date: 2020-01-01",
    "minute_reference: null": "minute_reference: Cabinet, minute 12",
    "effective_from: 2026-12-01": "effective_from: 2020-01-01",
}


def signed(path: Path, **changes: str) -> Path:
    text = TEMPLATE.read_text(encoding="utf-8")
    for old, new in SIGNED.items():
        assert old in text
        text = text.replace(old, new, 1)
    for old, new in changes.items():
        text = text.replace(old.replace("__", " "), new)
    path.write_text(text, encoding="utf-8")
    return path


def appoint(person: str, *roles: Role) -> None:
    with open_muniment(from_environment()) as muniment:
        for role in roles:
            given = Appointment(person=person, role=role, from_on=date(2000, 1, 1))
            muniment.register.appoint("smalltown", given)


@pytest.fixture
def archived(office: Office) -> Office:
    assert office.archive().code == 0
    appoint(getpass.getuser(), Role.INFORMATION_MANAGER)
    appoint("bob", Role.RECORDS_OFFICER)
    return office


def test_what_was_recorded_after_midnight_in_london_is_told_under_that_day(office: Office) -> None:
    fact = Fact(
        event="campaign_ends",
        scope=Scope.COUNCIL,
        name="",
        on=date(2026, 6, 1),
        reason="it is over",
        by="bob",
        at=datetime(2026, 6, 30, 23, 30, tzinfo=UTC),
    )
    with open_muniment(from_environment()) as muniment:
        muniment.register.add_fact("smalltown", fact)
    told = office.run("trigger", "list").said
    assert "1 Jul" in told
    assert "30 Jun" not in told


def test_from_the_template_to_a_schedule_in_force(archived: Office, tmp_path: Path) -> None:
    run = archived.run
    draft = tmp_path / "draft.yml"
    assert run("schedule", "template", str(draft)).code == 0
    told = run("schedule", "check", str(draft))
    assert "35 classes" in told.said
    assert "is a template" in told.said
    assert run("schedule", "adopt", "--yes", str(draft)).code == 2
    assert run("schedule", "due").code == 2
    file = signed(tmp_path / "signed.yml")
    simulated = run("schedule", "simulate", str(file))
    assert "PUB-COMMENT" in simulated.said
    assert run("schedule", "adopt", "--yes", str(file)).code == 0
    assert "0.1.0" in run("schedule", "list").said
    assert "CASE+3" in run("schedule", "show").said
    later = date.today().year + 5  # noqa: DTZ011 -- any year that is far enough off
    due = run("schedule", "due", "--on", f"{later}-01-01").said
    assert "due" in due
    assert "PUB-COMMENT" in due
    svg = tmp_path / "forecast.svg"
    assert run("schedule", "forecast", "--months", "60", "--svg", str(svg)).code == 0
    assert "to destroy" in svg.read_text(encoding="utf-8")
    assert "person:schedule:adopt" in run("audit", "--what", "schedule").said
    second = signed(tmp_path / "second.yml", **{'version:__"0.1.0"': 'version: "0.2"', "90d": "30d"})
    assert "quiet was 90d, is 30d" in run("schedule", "diff", str(second)).said
    assert "takes effect on 2020-01-01, not after" in run("schedule", "adopt", "--yes", str(second)).said


def test_who_has_no_role_adopts_nothing(office: Office, tmp_path: Path) -> None:
    ended = office.run("schedule", "adopt", "--yes", str(signed(tmp_path / "signed.yml")))
    assert ended.code == 3
    assert "information manager" in ended.said


def test_a_schedule_that_another_council_signed_is_refused(archived: Office, tmp_path: Path) -> None:
    theirs = signed(tmp_path / "theirs.yml", **{"council: Smalltown Council": "council: Elmtown Council"})
    refused = archived.run("schedule", "adopt", "--yes", str(theirs))
    assert refused.code == 2
    assert "signed off by Elmtown Council, and these are the records of Smalltown Council" in refused.said
    assert "No schedule was adopted" in archived.run("schedule", "list").said
    spelt = signed(tmp_path / "ours.yml", **{"council: Smalltown Council": "council: smalltown  council"})
    assert archived.run("schedule", "adopt", "--yes", str(spelt)).code == 0


def test_a_class_that_ends_sooner_needs_a_second_person(
    archived: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = archived.run
    assert run("schedule", "adopt", "--yes", str(signed(tmp_path / "signed.yml"))).code == 0
    with open_muniment(from_environment()) as muniment:
        rows = muniment.council().retaining.held().records.to_pylist()
    comment = next(row["record_id"] for row in rows if row["kind"] == "comment")
    assert "PUB-COMMENT" in run("class", "show", comment).said
    longer = run("class", "set", "CON-PETITION", "--record", comment, "--reason", "A petition")
    assert "counts from now on" in longer.said
    assert "CON-PETITION" in run("class", "show", comment).said
    sooner = run("class", "set", "PUB-MENTION", "--record", comment, "--reason", "Only a mention")
    assert "muniment class approve" in sooner.said
    assert "CON-PETITION" in run("class", "show", comment).said
    assert run("class", "approve", "2").code == 3
    monkeypatch.setenv("MUNIMENT_ACTOR", "bob")
    assert run("class", "approve", "2").code == 3  # another name for the same login
    with open_muniment(from_environment()) as muniment:
        muniment.register.approve_decision("smalltown", 2, by="carol", at=muniment.council().clock.now())
    assert "PUB-MENTION" in run("class", "show", comment).said
    assert "PUB-MENTION" in run("class", "list").said


def test_events_windows_and_cases_are_recorded_with_a_reason(archived: Office, tmp_path: Path) -> None:
    run = archived.run
    assert run("schedule", "adopt", "--yes", str(signed(tmp_path / "signed.yml"))).code == 0
    with open_muniment(from_environment()) as muniment:
        retaining = muniment.council().retaining
        today = retaining.today()
        rows = retaining.held().records.to_pylist()
    post = next(row["record_id"] for row in rows if row["kind"] == "post")
    since = (today - timedelta(days=400)).isoformat()
    why = ("--reason", "because")
    assert run("trigger", "window", "may", "--kind", "pre-election", "--from", since, *why).code == 0
    told = run("trigger", "record", "result_declared", "--window", "may", "--on", today.isoformat(), *why)
    assert told.code == 0
    assert "ELE-POST" in run("class", "show", post).said
    assert run("class", "link", "inv-1", "--class", "INV-COPY", "--record", post, *why).code == 0
    assert "inv-1" in run("class", "show", post).said
    assert "may" in run("trigger", "list").said
    assert "last_court_date" in run("trigger", "events").said
    assert run("class", "extend", post, "--until", "2040-01-01", *why).code == 0
    tomorrow = (today + timedelta(days=1)).isoformat()
    for refused in (
        ("trigger", "record", "thread_closd", "--thread", post, "--on", since),
        ("trigger", "record", "published", "--record", post, "--on", since),
        ("trigger", "record", "thread_closed", "--thread", "x:none", "--on", since),
        ("trigger", "record", "thread_closed", "--thread", post, "--on", tomorrow),
        ("trigger", "record", "thread_closed", "--thread", post),
        ("trigger", "record", "account_closed", "--account", "nobody", "--on", since),
        ("class", "extend", post, "--until", since),
        ("class", "extend", post, "--until", today.isoformat()),
        ("class", "set", "NO-CLASS", "--record", post),
        ("class", "set", "INV-COPY", "--record", post),
        ("class", "link", "inv-2", "--class", "COR-POST", "--record", post),
        ("class", "link", "inv-2", "--class", "INV-COPY", "--record", "x:none"),
    ):
        assert run(*refused, *why).code == 2, refused


def test_a_withdrawn_schedule_is_adopted_like_any_other_and_then_disposes_of_nothing(
    archived: Office, tmp_path: Path
) -> None:
    run = archived.run
    assert run("schedule", "adopt", "--yes", str(signed(tmp_path / "first.yml"))).code == 0
    changes = {
        "status: adopted": "status: withdrawn",
        '"0.1.0"': '"0.2"',
        "from: 2020-01-01": "from: 2020-02-01",
    }
    second = signed(tmp_path / "second.yml", **changes)
    assert run("schedule", "adopt", "--yes", str(second)).code == 0
    with open_muniment(from_environment()) as muniment:
        retaining = muniment.council().retaining
        with pytest.raises(BadInputError, match="withdrawn"):
            retaining.planner(retaining.today())
        assert retaining.version("0.1.0").version == "0.1.0"
    assert "withdrawn" in run("schedule", "due").said
