"""One contract over both databases: SQLite everywhere, PostgreSQL where `make rig` has started one."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.stub_keys import StubKeys
from muniment.domain.stub import StubKey
from tests.muniment.adapters.register.stage import Stage
from tests.rig.conftest import postgresql_url, rig_env

__all__ = ["KEY", "postgresql_url", "rig_env"]

KEY = StubKey.of(b"a key of stubs that is 32 bytes.")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty register on SQLite, upgraded once for the whole session."""
    path = tmp_path_factory.mktemp("register") / "register.sqlite"
    SqlRegister.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.rig)])
def register_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty register."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "register.sqlite")
        return f"sqlite:///{tmp_path}/register.sqlite"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def register(register_url: str) -> Iterator[SqlRegister]:
    """An empty register."""
    found = SqlRegister.open(register_url, StubKeys(None, [KEY]))
    yield found
    found.close()


@pytest.fixture
def stage(register: SqlRegister) -> Stage:
    """A council with one account over an empty register."""
    found = Stage(register=register)
    found.enrol()
    return found
