"""The sandbox's clock, which moves when it is told to and never sleeps."""

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx
from typing_extensions import override

from schemas.clock import Clock

__all__ = ["SandboxClock"]


class SandboxClock(Clock):
    """The clock of a sandbox council, served over HTTP by the conformance kit.

    GET gives {"now": iso}; POST {"wait": seconds} moves it. Between the two, time goes by as it does
    here, so that the looks of one run keep their order. When the sandbox is over, what it left behind can
    still be searched and verified, by the machine's time.
    """

    def __init__(self, url: str, client: httpx.Client) -> None:
        """Ask the sandbox for its time."""
        self._url = url
        self._client = client
        self._told, self._since = datetime.now(UTC), time.monotonic()
        with suppress(httpx.TransportError):
            self._set(client.get(url))

    @property
    @override
    def sandbox(self) -> bool:
        return True

    @override
    def now(self) -> datetime:
        return self._told + timedelta(seconds=time.monotonic() - self._since)

    @override
    def wait(self, seconds: float) -> None:
        until = self.now() + timedelta(seconds=seconds)
        with suppress(httpx.TransportError):
            self._set(self._client.post(self._url, json={"wait": seconds}), not_before=until)

    def _set(self, answer: httpx.Response, *, not_before: datetime | None = None) -> None:
        # The sandbox does not know how much time went by here: what was shown is not taken back.
        answer.raise_for_status()
        told = datetime.fromisoformat(answer.json()["now"]).astimezone(UTC)
        self._told = told if not_before is None else max(told, not_before)
        self._since = time.monotonic()
