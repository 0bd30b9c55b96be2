"""`python -m conformance`: serve fakes as a process of its own.

python -m conformance serve x facebook --port 8100      an empty world, for tests written in any language
"""

from __future__ import annotations

import argparse
import sys
import threading
from typing import TYPE_CHECKING

from conformance.platforms import PLATFORMS, fake_class
from conformance.server import Site, serve
from conformance.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and run it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve fake platforms over an empty world")
    serving.add_argument("platforms", nargs="*", choices=[[], *PLATFORMS], help="which (default: all)")
    serving.add_argument("--port", type=int, default=0)
    options = parser.parse_args(arguments)
    world = World()
    with serve(
        world, [fake_class(each)(world) for each in options.platforms or PLATFORMS], port=options.port
    ) as site:
        announce(site)
        wait()
    return 0


def announce(site: Site) -> None:
    """Say where everything is, one `name url` line each, then READY: what a parent process waits for."""
    for name, fake in site.fakes.items():
        sys.stdout.write(f"{name} {fake.base_url}\n")
    sys.stdout.write(f"READY {site.url}\n")
    sys.stdout.flush()


def wait() -> None:
    """Serve until interrupted."""
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        sys.stdout.write("\n")


if __name__ == "__main__":
    sys.exit(main())
