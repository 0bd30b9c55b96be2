"""One record's proof is checked by a stranger's script; time stamps come from a real authority."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import muniment.check_proof
from muniment.adapters.rfc3161 import TimestampAuthority
from muniment.services.proving import proof
from muniment.services.rereading import reread
from schemas.arrow import RECORD_SERIES
from tests.muniment.evidence.archived import archived, verdict
from tests.muniment.evidence.authority import authority

SCRIPT = Path(muniment.check_proof.__file__)


def checked(path: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), str(path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout


def test_every_record_is_proved_to_a_stranger_and_one_changed_letter_is_not(tmp_path: Path) -> None:
    with archived(tmp_path) as (_, services):
        ids = {
            record_id
            for batch in services.archive.scan(series=RECORD_SERIES, columns=["record_id"])
            for record_id in batch.column("record_id").to_pylist()
        }
        path = tmp_path / "proof.json"
        for record_id in sorted(ids)[:6]:
            told = proof(
                record_id,
                council=services.name,
                archive=services.archive,
                seals=services.seals,
                public_key=services.muniment.seal_key.public,
            )
            path.write_text(json.dumps(told))
            code, said = checked(path)
            assert (code, "PROVED" in said) == (0, True), said
            for changed in (
                {"salt": told["exhibits"][0]["salt"].replace("0", "1", 1).replace("a", "b", 1)},
                {"header": told["exhibits"][0]["header"][:-8] + "AAAAfX0="},
            ):
                other = {**told, "exhibits": [{**told["exhibits"][0], **changed}]}
                path.write_text(json.dumps(other))
                try:
                    assert checked(path)[0] != 0
                finally:
                    path.unlink()


def test_the_script_is_short_and_stands_alone() -> None:
    lines = SCRIPT.read_text().splitlines()
    assert len(lines) <= 100
    assert not [
        line for line in lines if line.startswith(("import muniment", "from muniment", "from schemas"))
    ]


def test_kept_exhibits_read_the_same_again(tmp_path: Path) -> None:
    with archived(tmp_path) as (_, services):
        found = reread(services.archive, reader=services.reader)
        assert found.read >= 20
        assert (found.differ, found.unreadable_now) == (0, 0)


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with authority(tmp_path_factory.mktemp("tsa")) as url:
        yield url


def test_a_real_authority_stamps_each_seal(tmp_path: Path, tsa: str) -> None:
    with archived(tmp_path, MUNIMENT_TIMESTAMP_URLS=tsa) as (_, services):
        assert services.seals.pending() == 0
        (token,) = services.root.glob("seals/*.tsr")
        assert verdict(services).faults == ()
        token.write_bytes(token.read_bytes()[:-1])
        assert token.name in verdict(services).faults[0].what


def test_a_failed_stamp_is_pending_and_asked_for_again(tmp_path: Path, tsa: str) -> None:
    with archived(tmp_path, MUNIMENT_TIMESTAMP_URLS="http://127.0.0.1:1/tsa") as (_, services):
        found = verdict(services)
        assert (found.faults, found.stamps_pending) == ((), 1)
    assert TimestampAuthority("http://127.0.0.1:1/tsa", httpx.Client()).stamp(bytes(32)) is None
    with httpx.Client() as client:
        assert TimestampAuthority(tsa, client).stamp(bytes(32)) is not None
