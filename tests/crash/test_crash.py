"""The kill test, short: `make crash ROUNDS=100` is the long one."""

import subprocess
import sys

import pytest


@pytest.mark.timeout(900)
def test_killed_processes_lose_nothing_acknowledged_and_leave_nothing_behind() -> None:
    """In a process of its own: it forks, and a test run has threads that would not survive that."""
    told = subprocess.run(
        [sys.executable, "-m", "bench.crash", "--rounds", "5"],
        check=False,
        capture_output=True,
        text=True,
        timeout=800,
    )

    assert told.returncode == 0, told.stdout + told.stderr
    assert "processes killed                            10" in told.stdout
