"""Comments as Graph serves them, about 1.8 kB each, by the page: what the benches of the store keep."""

import hashlib
import os
from datetime import UTC, datetime, timedelta
from typing import Final

import pyarrow as pa

from muniment.ports import Batch, Filing
from schemas.arrow import RowKind
from schemas.capture import CaptureRow, Exhibit, comments_of
from schemas.digests import version_id
from schemas.observation import PUBLIC, Look, Sighting
from schemas.record import CouncilRecord
from schemas.rows import table_of
from schemas.vocabulary import Answer, AuthorRole, Kind, Series, Stream

__all__ = ["COUNCIL", "START", "items", "record_table"]

COUNCIL: Final = "benchborough"
START: Final = datetime(2024, 1, 1, tzinfo=UTC)
_PAGE: Final = 100
_WORDS: Final = tuple(
    word
    for sentence in (
        "bins were not collected on our street again this week could somebody please have a look at it",
        "thank you for reporting this we have passed it to the team who will visit within five days",
    )
    for word in sentence.split()
)


def items(start: int, count: int, *, edit: int = 0) -> Batch:
    """Return pages of Graph-like comments of about 1.8 kB each."""
    filings: list[Filing] = []
    sightings: list[Sighting] = []
    captures: list[CaptureRow] = []
    for page in range(start, start + count, _PAGE):
        capture_id = f"capture-{page}-{edit}"
        at = START + timedelta(days=300, seconds=page + edit)
        captures.append(_capture(capture_id, at))
        for number in range(page, min(page + _PAGE, start + count)):
            filing = _filing(number, edit, capture_id, at)
            filings.append(filing)
            sightings.append(_sighting(filing, at))
    return Batch(captures=captures, filings=filings, sightings=sightings)


def _text(number: int, edit: int) -> str:
    words = [_WORDS[(number * 7 + step * (1 + number % 5)) % len(_WORDS)] for step in range(18)]
    return f"{' '.join(words)} {number} {'edited' * edit}"


def _filing(number: int, edit: int, capture_id: str, at: datetime) -> Filing:
    record_id = f"facebook:{100_000_000_000_000 + number}"
    thread = f"facebook:{number // 50}"
    text = _text(number, edit)
    created = START + timedelta(seconds=20 * number % (200 * 86_400))
    digest = hashlib.sha256(text.encode()).digest()
    record = CouncilRecord(
        record_id=record_id,
        native_id=record_id[9:],
        platform="facebook",
        kind=Kind.COMMENT,
        thread_id=thread,
        parent_id=thread,
        author_id=str(number * 31 % 50_021),
        author_handle=None,
        author_name=f"Resident {number * 31 % 50_021}",
        title=None,
        text=text,
        language=None,
        url=f"https://www.facebook.com/{record_id}",
        created_at=created,
        version_at=None,
        media=(),
        links=(),
    )
    body = f'{{"id":"{record_id}","message":"{text}","seed":"{digest.hex() * 8}","pad":"{"comment " * 120}"}}'
    header = f'{{"address":"/v25.0/{thread}/comments","capture_id":"{capture_id}","id":"{record_id}"}}'
    return Filing(
        record=record,
        exhibit=Exhibit(record_id=record_id, header=header.encode(), parts=(body.encode(),)),
        digest_rule=1,
        version=digest,
        version_id=version_id(record_id, digest),
        account="main",
        author_role=AuthorRole.PUBLIC,
        series=Series.PUBLIC,
        capture_id=capture_id,
        filed_at=created,
        captured_at=at,
    )


def _sighting(filing: Filing, at: datetime) -> Sighting:
    look = Look(
        record_id=filing.record.record_id,
        at=at,
        answer=Answer.SEEN,
        capture_id=filing.capture_id,
        walk_id="walk",
        shown=PUBLIC,
        listing=comments_of(filing.record.thread_id),
        metrics={"likes": 1},
    )
    return Sighting(
        look=look,
        account="main",
        stream=Stream.COMMENTS,
        native_id=filing.record.native_id,
        thread_id=filing.record.thread_id,
        control_seen=True,
        version_id=filing.version_id,
        exhibit=filing.exhibit,
    )


def _capture(capture_id: str, at: datetime) -> CaptureRow:
    return CaptureRow(
        capture_id=capture_id,
        walk_id="walk",
        account="main",
        stream=Stream.COMMENTS,
        endpoint="/{post}/comments",
        status=200,
        fetched_at=at,
        server_date=at,
        api_version="v25.0",
        connector_version="1",
        items=_PAGE,
        totals=(1_000,),
        body_bytes=180_000,
        secrets_masked=1,
        cost_micros=0,
        sandbox_clock=True,
    )


def record_table(batch: Batch) -> pa.Table:
    """Return the batch's record rows."""
    count = len(batch.filings)
    given = {
        "council": pa.repeat(COUNCIL, count),
        "salt": pa.array([os.urandom(32) for _ in range(count)], pa.binary()),
        "commit_no": pa.repeat(pa.scalar(1, pa.int64()), count),
    }
    return table_of(RowKind.RECORD, batch.filings, given)
