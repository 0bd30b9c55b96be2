"""Reading kept exhibits again with today's reader: what it makes of them, and filing what it understands.

What could not be read when it came lies in series `unread`. A better reader's version of it is filed with
the same capture, salt and leaf, since the evidence is the same; the belief that stood takes it as its
current version (data-model.md 2). Readable versions are never filed anew: a version comes from the
platform's bytes, so a better reader changes none.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeAlias

import pyarrow as pa

from connectors.contract import Connector, Reading
from muniment.domain.people import SYSTEM
from muniment.ports import Archive, Batch, Filing, Register
from muniment.services.held import held_now
from muniment.services.kept import exhibit_of
from muniment.services.reading import read, role_of, series_of
from schemas.arrow import RECORD_SERIES
from schemas.digests import unread_version, version, version_id
from schemas.errors import MalformedItemError
from schemas.observation import Look, Presence, Sighting
from schemas.record import CouncilRecord
from schemas.vocabulary import Answer, Kind, Series, Stream

__all__ = ["Filed", "Readers", "Reread", "file_readable", "reread"]

Readers: TypeAlias = Callable[[str, str], Connector | None]
"""The reader of a platform and account; None where muniment has none any more."""

_COLUMNS: Final = ["record_id", "platform", "account", "kind", "title", "text", "header", "parts"]
_UNREAD: Final = [
    *("record_id", "platform", "account", "capture_id", "captured_at", "salt", "header", "parts"),
    "commit_no",
]
_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """Counts: exhibits read, those that were unread when they came, and what today's reader makes of them."""

    read: int
    unread: int
    now_readable: int
    differ: int
    unreadable_now: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """Counts: exhibits that could not be read, versions filed from them, records found under another name.

    `destroyed`: the ids of exhibits whose record was destroyed under its own name: they must go as well.
    """

    unread: int
    filed: int
    renamed: int
    destroyed: frozenset[str] = frozenset()


def reread(archive: Archive, *, reader: Readers) -> Reread:
    """Read every kept version again; nothing is written."""
    counts = {"read": 0, "unread": 0, "now_readable": 0, "differ": 0, "unreadable_now": 0}
    for batch in archive.scan(series=RECORD_SERIES, columns=_COLUMNS):
        for row in batch.to_pylist():
            connector = reader(row["platform"], row["account"])
            if connector is None or row["header"] is None:
                continue
            counts["read"] += 1
            was_unread = row["kind"] == Kind.UNREAD.value
            counts["unread"] += was_unread
            try:
                record = read(connector, exhibit_of(row)).record
            except MalformedItemError:
                counts["unreadable_now"] += not was_unread
                continue
            if was_unread:
                counts["now_readable"] += record is not None
            elif record is None or (record.title, record.text) != (row["title"], row["text"]):
                counts["differ"] += 1
    return Reread(**counts)


def file_readable(
    council: str, *, archive: Archive, register: Register, reader: Readers, now: datetime
) -> Filed:
    """File what today's reader understands of what could not be read; twice is once.

    An exhibit whose record was destroyed under the name that it has now is not filed: what remains of the
    record stands for the exhibit's name too, so that it is erased as well, unless a hold is on it.

    Raises:
        WriteConflictError: A walk read one of the records meanwhile: run it again.
    """
    unread = filed = 0
    renamed: set[str] = set()
    destroyed: set[str] = set()
    times = _times(archive)
    for rows in _unread_rows(archive):
        unread += len(rows)
        again = _Again(council, register, reader, rows, times)
        disposed = register.disposed(council, sorted(set(again.names.values())))
        gone = {old: new for old, new in again.names.items() if new in disposed}
        destroyed |= _followed(council, gone, archive=archive, register=register, now=now)
        for old in again.names.keys() - gone.keys():  # a destroyed record's name is written nowhere again
            register.tie(council, old, again.names[old])
        renamed |= again.names.keys() - gone.keys()
        kept = archive.keep(Batch(captures=(), filings=again.filings, sightings=again.sightings))
        filed += kept.new + kept.changed
    return Filed(unread=unread, filed=filed, renamed=len(renamed), destroyed=frozenset(destroyed))


def _followed(
    council: str, gone: Mapping[str, str], *, archive: Archive, register: Register, now: datetime
) -> frozenset[str]:
    """Let the stubs of destroyed records stand for their exhibits' names; return those that no hold keeps."""
    if not gone:
        return frozenset()
    with register.begin(council, SYSTEM, now=now):
        asked = pa.array(sorted(gone), pa.string())
        stopped = held_now(council, asked, archive=archive, register=register)
        free = gone.keys() - set(stopped["record_id"].to_pylist())
        for old in sorted(free):
            register.stub_too(council, known=gone[old], other=old, now=now)
    return frozenset(free)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    """When a record's unread rows were captured: the first, and which is the newest."""

    first: datetime
    newest: tuple[datetime, int]


class _Again:
    """What today's reader makes of some unread rows."""

    def __init__(
        self,
        council: str,
        register: Register,
        reader: Readers,
        rows: Sequence[Mapping[str, Any]],
        times: Mapping[str, _Times],
    ) -> None:
        self.filings: list[Filing] = []
        self.sightings: list[Sighting] = []
        self.names: dict[str, str] = {}  # from the name of what could not be read to the record's own
        self._known = register.known(council, [row["record_id"] for row in rows])
        self._council_ids: dict[str, frozenset[str]] = {}
        self._times = times
        found = [(row, *one) for row in rows if (one := self._read(reader, row)) is not None]
        others = {record.record_id for _, _, _, record in found}
        self._known_others = register.known(council, sorted(others - self._known.keys()))
        for row, connector, reading, record in found:
            platform = row["platform"]
            if platform not in self._council_ids:
                self._council_ids[platform] = register.council_ids(council, platform)
            filing = self._filing(row, connector, reading, record)
            self.filings.append(filing)
            if record.record_id != row["record_id"]:
                self.names[row["record_id"]] = record.record_id
            if times[row["record_id"]].newest == (row["captured_at"], row["commit_no"]):
                self.sightings.extend(self._sightings(row, reading, filing))

    def _read(
        self, reader: Readers, row: Mapping[str, Any]
    ) -> tuple[Connector, Reading, CouncilRecord] | None:
        connector = reader(row["platform"], row["account"])
        if connector is None:
            return None
        try:
            reading = read(connector, exhibit_of(row))
        except MalformedItemError:
            return None
        return None if reading.record is None else (connector, reading, reading.record)

    def _filing(
        self, row: Mapping[str, Any], connector: Connector, reading: Reading, record: CouncilRecord
    ) -> Filing:
        presences = (*self._known.get(record.record_id, ()), *self._known_others.get(record.record_id, ()))
        rules = (one.digest_rule for one in presences if one.digest_rule)
        rule = next(rules, max(connector.digest_rules))
        digest = version(connector.digest_rules[rule], reading.shape, reading.items)
        role = role_of(record, self._stream(row), self._council_ids[row["platform"]])
        return Filing(
            record=record,
            exhibit=exhibit_of(row),
            digest_rule=rule,
            version=digest,
            version_id=version_id(record.record_id, digest),
            account=row["account"],
            author_role=role,
            series=series_of(record, role),
            capture_id=row["capture_id"],
            filed_at=record.created_at or self._times[row["record_id"]].first,
            captured_at=row["captured_at"],
            salt=row["salt"],
        )

    def _stream(self, row: Mapping[str, Any]) -> Stream:
        presences = self._known.get(row["record_id"], ())
        of_account = (one.stream for one in presences if one.account == row["account"])
        return next(of_account, Stream.POSTS)

    def _sightings(self, row: Mapping[str, Any], reading: Reading, filing: Filing) -> Iterator[Sighting]:
        """Yield what the beliefs that rest on an unread version become."""
        unread = version_id(row["record_id"], unread_version(row["record_id"]))
        standing = [one for one in self._known.get(row["record_id"], ()) if one.version_id == unread]
        other_name = filing.record.record_id != row["record_id"]
        seen = {(one.account, one.stream) for one in self._known_others.get(filing.record.record_id, ())}
        for presence in standing:
            look = _look(row, reading, presence)
            yield _sighting(replace(look, listing="") if other_name else look, presence, filing)
            if other_name and reading.look is not None and (presence.account, presence.stream) not in seen:
                first = replace(reading.look, record_id=filing.record.record_id, listing=look.listing)
                yield _sighting(first, presence, filing)


def _look(row: Mapping[str, Any], reading: Reading, presence: Presence) -> Look:
    found = reading.look
    return Look(
        record_id=row["record_id"],
        at=presence.observed_at,
        answer=Answer.REREAD,
        capture_id=row["capture_id"],
        walk_id=presence.last_walk,
        shown=presence.shown if found is None else found.shown,
        listing=(found.listing if found is not None else "") or presence.listing,
        metrics={} if found is None else found.metrics,
    )


def _sighting(look: Look, presence: Presence, filing: Filing) -> Sighting:
    return Sighting(
        look=look,
        account=presence.account,
        stream=presence.stream,
        native_id=filing.record.native_id,
        thread_id=filing.record.thread_id,
        control_seen=False,
        version_id=filing.version_id,
        exhibit=None,
    )


def _times(archive: Archive) -> dict[str, _Times]:
    found: dict[str, _Times] = {}
    columns = ["record_id", "captured_at", "commit_no"]
    for batch in archive.scan(series=[Series.UNREAD.value], columns=columns):
        for row in batch.to_pylist():
            at, newest = row["captured_at"], (row["captured_at"], row["commit_no"])
            past = found.get(row["record_id"], _Times(first=at, newest=newest))
            found[row["record_id"]] = _Times(first=min(past.first, at), newest=max(past.newest, newest))
    return found


def _unread_rows(archive: Archive) -> Iterator[list[Mapping[str, Any]]]:
    """Yield the unread rows, some at a time, the oldest of them first."""
    for batch in archive.scan(series=[Series.UNREAD.value], columns=_UNREAD):
        for start in range(0, len(batch), _AT_ONCE):
            rows: list[Mapping[str, Any]] = batch.slice(start, _AT_ONCE).to_pylist()
            yield sorted(rows, key=lambda row: (row["captured_at"], row["commit_no"]))
