"""An archive in memory and a register on SQLite, with an officer who may place and release holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.stub_keys import StubKeys
from tests.muniment.services.holding.office import Office
from tests.muniment.services.searching.commits import Commits


@pytest.fixture
def office(tmp_path: Path, register_template: Path) -> Iterator[Office]:
    path = tmp_path / "register.sqlite"
    path.write_bytes(register_template.read_bytes())
    path.chmod(0o600)
    register = SqlRegister.open(f"sqlite:///{path}", StubKeys(tmp_path / "stub_keys"))
    yield Office(register=register, commits=Commits())
    register.close()
