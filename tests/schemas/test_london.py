"""A day is London's: also where UTC is still in the day before, and where a day has 23 hours or 25."""

from datetime import UTC, date, datetime, timedelta

import pytest

from schemas.london import london_date, london_day_starts, london_short, london_words


def test_half_past_eleven_at_night_utc_is_the_next_day_in_summer() -> None:
    assert london_date(datetime(2026, 3, 31, 23, 30, tzinfo=UTC)) == date(2026, 4, 1)
    assert london_date(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)) == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)]
)
def test_a_day_begins_at_midnight_in_london_and_has_the_hours_that_it_has(day: date, hours: int) -> None:
    begins, ends = london_day_starts(day), london_day_starts(day + timedelta(days=1))
    assert ends - begins == timedelta(hours=hours)
    assert london_date(begins) == day
    assert london_date(begins - timedelta(microseconds=1)) == day - timedelta(days=1)


def test_people_read_london_time() -> None:
    moment = datetime(2026, 6, 3, 23, 5, tzinfo=UTC)
    assert london_words(moment) == "4 June 2026 00:05"
    assert london_short(moment) == "4 Jun 2026 00:05"
