"""The end of a whole walk, in one transaction: cursor, gaps, windows, threads and the completeness ledger.

What is captured is counted in presence over every record that the list could show, also those of earlier
walks. A shortfall is told by reason: what we destroyed first, then the platform's own limit where its
rules tell, and what is left is unexplained. More held than reported stands there too, below zero: the
line always adds up.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from muniment.adapters.sql import tables as t
from muniment.adapters.sql.absence import must_be_current
from muniment.adapters.sql.coverage import close_open_gaps, line_of, record_silence
from muniment.adapters.sql.engine import Part
from muniment.adapters.sql.tables import record_key
from muniment.adapters.sql.walks import close_walk, open_row
from muniment.domain.due import ThreadDue
from schemas.capture import Edge, Ids, RecordRef, Threads, Walk, Window, comments_of
from schemas.errors import IntegrityError
from schemas.report import Completeness
from schemas.vocabulary import Outcome, Reason, State, Stream

__all__ = ["SqlPromotion"]

_SILENT_INTERVALS: Final = 3
_SILENT_AT_LEAST: Final = timedelta(hours=1)
_PAGE: Final = 1_000
_COMMENTS: Final = comments_of("")

_p, _s, _l, _c, _g = t.presence.c, t.streams.c, t.listings.c, t.ledger.c, t.gaps.c


class SqlPromotion(Part):
    """Promotion, and the threads that the next walks choose from."""

    def promote(self, walk: Walk, *, now: datetime) -> tuple[Completeness, ...]:
        """Close a whole walk: cursor := signpost, the gaps it covers close, the ledger is written.

        Raises:
            WriteConflictError: The walk was closed meanwhile.
            IntegrityError: It is not whole, or presence has not taken in its commits.
        """
        with self._database.write(walk.account.council) as connection:
            row = open_row(connection, walk)
            if not row.ended:
                raise IntegrityError(
                    f"The walk over {walk.stream} of {walk.account.account} has not ended.",
                    remedy="This is a fault of muniment: please report it.",
                )
            must_be_current(connection, walk, row)
            lists = self._lists(connection, walk)
            lines = tuple(self._lines(connection, lists, now=now))
            self._close_gaps(connection, walk, row, lists, now=now)
            if isinstance(walk.ask, Ids):
                self._end_threads_of_gone_posts(connection, walk, now=now)
            if isinstance(walk.ask, Edge) and row.has_signpost:
                promoted = {"cursor_id": row.signpost_id, "cursor_at": row.signpost_at}
                connection.execute(sa.update(t.streams).where(_s.id == row.stream_id).values(promoted))
            if isinstance(walk.ask, Window):
                _join_window(connection, row.stream_id, walk.ask)
            ending = {"stream_id": row.stream_id, "purpose": row.purpose, "ended_at": now}
            connection.execute(
                self._database.insert(t.endings)
                .values(ending)
                .on_conflict_do_update(index_elements=["stream_id", "purpose"], set_={"ended_at": now})
            )
            close_walk(connection, row, Outcome.WHOLE, now=now)
        return lines

    def threads(self, council: str, account: str) -> Iterator[ThreadDue]:
        """Yield the account's threads whose post stands, newest first."""
        c = t.threads.c
        with self._database.read() as connection:
            stream_id = self.known_stream(connection, council, account, Stream.POSTS)
        if stream_id is None:
            return
        wanted = (
            sa.select(t.threads, _p.record_id, _p.native_id, _p.thread_id, _p.state)
            .join(t.presence, sa.and_(_p.record_key == c.record_key, _p.stream_id == c.stream_id))
            .where(c.stream_id == stream_id, c.filed_at.is_not(None))
            .order_by(c.filed_at.desc(), c.record_key.desc())
            .limit(_PAGE)
        )
        page = wanted
        while True:
            with self._database.read() as connection:
                rows = connection.execute(page).all()
            for row in rows:
                if row.state in (State.LIVE, State.HIDDEN):
                    yield _thread(row)
            if len(rows) < _PAGE:
                return
            last = rows[-1]
            older = c.filed_at < last.filed_at
            same = sa.and_(c.filed_at == last.filed_at, c.record_key < last.record_key)
            page = wanted.where(sa.or_(older, same))

    def _lists(self, connection: sa.Connection, walk: Walk) -> Sequence[Any]:
        c = t.walk_listings.c
        return connection.execute(
            sa.select(t.walk_listings, _l.listing, _l.line_id, _s.account, _s.stream)
            .join(t.listings, _l.id == c.listing_id)
            .join(t.streams, _s.id == _l.stream_id)
            .where(c.walk_id == walk.walk_id)
            .where(sa.or_(c.ended_at.is_not(None), c.refused.is_not(None)))
            .order_by(c.listing_id)
        ).all()

    def _lines(
        self, connection: sa.Connection, lists: Sequence[Any], *, now: datetime
    ) -> Iterator[Completeness]:
        counted = _counted(connection, [listed.listing_id for listed in lists])
        before = _newest(connection, [listed.line_id for listed in lists if listed.line_id is not None])
        same: list[int] = []
        rows: list[dict[str, Any]] = []
        for listed in lists:
            told = _line(listed, counted.get(listed.listing_id, {}))
            old = before.get(listed.line_id)
            if old is not None and told == {name: getattr(old, name) for name in told}:
                same.append(old.id)
            else:
                rows.append({"listing_id": listed.listing_id, "at": now, "confirmed_at": now, **told})
            yield line_of(_Line(listed, told, now))
        for start in range(0, len(same), _PAGE):
            unchanged = sa.update(t.ledger).where(_c.id.in_(same[start : start + _PAGE]))
            connection.execute(unchanged.values(confirmed_at=now))
        if rows:
            insert = sa.insert(t.ledger).returning(_c.id, sort_by_parameter_order=True)
            numbers = connection.execute(insert, rows).scalars().all()
            newest = (
                sa.update(t.listings).where(_l.id == sa.bindparam("of")).values(line_id=sa.bindparam("no"))
            )
            told_by = zip(rows, numbers, strict=True)
            connection.execute(newest, [{"of": row["listing_id"], "no": number} for row, number in told_by])

    def _close_gaps(
        self, connection: sa.Connection, walk: Walk, row: Any, lists: Sequence[Any], *, now: datetime
    ) -> None:
        ended = [listed.listing for listed in lists if listed.refused is None]
        sees = isinstance(walk.ask, Edge | Threads) and (bool(ended) or not lists)
        close_open_gaps(connection, row.stream_id, ended, whole=sees, at=now)
        if not (isinstance(walk.ask, Edge) and walk.stream is Stream.POSTS):
            return
        e = t.endings.c
        last_whole = connection.execute(
            sa.select(e.ended_at).where(e.stream_id == row.stream_id, e.purpose == row.purpose)
        ).scalar()
        longest = max(_SILENT_INTERVALS * walk.account.interval, _SILENT_AT_LEAST)
        if last_whole is not None and now - last_whole > longest:
            record_silence(
                connection, self._database, row.stream_id, start=last_whole, end=now, longest=longest
            )

    def _end_threads_of_gone_posts(self, connection: sa.Connection, walk: Walk, *, now: datetime) -> None:
        """Close the gaps of threads whose post is gone by now: nothing is withheld, none is read again."""
        account = walk.account
        comments = self.known_stream(connection, account.council, account.account, Stream.COMMENTS)
        posts = self.known_stream(connection, account.council, account.account, Stream.POSTS)
        if comments is None:
            return
        refused = _g.stream_id == comments, _g.ends_at.is_(None), _g.listing.startswith(_COMMENTS)
        roots = [
            name.removeprefix(_COMMENTS)
            for name in connection.execute(sa.select(_g.listing).where(*refused)).scalars()
        ]
        for start in range(0, len(roots), _PAGE):
            keys = [record_key(root) for root in roots[start : start + _PAGE]]
            gone = sa.and_(_p.stream_id == posts, _p.record_key.in_(keys), _p.state == State.GONE.value)
            ended = connection.execute(sa.select(_p.record_id).where(gone)).scalars()
            close_open_gaps(connection, comments, map(comments_of, ended), whole=False, at=now)


class _Line:
    """A ledger line as `line_of` reads it."""

    def __init__(self, listed: Any, told: Mapping[str, Any], at: datetime) -> None:
        self.account, self.stream, self.listing = listed.account, listed.stream, listed.listing
        self.confirmed_at = at
        self.reported, self.captured = told["reported"], told["captured"]
        self.removed, self.short = told["removed"], told["short"]


_Counts = Mapping[tuple[str, str], int]
"""Records of one list by (state, shown)."""


def _counted(connection: sa.Connection, listing_ids: Sequence[int]) -> dict[int, dict[tuple[str, str], int]]:
    found: dict[int, dict[tuple[str, str], int]] = {}
    for start in range(0, len(listing_ids), _PAGE):
        rows = connection.execute(
            sa.select(_p.listing_id, _p.state, _p.shown, sa.func.count())
            .where(_p.listing_id.in_(listing_ids[start : start + _PAGE]))
            .group_by(_p.listing_id, _p.state, _p.shown)
        )
        for listing_id, state, shown, count in rows:
            found.setdefault(listing_id, {})[state, shown] = count
    return found


def _newest(connection: sa.Connection, line_ids: Sequence[int]) -> dict[int | None, Any]:
    found: dict[int | None, Any] = {}
    for start in range(0, len(line_ids), _PAGE):
        wanted = sa.select(t.ledger).where(_c.id.in_(line_ids[start : start + _PAGE]))
        found |= {row.id: row for row in connection.execute(wanted)}
    return found


def _line(listed: Any, counts: _Counts) -> dict[str, Any]:
    shows = set(msgspec.json.decode(listed.shows))
    stands = (State.LIVE.value, State.HIDDEN.value)
    captured = sum(n for (state, shown), n in counts.items() if state in stands and shown in shows)
    removed = sum(n for (state, _), n in counts.items() if state not in stands)
    short: dict[str, int] = {}
    if listed.reported is not None:
        lacking = listed.reported - captured
        disposed = min(listed.disposed, max(lacking, 0))
        reason = Reason(listed.refused or listed.short) if lacking > 0 else Reason.UNEXPLAINED
        for why, count in ((Reason.DISPOSED, disposed), (reason, lacking - disposed)):
            if count:
                short[why.value] = count
    return {
        "reported": listed.reported,
        "captured": captured,
        "removed": removed,
        "short": msgspec.json.encode(short, order="sorted").decode(),
    }


def _join_window(connection: sa.Connection, stream_id: int, window: Window) -> None:
    """Add a period to those covered; periods that touch become one."""
    c = t.windows.c
    touching = sa.and_(c.stream_id == stream_id, c.start_at <= window.end, c.end_at >= window.start)
    rows = connection.execute(sa.select(c.start_at, c.end_at).where(touching)).all()
    connection.execute(sa.delete(t.windows).where(touching))
    joined = {
        "stream_id": stream_id,
        "start_at": min([window.start, *(row.start_at for row in rows)]),
        "end_at": max([window.end, *(row.end_at for row in rows)]),
    }
    connection.execute(sa.insert(t.windows).values(joined))


def _thread(row: Any) -> ThreadDue:
    return ThreadDue(
        ref=RecordRef(
            record_id=row.record_id, native_id=row.native_id, thread_id=row.thread_id, filed_at=row.filed_at
        ),
        reported=row.reported,
        reported_at=row.reported_at,
        reported_when_read=row.reported_when_read,
        last_read_at=row.last_read_at,
    )
