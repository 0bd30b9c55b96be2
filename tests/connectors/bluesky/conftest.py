"""What the tests of Bluesky stand on: the council's account at a fake, and a resident who answers."""

from collections.abc import Iterator

import pytest

from conformance.platforms.bluesky import BlueskyFake
from conformance.server import serve
from conformance.world import World
from schemas.account import Account
from tests.connectors.bluesky_stage import MOVED, Reader, Stage
from tests.connectors.rig import Wire, WorldClock


@pytest.fixture
def stage(wire: Wire) -> Iterator[Stage]:
    world = World()
    fake = BlueskyFake(world)
    before = world.now - MOVED
    with serve(world, [fake]) as site:
        council = world.account("bluesky", "anytown.example", "Anytown Council", owned=True, at=before)
        resident = world.account("bluesky", "resident.example", "A Resident", at=before)
        world.sync()
        account = Account(
            account="bluesky-main",
            council="anytown",
            platform="bluesky",
            handle=council.handle,
            native_id=council.id,
            base_url=site.url_of("bluesky"),
        )
        yield Stage(world, fake, council, resident, Reader(wire, WorldClock(world), account))
