"""What a kept batch leaves in the register, in one transaction; and the capture rows that wait.

A batch noted twice is noted once: its digest stands in the walk's row. The archive remembers up to which
number it took waiting capture rows, so numbers grow for ever: over an emptied queue, and over a register
that lost its last notes or was restored from a backup. Therefore they are drawn from the time.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from muniment.adapters.sql import tables as t
from muniment.adapters.sql.bulk import see_again, tell_threads
from muniment.adapters.sql.coverage import open_listing_gaps
from muniment.adapters.sql.presence import COMMENTS_METRIC
from muniment.adapters.sql.stubs import SqlStubs
from muniment.adapters.sql.tables import micros, record_key
from muniment.adapters.sql.walks import open_row
from muniment.ports import Noted
from schemas.capture import CaptureRow, Listed, Walk, comments_of
from schemas.vocabulary import Answer, Reason, Stream

__all__ = ["SqlNoting"]

_COMMENTS: Final = comments_of("")


class SqlNoting(SqlStubs):
    """Notes and the queue. What was destroyed, or is about to be, leaves no trace here: only its count."""

    def note(self, noted: Noted, *, now: datetime) -> None:
        """Remember marker, sightings, listings and counts of a kept batch, in one transaction.

        Raises:
            WriteConflictError: The walk was closed meanwhile.
        """
        council = noted.walk.account.council
        with self._database.write(council) as connection:
            row = open_row(connection, noted.walk)
            digest = _digest(noted)
            if row.last_note == digest:
                return
            gone = self._gone(noted)
            self._see(connection, row.stream_id, noted, gone)
            self._hear_of_listings(connection, row, noted, gone, now=now)
            self._queue(connection, council, noted, now=now)
            values: dict[str, Any] = {
                "marker": noted.marker,
                "ended": noted.ended,
                "noted_at": now,
                "resume_at": None,
                "last_note": digest,
                "last_commit": max(row.last_commit, noted.kept.commit_no or 0),
                **{name: getattr(row, name) + count for name, count in _counts(noted).items()},
            }
            if noted.signpost is not None:
                values |= {
                    "has_signpost": True,
                    "signpost_id": noted.signpost.native_id,
                    "signpost_at": noted.signpost.at,
                }
            of_walk = t.walks.c.walk_id == noted.walk.walk_id
            connection.execute(sa.update(t.walks).where(of_walk).values(values))

    def queued(self, council: str, *, limit: int = 10_000) -> tuple[tuple[int, CaptureRow], ...]:
        """Return the waiting rows, numbered, oldest first."""
        c = t.queue.c
        wanted = sa.select(c.number, c.capture).where(c.council == council).order_by(c.number).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(wanted).all()
        return tuple((row.number, msgspec.json.decode(row.capture, type=CaptureRow)) for row in rows)

    def oldest_queued_at(self, council: str) -> datetime | None:
        """Return when the oldest waiting row was fetched."""
        c = t.queue.c
        with self._database.read() as connection:
            found: datetime | None = connection.execute(
                sa.select(sa.func.min(c.fetched_at)).where(c.council == council)
            ).scalar()
        return found

    def _gone(self, noted: Noted) -> frozenset[str]:
        """Return what is disposed by now: also of records whose own list was read, and since `keep`."""
        named = {look.record_id for look in noted.looks}
        named |= {_root(one.listing) for one in noted.listings if one.listing.startswith(_COMMENTS)}
        return noted.kept.disposed | self.disposed(noted.walk.account.council, tuple(named))

    def _see(self, connection: sa.Connection, stream_id: int, noted: Noted, gone: frozenset[str]) -> None:
        seen = [look for look in noted.looks if look.answer is Answer.SEEN and look.record_id not in gone]
        if noted.walk.stream is Stream.POSTS:
            told = [
                (record_key(look.record_id), stream_id, None, look.metrics[COMMENTS_METRIC], micros(look.at))
                for look in seen
                if COMMENTS_METRIC in look.metrics
            ]
            tell_threads(connection, told)
        taken_in = noted.kept.taken_in
        if taken_in and len({look.record_id for look in seen}) == len(seen):
            # Presence took these looks in with the commit: of a backfill nothing is left to say.
            seen = [look for look in seen if look.record_id not in taken_in]
        again = [(record_key(look.record_id), micros(look.at)) for look in seen]
        see_again(connection, stream_id, noted.walk.walk_id, again)

    def _hear_of_listings(
        self, connection: sa.Connection, row: Any, noted: Noted, gone: frozenset[str], *, now: datetime
    ) -> None:
        disposed = Counter(
            look.listing
            for look in noted.looks
            if look.record_id in gone and look.listing and _root(look.listing) not in gone
        )
        heard = _last_of_each([one for one in noted.listings if _root(one.listing) not in gone])
        names = heard.keys() | disposed.keys()
        if not names:
            return
        ids = self.listing_ids(connection, row.stream_id, set(names))
        c = t.walk_listings.c
        before = {
            found.listing_id: found
            for found in connection.execute(sa.select(t.walk_listings).where(c.walk_id == row.walk_id))
        }
        values = [
            _heard(before.get(ids[name]), heard.get(name), disposed[name], now=now)
            | {"walk_id": row.walk_id, "listing_id": ids[name]}
            for name in sorted(names)
        ]
        insert = self._database.insert(t.walk_listings)
        updated = {column.name: insert.excluded[column.name] for column in c if not column.primary_key}
        connection.execute(
            insert.on_conflict_do_update(index_elements=["walk_id", "listing_id"], set_=updated), values
        )
        refused = {name: one.refused for name, one in heard.items() if one.refused is not None}
        open_listing_gaps(connection, self._database, row.stream_id, refused, now=now)
        if noted.walk.stream is Stream.COMMENTS:
            read = [name for name, one in heard.items() if _is_read(one)]
            self._threads_were_read(connection, noted.walk, read, now=now)

    def _threads_were_read(
        self, connection: sa.Connection, walk: Walk, listings: Iterable[str], *, now: datetime
    ) -> None:
        """Remember the reading, and how many comments the post had told of until then."""
        account = walk.account
        posts = self.known_stream(connection, account.council, account.account, Stream.POSTS)
        keys = [record_key(name.removeprefix(_COMMENTS)) for name in listings if name.startswith(_COMMENTS)]
        c = t.threads.c
        for start in range(0, len(keys), 1000):
            of_threads = sa.and_(c.stream_id == posts, c.record_key.in_(keys[start : start + 1000]))
            values = {"last_read_at": now, "reported_when_read": c.reported}
            connection.execute(sa.update(t.threads).where(of_threads).values(values))

    def _queue(self, connection: sa.Connection, council: str, noted: Noted, *, now: datetime) -> None:
        c = t.queue.c
        if noted.queue_taken:
            taken = sa.delete(t.queue).where(c.council == council, c.number <= noted.queue_taken)
            connection.execute(taken)
        if not noted.queued and not noted.queue_taken:
            return
        of_council = t.councils.c.council == council
        last = connection.execute(sa.select(t.councils.c.queue_number).where(of_council)).scalar_one()
        last = max(last, noted.queue_taken, micros(now))
        rows = [
            {
                "council": council,
                "number": last + number,
                "capture_id": capture.capture_id,
                "fetched_at": capture.fetched_at,
                "capture": msgspec.json.encode(capture).decode(),
            }
            for number, capture in enumerate(noted.queued, 1)
        ]
        if rows:
            connection.execute(self._database.insert(t.queue).on_conflict_do_nothing(), rows)
        number = last + len(rows)
        connection.execute(sa.update(t.councils).where(of_council).values(queue_number=number))


def _is_read(listed: Listed) -> bool:
    """Whether a thread was read as far as it can be: what the platform gives no more is asked for by age."""
    return listed.refused is Reason.PAGED_OUT or (listed.ended and listed.refused is None)


def _root(listing: str) -> str:
    """Return the record whose comments a list holds; of another list its own name, which is no record's."""
    return listing.removeprefix(_COMMENTS)


def _digest(noted: Noted) -> bytes:
    captures = {look.capture_id for look in noted.looks} | {row.capture_id for row in noted.queued}
    told = (noted.marker, noted.ended, noted.kept.commit_no, noted.pages, sorted(captures))
    return hashlib.sha256(msgspec.json.encode(told)).digest()


def _counts(noted: Noted) -> dict[str, int]:
    return {
        "pages": noted.pages,
        "new": noted.kept.new,
        "changed": noted.kept.changed,
        "unchanged": noted.unchanged,
        "unread": noted.unread,
        "media": noted.media,
        "media_pending": noted.media_pending,
        "disposed": len(noted.kept.disposed),
        "cost_micros": noted.cost_micros,
    }


def _last_of_each(listings: Sequence[Listed]) -> dict[str, Listed]:
    """Return the last word on each list; the total is that of its last page that gave one."""
    found: dict[str, Listed] = {}
    for listed in listings:
        before = found.get(listed.listing)
        found[listed.listing] = listed if before is None else _joined(before, listed)
    return found


def _joined(before: Listed, after: Listed) -> Listed:
    ended = before.ended or after.ended
    return replace(
        after,
        ended=ended,
        reported=before.reported if after.reported is None else after.reported,
        short=before.short if after.short is Reason.UNEXPLAINED else after.short,
        absence_counts=after.absence_counts if after.ended or not before.ended else before.absence_counts,
        refused=None if after.ended else after.refused or before.refused,
    )


def _heard(before: Any, listed: Listed | None, disposed: int, *, now: datetime) -> dict[str, Any]:
    """Return what a walk knows of one list after this batch; `before` is its row until then."""
    if before is not None:
        known = _listed(before)
        listed = known if listed is None else _joined(known, listed)
        disposed += before.disposed
    elif listed is None:
        listed = Listed(listing="", ended=False)
    ended_at = None if before is None else before.ended_at
    return {
        "ended_at": ended_at or (now if listed.ended else None),
        "reported": listed.reported,
        "short": listed.short.value,
        "absence_counts": listed.absence_counts,
        "since": listed.since,
        "until": listed.until,
        "shows": msgspec.json.encode(sorted(listed.shows)).decode(),
        "refused": None if listed.refused is None else listed.refused.value,
        "disposed": disposed,
    }


def _listed(row: Any) -> Listed:
    return Listed(
        listing="",
        ended=row.ended_at is not None,
        reported=row.reported,
        short=Reason(row.short),
        absence_counts=row.absence_counts,
        since=row.since,
        until=row.until,
        shows=frozenset(msgspec.json.decode(row.shows)),
        refused=None if row.refused is None else Reason(row.refused),
    )
