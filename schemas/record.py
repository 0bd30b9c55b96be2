"""A council record: one version of a post, comment, message or profile, as its platform tells it."""

from dataclasses import dataclass
from datetime import datetime

from schemas.capture import Exhibit
from schemas.values import swift
from schemas.vocabulary import AuthorRole, Kind, Platform, Series

__all__ = ["CouncilRecord", "FiledRecord", "MediaRef"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRef:
    """A picture, video or document that a version carries; its bytes are an attachment."""

    native_id: str
    kind: str
    alt_text: str | None


@swift
@dataclass(frozen=True, slots=True, kw_only=True)
class CouncilRecord:
    """One version of a record. `text` is what a reader sees: plain text, markup removed.

    `created_at` is None where the platform did not say; `version_at` is an edit's own time, and `language`
    the word of the platform, where it gives them. A count, a reaction or an avatar is no part of a version.
    """

    record_id: str
    native_id: str
    platform: Platform
    kind: Kind
    thread_id: str
    parent_id: str | None
    author_id: str | None
    author_handle: str | None
    author_name: str | None
    title: str | None
    text: str
    language: str | None = None
    url: str | None
    created_at: datetime | None
    version_at: datetime | None = None
    media: tuple[MediaRef, ...]
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledRecord:
    """A row of the archive, as it is read back. Only `keep` makes such a row."""

    record: CouncilRecord
    council: str
    account: str
    author_role: AuthorRole
    series: Series
    filed_at: datetime
    captured_at: datetime
    digest_rule: int
    version_id: bytes
    capture_id: str
    salt: bytes
    exhibit: Exhibit
    commit_no: int
