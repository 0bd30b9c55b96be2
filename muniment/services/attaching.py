"""Media and short links of a batch: fetched in the same run, because addresses lapse within hours.

Fetched are the files of records that are new or changed, and those that could not be had before.
Bytes wait in the media store's `incoming/` until `keep` moves them into place. What could not be had is
an attachment row too, with the reason; it is asked for afresh with the record's next sighting.
"""

import io
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from connectors.contract import Connector
from connectors.download import SHORTENERS, host_of
from muniment.collector import collector_at_work
from muniment.ports import Archive, Filing, MediaStore
from muniment.services.reading import Findings
from schemas.capture import Attachment, CaptureRow, MediaAddress, MediaAnswer, Response, Walk
from schemas.clock import Clock
from schemas.errors import MediaLapsedError
from schemas.vocabulary import Reason

__all__ = ["Attached", "attach"]

_RETRIED: Final = frozenset({Reason.LAPSED.value, Reason.UNAVAILABLE.value})
_PLAIN_HOST: Final = re.compile(
    rf"https?://(?!(?:{'|'.join(map(re.escape, sorted(SHORTENERS)))})[/?#])[A-Za-z0-9.-]+[/?#]", re.IGNORECASE
)
"""An address whose host stands as it will be read and is no shortener's: taking each apart is dear."""
_MOST_TRIES: Final = 5
_RETRY_AFTER: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """What fetching gave: rows for `keep`, and how many files are still owed."""

    attachments: tuple[Attachment, ...] = ()
    captures: tuple[CaptureRow, ...] = ()
    pending: int = 0


@dataclass(slots=True, kw_only=True)
class _Tried:
    """What the archive holds of one file: settled, or how often it failed and when last."""

    settled: bool = False
    tries: int = 0
    last_at: datetime | None = None


def attach(
    connector: Connector,
    walk: Walk,
    responses: Sequence[Response],
    found: Findings,
    *,
    archive: Archive,
    media: MediaStore,
    clock: Clock,
) -> Attached:
    """Fetch what the batch's records point to and the archive does not hold."""
    # Most pages carry no file, and to look for where one can be had is to cut the page once more.
    carrying = {filing.capture_id for filing in found.filings if filing.record.media}
    with_files = [one for one in responses if one.capture_id in carrying]
    wanted = {(address.record_id, address.ref): address for address in _addresses(connector, with_files)}
    wanted |= {(link.record_id, link.ref): link for link in _short_links(walk, found.filings)}
    if not wanted:
        return Attached()
    filed = {filing.record.record_id for filing in found.filings}
    wanted = {key: address for key, address in wanted.items() if address.record_id in filed}
    if not wanted:
        return Attached()
    with collector_at_work():
        return _fetched(connector, walk, wanted, found, archive=archive, media=media, clock=clock)


def _fetched(
    connector: Connector,
    walk: Walk,
    wanted: Mapping[tuple[str, str], MediaAddress],
    found: Findings,
    *,
    archive: Archive,
    media: MediaStore,
    clock: Clock,
) -> Attached:
    versions = {filing.record.record_id: filing for filing in found.filings}
    carriers = {
        (filing.record.record_id, file.native_id): filing
        for filing in found.filings
        for file in filing.record.media
    }
    tried = _tried(archive, sorted({record_id for record_id, _ in wanted}))
    rows: list[Attachment] = []
    captures: list[CaptureRow] = []
    pending = 0
    now = clock.now()
    for key, address in wanted.items():
        past = tried.get(key, _Tried())
        if past.settled or past.tries >= _MOST_TRIES:
            continue
        if past.last_at is not None and now - past.last_at < _RETRY_AFTER:
            pending += 1
            continue
        # A file that an edit took away belongs to the version that showed it.
        filing = carriers.get(key, versions[address.record_id])
        row, capture = _fetch(connector, walk, address, filing, media=media, clock=clock)
        rows.append(row)
        captures.append(capture)
        pending += row.why_not is not None and row.why_not.value in _RETRIED
    return Attached(attachments=tuple(rows), captures=tuple(captures), pending=pending)


def _addresses(connector: Connector, responses: Iterable[Response]) -> Iterator[MediaAddress]:
    for response in responses:
        yield from connector.addresses(response)


def _short_links(walk: Walk, filings: Iterable[Filing]) -> Iterator[MediaAddress]:
    for filing in filings:
        for link in filing.record.links:
            if _PLAIN_HOST.match(link) is not None:
                continue
            host = host_of(link)  # "" where somebody wrote what is no address: it points nowhere
            if host in SHORTENERS:
                url = link
                if walk.account.sandbox and "short_links" in walk.account.options:
                    # A sandbox council's shorteners are fakes too.
                    url = f"{walk.account.options['short_links']}/{host}{urlsplit(link).path}"
                yield MediaAddress(record_id=filing.record.record_id, ref=link, kind="link", url=url)


def _tried(archive: Archive, record_ids: Sequence[str]) -> dict[tuple[str, str], _Tried]:
    found: dict[tuple[str, str], _Tried] = {}
    columns = ["record_id", "ref", "sha256", "target", "why_not", "fetched_at"]
    for batch in archive.scan(series=["attachment"], columns=columns, record_ids=record_ids):
        for row in batch.to_pylist():
            past = found.setdefault((row["record_id"], row["ref"]), _Tried())
            past.settled |= row["why_not"] is None or row["why_not"] not in _RETRIED
            past.tries += 1
            fetched_at = row["fetched_at"].astimezone(UTC)
            past.last_at = fetched_at if past.last_at is None else max(past.last_at, fetched_at)
    return found


def _fetch(
    connector: Connector,
    walk: Walk,
    address: MediaAddress,
    filing: Filing,
    *,
    media: MediaStore,
    clock: Clock,
) -> tuple[Attachment, CaptureRow]:
    sha256: bytes | None = None
    incoming: str | None = None
    try:
        if address.kind == "link":
            answer = connector.fetch(address, io.BytesIO())
        else:
            with media.incoming() as file:
                answer = connector.fetch(address, file.file())
                if answer.why_not is None:
                    sha256, incoming = file.digest(), file.name
                else:
                    file.discard()
    except MediaLapsedError:
        answer = MediaAnswer(status=0, media_type=None, size_bytes=0, why_not=Reason.LAPSED)
    now = clock.now()
    capture = _media_capture(walk, address, answer, now, connector.version, sandbox=clock.sandbox)
    row = Attachment(
        record_id=address.record_id,
        version_id=filing.version_id,
        ref=address.ref,
        kind=address.kind,
        media_type=answer.media_type,
        sha256=sha256,
        size_bytes=answer.size_bytes if sha256 is not None else None,
        why_not=answer.why_not,
        target=answer.target,
        fetched_at=now,
        account=walk.account.account,
        incoming=incoming,
        capture_id=capture.capture_id,
    )
    return row, capture


def _media_capture(
    walk: Walk, address: MediaAddress, answer: MediaAnswer, now: datetime, version: str, *, sandbox: bool
) -> CaptureRow:
    return CaptureRow(
        capture_id=uuid.uuid4().hex,
        walk_id=walk.walk_id,
        account=walk.account.account,
        stream=walk.stream,
        endpoint="short link" if address.kind == "link" else "media",
        status=answer.status,
        fetched_at=now,
        server_date=None,
        api_version="",
        connector_version=version,
        items=1,
        totals=(),
        body_bytes=answer.size_bytes,
        secrets_masked=0,
        cost_micros=0,
        sandbox_clock=sandbox,
    )
