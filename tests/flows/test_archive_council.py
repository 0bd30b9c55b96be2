"""The flows on a real Prefect server: one stream a task, retries by the error tree, counts only."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from conformance.fake import Fault
from muniment.cli.serve import start_prefect, stop
from tests.flows.council import Stage, small_council

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server, api = start_prefect(tmp_path_factory.mktemp("prefect"), port=42391)
    yield api
    stop(server)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with small_council(tmp_path) as made:
        yield made


def run(stage: Stage, api: str) -> int:
    environment = {**stage.environment(), "PREFECT_API_URL": api, "PREFECT_HOME": str(stage.home / "prefect")}
    environment |= {"PREFECT_LOGGING_LEVEL": "ERROR", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    command = [sys.executable, "-m", "flows", "run", "smalltown"]
    return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False, timeout=180).returncode


def exported(stage: Stage) -> list[dict[str, Any]]:
    path = stage.home / "export.jsonl"
    command = [sys.executable, "-m", "muniment", "export", str(path)]
    subprocess.run(
        command, cwd=CHECKOUT, env=stage.environment(), check=True, timeout=60, capture_output=True
    )
    return [json.loads(line) for line in path.read_text().splitlines()]


def held(stage: Stage, platform: str) -> int:
    return sum(line["line"] == "item" and line["platform"] == platform for line in exported(stage))


def test_a_council_is_archived_and_nothing_personal_reaches_prefect(stage: Stage, prefect: str) -> None:
    assert run(stage, prefect) == 0
    assert (held(stage, "facebook"), held(stage, "mastodon")) == (10, 10)
    told = ""
    for what in ("artifacts", "task_runs", "flow_runs"):
        answer = httpx.post(f"{prefect}/{what}/filter", json={"limit": 200})
        answer.raise_for_status()
        assert answer.json(), what
        told += answer.text
    assert "Capture report" in told
    for personal in ("Question", "Notice", "A Resident", "sandbox-"):
        assert personal not in told


def test_one_failing_account_never_stops_another(stage: Stage, prefect: str) -> None:
    stage.fakes["facebook"].knobs.login_wall_from = 1
    assert (
        run(stage, prefect) == 0
    )  # the account is paused and its gap is open: that is a report, not a failure
    assert (held(stage, "facebook"), held(stage, "mastodon")) == (0, 10)


def test_what_a_retry_can_mend_is_retried_and_lost_nothing(stage: Stage, prefect: str) -> None:
    fault = Fault(match="published_posts", status=500, body={"error": {"code": 2}}, times=4)
    stage.fakes["facebook"].knobs.faults.append(fault)
    assert run(stage, prefect) == 0
    assert held(stage, "facebook") == 10


def test_the_review_of_holds_leaves_counts_and_no_reference(stage: Stage, prefect: str) -> None:
    environment = {**stage.environment(), "PREFECT_API_URL": prefect, "PREFECT_LOGGING_LEVEL": "ERROR"}
    environment |= {"PREFECT_HOME": str(stage.home / "prefect"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    review = "from flows.holds import hold_review; assert hold_review('smalltown') == 0"
    command = [sys.executable, "-c", review]
    subprocess.run(command, cwd=CHECKOUT, env=environment, check=True, timeout=120)
    answer = httpx.post(
        f"{prefect}/artifacts/filter", json={"artifacts": {"key": {"any_": ["holds-smalltown"]}}}
    )
    (artifact,) = answer.json()
    assert "| all | 0 | 0 |" in artifact["data"]
