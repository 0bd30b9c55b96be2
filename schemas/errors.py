"""The one error tree. A class says what the caller does next; the tree is the retry policy.

    MunimentError
    ├── RetryableError      run the same step again
    │   ├── RateLimitedError        waits over 60 s leave the walk unfinished, with `resume_at`
    │   ├── SourceUnavailableError  5xx, time-out, broken connection
    │   ├── SearchUnavailableError  the search server is stopped, cut off or busy
    │   ├── CredentialBusyError     another walk speaks with it, or Prefect cannot tell
    │   └── WriteConflictError      another process wrote first
    ├── WalkError           this walk cannot go on as it is
    │   ├── MarkerRefusedError      drop the marker, walk again from the same `since`
    │   └── RepeatedTokenError      end this stream's walk with an alarm
    ├── StreamError         open a gap on this stream; the account's others go on
    │   ├── StreamRefusedError      a permission is missing
    │   └── BudgetSpentError        until the reset
    ├── SkippableError      set the item aside, carry on
    │   ├── MalformedItemError
    │   └── MediaLapsedError
    ├── AccountError        pause this account, open a gap, tell its owner; others go on
    │   ├── CredentialsRejectedError
    │   ├── SourceChallengedError   a login page where an answer was due
    │   ├── AccountSuspendedError
    │   └── WrongAccountError
    ├── RefusalError        tell the person which rule said no; nothing is broken
    │   ├── BadInputError           wrong YAML, unknown account, a query with a mistake
    │   ├── ConfirmationNeededError
    │   ├── HeldError               a hold stops it
    │   ├── NotPermittedError       the person has no role for it, or has had a hand in it before
    │   └── NotApprovedError        a disposal is not approved as it stands, or its waiting is not over
    └── FatalError          stop the run; a person must look
        ├── IntegrityError
        ├── SchemaMismatchError
        └── StorageError            disk full, no permission, a volume that lacks what we need

An error carries ids and a remedy, never a body, a name or a token; it does not log itself.
"""

from datetime import datetime
from typing import ClassVar

from schemas.vocabulary import Reason

__all__ = [
    "AccountError",
    "AccountSuspendedError",
    "BadInputError",
    "BudgetSpentError",
    "ConfirmationNeededError",
    "CredentialBusyError",
    "CredentialsRejectedError",
    "FatalError",
    "HeldError",
    "IntegrityError",
    "MalformedItemError",
    "MarkerRefusedError",
    "MediaLapsedError",
    "MunimentError",
    "NotApprovedError",
    "NotPermittedError",
    "RateLimitedError",
    "RefusalError",
    "RepeatedTokenError",
    "RetryableError",
    "SchemaMismatchError",
    "SearchUnavailableError",
    "SkippableError",
    "SourceChallengedError",
    "SourceUnavailableError",
    "StorageError",
    "StreamError",
    "StreamRefusedError",
    "WalkError",
    "WriteConflictError",
    "WrongAccountError",
]


class MunimentError(Exception):
    """Every error of ours. `remedy` says in plain words what to do about it."""

    usual_remedy: ClassVar[str] = ""
    """What helps against this kind of error, where nothing more can be said of the one at hand."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        """Keep the message and the remedy; `str(error)` shows both."""
        self.message = message
        self.remedy = remedy or self.usual_remedy
        super().__init__(f"{message} {self.remedy}".strip())


class RetryableError(MunimentError):
    """Run the same step again."""


class RateLimitedError(RetryableError):
    """The platform asks us to wait longer than a run should: go on at `resume_at`."""

    usual_remedy = "Nothing is lost: a run after that goes on from here."

    def __init__(self, message: str, *, resume_at: datetime | None = None, remedy: str = "") -> None:
        """Keep when to go on; None: the caller's own back-off."""
        super().__init__(message, remedy=remedy)
        self.resume_at = resume_at


class SourceUnavailableError(RetryableError):
    """The platform did not answer, or answered with a fault of its own."""

    usual_remedy = "Nothing is lost: the next run goes on from here."


class SearchUnavailableError(RetryableError):
    """The search server is stopped, cut off or busy; the archive goes on, and the index catches up later."""

    usual_remedy = "Nothing is lost: the archive goes on, and the index catches up with the next run."


class CredentialBusyError(RetryableError):
    """Another walk speaks with the credential, or the server that keeps its limit does not answer."""


class WriteConflictError(RetryableError):
    """Another process wrote first; nothing of ours was written."""

    usual_remedy = "Run the same command again."


class WalkError(MunimentError):
    """This walk cannot go on as it is."""


class MarkerRefusedError(WalkError):
    """The platform no longer takes our marker: drop it and walk again from the same `since`."""


class RepeatedTokenError(WalkError):
    """A page token came twice, or a walk passed its page ceiling: end it with an alarm."""


class StreamError(MunimentError):
    """Open a gap on this stream for `reason`; the account's other streams go on."""

    def __init__(
        self,
        message: str,
        *,
        reason: Reason = Reason.PERMISSION,
        resume_at: datetime | None = None,
        remedy: str = "",
    ) -> None:
        """Keep the reason of the gap, and when it may end by itself."""
        super().__init__(message, remedy=remedy)
        self.reason = reason
        self.resume_at = resume_at


class StreamRefusedError(StreamError):
    """A permission is missing; the remedy says which and how to get it."""


class BudgetSpentError(StreamError):
    """Our own budget, the platform's quota or the money is spent until `resume_at`."""

    def __init__(self, message: str, *, resume_at: datetime | None = None, remedy: str = "") -> None:
        """Open the gap for reason `budget`."""
        super().__init__(message, reason=Reason.BUDGET, resume_at=resume_at, remedy=remedy)


class SkippableError(MunimentError):
    """Set the item aside, record that, carry on."""


class MalformedItemError(SkippableError):
    """An item that our reader does not understand: filed as kind `unread`, so nothing is lost."""


class MediaLapsedError(SkippableError):
    """A media address no longer answers: ask for the record afresh."""


class AccountError(MunimentError):
    """Pause this account, open a gap for `reason` and tell its owner; other accounts go on."""

    reason = Reason.UNAVAILABLE


class CredentialsRejectedError(AccountError):
    """The credential is missing, expired or revoked: it needs a person."""

    reason = Reason.NO_CREDENTIAL


class SourceChallengedError(AccountError):
    """A login page or a challenge came where an answer was due."""

    reason = Reason.CHALLENGED


class AccountSuspendedError(AccountError):
    """The platform has suspended, protected or deactivated the account."""

    reason = Reason.SUSPENDED


class WrongAccountError(AccountError):
    """The platform answered for another account than the register names."""

    reason = Reason.WRONG_ACCOUNT


class RefusalError(MunimentError):
    """A rule said no; nothing is broken. The message says which rule."""


class BadInputError(RefusalError):
    """What a person gave us cannot be used: the message says where and what to write instead."""


class ConfirmationNeededError(RefusalError):
    """A person must say yes first; the message says to what."""


class HeldError(RefusalError):
    """A hold stops it: what lies under one only ever stays longer."""


class NotPermittedError(RefusalError):
    """The person may not do this; the message says which role may."""


class NotApprovedError(RefusalError):
    """A disposal may not be executed now. `faults` say what ended its approvals; none: it only waits."""

    def __init__(self, message: str, *, faults: tuple[str, ...] = (), remedy: str = "") -> None:
        """Keep what ended the approvals."""
        super().__init__(message, remedy=remedy)
        self.faults = faults


class FatalError(MunimentError):
    """Stop the run; a person must look."""


class IntegrityError(FatalError):
    """What is stored does not match its evidence; the message names the first broken thing."""


class SchemaMismatchError(FatalError):
    """A table, a database or an index was written by another version of muniment."""


class StorageError(FatalError):
    """The disk is full, or the volume or service lacks what the archive needs."""
