"""Disposal at the command line, under a signed schedule: from what is due to the certificate."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from muniment.domain.people import Role
from tests.operate.conftest import Ended, Office
from tests.operate.test_retention import appoint, signed

PEOPLE = {
    "ann": Role.RECORDS_OFFICER,
    "ben": Role.REVIEWER,
    "ivy": Role.INFORMATION_MANAGER,
}


class Desk:
    """Several people at one command line, each under a login of their own."""

    def __init__(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        self.office = office
        self._monkeypatch = monkeypatch
        for person, role in PEOPLE.items():
            appoint(person, role)

    def says(self, person: str, *words: str) -> Ended:
        for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
            self._monkeypatch.setenv(name, person)
        return self.office.run(*words)

    def wait(self, **how: float) -> None:
        self.office.stage.world.clock.wait(timedelta(**how).total_seconds())


def test_from_what_is_due_to_the_certificate(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert office.archive().code == 0
    desk = Desk(office, monkeypatch)
    assert desk.says("ivy", "schedule", "adopt", "--yes", str(signed(tmp_path / "signed.yml"))).code == 0
    assert "Nothing is due" in desk.says("ann", "dispose", "propose").said
    before = office.items()
    desk.wait(days=4 * 365)

    proposed = desk.says("ann", "dispose", "propose")
    assert proposed.code == 0, proposed.said
    run = proposed.said.split("The list of ")[1].split(" ")[0]
    listed = tmp_path / "items.csv"
    assert desk.says("ben", "dispose", "list", run, "--csv", str(listed)).code == 0
    doomed = [line.split(",")[0] for line in listed.read_text(encoding="utf-8").splitlines()[1:]]
    kept = doomed[0]
    reviewed = desk.says("ben", "dispose", "review", run, "keep", "--is", kept, "--reason", "An inquiry")
    assert "1 item: keep" in reviewed.said
    assert "two approvals" in desk.says("ben", "dispose", "send-on", run).said
    assert desk.says("ann", "dispose", "approve", run).code == 3
    assert "another approval" in desk.says("ben", "dispose", "approve", run).said
    assert "waits until" in desk.says("ivy", "dispose", "approve", run).said
    assert "waits until" in desk.says("ivy", "dispose", "run", run).said
    desk.wait(days=8)
    assert "would be destroyed" in desk.says("ivy", "dispose", "run", run, "--dry-run").said

    done = desk.says("ivy", "dispose", "run")

    assert done.code == 0, done.said
    assert "Certificate 1 is issued" in done.said
    after = office.items()
    assert 0 < len(after) < len(before)
    asked = (
        "dispose",
        "certificate",
        run,
        "--pdf",
        str(tmp_path / "c.pdf"),
        "--json",
        str(tmp_path / "c.json"),
    )
    told = desk.says("ann", *asked)
    assert "its signature holds" in told.said
    certificate = (tmp_path / "c.json").read_text()
    assert not any(f'"{name}' in certificate for name in ("ann", "ivy", "bob", "cat"))
    approvers = {one["by"] for one in json.loads(certificate.splitlines()[0])["approved"]}
    assert all(one in desk.says("ann", "people", "list").said for one in approvers), approvers
    assert (tmp_path / "c.pdf").read_bytes().startswith(b"%PDF")
    assert "was destroyed on" in desk.says("ann", "why", doomed[-1]).said
    assert "was destroyed" in desk.says("ann", "show", doomed[-1]).said
    assert "was destroyed" in desk.says("ann", "proof", doomed[-1]).said
    assert "is held" in desk.says("ann", "why", kept).said
    assert "never held" in desk.says("ann", "why", "facebook:77").said
    assert "archive and media: proved" in desk.says("ann", "dispose", "status", run).said
    assert desk.says("ivy", "verify").code == 0
    assert office.archive().code == 0
    assert set(office.items()) == set(after)
    assert desk.says("ivy", "dispose", "copies-ended", run, "--reason", "the tapes are gone").code == 0
    assert "key" in desk.says("ivy", "dispose", "new-key").said
    assert desk.says("ann", "dispose", "list").code == 0
    assert (
        f"listed: disposal, entries: {len(doomed)}, run: {run}"
        in desk.says("ivy", "audit", "--what", "list").said
    )
    audit = desk.says("ivy", "audit", "--what", "disposal").said
    assert ("person:disposal:approve" in audit, doomed[-1] in audit) == (True, False)


def test_the_service_that_a_class_names_has_its_say_and_a_key_goes_with_its_last_stub(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert office.archive().code == 0
    desk = Desk(office, monkeypatch)
    schedule = signed(tmp_path / "signed.yml")
    text = schedule.read_text(encoding="utf-8")
    for code, old, new in (
        ("PUB-COMMENT", "level: thread", "level: thread\n    co_review: Tŷ Cymunedol"),
        ("AUD-CERT", 'period: "PERM"\n    action: permanent', 'period: "20y"\n    action: destroy'),
    ):
        before, after = text.split(f"code: {code}\n")
        assert old in after
        text = before + f"code: {code}\n" + after.replace(old, new, 1)
    schedule.write_text(text, encoding="utf-8")
    adopted = desk.says("ivy", "schedule", "adopt", "--yes", str(schedule))
    assert adopted.code == 0, adopted.said
    desk.wait(days=4 * 365)
    run = desk.says("ann", "dispose", "propose").said.split("The list of ")[1].split(" ")[0]
    why = ("--reason", "a planning case")

    assert "the teams that have a say" in desk.says("ben", "dispose", "send-on", run).said
    assert "waits for: Tŷ Cymunedol" in desk.says("ben", "dispose", "status", run).said
    keeping = ("dispose", "review", run, "keep", "--by", "account", "--is", "mastodon", *why)
    assert desk.says("pat", *keeping).code == 3
    assert desk.says("ben", "dispose", "approve", run).code == 2
    assert desk.says("ivy", "people", "add", "pat", "--team", "Tŷ Cymunedol", *why).code == 0
    kept = desk.says("pat", *keeping)
    assert "items: keep" in kept.said, kept.said
    assert "two approvals" in desk.says("pat", "dispose", "send-on", run).said
    assert "pat has looked at it" in desk.says("ben", "dispose", "status", run).said
    for person in ("ben", "ivy"):
        assert desk.says(person, "dispose", "approve", run).code == 0
    desk.wait(days=8)
    assert "Certificate 1 is issued" in desk.says("ivy", "dispose", "run", run).said
    assert {item["platform"] for item in office.items().values() if item["kind"] == "comment"} == {"mastodon"}

    stubs = tmp_path / "stubs.json"
    assert desk.says("pat", "dispose", "stubs", "--to", str(stubs)).code == 3
    assert not stubs.exists()
    assert desk.says("ann", "dispose", "stubs", "--to", str(stubs)).code == 0
    old = next(line for line in desk.says("ann", "dispose", "keys").said.splitlines() if "in use" in line)
    key = old.split("│")[1].strip()
    assert desk.says("ann", "dispose", "new-key").code == 3
    assert desk.says("ivy", "dispose", "new-key").code == 0
    forget = ("dispose", "forget-key", key, "--reason", "20 years are over")
    assert "the period ends on" in desk.says("ann", *forget).said
    desk.wait(days=21 * 366)
    assert "Another person says" in desk.says("ann", *forget).said
    assert "Another person says" in desk.says("ann", *forget).said
    assert desk.says("ben", *forget).code == 3
    assert "is destroyed" in desk.says("ivy", *forget).said
    assert key not in desk.says("ann", "dispose", "keys").said
    assert "20 years are over" in desk.says("ivy", "audit", "--what", "key").said
    assert desk.says("ivy", "verify").code == 0
