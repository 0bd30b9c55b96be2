"""The archive goes on while the search server is away; what was archived is told, and found later."""

import pytest

from tests.operate.conftest import Office


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
