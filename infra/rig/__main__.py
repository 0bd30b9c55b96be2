"""The rig: the real servers that our tests of the connectors and of the register speak to.

`python -m infra.rig up` installs what is missing, starts every server afresh on loopback and writes where
they are to `.rig/env`; `python -m infra.rig down` stops them. State lies in `.rig/` of the checkout, or in
`$MUNIMENT_RIG`.
"""

import fcntl
import os
import shutil
import sys
import time
from pathlib import Path

from infra.rig import install
from infra.rig.bluesky import start_bluesky
from infra.rig.postgresql import postgresql_home, start_postgresql
from infra.rig.processes import RigError, stop_all
from infra.rig.wordpress import start_wordpress

__all__ = ["main"]

_CHECKOUT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    """Bring the rig up or down.

    Returns:
        0 when done, 1 when the rig could not be brought up, 2 when the arguments are wrong.
    """
    if arguments not in (["up"], ["down"]):
        print("usage: python -m infra.rig up|down", file=sys.stderr)
        return 2
    home = Path(os.environ.get("MUNIMENT_RIG") or _CHECKOUT / ".rig").resolve()
    for folder in ("log", "run", "tools"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            _down(home)
            if arguments == ["up"]:
                _up(home)
        except RigError as error:
            print(f"rig: {error}", file=sys.stderr)
            _down(home)
            return 1
    return 0


def _up(home: Path) -> None:
    began = time.monotonic()
    for log in (home / "log").glob("*.log"):
        log.unlink()
    install.debian_packages(home)
    node_env = install.node(home)
    bluesky = install.bluesky_packages(home, node_env)
    installed = time.monotonic()
    postgresql = start_postgresql(home)
    lines = {
        **postgresql.lines,
        **start_wordpress(home),
        **start_bluesky(home, bluesky, node_env, database_url=postgresql.appview_url),
    }
    # tests look for this file to know that the rig is up: it appears whole, or not at all
    draft = home / "env.new"
    draft.write_text("".join(f"{key}={value}\n" for key, value in lines.items()), encoding="utf-8")
    draft.chmod(0o600)
    draft.replace(home / "env")
    print(
        f"rig: up in {time.monotonic() - began:.0f} s (installing took {installed - began:.0f} s)\n"
        f"rig: WordPress {lines['RIG_WORDPRESS_URL']}\n"
        f"rig: Bluesky PDS {lines['RIG_BLUESKY_PDS_URL']}, AppView {lines['RIG_BLUESKY_APPVIEW_URL']}\n"
        f"rig: all of it in {home / 'env'}; stop with infra/rig/down",
        flush=True,
    )


def _down(home: Path) -> None:
    (home / "env").unlink(missing_ok=True)
    stopped = stop_all(home)
    if stopped:
        print(f"rig: stopped {', '.join(stopped)}", flush=True)
    shutil.rmtree(home / "data", ignore_errors=True)
    shutil.rmtree(postgresql_home(home), ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
