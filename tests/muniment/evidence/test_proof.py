"""One record's proof is checked by a stranger's script; time stamps come from a real authority."""

import base64
import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import muniment.check_proof
from muniment.adapters.rfc3161 import TimestampAuthority
from muniment.services.proving import Proofs, proof
from muniment.services.rereading import reread
from schemas.arrow import RECORD_SERIES
from tests.muniment.evidence.archived import archived, opened, verdict
from tests.muniment.evidence.authority import authority

SCRIPT = Path(muniment.check_proof.__file__)


def checked(path: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), str(path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The proofs of six records of one archive."""
    with archived(tmp_path_factory.mktemp("archive")) as (_, services):
        ids = {
            record_id
            for batch in services.archive.scan(series=RECORD_SERIES, columns=["record_id"])
            for record_id in batch.column("record_id").to_pylist()
        }
        council, key = services.name, services.process.seal_key.public
        wanted = sorted(ids)[:6]
        told = [
            proof(one, council=council, archive=services.archive, seals=services.seals, public_key=key)
            for one in wanted
        ]
        together = Proofs(council=council, archive=services.archive, seals=services.seals, public_key=key)
        assert list(together.of(dict.fromkeys(wanted, ()))) == told  # many at once are what each is alone
        return told


def test_every_record_is_proved_to_a_stranger(proofs: list[dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    for told in proofs:
        path.write_text(json.dumps(told))
        code, said = checked(path)
        assert (code, said.splitlines()[-1]) == (0, "PROVED"), said


def flipped(told: str) -> str:
    """Return base64 of other bytes of the same length: the last letter of what it says is another."""
    raw = base64.b64decode(told)
    return base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode()


def other_part(told: dict[str, Any]) -> None:
    parts = told["exhibits"][0]["parts"]
    parts[0] = flipped(parts[0])


def other_header(told: dict[str, Any]) -> None:
    exhibit = told["exhibits"][0]
    header = json.loads(base64.b64decode(exhibit["header"]))
    header["response"]["fetched_at"] = "2020-01-01T00:00:00+00:00"
    exhibit["header"] = base64.b64encode(json.dumps(header).encode()).decode()


def other_salt(told: dict[str, Any]) -> None:
    told["exhibits"][0]["salt"] = "00" * (len(told["exhibits"][0]["salt"]) // 2)


def other_neighbour(told: dict[str, Any]) -> None:
    told["exhibits"][0]["path"][0][1] = "00" * 32


def other_record(told: dict[str, Any]) -> None:
    told["record_id"] = f"{told['record_id']}0"


def other_seal(told: dict[str, Any]) -> None:
    """The day of the seal is another, and nobody signed that."""
    body = json.loads(told["seals"][0]["body"])
    told["seals"][0]["body"] = json.dumps({**body, "sealed_at": "2020-01-01T00:00:00+00:00"})


def other_signer(told: dict[str, Any]) -> None:
    """A forger seals what they like with a key of their own, and leaves the council's key beside it."""
    key = Ed25519PrivateKey.generate()
    for seal in told["seals"]:
        body = {**json.loads(seal["body"]), "public_key": key.public_key().public_bytes_raw().hex()}
        seal["body"] = json.dumps(body)
        seal["signature"] = key.sign(seal["body"].encode()).hex()


def no_seal(told: dict[str, Any]) -> None:
    told["seals"].clear()


def no_exhibit(told: dict[str, Any]) -> None:
    told["exhibits"].clear()


@pytest.mark.parametrize(
    ("forge", "fault"),
    [
        (other_part, "is not what was sealed"),
        (other_header, "is not what was sealed"),
        (other_salt, "is not what was sealed"),
        (other_neighbour, "is not what was sealed"),
        (other_record, "speaks of another record"),
        (other_seal, "the signature is not of these words"),
        (other_signer, "signed with another key"),
        (no_seal, "not sealed yet"),
        (no_exhibit, "the proof holds no exhibit"),
    ],
)
def test_whatever_is_forged_is_not_proved_and_the_script_says_what(
    proofs: list[dict[str, Any]], tmp_path: Path, forge: Callable[[dict[str, Any]], None], fault: str
) -> None:
    told = copy.deepcopy(proofs[0])
    forge(told)
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(told))
    code, said = checked(path)
    assert code == 1
    assert "PROVED" not in said.replace("NOT PROVED", "")
    assert any(line.startswith("NOT PROVED: ") and fault in line for line in said.splitlines()), said


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
def tsa_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tsa")


@pytest.fixture(scope="module")
def tsa(tsa_folder: Path) -> Iterator[str]:
    with authority(tsa_folder) as url:
        yield url


def test_a_real_authority_stamps_each_seal(tmp_path: Path, tsa: str) -> None:
    with archived(tmp_path, MUNIMENT_TIMESTAMP_URLS=tsa) as (_, services):
        assert services.seals.pending() == 0
        (token,) = services.root.glob("seals/*.tsr")
        assert verdict(services).faults == ()
        token.write_bytes(token.read_bytes()[:-1])
        assert token.name in verdict(services).faults[0].what


def test_openssl_verifies_a_time_stamp_as_the_page_says(tmp_path: Path, tsa: str, tsa_folder: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "officer" / "evidence.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"```sh\n(head .*?)```", page, flags=re.DOTALL)
    with archived(tmp_path, MUNIMENT_TIMESTAMP_URLS=tsa) as (_, services):
        seals = services.root / "seals"
        (seals / "authority.pem").write_bytes((tsa_folder / "tsa.pem").read_bytes())
        assert "Verification: OK" in by_shell(said, seals)
        (seals / "00000001.seal").chmod(0o600)
        (seals / "00000001.seal").write_text("another\n")
        assert "Verification: OK" not in by_shell(said, seals)


def by_shell(commands: str, folder: Path) -> str:
    shell = ["bash", "-c", commands]
    done = subprocess.run(shell, cwd=folder, check=False, capture_output=True, text=True, timeout=200)
    return done.stdout + done.stderr


def test_a_failed_stamp_is_pending_and_asked_for_again(tmp_path: Path, tsa: str) -> None:
    nobody = "http://127.0.0.1:1/tsa"
    with archived(tmp_path, MUNIMENT_TIMESTAMP_URLS=nobody) as (stage, services):
        found = verdict(services)
        assert (found.faults, found.stamps_pending) == ((), 1)
        with opened(stage, MUNIMENT_TIMESTAMP_URLS=f"{nobody} {tsa}") as later:
            assert later.seals.pending() == 2
            later.seals.seal()  # nothing new to seal: what is owed is asked for all the same
            found = verdict(later)
            assert (found.faults, found.stamps_pending) == ((), 1)
    assert TimestampAuthority(nobody, httpx.Client(timeout=60)).stamp(bytes(32)) is None
