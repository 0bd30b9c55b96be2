"""Fixtures over the real servers that `make rig` starts; they fail, never skip, when it was not run."""

import os
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.muniment.adapters.delta.council import Town
from tests.rig.bluesky_network import BlueskyNetwork
from tests.rig.s3_server import S3Bucket, make_bucket, s3_town
from tests.rig.wordpress_site import WordPressSite

_CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def rig_env() -> Mapping[str, str]:
    """The lines of `.rig/env`: where the servers are and how to sign in."""
    path = Path(os.environ.get("MUNIMENT_RIG") or _CHECKOUT / ".rig") / "env"
    if not path.exists():
        pytest.fail(f"the real servers are not up: run make rig first (no {path})", pytrace=False)
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line)


@pytest.fixture(scope="session")
def bluesky_network(rig_env: Mapping[str, str]) -> Iterator[BlueskyNetwork]:
    """A real Bluesky network; each test makes its own accounts."""
    network = BlueskyNetwork(
        pds_url=rig_env["RIG_BLUESKY_PDS_URL"],
        appview_url=rig_env["RIG_BLUESKY_APPVIEW_URL"],
        plc_url=rig_env["RIG_BLUESKY_PLC_URL"],
    )
    with network:
        yield network


@pytest.fixture
def wordpress_site(rig_env: Mapping[str, str]) -> Iterator[WordPressSite]:
    """A real WordPress site with nothing on it."""
    site = WordPressSite(
        url=rig_env["RIG_WORDPRESS_URL"],
        admin=(rig_env["RIG_WORDPRESS_ADMIN"], rig_env["RIG_WORDPRESS_ADMIN_PASSWORD"]),
        archivist=(rig_env["RIG_WORDPRESS_USER"], rig_env["RIG_WORDPRESS_APP_PASSWORD"]),
    )
    with site:
        site.empty()
        yield site


@pytest.fixture
def postgresql_url(rig_env: Mapping[str, str]) -> Iterator[str]:
    """The SQLAlchemy address of an empty PostgreSQL database, dropped after the test."""
    server = sa.make_url(rig_env["RIG_REGISTER_DATABASE_URL"])
    name = f"test_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def s3_endpoint(rig_env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a real S3 server; its credentials stand in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", rig_env["RIG_S3_ACCESS_KEY"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", rig_env["RIG_S3_SECRET_KEY"])
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    return rig_env["RIG_S3_ENDPOINT"]


@pytest.fixture
def s3_bucket(s3_endpoint: str, rig_env: Mapping[str, str]) -> S3Bucket:
    """An empty bucket that keeps versions and can lock objects."""
    return make_bucket(s3_endpoint, Path(rig_env["RIG_S3_FOLDER"]), object_lock=True)


@pytest.fixture
def plain_bucket(s3_endpoint: str, rig_env: Mapping[str, str]) -> S3Bucket:
    """An empty bucket without versions."""
    return make_bucket(s3_endpoint, Path(rig_env["RIG_S3_FOLDER"]), object_lock=False)


@pytest.fixture
def borough(s3_bucket: S3Bucket, tmp_path: Path) -> Town:
    return s3_town(s3_bucket, tmp_path / "spool")
