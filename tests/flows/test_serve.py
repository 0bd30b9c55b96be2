"""`muniment serve` starts what is missing, serves every schedule, and stops when it is told to."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from muniment.cli.serve import is_taken
from tests.flows.council import free_port, small_council
from tests.waiting import until

pytestmark = pytest.mark.timeout(900)

CHECKOUT = Path(__file__).parents[2]
PATIENCE_SECONDS = 400
WANTED = {"archive-council", "tidy", "reindex", "verify"}


def test_serve_starts_a_server_and_every_schedule_and_stops_quietly_at_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    with small_council(tmp_path) as stage:
        command = [sys.executable, "-m", "muniment", "serve", "--port", str(port)]
        serving = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=stage.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,  # as a terminal's foreground: Ctrl-C goes to all in it
        )
        try:
            names = _scheduled(api, serving)
            other = subprocess.run(
                [*command[:-1], str(free_port())],
                cwd=CHECKOUT,
                env=stage.environment(),
                check=False,
                capture_output=True,
                text=True,
                timeout=200,
            )
        finally:
            os.killpg(serving.pid, signal.SIGINT)
            os.killpg(serving.pid, signal.SIGTERM)  # being told twice does not break off the stopping
            said, _ = serving.communicate(timeout=200)
        assert names >= WANTED, said.decode()
        assert other.returncode == 6, other.stdout + other.stderr
        assert "Another `muniment serve` runs with this home" in other.stderr
        assert serving.returncode == 0, said.decode()
        assert said.decode().strip().endswith("what was kept is kept.")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_what_serve_started_ends_where_serve_is_killed(tmp_path: Path) -> None:
    port = free_port()
    with small_council(tmp_path) as stage:
        command = [sys.executable, "-m", "muniment", "serve", "--port", str(port)]
        serving = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=stage.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )
        try:
            until(lambda: is_taken(port), seconds=PATIENCE_SECONDS)
        finally:
            serving.kill()
            serving.wait()
        until(lambda: not is_taken(port))


def _scheduled(api: str, serving: "subprocess.Popen[bytes]") -> set[str]:
    """Return the flows that have a deployment with a schedule: they are made one after another."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    names: set[str] = set()
    while not names >= WANTED and time.monotonic() < deadline and serving.poll() is None:
        time.sleep(0.5)
        try:
            made = httpx.post(f"{api}/deployments/filter", json={}, timeout=60)
            flows = httpx.post(f"{api}/flows/filter", json={}, timeout=60)
        except httpx.TransportError:
            continue
        if made.is_success and flows.is_success:
            scheduled = {one["flow_id"] for one in made.json() if one["schedules"]}
            names = {one["name"] for one in flows.json() if one["id"] in scheduled}
    return names
