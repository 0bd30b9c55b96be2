"""Graph's errors, translated into ours: the one place that knows what a code means.

An error has the shape {"error": {message, type, code, error_subcode, is_transient}} and comes with status
400, 403 or 500, sometimes 200, never 429. Messages are read for the names of permissions only.
"""

import re
from enum import StrEnum
from typing import Final, NoReturn

import msgspec

from connectors.decoding import Decoder
from schemas.errors import (
    AccountSuspendedError,
    CredentialsRejectedError,
    FatalError,
    MarkerRefusedError,
    SourceUnavailableError,
    StreamRefusedError,
)
from schemas.vocabulary import Reason, Stream

__all__ = [
    "Problem",
    "TooMuchDataError",
    "Verdict",
    "problem_of",
    "raise_problem",
    "refused_stream",
    "verdict",
]

GONE_SUBCODE: Final = 33
_UNKNOWN_NAME: Final = 803
_PARAMETER: Final = 100
_RATE: Final = frozenset({4, 17, 32, 613, *range(80001, 80010)})
_PASSING: Final = frozenset({1, 2})
_TOKEN: Final = frozenset({102, 190})
_PROOF: Final = 104
_BLOCKED: Final = 368
_SYNTAX: Final = frozenset({8, 12, 2500, 2635})
_PERMISSION: Final = frozenset({3, 10, *range(200, 300)})
_NAMED: Final = re.compile(r"\b(pages_[a-z_]+|read_insights|business_management)\b")
_PUBLIC_ACCESS: Final = re.compile(r"(?i)pages? public (?:content|metadata) access")
_RENEW: Final = "Make a new Page token and put it in the credential (docs/platforms/facebook.md)."
_REMEDIES: Final = {
    458: f"The app was removed by the person whose token it is: let them add it again. {_RENEW}",
    459: "The person whose token it is must sign in on facebook.com and answer what Facebook asks there.",
    460: f"The person whose token it is changed their password. {_RENEW}",
    463: f"The token has expired. {_RENEW} A system user's token does not expire.",
    464: "The person whose token it is must confirm their Facebook account first.",
    467: f"The token was withdrawn. {_RENEW}",
    492: f"The person whose token it is has no role on the Page any more: give them one. {_RENEW}",
}
_NEEDED: Final = {
    Stream.PROFILE: "pages_read_engagement",
    Stream.POSTS: "pages_read_engagement",
    Stream.COMMENTS: "pages_read_user_content",
}


class TooMuchDataError(SourceUnavailableError):
    """Graph wants a smaller page: the connector halves its limit. At one item it is a fault of Facebook's."""


class Verdict(StrEnum):
    """What an error says of the one object that was asked for."""

    GONE = "gone"
    REFUSED = "refused"


class Problem(msgspec.Struct, frozen=True):
    """An error as Graph tells it."""

    code: int = 0
    error_subcode: int = 0
    message: str = ""
    is_transient: bool = False

    @property
    def name(self) -> str:
        """The code, with its subcode: what a look or a message shows."""
        return f"{self.code}.{self.error_subcode}" if self.error_subcode else str(self.code)

    @property
    def is_rate(self) -> bool:
        """Whether it asks us to come back later."""
        return self.code in _RATE

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed in a moment."""
        return self.code in _PASSING or self.is_transient

    @property
    def wants_less(self) -> bool:
        """Whether a smaller page would do."""
        return self.code == 1 and "reduce the amount of data" in self.message.casefold()

    @property
    def permission(self) -> str | None:
        """The permission that the message names."""
        found = _NAMED.search(self.message)
        if found is not None:
            return found[1]
        return "Page Public Content Access" if _PUBLIC_ACCESS.search(self.message) else None


class _Envelope(msgspec.Struct):
    error: msgspec.Raw = msgspec.Raw(b"null")


_envelope: Final = Decoder(_Envelope)
_problem: Final = Decoder(Problem)


def problem_of(body: bytes) -> Problem | None:
    """Return the error that a body holds; None for a success, and for what is no JSON object at all."""
    if b'"error"' not in body:
        return None
    try:
        raw = _envelope.decode(body).error
    except msgspec.DecodeError:
        return None
    if bytes(raw) == b"null":
        return None
    try:
        return _problem.decode(raw)
    except msgspec.DecodeError:
        return Problem()


def verdict(problem: Problem) -> Verdict | None:
    """Return what a problem says of the one object asked for; None: it is about more than that."""
    if problem.code == _UNKNOWN_NAME or (
        problem.code == _PARAMETER and problem.error_subcode == GONE_SUBCODE
    ):
        return Verdict.GONE
    refused = problem.code in _PERMISSION or (
        problem.code == _PARAMETER and _PUBLIC_ACCESS.search(problem.message) is not None
    )
    return Verdict.REFUSED if refused else None


def refused_stream(problem: Problem, stream: Stream) -> StreamRefusedError:
    """Return the error for a list that a permission is missing for."""
    permission = problem.permission or _NEEDED[stream]
    return StreamRefusedError(
        f"Facebook does not let this token read {stream} (code {problem.name}): it lacks {permission}.",
        remedy=(
            f"Make a new Page token with the permission {permission}, as somebody with a role on the Page; "
            "docs/platforms/facebook.md shows each step."
        ),
    )


def raise_problem(problem: Problem, *, paged: bool) -> NoReturn:
    """Raise what a problem means that is not about one object; `paged`: the request named a page token.

    Raises:
        SourceUnavailableError, CredentialsRejectedError, AccountSuspendedError, MarkerRefusedError,
        StreamRefusedError: See `schemas.errors`.
        FatalError: Graph calls our request wrong: a defect of ours.
    """
    code = problem.code
    if problem.is_passing:
        raise SourceUnavailableError(
            f"Facebook could not answer (code {problem.name}).",
        )
    if code in _TOKEN:
        raise CredentialsRejectedError(
            f"Facebook rejects the token (code {problem.name}).",
            remedy=_REMEDIES.get(problem.error_subcode, _RENEW),
        )
    if code == _PROOF or (code == _PARAMETER and "appsecret_proof" in problem.message):
        raise CredentialsRejectedError(
            f"Facebook rejects the proof of the app's secret (code {problem.name}).",
            remedy="Copy app_secret anew from the app that the token was made with.",
        )
    if code == _BLOCKED:
        raise AccountSuspendedError(
            "Facebook has blocked the Page or the person whose token it is (code 368).",
            remedy="Sign in on facebook.com and look at the Page's support inbox: it says what and how long.",
        )
    if code == _PARAMETER and paged:
        raise MarkerRefusedError(
            "Facebook no longer takes the page token.", remedy="The list is walked again from its start."
        )
    if code == _PARAMETER or code in _SYNTAX:
        raise FatalError(
            f"Facebook calls our request wrong (code {problem.name}).",
            remedy="This is a defect of muniment: please report it with this message.",
        )
    raise StreamRefusedError(
        f"Facebook refused with code {problem.name}, which muniment does not know.",
        reason=Reason.UNAVAILABLE,
        remedy="Look the code up in Meta's list of Graph errors; what is held is unharmed.",
    )
