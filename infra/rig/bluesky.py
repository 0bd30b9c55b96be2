"""A real Bluesky network on loopback: PLC directory, PDS and AppView over Redis and PostgreSQL."""

import json
import socket
from pathlib import Path

from infra.rig.processes import Server, free_ports, start, wait_for

__all__ = ["start_bluesky"]

_LOOPBACK = "127.0.0.1"


def start_bluesky(home: Path, tools: Path, node_env: dict[str, str], *, database_url: str) -> dict[str, str]:
    """Start an empty network; accounts are made by the tests.

    Returns:
        The lines for `.rig/env`. The addresses say `localhost`, as the accounts' identity documents do.
    """
    data = home / "data" / "bluesky"
    data.mkdir(parents=True)
    redis, plc, pds, appview = free_ports(4)
    _start_redis(home, redis)
    ready = data / "ready.json"
    env = {
        **node_env,
        "NODE_ENV": "test",
        "LOG_ENABLED": "false",
        "TMPDIR": str(data),
        "DB_POSTGRES_URL": database_url,
        "REDIS_HOST": f"{_LOOPBACK}:{redis}",
        "RIG_PLC_PORT": str(plc),
        "RIG_PDS_PORT": str(pds),
        "RIG_APPVIEW_PORT": str(appview),
        "RIG_READY": str(ready),
    }
    command = [home / "tools" / "bin" / "node", tools / "network.mjs"]
    alive = start(home, Server(name="bluesky", command=command, cwd=tools, env=env))
    wait_for(home, "bluesky", ready.exists, alive=alive, seconds=300)
    urls = json.loads(ready.read_text(encoding="utf-8"))
    return {f"RIG_BLUESKY_{name.upper()}_URL": url for name, url in urls.items()}


def _start_redis(home: Path, port: int) -> None:
    command = ["redis-server", "--bind", _LOOPBACK, "--port", str(port), "--save", "", "--appendonly", "no"]
    alive = start(home, Server(name="redis", command=command, cwd=home / "data", env={}))
    wait_for(home, "redis", lambda: _pongs(port), alive=alive, seconds=120)


def _pongs(port: int) -> bool:
    try:
        with socket.create_connection((_LOOPBACK, port), timeout=2) as probe:
            probe.sendall(b"PING\r\n")
            return probe.recv(16).startswith(b"+PONG")
    except OSError:
        return False
