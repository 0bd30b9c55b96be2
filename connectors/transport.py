"""The one seam to the network: budgets, waits, secrets, and guards against hostile answers.

Every request of every connector passes `Transport.send`. It waits up to 60 seconds when a platform asks
for it (longer waits are the schedule's: RateLimitedError), tries again when a platform is down, keeps
to the budget that the register holds, replaces secrets in all that it hands on, and refuses a login
page where an answer was due. Files that posts point to are fetched by `connectors.download`, without
credentials.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Final
from urllib.parse import quote, quote_plus

import httpx

from connectors.contract import Budget
from connectors.deadline import answered_within, keep_deadlines
from connectors.discretion import log_without_queries
from connectors.download import NO_ANSWER, Downloader, unpacked
from connectors.headers import LONGEST_PAUSE, moment_told, retry_after
from schemas.account import Account
from schemas.capture import MediaAddress, MediaAnswer
from schemas.clock import Clock
from schemas.errors import (
    RateLimitedError,
    SourceChallengedError,
    SourceUnavailableError,
    StreamError,
)
from schemas.vocabulary import Reason

__all__ = ["MARK", "Answer", "Expects", "Quarantine", "Transport"]

MARK: Final = "[secret]"
LONGEST_WAIT: Final = timedelta(seconds=60)
MAX_BODY_BYTES: Final = 64 * 1024 * 1024
_TRIES_WHEN_DOWN: Final = 3
_MOST_WAITS: Final = 5
_SERVER_FAULT: Final = 500
_TOO_MANY: Final = 429
_KEPT_HEADERS: Final = (
    *("content-type", "content-length", "date", "etag", "last-modified", "link", "retry-after"),
    *("x-wp-total", "x-wp-totalpages", "x-app-usage", "x-business-use-case-usage", "x-page-usage"),
    *("x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"),
    *("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"),
    *("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "ratelimit-policy"),
    *("facebook-api-version", "atproto-repo-rev", "location"),
)
_SECRET_PARAMETERS: Final = frozenset(
    {"access_token", "appsecret_proof", "client_secret", "refresh_token", "api_key", "key", "password"}
)


class Expects:
    """What an answer must look like; anything else is a challenge page."""

    JSON: Final = "json"
    XML: Final = "xml"
    ANY: Final = "any"


Quarantine = Callable[[str, bytes], None]
"""Takes a capture_id and a body that cannot be used, and lays it aside (0600, 30 days)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, secrets replaced; header names are lower-case, the kept ones only."""

    capture_id: str
    fetched_at: datetime
    server_date: datetime | None
    method: str
    address: str
    sent: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes
    secrets_masked: int


class Transport:
    """Sends one account's requests. Built by `bootstrap`; tests build it over a loopback fake."""

    def __init__(
        self,
        *,
        account: Account,
        clock: Clock,
        secrets: Sequence[str],
        budget: Budget,
        quarantine: Quarantine,
        client: httpx.Client,
        downloader: Downloader,
        most_seconds: float = 120.0,
    ) -> None:
        """Keep what every request needs.

        `secrets` are the values to replace wherever they turn up; what is not there to its end after
        `most_seconds` is no answer.
        """
        self.account = account
        self.clock = clock
        self.client = keep_deadlines(client)
        self._secrets = {secret for secret in secrets if secret}
        self._budget = budget
        self._quarantine = quarantine
        self._downloader = downloader
        self._most_seconds = most_seconds
        log_without_queries()

    def learn_secret(self, secret: str) -> None:
        """Replace this value too from now on: a token that was just refreshed."""
        if secret:
            self._secrets.add(secret)

    def get(
        self,
        url: str,
        params: Mapping[str, str | Sequence[str]] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        expects: str = Expects.JSON,
        cost_micros: int = 0,
        wait_until: Callable[[Answer], datetime | None] | None = None,
    ) -> Answer:
        """Send a GET; see `send`.

        Raises:
            StreamError: What a platform told of itself makes no address.
        """
        try:
            request = self.client.build_request(
                "GET", url, params=dict(params) if params else None, headers=dict(headers or {})
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise StreamError(
                f"{self.account.platform} names something of account {self.account.account} by what is no "
                "address.",
                reason=Reason.UNREADABLE,
                remedy="Check base_url in the council's file; if it is right, please report this.",
            ) from error
        if auth is not None:
            httpx.BasicAuth(*auth).sync_auth_flow(request).__next__()
        return self.send(request, expects=expects, cost_micros=cost_micros, wait_until=wait_until)

    def send(
        self,
        request: httpx.Request | Callable[[], httpx.Request],
        *,
        expects: str = Expects.JSON,
        cost_micros: int = 0,
        wait_until: Callable[[Answer], datetime | None] | None = None,
    ) -> Answer:
        """Send a request, waiting and trying again where that helps.

        Args:
            request: Built by `client.build_request` or by an SDK's adapter; a function builds each attempt
                anew, where a signature holds for one only.
            expects: One of `Expects`: a page of HTML where JSON was due is a challenge.
            cost_micros: The price of the call, known beforehand; 0 where the answer tells.
            wait_until: The platform's own sign of a rate limit: until when, or None. A plain 429 with
                Retry-After needs none.

        Returns:
            Any answer but a 5xx: what a 4xx means only the connector knows.

        Raises:
            RateLimitedError: The wait is longer than 60 seconds.
            BudgetSpentError: Our own budget for this credential is spent.
            SourceUnavailableError: No answer, or a fault of the platform, three times.
            SourceChallengedError: A login page or a challenge; the body lies in quarantine.
        """
        failures = waits = 0
        while True:
            self._wait_for_budget(cost_micros)
            answer = self._once(request() if callable(request) else request)
            until = None if answer is None else _asked_to_wait(answer, self.clock.now(), wait_until)
            if until is not None:
                waits += 1
                self._wait_for_platform(until, give_up=waits > _MOST_WAITS)
                continue
            if answer is not None and answer.status < _SERVER_FAULT:
                self._refuse_challenge(answer, expects)
                return answer
            failures += 1
            if failures == _TRIES_WHEN_DOWN:
                status = "no answer" if answer is None else f"status {answer.status}"
                raise SourceUnavailableError(
                    f"{self.account.platform} did not serve account {self.account.account} ({status}).",
                )
            self.clock.wait(2.0**failures)

    def download(self, address: MediaAddress, into: BinaryIO) -> MediaAnswer:
        """Stream a media file, or (kind "link") resolve a short link, without any credential."""
        if address.kind == "link":
            return self._downloader.expand(address.url)
        return self._downloader.download(address.url, into, most_bytes=self.account.max_media_bytes)

    def add_cost(self, cost_micros: int) -> None:
        """Add to the budget what an answer's items cost."""
        if cost_micros:
            self._budget.add_cost(self.clock.now(), cost_micros)

    def pause(self, until: datetime) -> None:
        """Make no further call with this credential before `until`: its quota is nearly used up."""
        self._budget.pause(until)

    def masked(self, text: str) -> str:
        """Return the text with every secret replaced."""
        return self._mask(text.encode())[0].decode()

    def _wait_for_budget(self, cost_micros: int) -> None:
        now = self.clock.now()
        until = self._budget.take(now, cost_micros)
        if until is not None and until > now:
            self._wait_for_platform(until)

    def _wait_for_platform(self, until: datetime, *, give_up: bool = False) -> None:
        wait = until - self.clock.now()
        if give_up or wait > LONGEST_WAIT:
            self._budget.pause(until)
            raise RateLimitedError(
                f"{self.account.platform} asks account {self.account.account} to wait.", resume_at=until
            )
        self.clock.wait(max(wait.total_seconds(), 0.0))

    def _once(self, request: httpx.Request) -> Answer | None:
        try:
            with answered_within(self._most_seconds):
                with_body = self.client.send(request, stream=True)
                try:
                    body = _bounded(with_body)
                finally:
                    with_body.close()
        except NO_ANSWER as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise SourceUnavailableError(
                    f"The certificate of {request.url.host} is not one that this machine trusts.",
                    remedy="Where the network has a proxy that opens https, name the proxy's own certificate "
                    "in MUNIMENT_CA_FILE.",
                ) from error
            return None
        fetched_at = self.clock.now()
        masked_body, in_body = self._mask(body)
        address, in_address = self._mask(str(_without_secret_parameters(request.url)).encode())
        sent, in_sent = self._mask(request.content if request.method != "GET" else b"")
        headers = {name: with_body.headers[name] for name in _KEPT_HEADERS if name in with_body.headers}
        return Answer(
            capture_id=uuid.uuid4().hex,
            fetched_at=fetched_at,
            server_date=moment_told(with_body.headers.get("date")),
            method=request.method,
            address=address.decode(),
            sent=sent,
            status=with_body.status_code,
            headers={name: self._mask(value.encode())[0].decode() for name, value in headers.items()},
            body=masked_body,
            secrets_masked=in_body + in_address + in_sent,
        )

    def _mask(self, raw: bytes) -> tuple[bytes, int]:
        count = 0
        for secret in self._secrets:
            for form in {secret, quote(secret, safe=""), quote_plus(secret)}:
                found = raw.count(form.encode())
                if found:
                    count += found
                    raw = raw.replace(form.encode(), MARK.encode())
        return raw, count

    def _refuse_challenge(self, answer: Answer, expects: str) -> None:
        if expects == Expects.ANY:
            return
        start = answer.body[:512].lstrip().lower()
        page = start.startswith((b"<!doctype html", b"<html"))
        if page or (expects == Expects.JSON and start.startswith(b"<")):
            self._quarantine(answer.capture_id, answer.body)
            raise SourceChallengedError(
                f"{self.account.platform} answered account {self.account.account} with a web page "
                f"(status {answer.status}) where data was due; it lies in quarantine as {answer.capture_id}.",
                remedy="Sign in as a person would, look for a question to answer, then check the address.",
            )


def _asked_to_wait(
    answer: Answer, now: datetime, wait_until: Callable[[Answer], datetime | None] | None
) -> datetime | None:
    until = None if wait_until is None else wait_until(answer)
    if until is None and answer.status == _TOO_MANY:
        until = now + retry_after(answer.headers.get("retry-after"), now)
    return None if until is None else min(until, now + LONGEST_PAUSE)


def _bounded(answer: httpx.Response) -> bytes:
    pieces: list[bytes] = []
    size = 0
    for piece in unpacked(answer):
        size += len(piece)
        if size > MAX_BODY_BYTES:
            raise httpx.DecodingError("longer than any answer of an API", request=answer.request)
        pieces.append(piece)
    return b"".join(pieces)


def _without_secret_parameters(url: httpx.URL) -> httpx.URL:
    for name in _SECRET_PARAMETERS & set(url.params):
        url = url.copy_set_param(name, MARK)
    return url
