"""What can stand in the audit chain: one typed class for each tag `source:subject:action`. Pure.

The set is closed: a new act is a new tag (in `event`) and a new class here or in a module of its own,
listed in EVENTS, and a line in docs/officer/audit.md, which tests compare. `source` is `person` or `system`.

A text may name officers and what they typed, since it has an end; it names no record in plain: a record is
told by its keyed digest (`record_key`), so that what is audited of a record outlives the record and leads
nobody back to a resident. "Who looked at record X?" is answered for whoever can name X.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import ClassVar

from muniment.domain import disposal_events as disposal
from muniment.domain import retention_events as retention
from muniment.domain.event import Event, Tag, Term
from muniment.domain.search_events import (
    IndexBuilt,
    IndexPurged,
    IndexReconciled,
    SearchDropped,
    SearchMade,
    SearchReported,
    SearchSaved,
    StatementAccepted,
    SuggestionDecided,
)

__all__ = [
    "EVENTS",
    "AccountPaused",
    "AccountsEnrolled",
    "ArchiveCompacted",
    "ArchiveExported",
    "ArchiveReread",
    "ArchiveRun",
    "ArchiveSealed",
    "ArchiveVerified",
    "AuditRead",
    "AuditRestarted",
    "AuditTextsDestroyed",
    "BackfillConfirmed",
    "Event",
    "HoldPlaced",
    "HoldReleased",
    "HoldResolved",
    "HoldReviewed",
    "HoldShown",
    "IndexBuilt",
    "IndexPurged",
    "IndexReconciled",
    "ListRead",
    "RecordProved",
    "RecordShown",
    "RoleEnded",
    "RoleGiven",
    "SearchDropped",
    "SearchMade",
    "SearchReported",
    "SearchSaved",
    "StatementAccepted",
    "SuggestionDecided",
    "Tag",
    "TeamJoined",
    "TeamLeft",
    "Term",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsEnrolled(Event):
    """The council's file was taken in, and says something else than before; settings as JSON by account."""

    tag: ClassVar[Tag] = Tag.ACCOUNTS_ENROLLED
    source_sha256: str
    before: Mapping[str, str]
    after: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPaused(Event):
    """An account was paused for a reason, or (after: None) goes on."""

    tag: ClassVar[Tag] = Tag.ACCOUNT_PAUSED
    account: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillConfirmed(Event):
    """A person said yes to the estimate of fetching an account's past."""

    tag: ClassVar[Tag] = Tag.BACKFILL_CONFIRMED
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveRun(Event):
    """A person let walks run by hand; `accounts` empty: all that were due."""

    tag: ClassVar[Tag] = Tag.ARCHIVE_RUN
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSealed(Event):
    """A person had the archive sealed; the seal that follows covers this entry."""

    tag: ClassVar[Tag] = Tag.ARCHIVE_SEALED


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveVerified(Event):
    """A person held everything against its evidence."""

    tag: ClassVar[Tag] = Tag.ARCHIVE_VERIFIED
    faults: int
    commit_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveExported(Event):
    """A person wrote the whole archive into a file."""

    tag: ClassVar[Tag] = Tag.ARCHIVE_EXPORTED
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveReread(Event):
    """A person had kept exhibits read again."""

    tag: ClassVar[Tag] = Tag.ARCHIVE_REREAD
    dry_run: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveCompacted(Event):
    """A person had small files merged."""

    tag: ClassVar[Tag] = Tag.ARCHIVE_COMPACTED


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordShown(Event):
    """A person read one record in full."""

    tag: ClassVar[Tag] = Tag.RECORD_SHOWN
    term: ClassVar[Term] = Term.SEARCH
    record_key: str
    purpose: str | None = None
    case_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordProved(Event):
    """A person had the proof of one record written."""

    tag: ClassVar[Tag] = Tag.RECORD_PROVED
    term: ClassVar[Term] = Term.SEARCH
    record_key: str
    purpose: str | None = None
    case_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldPlaced(Event):
    """A person placed a hold: `typed` is its scope, or `records` were named one by one.

    `too_late`: so many of the records named were being destroyed already, or are gone.
    """

    tag: ClassVar[Tag] = Tag.HOLD_PLACED
    hold_id: int
    kind: str
    reference: str
    reason: str
    typed: str | None
    records: int
    too_late: int
    review_on: date
    case_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldResolved(Event):
    """The scope of a hold came to so many records, as at a commit; `too_late` as for HoldPlaced."""

    tag: ClassVar[Tag] = Tag.HOLD_RESOLVED
    hold_id: int
    records: int
    too_late: int
    commit_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReviewed(Event):
    """A person looked at a hold and kept it, until another day."""

    tag: ClassVar[Tag] = Tag.HOLD_REVIEWED
    hold_id: int
    before: date
    after: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReleased(Event):
    """A person released a hold; `freed` records are under no other one."""

    tag: ClassVar[Tag] = Tag.HOLD_RELEASED
    hold_id: int
    reference: str
    records: int
    freed: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldShown(Event):
    """A person read what a hold is about; `records`: so many of its ids were written to a file."""

    tag: ClassVar[Tag] = Tag.HOLD_SHOWN
    term: ClassVar[Term] = Term.SEARCH
    hold_id: int
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRead(Event):
    """A person read a list that names records or searches: which list, and how many entries it has.

    `run`: of which disposal, where it is the list of one.
    """

    tag: ClassVar[Tag] = Tag.LIST_READ
    term: ClassVar[Term] = Term.SEARCH
    listed: str
    entries: int
    run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGiven(Event):
    """A person was given a role."""

    tag: ClassVar[Tag] = Tag.ROLE_GIVEN
    person: str
    role: str
    from_on: date
    until_on: date | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleEnded(Event):
    """A person's role was given its last day."""

    tag: ClassVar[Tag] = Tag.ROLE_ENDED
    person: str
    role: str
    before: date | None
    after: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamJoined(Event):
    """A person was put into a team: may see what is restricted to it, and speaks for it."""

    tag: ClassVar[Tag] = Tag.TEAM_JOINED
    person: str
    team: str
    from_on: date
    until_on: date | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamLeft(Event):
    """A person's time in a team was given its last day."""

    tag: ClassVar[Tag] = Tag.TEAM_LEFT
    person: str
    team: str
    before: date | None
    after: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRead(Event):
    """A person read the audit chain; what was asked for, as typed."""

    tag: ClassVar[Tag] = Tag.AUDIT_READ
    term: ClassVar[Term] = Term.SEARCH
    filters: Mapping[str, str]
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTextsDestroyed(Event):
    """Texts whose period had ended were destroyed: first and last number of each run of entries."""

    tag: ClassVar[Tag] = Tag.AUDIT_TEXTS_DESTROYED
    ranges: tuple[tuple[int, int], ...]
    before: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRestarted(Event):
    """The register was lost and no backup is as new as the last seal: a person said to go on without it.

    `lost_head` is the head, in hexadecimal figures, that the last seal names and this chain does not have.
    """

    tag: ClassVar[Tag] = Tag.AUDIT_RESTARTED
    lost_head: str
    seal: int
    reason: str


EVENTS: Mapping[Tag, type[Event]] = MappingProxyType(
    {
        one.tag: one
        for one in (
            *(AccountsEnrolled, AccountPaused, BackfillConfirmed),
            *(ArchiveRun, ArchiveSealed, ArchiveVerified, ArchiveExported, ArchiveReread, ArchiveCompacted),
            *(
                IndexBuilt,
                IndexReconciled,
                IndexPurged,
                SearchMade,
                SearchSaved,
                SearchDropped,
                SearchReported,
            ),
            *(SuggestionDecided, StatementAccepted, RecordShown, RecordProved),
            *(
                HoldPlaced,
                HoldResolved,
                HoldReviewed,
                HoldReleased,
                HoldShown,
                ListRead,
                RoleGiven,
                RoleEnded,
            ),
            *(TeamJoined, TeamLeft, disposal.DisposalCoReviewed),
            *(disposal.DisposalProposed, disposal.DisposalDecided, disposal.DisposalSentOn),
            *(disposal.DisposalApproved, disposal.DisposalCancelled, disposal.DisposalLapsed),
            *(disposal.DisposalBegun, disposal.DisposalErased, disposal.DisposalCertified),
            disposal.DisposalStopped,
            *(disposal.CopiesEnded, disposal.StubAsked, disposal.StubKeyRotated),
            *(disposal.StubKeyForgetAsked, disposal.StubKeyForgotten),
            *(
                disposal.GivenOutEntered,
                disposal.StubsWritten,
                disposal.RestoredShut,
                disposal.RestoredFiltered,
            ),
            *(retention.ScheduleAdopted, retention.TriggerRecorded, retention.WindowSet),
            *(retention.CaseLinked, retention.ClassDecided, retention.ClassApproved),
            *(retention.TransferMade, retention.TransferReceived),
            *(AuditRead, AuditTextsDestroyed, AuditRestarted),
        )
    }
)
"""The class of each tag. A test holds it against `Tag`: none is missing, none is doubled."""
