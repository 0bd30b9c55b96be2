"""The kit as a process of its own: serve fakes, score an archive.

python -m conformance serve x facebook --port 8100
python -m conformance sandbox --port 8100 --seed 1
python -m conformance score --truth T.jsonl --served S.jsonl --archive A.jsonl
"""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.platforms import PLATFORMS, fake_class
from conformance.sandbox import POSTS, build
from conformance.score import read_lines, score, table
from conformance.server import Site, serve
from conformance.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

UNREADABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and run it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m conformance", description="The conformance kit.")
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve fake platforms over an empty world")
    serving.add_argument("platforms", nargs="*", choices=[[], *PLATFORMS], help="which (default: all)")
    serving.add_argument("--port", type=int, default=0)
    serving.set_defaults(run=_serve)
    playing = commands.add_parser("sandbox", help="serve the fictional council of `make run`")
    playing.add_argument("--port", type=int, default=0)
    playing.add_argument("--seed", type=int, default=1)
    playing.add_argument("--posts", type=int, default=POSTS, help="before the first archive")
    playing.set_defaults(run=_sandbox)
    scoring = commands.add_parser("score", help="compare an archive's export with what the platforms had")
    for name in ("truth", "served", "archive"):
        scoring.add_argument(f"--{name}", type=Path, required=True, help="JSON Lines: see FORMAT.md")
    scoring.add_argument("--strict", action="store_true", help="hold to every figure")
    scoring.add_argument("--false-missing", type=int, default=0, help="so many false absences are forgiven")
    scoring.set_defaults(run=_score)
    options = parser.parse_args(arguments)
    return int(options.run(options))


def _score(options: argparse.Namespace) -> int:
    try:
        truth, served, archive = (
            read_lines(each) for each in (options.truth, options.served, options.archive)
        )
        result = score(truth, served, archive)
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"cannot score: {type(error).__name__}: {error}\n")
        return UNREADABLE
    sys.stdout.write(table(result, strict=options.strict, false_missing=options.false_missing) + "\n")
    return 1 if result.missed(strict=options.strict, false_missing=options.false_missing) else 0


def _serve(options: argparse.Namespace) -> int:
    world = World()
    fakes = [fake_class(each)(world) for each in options.platforms or PLATFORMS]
    with serve(world, fakes, port=options.port) as site:
        announce(site)
        wait()
    return 0


def _sandbox(options: argparse.Namespace) -> int:
    sandbox = build(options.seed, options.posts)
    fakes = [fake_class(each)(sandbox.world) for each in PLATFORMS]
    with serve(sandbox.world, fakes, port=options.port) as site:
        site.about = sandbox.about(site)
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
