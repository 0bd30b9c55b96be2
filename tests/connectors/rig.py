"""A clock that moves when it is waited on, a budget in memory, and transports built over them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx

from conformance.world import World
from connectors.contract import Held
from connectors.download import Downloader
from connectors.transport import Transport
from schemas.account import Account
from schemas.capture import Exhibit, Response, Walk
from schemas.clock import Clock

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class FakeClock:
    """Stands still until somebody waits; `waits` lists for how long."""

    sandbox = False

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self._now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._now += timedelta(seconds=seconds)


class WorldClock:
    """The clock of a conformance world: waiting moves what the fake platforms show."""

    sandbox = False

    def __init__(self, world: World) -> None:
        self._world = world
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self._world.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._world.clock.wait(seconds)


@dataclass
class NoBudget:
    """Counts calls and cost, limits nothing but what the platform asked for."""

    calls: int = 0
    cost_micros: int = 0
    paused_until: datetime | None = None

    def take(self, now: datetime, cost_micros: int) -> datetime | None:
        self.calls += 1
        self.cost_micros += cost_micros
        return self.paused_until if self.paused_until is not None and self.paused_until > now else None

    def pause(self, until: datetime) -> None:
        self.paused_until = until

    def add_cost(self, now: datetime, cost_micros: int) -> None:  # noqa: ARG002 - the port names it
        self.cost_micros += cost_micros


@dataclass
class Wire:
    """Builds transports; `quarantined` holds what they laid aside."""

    client: httpx.Client
    budget: NoBudget = field(default_factory=NoBudget)
    quarantined: dict[str, bytes] = field(default_factory=dict)

    def transport(
        self, account: Account, clock: Clock, secrets: Sequence[str] = (), *, trusted: Sequence[str] = ()
    ) -> Transport:
        """Return a transport; the account's own base URL is trusted for media."""
        own = urlsplit(account.base_url or "").netloc
        return Transport(
            account=account,
            clock=clock,
            secrets=secrets,
            budget=self.budget,
            quarantine=self.quarantined.__setitem__,
            client=self.client,
            downloader=Downloader(self.client, trusted=(own, *trusted)),
        )


def holding(exhibits: Iterable[Exhibit]) -> Held:
    """Return an archive that kept these, as a walk may ask it."""
    kept = {exhibit.record_id: exhibit for exhibit in exhibits}
    return Held(ids=lambda _: frozenset(), exhibits=lambda ids: [kept[one] for one in ids if one in kept])


nothing_held = holding(())
"""The archive is empty."""

everything_held = Held(ids=frozenset, exhibits=lambda _: ())
"""Of whatever is asked for, the archive holds it."""


def resumed(walk: Walk, response: Response) -> Walk:
    """Return the walk as the register would hand it out again after this response."""
    return Walk(
        walk_id=walk.walk_id,
        account=walk.account,
        stream=walk.stream,
        ask=walk.ask,
        marker=response.marker,
        ended=response.marker is None,
    )
