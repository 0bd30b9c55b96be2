"""What every connector's tests stand on: a clock that never sleeps, a budget without limit, a transport."""

from collections.abc import Iterator

import httpx
import pytest

from tests.connectors.rig import Wire


@pytest.fixture
def wire() -> Iterator[Wire]:
    with httpx.Client(timeout=60) as client:
        yield Wire(client)
