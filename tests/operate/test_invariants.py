"""What holds of every archive, tried on a whole one: invariants of capture."""

import json
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from muniment.bootstrap.council import CouncilServices
from muniment.bootstrap.opening import Muniment
from muniment.settings import from_environment
from schemas.arrow import RECORD_SERIES
from tests.operate.conftest import Office

EVERY_SERIES = (*RECORD_SERIES, "observation", "attachment", "capture")


@pytest.fixture
def services(office: Office) -> Iterator[CouncilServices]:
    assert office.archive().code == 0
    muniment = Muniment(from_environment())
    try:
        yield muniment.council("smalltown")
    finally:
        muniment.close()


def rows(services: CouncilServices, *series: str) -> list[dict[str, Any]]:
    return [row for batch in services.archive.scan(series=list(series)) for row in batch.to_pylist()]


def test_every_record_traces_to_a_capture(services: CouncilServices) -> None:
    captures = {row["capture_id"]: row for row in rows(services, "capture")}
    records = rows(services, *RECORD_SERIES)
    assert len(records) >= 20
    for row in records:
        capture = captures[row["capture_id"]]
        assert capture["account"] == row["account"]
        assert capture["fetched_at"] == row["captured_at"]
        assert capture["commit_no"] <= row["commit_no"]
        header = json.loads(row["header"])
        assert (header["record_id"], header["response"]["capture_id"]) == (
            row["record_id"],
            row["capture_id"],
        )


def test_secrets_never_reach_archive_or_log(
    office: Office, services: CouncilServices, caplog: pytest.LogCaptureFixture
) -> None:
    secrets = [
        value.encode()
        for path in (office.stage.home / "secrets").glob("*.json")
        for value in json.loads(path.read_text(encoding="utf-8")).values()
    ]
    assert len(secrets) == 2
    with caplog.at_level(logging.DEBUG):
        ended = office.archive()
    assert ended.code == 0
    said = ended.said + caplog.text
    held = [_bytes(value) for row in rows(services, *EVERY_SERIES) for value in row.values()]
    files = [path.read_bytes() for path in _files(office.stage.home)]
    with sqlite3.connect(services.process.settings.home / "register.sqlite") as register:
        files.append("\n".join(register.iterdump()).encode())
    register.close()
    for secret in secrets:
        assert secret.decode() not in said
        assert not any(secret in one for one in held)
        assert not any(secret in one for one in files)


def _bytes(value: Any) -> bytes:
    if isinstance(value, list):
        return b"\x00".join(map(_bytes, value))
    return value if isinstance(value, bytes) else str(value).encode()


def _files(home: Path) -> Iterator[Path]:
    yield from (
        path for path in home.rglob("*") if path.is_file() and path.parent.name not in ("secrets", "councils")
    )


def test_unexpected_silence_alarms(office: Office) -> None:
    def expect(told: dict[str, Any]) -> None:
        told["accounts"][0]["expected_per_week"] = 7

    office.rewrite(expect)
    first = office.archive()
    assert (first.code, "nothing new for" in first.said) == (0, False)
    office.stage.world.clock.wait(8 * 86_400)
    ended = office.run("archive", "--yes")
    assert ended.code == 0
    (line,) = [line for line in ended.said.splitlines() if "nothing new for" in line]
    assert line.startswith("facebook, posts: nothing new for 8 days, though the register expects 7 a week")


def test_a_watermark_never_passes_the_archive(services: CouncilServices) -> None:
    last = services.archive.commit_no()
    assert services.process.register.watermark("smalltown") == last
    assert services.process.index.watermark("smalltown") == last
