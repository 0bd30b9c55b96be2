"""The database: what the revisions make is what the code speaks, and nobody else may read it."""

import sqlite3
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from muniment.adapters.sql import upgrade as upgrading
from muniment.adapters.sql.engine import Database
from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.sql.tables import METADATA, record_key
from muniment.adapters.sql.upgrade import HEAD, revision_of, upgrade
from schemas.errors import BadInputError, SchemaMismatchError, StorageError

GIVEN_UP = {"native_key"}
"""Columns that a later revision took away."""
SCRIPTS = ScriptDirectory(str(Path(upgrading.__file__).parent / "migrations"))


@pytest.fixture
def empty_url(register_url: str, tmp_path: Path) -> str:
    """The address of a database with no table in it."""
    return f"sqlite:///{tmp_path}/empty.sqlite" if register_url.startswith("sqlite") else register_url


def test_the_revisions_make_the_tables_that_the_code_speaks(empty_url: str) -> None:
    database = Database(empty_url)
    upgrade(database)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert revision_of(connection) == HEAD
    database.close()


def test_head_is_the_newest_revision() -> None:
    assert SCRIPTS.get_heads() == [HEAD]


def test_revisions_are_one_line_and_every_one_is_run(empty_url: str) -> None:
    revisions = [script.revision for script in SCRIPTS.walk_revisions()][::-1]
    database = Database(empty_url)
    for revision in revisions:
        upgrade(database, to=revision)
        with database.read() as connection:
            assert revision_of(connection) == revision
    database.close()


def one_of_each(connection: sa.Connection) -> dict[str, dict[str, object]]:
    """Put a row into every table, each value alike wherever its type is, so that every reference holds."""
    metadata = sa.MetaData()
    metadata.reflect(connection)
    values: dict[type, object] = {int: 1, str: "a", bytes: b"a" * 16, bool: True}
    values |= {datetime: datetime(2024, 5, 1, 12, tzinfo=UTC), date: date(2024, 5, 1), float: 1.0}
    rows = {}
    for table in metadata.sorted_tables:
        if table.name != "alembic_version":
            row = {column.name: values[column.type.python_type] for column in table.columns}
            connection.execute(sa.insert(table).values(row))
            rows[table.name] = row
    return rows


@pytest.mark.parametrize("revision", [script.revision for script in SCRIPTS.walk_revisions()][::-1])
def test_a_register_of_any_revision_keeps_its_rows(empty_url: str, revision: str) -> None:
    database = Database(empty_url)
    upgrade(database, to=revision)
    with database.exclusive() as connection:
        rows = one_of_each(connection)
    assert "presence" in rows
    upgrade(database)
    with database.read() as connection:
        metadata = sa.MetaData()
        metadata.reflect(connection)
        for name, row in rows.items():
            (held,) = connection.execute(sa.select(metadata.tables[name])).mappings()
            kept = row.keys() & held.keys()
            assert {column: str(held[column])[:10] for column in kept} == {
                column: str(row[column])[:10] for column in kept
            }
            assert row.keys() - kept <= GIVEN_UP
    database.close()


def test_opening_again_changes_nothing(register_url: str) -> None:
    SqlRegister.open(register_url).close()
    register = SqlRegister.open(register_url)
    assert register.enrolled("elm") == ()
    register.close()


def test_a_database_of_a_newer_muniment_is_refused_untouched(register_url: str) -> None:
    SqlRegister.open(register_url).close()
    database = Database(register_url)
    with database.exclusive() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaMismatchError, match="9999"):
        SqlRegister.open(register_url)
    with database.read() as connection:
        assert revision_of(connection) == "9999"
    database.close()


def test_an_upgrade_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    database = Database(empty_url)
    with database.exclusive() as connection:
        connection.execute(sa.text("CREATE TABLE ledger (id integer)"))
    with pytest.raises((sa.exc.DatabaseError, StorageError)):
        upgrade(database)
    with database.read() as connection:
        assert set(sa.inspect(connection).get_table_names()) <= {"ledger"}
    database.close()


def test_the_sqlite_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "register.sqlite"
    register = SqlRegister.open(f"sqlite:///{path}")
    assert register.watermark("elm") == 0
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    register.close()
    path.chmod(0o644)
    with pytest.raises(BadInputError, match="chmod 600"):
        SqlRegister.open(f"sqlite:///{path}")


def test_a_new_file_that_another_process_holds_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "register.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    path.chmod(0o600)
    other.execute("BEGIN IMMEDIATE")
    lets_go = threading.Timer(0.3, other.execute, ["COMMIT"])
    lets_go.start()
    register = SqlRegister.open(f"sqlite:///{path}")
    assert register.watermark("elm") == 0
    register.close()
    lets_go.join()
    other.close()


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/name", "postgresql://host/name", "sqlite://"])
def test_an_address_of_another_kind_is_refused_in_plain_words(url: str) -> None:
    with pytest.raises(BadInputError, match="sqlite:////full/path"):
        SqlRegister.open(url)


def test_a_server_that_is_away_is_told_without_its_password() -> None:
    with pytest.raises(StorageError) as refused:
        SqlRegister.open("postgresql+pg8000://muniment:hunter2@127.0.0.1:9/register")
    assert "hunter2" not in str(refused.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "register.sqlite"
    path.write_bytes(b"not a database, for sure" * 100)
    path.chmod(0o600)
    with pytest.raises(StorageError):
        SqlRegister.open(f"sqlite:///{path}")


def test_no_two_records_share_a_key() -> None:
    assert len({record_key(f"x:{number}") for number in range(10_000)}) == 10_000
    assert len(record_key("wordpress:" + "a" * 3_000)) == 16
