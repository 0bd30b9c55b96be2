"""What every event of the audit chain is: its tag, and how long its text is kept. Pure.

The set of tags is closed; `domain/events.py` says what stands in a text, and gathers every class.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

__all__ = ["Event", "Tag", "Term"]


class Tag(StrEnum):
    """`source:subject:action`, for every kind of entry that there is."""

    ACCOUNTS_ENROLLED = "system:accounts:enrol"
    ACCOUNT_PAUSED = "system:account:pause"
    BACKFILL_CONFIRMED = "person:backfill:confirm"
    ARCHIVE_RUN = "person:archive:run"
    ARCHIVE_SEALED = "person:archive:seal"
    ARCHIVE_VERIFIED = "person:archive:verify"
    ARCHIVE_EXPORTED = "person:archive:export"
    ARCHIVE_REREAD = "person:archive:reread"
    ARCHIVE_COMPACTED = "person:archive:compact"
    INDEX_BUILT = "person:index:build"
    INDEX_RECONCILED = "person:index:reconcile"
    INDEX_PURGED = "person:index:purge"
    SEARCH_MADE = "person:search:make"
    SEARCH_SAVED = "person:search:save"
    SEARCH_DROPPED = "person:search:drop"
    SEARCH_REPORTED = "person:search:report"
    SUGGESTION_DECIDED = "person:search:decide"
    STATEMENT_ACCEPTED = "person:search:accept"
    RECORD_SHOWN = "person:record:show"
    RECORD_PROVED = "person:record:prove"
    HOLD_PLACED = "person:hold:place"
    HOLD_RESOLVED = "system:hold:resolve"
    HOLD_REVIEWED = "person:hold:review"
    HOLD_RELEASED = "person:hold:release"
    HOLD_SHOWN = "person:hold:show"
    LIST_READ = "person:list:read"
    ROLE_GIVEN = "person:role:give"
    ROLE_ENDED = "person:role:end"
    TEAM_JOINED = "person:team:join"
    TEAM_LEFT = "person:team:leave"
    DISPOSAL_CO_REVIEWED = "person:disposal:coreview"
    DISPOSAL_PROPOSED = "person:disposal:propose"
    DISPOSAL_DECIDED = "person:disposal:decide"
    DISPOSAL_SENT_ON = "person:disposal:forward"
    DISPOSAL_APPROVED = "person:disposal:approve"
    DISPOSAL_CANCELLED = "person:disposal:cancel"
    DISPOSAL_LAPSED = "system:disposal:lapse"
    DISPOSAL_BEGUN = "system:disposal:begin"
    DISPOSAL_ERASED = "system:disposal:erase"
    DISPOSAL_CERTIFIED = "system:disposal:certify"
    DISPOSAL_STOPPED = "system:disposal:stop"
    COPIES_ENDED = "person:copies:end"
    STUB_ASKED = "person:stub:ask"
    STUB_KEY_ROTATED = "person:key:rotate"
    STUB_KEY_FORGET_ASKED = "person:key:ask"
    STUB_KEY_FORGOTTEN = "person:key:forget"
    SCHEDULE_ADOPTED = "person:schedule:adopt"
    TRIGGER_RECORDED = "person:trigger:record"
    WINDOW_SET = "person:window:set"
    CASE_LINKED = "person:case:link"
    CLASS_DECIDED = "person:class:decide"
    CLASS_APPROVED = "person:class:approve"
    TRANSFER_MADE = "person:transfer:make"
    TRANSFER_RECEIVED = "person:transfer:receive"
    AUDIT_READ = "person:audit:read"
    AUDIT_TEXTS_DESTROYED = "person:audit:destroy"
    AUDIT_RESTARTED = "person:audit:restart"
    GIVEN_OUT_ENTERED = "person:given:enter"
    STUBS_WRITTEN = "person:stub:write"
    RESTORED_SHUT = "person:restored:shut"
    RESTORED_FILTERED = "person:restored:filter"


class Term(StrEnum):
    """How long the text of an entry is kept: which class of the schedule it falls under."""

    SEARCH = "AUD-SEARCH"  # reads and searches: six years in the template
    FOR_EVER = "AUD-CERT"  # acts on which the proof of other records rests


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What was done. Each class has one tag; its fields are JSON values, tuples of them, or dates."""

    tag: ClassVar[Tag]
    term: ClassVar[Term] = Term.FOR_EVER
