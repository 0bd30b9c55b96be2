"""What a walk did not see: absences of lists that ended, records to ask for by id, and their controls.

A list proves an absence only of what it could have shown: within the times that it was paged, in a state
that this view shows, and not looked at by another walk since this one began (or what was posted while a
long walk ran would count as absent).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from muniment.adapters.sql import tables as t
from muniment.adapters.sql.engine import Part
from muniment.adapters.sql.presence import PRESENCE, presence_of, watermark_of
from muniment.adapters.sql.tables import record_key
from muniment.adapters.sql.walks import open_row
from muniment.domain.due import BANDS, Band
from schemas.capture import RecordRef, Walk
from schemas.errors import IntegrityError
from schemas.observation import PUBLIC, Look, Presence, Sighting
from schemas.vocabulary import Answer, Series, State, Stream

__all__ = ["SqlAbsence", "must_be_current"]

_PAGE: Final = 1_000
_ASK_AGAIN: Final = timedelta(hours=8)
_LONG_ABSENT: Final = timedelta(hours=24)
_ABSENCES: Final = 2
_SWEEP_EVERY: Final = timedelta(days=1)
_OFTEN: Final = timedelta(days=1)
"""Age bands that are looked at at least as often as this are swept at each call: they are short."""

_p, _s, _l = t.presence.c, t.streams.c, t.listings.c


class SqlAbsence(Part):
    """Absent records, records to confirm, and controls."""

    def absent(self, walk: Walk, *, now: datetime) -> Iterator[Sighting]:
        """Yield an absent sighting for each record that a listing which ended should have shown.

        Its time is when the list was read to its end, so that the same absence is told alike twice.

        Raises:
            IntegrityError: Presence has not taken in the walk's own commits.
        """
        lists = t.walk_listings.c
        with self._database.read() as connection:
            row = open_row(connection, walk)
            must_be_current(connection, walk, row)
            ended = connection.execute(
                sa.select(t.walk_listings, _l.listing)
                .join(t.listings, _l.id == lists.listing_id)
                .where(lists.walk_id == walk.walk_id, lists.ended_at.is_not(None))
                .where(lists.absence_counts, lists.refused.is_(None))
                .order_by(lists.listing_id)
            ).all()
            unseen = _lists_with_unseen(connection, walk, [listed.listing_id for listed in ended])
        for listed in ended:
            if listed.listing_id in unseen:
                yield from self._absent_from(walk, row.opened_at, listed, at=min(listed.ended_at, now))

    def to_confirm(
        self, council: str, account: str, stream: Stream, *, now: datetime, limit: int
    ) -> tuple[Presence, ...]:
        """Return records that wait for an answer by id, oldest look first."""
        with self._database.read() as connection:
            stream_id = self.known_stream(connection, council, account, stream)
            if stream_id is None:
                return ()
            found = _asked(connection, stream_id, _waits(now), limit)
            swept_at = connection.execute(sa.select(_s.swept_at).where(_s.id == stream_id)).scalar()
            sweep = swept_at is None or now - swept_at >= _SWEEP_EVERY
            for band in BANDS:
                if len(found) < limit and (sweep or band.every <= _OFTEN):
                    unseen = _unseen(band, now)
                    found += _asked(connection, stream_id, unseen, limit - len(found))
        if sweep and len(found) < limit:
            with self._database.write(council) as connection:
                swept = sa.update(t.streams).where(_s.id == stream_id).values(swept_at=now)
                connection.execute(swept)
        return tuple(found)

    def controls(self, council: str, account: str, presence: Presence) -> tuple[RecordRef, ...]:
        """Return a live record of the same list (the same thread), else of the same account and stream."""
        key = record_key(presence.record_id)
        with self._database.read() as connection:
            stream_id = self.known_stream(connection, council, account, presence.stream)
            live = sa.and_(_p.state == State.LIVE.value, _p.shown == PUBLIC, _p.record_key != key)
            for where in (
                sa.and_(_p.listing_id == _listing_number(stream_id, presence.listing), live),
                sa.and_(_p.stream_id == stream_id, live),
            ):
                row = connection.execute(
                    sa.select(_p.record_id, _p.native_id, _p.thread_id, _p.filed_at)
                    .where(where)
                    .order_by(_p.filed_at.desc())
                    .limit(1)
                ).first()
                if row is not None:
                    ref = RecordRef(
                        record_id=row.record_id,
                        native_id=row.native_id,
                        thread_id=row.thread_id,
                        filed_at=row.filed_at,
                    )
                    return (ref,)
        return ()

    def _absent_from(
        self, walk: Walk, opened_at: datetime, listed: Any, *, at: datetime
    ) -> Iterator[Sighting]:
        of_list = [_p.listing_id == listed.listing_id]
        with self._database.read() as connection:
            answered = sa.select(sa.exists().where(*of_list, _p.last_walk == walk.walk_id))
            control_seen = bool(connection.execute(answered).scalar())
        due = [
            *of_list,
            _p.state.in_([State.LIVE.value, State.HIDDEN.value, State.MISSING.value]),
            _p.shown.in_(msgspec.json.decode(listed.shows)),
            _p.last_walk != walk.walk_id,
            _p.last_seen_at <= opened_at,
            _p.observed_at <= opened_at,
        ]
        if listed.since is not None or listed.until is not None:
            # Filed by when it was found: what could not be read then may have any age.
            due.append(_p.series != Series.UNREAD.value)
        if listed.since is not None:
            due.append(_p.filed_at >= listed.since)
        if listed.until is not None:
            due.append(_p.filed_at < listed.until)
        columns = sa.select(_p.record_key, _p.record_id, _p.native_id, _p.thread_id)
        last = b""
        while True:
            with self._database.read() as connection:
                rows = connection.execute(
                    columns.where(*due, _p.record_key > last).order_by(_p.record_key).limit(_PAGE)
                ).all()
            for row in rows:
                yield _sighting(walk, listed.listing, row, at=at, control_seen=control_seen)
            if len(rows) < _PAGE:
                return
            last = rows[-1].record_key


def _lists_with_unseen(connection: sa.Connection, walk: Walk, listing_ids: Sequence[int]) -> set[int]:
    """Return which lists hold a record that this walk has not seen: of a walk over 500 threads, few do."""
    found: set[int] = set()
    for start in range(0, len(listing_ids), _PAGE):
        of_lists = _p.listing_id.in_(listing_ids[start : start + _PAGE])
        wanted = sa.select(_p.listing_id).where(of_lists, _p.last_walk != walk.walk_id).distinct()
        found.update(connection.execute(wanted).scalars())
    return found


def must_be_current(connection: sa.Connection, walk: Walk, row: Any) -> None:
    """Refuse to judge while presence lags behind what the walk itself has kept.

    Raises:
        IntegrityError: It does.
    """
    seen = watermark_of(connection, walk.account.council)
    if seen < row.last_commit:
        raise IntegrityError(
            f"Presence of {walk.account.council} ends at commit {seen}, before {row.last_commit}, "
            "which this walk has kept.",
            remedy="This is a fault of muniment: please report it.",
        )


def _waits(now: datetime) -> sa.ColumnElement[bool]:
    looked_for = sa.and_(_p.observed_at <= now - _ASK_AGAIN, _p.last_seen_at <= now - _ASK_AGAIN)
    long_absent = sa.and_(_p.absences >= _ABSENCES, _p.first_absent_at <= now - _LONG_ABSENT)
    return sa.and_(_p.state == sa.literal_column("'missing'"), sa.or_(long_absent, looked_for))


def _unseen(band: Band, now: datetime) -> sa.ColumnElement[bool]:
    """Return: of this age, live or hidden, and seen by no walk for twice as long as the band allows."""
    seen_before = now - 2 * band.every
    unseen = sa.and_(
        _p.filed_at <= now - band.after,
        _p.state.in_([State.LIVE.value, State.HIDDEN.value]),
        _p.last_seen_at <= seen_before,
        _p.observed_at <= seen_before,
    )
    return unseen if band.upto is None else sa.and_(unseen, _p.filed_at > now - band.upto)


def _asked(
    connection: sa.Connection, stream_id: int, where: sa.ColumnElement[bool], limit: int
) -> list[Presence]:
    # What could not be read yet has no name to ask by.
    wanted = PRESENCE.where(_p.stream_id == stream_id, where, _p.native_id != sa.literal_column("''"))
    wanted = wanted.order_by(_p.observed_at, _p.record_key).limit(limit)
    return [presence_of(row) for row in connection.execute(wanted)]


def _listing_number(stream_id: int | None, listing: str) -> Any:
    wanted = sa.select(_l.id).where(_l.stream_id == stream_id, _l.listing == listing)
    return wanted.scalar_subquery()


def _sighting(walk: Walk, listing: str, row: Any, *, at: datetime, control_seen: bool) -> Sighting:
    return Sighting(
        look=Look(
            record_id=row.record_id,
            at=at,
            answer=Answer.ABSENT,
            capture_id="",
            walk_id=walk.walk_id,
            shown="",
            listing=listing,
            metrics={},
        ),
        account=walk.account.account,
        stream=walk.stream,
        native_id=row.native_id,
        thread_id=row.thread_id,
        control_seen=control_seen,
        version_id=None,
        exhibit=None,
    )
