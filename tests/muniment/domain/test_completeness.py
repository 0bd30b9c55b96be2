"""Reported is captured plus reasons; blind time is counted by London days."""

import re
from datetime import UTC, date, datetime
from itertools import pairwise

from muniment.domain.calendar import calendar_svg
from muniment.domain.completeness import (
    NEVER_READ,
    AccountCoverage,
    blind_days,
    sentence,
    totals,
)
from schemas.report import Completeness, Gap
from schemas.vocabulary import Reason, Stream

NOW = datetime(2026, 5, 10, 12, tzinfo=UTC)


def line(listing: str, reported: int | None, captured: int, **short: int) -> Completeness:
    return Completeness(
        account="x-main",
        stream=Stream.COMMENTS,
        listing=listing,
        at=NOW,
        reported=reported,
        captured=captured,
        removed=0,
        short={Reason(reason.replace("_", "-")): count for reason, count in short.items()},
    )


def gap(start: datetime, end: datetime | None, reason: Reason = Reason.NO_CREDENTIAL) -> Gap:
    return Gap(
        account="x-main", stream=Stream.POSTS, listing=None, reason=reason, starts_at=start, ends_at=end
    )


def test_the_officer_can_write_412_of_415() -> None:
    lines = [line("comments:a", 400, 398, filtered=2), line("comments:b", 15, 14, filtered=1)]
    (stream,) = totals(lines)
    assert stream.reported == stream.captured + sum(stream.short.values()) == 415
    said = sentence([stream], [], now=NOW)
    assert said.startswith("We do not have: 3 of the 415 comments that the platform reported")


def test_what_the_platform_does_not_tell_is_said() -> None:
    (stream,) = totals([line("comments:a", None, 5)])
    assert "1 thread whose total the platform does not tell" in sentence([stream], [], now=NOW)


def test_a_few_blind_times_are_told_one_by_one_and_many_as_their_number() -> None:
    hours = [NOW.replace(hour=hour) for hour in range(9)]
    few = [gap(start, end) for start, end in pairwise(hours[:4])]
    assert sentence([], few, now=NOW).count("only between") == 3
    many = [gap(start, end) for start, end in pairwise(hours[:7])]
    assert sentence([], [*many, gap(hours[7], None, Reason.BUDGET)], now=NOW) == (
        "We do not have: posts that were there only within one of 6 periods from 10 May 2026 01:00 to "
        "10 May 2026 07:00 (no working credential); posts that were there only between 10 May 2026 08:00 "
        "and now (the budget or the platform's quota was spent)."
    )


def test_nothing_missing_is_said_too() -> None:
    (stream,) = totals([line("comments:a", 5, 5)])
    assert (
        sentence([stream], [], now=NOW) == "We know of nothing that the platform offered and we do not have."
    )


def test_overlapping_gaps_blind_a_day_once() -> None:
    day = datetime(2026, 5, 4, 23, tzinfo=UTC)  # midnight in London
    gaps = [
        gap(day, day.replace(day=5, hour=11)),
        gap(day.replace(day=5, hour=5), day.replace(day=5, hour=11), Reason.BUDGET),
    ]
    (found,) = blind_days(gaps, since=date(2026, 5, 5), until=date(2026, 5, 5), now=NOW)
    assert found.blind == 0.5
    assert found.reasons == (Reason.BUDGET, Reason.NO_CREDENTIAL)


def test_the_day_the_clocks_change_has_25_hours() -> None:
    night = datetime(2025, 10, 25, 23, tzinfo=UTC)  # 00:00 London, summer time
    gaps = [gap(night, datetime(2025, 10, 27, 0, tzinfo=UTC))]
    (found,) = blind_days(gaps, since=date(2025, 10, 26), until=date(2025, 10, 26), now=NOW)
    assert found.blind == 1.0


def test_an_open_gap_lasts_until_now() -> None:
    days = blind_days(
        [gap(NOW.replace(day=8), None)], since=date(2026, 5, 7), until=date(2026, 5, 10), now=NOW
    )
    assert [day.blind > 0 for day in days] == [False, True, True, True]
    assert days[2].blind == 1.0


def test_the_calendar_escapes_what_it_shows() -> None:
    days = blind_days(
        [gap(NOW.replace(day=8), None)], since=date(2026, 5, 7), until=date(2026, 5, 10), now=NOW
    )
    account = AccountCoverage(
        account="<script>", platform="x", streams=(), gaps=(), days=days, never=(), missing=""
    )
    picture = calendar_svg("A & B", [account])
    assert "<script>" not in picture
    assert "A &amp; B" in picture
    assert picture.count('class="blind"') == 3  # two days and the legend


def test_the_calendar_draws_no_day_on_which_an_account_was_not_in_the_register() -> None:
    days = blind_days([], since=date(2026, 5, 7), until=date(2026, 5, 10), now=NOW)
    accounts = [
        AccountCoverage(account=name, platform="x", streams=(), gaps=(), days=own, never=(), missing="")
        for name, own in (("closed", days[:2]), ("later", days[3:]), ("always", days))
    ]
    picture = calendar_svg("Elm", accounts)
    assert [picture.count(f"<title>{name}, ") for name in ("closed", "later", "always")] == [2, 1, 4]
    columns = [re.findall(rf'x="(\d+)"[^<]*<title>{name}, 10 May', picture) for name in ("later", "always")]
    assert columns[0] == columns[1] != []


def test_an_account_that_was_never_read_is_not_said_to_lack_nothing() -> None:
    assert sentence([], [], now=NOW) == NEVER_READ
