"""What the tests of X stand on: the council's account at a fake, and a resident who answers."""

from collections.abc import Iterator

import pytest

from tests.connectors.rig import Wire
from tests.connectors.x_stage import Stage, staged


@pytest.fixture
def stage(wire: Wire) -> Iterator[Stage]:
    with staged(wire) as found:
        yield found


@pytest.fixture(params=["tweet", "post"])
def either(wire: Wire, request: pytest.FixtureRequest) -> Iterator[Stage]:
    with staged(wire, names=request.param) as found:
        yield found
