"""The rig stops what it started, all of it, and nothing else. Needs no server."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.rig.processes import RigError, Server, free_ports, run, start, stop_all, wait_for
from tests.waiting import until

_SLEEP = (sys.executable, "-c", "import time; time.sleep(120)")
_LEADER_WITH_WORKER = (
    "import subprocess, sys, pathlib, time;"
    "worker = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(120)']);"
    "pathlib.Path('worker.new').write_text(str(worker.pid));"
    "pathlib.Path('worker.new').rename('worker');"
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    for folder in ("log", "run"):
        (tmp_path / folder).mkdir()
    yield tmp_path
    stop_all(tmp_path)


def test_stopping_ends_the_workers_that_a_dead_leader_left(home: Path) -> None:
    server = Server(name="web", command=[sys.executable, "-c", _LEADER_WITH_WORKER], cwd=home, env={})
    alive = start(home, server)
    until(lambda: not alive())
    worker = int((home / "worker").read_text())
    assert _runs(worker)

    assert stop_all(home) == ["web"]
    assert not _runs(worker)


def test_servers_are_stopped_last_started_first(home: Path) -> None:
    both = [start(home, Server(name=name, command=_SLEEP, cwd=home, env={})) for name in ("database", "web")]
    assert all(alive() for alive in both)
    assert stop_all(home) == ["web", "database"]
    assert not any(alive() for alive in both)
    assert stop_all(home) == []


def test_a_note_of_an_earlier_boot_never_ends_a_stranger(home: Path) -> None:
    with subprocess.Popen(_SLEEP, start_new_session=True) as stranger:
        note = {"pid": stranger.pid, "started": "an-earlier-boot 12345", "signal": 15}
        (home / "run" / "web.json").write_text(json.dumps(note))
        assert stop_all(home) == []
        assert stranger.poll() is None
        stranger.kill()


def test_a_server_that_ends_before_it_is_ready_shows_its_last_words(home: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('the port is taken')"]
    alive = start(home, Server(name="web", command=command, cwd=home, env={}))
    with pytest.raises(RigError, match=r"(?s)web ended before it was ready.*the port is taken"):
        wait_for(home, "web", lambda: False, alive=alive, seconds=120)


def test_a_command_that_fails_or_hangs_says_which(tmp_path: Path) -> None:
    log = tmp_path / "step.log"
    with pytest.raises(RigError, match=r"(?s)step failed with exit code 1.*no such table"):
        run("step", [sys.executable, "-c", "raise SystemExit('no such table')"], log=log, seconds=120)
    with pytest.raises(RigError, match="step took longer than 1 s"):
        run("step", _SLEEP, log=log, seconds=1)
    with pytest.raises(RigError, match="nosuchprogram is not installed"):
        run("step", ["nosuchprogram"], log=log, seconds=1)


def test_what_fetches_from_a_network_that_hiccups_is_tried_again(tmp_path: Path) -> None:
    mark, log = tmp_path / "mark", tmp_path / "step.log"
    command = ["sh", "-c", f"test -e '{mark}' || {{ touch '{mark}'; exit 1; }}"]
    run("step", command, log=log, seconds=120, tries=2, pause=0)
    with pytest.raises(RigError, match="exit code 7"):
        run("step", ["sh", "-c", "exit 7"], log=log, seconds=120)


def test_free_ports_differ_and_are_none_that_a_connection_may_be_given() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert given <= 20_000 or max(ports) < given


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
