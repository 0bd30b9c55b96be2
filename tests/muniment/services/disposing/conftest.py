"""An office for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.muniment.services.disposing.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    found = Office(root=tmp_path)
    yield found
    found.register.close()
