"""The register remembers what was asked for each account, and what checks and people have fixed."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from muniment.domain.people import Actor
from schemas.account import Account
from schemas.errors import BadInputError, WrongAccountError
from schemas.vocabulary import AccountKind, OnDeletion, Reason
from tests.muniment.adapters.register.stage import MAIN, Stage, at

PAGE = Account(
    account="countryside",
    council="elm",
    platform="facebook",
    handle="elmcountryside",
    native_id="77",
    base_url="https://graph.example/",
    credential="page-token",
    kind=AccountKind.DEPARTMENTAL,
    interval=timedelta(minutes=30),
    backfill_from=date(2020, 1, 1),
    on_deletion=OnDeletion.HONOUR,
    expected_per_week=3,
    options={"filter": "stream"},
)


def identify(stage: Stage, native_id: str = "1", handle: str = "elmbc", hours: float = 1) -> None:
    stage.register.identify("elm", MAIN.account, native_id=native_id, handle=handle, site=None, now=at(hours))


def test_every_setting_comes_back_as_it_was_asked(stage: Stage) -> None:
    stage.enrol(PAGE, MAIN)
    first, second = stage.register.enrolled("elm")
    assert (first.account, second.account) == (PAGE, MAIN)
    assert (first.checked_at, first.confirmed_backfill, first.paused) == (None, False, None)
    assert first.first_enrolled_at == at(0)
    assert stage.register.enrolled("oak") == ()


def test_the_history_tells_what_was_asked_at_a_moment(stage: Stage) -> None:
    slower = replace(MAIN, interval=timedelta(hours=1))
    stage.enrol(slower, hours=5)
    stage.enrol(slower, hours=6)
    assert stage.register.settings_at("elm", MAIN.account, at(-1)) is None
    assert stage.register.settings_at("elm", MAIN.account, at(4.9)) == MAIN
    assert stage.register.settings_at("elm", MAIN.account, at(5)) == slower
    with stage.register._database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM settings").scalar() == 2


def test_an_account_that_leaves_the_file_is_closed_and_not_forgotten(stage: Stage) -> None:
    identify(stage)
    stage.enrol(PAGE, hours=2)
    assert [one.account.account for one in stage.register.enrolled("elm")] == ["countryside"]
    assert stage.register.settings_at("elm", MAIN.account, at(9)) == MAIN
    assert stage.register.council_ids("elm", "x") == {"1"}
    stage.enrol(MAIN, PAGE, hours=3)
    (_, again) = stage.register.enrolled("elm")
    assert (again.account.native_id, again.first_enrolled_at) == ("1", at(0))


def test_another_native_id_is_refused_and_a_new_handle_is_not(stage: Stage) -> None:
    identify(stage)
    with pytest.raises(WrongAccountError):
        identify(stage, native_id="2", hours=2)
    identify(stage, handle="elm_council", hours=3)
    (found,) = stage.register.enrolled("elm")
    assert (found.account.native_id, found.account.handle, found.checked_at) == ("1", "elm_council", at(3))


def test_the_native_id_of_the_file_is_held_to_before_the_first_check(stage: Stage) -> None:
    stage.enrol(PAGE)
    with pytest.raises(WrongAccountError):
        stage.register.identify("elm", "countryside", native_id="78", handle="x", site=None, now=at(1))


def test_a_handle_corrected_in_the_file_is_checked_anew(stage: Stage) -> None:
    identify(stage, handle="old")
    stage.enrol(replace(MAIN, handle="new"), hours=2)
    (found,) = stage.register.enrolled("elm")
    assert (found.account.handle, found.checked_at) == ("new", None)


def test_a_site_once_fixed_stays_in_record_ids(stage: Stage) -> None:
    told = {"native_id": "1", "handle": "news"}
    stage.register.identify("elm", MAIN.account, **told, site="elm.example/news", now=at(1))
    stage.register.identify("elm", MAIN.account, **told, site="elm.example/blog", now=at(2))
    (found,) = stage.register.enrolled("elm")
    assert found.account.options["site"] == "elm.example/news"


def test_a_closed_account_is_told_with_the_moment_of_its_closing(stage: Stage) -> None:
    stage.enrol(PAGE, MAIN, hours=1)
    stage.enrol(MAIN, hours=2)
    assert [one.account.account for one in stage.register.enrolled("elm")] == [MAIN.account]
    ever = {one.account.account: one.closed_at for one in stage.register.ever_enrolled("elm")}
    assert ever == {MAIN.account: None, PAGE.account: at(2)}


@pytest.mark.parametrize("other", [replace(PAGE, native_id="99"), replace(PAGE, platform="mastodon")])
def test_a_name_is_never_given_to_another_account(stage: Stage, other: Account) -> None:
    stage.enrol(PAGE)
    stage.register.identify("elm", "countryside", native_id="77", handle="x", site=None, now=at(1))
    with pytest.raises(BadInputError):
        stage.enrol(other, hours=2)
    (found,) = stage.register.enrolled("elm")
    assert found.account.native_id == "77"


def test_a_pause_lasts_until_it_is_lifted_or_the_credential_changes(stage: Stage) -> None:
    stage.register.pause("elm", MAIN.account, Reason.NO_CREDENTIAL, now=at(1))
    stage.enrol(replace(MAIN, expected_per_week=5), hours=2)
    assert [one.paused for one in stage.register.enrolled("elm")] == [Reason.NO_CREDENTIAL]
    stage.enrol(replace(MAIN, credential="new"), hours=3)
    assert [one.paused for one in stage.register.enrolled("elm")] == [None]
    stage.register.pause("elm", MAIN.account, Reason.CHALLENGED, now=at(4))
    stage.register.pause("elm", MAIN.account, None, now=at(5))
    assert [one.paused for one in stage.register.enrolled("elm")] == [None]


def test_a_yes_to_the_backfill_holds_until_more_is_asked_for(stage: Stage) -> None:
    stage.enrol(PAGE)
    stage.register.confirm_backfill("elm", "countryside", by=Actor(name="j.smith"), now=at(1))
    stage.enrol(replace(PAGE, backfill_from=date(2021, 1, 1)), hours=2)
    assert [one.confirmed_backfill for one in stage.register.enrolled("elm")] == [True]
    stage.enrol(replace(PAGE, backfill_from=None), hours=3)
    assert [one.confirmed_backfill for one in stage.register.enrolled("elm")] == [False]


def test_an_unknown_account_is_told_so(stage: Stage) -> None:
    with pytest.raises(BadInputError, match="no account nobody"):
        stage.register.confirm_backfill("elm", "nobody", by=Actor(name="j.smith"), now=at(1))


def test_who_writes_as_the_council_is_known_by_platform(stage: Stage) -> None:
    stage.enrol(PAGE, MAIN)
    identify(stage)
    assert stage.register.council_ids("elm", "facebook") == {"77"}
    assert stage.register.council_ids("elm", "x") == {"1"}
    assert stage.register.council_ids("elm", "mastodon") == frozenset()
