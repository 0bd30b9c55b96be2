"""With which settings an account was captured can be shown later, whatever its file says by then."""

from datetime import timedelta

from schemas.london import london_date
from tests.operate.conftest import Office


def test_settings_are_told_as_they_were_on_a_day(office: Office) -> None:
    first = london_date(office.stage.world.clock.now)
    assert "0:15:00" in office.run("accounts", "asked", "facebook").said
    office.stage.world.clock.wait(3 * 86_400)
    path = office.stage.councils / "smalltown.yml"
    slower = path.read_text().replace("account: facebook", "account: facebook\n  interval: 2h")
    path.write_text(slower)
    assert "2:00:00" in office.run("accounts", "asked", "facebook").said
    before = office.run("accounts", "asked", "facebook", "--on", f"{first + timedelta(days=1)}")
    assert (before.code, "0:15:00" in before.said, "2:00:00" in before.said) == (0, True, False)


def test_an_account_that_was_not_enrolled_by_then_is_said_to_be_unknown(office: Office) -> None:
    for arguments in (("nobody",), ("facebook", "--on", "1999-12-31")):
        ended = office.run("accounts", "asked", *arguments)
        assert ended.code == 2
        assert "muniment accounts list" in ended.said
