"""What the audit chain says of disposal: who proposed, decided, approved; what the machine did then. Pure.

No text names a record: lists are told in counts and by keyed digests, and a decision about one record or one
thread says that it was about one, not about which.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from muniment.domain.event import Event, Tag, Term

__all__ = [
    "CopiesEnded",
    "DisposalApproved",
    "DisposalBegun",
    "DisposalCancelled",
    "DisposalCertified",
    "DisposalCoReviewed",
    "DisposalDecided",
    "DisposalErased",
    "DisposalLapsed",
    "DisposalProposed",
    "DisposalSentOn",
    "DisposalStopped",
    "RestoredFiltered",
    "RestoredShut",
    "StubAsked",
    "StubKeyForgetAsked",
    "StubKeyForgotten",
    "StubKeyRotated",
    "StubsWritten",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalProposed(Event):
    """A list was made from a plan: how many records by what the plan says of them, and why others stay."""

    tag: ClassVar[Tag] = Tag.DISPOSAL_PROPOSED
    run: str
    kind: str
    schedule: str | None
    basis: str
    as_of: date
    commit_no: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalDecided(Event):
    """Somebody said what becomes of items. `value` None: the facet was a record or a thread."""

    tag: ClassVar[Tag] = Tag.DISPOSAL_DECIDED
    run: str
    facet: str
    value: str | None
    items: int
    decision: str
    reason: str
    until_on: date | None = None
    retention_class: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalSentOn(Event):
    """A list went from one step to the next, or back."""

    tag: ClassVar[Tag] = Tag.DISPOSAL_SENT_ON
    run: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalCoReviewed(Event):
    """A team that the list names has looked at it; `waits_for`: the teams that still have to."""

    tag: ClassVar[Tag] = Tag.DISPOSAL_CO_REVIEWED
    run: str
    team: str
    waits_for: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalApproved(Event):
    """Somebody approved a list as it stood; `waits_until`: both have, and the waiting period began."""

    tag: ClassVar[Tag] = Tag.DISPOSAL_APPROVED
    run: str
    role: str
    records: int
    list_digest: str
    waits_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalCancelled(Event):
    """Somebody stopped a run before it was executed; nothing was destroyed."""

    tag: ClassVar[Tag] = Tag.DISPOSAL_CANCELLED
    run: str
    before: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalLapsed(Event):
    """A run's approvals ended before it was executed: why, and where it went back to."""

    tag: ClassVar[Tag] = Tag.DISPOSAL_LAPSED
    run: str
    reasons: tuple[str, ...]
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalBegun(Event):
    """The point of no return: so many records by this keyed digest; how many dropped out, by reason."""

    tag: ClassVar[Tag] = Tag.DISPOSAL_BEGUN
    run: str
    records: int
    ids_digest: str
    key_id: str
    dropped: Mapping[str, int]
    schedule: str | None
    commit_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalErased(Event):
    """The archive erased them, at a commit: rows and media objects."""

    tag: ClassVar[Tag] = Tag.DISPOSAL_ERASED
    run: str
    commit_no: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalCertified(Event):
    """Every store proved the absence; the certificate with this SHA-256 was issued."""

    tag: ClassVar[Tag] = Tag.DISPOSAL_CERTIFIED
    run: str
    certificate_no: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalStopped(Event):
    """An execution failed, in which state and with what kind of error; it is tried again the next night."""

    tag: ClassVar[Tag] = Tag.DISPOSAL_STOPPED
    run: str
    state: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiesEnded(Event):
    """Remaining copies that a certificate names are gone, somebody said: backups, snapshots."""

    tag: ClassVar[Tag] = Tag.COPIES_ENDED
    run: str
    certificate_no: int
    reason: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StubAsked(Event):
    """Somebody asked why a record is not held; `found`: a stub, a gap, held, or nothing."""

    tag: ClassVar[Tag] = Tag.STUB_ASKED
    term: ClassVar[Term] = Term.SEARCH
    record_key: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StubKeyForgetAsked(Event):
    """Somebody asked that a sealed key of stubs be destroyed; another person has to agree."""

    tag: ClassVar[Tag] = Tag.STUB_KEY_FORGET_ASKED
    key_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StubKeyForgotten(Event):
    """A second person agreed: the key is destroyed, and so many stubs that had ended are gone with it."""

    tag: ClassVar[Tag] = Tag.STUB_KEY_FORGOTTEN
    key_id: str
    stubs: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StubKeyRotated(Event):
    """A new key of stubs is in use; the one before is sealed."""

    tag: ClassVar[Tag] = Tag.STUB_KEY_ROTATED
    before: str | None
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenOutEntered(Event):
    """A person entered what had been given out before a list was kept: what, when, with how many records."""

    tag: ClassVar[Tag] = Tag.GIVEN_OUT_ENTERED
    kind: str
    on: date
    records: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StubsWritten(Event):
    """Stubs were written to a file, to be kept apart: how many, and the file's SHA-256."""

    tag: ClassVar[Tag] = Tag.STUBS_WRITTEN
    stubs: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredShut(Event):
    """A restored archive was shut to be filtered. `register_commit` was the register's last, before.

    `stubs_taken`: how many came from a file, which has this SHA-256.
    """

    tag: ClassVar[Tag] = Tag.RESTORED_SHUT
    reason: str
    archive_commit: int
    register_commit: int
    stubs_taken: int = 0
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredFiltered(Event):
    """What had been destroyed before was erased from a restored archive again, at a commit."""

    tag: ClassVar[Tag] = Tag.RESTORED_FILTERED
    run: str
    records: int
    commit_no: int
    counts: Mapping[str, int]
