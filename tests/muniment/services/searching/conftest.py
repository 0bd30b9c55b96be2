"""An archive in memory and an index on disk, both empty."""

from pathlib import Path

import pytest

from muniment.adapters.tantivy.index import TantivyIndex
from tests.muniment.services.searching.commits import Commits


@pytest.fixture
def commits() -> Commits:
    return Commits()


@pytest.fixture
def index(tmp_path: Path) -> TantivyIndex:
    return TantivyIndex(tmp_path)
