"""An empty register for tests that need many."""

from pathlib import Path

import pytest

from muniment.adapters.sql.register import SqlRegister


@pytest.fixture(scope="session")
def register_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty register, upgraded once."""
    path = tmp_path_factory.mktemp("register") / "register.sqlite"
    SqlRegister.open(f"sqlite:///{path}").close()
    return path
