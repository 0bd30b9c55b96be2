"""A council on stage: observations in memory, made by the domain's own rules, over a real register."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from muniment.adapters.sql.register import SqlRegister
from muniment.domain.presence import Facts, observe, stands
from muniment.ports import Kept, Noted
from schemas.account import Account
from schemas.arrow import RowKind
from schemas.capture import POSTS, Ask, CaptureRow, Cursor, Edge, Listed, RecordRef, Walk
from schemas.observation import PUBLIC, Look, Observation, Presence, Sighting
from schemas.rows import table_of
from schemas.vocabulary import Answer, Series, Stream

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
MAIN = Account(account="x-main", council="elm", platform="x", handle="elmbc")
WHOLE = Edge()


def at(hours: float) -> datetime:
    """Return a moment of the play."""
    return START + timedelta(hours=hours)


def capture(capture_id: str, *, hours: float = 0) -> CaptureRow:
    return CaptureRow(
        capture_id=capture_id,
        walk_id="w",
        account=MAIN.account,
        stream=Stream.POSTS,
        endpoint="/posts",
        status=200,
        fetched_at=at(hours),
        server_date=None,
        api_version="2",
        connector_version="1",
        items=1,
        totals=(3,),
        body_bytes=10,
        secrets_masked=0,
        cost_micros=0,
        sandbox_clock=False,
        leaves=(b"\x01" * 32,),
    )


def ref(record_id: str, *, hours: float = 0) -> RecordRef:
    return RecordRef(record_id=record_id, native_id=record_id[2:], thread_id=record_id, filed_at=at(hours))


def listed(listing: str = POSTS, **told: Any) -> Listed:
    """Return a list that ended and whose absences count, but for what is told otherwise."""
    return replace(Listed(listing=listing, ended=True, absence_counts=True), **told)


@dataclass(kw_only=True)
class Stage:
    """One council. Commits are kept in memory, as the archive's observation rows would be."""

    register: SqlRegister
    account: Account = MAIN
    commits: list[list[Observation]] = field(default_factory=list)
    filed: dict[str, datetime] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    captures: int = 0

    def enrol(self, *accounts: Account, hours: float = 0) -> None:
        asked = accounts or (self.account,)
        self.register.enrol(self.account.council, asked, source_digest=b"d" * 32, now=at(hours))

    def batches(self, *, reverse: bool = False) -> list[pa.RecordBatch]:
        """Return every commit as the archive would scan it."""
        found = [_batch(rows, number) for number, rows in enumerate(self.commits, 1)]
        return found[::-1] if reverse else found

    def keep(self, sightings: Sequence[Sighting], *, disposed: frozenset[str] = frozenset()) -> Kept:
        """File what changed, in one commit, as `keep` does; presence takes it in."""
        council, ids = self.account.council, [one.look.record_id for one in sightings]
        known: dict[tuple[str, str, str], Presence] = {
            (one.record_id, one.account, one.stream): one
            for presences in self.register.known(council, ids).values()
            for one in presences
        }
        made: list[Observation] = []
        for one in sightings:
            if one.look.record_id in disposed:
                continue
            key = (one.look.record_id, one.account, one.stream)
            past = known.get(key)
            filed = past.filed_at if past else self.filed.get(one.look.record_id, one.look.at)
            series = Series.UNREAD if one.look.record_id in self.unread else Series.OWN
            observation = observe(past, Facts(series=series, digest_rule=1, filed_at=filed), one)
            if observation is not None:
                made.append(observation)
                known[key] = stands(past, observation)
        if made:
            self.commits.append(made)
            number = len(self.commits)
            self.register.catch_up(council, number, [_batch(made, number)])
        number_or_none = len(self.commits) if made else None
        return Kept(
            commit_no=number_or_none,
            new=len(made),
            changed=0,
            observed=len(made),
            attached=0,
            disposed=disposed,
        )

    def open(self, ask: Ask = WHOLE, stream: Stream = Stream.POSTS, *, hours: float) -> Walk:
        return self.register.open_walk(self.account, stream, ask, now=at(hours))

    def sighting(self, walk: Walk, record_id: str, *, hours: float, **told: object) -> Sighting:
        """Return a sighting of a public post in the list of posts, but for what is told otherwise."""
        answer = told.get("answer", Answer.SEEN)
        look = Look(
            record_id=record_id,
            at=at(hours),
            answer=Answer(str(answer)),
            capture_id=f"c{self.captures}",
            walk_id=walk.walk_id,
            shown=str(told.get("shown", PUBLIC)),
            listing=str(told.get("listing", POSTS)),
            metrics=told.get("metrics", {}),  # type: ignore[arg-type]
        )
        version = told.get("version", b"A" * 32)
        return Sighting(
            look=look,
            account=walk.account.account,
            stream=walk.stream,
            native_id=record_id.partition(":")[2],
            thread_id=str(told.get("thread", record_id)),
            control_seen=bool(told.get("control", True)),
            version_id=version if look.answer is Answer.SEEN else None,  # type: ignore[arg-type]
            exhibit=None,
        )

    def read(
        self,
        walk: Walk,
        records: Mapping[str, Mapping[str, object]] | Sequence[str] = (),
        *,
        hours: float,
        listings: Sequence[Listed] = (),
        marker: str | None = None,
        signpost: Cursor | None = None,
        disposed: frozenset[str] = frozenset(),
    ) -> Noted:
        """Keep and note one page; without a marker it is the walk's last."""
        self.captures += 1
        told = records if isinstance(records, Mapping) else {record_id: {} for record_id in records}
        sightings = [self.sighting(walk, record_id, hours=hours, **how) for record_id, how in told.items()]
        kept = self.keep(sightings, disposed=disposed)
        noted = Noted(
            walk=walk,
            marker=marker,
            ended=marker is None,
            signpost=signpost,
            listings=listings,
            looks=[one.look for one in sightings],
            queued=() if kept.commit_no else (capture(f"c{self.captures}", hours=hours),),
            queue_taken=0,
            kept=kept,
            unchanged=len(sightings) - kept.observed,
            unread=0,
            media=0,
            media_pending=0,
            cost_micros=5,
            pages=1,
        )
        self.register.note(noted, now=at(hours))
        return noted

    def whole(
        self,
        records: Mapping[str, Mapping[str, object]] | Sequence[str],
        *,
        hours: float,
        ask: Ask = WHOLE,
        stream: Stream = Stream.POSTS,
        listings: Sequence[Listed] | None = None,
        signpost: Cursor | None = None,
    ) -> Walk:
        """Walk from first to last: one page, the absences, the promotion."""
        walk = self.open(ask, stream, hours=hours)
        lists = (listed(),) if listings is None else listings
        self.read(walk, records, hours=hours, listings=lists, signpost=signpost)
        absent = tuple(self.register.absent(walk, now=at(hours)))
        self.keep(absent)
        self.register.promote(walk, now=at(hours))
        return walk

    def stands(self, record_id: str, stream: Stream = Stream.POSTS) -> Presence:
        found = self.register.known(self.account.council, [record_id])[record_id]
        (presence,) = [one for one in found if one.stream is stream]
        return presence


def _batch(rows: Sequence[Observation], number: int) -> pa.RecordBatch:
    nothing = pa.nulls(len(rows), pa.binary())
    given = {
        "commit_no": pa.array([number] * len(rows), pa.int64()),
        "salt": nothing,
        "header": nothing,
        "parts": pa.nulls(len(rows), pa.list_(pa.binary())),
    }
    table = table_of(RowKind.OBSERVATION, rows, given)
    (batch,) = table.combine_chunks().to_batches()
    return batch
