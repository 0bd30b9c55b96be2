"""The rig: the real servers that our tests of the connectors and of the register speak to.

`python -m infra.rig up` installs what is missing, starts every server afresh on loopback and writes where
they are to `.rig/env`; `up s3` does it for that server alone (names: bluesky, postgresql, s3, wordpress);
`python -m infra.rig down` stops them. State lies in `.rig/` of the checkout, or in
`$MUNIMENT_RIG`.
"""

import fcntl
import shutil
import sys
import time
from pathlib import Path

from infra.rig import install
from infra.rig.bluesky import start_bluesky
from infra.rig.postgresql import postgresql_home, start_postgresql
from infra.rig.processes import RigError, rig_home, stop_all
from infra.rig.s3 import install_versitygw, start_s3
from infra.rig.wordpress import start_wordpress

__all__ = ["main"]

_SERVERS = frozenset({"bluesky", "postgresql", "s3", "wordpress"})
_SHOWN = {
    "WordPress": "RIG_WORDPRESS_URL",
    "Bluesky PDS": "RIG_BLUESKY_PDS_URL",
    "Bluesky AppView": "RIG_BLUESKY_APPVIEW_URL",
    "S3": "RIG_S3_ENDPOINT",
}


def main(arguments: list[str]) -> int:
    """Bring the rig up or down.

    Returns:
        0 when done, 1 when the rig could not be brought up, 2 when the arguments are wrong.
    """
    if (arguments[:1] != ["up"] and arguments != ["down"]) or not _SERVERS.issuperset(arguments[1:]):
        print(f"usage: python -m infra.rig up [{'|'.join(sorted(_SERVERS))}]... | down", file=sys.stderr)
        return 2
    home = rig_home()
    for folder in ("log", "run", "tools"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            _down(home)
            if arguments[0] == "up":
                _up(home, frozenset(arguments[1:]) or _SERVERS)
        except RigError as error:
            print(f"rig: {error}", file=sys.stderr)
            _down(home)
            return 1
    return 0


def _up(home: Path, wanted: frozenset[str]) -> None:
    began = time.monotonic()
    for log in (home / "log").glob("*.log"):
        log.unlink()
    if wanted != {"s3"}:
        install.debian_packages(home)
    versitygw = install_versitygw(home) if "s3" in wanted else None
    node_env = install.node(home) if "bluesky" in wanted else {}
    bluesky = install.bluesky_packages(home, node_env) if "bluesky" in wanted else None
    installed = time.monotonic()
    lines: dict[str, str] = {}
    if versitygw is not None:
        lines |= start_s3(home, versitygw)
    if {"postgresql", "bluesky"} & wanted:
        postgresql = start_postgresql(home)
        lines |= postgresql.lines
        if bluesky is not None:
            lines |= start_bluesky(home, bluesky, node_env, database_url=postgresql.appview_url)
    if "wordpress" in wanted:
        lines |= start_wordpress(home)
    # tests look for this file to know that the rig is up: it appears whole, or not at all
    draft = home / "env.new"
    draft.write_text("".join(f"{key}={value}\n" for key, value in lines.items()), encoding="utf-8")
    draft.chmod(0o600)
    draft.replace(home / "env")
    print(
        f"rig: up in {time.monotonic() - began:.0f} s (installing took {installed - began:.0f} s)", flush=True
    )
    for what, name in _SHOWN.items():
        if name in lines:
            print(f"rig: {what} {lines[name]}", flush=True)
    print(f"rig: all of it in {home / 'env'}; stop with infra/rig/down", flush=True)


def _down(home: Path) -> None:
    (home / "env").unlink(missing_ok=True)
    stopped = stop_all(home)
    if stopped:
        print(f"rig: stopped {', '.join(stopped)}", flush=True)
    shutil.rmtree(home / "data", ignore_errors=True)
    shutil.rmtree(postgresql_home(home), ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
