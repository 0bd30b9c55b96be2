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
from tests.flows.council import Stage, free_port, small_council
from tests.waiting import until

pytestmark = pytest.mark.timeout(900)

CHECKOUT = Path(__file__).parents[2]
PATIENCE_SECONDS = 400
WANTED = {"archive-council", "tidy", "reindex", "verify"}


def test_serve_starts_a_server_and_every_schedule_and_stops_quietly_at_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    with small_council(tmp_path) as stage:
        serving = started(stage, port, said=subprocess.PIPE)
        try:
            names = _scheduled(api, serving)
            other = refused(stage, "--port", str(free_port()))
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


def started(stage: Stage, port: int, *, said: int) -> "subprocess.Popen[bytes]":
    """Start `muniment serve` as a terminal's foreground: Ctrl-C goes to all in its group."""
    command = [sys.executable, "-m", "muniment", "serve", "--port", str(port)]
    return subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=stage.environment(),
        stdout=said,
        stderr=subprocess.STDOUT,
        process_group=0,
    )


def refused(stage: Stage, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run `muniment serve` where it cannot go on."""
    return subprocess.run(
        [sys.executable, "-m", "muniment", "serve", *arguments],
        cwd=CHECKOUT,
        env={**stage.environment(), **more},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_prefect_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    api = f"http://127.0.0.1:{free_port()}/api"
    with small_council(tmp_path) as stage:
        done = refused(stage, MUNIMENT_PREFECT_API=api)
    assert done.returncode == 6, done.stderr
    assert f"The Prefect server at {api} does not answer" in done.stderr
    assert "The process of the schedules ended by itself" in done.stdout


def test_mistakes_are_told_before_anything_is_started(tmp_path: Path) -> None:
    with small_council(tmp_path) as stage:
        assert refused(stage, "--port", "80000").returncode == 2
        file = stage.councils / "smalltown.yml"
        whole = file.read_text()
        file.write_text(f"{whole}\nnosuch: 1\n")
        mistaken = refused(stage)
        file.unlink()
        none = refused(stage)
    assert (mistaken.returncode, none.returncode) == (2, 2), mistaken.stderr + none.stderr
    assert "nosuch" in mistaken.stderr
    assert "There is no council's file" in none.stderr
    assert not (stage.home / "prefect").exists()


def test_what_serve_started_ends_where_serve_is_killed(tmp_path: Path) -> None:
    port = free_port()
    with small_council(tmp_path) as stage:
        serving = started(stage, port, said=subprocess.DEVNULL)
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
