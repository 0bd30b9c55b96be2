"""A simulation says what adoption then does; a forecast counts each record once, in the right month."""

from dataclasses import replace
from datetime import date
from xml.etree import ElementTree as ET

import pytest

from muniment.domain.forecasting import forecast, forecast_svg
from muniment.domain.period import parse_period
from muniment.domain.planning import Circumstances
from muniment.domain.retention import Schedule
from muniment.domain.simulating import compare
from muniment.services.comparing import differences
from schemas.errors import IntegrityError
from tests.muniment.domain.retention.council import adopted, comment, planned, post

DUE = date(2029, 5, 31)
ROWS = (post(), comment(2), comment(3), comment(4, kind="unread", series="unread", thread_id="x:9"))


def shorter(period: str = "1y") -> Schedule:
    schedule = adopted()
    made = replace(schedule.classes["PUB-COMMENT"], period=parse_period(period), written=period)
    return replace(schedule, version="2.0", classes={**schedule.classes, "PUB-COMMENT": made})


def test_a_simulation_tells_what_ends_sooner_and_what_falls_due() -> None:
    on = date(2028, 6, 1)
    found = compare(planned(*ROWS, on=on), planned(*ROWS, on=on, schedule=shorter()))
    changes = {change.class_after: change for change in found.changes}
    assert (found.records, found.sooner, found.later) == (4, 2, 0)
    of_comments = changes["PUB-COMMENT"]
    assert (of_comments.due_before, of_comments.due_after, of_comments.sooner) == (0, 2, 2)
    assert of_comments.first_due == date(2028, 5, 31)
    assert changes["COR-POST"].sooner == 0
    assert changes[None].records == 1


def test_without_a_schedule_in_force_everything_is_kept_before() -> None:
    found = compare(None, planned(*ROWS, on=DUE))
    assert found.before is None
    assert all(change.class_before is None for change in found.changes)
    assert sum(change.due_before for change in found.changes) == 0
    assert sum(change.due_after for change in found.changes) == 2


def test_plans_of_different_records_are_not_compared() -> None:
    with pytest.raises(IntegrityError):
        compare(planned(post(), on=DUE), planned(post(7), on=DUE))


def test_a_forecast_counts_each_record_in_the_month_of_what_happens_next() -> None:
    around = Circumstances(held=frozenset({"x:3"}))
    months = forecast(planned(*ROWS, on=date(2029, 4, 15), around=around), months=100)
    told = {
        f"{month.first_day:%Y-%m}": (month.destroy, month.review, month.transfer, month.held)
        for month in months
        if month.all
    }
    assert told == {"2029-05": (2, 0, 0, 1), "2037-03": (0, 0, 1, 0)}
    assert len(months) == 100


def test_what_is_due_already_stands_in_the_first_month() -> None:
    first = forecast(planned(*ROWS, on=date(2031, 1, 20)), months=3)[0]
    assert (first.first_day, first.destroy) == (date(2031, 1, 1), 2)


def test_the_chart_is_a_picture_with_words_for_a_screen_reader() -> None:
    months = forecast(planned(*ROWS, on=date(2029, 4, 15)), months=6)
    root = ET.fromstring(forecast_svg("Anytown & Sons", months))  # noqa: S314 -- our own text
    assert root.get("aria-label") == "Records of Anytown & Sons that fall due, by month"
    titles = [one.text for one in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles == ["May 2029: 2 to destroy"]
    assert int(root.get("width", "0")) >= 640  # six months are narrower than title and legend
    assert forecast_svg("Anytown", forecast(planned(on=DUE), months=1))


def test_differences_are_told_field_by_field() -> None:
    found = {(one.what, one.field): (one.before, one.after) for one in differences(adopted(), shorter())}
    assert found == {("class PUB-COMMENT", "written"): ("2y", "1y")}
    fewer = replace(adopted(), rules=adopted().rules[::-1][1:])
    told = {(one.what, one.field) for one in differences(adopted(), fewer)}
    assert ("rule comments and messages that the council answered", "rule") in told
    assert ("rules", "order") in told
