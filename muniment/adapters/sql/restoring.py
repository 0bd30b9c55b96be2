"""The register beside a restored archive: stubs taken over, presence taken in anew, streams stepped back."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
import sqlalchemy as sa
from typing_extensions import override

from muniment.adapters.sql import disposal_tables as d
from muniment.adapters.sql import tables as t
from muniment.adapters.sql.disposal import ID_FACETS, SqlDisposal
from muniment.adapters.sql.presence import SqlPresence, watermark_of
from muniment.domain.stub_file import FORMAT, ClosedRun, StubFile, StubRow
from muniment.ports.restoring import Restoring

__all__ = ["SqlRestoring"]

_MANY: Final = 1_000
_r, _k, _b, _said = d.runs.c, d.stub_keys.c, d.stubs.c, d.decisions.c
_p, _s, _w = t.presence.c, t.streams.c, t.walks.c
_NO_WINDOW: Final = ("edge", "threads", "ids")
"""Purposes of walks that cover no window; every other word is a window's."""


class SqlRestoring(SqlPresence, SqlDisposal, Restoring):
    """What filtering a restored archive asks of SQLite or PostgreSQL."""

    @override
    def stub_file(self, council: str, *, now: datetime) -> StubFile:
        stubs = sa.select(*(_b[one.name] for one in fields(StubRow))).where(_b.council == council)
        closed = sa.and_(_r.council == council, _r.closed_at.is_not(None))
        runs = sa.select(*(_r[one.name] for one in fields(ClosedRun))).where(closed)
        with self._database.read() as connection:
            return StubFile(
                format=FORMAT,
                council=council,
                written_at=now,
                stubs=[StubRow(**row) for row in connection.execute(stubs.order_by(_b.digest)).mappings()],
                runs=[ClosedRun(**row) for row in connection.execute(runs.order_by(_r.run)).mappings()],
            )

    @override
    def take_stubs(self, told: StubFile) -> int:
        council = told.council
        with self._database.write(council, durable=True) as connection:
            before = self._stubs(connection, council)
            new = self._database.insert(d.stubs).on_conflict_do_nothing()
            for start in range(0, len(told.stubs), _MANY):
                rows = [_row(one) | {"council": council} for one in told.stubs[start : start + _MANY]]
                connection.execute(new, rows)
            for key_id in sorted({one.key_id for one in told.stubs}):
                stands = self._stubs(connection, council, key_id)
                values = {"council": council, "key_id": key_id, "stubs": stands}
                connection.execute(
                    self._database.insert(d.stub_keys)
                    .values({**values, "first_used_at": told.written_at})
                    .on_conflict_do_update(index_elements=["council", "key_id"], set_={"stubs": stands})
                )
            self._keys_of(connection, council)
            for run in told.runs:
                self._take_run(connection, council, run)
            return self._stubs(connection, council) - before

    def _stubs(self, connection: sa.Connection, council: str, key_id: str | None = None) -> int:
        wanted = sa.select(sa.func.count()).where(_b.council == council)
        if key_id is not None:
            wanted = wanted.where(_b.key_id == key_id)
        return connection.execute(wanted).scalar_one()

    def _take_run(self, connection: sa.Connection, council: str, run: ClosedRun) -> None:
        """Enter a run as it was certified, whatever it was when the backup was made; its list goes."""
        values = _row(run) | {"items": None, "intent": None}
        connection.execute(
            self._database.insert(d.runs)
            .values(values | {"council": council})
            .on_conflict_do_update(
                index_elements=["council", "run"], set_=values, where=d.runs.c.closed_at.is_(None)
            )
        )
        named = sa.and_(_said.council == council, _said.run == run.run, _said.facet.in_(ID_FACETS))
        connection.execute(sa.update(d.decisions).where(named).values(value=None))

    @override
    def shut(self, council: str, *, archive_commit: int) -> int:
        with self._database.write(council, durable=True) as connection:
            newest = sa.select(sa.func.max(_r.erased_commit), sa.func.max(_r.intent_commit))
            used = connection.execute(newest.where(_r.council == council)).one()
            number = 1 + max(watermark_of(connection, council), archive_commit, *(one or 0 for one in used))
            of_council = t.councils.c.council == council
            connection.execute(sa.update(t.councils).where(of_council).values(watermark=number + 1))
        return number

    @override
    def reopen(
        self, council: str, upto: int, observations: Iterable[pa.RecordBatch], *, step_back: bool
    ) -> None:
        with self._database.write(council, durable=True) as connection:
            self.rebuild(council, upto, observations)
            if step_back:
                self._step_back(connection, council)

    def _step_back(self, connection: sa.Connection, council: str) -> None:
        """Let nothing count as captured that was captured after the archive's last look at anything."""
        last = sa.select(sa.func.max(_p.observed_at)).join(t.streams, _s.id == _p.stream_id)
        since: datetime | None = connection.execute(last.where(_s.council == council)).scalar()
        newest = sa.select(_s.id, _s.cursor_at, sa.func.max(_p.filed_at).label("held"))
        newest = newest.join(t.presence, _p.stream_id == _s.id, isouter=True).where(_s.council == council)
        for row in connection.execute(newest.group_by(_s.id, _s.cursor_at)).all():
            of_stream = _s.id == row.id
            if row.cursor_at is not None and (row.held is None or row.held < row.cursor_at):
                stepped = {"cursor_id": None, "cursor_at": row.held}
                connection.execute(sa.update(t.streams).where(of_stream).values(stepped))
            self._forget_since(connection, row.id, since)

    def _forget_since(self, connection: sa.Connection, stream_id: int, since: datetime | None) -> None:
        def later(column: Any) -> Any:
            return sa.true() if since is None else column >= since

        endings, threads, windows = t.endings.c, t.threads.c, t.windows.c
        connection.execute(
            sa.delete(t.endings).where(endings.stream_id == stream_id, later(endings.ended_at))
        )
        connection.execute(
            sa.update(t.threads)
            .where(threads.stream_id == stream_id, later(threads.last_read_at))
            .values(last_read_at=None, reported_when_read=None)
        )
        of_window = sa.and_(_w.purpose.not_in(_NO_WINDOW), later(_w.closed_at))
        covered = sa.select(_w.walk_id).where(_w.stream_id == stream_id, of_window)
        if connection.execute(covered.limit(1)).first() is not None:
            connection.execute(sa.delete(t.windows).where(windows.stream_id == stream_id))


def _row(value: StubRow | ClosedRun) -> dict[str, Any]:
    return {one.name: getattr(value, one.name) for one in fields(value)}
