"""The global limit of a credential: one walk at a time speaks with it, whichever flow it is of.

Taken once for each walk, by a lease of Prefect's that is renewed while the walk runs and ends by itself
where the process was killed. Prefect's own `concurrency` is not used, for what was measured of it: its server
on SQLite answers "busy" (503) at once where another write came between its own read and write, its client
then waits 2, 4, 8 seconds, and each taking makes two clients, a thread and a needless renewal. Here one
client asks, one call at a time, and asks again after a twentieth of a second.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, Final
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.logging import get_logger

from schemas.errors import CredentialBusyError

__all__ = ["Limits", "limit_name", "limits"]

LEASE_SECONDS: Final = 90.0
"""How long a limit stays taken after its holder was killed; a lease is renewed three times in that."""
_TAKEN: Final = 423
_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})
_LONGEST_PAUSE: Final = 5.0


def limit_name(council: str, credential: str) -> str:
    """Return the name of a credential's global concurrency limit."""
    return f"muniment-{council}-{credential}"


@cache
def limits() -> "Limits":
    """Return this process's limits: one client for all its walks."""
    return Limits()


class _NotNowError(Exception):
    """The server says: later."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Limits:
    """Takes and gives back global concurrency limits on the Prefect server of this process's settings."""

    def __init__(self, *, busy_seconds: float = 120.0, taken_seconds: float = 600.0) -> None:
        """Keep how long to ask a server that is busy, and how long to wait for another holder.

        Args:
            busy_seconds: How long a server may answer nothing but "busy" or not at all.
            taken_seconds: How long another may hold the limit; a killed holder's lease ends in less.
        """
        self.busy_seconds = busy_seconds
        self.taken_seconds = taken_seconds
        self._one_call = threading.Lock()
        self._client: SyncPrefectClient | None = None
        self._held: set[UUID] = set()
        self._renewing: threading.Thread | None = None

    def make(self, name: str) -> None:
        """Make the limit, of one holder, where there is none.

        Raises:
            CredentialBusyError: The server does not answer.
        """
        self._ask(name, lambda client: client.upsert_global_concurrency_limit_by_name(name=name, limit=1))

    @contextmanager
    def taken(self, name: str) -> Iterator[None]:
        """Hold the limit for the length of a walk; where nobody made it yet, it is made.

        Raises:
            CredentialBusyError: Another held it all the time, or the server does not answer. The walk has
                not begun: run it again.
        """
        lease = self._take(name)
        self._renew_from_now_on(lease)
        try:
            yield
        finally:
            self._give_back(name, lease)

    def _take(self, name: str) -> UUID:
        for _ in range(2):
            told = self._ask(
                name,
                lambda client: client.increment_concurrency_slots_with_lease(
                    names=[name], slots=1, mode="concurrency", lease_duration=LEASE_SECONDS
                ).json(),
            )
            if told["limits"]:
                return UUID(told["lease_id"])
            self.make(name)
        raise CredentialBusyError(
            f"The Prefect server does not keep the limit {name}.", remedy="Run `python -m flows limits`."
        )

    def _give_back(self, name: str, lease: UUID) -> None:
        self._held.discard(lease)
        try:
            self._ask(name, lambda client: client.release_concurrency_slots_with_lease(lease))
        except (httpx.HTTPError, CredentialBusyError) as error:
            # What was walked is kept: it does not fail for this. The lease ends by itself.
            get_logger("muniment.limits").warning("%s: %s. It is free in %.0f s.", name, error, LEASE_SECONDS)

    def _ask(self, name: str, call: Callable[[SyncPrefectClient], Any]) -> Any:
        began = time.monotonic()
        pause = 0.05
        while True:
            try:
                with self._one_call:
                    return self._called(call)
            except _NotNowError as answer:
                taken = answer.status == _TAKEN
                patience = self.taken_seconds if taken else self.busy_seconds
                why = "is held by another walk" if taken else f"cannot be told: answer {answer.status}"
            except httpx.TransportError as error:
                patience, why = self.busy_seconds, f"cannot be told: {type(error).__name__}"
            if time.monotonic() - began >= patience:
                raise CredentialBusyError(
                    f"The limit {name} {why}, for {patience:.0f} s.",
                    remedy="It is tried again; `prefect gcl ls` shows what is taken, and where nothing walks "
                    f"`prefect gcl update {name} --active-slots 0` frees it.",
                )
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 -- spreads callers, hides nothing
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _called(self, call: Callable[[SyncPrefectClient], Any]) -> Any:
        if self._client is None:
            hooks = {"event_hooks": {"response": [_refuse_to_wait]}}
            self._client = get_client(httpx_settings=hooks, sync_client=True).__enter__()
        return call(self._client)

    def _renew_from_now_on(self, lease: UUID) -> None:
        self._held.add(lease)
        with self._one_call:
            if self._renewing is None:
                self._renewing = threading.Thread(target=self._renew, name="limits", daemon=True)
                self._renewing.start()

    def _renew(self) -> None:
        while True:
            time.sleep(LEASE_SECONDS / 3)
            for lease in tuple(self._held):
                try:
                    self._ask(str(lease), partial(_renewed, lease=lease))
                except (httpx.HTTPError, CredentialBusyError) as error:
                    # The walk goes on: politeness to the platform is kept by its budget too.
                    get_logger("muniment.limits").warning("A lease could not be renewed: %s", error)


def _refuse_to_wait(response: httpx.Response) -> None:
    """Raise before Prefect's client sees the answer and sleeps: its first pause is two seconds."""
    if response.status_code == _TAKEN or response.status_code in _AGAIN:
        raise _NotNowError(response.status_code)


def _renewed(client: SyncPrefectClient, *, lease: UUID) -> None:
    client.renew_concurrency_lease(lease, LEASE_SECONDS)
