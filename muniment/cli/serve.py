"""`muniment serve`: run the schedules. It starts what is missing and never imports Prefect itself."""

import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO, Final

import click
import httpx

from muniment.bootstrap.council import read_councils
from muniment.cli.exits import LOOK
from muniment.cli.opening import console
from muniment.settings import Settings, from_environment
from schemas.errors import StorageError

__all__ = [
    "IN_BATCHES",
    "PREFECT_SERVER",
    "flows_environment",
    "is_taken",
    "keep_short",
    "serve",
    "start_prefect",
    "stop",
]

_READY_SECONDS = 300.0
IN_BATCHES: Final = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "2",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "500",
}
"""How a Prefect server on SQLite writes what its runs tell: seldom. By itself it writes each state of a task
alone, and answers "busy" where two of its writes meet.
"""
PREFECT_SERVER: Final = ("flows.server", "server", "start")
"""The module that starts Prefect's server, and Prefect's own command."""
_KEPT: Final = {"PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs"}
"""What the server removes of itself: events after 7 days, runs with their reports after 90. By default it
keeps runs for ever, and ours come every 15 minutes."""
_LOG_BYTES: Final = 10_000_000
_LEASES: Final = {
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.memory"
}
"""Whatever is set for another server: a lease of before would free a limit that was freed and taken again."""
_UNAWAITED: Final = "ignore:coroutine 'Runner.astop' was never awaited:RuntimeWarning"
"""What Prefect says of itself when its runner is stopped by a signal: nothing that a reader could mend."""
_STOPPING: Final = (signal.SIGINT, signal.SIGTERM)
_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_PAGE: Final = 200  # limits: as many as Prefect tells at once


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    default=4200,
    show_default=True,
    help="Where the local Prefect server listens.",
)
def serve(port: int) -> None:
    """Run the schedules of every council until stopped: archive every 15 minutes, upkeep by night.

    Uses the Prefect server of MUNIMENT_PREFECT_API; without one it starts a local server on SQLite.
    """
    settings = from_environment()
    read_councils(settings)  # a mistake is told now, and with the code that systemd does not start again at
    children: list[subprocess.Popen[bytes]] = []
    for told in _STOPPING:
        signal.signal(told, _interrupt)
    try:
        home = settings.home / "prefect"
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        _be_the_only_one(home / "serve.lock")
        api = settings.prefect_api
        if api is None:
            server, api = start_prefect(home, port=port)
            children.append(server)
            console.print(f"Prefect runs at {api.removesuffix('/api')}")
        environment = flows_environment(settings, api)
        schedules = [sys.executable, "-W", _UNAWAITED, "-m", "flows", "serve"]
        children.append(_start(schedules, env=environment))
        while all(child.poll() is None for child in children):
            keep_short(home / "server.log")
            time.sleep(1.0)
        if children[-1].poll() is not None:
            console.print("[red]The process of the schedules ended by itself[/]: see what it said above.")
        else:
            console.print(f"[red]The Prefect server ended by itself[/]: its log is {home / 'server.log'}.")
        code = LOOK
    except KeyboardInterrupt:
        console.print("Stopping; what was kept is kept.")
        code = 0
    finally:
        for child in reversed(children):
            stop(child)
    sys.exit(code)


def flows_environment(settings: Settings, api: str) -> dict[str, str]:
    """Return the environment of the flows' process: nothing is reported to anyone outside."""
    return {
        **os.environ,
        "PREFECT_API_URL": api,
        "PREFECT_HOME": str(settings.home / "prefect"),
        **_quiet(),
        **_unproxied(),
    }


def start_prefect(home: Path, *, port: int) -> tuple[subprocess.Popen[bytes], str]:
    """Start a local Prefect server on SQLite and wait until it answers.

    Returns:
        The process, and the address of its API.

    Raises:
        StorageError: It did not come up; its log says why.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if is_taken(port):
        raise StorageError(f"Port {port} is taken.", remedy="Choose another with --port.")
    log = home / "server.log"
    environment = {
        **os.environ,
        "PREFECT_HOME": str(home),
        **_KEPT,
        **IN_BATCHES,
        **_LEASES,
        **_quiet(),
        **_unproxied(),
    }
    environment.pop("PREFECT_API_URL", None)
    with log.open("ab") as sink:
        command = [sys.executable, "-m", *PREFECT_SERVER, "--host", "127.0.0.1", "--port", str(port)]
        server = _start(command, env=environment, said=sink)
    api = f"http://127.0.0.1:{port}/api"
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(f"{api}/health", timeout=10.0, trust_env=False).is_success:
                _free_every_limit(api)
                return server, api
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    stop(server)
    raise StorageError("The local Prefect server did not come up.", remedy=f"Its log is {log}.")


def _be_the_only_one(lock: Path) -> None:
    """Hold a lock for as long as this process lives: two that serve would do everything twice.

    Raises:
        StorageError: Another process holds it.
    """
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StorageError(
            f"Another `muniment serve` runs with this home: it holds {lock}.",
            remedy="Leave that one running, or stop it first.",
        ) from error


def _start(
    command: Sequence[str], *, env: Mapping[str, str], said: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, which the kernel stops where this process dies without a word.

    Ctrl-C so reaches us alone, and what runs there is stopped once, not interrupted.
    """
    libc = ctypes.CDLL(None)

    def stop_with_parent() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return subprocess.Popen(
        command,
        env=env,
        stdout=said,
        stderr=said,
        start_new_session=True,
        preexec_fn=stop_with_parent,  # noqa: PLW1509 -- one call to the kernel: it takes no lock
    )


def keep_short(log: Path, *, most: int = _LOG_BYTES) -> None:
    """Begin a log anew where it has more bytes than `most`; what it said so far is kept once, beside it.

    The server appends to it, and so goes on at the new beginning. A disk that is full holds up nothing here.
    """
    with suppress(OSError):
        if log.stat().st_size > most:
            shutil.copyfile(log, log.with_name(f"{log.name}.1"))
            os.truncate(log, 0)


def _free_every_limit(api: str) -> None:
    """Free what a server of before left taken: of the credentials, and of the deployments.

    Prefect writes to its database that a limit is taken, and keeps in its memory the lease that would end it:
    where the server is stopped while a flow runs, the limit is taken for ever, and no walk of that council
    begins again. A server that just came up knows no lease: what is taken in it can never be given back.
    """
    with httpx.Client(base_url=f"{api}/v2/concurrency_limits", timeout=30.0, trust_env=False) as client:
        wanted = {"limit": _PAGE, "offset": 0}
        while page := client.post("/filter", json=wanted).raise_for_status().json():
            for taken in (limit for limit in page if limit["active_slots"]):
                client.patch(f"/{taken['id']}", json={"active_slots": 0}).raise_for_status()
            wanted["offset"] += _PAGE


def stop(child: subprocess.Popen[bytes]) -> None:
    """End a child process, gently first."""
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(timeout=15.0)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _quiet() -> Mapping[str, str]:
    return {
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_LEVEL": os.environ.get("PREFECT_LOGGING_LEVEL", "WARNING"),
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_DATABASE_TIMEOUT": "60",  # its SQLite gives up after 10 s on a busy machine
    }


def _unproxied() -> Mapping[str, str]:
    """The local server is on this machine: a proxy for the world outside knows nothing of it."""
    told = os.environ.get("NO_PROXY") or os.environ.get("no_proxy")
    hosts = ",".join(filter(None, (told, "127.0.0.1,localhost")))
    return {"NO_PROXY": hosts, "no_proxy": hosts}


def is_taken(port: int) -> bool:
    """Return whether somebody listens on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    for told in _STOPPING:
        signal.signal(told, _told_already)  # being told twice must not break off the stopping
    raise KeyboardInterrupt


def _told_already(_signal: int, _frame: FrameType | None) -> None:
    """Do nothing: ignored signals that came together would be complained of."""
