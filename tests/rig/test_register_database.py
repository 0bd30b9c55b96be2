"""The rig's PostgreSQL gives each test of the register an empty database."""

import pytest
import sqlalchemy as sa

pytestmark = pytest.mark.rig


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_has_an_empty_database(postgresql_url: str, turn: str) -> None:
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    assert sa.inspect(engine).get_table_names() == []
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE marks (turn text)"))
        connection.execute(sa.text("INSERT INTO marks VALUES (:turn)"), {"turn": turn})
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT turn FROM marks")).scalar_one() == turn
