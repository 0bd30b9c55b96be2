"""Walks in the register: open, left or closed; cursors, windows, history.

A stream has one open walk for each purpose.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from muniment.adapters.sql import tables as t
from muniment.adapters.sql.accounts import account_of
from muniment.adapters.sql.engine import Part
from muniment.ports import PastWalk
from schemas.account import Account
from schemas.capture import Ask, Cursor, Edge, Ids, Threads, Walk, Window
from schemas.errors import WriteConflictError
from schemas.vocabulary import Outcome, Stream

__all__ = ["SqlWalks", "close_walk", "open_row", "purpose_of"]

_KEPT: Final = timedelta(days=92)
"""How long a closed walk stays: three monthly reports."""

_w, _s = t.walks.c, t.streams.c
_ASKS: Final[Mapping[str, type[Ask]]] = {"edge": Edge, "threads": Threads, "ids": Ids}


def purpose_of(ask: Ask) -> str:
    """Return the word by which walks of this kind are told apart."""
    match ask:
        case Edge():
            return "edge"
        case Threads():
            return "threads"
        case Ids():
            return "ids"
        case Window():
            return ask.purpose


class SqlWalks(Part):
    """The life of a walk, but for what its pages say (`noting`) and its end (`promotion`)."""

    def open_walk(self, account: Account, stream: Stream, ask: Ask, *, now: datetime) -> Walk:
        """Return the unfinished walk of this purpose, or a new one."""
        purpose = purpose_of(ask)
        with self._database.write(account.council) as connection:
            stream_id = self.stream_id(connection, account.council, account.account, stream)
            waiting = connection.execute(
                sa.select(t.walks).where(
                    _w.stream_id == stream_id, _w.purpose == purpose, _w.closed_at.is_(None)
                )
            ).first()
            if waiting is not None:
                return _walk(waiting, account, stream)
            walk = Walk(walk_id=uuid.uuid4().hex, account=account, stream=stream, ask=ask)
            connection.execute(
                sa.insert(t.walks).values(
                    walk_id=walk.walk_id,
                    stream_id=stream_id,
                    purpose=purpose,
                    ask=msgspec.json.encode(ask).decode(),
                    ended=False,
                    has_signpost=False,
                    opened_at=now,
                )
            )
            return walk

    def abandon(
        self,
        walk: Walk,
        outcome: Outcome,
        *,
        now: datetime,
        resume_at: datetime | None = None,
        drop_marker: bool = False,
    ) -> None:
        """Leave a walk unfinished (it goes on from its marker), or close it (the next starts anew)."""
        with self._database.write(walk.account.council) as connection:
            row = connection.execute(sa.select(t.walks).where(_w.walk_id == walk.walk_id)).first()
            if row is None or row.closed_at is not None:
                return
            if outcome is not Outcome.UNFINISHED:
                close_walk(connection, row, outcome, now=now)
                return
            values: dict[str, Any] = {"resume_at": resume_at}
            if drop_marker:
                values |= {"marker": None, "ended": False, "last_note": None}
                lists = t.walk_listings
                connection.execute(sa.delete(lists).where(lists.c.walk_id == walk.walk_id))
            connection.execute(sa.update(t.walks).where(_w.walk_id == walk.walk_id).values(values))

    def cursor(self, council: str, account: str, stream: Stream) -> Cursor | None:
        """Return the promoted cursor of a stream's edge."""
        wanted = sa.select(_s.cursor_id, _s.cursor_at).where(_is_stream(council, account, stream))
        with self._database.read() as connection:
            row = connection.execute(wanted).first()
        if row is None or (row.cursor_id is None and row.cursor_at is None):
            return None
        return Cursor(native_id=row.cursor_id, at=row.cursor_at)

    def last_whole(self, council: str, account: str, stream: Stream) -> datetime | None:
        """Return when an Edge of this stream last ended whole."""
        return self.last_ended(council, account, stream).get("edge")

    def last_ended(self, council: str, account: str, stream: Stream) -> Mapping[str, datetime]:
        """Return when walks of this stream last ended whole, by purpose."""
        e = t.endings.c
        wanted = (
            sa.select(e.purpose, e.ended_at)
            .join(t.streams, _s.id == e.stream_id)
            .where(_is_stream(council, account, stream))
        )
        with self._database.read() as connection:
            return {row.purpose: row.ended_at for row in connection.execute(wanted)}

    def unfinished(self, council: str, account: str) -> tuple[Walk, ...]:
        """Return the walks that wait to go on, the oldest first."""
        wanted = (
            sa.select(t.walks, _s.stream)
            .join(t.streams, _s.id == _w.stream_id)
            .where(_s.council == council, _s.account == account, _w.closed_at.is_(None))
            .order_by(_w.opened_at, _w.walk_id)
        )
        with self._database.read() as connection:
            rows = connection.execute(wanted).all()
            found = account_of(connection, council, account) if rows else None
        if found is None:
            return ()
        return tuple(_walk(row, found, Stream(row.stream)) for row in rows)

    def walk_history(self, council: str) -> Iterator[PastWalk]:
        """Yield the walks that were begun in the last three months, oldest first."""
        wanted = (
            sa.select(t.walks, _s.account, _s.stream)
            .join(t.streams, _s.id == _w.stream_id)
            .where(_s.council == council)
            .order_by(_w.opened_at, _w.walk_id)
        )
        with self._database.read() as connection:
            rows = connection.execute(wanted).all()
        for row in rows:
            yield _past(row)

    def windows_done(
        self, council: str, account: str, stream: Stream
    ) -> tuple[tuple[datetime, datetime], ...]:
        """Return the periods that whole Window walks have covered, joined and in order."""
        c = t.windows.c
        wanted = (
            sa.select(c.start_at, c.end_at)
            .join(t.streams, _s.id == c.stream_id)
            .where(_is_stream(council, account, stream))
            .order_by(c.start_at)
        )
        with self._database.read() as connection:
            return tuple((row.start_at, row.end_at) for row in connection.execute(wanted))


def open_row(connection: sa.Connection, walk: Walk) -> Any:
    """Return the row of an open walk.

    Raises:
        WriteConflictError: It was closed meanwhile (presence was rebuilt): run the job again.
    """
    row = connection.execute(sa.select(t.walks).where(_w.walk_id == walk.walk_id)).first()
    if row is None or row.closed_at is not None:
        raise WriteConflictError(
            f"The walk over {walk.stream} of {walk.account.account} was closed by another process.",
            remedy="Run it again: a new walk begins.",
        )
    return row


def close_walk(connection: sa.Connection, row: Any, outcome: Outcome, *, now: datetime) -> None:
    """Close a walk, forget what it knew of its lists, and let go of walks that are long closed."""
    lists = t.walk_listings
    connection.execute(sa.delete(lists).where(lists.c.walk_id == row.walk_id))
    closed = {"closed_at": now, "outcome": outcome.value, "marker": None, "resume_at": None}
    connection.execute(sa.update(t.walks).where(_w.walk_id == row.walk_id).values(closed))
    connection.execute(sa.delete(t.walks).where(_w.stream_id == row.stream_id, _w.closed_at < now - _KEPT))


def _is_stream(council: str, account: str, stream: Stream) -> sa.ColumnElement[bool]:
    return sa.and_(_s.council == council, _s.account == account, _s.stream == stream.value)


def _ask(row: Any) -> Ask:
    kind: type[Ask] = _ASKS.get(row.purpose, Window)
    return msgspec.json.decode(row.ask, type=kind)


def _walk(row: Any, account: Account, stream: Stream) -> Walk:
    walk = Walk(walk_id=row.walk_id, account=account, stream=stream, ask=_ask(row))
    return replace(walk, marker=row.marker, ended=row.ended, resume_at=row.resume_at)


def _past(row: Any) -> PastWalk:
    ask = _ask(row)
    covers: tuple[datetime | None, datetime | None] = (None, None)
    if isinstance(ask, Window):
        covers = (ask.start, ask.end)
    elif isinstance(ask, Edge) and ask.since is not None:
        covers = (ask.since.at, None)
    return PastWalk(
        account=row.account,
        stream=Stream(row.stream),
        started_at=row.opened_at,
        ended_at=row.closed_at or row.noted_at or row.opened_at,
        whole=row.outcome == Outcome.WHOLE and not isinstance(ask, Ids),
        outcome=row.outcome or Outcome.UNFINISHED.value,
        covers_from=covers[0],
        covers_to=covers[1],
        threads=tuple(ref.native_id for ref in ask.threads) if isinstance(ask, Threads) else None,
    )
