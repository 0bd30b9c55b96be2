"""Presence in the register: how each record stands, a view of the archive's observation rows.

Taking observations in is idempotent and does not mind their order: of two rows about one record the one
with the later look wins, then the one with the higher commit. `last_seen_at` is when a record was last
seen: an absence, a refusal or a "gone" does not move it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from typing_extensions import override

from muniment.adapters.sql import tables as t
from muniment.adapters.sql.bulk import take_presence, tell_threads
from muniment.adapters.sql.engine import Part
from muniment.adapters.sql.tables import from_micros, record_key
from muniment.ports import PresenceView
from schemas.arrow import UTC
from schemas.observation import Presence
from schemas.vocabulary import Answer, Outcome, Series, State, Stream

__all__ = ["COMMENTS_METRIC", "PRESENCE", "SqlPresence", "chunks", "presence_of", "watermark_of"]

COMMENTS_METRIC: Final = "comments"
"""The name of the metric by which a post reports how many comments its thread has."""

_CHUNK: Final = 5_000
_TAKEN: Final = (
    *("record_id", "account", "stream", "listing", "thread_id", "native_id", "record_series"),
    *("digest_rule", "filed_at", "version_id", "state", "shown", "absences", "first_absent_at"),
    *("metrics", "at", "commit_no", "walk_id", "answer"),
)
_NO_METRICS: Final = "{}"
_SEEN: Final = Answer.SEEN.value
_SERIES: Final = {series.value: series for series in Series}
_STATES: Final = {state.value: state for state in State}
_STREAMS: Final = {stream.value: stream for stream in Stream}

_p, _s, _l = t.presence.c, t.streams.c, t.listings.c


def _raw(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return an instant as its number: converting it in `presence_of` costs a third."""
    return sa.type_coerce(column, sa.BigInteger)


PRESENCE: Final = (
    sa.select(_p.record_id, _s.account, _s.stream, _l.listing, _p.thread_id, _p.native_id, _p.series)
    .add_columns(_p.digest_rule, _raw(_p.filed_at), _p.version_id, _p.state, _p.shown, _p.absences)
    .add_columns(_raw(_p.first_absent_at), _p.metrics, _raw(_p.metrics_at), _p.last_walk)
    .add_columns(_raw(_p.last_seen_at), _raw(_p.observed_at))
    .join_from(t.presence, t.streams, _s.id == _p.stream_id)
    .join(t.listings, _l.id == _p.listing_id)
)
"""What `presence_of` reads."""


def presence_of(row: Sequence[Any]) -> Presence:
    """Return a row of PRESENCE as a value."""
    (record_id, account, stream, listing, thread_id, native_id, series, digest_rule, filed_at) = row[:9]
    (version_id, state, shown, absences, first_absent_at, metrics, metrics_at, last_walk) = row[9:17]
    return Presence(
        record_id=record_id,
        account=account,
        stream=_STREAMS[stream],
        listing=listing,
        thread_id=thread_id,
        native_id=native_id,
        series=_SERIES[series],
        digest_rule=digest_rule,
        filed_at=from_micros(filed_at),
        version_id=version_id,
        state=_STATES[state],
        shown=shown,
        absences=absences,
        first_absent_at=None if first_absent_at is None else from_micros(first_absent_at),
        metrics={} if metrics == _NO_METRICS else msgspec.json.decode(metrics),
        metrics_at=None if metrics_at is None else from_micros(metrics_at),
        last_walk=last_walk,
        last_seen_at=from_micros(row[17]),
        observed_at=from_micros(row[18]),
    )


_PRESENCE_SQLITE: Final = str(PRESENCE.compile(dialect=sqlite.dialect()))


def _known_rows(connection: sa.Connection, council: str, keys: Sequence[bytes]) -> Iterable[Sequence[Any]]:
    """Return the rows of PRESENCE with these keys. SQLite is asked in its own words.

    SQLAlchemy names each of thousands of parameters, which costs twice what looking them up does.
    """
    if connection.dialect.name != "sqlite":
        return connection.execute(PRESENCE.where(_p.record_key.in_(keys), _s.council == council))
    marks = ",".join("?" * len(keys))
    where = f"WHERE streams.council = ? AND presence.record_key IN ({marks})"
    return connection.exec_driver_sql(f"{_PRESENCE_SQLITE} {where}", (council, *keys))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unknown:
    """Which records a council's presence did not know at a watermark."""

    council: str = ""
    watermark: int = 0
    record_ids: frozenset[str] = frozenset()


_NOTHING_ASKED: Final = _Unknown()


class SqlPresence(Part, PresenceView):
    """Presence over SQLite or PostgreSQL."""

    _before: _Unknown = _NOTHING_ASKED

    @override
    def watermark(self, council: str) -> int:
        with self._database.read() as connection:
            return watermark_of(connection, council)

    @override
    def catch_up(self, council: str, upto: int, observations: Iterable[pa.RecordBatch]) -> None:
        with self._database.write(council) as connection:
            self._take_in(connection, council, upto, observations)

    @override
    def known(self, council: str, record_ids: Sequence[str]) -> Mapping[str, tuple[Presence, ...]]:
        # Each batch is asked for twice: before it is read, and under the archive's lock. Only a commit brings
        # a record in, and moves the watermark: what was unknown a moment ago is so still, if that stands.
        before, self._before = self._before, _NOTHING_ASKED
        found: dict[str, list[Presence]] = {}
        with self._database.read() as connection:
            watermark = watermark_of(connection, council)
            stands = before.record_ids and (before.council, before.watermark) == (council, watermark)
            asked = [one for one in record_ids if one not in before.record_ids] if stands else record_ids
            for ids in chunks(asked):
                keys = [record_key(record_id) for record_id in ids]
                for row in _known_rows(connection, council, keys):
                    found.setdefault(row[0], []).append(presence_of(row))
        if not stands:
            unknown = frozenset(record_ids) - found.keys()
            self._before = _Unknown(council=council, watermark=watermark, record_ids=unknown)
        return {record_id: tuple(presences) for record_id, presences in found.items()}

    @override
    def rebuild(self, council: str, upto: int, observations: Iterable[pa.RecordBatch]) -> None:
        streams = sa.select(_s.id).where(_s.council == council).scalar_subquery()
        with self._database.write(council) as connection:
            connection.execute(sa.delete(t.presence).where(_p.stream_id.in_(streams)))
            self._abandon_open_walks(connection, streams)
            connection.execute(
                sa.update(t.councils).where(t.councils.c.council == council).values(watermark=0)
            )
            self._take_in(connection, council, upto, observations)
            gone = ~sa.exists().where(
                _p.record_key == t.threads.c.record_key, _p.stream_id == t.threads.c.stream_id
            )
            connection.execute(sa.delete(t.threads).where(t.threads.c.stream_id.in_(streams), gone))

    def _abandon_open_walks(self, connection: sa.Connection, streams: Any) -> None:
        w = t.walks.c
        still_open = sa.and_(w.stream_id.in_(streams), w.closed_at.is_(None))
        ids = sa.select(w.walk_id).where(still_open).scalar_subquery()
        connection.execute(sa.delete(t.walk_listings).where(t.walk_listings.c.walk_id.in_(ids)))
        connection.execute(
            sa.update(t.walks)
            .where(still_open)
            .values(closed_at=sa.func.coalesce(w.noted_at, w.opened_at), outcome=Outcome.FAILED)
        )

    def _take_in(
        self,
        connection: sa.Connection,
        council: str,
        upto: int,
        observations: Iterable[pa.RecordBatch],
    ) -> None:
        numbers = _Numbers(self, connection, council)
        for batch in observations:
            told = _Told(batch, after=watermark_of(connection, council), upto=upto)
            streams, listings = numbers.of(told)
            take_presence(connection, told.presence_rows(streams, listings))
            tell_threads(connection, told.thread_rows(streams))
        connection.execute(
            sa.update(t.councils)
            .where(t.councils.c.council == council, t.councils.c.watermark < upto)
            .values(watermark=upto)
        )


class _Numbers:
    """The numbers of the streams and listings that one run of `catch_up` meets."""

    def __init__(self, part: SqlPresence, connection: sa.Connection, council: str) -> None:
        self._part = part
        self._connection = connection
        self._council = council
        self._streams: dict[tuple[str, str], int] = {}
        self._listings: dict[tuple[int, str], int] = {}

    def of(self, told: "_Told") -> tuple[list[int], list[int]]:
        """Return the stream's and the listing's number for each row."""
        keys = list(zip(told["account"], told["stream"], strict=True))
        for account, stream in set(keys) - self._streams.keys():
            self._streams[account, stream] = self._part.stream_id(
                self._connection, self._council, account, stream
            )
        streams = [self._streams[key] for key in keys]
        pairs = list(zip(streams, told["listing"], strict=True))
        new: dict[int, set[str]] = {}
        for stream_id, listing in set(pairs) - self._listings.keys():
            new.setdefault(stream_id, set()).add(listing)
        for stream_id, names in new.items():
            ids = self._part.listing_ids(self._connection, stream_id, names)
            self._listings |= {(stream_id, name): number for name, number in ids.items()}
        return streams, [self._listings[pair] for pair in pairs]


class _Told:
    """The observations of one batch that are due, as columns, the oldest look first."""

    def __init__(self, batch: pa.RecordBatch, *, after: int, upto: int) -> None:
        batch = batch.select(_TAKEN)
        if not _is_one_new_commit(batch, after, upto):
            commits = batch.column("commit_no")
            due = pc.and_(pc.greater(commits, after), pc.less_equal(commits, upto))
            batch = batch.filter(due).sort_by([("at", "ascending"), ("commit_no", "ascending")])
        self._columns = {name: _plain(batch.column(name)) for name in _TAKEN}

    def __getitem__(self, name: str) -> list[Any]:
        return self._columns[name]

    def presence_rows(self, streams: list[int], listings: list[int]) -> list[tuple[Any, ...]]:
        """Return the rows that `take_presence` takes."""
        metrics = [text or _NO_METRICS for text in self["metrics"]]
        at, filed = self["at"], self["filed_at"]
        metrics_at = [
            moment if text != _NO_METRICS else None for text, moment in zip(metrics, at, strict=True)
        ]
        last_seen = [
            moment if answer == _SEEN else min(moment, first)
            for answer, moment, first in zip(self["answer"], at, filed, strict=True)
        ]
        keys = [record_key(record_id) for record_id in self["record_id"]]
        columns: list[list[Any]] = [keys, streams, self["record_id"], listings]
        columns += [self[name] for name in ("thread_id", "native_id", "record_series", "digest_rule")]
        columns += [filed]
        columns += [self[name] for name in ("version_id", "state", "shown", "absences")]
        columns += [self["first_absent_at"], metrics, metrics_at, at, self["commit_no"]]
        columns += [self["walk_id"], last_seen]
        return list(zip(*columns, strict=True))

    def thread_rows(self, streams: list[int]) -> list[tuple[bytes, int, int, int | None, int]]:
        """Return the rows that `tell_threads` takes: posts that are the root of their thread."""
        found: list[tuple[bytes, int, int, int | None, int]] = []
        if Stream.POSTS not in set(self["stream"]):
            return found
        for number, (stream, record_id, thread_id) in enumerate(
            zip(self["stream"], self["record_id"], self["thread_id"], strict=True)
        ):
            if stream == Stream.POSTS and record_id == thread_id:
                metrics = msgspec.json.decode(self["metrics"][number] or _NO_METRICS)
                filed_at, at = self["filed_at"][number], self["at"][number]
                comments = metrics.get(COMMENTS_METRIC)
                found.append((record_key(record_id), streams[number], filed_at, comments, at))
        return found


def _is_one_new_commit(batch: pa.RecordBatch, after: int, upto: int) -> bool:
    """Return whether all rows are due and stand by time already: those that a keep has just written do."""
    commits, at = pc.min_max(batch.column("commit_no")).as_py(), batch.column("at")
    if not len(batch) or commits["min"] != commits["max"] or not after < commits["min"] <= upto:
        return False
    ordered: bool = pc.all(pc.less_equal(at[:-1], at[1:]), min_count=0).as_py()
    return ordered


def _plain(column: pa.Array) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        column = column.cast(UTC).cast(pa.int64())
    values: list[Any] = column.to_pylist()
    return values


def watermark_of(connection: sa.Connection, council: str) -> int:
    """Return the last commit that a council's presence has taken in."""
    c = t.councils.c
    return connection.execute(sa.select(c.watermark).where(c.council == council)).scalar() or 0


def chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield pieces that fit into one statement."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
