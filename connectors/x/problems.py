"""X's errors, translated into ours: the one place that knows what a status or a problem type means.

A 200 is no proof of success: an answer may hold `errors` beside `data`, or instead of it.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from connectors.decoding import Decoder
from connectors.headers import count_told, pause_of
from connectors.transport import Answer
from connectors.x.wire import Problem
from schemas.errors import (
    AccountSuspendedError,
    BudgetSpentError,
    CredentialsRejectedError,
    FatalError,
    MarkerRefusedError,
    SourceUnavailableError,
    StreamRefusedError,
    WalkError,
)
from schemas.vocabulary import Reason

__all__ = [
    "GONE",
    "NamesRefusedError",
    "problems_of",
    "raise_for_account",
    "refuse",
    "unreadable",
    "wait_until",
]

GONE: Final = "resource-not-found"
_REFUSED_RESOURCE: Final = "not-authorized-for-resource"
_PASSING: Final = frozenset({"internal-error", "resource-unavailable", "operational-disconnect"})
_CONTENT: Final = frozenset(
    {
        *("attachments", "author_id", "edit_history_post_ids", "edit_history_tweet_ids", "note_post"),
        *("note_tweet", "referenced_posts", "referenced_tweets", "text"),
    }
)
_NAMING: Final = frozenset(
    {"expansions", "media.fields", "poll.fields", "post.fields", "tweet.fields", "user.fields"}
)
_PAGING: Final = frozenset({"next_token", "pagination_token"})
_PERIOD: Final = frozenset({"end_time", "start_time"})
"""A walk that waited takes up its period as it was fixed when it began, and X's window has moved on."""
_ERROR: Final = 300
_QUOTED: Final = re.compile(r"[\[`]([a-z_.]+)[\]`]")
"""The first name in a message: `The query parameter [post.fields] is not one of [...]`."""
_SPENT: Final = (
    "X counts what is read. Raise the spending limit of the app in X's developer console, or wait for the "
    "reset; nothing is lost, the walk goes on from here."
)


_PROBLEM: Final = Decoder(Problem)
_ANY: Final = Decoder()


class NamesRefusedError(WalkError):
    """X does not take this vocabulary: ask again with the other one. Never leaves the connector."""


def problems_of(raws: Iterable[msgspec.Raw]) -> tuple[Problem, ...]:
    """Return entries of `errors`; one that is no problem document counts as an unknown problem."""
    return tuple(_problem(raw) for raw in raws)


def refuse(answer: Answer) -> None:
    """Return for a success; raise what a refusal means for the caller.

    Raises:
        NamesRefusedError, MarkerRefusedError, CredentialsRejectedError, StreamRefusedError,
        AccountSuspendedError, BudgetSpentError: See `schemas.errors`.
        FatalError: X calls our request wrong: a defect of ours.
    """
    if answer.status < _ERROR:
        return
    problem = _problem(answer.body)
    match answer.status:
        case 400:
            _refuse_request(answer)
        case 401:
            raise CredentialsRejectedError(
                "X rejects the credential (401).",
                remedy="Sign in again at X's developer console and put the new tokens in the credential.",
            )
        case 402:
            raise BudgetSpentError("X's credits for this app are used up (402).", remedy=_SPENT)
        case 403:
            _refuse_forbidden(problem)
        case _:
            raise StreamRefusedError(
                f"X answered with status {answer.status}, which its API does not give.",
                reason=Reason.UNAVAILABLE,
                remedy="Check the account's base_url; if it is right, X has changed its API.",
            )


def wait_until(answer: Answer) -> datetime | None:
    """Return when X wants the next call, from its own headers; None: it does not ask us to wait.

    The reset is told by X's clock, so the wait is measured against the answer's own `Date`.

    Raises:
        BudgetSpentError: It is no rate limit: the usage cap or the credits are spent.
    """
    if answer.status != 429:  # noqa: PLR2004 - Too Many Requests
        return None
    problem = _problem(answer.body)
    if problem.kind == "usage-capped" or "cap" in problem.title.casefold():
        tomorrow = (answer.fetched_at + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        period = problem.period.casefold() or "current"
        raise BudgetSpentError(f"X's {period} usage cap is reached.", resume_at=tomorrow, remedy=_SPENT)
    reset = count_told(answer.headers.get("x-rate-limit-reset"))
    if reset is None:
        return None
    theirs = answer.server_date or answer.fetched_at
    return answer.fetched_at + pause_of(max(reset - theirs.timestamp(), 1.0))


def raise_for_account(problems: Iterable[Problem], *, has_data: bool) -> None:
    """Raise what `errors` of a list or a profile mean for the walk; entries about single posts pass.

    Raises:
        SourceUnavailableError: A part of X failed, so that the answer would look like an edit.
        AccountSuspendedError: The account itself is withheld.
        StreamRefusedError: X withholds the list.
    """
    for problem in problems:
        if problem.kind in _PASSING or (
            problem.kind.endswith("hydration-failure") and problem.field in _CONTENT
        ):
            raise SourceUnavailableError(
                "X could not put its answer together.", remedy="The next run asks again; nothing is lost."
            )
        if has_data:
            continue
        if problem.resource_type == "user" and problem.kind in (_REFUSED_RESOURCE, GONE):
            raise AccountSuspendedError(
                "X shows nothing of this account: it is suspended, protected, deactivated or deleted.",
                remedy="Look the account up on x.com; a protected one needs its own sign-in as credential.",
            )
        raise StreamRefusedError(
            f"X withholds this list ({problem.kind or 'no reason given'}).",
            remedy="See the problem's name in X's documentation; nothing held is changed.",
        )


def unreadable(what: str) -> StreamRefusedError:
    """Return the error for an answer whose shape we no longer understand."""
    return StreamRefusedError(
        f"X's answer has another shape than muniment knows: {what}.",
        reason=Reason.UNREADABLE,
        remedy="X has changed its API: look for a newer muniment; what is held is unharmed.",
    )


def _problem(raw: bytes | msgspec.Raw) -> Problem:
    try:
        return _PROBLEM.decode(raw)
    except msgspec.DecodeError:
        return Problem()


def _refuse_request(answer: Answer) -> None:
    named = _parameters(answer.body)
    if named & (_PAGING | _PERIOD):
        raise MarkerRefusedError("X no longer takes the page token.", remedy="The list is walked again.")
    if named & _NAMING:
        raise NamesRefusedError("X does not know these field names.")
    raise FatalError(
        f"X calls our request wrong (400: {', '.join(sorted(named)) or 'no parameter named'}).",
        remedy="This is a defect of muniment: please report it with this message.",
    )


def _refuse_forbidden(problem: Problem) -> None:
    told = f"{problem.title} {problem.detail}".casefold()
    if "suspended" in told or "locked" in told:
        raise AccountSuspendedError(
            "X has suspended or locked the account that the credential belongs to.",
            remedy="Sign in on x.com as that account: X says there what it wants.",
        )
    if problem.kind == "usage-capped" or "credits" in told:
        raise BudgetSpentError("X's usage cap or credits for this app are used up.", remedy=_SPENT)
    if problem.kind == "unsupported-authentication":
        raise StreamRefusedError(
            "X does not take this kind of credential for this list.",
            remedy="Searching the whole archive needs the app's bearer_token beside the user's tokens.",
        )
    raise StreamRefusedError(
        f"X does not let this app read here ({problem.kind or 'forbidden'}).",
        remedy=(
            "In X's developer console, attach the app to a project with a paid plan, and give the token the "
            "scopes tweet.read, users.read and offline.access."
        ),
    )


def _parameters(body: bytes) -> frozenset[str]:
    """Return the parameters that a 400 complains of; X names them in three different ways."""
    try:
        told: Any = _ANY.decode(body)
    except msgspec.DecodeError:
        return frozenset()
    entries = [told, *(told.get("errors") or ())] if isinstance(told, dict) else []
    named: set[str] = set()
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        parameters = entry.get("parameters")
        named.update(parameters if isinstance(parameters, dict) else ())
        if isinstance(entry.get("parameter"), str):
            named.add(entry["parameter"])
        quoted = _QUOTED.search(f"{entry.get('message', '')} {entry.get('detail', '')}")
        if quoted is not None:
            named.add(quoted[1])
    return frozenset(named)
