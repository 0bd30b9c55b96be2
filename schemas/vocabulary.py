"""The closed sets of words that records, looks and reports are written in."""

from enum import StrEnum
from typing import TypeAlias

__all__ = [
    "AccountKind",
    "Answer",
    "AuthorRole",
    "Kind",
    "OnDeletion",
    "Outcome",
    "Platform",
    "Reason",
    "Series",
    "State",
    "Stream",
]

Platform: TypeAlias = str
"""A name of `connectors.registry`: an open set, so that a platform is added in one place."""


class Kind(StrEnum):
    """What a record is."""

    POST = "post"
    PAGE = "page"
    COMMENT = "comment"
    MESSAGE = "message"
    PROFILE = "profile"
    UNREAD = "unread"


class Series(StrEnum):
    """The partition a record version is filed in: facts at capture (data-model.md 4)."""

    OWN = "own"
    PUBLIC = "public"
    MESSAGE = "message"
    UNREAD = "unread"


class AuthorRole(StrEnum):
    """Who wrote a record, by role."""

    COUNCIL = "council"
    PUBLIC = "public"
    UNKNOWN = "unknown"


class AccountKind(StrEnum):
    """Why the council has an account (council-requirements.md C)."""

    CORPORATE = "corporate"
    DEPARTMENTAL = "departmental"
    CAMPAIGN = "campaign"
    PARTNERSHIP = "partnership"
    SHARED_SERVICE = "shared-service"
    MEMBER = "member"


class Stream(StrEnum):
    """What one walk of an account pages through."""

    PROFILE = "profile"
    POSTS = "posts"
    COMMENTS = "comments"


class Answer(StrEnum):
    """What one response, or one whole listing, said of a record.

    REREAD is no answer of a platform: a better reader understood what was kept (data-model.md 2).
    """

    SEEN = "seen"
    ABSENT = "absent"
    GONE = "gone"
    REFUSED = "refused"
    REREAD = "reread"


class State(StrEnum):
    """How a record stands at its platform, never here (data-model.md 5)."""

    LIVE = "live"
    HIDDEN = "hidden"
    MISSING = "missing"
    GONE = "gone"


class OnDeletion(StrEnum):
    """What to do when a platform tells of a deletion."""

    RETAIN = "retain"
    HONOUR = "honour"


class Reason(StrEnum):
    """Why something reported was not captured (capture-lessons.md 3)."""

    HIDDEN = "hidden"
    FILTERED = "filtered"
    PERMISSION = "permission"
    PAGED_OUT = "paged-out"
    RATE_LIMITED = "rate-limited"
    DISPOSED = "disposed"
    UNEXPLAINED = "unexplained"
    # A listing or an account that could not be read at all: the reasons of a gap.
    NO_CREDENTIAL = "no-credential"
    NO_RUN = "no-run"
    BUDGET = "budget"
    SUSPENDED = "suspended"
    UNAVAILABLE = "unavailable"
    CHALLENGED = "challenged"
    UNREADABLE = "unreadable"
    WRONG_ACCOUNT = "wrong-account"
    LOOPED = "looped"
    # A media file or a short link's target.
    LAPSED = "lapsed"
    TOO_LARGE = "too-large"
    FORBIDDEN_ADDRESS = "forbidden-address"
    NOT_OFFERED = "not-offered"


class Outcome(StrEnum):
    """How a walk ended, for reports."""

    WHOLE = "whole"
    GOES_ON = "goes-on"  # its turn is over: it goes on after the newest edges
    UNFINISHED = "unfinished"
    REFUSED = "refused"
    FAILED = "failed"
