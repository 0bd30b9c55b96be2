"""What the Prefect server of `muniment serve` leaves behind does not grow for ever: its runs, and its log."""

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from muniment.cli.serve import keep_short, start_prefect, stop
from tests.flows.asking import asked
from tests.flows.council import free_port
from tests.waiting import until


def test_a_run_that_ended_long_ago_is_removed_and_a_later_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS", "1")
    server, api = start_prefect(tmp_path, port=free_port())
    try:
        with httpx.Client(base_url=api, timeout=60) as client:
            flow = asked(client, "/flows/", name="archive-council")["id"]
            old, late = (
                asked(client, "/flow_runs/", flow_id=flow, state={"type": "COMPLETED"})["id"]
                for _ in range(2)
            )
            with closing(sqlite3.connect(tmp_path / "prefect.db", timeout=60, isolation_level=None)) as kept:
                for run, days in ((late, 89), (old, 91)):
                    kept.execute(
                        "UPDATE flow_run SET end_time = datetime('now', ?) || '.000000' WHERE id = ?",
                        (f"-{days} days", run),
                    )
            until(lambda: client.get(f"/flow_runs/{old}").status_code == httpx.codes.NOT_FOUND)
            assert client.get(f"/flow_runs/{late}").is_success
    finally:
        stop(server)


def test_a_log_that_is_long_begins_anew_and_is_kept_once(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    keep_short(log, most=5)
    with log.open("ab", buffering=0) as sink:
        sink.write(b"short")
        keep_short(log, most=5)
        assert log.read_bytes() == b"short"
        sink.write(b", and long")
        keep_short(log, most=5)
        sink.write(b"later")
    assert log.read_bytes() == b"later"
    assert (tmp_path / "server.log.1").read_bytes() == b"short, and long"
