"""Requests to Graph: token and proof, limits and usage, and what an error means for the one asking.

Credential values:

    page_token    a Page access token, best one of a system user: it does not expire
    app_secret    the secret of the app that the token was made with; optional where the app does not ask
                  for `appsecret_proof`, but recommended
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from connectors.decoding import Decoder
from connectors.facebook.fields import API_VERSION
from connectors.facebook.problems import (
    Problem,
    TooMuchDataError,
    Verdict,
    problem_of,
    raise_problem,
    verdict,
)
from connectors.headers import pause_of
from connectors.transport import Answer, Transport
from schemas.account import Account
from schemas.errors import CredentialsRejectedError

__all__ = ["Fetched", "GraphSession"]

_ANY: Final = Decoder()
_HOST: Final = "https://graph.facebook.com"
_USAGE_HEADERS: Final = ("x-app-usage", "x-page-usage", "x-business-use-case-usage")
_PAUSE_AT_PERCENT: Final = 80
_PAUSE: Final = timedelta(minutes=10)
"""Graph counts over a sliding hour and tells no reset below 100 %; ten minutes free a sixth."""
_UNTOLD: Final = timedelta(minutes=5)
_TRIES: Final = 3
_REFUSED: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer that is about what was asked: a success, or Graph's word on that one object."""

    answer: Answer
    problem: Problem | None = None
    verdict: Verdict | None = None

    @property
    def api_version(self) -> str:
        """The version that answered: Meta moves requests for a retired one on to a later."""
        return self.answer.headers.get("facebook-api-version", API_VERSION)


class GraphSession:
    """Sends one account's requests to Graph."""

    def __init__(self, account: Account, transport: Transport, secrets: Mapping[str, str]) -> None:
        """Work the proof out once; it is a secret too.

        Raises:
            CredentialsRejectedError: The credential holds no `page_token`.
        """
        token = secrets.get("page_token", "")
        if not token:
            raise CredentialsRejectedError(
                f"The credential of account {account.account} holds no page_token.",
                remedy="docs/platforms/facebook.md shows how to make one.",
            )
        self._transport = transport
        self._base = f"{(account.base_url or _HOST).rstrip('/')}/{API_VERSION}"
        self._credential = {"access_token": token}
        if secret := secrets.get("app_secret", ""):
            proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
            transport.learn_secret(proof)
            self._credential["appsecret_proof"] = proof

    def get(self, path: str, params: Mapping[str, str], *, paged: bool = False) -> Fetched:
        """Ask for an object or a page of a list.

        Args:
            path: Below the version: `/123/published_posts`.
            params: Without the credential.
            paged: The parameters name a page token: refusing them is refusing the token.

        Raises:
            TooMuchDataError: Ask for fewer items.
            RateLimitedError, SourceUnavailableError, MarkerRefusedError, CredentialsRejectedError,
            AccountSuspendedError, StreamRefusedError, FatalError: See `problems.raise_problem`.
        """
        answer = self._send(path, params)
        problem = problem_of(answer.body)
        for attempt in range(1, _TRIES):
            if problem is None or not problem.is_passing:
                break
            self._transport.clock.wait(2.0**attempt)
            answer = self._send(path, params)
            problem = problem_of(answer.body)
        if problem is None and answer.status < _REFUSED:
            return Fetched(answer=answer)
        problem = problem or Problem()
        word = verdict(problem)
        if word is None:
            raise_problem(problem, paged=paged)
        return Fetched(answer=answer, problem=problem, verdict=word)

    def _send(self, path: str, params: Mapping[str, str]) -> Answer:
        answer = self._transport.get(
            self._base + path, {**params, **self._credential}, wait_until=_wait_until
        )
        percent, minutes = _usage(answer.headers)
        if percent >= _PAUSE_AT_PERCENT:
            self._transport.pause(answer.fetched_at + max(_PAUSE, pause_of(minutes * 60)))
        return answer


def _wait_until(answer: Answer) -> datetime | None:
    """Return when Graph wants the next call, if this answer is a rate limit.

    Graph sends "reduce the amount of data" with status 500, which the transport would only try again: so
    it is noticed here.
    """
    problem = problem_of(answer.body)
    if problem is None:
        return None
    if problem.wants_less:
        raise TooMuchDataError(
            "Facebook could not put together even the smallest page.",
            remedy="Nothing is lost: the next run goes on from here.",
        )
    if not problem.is_rate:
        return None
    _, minutes = _usage(answer.headers)
    return answer.fetched_at + (pause_of(minutes * 60) if minutes else _UNTOLD)


def _usage(headers: Mapping[str, str]) -> tuple[float, float]:
    """Return the highest percentage used, and the longest minutes until access is regained.

    `X-App-Usage` is one entry; `X-Business-Use-Case-Usage` lists entries by the id of a Page or business.
    """
    percents: list[float] = [0.0]
    minutes: list[float] = [0.0]
    for name in _USAGE_HEADERS:
        for entry in _entries(headers.get(name)):
            percents += _numbers(entry, "call_count", "total_time", "total_cputime")
            minutes += _numbers(entry, "estimated_time_to_regain_access")
    return max(percents), max(minutes)


def _numbers(entry: Mapping[str, Any], *names: str) -> list[float]:
    return [entry[name] for name in names if isinstance(entry.get(name), int | float)]


def _entries(value: str | None) -> list[dict[str, Any]]:
    if value is None:
        return []
    try:
        told: Any = _ANY.decode(value.encode())
    except msgspec.DecodeError:
        return []
    if not isinstance(told, dict):
        return []
    nested = [each for entries in told.values() if isinstance(entries, list) for each in entries]
    return [entry for entry in (told, *nested) if isinstance(entry, dict)]
