"""What a credential may still spend, shared by every process through the register.

The rate is a window of the platform's tariff: a call that no longer fits is given its place in the next
window, and counted there. Calls of a day and money of a month are the council's own limits; days and
months are London's, as in every report. Each call is one short transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import sqlalchemy as sa
from typing_extensions import override

from connectors.contract import Budget, Tariff
from muniment.adapters.sql import tables as t
from muniment.adapters.sql.engine import Database, Part
from muniment.adapters.sql.tables import from_micros, micros
from schemas.errors import BudgetSpentError
from schemas.london import london_date, london_day_starts

__all__ = ["Spent", "SqlBudget", "SqlBudgets"]

_MICROS: Final = 1_000_000
_x = t.spending.c

# Written out, and so built once: a call of a platform waits for these.
_STATE: Final = sa.text(
    "SELECT window_started_at, window_calls, paused_until FROM budgets"
    " WHERE council = :council AND credential = :credential"
)
_PLACE: Final = sa.text(
    "INSERT INTO budgets (council, credential, window_started_at, window_calls)"
    " VALUES (:council, :credential, :start, :calls) ON CONFLICT (council, credential) DO UPDATE"
    " SET window_started_at = excluded.window_started_at, window_calls = excluded.window_calls"
)
_PAUSE: Final = sa.text(
    "INSERT INTO budgets (council, credential, paused_until) VALUES (:council, :credential, :until)"
    " ON CONFLICT (council, credential) DO UPDATE SET paused_until = excluded.paused_until"
    " WHERE budgets.paused_until IS NULL OR budgets.paused_until < excluded.paused_until"
)
_SPEND: Final = sa.text(
    "INSERT INTO spending (council, credential, day, calls, cost_micros)"
    " VALUES (:council, :credential, :day, :calls, :micros)"
    " ON CONFLICT (council, credential, day) DO UPDATE"
    " SET calls = spending.calls + excluded.calls, cost_micros = spending.cost_micros + excluded.cost_micros"
).bindparams(sa.bindparam("day", type_=sa.Date))
_TOTALS: Final = sa.text(
    "SELECT sum(CASE WHEN day = :day THEN calls ELSE 0 END), sum(cost_micros) FROM spending"
    " WHERE council = :council AND credential = :credential AND day >= :first AND day <= :day"
).bindparams(sa.bindparam("day", type_=sa.Date), sa.bindparam("first", type_=sa.Date))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a credential has cost in a period."""

    calls: int
    cost_micros: int


class SqlBudgets(Part):
    """The budgets of all credentials."""

    def budget(
        self,
        council: str,
        credential: str,
        tariff: Tariff,
        *,
        usd_per_month: float | None = None,
        calls_per_day: int | None = None,
        leaves: float = 0.0,
    ) -> "SqlBudget":
        """Return the budget of one credential; accounts without one have a budget each, by their name.

        `leaves`: the part of day and month that is left to others; of nothing nothing can be left.
        """
        return SqlBudget(
            self._database,
            council,
            credential,
            tariff,
            calls_per_day=calls_per_day,
            micros_per_month=None if usd_per_month is None else round(usd_per_month * _MICROS),
            leaves=leaves,
        )

    def spent(self, council: str, *, since: date, until: date) -> Mapping[str, Spent]:
        """Return calls and cost by credential between two London days, both included."""
        wanted = (
            sa.select(_x.credential, sa.func.sum(_x.calls), sa.func.sum(_x.cost_micros))
            .where(_x.council == council, _x.day >= since, _x.day <= until)
            .group_by(_x.credential)
            .order_by(_x.credential)
        )
        with self._database.read() as connection:
            rows = connection.execute(wanted).all()
        return {name: Spent(calls=int(calls), cost_micros=int(micros)) for name, calls, micros in rows}


class SqlBudget(Budget):
    """One credential's budget."""

    def __init__(
        self,
        database: Database,
        council: str,
        credential: str,
        tariff: Tariff,
        *,
        calls_per_day: int | None,
        micros_per_month: int | None,
        leaves: float,
    ) -> None:
        """Keep the limits; None: only the platform's rate."""
        self._database = database
        self._council = council
        self._credential = credential
        self._mine = {"council": council, "credential": credential}
        self._calls = tariff.calls
        self._window = tariff.per_seconds * _MICROS
        self._calls_per_day = calls_per_day
        self._micros_per_month = micros_per_month
        self._share = 1.0 - leaves
        self._for_others = f" but for the {leaves:.0%} that are kept for the newest posts" if leaves else ""

    @override
    def take(self, now: datetime, cost_micros: int) -> datetime | None:
        with self._database.write(self._council) as connection:
            self._refuse_when_spent(connection, now, cost_micros)
            at = self._place(connection, now)
            self._spend(connection, now, calls=1, cost=cost_micros)
        return at if at > now else None

    @override
    def pause(self, until: datetime) -> None:
        with self._database.write(self._council) as connection:
            connection.execute(_PAUSE, {**self._mine, "until": micros(until)})

    @override
    def add_cost(self, now: datetime, cost_micros: int) -> None:
        if cost_micros:
            with self._database.write(self._council) as connection:
                self._spend(connection, now, calls=0, cost=cost_micros)

    def _place(self, connection: sa.Connection, now: datetime) -> datetime:
        """Count a call in the window in which it can be made; return when that is."""
        row = connection.execute(_STATE, self._mine).first()
        start, calls, paused_until = (None, 0, None) if row is None else row
        at = micros(now) if paused_until is None else max(micros(now), paused_until)
        if start is None or at >= start + self._window:
            start, calls = at, 0
        elif calls >= self._calls:
            start, calls = start + self._window, 0
        connection.execute(_PLACE, {**self._mine, "start": start, "calls": calls + 1})
        return from_micros(max(at, start))

    def _refuse_when_spent(self, connection: sa.Connection, now: datetime, cost_micros: int) -> None:
        if self._calls_per_day is None and self._micros_per_month is None:
            return
        today = london_date(now)
        first = today.replace(day=1)
        told = connection.execute(_TOTALS, {**self._mine, "day": today, "first": first}).one()
        calls, spent = (int(number or 0) for number in told)
        if self._calls_per_day is not None and calls >= self._calls_per_day * self._share:
            raise BudgetSpentError(
                f"Credential {self._credential} has made the {self._calls_per_day:,} calls of today"
                f"{self._for_others}.",
                resume_at=london_day_starts(today + timedelta(days=1)),
                remedy="It goes on tomorrow. To allow more, raise calls_per_day in the council's file.",
            )
        whole = self._micros_per_month
        if whole is None:
            return
        most = whole * self._share
        if spent + cost_micros > most or spent >= most > 0:
            raise BudgetSpentError(
                f"Credential {self._credential} has spent the ${whole / _MICROS:,.2f} of this month"
                f"{self._for_others}.",
                resume_at=london_day_starts((first + timedelta(days=32)).replace(day=1)),
                remedy="It goes on next month. To allow more, raise usd_per_month in the council's file.",
            )

    def _spend(self, connection: sa.Connection, now: datetime, *, calls: int, cost: int) -> None:
        day = london_date(now)
        connection.execute(_SPEND, {**self._mine, "day": day, "calls": calls, "micros": cost})
