"""Random worlds for retention: a schedule, another one, records and their versions, windows, cases, holds.

Everything follows from one number, so that worlds that fail can be made again. A world is small and close: a
few threads, few days, so that boundaries, ties and overlaps are common and not a matter of luck. Some worlds
lie side by side under one pair of schedules and in one plan, with nothing in common: that is ten times as
many in the same time, and shows that none disturbs another.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeVar

import pyarrow as pa

from muniment.domain.classifying import Setting, Window
from muniment.domain.duties import Cases
from muniment.domain.holdings import HOLDING_COLUMNS
from muniment.domain.period import Duration, Unit, YearKind, parse_period
from muniment.domain.planning import Circumstances
from muniment.domain.retention import (
    CLOSING,
    Action,
    AfterTransfer,
    ClassRule,
    Defaults,
    Level,
    RetentionClass,
    Schedule,
    SignOff,
    Status,
    WindowKind,
)
from muniment.domain.triggers import Scope
from schemas.arrow import TABLE
from schemas.vocabulary import AccountKind, AuthorRole, Kind, Series

__all__ = [
    "START",
    "Row",
    "World",
    "batches",
    "make_world",
    "random_circumstances",
    "random_row",
    "random_schedule",
]

START: Final = date(2020, 3, 25)  # a financial year ends and summer time begins within the week
SIDE_BY_SIDE: Final = 10
_DAYS: Final = 420
_ACCOUNTS: Final = ("main", "flood")
_EVENTS: Final = ("published", "captured", "last_action", "thread_closed", "result_declared", "stand_down")
_PERIODS: Final = (
    *("0d", "1d", "30d", "1m", "6m", "1y", "0+", "1+", "D<1", "PERM", "review at 3m then decide"),
    *("PERM review at 2m then offer", "1y review at 1m then destroy", "6m plus current year"),
    *("1m plus current calendar year", "longest(30d, EVENT:order_ends+0d)", "longest(1+, 2m)"),
    *("longest(PERM, 1y)", "2m review at 1m"),
)
_CASE_PERIODS: Final = ("CASE+0d", "CASE+6m", "CASE+2", "PERM", "longest(CASE+30d, EVENT:order_ends+1m)")


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A record version, as the archive would hold it."""

    record_id: str
    thread_id: str
    account: str
    kind: Kind
    series: Series
    author_role: AuthorRole
    filed_at: datetime
    version_at: datetime | None
    captured_at: datetime
    commit_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is held, what has happened, two schedules, and the day: some worlds side by side."""

    seed: int
    rows: tuple[Row, ...]
    schedule: Schedule
    other: Schedule
    circumstances: Circumstances
    as_of: date
    commit_no: int


def make_world(seed: int) -> World:
    """Return the world of a number."""
    dice = random.Random(seed)  # noqa: S311 -- a world, not a secret
    rows: list[Row] = []
    for town in range(SIDE_BY_SIDE):
        here: list[Row] = []
        for _ in range(dice.randint(1, 12)):
            here += random_row(dice, here, town)
        rows += here
    schedule = random_schedule(dice, "1.0")
    return World(
        seed=seed,
        rows=tuple(rows),
        schedule=schedule,
        other=_changed(dice, schedule) if dice.random() < 0.5 else random_schedule(dice, "2.0"),
        circumstances=random_circumstances(dice, rows, schedule),
        as_of=START + timedelta(days=dice.randint(0, 3 * _DAYS)),
        commit_no=max(row.commit_no for row in rows),
    )


def batches(rows: Sequence[Row], dice: random.Random) -> list[pa.RecordBatch]:
    """Return the rows as an archive streams them: in no order, in batches of no size."""
    shuffled = list(rows)
    dice.shuffle(shuffled)
    schema = pa.schema([TABLE.field(name) for name in HOLDING_COLUMNS])
    told = [
        {**{name: getattr(row, name, None) for name in HOLDING_COLUMNS}, "platform": "x"} for row in shuffled
    ]
    found: list[pa.RecordBatch] = []
    while told:
        size = dice.randint(1, len(told))
        found.append(pa.RecordBatch.from_pylist(told[:size], schema=schema))
        told = told[size:]
    return found


def random_row(dice: random.Random, rows: Sequence[Row], town: int) -> list[Row]:
    """Return a new record, or another version of one of `rows`; captured soon, or years late."""
    commit_no = 1 + max((row.commit_no for row in rows), default=0) * dice.randint(0, 1)
    if rows and dice.random() < 0.25:
        known = dice.choice(rows)
        captured = max(row.captured_at for row in rows if row.record_id == known.record_id)
        captured += timedelta(days=dice.choice([0, 1, 40]))
        edited = captured - timedelta(hours=1) if dice.random() < 0.5 else None
        latest = max(row.commit_no for row in rows if row.record_id == known.record_id)
        return [replace(known, version_at=edited, captured_at=captured, commit_no=latest + 1)]
    thread = f"x:{town}/{dice.randint(1, 3)}00"
    root = not any(row.record_id == thread for row in rows) and dice.random() < 0.6
    filed_at = datetime(START.year, START.month, START.day, tzinfo=UTC) + timedelta(
        days=dice.randint(0, _DAYS), minutes=dice.choice([0, 700, 1410])
    )
    number = len({row.record_id for row in rows}) + 1
    kind = dice.choice([Kind.POST, Kind.PAGE]) if root else _talk(dice)
    council = (root and dice.random() < 0.8) or dice.random() < 0.2
    return [
        Row(
            record_id=thread if root else f"x:{town}/{number}",
            thread_id=thread,
            account=f"{dice.choice(_ACCOUNTS)}-{town}",
            kind=kind,
            series=Series.UNREAD if kind is Kind.UNREAD else Series.OWN if council else Series.PUBLIC,
            author_role=AuthorRole.COUNCIL
            if council
            else dice.choice([AuthorRole.PUBLIC, AuthorRole.UNKNOWN]),
            filed_at=filed_at,
            version_at=None,
            captured_at=filed_at + timedelta(days=dice.choice([0, 0, 1, 400])),
            commit_no=commit_no,
        )
    ]


def _talk(dice: random.Random) -> Kind:
    return dice.choices([Kind.COMMENT, Kind.MESSAGE, Kind.POST, Kind.UNREAD], [12, 3, 2, 1])[0]


def random_schedule(dice: random.Random, version: str) -> Schedule:
    """Return a schedule that is signed, with classes and rules of every kind."""
    classes = {f"C{number}": _class(dice, f"C{number}") for number in range(dice.randint(3, 5))}
    cases = {f"K{number}": _case_class(dice, f"K{number}") for number in range(2)}
    codes = list(classes)
    return Schedule(
        schedule_id="worlds",
        title="A random schedule",
        version=version,
        effective_from=START,
        status=Status.ADOPTED,
        current_year=dice.choice(list(YearKind)),
        sign_off=SignOff(council="Anytown", approved_by="A", role="B", on=START, minute_reference="minute 1"),
        defaults=Defaults(
            own_post=dice.choice(codes),
            comment=dice.choice(codes),
            message=dice.choice(codes),
            together=dice.random() < 0.8,
            waiting_period=Duration(count=7, unit=Unit.DAYS),
        ),
        classes={**classes, **cases},
        rules=tuple(_rule(dice, number, codes) for number in range(dice.randint(0, 4))),
        events={},
        digest=f"{version}{dice.random()}".encode(),
    )


def _changed(dice: random.Random, schedule: Schedule) -> Schedule:
    code = dice.choice([code for code in schedule.classes if code.startswith("C")])
    return replace(
        schedule,
        version="2.0",
        digest=b"changed",
        classes={**schedule.classes, code: _class(dice, code)},
    )


def _class(dice: random.Random, code: str) -> RetentionClass:
    event = dice.choice(_EVENTS)
    quiet = Duration(count=dice.choice([0, 30]), unit=Unit.DAYS) if dice.random() < 0.8 else None
    return _made(
        dice,
        code,
        event,
        dice.choice(_PERIODS),
        level=Level.THREAD,
        quiet=quiet if event in CLOSING else None,
    )


def _case_class(dice: random.Random, code: str) -> RetentionClass:
    return _made(dice, code, "case_closed", dice.choice(_CASE_PERIODS), level=Level.CASE, quiet=None)


def _made(
    dice: random.Random, code: str, event: str, written: str, *, level: Level, quiet: Duration | None
) -> RetentionClass:
    return RetentionClass(
        code=code,
        title=code,
        description=code,
        level=level,
        event=event,
        count_from=None,
        quiet=quiet,
        period=parse_period(written),
        written=written,
        action=dice.choices(list(Action), [8, 1, 2, 1, 1])[0],
        after_transfer=dice.choice(list(AfterTransfer)),
        authority="none",
        confidence="GK",
        restricted_to=dice.choice(["HR", "STD"]) if dice.random() < 0.15 else None,
        co_review=None,
        evidence_of=frozenset(),
        floors=dice.choice([(), (), (Duration(count=dice.choice([1, 9, 40]), unit=Unit.MONTHS),)]),
        below_floor=None,
        notes=None,
    )


def _rule(dice: random.Random, number: int, codes: Sequence[str]) -> ClassRule:
    conditions: Mapping[str, Any] = {
        "accounts": _everywhere(dice.choice(_ACCOUNTS)),
        "account_kinds": frozenset({dice.choice([AccountKind.CORPORATE, AccountKind.CAMPAIGN])}),
        "kinds": frozenset(dice.sample([Kind.COMMENT, Kind.POST, Kind.MESSAGE, Kind.PAGE], 2)),
        "series": frozenset({dice.choice([Series.OWN, Series.PUBLIC])}),
        "author_roles": frozenset({dice.choice(list(AuthorRole))}),
        "window": dice.choice([WindowKind.PRE_ELECTION, WindowKind.EMERGENCY]),
        "thread_answered": dice.random() < 0.5,
        "thread_public": dice.random() < 0.5,
        "since": START + timedelta(days=dice.randint(0, _DAYS)),
        "until": START + timedelta(days=dice.randint(0, _DAYS)),
    }
    chosen = dice.sample(sorted(conditions), dice.randint(1, 2))
    return ClassRule(
        name=f"rule {number}", gives=dice.choice(codes), **{name: conditions[name] for name in chosen}
    )


def _everywhere(account: str) -> frozenset[str]:
    return frozenset(f"{account}-{town}" for town in range(SIDE_BY_SIDE))


def random_circumstances(dice: random.Random, rows: Sequence[Row], schedule: Schedule) -> Circumstances:
    """Return windows, facts, cases, holds and decisions about some records of every world."""
    towns = [
        _town(dice, [row for row in rows if row.record_id.startswith(f"x:{town}/")], schedule, town)
        for town in range(SIDE_BY_SIDE)
    ]
    kinds = {"main": AccountKind.CORPORATE, "flood": AccountKind.CAMPAIGN}
    return Circumstances(
        setting=Setting(
            account_kinds={name: kind for account, kind in kinds.items() for name in _everywhere(account)},
            windows=tuple(window for one in towns for window in one.setting.windows),
            by_record=_joined([one.setting.by_record for one in towns]),
            by_thread=_joined([one.setting.by_thread for one in towns]),
        ),
        facts=_joined([one.facts for one in towns]),
        cases=Cases(
            classes=_joined([one.cases.classes for one in towns]),
            of_record=_joined([one.cases.of_record for one in towns]),
        ),
        held=frozenset().union(*(one.held for one in towns)),
        underway=frozenset().union(*(one.underway for one in towns)),
        extended=_joined([one.extended for one in towns]),
        transferred=_joined([one.transferred for one in towns]),
        may_see=towns[0].may_see,
    )


def _joined(mappings: Sequence[Mapping[_Key, _Value]]) -> dict[_Key, _Value]:
    return {key: value for mapping in mappings for key, value in mapping.items()}


def _town(dice: random.Random, rows: Sequence[Row], schedule: Schedule, town: int) -> Circumstances:
    ids = sorted({row.record_id for row in rows})
    threads = sorted({row.thread_id for row in rows})
    codes = [code for code in schedule.classes if code.startswith("C")]
    windows = tuple(_window(dice, number, town) for number in range(dice.randint(0, 3)))
    cases = {
        f"case {number}-{town}": dice.choice(["K0", "K1", "K9"] if dice.random() < 0.1 else ["K0", "K1"])
        for number in range(dice.randint(0, 2))
    }
    linked = (
        {
            record: tuple(sorted(dice.sample(sorted(cases), dice.randint(1, len(cases)))))
            for record in _some(dice, ids, 0.3)
        }
        if cases
        else {}
    )
    names = {
        Scope.RECORD: ids,
        Scope.THREAD: threads,
        Scope.CASE: sorted(cases),
        Scope.WINDOW: [one.name for one in windows],
        Scope.ACCOUNT: [f"{account}-{town}" for account in _ACCOUNTS],
        Scope.COUNCIL: [""],
    }
    facts = {}
    for _ in range(dice.randint(0, 8)):
        scope = dice.choice([one for one in Scope if names[one]])
        event = dice.choice((*_EVENTS, "order_ends", "account_closed", "case_closed"))
        event = dice.choice(["case_closed", "order_ends"]) if scope is Scope.CASE else event
        facts[(event, scope, dice.choice(names[scope]))] = _day(dice)
    return Circumstances(
        setting=Setting(
            windows=windows,
            by_record={record: dice.choice([*codes, "GONE"]) for record in _some(dice, ids, 0.1)},
            by_thread={thread: dice.choice(codes) for thread in _some(dice, threads, 0.1)},
        ),
        facts=facts,
        cases=Cases(classes=cases, of_record=linked),
        held=frozenset(_some(dice, ids, 0.15)),
        underway=frozenset(_some(dice, ids, 0.03)),
        extended={record: _day(dice) for record in _some(dice, ids, 0.1)},
        transferred={record: _day(dice) for record in _some(dice, ids, 0.1)},
        may_see=dice.choice([None, frozenset({"HR"}), frozenset(), frozenset({"HR", "STD"})]),
    )


def _window(dice: random.Random, number: int, town: int) -> Window:
    since = START + timedelta(days=dice.randint(0, _DAYS))
    return Window(
        name=f"window {number}-{town}",
        kind=dice.choice([WindowKind.PRE_ELECTION, WindowKind.EMERGENCY]),
        since=since,
        until=None if dice.random() < 0.2 else since + timedelta(days=dice.randint(0, 90)),
        accounts=_of_window(dice, town),
    )


def _of_window(dice: random.Random, town: int) -> frozenset[str]:
    """Return the accounts of a window: mostly its world's, seldom every account there is."""
    here = [f"{account}-{town}" for account in _ACCOUNTS]
    number = dice.choices([0, 1, 2], [1, 6, 13])[0]
    return frozenset(dice.sample(here, number))


def _some(dice: random.Random, names: Sequence[str], share: float) -> list[str]:
    return [name for name in names if dice.random() < share]


def _day(dice: random.Random) -> date:
    return START + timedelta(days=dice.randint(0, 2 * _DAYS))
