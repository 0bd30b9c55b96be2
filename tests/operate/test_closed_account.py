"""An account that was closed: its records are found, and what is not held of it is told as before."""

from datetime import date, timedelta

import pytest

from schemas.london import london_date
from tests.operate.conftest import Office


@pytest.fixture
def closed(office: Office) -> Office:
    """Facebook was blind for an hour, then seen again, blind once more, and closed."""
    facebook = office.stage.fakes["facebook"]
    assert office.archive().code == 0
    facebook.knobs.login_wall_from = 1
    assert office.archive().code == 5
    today = london_date(office.stage.world.now)
    office.rewrite(lambda told: told["accounts"][0].update(closed_on=today - timedelta(days=1)))
    office.stage.world.clock.wait(86_400)
    assert office.archive().code == 0
    return office


def test_what_is_not_held_of_it_is_told_by_coverage_and_by_searches(closed: Office) -> None:
    coverage = closed.run("coverage").said
    assert "facebook: Closed, and not asked since" in coverage
    assert "the platform asked for a person" in coverage
    found = closed.run("search", "notice", "--platform", "facebook")
    assert "5 records" in found.said
    assert "the platform asked for a person" in found.said
    assert "open" not in coverage.partition("When we could not see")[2].partition("facebook: Closed")[0]


def test_it_is_among_the_accounts_that_a_statement_names(closed: Office) -> None:
    assert closed.run("searches", "save", "notices", "notice").code == 0
    said = closed.run("searches", "statement", "notices").said
    assert "facebook" in said
    assert "the platform asked for a person" in said


def test_nothing_is_vouched_for_of_an_account_that_was_closed_before_it_was_ever_asked(
    office: Office,
) -> None:
    office.rewrite(lambda told: told["accounts"][0].update(closed_on=date(2020, 1, 1)))
    assert office.archive().code == 0
    found = office.run("search", "notice", "--account", "facebook")
    assert (found.code, "0 records" in found.said) == (0, True)
    assert "no account that was ever asked lies in what was searched" in found.said
    assert "Nothing is known to be missing" not in found.said


def test_an_account_that_will_be_closed_is_asked_until_then(office: Office) -> None:
    today = london_date(office.stage.world.now)
    office.rewrite(lambda told: told["accounts"][0].update(closed_on=today + timedelta(days=30)))
    assert office.archive().code == 0
    assert len(office.items("facebook")) == 10
