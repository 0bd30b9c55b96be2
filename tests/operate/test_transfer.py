"""A package for the record office: whole, proved, checked after copying; its receipt decides what stays."""

import getpass
import json
import shutil
import subprocess
import sys
from pathlib import Path

import bagit
import jsonschema
import pytest

from muniment.domain.people import Role
from tests.operate.conftest import Office
from tests.operate.test_retention import appoint, signed

CHECKOUT = Path(__file__).parents[2]
NOW = {"PERM review at 10y then offer": "PERM review at 0d then offer"}
DESTROYED = {**NOW, "code: COR-POST\n": "code: COR-POST\n    after_transfer: destroy\n"}


@pytest.fixture
def archived(office: Office) -> Office:
    assert office.archive().code == 0
    appoint(getpass.getuser(), Role.INFORMATION_MANAGER, Role.ARCHIVIST)
    return office


def adopt(office: Office, tmp_path: Path, changes: dict[str, str]) -> None:
    file = signed(tmp_path / "signed.yml", **changes)
    assert office.run("schedule", "adopt", "--yes", str(file)).code == 0


def test_a_package_is_whole_and_proves_itself_without_muniment(archived: Office, tmp_path: Path) -> None:
    adopt(archived, tmp_path, NOW)
    folder = tmp_path / "package"
    made = archived.run("transfer", "make", str(folder))
    assert made.code == 0, made.said
    assert len(made.said.splitlines()) == 3  # of no record
    bagit.Bag(str(folder)).validate()
    data = folder / "data"
    lines = [json.loads(line) for line in (data / "records.jsonl").read_text().splitlines()]
    schema = json.loads((data / "schema.json").read_text())
    assert len(lines) >= 10
    for line in lines:
        jsonschema.validate(line, schema)
        assert line["author_role"] == "council"
        assert line["retention_class"] == "COR-POST"
    media = {file["sha256"] for line in lines for file in line["files"]} - {None}
    assert media == {path.name for path in (data / "media").iterdir()}
    assert len(list((data / "proofs").iterdir())) == len(lines)
    command = [sys.executable, "check_proof.py", lines[0]["proof"]]
    assert subprocess.run(command, cwd=data, check=False, capture_output=True).returncode == 0
    assert "Smalltown Council" in (data / "readme.txt").read_text()
    verified = archived.run("transfer", "verify", str(folder))
    assert (verified.code, verified.said) == (0, f"Unaltered: {len(lines)} records.\n")
    unknown = archived.run("transfer", "make", str(tmp_path / "second"), "--class", "NOPE")
    assert (unknown.code, "There is no class NOPE" in unknown.said) == (2, True)
    assert "person:transfer:make" in archived.run("audit", "--what", "transfer").said
    again = archived.run("transfer", "make", str(tmp_path / "second"))
    assert "Nothing is to be offered" in again.said
    assert not (tmp_path / "second").exists()


def test_a_copy_that_was_altered_on_the_way_is_refused(archived: Office, tmp_path: Path) -> None:
    adopt(archived, tmp_path, NOW)
    assert archived.run("transfer", "make", str(tmp_path / "package")).code == 0
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "package", copy)
    records = copy / "data" / "records.jsonl"
    records.write_text(records.read_text().replace("bins", "bims", 1))
    ended = archived.run("transfer", "verify", str(copy))
    assert ended.code == 4
    assert archived.run("transfer", "verify", str(tmp_path)).code == 2


def name_of(office: Office) -> str:
    said = office.run("transfer", "list").said
    return next(word for word in said.split() if word.count("-") == 3 and word[:2] == "20")


@pytest.mark.parametrize(("changes", "then"), [(NOW, "transferred"), (DESTROYED, "due")])
def test_once_received_the_class_says_whether_it_stays(
    archived: Office, tmp_path: Path, changes: dict[str, str], then: str
) -> None:
    adopt(archived, tmp_path, changes)
    assert archived.run("transfer", "make", str(tmp_path / "package")).code == 0
    name = name_of(archived)
    assert archived.run("transfer", "receive", name, "--receipt", " ").code == 2
    assert archived.run("transfer", "receive", name, "--receipt", "Accession 2036/117").code == 0
    assert archived.run("transfer", "receive", name, "--receipt", "again").code == 2
    assert "Accession 2036/117" in archived.run("transfer", "list").said
    said = archived.run("schedule", "due").said
    words = {"transferred": "keeps it here too", "due": "due"}
    assert words[then] in said


def test_only_an_archivist_makes_packages(office: Office, tmp_path: Path) -> None:
    assert office.run("transfer", "make", str(tmp_path / "package")).code == 3
    assert office.run("transfer", "receive", "1", "--receipt", "x").code == 3


PACKS_AND_WAITS = """
import sys
from pathlib import Path
from muniment.adapters.bagit_packages import BagItPackages
with BagItPackages().open(Path(sys.argv[1])) as package:
    package.write("records.jsonl", [b"half of it"])
    print("packing", flush=True)
    sys.stdin.read()
"""


def started(office: Office, *words: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        words, cwd=CHECKOUT, env=office.stage.environment(), stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )


def test_two_do_not_pack_into_one_folder_and_after_a_kill_the_other_goes_on(
    archived: Office, tmp_path: Path
) -> None:
    adopt(archived, tmp_path, NOW)
    folder = tmp_path / "package"
    make = (sys.executable, "-m", "muniment", "transfer", "make", str(folder))
    first = started(archived, sys.executable, "-c", PACKS_AND_WAITS, str(folder))
    assert first.stdout is not None
    assert first.stdout.readline() == "packing\n"
    second = started(archived, *make)
    _, said = second.communicate(timeout=100)
    assert (second.returncode, "Another command is writing to package.partial" in said) == (2, True), said
    first.kill()
    first.communicate()
    again = started(archived, *make)
    said = "".join(again.communicate(timeout=100))
    assert again.returncode == 0, said
    bagit.Bag(str(folder)).validate()
    assert archived.run("transfer", "verify", str(folder)).code == 0
    assert not folder.with_name("package.partial").exists()


@pytest.mark.parametrize("names", [("one", "one"), ("one", "two")])
def test_of_two_that_pack_the_same_records_at_once_one_is_entered(
    archived: Office, tmp_path: Path, names: tuple[str, str]
) -> None:
    adopt(archived, tmp_path, NOW)
    make = (sys.executable, "-m", "muniment", "transfer", "make")
    both = [started(archived, *make, str(tmp_path / name)) for name in names]
    said = ["".join(one.communicate(timeout=100)) for one in both]
    assert sorted(one.returncode for one in both) == [0, 2], said
    assert "Traceback" not in "".join(said)
    good = tmp_path / names[[one.returncode for one in both].index(0)]
    assert archived.run("transfer", "verify", str(good)).code == 0
    assert archived.run("transfer", "list").said.count("waits") == 1
