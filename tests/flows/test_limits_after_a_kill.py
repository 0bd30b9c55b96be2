"""A Prefect server that was killed while a flow ran: what it held is free when ours comes up again."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.limits import Limits
from muniment.cli.serve import is_taken, start_prefect, stop
from tests.flows.asking import asked
from tests.flows.council import free_port
from tests.waiting import until

if TYPE_CHECKING:
    from subprocess import Popen

Restart = Callable[[], None]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[httpx.Client, Restart]]:
    """A server of ours, and how to kill it and start it again."""
    port = free_port()
    running: list[Popen[bytes]] = []

    def start() -> str:
        child, api = start_prefect(tmp_path / "prefect", port=port)
        running.append(child)
        return api

    def restart() -> None:
        os.killpg(running[-1].pid, signal.SIGKILL)
        running[-1].wait()
        until(lambda: not is_taken(port))  # its children die as well, a moment later perhaps
        start()

    api = start()
    with httpx.Client(base_url=api, timeout=60) as client, temporary_settings({PREFECT_API_URL: api}):
        yield client, restart
    stop(running[-1])


def begun(client: httpx.Client, deployment: str) -> str:
    """Begin a run of a deployment; return what the server says of it."""
    run = asked(client, f"/deployments/{deployment}/create_flow_run")["id"]
    status: str = asked(client, f"/flow_runs/{run}/set_state", state={"type": "PENDING"})["status"]
    return status


def test_what_a_killed_server_held_is_free_when_it_comes_up_again(
    server: tuple[httpx.Client, Restart],
) -> None:
    client, restart = server
    flow = asked(client, "/flows/", name="archive-council")["id"]
    deployment = asked(client, "/deployments/", name="smalltown", flow_id=flow, concurrency_limit=1)["id"]
    assert [begun(client, deployment) for _ in range(2)] == ["ACCEPT", "REJECT"]
    before, after = Limits(), Limits(taken_seconds=0.2)

    def taken() -> int:
        slots: int = client.get("/v2/concurrency_limits/one").raise_for_status().json()["active_slots"]
        return slots

    with ExitStack() as walking:
        walking.enter_context(before.taken("one"))
        assert taken() == 1
        restart()
        assert begun(client, deployment) == "ACCEPT"
        with after.taken("one"):
            walking.close()
            assert taken() == 1  # a walk that outlived its server gives back nothing that another holds
    assert taken() == 0
