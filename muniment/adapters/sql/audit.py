"""The audit chain in the register: an entry is written in the transaction of the act that it tells of."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from typing_extensions import override

from muniment.adapters.sql import audit_tables as a
from muniment.adapters.sql.engine import Part
from muniment.domain.audit import (
    NO_ENTRY,
    SALT_BYTES,
    Entry,
    entry_digest,
    entry_text,
    lost_heads,
    text_digest,
)
from muniment.domain.events import EVENTS, AuditTextsDestroyed, Event, Tag, Term
from muniment.domain.people import Actor
from muniment.ports.audit import AuditChain, AuditTrail

__all__ = ["SqlAudit", "SqlAuditTrail"]

_PAGE: Final = 1_000
_e, _t = a.audit.c, a.audit_texts.c
_ENTRIES: Final = (
    sa.select(_e.number, _e.at, _e.tag, _e.text_digest, _e.digest, _t.salt, _t.text)
    .join_from(
        a.audit,
        a.audit_texts,
        sa.and_(_t.council == _e.council, _t.number == _e.number),
        isouter=True,
    )
    .order_by(_e.number)
)


class SqlAuditTrail(AuditTrail):
    """Appends to a council's chain on an open connection that holds the council's row."""

    def __init__(self, connection: sa.Connection, council: str, actor: Actor, now: datetime) -> None:
        self._connection = connection
        self.council = council
        self.actor = actor
        self.now = now

    @override
    def record(self, event: Event) -> int:
        last = self._connection.execute(
            sa.select(_e.number, _e.digest)
            .where(_e.council == self.council)
            .order_by(_e.number.desc())
            .limit(1)
        ).first()
        number, before = (1, NO_ENTRY) if last is None else (last.number + 1, last.digest)
        salt, text = os.urandom(SALT_BYTES), entry_text(self.actor, event)
        salted = text_digest(salt, text)
        digest = entry_digest(
            before, council=self.council, number=number, at=self.now, tag=event.tag, text_digest=salted
        )
        self._connection.execute(
            sa.insert(a.audit).values(
                council=self.council,
                number=number,
                at=self.now,
                tag=event.tag.value,
                text_digest=salted,
                digest=digest,
            )
        )
        self._connection.execute(
            sa.insert(a.audit_texts).values(council=self.council, number=number, salt=salt, text=text)
        )
        return number


class SqlAudit(Part, AuditChain):
    """The audit chain of each council."""

    @override
    @contextmanager
    def begin(self, council: str, actor: Actor, *, now: datetime) -> Iterator[SqlAuditTrail]:
        with self._database.write(council, durable=True) as connection:
            yield SqlAuditTrail(connection, council, actor, now)

    @override
    def audit_head(self, council: str) -> bytes:
        newest = sa.select(_e.digest).where(_e.council == council).order_by(_e.number.desc()).limit(1)
        with self._database.read() as connection:
            head: bytes | None = connection.execute(newest).scalar()
        return NO_ENTRY if head is None else head

    @override
    def knows_audit_head(self, council: str, head: bytes) -> bool:
        if head == NO_ENTRY:
            return True
        wanted = sa.select(_e.number).where(_e.council == council, _e.digest == head)
        with self._database.read() as connection:
            if connection.execute(wanted).first() is not None:
                return True
        return head in lost_heads(self.audit_entries(council, tags=(Tag.AUDIT_RESTARTED,)))

    @override
    def audit_entries(
        self,
        council: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        tags: tuple[str, ...] = (),
    ) -> Iterator[Entry]:
        wanted = _ENTRIES.where(_e.council == council)
        if since is not None:
            wanted = wanted.where(_e.at >= since)
        if until is not None:
            wanted = wanted.where(_e.at < until)
        if tags:
            wanted = wanted.where(_e.tag.in_([str(tag) for tag in tags]))
        last = 0
        while True:
            # By pages, so that no transaction stays open while the caller works.
            with self._database.read() as connection:
                rows = connection.execute(wanted.where(_e.number > last).limit(_PAGE)).all()
            yield from map(_entry, rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1].number

    @override
    def destroy_audit_texts(
        self, council: str, actor: Actor, *, term: Term, before: datetime, reason: str, now: datetime
    ) -> int:
        tags = [tag.value for tag, event in EVENTS.items() if event.term is term]
        due = (
            sa.select(_t.number)
            .join_from(a.audit_texts, a.audit, sa.and_(_e.council == _t.council, _e.number == _t.number))
            .where(_t.council == council, _e.at < before, _e.tag.in_(tags))
            .order_by(_t.number)
        )
        with self._database.write(council, durable=True) as connection:
            if self._database.is_sqlite:
                connection.exec_driver_sql("PRAGMA secure_delete=ON")  # the bytes go too, not only the row
            numbers = list(connection.execute(due).scalars())
            if numbers:
                ranges = _ranges(numbers)
                for first, last in ranges:
                    gone = (_t.council == council, _t.number.between(first, last))
                    connection.execute(sa.delete(a.audit_texts).where(*gone))
                told = AuditTextsDestroyed(ranges=ranges, before=before.isoformat(), reason=reason)
                SqlAuditTrail(connection, council, actor, now).record(told)
        self._database.empty_log()
        return len(numbers)


def _entry(row: Any) -> Entry:
    return Entry(
        number=row.number,
        at=row.at,
        tag=row.tag,
        text_digest=row.text_digest,
        digest=row.digest,
        salt=row.salt,
        text=row.text,
    )


def _ranges(numbers: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return sorted numbers as runs: first and last of each."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)
