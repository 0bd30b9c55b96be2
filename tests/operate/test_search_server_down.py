"""The archive goes on while the search server is away; what was archived is told, and found later."""

from pathlib import Path

import pytest

from tests.operate.conftest import Office
from tests.operate.test_disposal import Desk
from tests.operate.test_retention import signed


def test_a_search_server_that_is_away_costs_no_record_and_the_next_run_catches_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUNIMENT_SEARCH_URL", "http://127.0.0.1:1")
    ended = office.archive()
    assert ended.code == 5
    assert "Capture report" in ended.said
    assert "The search server does not answer" in ended.said
    searched = office.run("search", "bins")
    assert searched.code == 5
    assert "The search server does not answer" in searched.said
    held = office.run("store", "stat")
    assert held.code == 0
    assert "media files" in held.said
    assert "cannot be told: The search server does not answer" in " ".join(held.said.split())
    assert office.run("verify").code == 0
    monkeypatch.delenv("MUNIMENT_SEARCH_URL")
    assert office.archive().code == 0
    assert "10 records" in office.run("search", "bins").said


def test_what_was_destroyed_while_the_server_was_away_is_not_found_when_it_is_back(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert office.archive().code == 0
    desk = Desk(office, monkeypatch)
    assert desk.says("ivy", "schedule", "adopt", "--yes", str(signed(tmp_path / "signed.yml"))).code == 0
    comments = "kind:comment"
    assert "10 records" in desk.says("ann", "search", comments).said
    desk.wait(days=4 * 365)
    run = desk.says("ann", "dispose", "propose").said.split("The list of ")[1].split(" ")[0]
    for person, step in (("ben", "send-on"), ("ben", "approve"), ("ivy", "approve")):
        assert desk.says(person, "dispose", step, run).code == 0
    desk.wait(days=8)
    monkeypatch.setenv("MUNIMENT_SEARCH_URL", "http://127.0.0.1:1")

    for words in ((run,), ()):
        waits = desk.says("ivy", "dispose", "run", *words)
        assert waits.code == 5
        assert "proof pending: search index: The search server does not answer" in waits.said
        assert "`muniment dispose run` asks again" in waits.said

    monkeypatch.delenv("MUNIMENT_SEARCH_URL")  # the index stands as it did, and names what is gone
    found = desk.says("ann", "search", comments, "--csv", str(tmp_path / "hits.csv"))
    assert found.code == 0, found.said
    assert "0 records" in found.said
    done = desk.says("ivy", "dispose", "run", run)
    assert (done.code, "Certificate 1 is issued" in done.said) == (0, True)
    assert "0 records" in desk.says("ann", "search", comments).said
