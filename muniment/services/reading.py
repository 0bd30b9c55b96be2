"""Whatever stands in an answer, a walk goes on: what cannot be read is filed as unread, and nothing stops.

Pure but for the look-ups it is handed: nothing here touches the network or the disk.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from types import NoneType
from typing import Final

from connectors.contract import Connector, Reading
from muniment.ports import Filing
from schemas.capture import CaptureRow, Exhibit, Ids, Listed, RecordRef, Response, Walk
from schemas.digests import unread_version, version, version_id
from schemas.errors import MalformedItemError
from schemas.observation import PUBLIC, Look, Presence, Sighting
from schemas.record import CouncilRecord
from schemas.vocabulary import Answer, AuthorRole, Kind, Series, Stream

__all__ = ["Cut", "Findings", "capture_row", "cut", "findings", "read", "role_of", "series_of"]

_BEYOND_COUNTING: Final = 10**18
_TEXT: Final = frozenset({str})
_TEXT_OR_NONE: Final = frozenset({str, NoneType})
_MAYBE_TEXTS: Final = attrgetter(
    *("parent_id", "author_id", "author_handle", "author_name", "title", "language", "url")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One response and what it was cut into."""

    response: Response
    exhibits: tuple[Exhibit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a batch of responses says, ready for `keep`."""

    filings: tuple[Filing, ...]
    sightings: tuple[Sighting, ...]
    looks: tuple[Look, ...]
    unread: int
    drift: frozenset[str]


def cut(connector: Connector, response: Response) -> Cut:
    """Cut a response into its exhibits.

    Raises:
        MalformedItemError: The body cannot be cut at all.
    """
    exhibits = tuple(connector.exhibits(response))
    if all(_can_be(one.reported) for one in response.listings):
        return Cut(response=response, exhibits=exhibits)
    told = (one if _can_be(one.reported) else replace(one, reported=None) for one in response.listings)
    return Cut(response=replace(response, listings=tuple(told)), exhibits=exhibits)


def read(connector: Connector, exhibit: Exhibit) -> Reading:
    """Read an exhibit, and hold the record to its types.

    Most readers take an answer apart without a model of it, and a server may send a number where a name was
    due. Such a value would stop the whole batch in `keep`, at every run.

    Raises:
        MalformedItemError: The reader does not understand it.
    """
    reading = connector.read(exhibit)
    if reading.record is not None and not _is_sound(reading.record):
        raise MalformedItemError("An item has a value of another kind than muniment knows.")
    look = reading.look
    if look is None or all(map(_can_be, look.metrics.values())):
        return reading
    metrics = {name: count for name, count in look.metrics.items() if _can_be(count)}
    return replace(reading, look=replace(look, metrics=metrics))


def _can_be(count: int | None) -> bool:
    """Return whether anything can be counted so: what is beyond would stop the register at every run."""
    return count is None or 0 <= count < _BEYOND_COUNTING


def _is_sound(record: CouncilRecord) -> bool:
    """Return whether every text is one: asked of each record that is read, so without a loop for most."""
    one = record
    if not type(one.record_id) is type(one.native_id) is type(one.thread_id) is type(one.text) is str:
        return False
    if not {*map(type, _MAYBE_TEXTS(one))} <= _TEXT_OR_NONE:
        return False
    if one.links and {*map(type, one.links)} != _TEXT:
        return False
    return not one.media or all(
        type(file.native_id) is type(file.kind) is str and type(file.alt_text) in _TEXT_OR_NONE
        for file in one.media
    )


def findings(
    connector: Connector,
    walk: Walk,
    cuts: Sequence[Cut],
    *,
    known: Mapping[str, Sequence[Presence]],
    council_ids: Collection[str],
) -> Findings:
    """Read every exhibit of a batch.

    Args:
        connector: The platform's reader.
        walk: The walk that the responses belong to.
        cuts: The batch.
        known: How the records stood before, by record_id.
        council_ids: The platform's ids of the council's own accounts.

    Returns:
        Filings in the order read, and a sighting for each look.
    """
    newest_rule = max(connector.digest_rules)
    filings: list[Filing] = []
    seen: list[tuple[Look, str, str, bytes | None, Exhibit]] = []
    again: list[Look] = []
    drift: set[str] = set()
    unread = 0
    asked = _asked(walk)
    for one in cuts:
        response = one.response
        for exhibit in one.exhibits:
            presences = known.get(exhibit.record_id, ())
            try:
                reading = read(connector, exhibit)
            except MalformedItemError:
                filing = _unread(walk, response, exhibit)
                unread += 1
                look = _unread_look(walk, one, exhibit.record_id)
                if presences:
                    again.append(look)  # it is there, though we do not understand it: not absent
                else:
                    seen.append((look, "", exhibit.record_id, filing.version_id, exhibit))
                filings.append(filing)
                continue
            drift.update(reading.leftover)
            record = reading.record
            found: bytes | None = None
            if record is not None:
                rule = newest_rule
                if presences:  # one that nobody could read so far stands under no rule: rule 0
                    rule = next((each.digest_rule for each in presences if each.digest_rule), newest_rule)
                digest = version(connector.digest_rules[rule], reading.shape, reading.items)
                role = role_of(record, walk.stream, council_ids)
                filing = _filing(walk, response, exhibit, record, rule=rule, digest=digest, role=role)
                filings.append(filing)
                found = filing.version_id
            if reading.look is not None:
                native_id, thread_id = _names(record, reading.look.record_id, asked, presences)
                seen.append((reading.look, native_id, thread_id, found, exhibit))
    control_seen = _control_seen(walk, seen)
    sightings = tuple(
        Sighting(
            look=look,
            account=walk.account.account,
            stream=walk.stream,
            native_id=native_id,
            thread_id=thread_id,
            control_seen=control_seen,
            version_id=found,
            exhibit=exhibit,
        )
        for look, native_id, thread_id, found, exhibit in seen
    )
    looks = (*(sighting.look for sighting in sightings), *again)
    return Findings(
        filings=tuple(filings), sightings=sightings, looks=looks, unread=unread, drift=frozenset(drift)
    )


def capture_row(walk: Walk, one: Cut, *, sandbox_clock: bool) -> CaptureRow:
    """Return what the archive remembers of a response: typed values, no id of a record."""
    response = one.response
    return CaptureRow(
        capture_id=response.capture_id,
        walk_id=walk.walk_id,
        account=walk.account.account,
        stream=walk.stream,
        endpoint=response.endpoint,
        status=response.status,
        fetched_at=response.fetched_at,
        server_date=response.server_date,
        api_version=response.api_version,
        connector_version=response.connector_version,
        items=len(one.exhibits),
        totals=tuple(listed.reported for listed in response.listings if listed.reported is not None),
        body_bytes=len(response.body),
        secrets_masked=response.secrets_masked,
        cost_micros=response.cost_micros,
        sandbox_clock=sandbox_clock,
    )


def _filing(
    walk: Walk,
    response: Response,
    exhibit: Exhibit,
    record: CouncilRecord,
    *,
    rule: int,
    digest: bytes,
    role: AuthorRole,
) -> Filing:
    return Filing(
        record=record,
        exhibit=exhibit,
        digest_rule=rule,
        version=digest,
        version_id=version_id(record.record_id, digest),
        account=walk.account.account,
        author_role=role,
        series=series_of(record, role),
        capture_id=response.capture_id,
        filed_at=record.created_at or response.fetched_at,
        captured_at=response.fetched_at,
    )


def series_of(record: CouncilRecord, role: AuthorRole) -> Series:
    """Return the series that a record is filed in at first sight."""
    if record.kind is Kind.UNREAD:
        return Series.UNREAD
    if record.kind is Kind.MESSAGE:
        return Series.MESSAGE
    return Series.OWN if role is AuthorRole.COUNCIL else Series.PUBLIC


def role_of(record: CouncilRecord, stream: Stream, council_ids: Collection[str]) -> AuthorRole:
    """Return who wrote a record that a stream showed, by role."""
    if record.kind is Kind.PROFILE or (record.author_id is not None and record.author_id in council_ids):
        return AuthorRole.COUNCIL
    if record.author_id is None:
        # A post of the account's own list is the account's, also where its author is withheld.
        return AuthorRole.COUNCIL if stream is Stream.POSTS else AuthorRole.UNKNOWN
    return AuthorRole.PUBLIC


def _unread(walk: Walk, response: Response, exhibit: Exhibit) -> Filing:
    record = CouncilRecord(
        record_id=exhibit.record_id,
        native_id="",
        platform=walk.account.platform,
        kind=Kind.UNREAD,
        thread_id=exhibit.record_id,
        parent_id=None,
        author_id=None,
        author_handle=None,
        author_name=None,
        title=None,
        text="",
        language=None,
        url=None,
        created_at=None,
        version_at=None,
        media=(),
        links=(),
    )
    digest = unread_version(exhibit.record_id)
    return _filing(walk, response, exhibit, record, rule=0, digest=digest, role=AuthorRole.UNKNOWN)


def _unread_look(walk: Walk, one: Cut, record_id: str) -> Look:
    listings: Sequence[Listed] = one.response.listings
    return Look(
        record_id=record_id,
        at=one.response.fetched_at,
        answer=Answer.SEEN,
        capture_id=one.response.capture_id,
        walk_id=walk.walk_id,
        shown=PUBLIC,
        listing=listings[0].listing if len(listings) == 1 else "",
        metrics={},
    )


def _asked(walk: Walk) -> Mapping[str, RecordRef]:
    if not isinstance(walk.ask, Ids):
        return {}
    return {ref.record_id: ref for ref in (*walk.ask.wanted, *walk.ask.controls)}


def _names(
    record: CouncilRecord | None,
    record_id: str,
    asked: Mapping[str, RecordRef],
    presences: Sequence[Presence],
) -> tuple[str, str]:
    """Return native_id and thread_id of a look: from the record, else from what we asked, else as known.

    A thread is fixed at a record's first sight: once its parent is deleted, a page names it no more.
    """
    if record is not None:
        if not presences:
            return record.native_id, record.thread_id
        known = [one.thread_id for one in presences if one.series is not Series.UNREAD]
        return record.native_id, (known and known[0]) or record.thread_id
    if record_id in asked:
        return asked[record_id].native_id, asked[record_id].thread_id
    if presences:
        return presences[0].native_id, presences[0].thread_id
    return "", record_id


def _control_seen(walk: Walk, seen: Sequence[tuple[Look, str, str, bytes | None, Exhibit]]) -> bool:
    if not isinstance(walk.ask, Ids):
        return False
    controls = {ref.record_id for ref in walk.ask.controls}
    return any(look.answer is Answer.SEEN and look.record_id in controls for look, *_ in seen)
