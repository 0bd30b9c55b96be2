"""Detached servers of the rig: start, wait until ready, stop as whole process groups.

Each server leads a session of its own, so that stopping its group also ends the workers that `php -S` would
leave behind. A note in `run/` says which process it is; the boot and the start time in it keep a stale note
from ever ending a stranger that was given the same number.
"""

import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path

__all__ = [
    "TRIES",
    "RigError",
    "Server",
    "ended",
    "free_ports",
    "rig_home",
    "run",
    "start",
    "stop_all",
    "wait_for",
]

_TAIL_LINES = 15
_STOP_SECONDS = 10.0
_DIE_SECONDS = 120.0
_FIRST_PORT = 20_000  # Node refuses to ask some below: WHATWG's "bad ports"
_GIVEN_BY_THE_KERNEL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_PAUSE_SECONDS = 5.0
TRIES = 3
"""How often something is fetched from a network that may hiccup."""
_CHECKOUT = Path(__file__).resolve().parents[2]


class RigError(Exception):
    """The rig cannot be brought up; the text says what failed and where its log is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server to start.

    Attributes:
        name: Names its log and its note.
        command: Program and arguments.
        env: Added to the environment of the caller.
        cwd: Working folder.
        user: Numeric user to run as, or None for the caller.
        group: Numeric group to run as, or None for the caller.
        stop_signal: What ends it in order.
    """

    name: str
    command: Sequence[str | Path]
    cwd: Path
    env: Mapping[str, str]
    user: int | None = None
    group: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM


def rig_home() -> Path:
    """Return the folder in which the state of all servers lies: `.rig/`, or what `MUNIMENT_RIG` names."""
    return Path(os.environ.get("MUNIMENT_RIG") or _CHECKOUT / ".rig").resolve()


def free_ports(count: int) -> list[int]:
    """Return different ports that are free on loopback.

    They lie below those that the kernel gives to connections, where there is room: one of those may be
    somebody's by the time that a server has come up, or has come up again after it was killed.
    """
    told = _GIVEN_BY_THE_KERNEL.read_text(encoding="ascii") if _GIVEN_BY_THE_KERNEL.exists() else "0"
    ours = range(_FIRST_PORT, max(int(told.split()[0]), _FIRST_PORT))
    found: list[int] = []
    with ExitStack() as held:
        for port in chain(random.SystemRandom().sample(ours, len(ours)), repeat(0, count)):
            probe = held.enter_context(socket.socket())
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(int(probe.getsockname()[1]))
            if len(found) == count:
                return found
    raise RigError(f"there are no {count} free ports on loopback")


def run(
    what: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    seconds: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: int | None = None,
    group: int | None = None,
    tries: int = 1,
    pause: float = _PAUSE_SECONDS,
) -> None:
    """Run a command to its end, its output in `log`; what fetches from a network is tried `tries` times.

    Raises:
        RigError: It failed each time, or took longer than `seconds`.
    """
    for left in reversed(range(tries)):
        try:
            _run(what, command, log=log, seconds=seconds, env=env, cwd=cwd, user=user, group=group)
        except RigError:
            if not left:
                raise
            time.sleep(pause)
        else:
            return


def _run(
    what: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    seconds: float,
    env: Mapping[str, str] | None,
    cwd: Path | None,
    user: int | None,
    group: int | None,
) -> None:
    with log.open("ab") as out:
        try:
            done = subprocess.run(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                user=user,
                group=group,
                extra_groups=[] if user is not None else None,
                timeout=seconds,
                check=False,
            )
        except FileNotFoundError as error:
            raise RigError(f"{what}: the program {command[0]} is not installed") from error
        except subprocess.TimeoutExpired as error:
            raise RigError(f"{what} took longer than {seconds:.0f} s\n{_tail(log)}") from error
    if done.returncode != 0:
        raise RigError(f"{what} failed with exit code {done.returncode}\n{_tail(log)}")


def start(home: Path, server: Server) -> Callable[[], bool]:
    """Start a server detached and return a question: is it still running?"""
    with (home / "log" / f"{server.name}.log").open("ab") as out:
        process = subprocess.Popen(
            [str(part) for part in server.command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **server.env},
            cwd=server.cwd,
            user=server.user,
            group=server.group,
            extra_groups=[] if server.user is not None else None,
            start_new_session=True,
        )
    note = {
        "pid": process.pid,
        "started": _started(process.pid),
        "signal": int(server.stop_signal),
        "at": time.monotonic_ns(),
    }
    (home / "run" / f"{server.name}.json").write_text(json.dumps(note), encoding="utf-8")
    return lambda: process.poll() is None


def wait_for(
    home: Path, name: str, ready: Callable[[], bool], *, alive: Callable[[], bool], seconds: float
) -> None:
    """Wait until a server is ready.

    Raises:
        RigError: It ended, or is not ready within `seconds`.
    """
    log = home / "log" / f"{name}.log"
    end = time.monotonic() + seconds
    while not ready():
        if not alive():
            raise RigError(f"{name} ended before it was ready\n{_tail(log)}")
        if time.monotonic() > end:
            raise RigError(f"{name} was not ready after {seconds:.0f} s\n{_tail(log)}")
        time.sleep(0.1)


def stop_all(home: Path) -> list[str]:
    """Stop every server with a note in this rig, last started first.

    Returns:
        The names of those that were running.
    """
    notes = [(path, json.loads(path.read_text(encoding="utf-8"))) for path in (home / "run").glob("*.json")]
    stopped = []
    for path, note in sorted(notes, key=lambda one: int(one[1].get("at", 0)), reverse=True):
        if _stop_group(note["pid"], note["started"], note["signal"]):
            stopped.append(path.stem)
        path.unlink()
    return stopped


def ended(home: Path, name: str) -> None:
    """Wait until of a server that was killed nothing is left: it holds its port and its files until then.

    Raises:
        RigError: It does not end.
    """
    note = json.loads((home / "run" / f"{name}.json").read_text(encoding="utf-8"))
    _stop_group(note["pid"], note["started"], signal.SIGKILL)


def _stop_group(pid: int, started: str, stop_signal: int) -> bool:
    if not started.startswith(_boot()) or _started(pid) not in {started, ""} or not _group_lives(pid):
        return False
    for number, seconds in ((stop_signal, _STOP_SECONDS), (signal.SIGKILL, _DIE_SECONDS)):
        try:
            os.killpg(pid, number)
        except ProcessLookupError:
            return True
        end = time.monotonic() + seconds
        while _group_lives(pid):  # asked at least once, should this machine stand still here
            if time.monotonic() > end:
                break
            time.sleep(0.05)
        else:
            return True
    raise RigError(f"process group {pid} does not end")


def _group_lives(pid: int) -> bool:
    """Tell whether the group has a process left that is more than a zombie."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = _stat_fields(stat)
        if fields and fields[2] == str(pid) and fields[0] not in {"Z", "X"}:
            return True
    return False


def _started(pid: int) -> str:
    """Name this very process by boot and start time in clock ticks; empty when it is gone."""
    fields = _stat_fields(Path(f"/proc/{pid}/stat"))
    if not fields:
        return ""
    return f"{_boot()} {fields[19]}"


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _stat_fields(stat: Path) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on (proc(5), field 3); empty when it is gone."""
    try:
        return stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
    return "\n".join(["  last lines of " + str(log), *("  | " + line for line in lines)])
