"""A served tiny platform for the tests of the core."""

from collections.abc import Iterator

import pytest

from conformance.server import serve
from conformance.world import World
from tests.conformance.tiny import Tiny, TinyFake


@pytest.fixture
def tiny() -> Iterator[Tiny]:
    world = World()
    fake = TinyFake(world)
    with serve(world, [fake]) as site:
        council = world.account("tiny", "northbeck", "Northbeck Council", owned=True)
        resident = world.account("tiny", "resident1")
        yield Tiny(world, fake, site, council, resident)
