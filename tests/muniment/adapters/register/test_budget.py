"""A budget is one for every process: the rate, the calls of a day, the money of a month."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest

from connectors.contract import Tariff
from muniment.adapters.sql.budget import SqlBudget
from muniment.adapters.sql.register import SqlRegister
from schemas.errors import BudgetSpentError
from tests.muniment.adapters.register.stage import START, at

SLOW = Tariff(page_items=100, calls=3, per_seconds=60)
FAST = Tariff(page_items=100, calls=1_000_000, per_seconds=60)


def seconds(number: float) -> datetime:
    return START + timedelta(seconds=number)


def test_a_call_that_does_not_fit_has_its_place_in_a_later_window(register: SqlRegister) -> None:
    budget = register.budget("elm", "token", SLOW)
    taken = [budget.take(seconds(number), 0) for number in (0, 1, 2, 3, 4, 5, 6)]
    assert taken == [None, None, None, seconds(60), seconds(60), seconds(60), seconds(120)]
    assert budget.take(seconds(121), 0) is None


def test_no_window_has_more_calls_than_the_tariff_allows(register: SqlRegister) -> None:
    budget = register.budget("elm", "token", SLOW)
    made: list[datetime] = []
    now = START
    for _ in range(20):
        now = budget.take(now, 0) or now
        made.append(now)
        now += timedelta(seconds=7)
    starts = [made[0]]
    for moment in made:
        if moment >= starts[-1] + timedelta(seconds=60):
            starts.append(moment)
    for start in starts:
        assert sum(start <= moment < start + timedelta(seconds=60) for moment in made) <= 3


def test_a_pause_holds_for_every_process_and_never_grows_shorter(register: SqlRegister) -> None:
    register.budget("elm", "token", FAST).pause(seconds(600))
    other = register.budget("elm", "token", FAST)
    other.pause(seconds(300))
    assert other.take(seconds(0), 0) == seconds(600)
    assert register.budget("elm", "another", FAST).take(seconds(0), 0) is None
    assert other.take(seconds(601), 0) is None


def test_processes_share_one_rate(register_url: str) -> None:
    registers = [SqlRegister.open(register_url) for _ in range(3)]
    waits: list[datetime | None] = []

    def spend(budget: SqlBudget) -> None:
        waits.extend([budget.take(START, 1) for _ in range(10)])

    tariff = Tariff(page_items=1, calls=12, per_seconds=60)
    workers = [
        threading.Thread(target=spend, args=(register.budget("elm", "token", tariff),))
        for register in registers
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    spent = registers[0].spent("elm", since=START.date(), until=START.date())
    for register in registers:
        register.close()
    assert sum(wait is None for wait in waits) == 12
    assert sum(wait == seconds(60) for wait in waits) == 12
    assert sum(wait == seconds(120) for wait in waits) == 6
    assert (spent["token"].calls, spent["token"].cost_micros) == (30, 30)


def test_the_calls_of_a_london_day_are_spent_until_its_midnight(register: SqlRegister) -> None:
    budget = register.budget("elm", "token", FAST, calls_per_day=2)
    summer = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    budget.take(summer, 0)
    budget.take(summer, 0)
    with pytest.raises(BudgetSpentError) as refused:
        budget.take(summer, 0)
    assert refused.value.resume_at == datetime(2026, 7, 1, 23, 0, tzinfo=UTC)
    assert budget.take(datetime(2026, 7, 1, 23, 0, tzinfo=UTC), 0) is None


def test_the_money_of_a_month_is_spent_until_the_next(register: SqlRegister) -> None:
    budget = register.budget("elm", "token", FAST, usd_per_month=1.0)
    budget.take(at(0), 600_000)
    with pytest.raises(BudgetSpentError) as refused:
        budget.take(at(24), 400_001)
    assert refused.value.resume_at == datetime(2026, 3, 31, 23, 0, tzinfo=UTC)
    assert budget.take(at(24), 0) is None
    budget.add_cost(at(24), 500_000)
    with pytest.raises(BudgetSpentError):
        budget.take(at(48), 0)
    assert budget.take(at(24 * 31), 0) is None


def test_no_money_at_all_still_allows_calls_that_cost_none(register: SqlRegister) -> None:
    budget = register.budget("elm", "token", FAST, usd_per_month=0)
    assert budget.take(at(0), 0) is None
    with pytest.raises(BudgetSpentError):
        budget.take(at(0), 1)


def test_who_leaves_a_part_to_others_is_refused_while_they_are_not(register: SqlRegister) -> None:
    edge = register.budget("elm", "token", FAST, usd_per_month=1.0, calls_per_day=10)
    past = register.budget("elm", "token", FAST, usd_per_month=1.0, calls_per_day=10, leaves=0.2)
    past.take(at(0), 800_000)
    with pytest.raises(BudgetSpentError, match=r"the \$1.00 of this month but for the 20% that are kept"):
        past.take(at(0), 1)
    assert edge.take(at(0), 200_000) is None
    for _ in range(7):
        past.take(at(24 * 31), 0)
    assert past.take(at(24 * 31), 0) is None
    with pytest.raises(BudgetSpentError, match="the 10 calls of today but for the 20%"):
        past.take(at(24 * 31), 0)
    assert edge.take(at(24 * 31), 0) is None


def test_what_was_spent_is_told_by_credential_and_day(register: SqlRegister) -> None:
    register.budget("elm", "one", FAST).take(at(0), 5)
    register.budget("elm", "one", FAST).add_cost(at(24), 7)
    register.budget("elm", "two", FAST).take(at(24), 1)
    register.budget("oak", "one", FAST).take(at(24), 1)
    told = register.spent("elm", since=date(2026, 3, 2), until=date(2026, 3, 2))
    assert {name: (one.calls, one.cost_micros) for name, one in told.items()} == {"one": (1, 5)}
    told = register.spent("elm", since=date(2026, 3, 2), until=date(2026, 3, 3))
    assert {name: (one.calls, one.cost_micros) for name, one in told.items()} == {
        "one": (1, 12),
        "two": (1, 1),
    }
