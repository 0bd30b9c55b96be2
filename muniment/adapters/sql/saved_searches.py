"""Saved searches in the register."""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from typing_extensions import override

from muniment.adapters.sql import search_tables as t
from muniment.adapters.sql.engine import Part
from muniment.domain.saved_search import KeptStatement, SavedSearch, SpellingDecision
from muniment.ports.saved_searches import SavedSearches

__all__ = ["SqlSavedSearches"]

_s = t.saved_searches.c
_d = t.search_decisions.c
_k = t.search_statements.c


class SqlSavedSearches(Part, SavedSearches):
    """Searches under names, what was decided about their spellings, and their accepted statements."""

    @override
    def save_search(self, council: str, search: SavedSearch) -> None:
        again = sa.update(t.saved_searches).where(_s.council == council, _s.name == search.name)
        new = self._database.insert(t.saved_searches).values(
            council=council,
            name=search.name,
            revision=search.revision,
            typed=search.typed,
            filters=json.dumps(dict(search.filters), ensure_ascii=False, sort_keys=True),
            case_reference=search.case_reference,
            saved_by=search.saved_by,
            saved_at=search.saved_at,
        )
        with self._database.write(council, durable=True) as connection:
            connection.execute(again.values(dropped_at=None))
            connection.execute(new)

    @override
    def drop_search(self, council: str, name: str, *, now: datetime) -> None:
        gone = sa.update(t.saved_searches).where(_s.council == council, _s.name == name)
        with self._database.write(council, durable=True) as connection:
            connection.execute(gone.values(dropped_at=now))

    @override
    def saved_searches(self, council: str) -> tuple[SavedSearch, ...]:
        wanted = sa.select(t.saved_searches).where(_s.council == council, _s.dropped_at.is_(None))
        with self._database.read() as connection:
            rows = connection.execute(wanted.order_by(_s.name, _s.revision)).all()
        return tuple({row.name: _search(row) for row in rows}.values())

    @override
    def search_revisions(self, council: str, name: str) -> tuple[SavedSearch, ...]:
        wanted = sa.select(t.saved_searches).where(_s.council == council, _s.name == name)
        with self._database.read() as connection:
            return tuple(map(_search, connection.execute(wanted.order_by(_s.revision)).all()))

    @override
    def add_spelling_decision(self, council: str, decision: SpellingDecision) -> None:
        with self._database.write(council, durable=True) as connection:
            number = _next(connection, t.search_decisions, council, decision.name)
            connection.execute(
                self._database.insert(t.search_decisions).values(
                    council=council,
                    name=decision.name,
                    number=number,
                    revision=decision.revision,
                    of_words=decision.of,
                    adds=decision.adds,
                    kind=decision.kind,
                    versions=decision.versions,
                    accepted=decision.accepted,
                    decided_by=decision.decided_by,
                    decided_at=decision.decided_at,
                )
            )

    @override
    def spelling_decisions(self, council: str, name: str) -> tuple[SpellingDecision, ...]:
        wanted = sa.select(t.search_decisions).where(_d.council == council, _d.name == name)
        with self._database.read() as connection:
            rows = connection.execute(wanted.order_by(_d.number)).all()
        return tuple(
            SpellingDecision(
                name=row.name,
                revision=row.revision,
                of=row.of_words,
                adds=row.adds,
                kind=row.kind,
                versions=row.versions,
                accepted=row.accepted,
                decided_by=row.decided_by,
                decided_at=row.decided_at,
            )
            for row in rows
        )

    @override
    def add_statement(self, council: str, statement: KeptStatement) -> None:
        new = self._database.insert(t.search_statements).values(
            council=council,
            name=statement.name,
            number=statement.number,
            revision=statement.revision,
            text=statement.text,
            sha256=statement.sha256,
            records=statement.records,
            versions=statement.versions,
            watermark=statement.watermark,
            accepted_by=statement.accepted_by,
            accepted_at=statement.accepted_at,
        )
        with self._database.write(council, durable=True) as connection:
            connection.execute(new)

    @override
    def kept_statements(self, council: str, name: str) -> tuple[KeptStatement, ...]:
        wanted = sa.select(t.search_statements).where(_k.council == council, _k.name == name)
        with self._database.read() as connection:
            rows = connection.execute(wanted.order_by(_k.number)).all()
        return tuple(
            KeptStatement(
                name=row.name,
                number=row.number,
                revision=row.revision,
                text=row.text,
                sha256=row.sha256,
                records=row.records,
                versions=row.versions,
                watermark=row.watermark,
                accepted_by=row.accepted_by,
                accepted_at=row.accepted_at,
            )
            for row in rows
        )


def _search(row: Any) -> SavedSearch:
    return SavedSearch(
        name=row.name,
        revision=row.revision,
        typed=row.typed,
        filters=json.loads(row.filters),
        case_reference=row.case_reference,
        saved_by=row.saved_by,
        saved_at=row.saved_at,
    )


def _next(connection: sa.Connection, table: sa.Table, council: str, name: str) -> int:
    last = sa.select(sa.func.max(table.c.number)).where(table.c.council == council, table.c.name == name)
    return int(connection.execute(last).scalar() or 0) + 1
