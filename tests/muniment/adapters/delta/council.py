"""A small council for the archive's tests: posts that change, looks at them, and a real archive on disk."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from typing_extensions import override

from muniment.adapters.delta.archive import DeltaArchive
from muniment.adapters.files import LocalFiles
from muniment.adapters.local_media import LocalMediaStore
from muniment.domain.presence import stands
from muniment.ports import Archive, Batch, Filing, MediaStore, PresenceView
from muniment.ports.disposal import Intent
from schemas.capture import POSTS, Attachment, CaptureRow, Exhibit
from schemas.clock import Clock
from schemas.digests import unread_version, version_id
from schemas.observation import PUBLIC, Look, Observation, Presence, Sighting
from schemas.record import CouncilRecord
from schemas.rows import observations_from
from schemas.vocabulary import Answer, AuthorRole, Kind, Reason, Series, Stream

COUNCIL = "exampleborough"
START = datetime(2024, 3, 1, 9, 0, tzinfo=UTC)


class StandingClock(Clock):
    """A clock that moves when it is told to."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    @property
    @override
    def sandbox(self) -> bool:
        return True

    @override
    def now(self) -> datetime:
        return self.at

    @override
    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class PresenceInMemory(PresenceView):
    """Presence, kept in a dictionary: by the domain's own step."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str, str], Presence] = {}
        self.destroyed: set[str] = set()
        self.intended: list[Intent] = []
        self._watermark = 0

    @override
    def watermark(self, council: str) -> int:
        return self._watermark

    @override
    def catch_up(self, council: str, upto: int, observations: Iterable[pa.RecordBatch]) -> None:
        told = [(one, number) for batch in observations for one, number in _numbered(batch)]
        for one, number in sorted(told, key=lambda pair: (pair[0].look.at, pair[1])):
            if self._watermark < number <= upto:
                key = (one.look.record_id, one.account, one.stream.value)
                self.seen[key] = stands(self.seen.get(key), one)
        self._watermark = max(self._watermark, upto)

    @override
    def known(self, council: str, record_ids: Sequence[str]) -> Mapping[str, tuple[Presence, ...]]:
        wanted = set(record_ids)
        found: dict[str, tuple[Presence, ...]] = {}
        for (record_id, _, _), presence in self.seen.items():
            if record_id in wanted:
                found[record_id] = (*found.get(record_id, ()), presence)
        return found

    @override
    def disposed(self, council: str, record_ids: Sequence[str]) -> frozenset[str]:
        return frozenset(self.destroyed & set(record_ids))

    @override
    def intents(self, council: str) -> tuple[Intent, ...]:
        return tuple(self.intended)

    @override
    def rebuild(self, council: str, upto: int, observations: Iterable[pa.RecordBatch]) -> None:
        self.seen.clear()
        self._watermark = 0
        self.catch_up(council, upto, observations)


def _numbered(batch: pa.RecordBatch) -> Iterator[tuple[Observation, int]]:
    return zip(observations_from(batch), batch["commit_no"].to_pylist(), strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a platform shows of one record at one moment."""

    number: int
    text: str = "The bins were not collected."
    shown: str = PUBLIC
    at: datetime = START
    capture: str = "capture-1"
    walk: str = "walk-1"
    account: str = "main"
    stream: Stream = Stream.POSTS
    digest_rule: int = 1
    created_at: datetime | None = START
    series: Series = Series.PUBLIC
    likes: int = 0

    @property
    def record_id(self) -> str:
        return f"facebook:{self.number}"

    @property
    def exhibit(self) -> Exhibit:
        body = f'{{"id":"{self.number}","message":"{self.text}","shown":"{self.shown}"}}'
        header = f'{{"capture_id":"{self.capture}","record_id":"{self.record_id}"}}'
        return Exhibit(record_id=self.record_id, header=header.encode(), parts=(body.encode(),))

    @property
    def version(self) -> bytes:
        if self.series is Series.UNREAD:
            return unread_version(self.record_id)
        return hashlib.sha256(self.text.encode()).digest()

    @property
    def version_id(self) -> bytes:
        return version_id(self.record_id, self.version)

    def filing(self) -> Filing:
        record = CouncilRecord(
            record_id=self.record_id,
            native_id=f"100_{self.number}",
            platform="facebook",
            kind=Kind.UNREAD if self.series is Series.UNREAD else Kind.POST,
            thread_id=self.record_id,
            parent_id=None,
            author_id="7",
            author_handle=None,
            author_name="A Resident",
            title=None,
            text=self.text,
            language=None,
            url=f"https://www.facebook.com/share/n{self.number}",
            created_at=self.created_at,
            version_at=None,
            media=(),
            links=(),
        )
        return Filing(
            record=record,
            exhibit=self.exhibit,
            digest_rule=self.digest_rule,
            version=self.version,
            version_id=self.version_id,
            account=self.account,
            author_role=AuthorRole.PUBLIC,
            series=self.series,
            capture_id=self.capture,
            filed_at=self.created_at or self.at,
            captured_at=self.at,
        )

    def sighting(self) -> Sighting:
        look = Look(
            record_id=self.record_id,
            at=self.at,
            answer=Answer.SEEN,
            capture_id=self.capture,
            walk_id=self.walk,
            shown=self.shown,
            listing=POSTS,
            metrics={"likes": self.likes} if self.likes else {},
        )
        return Sighting(
            look=look,
            account=self.account,
            stream=self.stream,
            native_id=f"100_{self.number}",
            thread_id=self.record_id,
            control_seen=True,
            version_id=self.version_id,
            exhibit=self.exhibit,
        )

    def unseen(self, answer: Answer, *, by_id: bool = False) -> Sighting:
        """Return a look that did not find it: absent from its list, or gone or refused by id."""
        look = replace(self.sighting().look, answer=answer, listing="" if by_id else POSTS, metrics={})
        return replace(self.sighting(), look=look, version_id=None, exhibit=self.exhibit if by_id else None)

    def attachment(self, sha256: bytes | None, incoming: str | None = None) -> Attachment:
        return Attachment(
            record_id=self.record_id,
            version_id=self.version_id,
            ref="picture-1",
            kind="image",
            media_type="image/png",
            sha256=sha256,
            size_bytes=None if sha256 is None else 7,
            why_not=Reason.LAPSED if sha256 is None else None,
            target=None,
            fetched_at=self.at,
            account=self.account,
            capture_id=self.capture,
            incoming=incoming,
        )


def capture_row(name: str = "capture-1", at: datetime = START) -> CaptureRow:
    return CaptureRow(
        capture_id=name,
        walk_id="walk-1",
        account="main",
        stream=Stream.POSTS,
        endpoint="/{page}/published_posts",
        status=200,
        fetched_at=at,
        server_date=at,
        api_version="v25.0",
        connector_version="1",
        items=1,
        totals=(1,),
        body_bytes=100,
        secrets_masked=0,
        cost_micros=0,
        sandbox_clock=True,
    )


def batch_of(*said: Said, attachments: Sequence[Attachment] = ()) -> Batch:
    """Return the batch that a page of these gives."""
    captures = {one.capture: capture_row(one.capture, one.at) for one in said}
    return Batch(
        captures=tuple(captures.values()),
        filings=tuple(one.filing() for one in said),
        sightings=tuple(one.sighting() for one in said),
        attachments=tuple(attachments),
    )


@dataclass(slots=True, kw_only=True)
class Town:
    """An archive on disk with all that it needs."""

    root: Path
    archive: DeltaArchive
    presence: PresenceInMemory
    media: MediaStore
    clock: StandingClock

    @property
    def table(self) -> Path:
        return self.root / "table"

    @property
    def log(self) -> Path:
        return self.table / "_delta_log"


def town(root: Path, *, files: LocalFiles | None = None, presence: PresenceInMemory | None = None) -> Town:
    files = files or LocalFiles()
    presence = presence or PresenceInMemory()
    clock = StandingClock()
    media = LocalMediaStore(root / "media", files)
    archive = DeltaArchive(COUNCIL, root, register=presence, media=media, clock=clock, files=files)
    return Town(root=root, archive=archive, presence=presence, media=media, clock=clock)


def rows(archive: Archive, *series: str) -> list[dict[str, Any]]:
    """Return every row of some series."""
    return [row for batch in archive.scan(series=series) for row in batch.to_pylist()]
