"""Retention in the register: schedules, facts, windows, cases and officers' decisions."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from typing_extensions import override

from muniment.adapters.sql import retention_tables as r
from muniment.adapters.sql.engine import Part
from muniment.adapters.sql.gone import SqlGone
from muniment.adapters.sql.tables import record_key
from muniment.adapters.sql.transfers import SqlTransfers
from muniment.domain.classifying import Window
from muniment.domain.duties import Cases
from muniment.domain.retention import WindowKind
from muniment.domain.triggers import Facts, Scope
from muniment.ports.retention import AdoptedSchedule, Fact, NewDecision, Reclassification, Retention
from schemas.errors import BadInputError

__all__ = ["SqlRetention"]

_OF_RECORDS: Final = (Scope.RECORD, Scope.THREAD)
_s, _f, _w = r.schedules.c, r.facts.c, r.windows.c
_c, _l, _d = r.cases.c, r.case_records.c, r.reclassifications.c


class SqlRetention(SqlTransfers, SqlGone, Part, Retention):
    """What people decide and record about retention, over SQLite or PostgreSQL."""

    @override
    def adopt_schedule(self, council: str, adopted: AdoptedSchedule) -> None:
        with self._database.write(council, durable=True) as connection:
            wanted = sa.select(_s.version, _s.effective_from).where(_s.council == council)
            for row in connection.execute(wanted).all():
                if row.version == adopted.version:
                    raise BadInputError(
                        f"Version {adopted.version} is adopted already, and never changes.",
                        remedy="Give the file a new version and a later effective_from.",
                    )
                if row.effective_from >= adopted.effective_from:
                    raise BadInputError(
                        f"Version {adopted.version} takes effect on {adopted.effective_from}, "
                        f"not after version {row.version} of {row.effective_from}.",
                        remedy="Give the file a later effective_from.",
                    )
            told = {name: getattr(adopted, name) for name in AdoptedSchedule.__slots__}
            connection.execute(sa.insert(r.schedules).values(council=council, **told))

    @override
    def schedules(self, council: str) -> tuple[AdoptedSchedule, ...]:
        wanted = sa.select(r.schedules).where(_s.council == council).order_by(_s.effective_from)
        with self._database.read() as connection:
            rows = connection.execute(wanted).all()
        names = AdoptedSchedule.__slots__
        return tuple(AdoptedSchedule(**{name: getattr(row, name) for name in names}) for row in rows)

    @override
    def add_fact(self, council: str, fact: Fact) -> None:
        self._add(
            r.facts,
            council,
            event=fact.event,
            scope=fact.scope.value,
            name=fact.name,
            record_key=record_key(fact.name) if fact.scope in _OF_RECORDS else None,
            happened_on=fact.on,
            reason=fact.reason,
            by=fact.by,
            at=fact.at,
        )

    @override
    def fact_history(self, council: str) -> tuple[Fact, ...]:
        return tuple(
            Fact(
                event=row.event,
                scope=Scope(row.scope),
                name=row.name,
                on=row.happened_on,
                reason=row.reason,
                by=row.by,
                at=row.at,
            )
            for row in self._all(r.facts, council)
        )

    @override
    def facts(self, council: str) -> Facts:
        newest = {(one.event, one.scope, one.name): one.on for one in self.fact_history(council)}
        return {subject: on for subject, on in newest.items() if on is not None}

    @override
    def set_window(self, council: str, window: Window, *, reason: str, by: str, at: datetime) -> None:
        self._add(
            r.windows,
            council,
            name=window.name,
            kind=window.kind.value,
            since=window.since,
            until=window.until,
            accounts=msgspec.json.encode(sorted(window.accounts)).decode(),
            reason=reason,
            by=by,
            at=at,
        )

    @override
    def retention_windows(self, council: str) -> tuple[Window, ...]:
        newest = {
            row.name: Window(
                name=row.name,
                kind=WindowKind(row.kind),
                since=row.since,
                until=row.until,
                accounts=frozenset(msgspec.json.decode(row.accounts)),
            )
            for row in self._all(r.windows, council)
        }
        return tuple(sorted(newest.values(), key=lambda one: (one.since, one.name)))

    @override
    def set_case(
        self, council: str, case_id: str, retention_class: str, *, reason: str, by: str, at: datetime
    ) -> None:
        told = {"case_id": case_id, "retention_class": retention_class, "reason": reason}
        self._add(r.cases, council, **told, by=by, at=at)

    @override
    def link_to_case(
        self, council: str, case_id: str, record_ids: Iterable[str], *, by: str, at: datetime
    ) -> int:
        insert = self._database.insert(r.case_records).on_conflict_do_nothing()
        counted = sa.select(sa.func.count()).where(_l.council == council, _l.case_id == case_id)
        with self._database.write(council, durable=True) as connection:
            before = int(connection.execute(counted).scalar_one())
            rows = [
                {
                    "council": council,
                    "case_id": case_id,
                    "record_key": record_key(one),
                    "record_id": one,
                    "by": by,
                    "at": at,
                }
                for one in sorted(set(record_ids))
            ]
            if rows:
                connection.execute(insert, rows)
            return int(connection.execute(counted).scalar_one()) - before

    @override
    def retention_cases(self, council: str) -> Cases:
        wanted = sa.select(_l.record_id, _l.case_id).where(_l.council == council)
        with self._database.read() as connection:
            links = connection.execute(wanted.order_by(_l.case_id)).all()
        of_record: dict[str, list[str]] = {}
        for row in links:
            of_record.setdefault(row.record_id, []).append(row.case_id)
        return Cases(
            classes={row.case_id: row.retention_class for row in self._all(r.cases, council)},
            of_record={record: tuple(cases) for record, cases in of_record.items()},
        )

    @override
    def add_decision(self, council: str, new: NewDecision, *, by: str, at: datetime) -> int:
        values = {
            "scope": new.scope.value,
            "name": new.name,
            "record_key": record_key(new.name),
            "retention_class": new.retention_class,
            "until_on": new.until_on,
            "reason": new.reason,
            "shortens": new.shortens,
        }
        insert = sa.insert(r.reclassifications).values(council=council, **values, by=by, at=at)
        with self._database.write(council, durable=True) as connection:
            return int(connection.execute(insert.returning(_d.id)).scalar_one())

    @override
    def approve_decision(self, council: str, number: int, *, by: str, at: datetime) -> None:
        waits = (_d.council == council, _d.id == number, _d.shortens, _d.approved_by.is_(None))
        approved = sa.update(r.reclassifications).where(*waits).values(approved_by=by, approved_at=at)
        with self._database.write(council, durable=True) as connection:
            if connection.execute(approved).rowcount != 1:
                raise BadInputError(
                    f"No decision {number} of {council} waits for approval.",
                    remedy="`muniment class list` shows the decisions.",
                )

    @override
    def reclassifications(self, council: str) -> tuple[Reclassification, ...]:
        return tuple(
            Reclassification(
                number=row.id,
                decision=NewDecision(
                    scope=Scope(row.scope),
                    name=row.name,
                    retention_class=row.retention_class,
                    until_on=row.until_on,
                    reason=row.reason,
                    shortens=row.shortens,
                ),
                by=row.by,
                at=row.at,
                approved_by=row.approved_by,
                approved_at=row.approved_at,
            )
            for row in self._all(r.reclassifications, council)
        )

    def _add(self, table: sa.Table, council: str, **values: Any) -> None:
        with self._database.write(council, durable=True) as connection:
            connection.execute(sa.insert(table).values(council=council, **values))

    def _all(self, table: sa.Table, council: str) -> list[Any]:
        """Return the rows of a council, oldest first: what is newest comes last."""
        wanted = sa.select(table).where(table.c.council == council).order_by(table.c.id)
        with self._database.read() as connection:
            return list(connection.execute(wanted).all())
