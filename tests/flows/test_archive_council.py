"""The flows on a real Prefect server: one stream a task, retries by the error tree, counts only."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prefect.settings import PREFECT_API_URL, temporary_settings

from conformance.fake import Fault
from flows.limits import Limits, limit_name
from muniment.cli.serve import start_prefect, stop
from tests.flows.council import Stage, free_port, small_council
from tests.waiting import until

pytestmark = pytest.mark.timeout(900)  # many processes, each of which imports Prefect

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server, api = start_prefect(tmp_path_factory.mktemp("prefect"), port=free_port())
    yield api
    stop(server)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with small_council(tmp_path) as made:
        yield made


def python(stage: Stage, api: str, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run Python in a process of its own that speaks with this server about this council."""
    environment = {**stage.environment(), "PREFECT_API_URL": api, "PREFECT_HOME": str(stage.home / "prefect")}
    environment |= {"PREFECT_LOGGING_LEVEL": "ERROR", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", **more}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        env=environment,
        check=False,
        timeout=400,
        capture_output=True,
        text=True,
    )


def run(stage: Stage, api: str) -> int:
    return python(stage, api, "-m", "flows", "run", "smalltown").returncode


def exported(stage: Stage) -> list[dict[str, Any]]:
    path = stage.home / "exports" / "all.jsonl"
    command = [sys.executable, "-m", "muniment", "export", str(path)]
    subprocess.run(
        command, cwd=CHECKOUT, env=stage.environment(), check=True, timeout=400, capture_output=True
    )
    return [json.loads(line) for line in path.read_text().splitlines()]


def held(stage: Stage, platform: str) -> int:
    return sum(line["line"] == "item" and line["platform"] == platform for line in exported(stage))


def told(api: str, what: str, **wanted: Any) -> list[dict[str, Any]]:
    answer = httpx.post(f"{api}/{what}/filter", json={"limit": 200, **wanted}, timeout=60)
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found


BLOCKS = """
import pytest
from flows.blocks import read_block, write_block
from schemas.errors import CredentialsRejectedError

write_block("page", {"page_token": "old"})
write_block("page", {"page_token": TOKEN, "renewed": "yes"})
assert read_block("page") == {"page_token": TOKEN, "renewed": "yes"}
with pytest.raises(CredentialsRejectedError, match="no Prefect block secret/nobody"):
    read_block("nobody")
"""


def test_a_council_is_archived_with_a_token_in_a_block_and_nothing_personal_reaches_prefect(
    stage: Stage, prefect: str
) -> None:
    secret = stage.home / "secrets" / "facebook.json"
    token = json.loads(secret.read_text())["page_token"]
    secret.unlink()
    done = python(stage, prefect, "-c", f"TOKEN = {token!r}\n{BLOCKS}")
    assert done.returncode == 0, done.stderr
    file = stage.councils / "smalltown.yml"
    register = yaml.safe_load(file.read_text())
    register["credentials"]["facebook"] = {"prefect_block": "page"}
    file.write_text(yaml.safe_dump(register))
    assert run(stage, prefect) == 0
    assert (held(stage, "facebook"), held(stage, "mastodon")) == (10, 10)
    known = ""
    for what in ("artifacts", "task_runs", "flow_runs"):
        found = told(prefect, what)
        assert found, what
        known += json.dumps(found)
    assert "Capture report" in known
    for personal in ("Question", "Notice", "A Resident", "sandbox-"):
        assert personal not in known


def filed(api: str, name: str) -> list[dict[str, Any]]:
    """Return the events of one name that the server has filed: a few seconds after they came."""
    wanted = {"filter": {"event": {"name": [name]}}, "limit": 50}
    answer = httpx.post(f"{api}/events/filter", json=wanted, timeout=60)
    found: list[dict[str, Any]] = answer.raise_for_status().json()["events"]
    return found


def is_blind(api: str, account: str, reason: str) -> bool:
    """Return whether an event has told that an account was blind, and why."""
    wanted = (f"muniment.account.smalltown.{account}", reason)
    return wanted in {
        (event["resource"]["prefect.resource.id"], event["payload"]["reason"])
        for event in filed(api, "muniment.blind")
    }


def test_one_failing_account_never_stops_another(stage: Stage, prefect: str) -> None:
    stage.fakes["facebook"].knobs.login_wall_from = 1
    assert (
        run(stage, prefect) == 0
    )  # the account is paused and its gap is open: that is a report, not a failure
    assert (held(stage, "facebook"), held(stage, "mastodon")) == (0, 10)
    until(lambda: is_blind(prefect, "facebook", "challenged"))
    assert not is_blind(prefect, "mastodon", "challenged")


def test_an_account_that_fell_silent_is_an_event_for_whoever_looks_after_it(
    stage: Stage, prefect: str
) -> None:
    file = stage.councils / "smalltown.yml"
    register = yaml.safe_load(file.read_text())
    register["accounts"][1]["expected_per_week"] = 7
    file.write_text(yaml.safe_dump(register))
    assert run(stage, prefect) == 0
    stage.world.clock.wait(8 * 86_400)
    assert run(stage, prefect) == 0
    until(lambda: bool(filed(prefect, "muniment.alarm")))
    (event,) = filed(prefect, "muniment.alarm")
    assert event["resource"]["prefect.resource.id"] == "muniment.account.smalltown.mastodon"
    assert event["payload"]["stream"] == "posts"


def test_what_a_retry_can_mend_is_retried_and_lost_nothing(stage: Stage, prefect: str) -> None:
    fault = Fault(match="published_posts", status=500, body={"error": {"code": 2}}, times=4)
    stage.fakes["facebook"].knobs.faults.append(fault)
    assert run(stage, prefect) == 0
    assert held(stage, "facebook") == 10


NOT_WALKED = """
from flows.archive import services
from muniment.domain.due import Job, Purpose
from schemas.vocabulary import Stream

archiving = services("smalltown").archiving
for purpose in (Purpose.EDGE, Purpose.RECENT):
    archiving.not_walked(Job(account="facebook", stream=Stream.POSTS, purpose=purpose))
(gap,) = archiving.register.gaps("smalltown")
assert (gap.account, gap.reason.value, gap.ends_at) == ("facebook", "no-run", None), gap
"""


def test_a_walk_that_could_not_begin_leaves_a_gap(stage: Stage, prefect: str) -> None:
    done = python(stage, prefect, "-c", NOT_WALKED)
    assert done.returncode == 0, done.stderr


IMPATIENT = """
from flows.archive import archive_council, capture_stream
from flows.limits import limits

limits().taken_seconds = 0.1
capture_stream.retry_delay_seconds = [0, 0, 0]
assert archive_council("smalltown", return_state=True).is_failed()
"""

GAPS = """
from flows.archive import services

for gap in services("smalltown").process.register.gaps("smalltown"):
    print(gap.account, gap.stream.value, gap.reason.value, "open" if gap.ends_at is None else "closed")
"""


def gaps(stage: Stage, api: str) -> set[str]:
    done = python(stage, api, "-c", GAPS)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines())


def test_a_credential_that_another_holds_for_too_long_costs_its_streams_a_gap_and_no_other_account(
    stage: Stage, prefect: str
) -> None:
    with (
        temporary_settings({PREFECT_API_URL: prefect}),
        Limits().taken(limit_name("smalltown", "facebook")),
    ):
        done = python(stage, prefect, "-c", IMPATIENT)
    assert done.returncode == 0, done.stderr
    until(lambda: is_blind(prefect, "facebook", "no-run"))
    missed = {"facebook posts no-run", "facebook profile no-run"}
    assert gaps(stage, prefect) == {f"{gap} open" for gap in missed}
    assert (held(stage, "facebook"), held(stage, "mastodon")) == (0, 10)
    assert run(stage, prefect) == 0
    assert gaps(stage, prefect) == {f"{gap} closed" for gap in missed}
    assert held(stage, "facebook") == 10
    ended = told(prefect, "task_runs", task_runs={"state": {"type": {"any_": ["FAILED"]}}})
    failed = {(one["name"], one["run_count"]) for one in ended}
    assert failed == {("facebook posts edge", 4), ("facebook profile edge", 4)}


NO_TIME = """
from flows.archive import archive_council

assert archive_council("smalltown", minutes=0, return_state=True).is_completed()
"""


def test_a_run_whose_time_is_over_leaves_all_but_the_newest_to_the_next(stage: Stage, prefect: str) -> None:
    done = python(stage, prefect, "-c", NO_TIME)
    assert done.returncode == 0, done.stderr
    assert (held(stage, "facebook"), held(stage, "mastodon")) == (5, 5)
    assert run(stage, prefect) == 0
    assert (held(stage, "facebook"), held(stage, "mastodon")) == (10, 10)


def test_the_review_of_holds_leaves_counts_and_no_reference(stage: Stage, prefect: str) -> None:
    review = "from flows.holds import hold_review; assert hold_review('smalltown') == 0"
    assert python(stage, prefect, "-c", review).returncode == 0
    (artifact,) = told(prefect, "artifacts", artifacts={"key": {"any_": ["holds-smalltown"]}})
    (bar,) = told(prefect, "artifacts", artifacts={"key": {"any_": ["reviewing-holds-smalltown"]}})
    assert float(bar["data"]) == 100
    assert "| all | 0 | 0 |" in artifact["data"]


def test_the_nightly_disposal_says_that_nothing_is_due(stage: Stage, prefect: str) -> None:
    dispose = "from flows.disposal import dispose_council; assert dispose_council('smalltown') == 0"
    assert python(stage, prefect, "-c", dispose).returncode == 0
    (artifact,) = told(prefect, "artifacts", artifacts={"key": {"any_": ["disposal-smalltown"]}})
    assert "none is due" in artifact["data"]


def test_the_deployments_for_an_existing_prefect_run_on_a_process_pool(stage: Stage, prefect: str) -> None:
    def cli(*arguments: str) -> None:
        places = {"COUNCIL": "smalltown", "FOLDER": str(CHECKOUT)}
        done = python(stage, prefect, "-m", "prefect", "--no-prompt", *arguments, **places)
        assert done.returncode == 0, done.stdout + done.stderr

    cli("work-pool", "create", "muniment", "--type", "process")
    assert python(stage, prefect, "-m", "flows", "limits").returncode == 0
    limits = {one["name"]: one["limit"] for one in told(prefect, "v2/concurrency_limits")}
    assert limits == {"muniment-smalltown-facebook": 1, "muniment-smalltown-mastodon": 1}
    cli("deploy", "--all", "--prefect-file", "infra/prefect.yaml")
    written = yaml.safe_load((CHECKOUT / "infra" / "prefect.yaml").read_text())["deployments"]
    made = {one["entrypoint"] for one in told(prefect, "deployments")}
    assert made == {one["entrypoint"] for one in written}
    cli("deployment", "run", "archive-council/smalltown")
    cli("worker", "start", "--pool", "muniment", "--run-once")
    assert (held(stage, "facebook"), held(stage, "mastodon")) == (10, 10)
    done = told(prefect, "flow_runs", flow_runs={"state": {"type": {"any_": ["COMPLETED"]}}})
    assert "muniment" in {one["work_pool_name"] for one in done}
