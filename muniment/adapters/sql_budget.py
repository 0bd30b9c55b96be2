"""What a credential may still spend, shared by every process through the register.

The rate is a window of the platform's tariff: a call that no longer fits is given its place in the next
window, and counted there. Calls of a day and money of a month are the council's own limits; days and
months are London's, as in every report. Each call is one short transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from typing_extensions import override

from connectors.contract import Tariff
from connectors.transport import Budget
from muniment.adapters import sql_tables as t
from muniment.adapters.sql_engine import Database, Part
from schemas.errors import BudgetSpentError

__all__ = ["Spent", "SqlBudget", "SqlBudgets"]

_LONDON: Final = ZoneInfo("Europe/London")
_MICROS: Final = 1_000_000
_b, _x = t.budgets.c, t.spending.c


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
    ) -> "SqlBudget":
        """Return the budget of one credential; accounts without one have a budget each, by their name."""
        return SqlBudget(
            self._database,
            council,
            credential,
            tariff,
            calls_per_day=calls_per_day,
            micros_per_month=None if usd_per_month is None else round(usd_per_month * _MICROS),
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
    ) -> None:
        """Keep the limits; None: only the platform's rate."""
        self._database = database
        self._council = council
        self._credential = credential
        self._calls = tariff.calls
        self._window = timedelta(seconds=tariff.per_seconds)
        self._calls_per_day = calls_per_day
        self._micros_per_month = micros_per_month

    @override
    def take(self, now: datetime, cost_micros: int) -> datetime | None:
        with self._database.write(self._council) as connection:
            self._refuse_when_spent(connection, now, cost_micros)
            at = self._place(connection, now)
            self._spend(connection, now, calls=1, micros=cost_micros)
        return at if at > now else None

    @override
    def pause(self, until: datetime) -> None:
        with self._database.write(self._council) as connection:
            row = connection.execute(sa.select(t.budgets).where(self._mine(_b))).first()
            if row is None or row.paused_until is None or row.paused_until < until:
                self._write(connection, {"paused_until": until})

    @override
    def add_cost(self, now: datetime, cost_micros: int) -> None:
        if cost_micros:
            with self._database.write(self._council) as connection:
                self._spend(connection, now, calls=0, micros=cost_micros)

    def _place(self, connection: sa.Connection, now: datetime) -> datetime:
        """Count a call in the window in which it can be made; return when that is."""
        row = connection.execute(sa.select(t.budgets).where(self._mine(_b))).first()
        at = now if row is None or row.paused_until is None else max(now, row.paused_until)
        start, calls = (None, 0) if row is None else (row.window_started_at, row.window_calls)
        if start is None or at >= start + self._window:
            start, calls = at, 0
        elif calls >= self._calls:
            start, calls = start + self._window, 0
        self._write(connection, {"window_started_at": start, "window_calls": calls + 1})
        return max(at, start)

    def _refuse_when_spent(self, connection: sa.Connection, now: datetime, cost_micros: int) -> None:
        today = now.astimezone(_LONDON).date()
        first = today.replace(day=1)
        if self._calls_per_day is not None:
            wanted = sa.select(_x.calls).where(self._mine(_x), _x.day == today)
            if (connection.execute(wanted).scalar() or 0) >= self._calls_per_day:
                raise BudgetSpentError(
                    f"Credential {self._credential} has made the {self._calls_per_day:,} calls of today.",
                    resume_at=_midnight(today + timedelta(days=1)),
                    remedy="It goes on tomorrow. To allow more, raise calls_per_day in the council's file.",
                )
        if self._micros_per_month is not None:
            wanted = sa.select(sa.func.sum(_x.cost_micros)).where(self._mine(_x), _x.day >= first)
            spent = int(connection.execute(wanted).scalar() or 0)
            if spent + cost_micros > self._micros_per_month or spent >= self._micros_per_month > 0:
                raise BudgetSpentError(
                    f"Credential {self._credential} has spent the "
                    f"${self._micros_per_month / _MICROS:,.2f} of this month.",
                    resume_at=_midnight((first + timedelta(days=32)).replace(day=1)),
                    remedy="It goes on next month. To allow more, raise usd_per_month in the council's file.",
                )

    def _spend(self, connection: sa.Connection, now: datetime, *, calls: int, micros: int) -> None:
        day = now.astimezone(_LONDON).date()
        insert = self._database.insert(t.spending).values(
            council=self._council, credential=self._credential, day=day, calls=calls, cost_micros=micros
        )
        more = {"calls": _x.calls + calls, "cost_micros": _x.cost_micros + micros}
        keys = ["council", "credential", "day"]
        connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=more))

    def _write(self, connection: sa.Connection, values: dict[str, Any]) -> None:
        insert = self._database.insert(t.budgets)
        row = {"council": self._council, "credential": self._credential, **values}
        keys = ["council", "credential"]
        connection.execute(insert.values(row).on_conflict_do_update(index_elements=keys, set_=values))

    def _mine(self, columns: Any) -> sa.ColumnElement[bool]:
        return sa.and_(columns.council == self._council, columns.credential == self._credential)


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time.min, tzinfo=_LONDON)
