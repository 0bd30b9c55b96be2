"""The schedules: by the clock of London, and the same on our server as on one that is there already."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.server.schemas.schedules import CronSchedule as Counting

from flows.__main__ import deployments

CHECKOUT = Path(__file__).parents[2]
LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, CronSchedule | IntervalSchedule]:
    """The schedules of one council, by their flow's function."""
    (tmp_path / "smalltown.yml").touch()
    monkeypatch.setenv("MUNIMENT_COUNCILS", str(tmp_path))
    made = {}
    for one in deployments():
        (found,) = one.schedules or []
        assert isinstance(found.schedule, CronSchedule | IntervalSchedule)
        made[str(one.entrypoint).partition(":")[2]] = found.schedule
    return made


def test_both_ways_have_the_same_schedules(ours: dict[str, CronSchedule | IntervalSchedule]) -> None:
    written = yaml.safe_load((CHECKOUT / "infra" / "prefect.yaml").read_text())["deployments"]
    (every,) = (one for one in ours.values() if isinstance(one, IntervalSchedule))
    crons = {flow: (one.cron, one.timezone) for flow, one in ours.items() if isinstance(one, CronSchedule)}
    wanted = {}
    for one in written:
        (schedule,) = one["schedules"]
        if "cron" in schedule:
            wanted[one["entrypoint"].rpartition(".")[2]] = (schedule["cron"], schedule["timezone"])
        else:
            assert schedule["interval"] == every.interval.total_seconds()
            assert datetime.fromisoformat(schedule["anchor_date"]) == every.anchor_date
    assert crons == wanted
    assert {one["entrypoint"].rpartition(".")[2] for one in written} == set(ours)
    assert {one["parameters"]["council"] for one in written} == {"{{ $COUNCIL }}"}


@pytest.mark.parametrize(
    ("day", "hour"), [(datetime(2026, 3, 29, tzinfo=UTC), 1), (datetime(2026, 10, 25, tzinfo=UTC), 2)]
)
def test_each_night_has_its_upkeep_once_though_summer_time_begins_or_ends(
    ours: dict[str, CronSchedule | IntervalSchedule], day: datetime, hour: int
) -> None:
    tidying = ours["tidy_council"]
    assert isinstance(tidying, CronSchedule)
    counting = Counting(cron=tidying.cron, timezone=tidying.timezone)
    (begins, _) = asyncio.run(counting.get_dates(n=2, start=day))
    assert begins.astimezone(UTC) == day.replace(hour=hour)
    assert begins.astimezone(LONDON).hour == 2
