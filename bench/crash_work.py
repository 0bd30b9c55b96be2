"""What the processes of the kill test do to one archive until killed: keep, compact, dispose and index.

A record's text tells its version: version v of record n is "n.v". A worker writes to its acknowledgement
file only after `keep` has returned, so whatever that file says must be in the archive for ever.
"""

import hashlib
import os
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from bench.clock import RealTime
from bench.crash_place import Place, make_place
from bench.disposal_office import Office
from bench.disposal_site import LOCAL
from muniment.adapters.delta.archive import DeltaArchive
from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.stub_keys import StubKeys
from muniment.adapters.tantivy.index import TantivyIndex
from muniment.domain.stub import StubKey
from muniment.ports import Batch, Filing, MediaStore
from muniment.services.indexing import catch_up
from muniment.services.working_off import go_on
from schemas.capture import POSTS, Attachment, CaptureRow, Exhibit
from schemas.digests import version_id
from schemas.errors import RefusalError, RetryableError
from schemas.observation import PUBLIC, Look, Sighting
from schemas.record import CouncilRecord
from schemas.vocabulary import Answer, AuthorRole, Kind, Series, Stream

__all__ = ["COUNCIL", "RECORDS", "Archived", "batch_of", "open_archived", "work"]

COUNCIL: Final = "crashborough"
_START: Final = datetime(2023, 12, 30, tzinfo=UTC)
RECORDS: Final = 4_000
_COMPACT_ONE_IN: Final = 6
_INDEX_ONE_IN: Final = 4
_DISPOSE_ONE_IN: Final = 3
_STUB_KEY: Final = StubKey.of(b"the key of stubs of a kill test.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """One council's archive with what stands beside it; each process opens its own."""

    place: Place
    archive: DeltaArchive
    register: SqlRegister
    media: MediaStore
    index: TantivyIndex
    office: Office

    @property
    def root(self) -> Path:
        """The folder of this disk in which everything lies that is in no bucket."""
        return self.place.root


def open_archived(root: Path, store: str = LOCAL) -> Archived:
    """Open what lies in a folder, and in the bucket that was made for it."""
    place = make_place(root, COUNCIL, store)
    files = place.files()
    register = SqlRegister.open(f"sqlite:///{root / 'register.db'}", StubKeys(None, [_STUB_KEY]))
    media = place.media(files)
    archive = DeltaArchive(
        COUNCIL, place.council_root, register=register, media=media, clock=RealTime(), files=files
    )
    index = TantivyIndex(root / "index")
    office = Office(
        council=COUNCIL,
        archive=archive,
        register=register,
        indexes={"search index": index},
        clock=RealTime(),
        root=root,
    )
    return Archived(place=place, archive=archive, register=register, media=media, index=index, office=office)


def work(
    root: Path, seed: int, acknowledged: Path, ready: Callable[[], object], *, store: str = LOCAL
) -> None:
    """Keep, compact and index until killed; note what was acknowledged; say `ready` when all is open."""
    chance = random.Random(seed)  # noqa: S311  # a test's dice
    archived = open_archived(root, store)
    with acknowledged.open("a", encoding="utf-8", buffering=1) as notes:
        turn = 0
        # Every second worker dies while it destroys, most often: all but the execution itself is done before.
        waiting = _approved(archived, chance) if seed % 2 else None
        ready()
        while True:
            turn += 1
            _executed(archived, waiting)
            waiting = None
            batch = batch_of(archived, chance, f"{seed}-{turn}")
            try:
                archived.archive.keep(batch)
                notes.write(" ".join(filing.record.text for filing in batch.filings) + "\n")
                if chance.randrange(_COMPACT_ONE_IN) == 0:
                    archived.archive.compact()
                if chance.randrange(_INDEX_ONE_IN) == 0:
                    catch_up(archived.archive, archived.index, COUNCIL, erased=archived.register)
                if chance.randrange(_DISPOSE_ONE_IN) == 0:
                    _dispose(archived, chance)
            except (RetryableError, RefusalError):
                continue


def _dispose(archived: Archived, chance: random.Random) -> None:
    """Have some records listed, approved and destroyed; or go on with what the dead have begun."""
    if chance.randrange(3) == 0:
        go_on(archived.office.destroying)
        return
    _executed(archived, _approved(archived, chance))


def _approved(archived: Archived, chance: random.Random) -> str | None:
    """Have some records listed and approved; None: none of them is held, or somebody else was faster."""
    numbers = chance.sample(range(RECORDS), chance.randrange(200, RECORDS // 2))
    try:
        return archived.office.approved([f"facebook:{number}" for number in numbers])
    except (RetryableError, RefusalError):
        return None


def _executed(archived: Archived, run: str | None) -> None:
    if run is not None:
        with suppress(RetryableError, RefusalError):
            archived.office.destroying.execute(run)


def batch_of(archived: Archived, chance: random.Random, capture_id: str) -> Batch:
    """Return a page of records, new and known, some edited, some hidden, some with a picture."""
    now = datetime.now(UTC)
    numbers = chance.sample(range(RECORDS), chance.randrange(1, 60))
    filings, sightings, attachments = [], [], []
    for number in numbers:
        filing = _filing(number, chance.randrange(3), capture_id, now)
        filings.append(filing)
        sightings.append(_sighting(filing, now, chance))
        if chance.randrange(20) == 0:
            attachments.append(_attachment(archived, filing, now))
    capture = CaptureRow(
        capture_id=capture_id,
        walk_id=capture_id,
        account="main",
        stream=Stream.POSTS,
        endpoint="/posts",
        status=200,
        fetched_at=now,
        server_date=None,
        api_version="",
        connector_version="1",
        items=len(numbers),
        totals=(),
        body_bytes=0,
        secrets_masked=0,
        cost_micros=0,
        sandbox_clock=True,
    )
    return Batch(captures=(capture,), filings=filings, sightings=sightings, attachments=attachments)


def _filing(number: int, version: int, capture_id: str, now: datetime) -> Filing:
    record_id = f"facebook:{number}"
    text = f"{number}.{version}"
    record = CouncilRecord(
        record_id=record_id,
        native_id=str(number),
        platform="facebook",
        kind=Kind.POST,
        thread_id=record_id,
        parent_id=None,
        author_id=None,
        author_handle=None,
        author_name=None,
        title=None,
        text=text,
        language=None,
        url=None,
        created_at=_START + timedelta(hours=number % 96),
        version_at=None,
        media=(),
        links=(),
    )
    digest = hashlib.sha256(text.encode()).digest()
    return Filing(
        record=record,
        exhibit=Exhibit(record_id=record_id, header=capture_id.encode(), parts=(text.encode(),)),
        digest_rule=1,
        version=digest,
        version_id=version_id(record_id, digest),
        account="main",
        author_role=AuthorRole.COUNCIL,
        series=Series.OWN,
        capture_id=capture_id,
        filed_at=_START + timedelta(hours=number % 96),
        captured_at=now,
    )


def _sighting(filing: Filing, now: datetime, chance: random.Random) -> Sighting:
    look = Look(
        record_id=filing.record.record_id,
        at=now,
        answer=Answer.SEEN,
        capture_id=filing.capture_id,
        walk_id=filing.capture_id,
        shown=chance.choice([PUBLIC, PUBLIC, "is_hidden"]),
        listing=POSTS,
        metrics={},
    )
    return Sighting(
        look=look,
        account="main",
        stream=Stream.POSTS,
        native_id=filing.record.native_id,
        thread_id=filing.record.thread_id,
        control_seen=True,
        version_id=filing.version_id,
        exhibit=filing.exhibit,
    )


def _attachment(archived: Archived, filing: Filing, now: datetime) -> Attachment:
    content = os.urandom(2_000)
    with archived.media.incoming() as incoming:
        incoming.file().write(content)
    return Attachment(
        record_id=filing.record.record_id,
        version_id=filing.version_id,
        ref=f"picture-{content[:4].hex()}",
        kind="image",
        media_type="image/png",
        sha256=incoming.digest(),
        size_bytes=len(content),
        why_not=None,
        target=None,
        fetched_at=now,
        account="main",
        capture_id=filing.capture_id,
        incoming=incoming.name,
    )


def texts(lines: Sequence[str]) -> set[str]:
    """Return the versions that acknowledgements name; the last line may be cut off by the kill."""
    return {word for line in lines if line.endswith("\n") for word in line.split()}
