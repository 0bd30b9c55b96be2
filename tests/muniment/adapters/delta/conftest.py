"""An empty archive on a real disk for each test."""

from pathlib import Path

import pytest

from tests.muniment.adapters.delta.council import Town, town


@pytest.fixture
def borough(tmp_path: Path) -> Town:
    return town(tmp_path / "exampleborough")
