"""What is asked of a platform, and what it answered: walks, responses, exhibits.

A *walk* is one pass over one stream of one account. It pages *responses*; a response is cut into
*exhibits*, one for each record it speaks of (data-model.md 3). Secrets are gone from a response
before anything else sees it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from schemas.account import Account
from schemas.values import swift
from schemas.vocabulary import Reason, Stream

__all__ = [
    "POSTS",
    "PROFILE",
    "Ask",
    "Attachment",
    "CaptureRow",
    "Cursor",
    "Edge",
    "Exhibit",
    "Ids",
    "Listed",
    "MediaAddress",
    "MediaAnswer",
    "RecordRef",
    "Response",
    "Threads",
    "Walk",
    "Window",
    "comments_of",
]

POSTS = "posts"
"""The listing of an account's own posts."""
PROFILE = "profile"
"""The listing of an account's profile: one record."""


def comments_of(thread_id: str) -> str:
    """Return the listing of one thread's comments, at every depth; `thread_id` is a record_id."""
    return f"comments:{thread_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The newest edge of a stream at a moment: the newest native id, and its time."""

    native_id: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRef:
    """A record that a request is to name: what it is, and how the platform calls it today."""

    record_id: str
    native_id: str
    thread_id: str
    filed_at: datetime
    since: Cursor | None = None  # Threads: only what is newer is wanted; None: the whole thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Ask for what is newer than `since`; None: everything up to the account's `backfill_from`.

    `since` is the promoted cursor less an overlap, already subtracted by the service.
    """

    since: Cursor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Ask for a period, `start` <= created < `end`: a backfill or a second look.

    `purpose` is "backfill", or the age band that is looked at again: recent, month, year, older.
    """

    start: datetime
    end: datetime
    purpose: str = "backfill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threads:
    """Ask for the comments of these threads; each record_id is a thread's root."""

    threads: tuple[RecordRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """Ask for these records by id, and in the same run for a control that should be there."""

    wanted: tuple[RecordRef, ...]
    controls: tuple[RecordRef, ...]


Ask: TypeAlias = Edge | Window | Threads | Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One pass over one stream. `marker` is the connector's own word for where to go on; None: the start."""

    walk_id: str
    account: Account
    stream: Stream
    ask: Ask
    marker: str | None = None
    ended: bool = False
    resume_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What one response says of one list.

    `since` and `until` bound what this walk pages of the list, by creation time (None: unbounded):
    absence is judged inside them only. `shows` are the words of `Look.shown` that this view can
    show: without a sign-in, held comments are not absent. `reported` is the platform's own total,
    of the list's whole; `short` is why fewer can be had, where the platform's rules tell (`paged-out`);
    `refused` says why the list was withheld.
    """

    listing: str
    ended: bool
    reported: int | None = None
    short: Reason = Reason.UNEXPLAINED
    absence_counts: bool = False
    since: datetime | None = None
    until: datetime | None = None
    shows: frozenset[str] = frozenset({"public"})
    refused: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer of a platform, secrets replaced.

    `endpoint` is a template without ids. `asked` are the record_ids whose present state this request
    asked by id. `context` are earlier objects that it must be read with. `signpost` stands on an
    Edge walk's first page: the newest edge. `marker` is None on the last page of the walk only.
    """

    capture_id: str
    walk_id: str
    fetched_at: datetime
    server_date: datetime | None
    method: str
    address: str
    sent: bytes
    endpoint: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    api_version: str
    connector_version: str
    secrets_masked: int = 0
    cost_micros: int = 0
    asked: tuple[RecordRef, ...] = ()
    context: tuple[bytes, ...] = ()
    listings: tuple[Listed, ...] = ()
    signpost: Cursor | None = None
    marker: str | None = None


@swift
@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """The unit of evidence: what one response said of one record."""

    record_id: str
    header: bytes
    parts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaAddress:
    """Where a media file, or a short link, can be had now: never stored, never digested."""

    record_id: str
    ref: str  # MediaRef.native_id, or the short link itself
    kind: str  # image, video, audio, document, link
    url: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaAnswer:
    """What fetching an address gave: bytes written, or why not. `target` is where a short link leads."""

    status: int
    media_type: str | None
    size_bytes: int
    why_not: Reason | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A media file or a short link's target, as filed.

    `capture_id` names the capture row of its fetch, which keeps its leaf. `incoming` names the bytes
    waiting to be placed.
    """

    record_id: str
    version_id: bytes
    ref: str
    kind: str
    media_type: str | None
    sha256: bytes | None
    size_bytes: int | None
    why_not: Reason | None
    target: str | None
    fetched_at: datetime
    account: str
    capture_id: str
    incoming: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRow:
    """One response as the archive remembers it: typed values only, no byte of its body, no id of a record.

    `totals` are the numbers that the platform reported; `items` how many records it spoke of;
    `leaves` the leaf digests of what was kept from it (filled in by `keep`).
    """

    capture_id: str
    walk_id: str
    account: str
    stream: Stream
    endpoint: str
    status: int
    fetched_at: datetime
    server_date: datetime | None
    api_version: str
    connector_version: str
    items: int
    totals: tuple[int, ...]
    body_bytes: int
    secrets_masked: int
    cost_micros: int
    sandbox_clock: bool
    leaves: tuple[bytes, ...] = ()
