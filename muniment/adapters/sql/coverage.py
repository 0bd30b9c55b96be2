"""Gaps and the completeness ledger in the register: what we could not see, and what is lacking."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from muniment.adapters.sql import tables as t
from muniment.adapters.sql.engine import Database, Part
from schemas.london import london_day_starts
from schemas.report import Completeness, Gap
from schemas.vocabulary import Reason, Stream

__all__ = ["SqlCoverage", "close_open_gaps", "line_of", "open_listing_gaps", "record_silence"]

_WHOLE: Final = ""
"""The listing of a gap that blinds the whole stream."""

_g, _s, _l, _c = t.gaps.c, t.streams.c, t.listings.c, t.ledger.c


class SqlCoverage(Part):
    """Gaps and ledger lines."""

    def open_gap(self, council: str, gap: Gap) -> None:
        """Open a gap, unless one of the same stream, listing and reason is open."""
        with self._database.write(council) as connection:
            stream_id = self.stream_id(connection, council, gap.account, gap.stream)
            row = {
                "stream_id": stream_id,
                "listing": gap.listing or _WHOLE,
                "reason": gap.reason.value,
                "starts_at": gap.starts_at,
                "ends_at": gap.ends_at,
            }
            connection.execute(self._database.insert(t.gaps).values(row).on_conflict_do_nothing())

    def gaps(self, council: str, *, since: date | None = None, until: date | None = None) -> tuple[Gap, ...]:
        """Return gaps that touch the London dates given, the earliest first."""
        wanted = sa.select(t.gaps, _s.account, _s.stream).join(t.streams, _s.id == _g.stream_id)
        wanted = wanted.where(_s.council == council)
        if since is not None:
            wanted = wanted.where(sa.or_(_g.ends_at.is_(None), _g.ends_at > london_day_starts(since)))
        if until is not None:
            wanted = wanted.where(_g.starts_at < london_day_starts(until + timedelta(days=1)))
        with self._database.read() as connection:
            rows = connection.execute(wanted.order_by(_g.starts_at, _g.id)).all()
        return tuple(
            Gap(
                account=row.account,
                stream=Stream(row.stream),
                listing=row.listing or None,
                reason=Reason(row.reason),
                starts_at=row.starts_at,
                ends_at=row.ends_at,
            )
            for row in rows
        )

    def ledger(self, council: str, *, account: str | None = None) -> Iterator[Completeness]:
        """Yield the newest ledger line of each listing; `at` is when it was last found to be so."""
        wanted = (
            sa.select(t.ledger, _s.account, _s.stream, _l.listing)
            .join(t.listings, _l.line_id == _c.id)
            .join(t.streams, _s.id == _l.stream_id)
            .where(_s.council == council)
            .order_by(_s.account, _s.stream, _l.id)
        )
        if account is not None:
            wanted = wanted.where(_s.account == account)
        with self._database.read() as connection:
            rows = connection.execute(wanted).all()
        for row in rows:
            yield line_of(row)


def line_of(row: Any) -> Completeness:
    """Return a row of the ledger, with account, stream and listing, as a value."""
    short = msgspec.json.decode(row.short, type=dict[str, int])
    return Completeness(
        account=row.account,
        stream=Stream(row.stream),
        listing=row.listing,
        at=row.confirmed_at,
        reported=row.reported,
        captured=row.captured,
        removed=row.removed,
        short={Reason(reason): count for reason, count in short.items()},
    )


def open_listing_gaps(
    connection: sa.Connection,
    database: Database,
    stream_id: int,
    refused: Mapping[str, Reason],
    *,
    now: datetime,
) -> None:
    """Open a gap for each list that was refused, unless one is open."""
    rows = [
        {"stream_id": stream_id, "listing": name, "reason": reason.value, "starts_at": now, "ends_at": None}
        for name, reason in refused.items()
    ]
    if rows:
        connection.execute(database.insert(t.gaps).on_conflict_do_nothing(), rows)


def close_open_gaps(
    connection: sa.Connection, stream_id: int, listings: Iterable[str], *, whole: bool, at: datetime
) -> None:
    """Close the gaps that a walk covers: those of lists that ended, and (`whole`) the stream's own."""
    names = [name for name in listings if name != _WHOLE]
    still_open = sa.and_(_g.stream_id == stream_id, _g.ends_at.is_(None))
    if whole:
        names.append(_WHOLE)
    for start in range(0, len(names), 1000):
        covered = sa.and_(still_open, _g.listing.in_(names[start : start + 1000]))
        connection.execute(sa.update(t.gaps).where(covered).values(ends_at=at))


def record_silence(
    connection: sa.Connection,
    database: Database,
    stream_id: int,
    *,
    start: datetime,
    end: datetime,
    longest: timedelta,
) -> None:
    """Record what no walk and no other gap of the stream accounts for, where it is longer than `longest`."""
    wanted = sa.select(_g.starts_at, _g.ends_at).where(
        _g.stream_id == stream_id,
        _g.listing == _WHOLE,
        _g.starts_at < end,
        sa.or_(_g.ends_at.is_(None), _g.ends_at > start),
    )
    upto = start
    silent: list[tuple[datetime, datetime]] = []
    for row in connection.execute(wanted.order_by(_g.starts_at)):
        silent.append((upto, row.starts_at))
        upto = max(upto, end if row.ends_at is None else row.ends_at)
    silent.append((upto, end))
    rows = [
        {
            "stream_id": stream_id,
            "listing": _WHOLE,
            "reason": Reason.NO_RUN.value,
            "starts_at": begin,
            "ends_at": stop,
        }
        for begin, stop in silent
        if stop - begin > longest
    ]
    if rows:
        connection.execute(database.insert(t.gaps).on_conflict_do_nothing(), rows)
