"""A PostgreSQL cluster of the rig's own: for the register's contract tests, and for Bluesky's AppView."""

import os
import pwd
import secrets
import signal
import zlib
from dataclasses import dataclass
from pathlib import Path

from infra.rig.processes import RigError, Server, free_ports, run, start, wait_for

__all__ = ["Postgresql", "postgresql_home", "start_postgresql"]

_LOOPBACK = "127.0.0.1"
_DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgresql:
    """Where the cluster is.

    Attributes:
        lines: The lines for `.rig/env`.
        appview_url: An empty database of the AppView's own, as libpq writes it.
    """

    lines: dict[str, str]
    appview_url: str


def postgresql_home(home: Path) -> Path:
    """Return the folder of the cluster.

    PostgreSQL refuses to run as root, and the user it runs as instead may not be able to enter the checkout:
    then the cluster lies in /var/tmp, in a folder named after the rig.
    """
    if os.geteuid() != 0 or all(folder.stat().st_mode & 0o001 for folder in (home, *home.parents)):
        return home / "data" / "postgresql"
    return Path("/var/tmp") / f"muniment-rig-{zlib.crc32(bytes(home)):08x}"  # noqa: S108 - made anew below, mode 0700


def start_postgresql(home: Path) -> Postgresql:
    """Start an empty cluster with a database for the register and one for the AppView.

    The register's role may create databases, so that each test can have one of its own.
    """
    binaries = _binaries()
    folder = postgresql_home(home)
    log = home / "log" / "postgresql.log"
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    user, group = (owner.pw_uid, owner.pw_gid) if owner else (None, None)
    folder.mkdir(parents=True, mode=0o700)
    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)

    (port,) = free_ports(1)
    password = secrets.token_hex(12)
    initdb: list[str | Path] = [
        binaries / "initdb",
        "-D",
        folder,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
    ]
    initdb += ["--locale=C.UTF-8", "--no-sync"]
    run("initdb", initdb, log=log, seconds=200, cwd=folder, user=user, group=group)
    command: list[str | Path] = [
        binaries / "postgres",
        "-D",
        folder,
        "-p",
        str(port),
        "-c",
        f"listen_addresses={_LOOPBACK}",
    ]
    command += ["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "timezone=UTC"]
    # its workers keep a role that is no superuser from dropping a database
    command += ["-c", "autovacuum=off"]
    server = Server(
        name="postgresql",
        command=command,
        cwd=folder,
        env={},
        user=user,
        group=group,
        stop_signal=signal.SIGINT,  # disconnects its clients, then ends
    )
    alive = start(home, server)
    client = ["-h", _LOOPBACK, "-p", str(port), "-U", "postgres"]

    def ready() -> bool:
        try:
            run("pg_isready", [binaries / "pg_isready", "-q", *client], log=log, seconds=30)
        except RigError:
            return False
        return True

    wait_for(home, "postgresql", ready, alive=alive, seconds=120)
    psql: list[str | Path] = [binaries / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *client]
    for name, extra in (("register", "CREATEDB"), ("appview", "SUPERUSER")):
        psql += ["-c", f"CREATE ROLE {name} LOGIN {extra} PASSWORD '{password}'"]
        psql += ["-c", f"CREATE DATABASE {name} OWNER {name}"]
    run("creating the databases", psql, log=log, seconds=200)
    return Postgresql(
        lines={
            "RIG_REGISTER_DATABASE_URL": f"postgresql+pg8000://register:{password}@{_LOOPBACK}:{port}/register",
        },
        appview_url=f"postgresql://appview:{password}@{_LOOPBACK}:{port}/appview",
    )


def _binaries() -> Path:
    """Find Debian's own server: a `postgres` on the PATH may be another one."""
    found = sorted(_DEBIAN.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise RigError(f"no PostgreSQL server in {_DEBIAN}")
    return found[-1].parent
