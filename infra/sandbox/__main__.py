"""`make run`: the sandbox council from start to end, on this machine, without any account, key or server.

Starts the conformance kit's borough and a local Prefect server, archives the borough by the flow
`archive_council`, moves its clock three days in four steps and archives again each time, then shows
coverage, three searches and the verification of the evidence.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from infra.rig.processes import free_ports
from infra.sandbox.register import COUNCIL, write_register
from muniment.cli.serve import IN_BATCHES, PREFECT_SERVER

__all__ = ["main"]

_CHECKOUT: Final = Path(__file__).resolve().parents[2]
_READY_SECONDS: Final = 300.0
_SEARCHES: Final = (
    ['"bin collection"', "--platform", "facebook", "--from", "2024-01-01", "--size", "3"],
    ["llifogydd OR flooding", "--size", "3"],
    ["edited:yes pothole", "--size", "3"],
)
_IDLE: Final = (
    *("CANCELLATION_CLEANUP", "CLEANUP_RECONCILER", "FOREMAN", "LATE_RUNS", "PAUSE_EXPIRATIONS"),
    *("SCHEDULER", "TRIGGERS"),
)
"""Loops of a Prefect server that have nothing to do where nothing is scheduled, and ask its database all the
time: they are left out here, and here only."""
_IN_MEMORY: Final = "sqlite+aiosqlite:///file::memory:?cache=shared&uri=true&check_same_thread=false"
"""The server's database, of one connection: its writes never meet, and what it remembers of the demonstration
nobody needs afterwards."""
_NEXT: Final = """
What to do next, for a real council
  1. muniment archive https://your-council-blog.example    tries a public blog or account at once
  2. copy councils/example_borough.yml to councils/your_council.yml and name your accounts
  3. muniment accounts check                               says what each platform needs, and never gives
  4. muniment archive                                      asks before it fetches the past
  5. muniment serve                                        keeps it up: every 15 minutes
The README has the first five minutes; docs/operate/ the rest. What was just made lies in {home}
"""


def main() -> int:
    """Run the demonstration; return 0 when everything was whole and verified."""
    began = time.monotonic()
    home = Path(os.environ.get("SANDBOX_HOME") or _CHECKOUT / ".sandbox").resolve()
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(mode=0o700)
    environment = {
        **os.environ,
        "MUNIMENT_HOME": str(home / "home"),
        "MUNIMENT_COUNCILS": str(home / "councils"),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        "COLUMNS": os.environ.get("COLUMNS", "150"),
    }
    with _sandbox(home) as site, _prefect(home, environment) as api:
        _wait_for(f"{site}/control/about", "the sandbox", home / "sandbox.log")
        _wait_for(f"{api}/health", "the Prefect server", home / "prefect.log")
        environment["PREFECT_API_URL"] = api
        about: dict[str, Any] = httpx.get(f"{site}/control/about", timeout=60).json()
        write_register(about, home=home / "home", councils=home / "councils")
        say(f"{about['council']}: {len(about['accounts'])} accounts of an invented borough, at {site}")
        failed = _archive(environment, "The first archive: the newest posts, then the past")
        for number, step in enumerate(about["steps"], start=1):
            httpx.post(f"{site}/clock", json={"to": step["to"]}, timeout=60).raise_for_status()
            failed |= _archive(environment, f"Step {number} of {len(about['steps'])}: {step['says']}")
        _show(environment, home)
        failed |= _muniment(environment, ["verify"])
    seconds = time.monotonic() - began
    say(
        f"Done in {seconds:.0f} seconds."
        if not failed
        else f"Ended with failures after {seconds:.0f} seconds."
    )
    if not failed:
        sys.stdout.write(_NEXT.format(home=home))
    return failed


def _archive(environment: dict[str, str], title: str) -> int:
    say(title)
    command = [sys.executable, "-m", "flows", "run", COUNCIL]
    return subprocess.run(command, env=environment, cwd=_CHECKOUT, check=False).returncode


def _show(environment: dict[str, str], home: Path) -> None:
    say("What is held against what was reported, and what we do not have")
    _muniment(environment, ["coverage", "--svg", str(home / "coverage.svg")])
    for search in _SEARCHES:
        say("muniment search " + " ".join(search))
        _muniment(environment, ["search", *search])
    say("Is it unaltered?")


def _muniment(environment: dict[str, str], arguments: Sequence[str]) -> int:
    command = [sys.executable, "-m", "muniment", *arguments]
    return subprocess.run(command, env=environment, cwd=_CHECKOUT, check=False).returncode


def say(title: str) -> None:
    """Print a heading."""
    sys.stdout.write(f"\n== {title}\n")
    sys.stdout.flush()


@contextmanager
def _sandbox(home: Path) -> Iterator[str]:
    """Serve the borough in a process of its own."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "conformance", "sandbox", "--port", str(port)]
    with _running(command, home / "sandbox.log", dict(os.environ)):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _prefect(home: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run a Prefect server in a process of its own."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", *PREFECT_SERVER, "--host", "127.0.0.1", "--port", str(port)]
    quiet = {f"PREFECT_SERVER_SERVICES_{loop}_ENABLED": "false" for loop in _IDLE}
    told = {**IN_BATCHES, **quiet, "PREFECT_API_DATABASE_CONNECTION_URL": _IN_MEMORY}
    with _running(command, home / "prefect.log", {**environment, **told}):
        yield f"http://127.0.0.1:{port}/api"


@contextmanager
def _running(command: Sequence[str], log: Path, environment: dict[str, str]) -> Iterator[None]:
    with log.open("wb") as sink:
        child = subprocess.Popen(command, cwd=_CHECKOUT, env=environment, stdout=sink, stderr=sink)
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait_for(url: str, what: str, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, timeout=5.0).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"{what} did not come up: see {log}")


if __name__ == "__main__":
    sys.exit(main())
