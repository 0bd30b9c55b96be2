"""The sandbox's clock: it never goes back, though the sandbox knows nothing of the time that passes here."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from conformance.server import serve
from conformance.world import World
from muniment.adapters.sandbox_clock import SandboxClock


@pytest.fixture
def clock() -> Iterator[SandboxClock]:
    with serve(World()) as site, httpx.Client(timeout=60) as client:
        yield SandboxClock(f"{site.url}/clock", client)


def test_waiting_moves_the_sandbox_and_nobody_sleeps(clock: SandboxClock) -> None:
    before = clock.now()
    clock.wait(3600)
    assert timedelta(hours=1) <= clock.now() - before < timedelta(hours=1, minutes=5)


def test_a_wait_shorter_than_the_time_that_passed_here_takes_none_of_it_back(clock: SandboxClock) -> None:
    before = clock.now()
    while clock.now() - before < timedelta(milliseconds=50):
        pass
    late = clock.now()
    clock.wait(0.001)
    assert clock.now() >= late
