"""What the tests of WordPress stand on: the council's blog at a fake, and a resident who answers."""

from collections.abc import Iterator

import pytest

from conformance.platforms.wordpress import WordPressFake
from conformance.server import serve
from conformance.world import World
from tests.connectors.blog import (
    BlogRig,
)
from tests.connectors.rig import Wire


@pytest.fixture
def blog(wire: Wire) -> Iterator[BlogRig]:
    world = World()
    fake = WordPressFake(world)
    with serve(world, [fake]):
        council = world.account("wordpress", "northbeck", "Northbeck News", owned=True)
        resident = world.account("wordpress", "resident", "A Resident")
        yield BlogRig(world, fake, wire, council, resident)
