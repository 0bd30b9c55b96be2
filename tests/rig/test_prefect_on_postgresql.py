"""Schedules that may not stand still: their server keeps its runs in PostgreSQL, by Prefect's own setting."""

from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from muniment.cli.serve import start_prefect, stop
from tests.flows.council import free_port

pytestmark = pytest.mark.rig


def test_the_server_that_serve_starts_takes_postgresql_for_its_database(
    tmp_path: Path, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asynchronous = sa.make_url(postgresql_url).set(drivername="postgresql+asyncpg")
    address = asynchronous.render_as_string(hide_password=False)
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", address)
    server, api = start_prefect(tmp_path / "prefect", port=free_port())
    try:
        made = httpx.post(f"{api}/flows/", json={"name": "archive-council"}, timeout=60, trust_env=False)
        assert made.is_success
    finally:
        stop(server)
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT name FROM flow")).scalar_one() == "archive-council"
    assert not list((tmp_path / "prefect").glob("*.db"))
