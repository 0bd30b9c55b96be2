"""The period grammar and the counting rules, held against the published vectors and against their laws.

`period_vectors.csv` are the vectors of records-law.md 4.3, computed by hand from council schedules.
"""

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.domain.counting import Ending, add, ending, year_end
from muniment.domain.period import (
    CODES,
    TRIGGER,
    Coded,
    Duration,
    Longest,
    Period,
    PeriodError,
    Permanent,
    Plain,
    Reviewed,
    SixPlus,
    Then,
    Under,
    Unit,
    YearKind,
    events_of,
    parse_duration,
    parse_period,
)

_FILE = Path(__file__).parent / "period_vectors.csv"
VECTORS = list(csv.DictReader(_FILE.read_text(encoding="utf-8").splitlines()))

days = st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 12, 31))
durations = st.builds(Duration, count=st.integers(0, 150), unit=st.sampled_from(Unit))
events = st.sampled_from([*CODES.values(), "order_ends"])
simple: st.SearchStrategy[Period] = st.one_of(
    st.builds(Permanent),
    st.builds(SixPlus, years=st.integers(0, 100)),
    st.builds(Under, within=durations),
    st.builds(Coded, event=events, duration=durations),
    st.builds(Plain, duration=durations),
    st.builds(
        Plain,
        duration=durations,
        after_year=st.just(value=True),
        year=st.sampled_from([None, *YearKind]),
    ),
)
reviewed: st.SearchStrategy[Period] = st.builds(
    Reviewed, period=st.none() | simple, after=durations, then=st.sampled_from(Then)
)
periods: st.SearchStrategy[Period] = st.recursive(
    simple | reviewed,
    lambda inner: st.builds(Longest, periods=st.lists(inner, min_size=1, max_size=3).map(tuple)),
    max_leaves=5,
)
known = st.dictionaries(st.sampled_from([TRIGGER, *CODES.values(), "order_ends"]), days)


def written(period: Period) -> str:  # noqa: PLR0911 -- one for each kind of period
    """Return a period as an officer would write it."""
    codes = {event: code for code, event in CODES.items()}
    match period:
        case Permanent():
            return "PERM"
        case SixPlus(years=years):
            return f"{years}+"
        case Under(within=within):
            return f"D<{within}"
        case Coded(event=event, duration=duration):
            return f"{codes.get(event, f'EVENT:{event}')}+{duration}"
        case Plain(duration=duration, after_year=after_year, year=year):
            kind = "" if year is None else f"({year}) "
            return f"{duration} plus current {kind}year" if after_year else str(duration)
        case Reviewed(period=inner, after=after, then=then):
            before = "" if inner is None else written(inner) + " "
            return f"{before}review at {after} then {then}"
        case Longest(periods=inners):
            return f"longest({', '.join(map(written, inners))})"


def end_of(text: str, **happened: date) -> Ending:
    return ending(parse_period(text), happened, current_year=YearKind.FINANCIAL)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['expression']} {vector['events']}")
def test_every_published_vector_comes_out(vector: dict[str, str]) -> None:
    if vector["eligible_from"] == "error":
        with pytest.raises(PeriodError):
            parse_period(vector["expression"])
        return
    happened = {
        name: date.fromisoformat(day)
        for name, day in (one.split("=") for one in vector["events"].split(";") if one)
    }
    found = end_of(vector["expression"], **happened)
    match vector["eligible_from"]:
        case "never":
            assert found.eligible_from is None
        case "now":
            assert found.eligible_from == happened[TRIGGER]
        case day:
            assert found.eligible_from == date.fromisoformat(day)
    assert found.review_on == (date.fromisoformat(vector["review_on"]) if vector["review_on"] else None)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("6 yrs", 2),
        ("6yrs", 0),
        ("CASE-6", 0),
        ("PERM+6", 0),
        ("longest()", 8),
        ("longest(6y", 10),
        ("longest(6y, )", 12),
        ("until superceded", 0),
        ("", 0),
        ("6y plus current", 15),
        ("6y plus current leap year", 16),
        ("6y review at", 12),
        ("6y review at 2y then burn", 21),
        ("6y 6y", 3),
        ("BORN+6", 0),
        ("EVENT:Order+1y", 0),
        ("CASE+", 5),
        ("case+6", 0),
        ("6Y", 0),
        ("6+y", 2),
        ("-6y", 0),
        ("6.5y", 1),
        ("٦y", 0),
        ("1000y", 0),
        ("99999999999999999999y", 0),
    ],
)
def test_what_is_not_in_the_grammar_is_refused_where_the_mistake_is(text: str, position: int) -> None:
    with pytest.raises(PeriodError) as refused:
        parse_period(text)
    assert refused.value.position == position
    assert "CASE+6" in refused.value.remedy or "PERM" in refused.value.remedy


@given(periods)
def test_what_is_written_is_what_is_read(period: Period) -> None:
    assert parse_period(written(period)) == period


@given(st.text(alphabet="6ymd+D<PERMCASEu ,()lonegstrviwaput:_", max_size=24))
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    position = 0
    try:
        parse_period(text)
    except PeriodError as refused:
        position = refused.position
    assert 0 <= position <= len(text)


@given(periods, known, st.sampled_from(YearKind))
def test_nothing_ends_before_the_event_that_it_counts_from(
    period: Period, happened: dict[str, date], current: YearKind
) -> None:
    found = ending(period, happened, current_year=current)
    if found.eligible_from is not None:
        assert found.eligible_from >= max(happened[event] for event in events_of(period))
    assert found.missing <= events_of(period)
    assert not (found.missing and found.eligible_from)


@given(periods, known, known, st.sampled_from(YearKind))
def test_what_is_not_known_ends_never_and_knowing_more_never_ends_sooner_than_it_may(
    period: Period, some: dict[str, date], more: dict[str, date], current: YearKind
) -> None:
    little = ending(period, some, current_year=current)
    much = ending(period, {**more, **some}, current_year=current)
    if little.eligible_from is not None:
        assert much.eligible_from == little.eligible_from
    assert much.missing <= little.missing


@given(st.lists(periods, min_size=1, max_size=4), known)
def test_the_longest_duty_wins(parts: list[Period], happened: dict[str, date]) -> None:
    whole = ending(Longest(periods=tuple(parts)), happened, current_year=YearKind.FINANCIAL)
    each = [ending(one, happened, current_year=YearKind.FINANCIAL).eligible_from for one in parts]
    if None in each:
        assert whole.eligible_from is None
    else:
        assert whole.eligible_from == max(day for day in each if day is not None)


@given(days, durations, st.integers(1, 400))
def test_a_later_event_never_ends_earlier(base: date, duration: Duration, later: int) -> None:
    assert add(base, duration) <= add(base + timedelta(days=later), duration)


@given(days, st.sampled_from(YearKind))
def test_a_year_ends_on_its_own_last_day(day: date, kind: YearKind) -> None:
    last = year_end(day, kind)
    assert day <= last < day + timedelta(days=366)
    assert (last.month, last.day) == ((3, 31) if kind is YearKind.FINANCIAL else (12, 31))


def test_an_unqualified_current_year_is_the_schedules() -> None:
    period = parse_period("6y plus current year")
    happened = {TRIGGER: date(2026, 2, 10)}
    assert ending(period, happened, current_year=YearKind.FINANCIAL).eligible_from == date(2032, 4, 1)
    assert ending(period, happened, current_year=YearKind.CALENDAR).eligible_from == date(2033, 1, 1)


def test_what_is_transient_is_overdue_after_its_time() -> None:
    found = end_of("D<1", trigger=date(2026, 11, 20))
    assert (found.eligible_from, found.overdue_from) == (date(2026, 11, 20), date(2027, 11, 21))


def test_a_bare_review_and_a_permanent_one_are_never_eligible_by_the_clock() -> None:
    for text in ("review at 10y then decide", "PERM review at 10y then offer", "PERM"):
        found = end_of(text, trigger=date(1900, 1, 1))
        assert found.eligible_from is None
        assert found.permanent


def test_a_period_of_centuries_does_not_break_the_calendar() -> None:
    for text in ("999y", "CASE+999y review at 999y", "365000d", "999+"):
        assert end_of(text, trigger=date(9000, 1, 1), case_closed=date(9000, 1, 1)).eligible_from is not None


def test_a_duration_alone_is_read_as_strictly() -> None:
    assert parse_duration("90d") == Duration(count=90, unit=Unit.DAYS)
    with pytest.raises(PeriodError):
        parse_duration("90 days")
