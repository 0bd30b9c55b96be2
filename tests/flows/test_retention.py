"""The flows of retention on a real Prefect server: counts only, nothing twice, gone on after a kill."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from muniment.adapters.schedule_yaml import load_schedule
from muniment.bootstrap.opening import open_muniment
from muniment.cli.serve import start_prefect, stop
from muniment.domain.people import Actor, Role
from muniment.services.deciding import Deciding
from muniment.settings import from_environment
from tests.flows.council import Stage, free_port, small_council
from tests.operate.test_retention import signed

pytestmark = pytest.mark.timeout(900)

CHECKOUT = Path(__file__).parents[2]
NOW = {
    "PERM review at 10y then offer": "PERM review at 0d then offer",
    "quiet: 90d": "quiet: 0d",
    'period: "2y"': 'period: "0d"',
    "    evidence_of: [defamation]\n": "",
}


@pytest.fixture
def prefect(tmp_path: Path) -> Iterator[str]:
    server, api = start_prefect(tmp_path / "prefect", port=free_port())
    yield api
    stop(server)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with small_council(tmp_path) as made:
        environment = made.environment()
        command = [sys.executable, "-m", "muniment", "archive", "--yes"]
        subprocess.run(command, cwd=CHECKOUT, env=environment, check=True, capture_output=True, timeout=400)
        made.world.clock.wait(3 * 86_400)
        yield made


def adopt(stage: Stage, tmp_path: Path) -> None:
    schedule, text = load_schedule(signed(tmp_path / "signed.yml", **NOW))
    manager = Actor(name="A. Manager", roles=frozenset({Role.INFORMATION_MANAGER}))
    with open_muniment(
        from_environment(stage.environment() | {"MUNIMENT_HOME": str(stage.home)})
    ) as muniment:
        services = muniment.council()
        Deciding(retaining=services.retaining, actor=manager, record_key=services.record_key).adopt(
            schedule, text
        )


def run(stage: Stage, api: str, *flows: str) -> list[int]:
    """Run flows once, one after the other, as the server's worker would; return what they return."""
    environment = {**stage.environment(), "PREFECT_API_URL": api, "PREFECT_HOME": str(stage.home / "prefect")}
    environment |= {"PREFECT_LOGGING_LEVEL": "ERROR", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    calls = ", ".join(f"retention.{flow}('smalltown')" for flow in flows)
    ended = subprocess.run(
        [sys.executable, "-c", f"from flows import retention; print([{calls}])"],
        cwd=CHECKOUT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    found: list[int] = json.loads(ended.stdout.splitlines()[-1])
    return found


def artifacts(api: str) -> str:
    answer = httpx.post(f"{api}/artifacts/filter", json={"limit": 200}, timeout=60)
    answer.raise_for_status()
    return json.dumps(answer.json())


def test_what_is_due_is_proposed_once_packed_once_and_only_counts_reach_prefect(
    stage: Stage, prefect: str, tmp_path: Path
) -> None:
    adopt(stage, tmp_path)
    folder = stage.home / "transfers" / "smalltown"
    (folder / "2026-01-01-1.partial" / "proofs").mkdir(parents=True)  # a run that was killed
    own, public = 12, 10  # posts and profiles; comments
    review = ("retention_review", "retention_review", "honour_deletions")
    assert run(stage, prefect, *review, "transfer_council", "transfer_council") == [
        *(own + public, own + public, 0),
        *(own, 0),
    ]
    assert [path.name for path in folder.iterdir()] == ["2026-01-01-1"]
    told = artifacts(prefect)
    for said in (
        "PUB-COMMENT",
        "under review",
        "nothing that is not on a list already",
        "its receipt is due",
        *("reviewing-smalltown", "packing-smalltown"),
    ):
        assert said in told
    for personal in ("Question", "Notice", "A Resident", "facebook:"):
        assert personal not in told
