"""The ledger of disposal in the register: runs, lists, decisions, approvals, intents, certificates."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
import pyarrow as pa
import sqlalchemy as sa
from typing_extensions import override

from muniment.adapters.sql import disposal_tables as d
from muniment.adapters.sql.forgetting import SqlForgetting
from muniment.adapters.sql.intents import SqlIntents
from muniment.adapters.sql.stubs import packed, unpacked
from muniment.domain.disposal import ITEMS
from muniment.domain.disposal_run import Approval, Decision, Run, RunState, Said
from muniment.domain.people import Role
from muniment.ports.disposal import DisposalLedger, Drafted
from schemas.errors import BadInputError

__all__ = ["ID_FACETS", "SqlDisposal"]

_r, _d, _a, _c = d.runs.c, d.decisions.c, d.approvals.c, d.co_reviews.c
_RUN: Final = (
    sa.select(_r.council, _r.run, _r.kind, _r.state, _r.schedule, _r.schedule_digest, _r.basis, _r.as_of)
    .add_columns(_r.plan_commit, _r.prepared_by, _r.prepared_at, _r.summary, _r.waits_until, _r.intent_at)
    .add_columns(_r.intent_count, _r.intent_digest, _r.key_id, _r.dropped, _r.erased_commit)
    .add_columns(_r.done_at, _r.closed_at, _r.certificate_no, _r.restricted_to)
)
ID_FACETS: Final = ("record_id", "thread_id")
"""What a decision may choose by that names a record: its value goes when the run closes."""


class SqlDisposal(SqlForgetting, SqlIntents, DisposalLedger):
    """Runs of disposal over SQLite or PostgreSQL."""

    @override
    def add_run(self, run: Run, items: pa.Table) -> None:
        values = {
            "council": run.council,
            "run": run.run,
            "kind": run.kind,
            "state": run.state.value,
            "schedule": run.schedule,
            "schedule_digest": run.schedule_digest,
            "basis": run.basis,
            "as_of": run.as_of,
            "plan_commit": run.plan_commit,
            "prepared_by": run.prepared_by,
            "prepared_at": run.prepared_at,
            "summary": _json(run.summary),
            "items": packed(items),
            "restricted_to": run.restricted_to,
        }
        with self._database.write(run.council, durable=True) as connection:
            connection.execute(sa.insert(d.runs).values(values))

    @override
    def disposal_run(self, council: str, run: str) -> Run:
        with self._database.read() as connection:
            row = connection.execute(_RUN.where(_r.council == council, _r.run == run)).first()
        if row is None:
            raise BadInputError(
                f"There is no disposal run {run} of {council}.", remedy="`muniment dispose list` names them."
            )
        return _run(row)

    @override
    def disposal_runs(self, council: str) -> tuple[Run, ...]:
        wanted = _RUN.where(_r.council == council).order_by(_r.prepared_at, _r.run)
        with self._database.read() as connection:
            return tuple(map(_run, connection.execute(wanted)))

    @override
    def run_items(self, council: str, run: str) -> pa.Table:
        value = self._value(council, run, "items")
        return ITEMS.empty_table() if value is None else _whole(unpacked(value))

    @override
    def move_run(
        self, council: str, run: str, state: RunState, *, waits_until: datetime | None = None
    ) -> None:
        with self._database.write(council, durable=True) as connection:
            self._set(council, run, state=state.value, waits_until=waits_until)
            if state is RunState.UNDER_REVIEW:
                connection.execute(sa.delete(d.approvals).where(_a.council == council, _a.run == run))
                connection.execute(sa.delete(d.co_reviews).where(_c.council == council, _c.run == run))

    @override
    def decide(self, council: str, run: str, said: Said) -> None:
        of_run = sa.and_(_d.council == council, _d.run == run)
        with self._database.write(council, durable=True) as connection:
            last = connection.execute(sa.select(sa.func.max(_d.number)).where(of_run)).scalar() or 0
            connection.execute(
                sa.insert(d.decisions).values(
                    council=council,
                    run=run,
                    number=last + 1,
                    person=said.person,
                    at=said.at,
                    facet=said.facet,
                    value=said.value,
                    decision=said.decision.value,
                    reason=said.reason,
                    until_on=said.until_on,
                    retention_class=said.retention_class,
                )
            )

    @override
    def decisions(self, council: str, run: str) -> tuple[Said, ...]:
        wanted = sa.select(d.decisions).where(_d.council == council, _d.run == run).order_by(_d.number)
        with self._database.read() as connection:
            rows = connection.execute(wanted).all()
        return tuple(
            Said(
                person=row.person,
                at=row.at,
                facet=row.facet,
                value=row.value,
                decision=Decision(row.decision),
                reason=row.reason,
                until_on=row.until_on,
                retention_class=row.retention_class,
            )
            for row in rows
        )

    @override
    def approve_run(self, council: str, run: str, approval: Approval) -> None:
        values = {
            "council": council,
            "run": run,
            "person": approval.person,
            "role": approval.role.value,
            "at": approval.at,
            "list_digest": approval.list_digest,
        }
        with self._database.write(council, durable=True) as connection:
            connection.execute(
                self._database.insert(d.approvals)
                .values(values)
                .on_conflict_do_update(index_elements=["council", "run", "person"], set_=values)
            )

    @override
    def run_approvals(self, council: str, run: str) -> tuple[Approval, ...]:
        wanted = sa.select(d.approvals).where(_a.council == council, _a.run == run).order_by(_a.at, _a.person)
        with self._database.read() as connection:
            rows = connection.execute(wanted).all()
        return tuple(
            Approval(person=row.person, role=Role(row.role), at=row.at, list_digest=row.list_digest)
            for row in rows
        )

    @override
    def co_review(self, council: str, run: str, team: str, *, by: str, at: datetime) -> None:
        values = {"council": council, "run": run, "team": team, "person": by, "at": at}
        with self._database.write(council, durable=True) as connection:
            connection.execute(sa.insert(d.co_reviews).values(values))

    @override
    def co_reviews(self, council: str, run: str) -> Mapping[str, str]:
        wanted = sa.select(_c.team, _c.person).where(_c.council == council, _c.run == run).order_by(_c.team)
        with self._database.read() as connection:
            return {row.team: row.person for row in connection.execute(wanted)}

    @override
    def open_intent(
        self,
        council: str,
        run: str,
        doomed: pa.Table,
        *,
        commit_no: int,
        dropped: Mapping[str, int],
        now: datetime,
        drafted: Drafted | None = None,
    ) -> None:
        schedule = self.disposal_run(council, run).schedule
        with self._database.write(council, durable=True) as connection:
            self._write_intent(
                connection,
                council,
                run,
                doomed,
                schedule=schedule,
                commit_no=commit_no,
                dropped=dropped,
                now=now,
                drafted=drafted,
            )

    @override
    def intent_ids(self, council: str, run: str) -> pa.Array:
        value = self._value(council, run, "intent")
        return pa.array([], pa.string()) if value is None else unpacked(value)["record_id"].combine_chunks()

    @override
    def note_erasure(self, council: str, run: str, *, commit_no: int, counts: Mapping[str, int]) -> None:
        self._set(
            council,
            run,
            state=RunState.VERIFYING.value,
            erased_commit=commit_no,
            erasure=_json(counts),
        )

    @override
    def run_erasure(self, council: str, run: str) -> Mapping[str, int]:
        told = self._value(council, run, "erasure")
        found: dict[str, int] = {} if told is None else msgspec.json.decode(told, type=dict[str, int])
        return found

    @override
    def note_proofs(self, council: str, run: str, proofs: bytes, *, done_at: datetime | None) -> None:
        self._set(council, run, proofs=proofs.decode(), done_at=done_at)

    @override
    def run_proofs(self, council: str, run: str) -> bytes | None:
        told = self._value(council, run, "proofs")
        return None if told is None else str(told).encode()

    @override
    def next_certificate(self, council: str) -> int:
        wanted = sa.select(sa.func.max(_r.certificate_no)).where(_r.council == council)
        with self._database.read() as connection:
            return (connection.execute(wanted).scalar() or 0) + 1

    @override
    def close_run(self, council: str, run: str, certificate: bytes, *, number: int, now: datetime) -> None:
        with self._clearing(council) as connection:
            of_run = sa.and_(_r.council == council, _r.run == run)
            values = {
                "state": RunState.CERTIFIED.value,
                "closed_at": now,
                "certificate_no": number,
                "certificate": certificate,
                "items": None,
                "intent": None,
            }
            connection.execute(sa.update(d.runs).where(of_run).values(values))
            named = sa.and_(_d.council == council, _d.run == run, _d.facet.in_(ID_FACETS))
            connection.execute(sa.update(d.decisions).where(named).values(value=None))
        self._database.empty_log()

    @override
    def certificate(self, council: str, run: str) -> bytes | None:
        found: bytes | None = self._value(council, run, "certificate")
        return found

    @override
    def amend_certificate(self, council: str, run: str, certificate: bytes) -> None:
        self._set(council, run, certificate=certificate)

    def _value(self, council: str, run: str, column: str) -> Any:
        wanted = sa.select(_r[column]).where(_r.council == council, _r.run == run)
        with self._database.read() as connection:
            return connection.execute(wanted).scalar()

    def _set(self, council: str, run: str, **values: Any) -> None:
        with self._database.write(council, durable=True) as connection:
            of_run = sa.and_(_r.council == council, _r.run == run)
            connection.execute(sa.update(d.runs).where(of_run).values(values))


def _whole(items: pa.Table) -> pa.Table:
    """Return a list with every column of today: one that was made earlier may lack some."""
    for place, wanted in enumerate(ITEMS):
        if wanted.name not in items.schema.names:
            items = items.add_column(place, wanted, pa.nulls(len(items), wanted.type))
    return items


def _json(counts: Mapping[str, int]) -> str:
    return msgspec.json.encode(dict(counts), order="sorted").decode()


def _run(row: Any) -> Run:
    return Run(
        council=row.council,
        run=row.run,
        kind=row.kind,
        state=RunState(row.state),
        schedule=row.schedule,
        schedule_digest=row.schedule_digest,
        basis=row.basis,
        as_of=row.as_of,
        plan_commit=row.plan_commit,
        prepared_by=row.prepared_by,
        prepared_at=row.prepared_at,
        summary=msgspec.json.decode(row.summary, type=dict[str, int]),
        waits_until=row.waits_until,
        intent_at=row.intent_at,
        intent_count=row.intent_count,
        intent_digest=row.intent_digest,
        key_id=row.key_id,
        dropped=None if row.dropped is None else msgspec.json.decode(row.dropped, type=dict[str, int]),
        erased_commit=row.erased_commit,
        done_at=row.done_at,
        closed_at=row.closed_at,
        certificate_no=row.certificate_no,
        restricted_to=row.restricted_to,
    )
