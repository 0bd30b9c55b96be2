"""What the tests of Facebook stand on: the council's Page at a fake, and a resident who answers."""

from collections.abc import Iterator

import pytest

from tests.connectors.facebook_council import Council, open_council
from tests.connectors.rig import Wire


@pytest.fixture
def council(wire: Wire) -> Iterator[Council]:
    with open_council(wire) as opened:
        yield opened
