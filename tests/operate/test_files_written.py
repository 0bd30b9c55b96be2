"""What a command may write over, at the real command line: nothing that muniment keeps."""

import csv
import getpass
import os
from pathlib import Path

import click
import pytest

from muniment.cli.files import NEW_FOLDER, OUTPUT
from muniment.cli.main import muniment
from muniment.domain.people import Role
from tests.docs.test_reference import leaves
from tests.operate.conftest import Office
from tests.operate.test_retention import appoint, signed

WRITERS = [
    ("search", "bins", "--csv"),
    ("search", "bins", "--jsonl"),
    ("search", "bins", "--parquet"),
    ("searches", "report", "foi", "--csv"),
    ("export",),
    ("coverage", "--svg"),
    ("audit", "--csv"),
    ("dispose", "list", "run", "--csv"),
    ("dispose", "certificate", "run", "--json"),
    ("dispose", "certificate", "run", "--pdf"),
    ("dispose", "stubs", "--to"),
    ("hold", "show", "1", "--records"),
    ("schedule", "template"),
    ("schedule", "forecast", "--svg"),
    ("proof", "facebook:1", "--to"),
    ("transfer", "make"),
]


def everything(*folders: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for one in folders for path in one.rglob("*") if path.is_file()}


@pytest.fixture
def kept(office: Office) -> list[Path]:
    """Return ways to what is kept, files and folders that are there and that are not."""
    assert office.run("people", "list").code == 0
    home, councils = office.stage.home, office.stage.councils
    out = home.parent / "out"
    (home / "archive" / "smalltown" / "table").mkdir(parents=True)
    out.mkdir()
    (out / "way").symlink_to(home / "archive")
    return [
        home / "register.sqlite",
        home / "secrets" / "facebook.json",
        home / "transfers",
        home / "new",
        councils / "smalltown.yml",
        out / ".." / councils.name / "other.yml",
        out / "way" / "smalltown" / "table" / "new",
    ]


@pytest.mark.parametrize("command", WRITERS, ids=" ".join)
def test_no_command_writes_over_what_is_kept(
    office: Office, kept: list[Path], command: tuple[str, ...]
) -> None:
    before = everything(office.stage.home, office.stage.councils)
    for path in kept:
        if command[0] in ("proof", "transfer") and path.is_file():
            continue  # these name a folder
        ended = office.run(*command, str(path))
        assert ended.code == 2, (path, ended.said)
        assert "lies among what muniment keeps" in ended.said
        assert f"or in {office.stage.home}/exports" in ended.said.replace("\n", " ")
        assert "Traceback" not in ended.said
    assert everything(office.stage.home, office.stage.councils) == before


def test_every_path_that_a_command_does_not_read_is_one_that_is_looked_at_first() -> None:
    written = 0
    for name, command in leaves(muniment):
        for one in command.params:
            if isinstance(one.type, click.Path) and not one.type.exists:
                assert one.type in (OUTPUT, NEW_FOLDER), (name, one.name)
                written += 1
    assert written == len(WRITERS)


def test_below_the_home_there_is_one_folder_for_what_is_given_out(office: Office) -> None:
    path = office.stage.home / "exports" / "coverage.svg"
    for _ in range(2):  # the same command again writes its own file anew
        assert office.run("coverage", "--svg", str(path)).code == 0
    assert path.read_text().startswith("<svg")
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_what_is_no_file_is_written_to_as_it_is(office: Office) -> None:
    out, into = os.pipe()
    with open(out, "rb") as told:  # noqa: PTH123 -- a pipe
        assert office.run("coverage", "--svg", f"/dev/fd/{into}").code == 0
        os.close(into)
        assert told.read().startswith(b"<svg")


def test_links_that_lie_in_the_way_of_a_search_that_is_written_lead_nowhere(office: Office) -> None:
    assert office.archive().code == 0
    out, register = office.stage.home.parent / "out", office.stage.home / "register.sqlite"
    out.mkdir()
    key = office.stage.home / "secrets" / "seal.pem"
    before = key.read_bytes()
    (out / "hits.csv.manifest.json").symlink_to(key)
    assert office.run("search", "bins", "--csv", str(out / "hits.csv")).code == 0
    assert key.read_bytes() == before
    (out / "more.csv.parts").symlink_to(register.parent)
    ended = office.run("search", "bins", "--csv", str(out / "more.csv"))
    assert (ended.code, "more.csv.parts: Not a directory" in ended.said) == (6, True)
    assert {path.name for path in out.iterdir()} == {"hits.csv", "hits.csv.manifest.json", "more.csv.parts"}
    assert office.run("verify").code == 0


def test_ids_of_every_platform_are_read_from_a_file_and_of_an_unknown_one_is_told_where_it_stands(
    office: Office, tmp_path: Path
) -> None:
    assert office.archive().code == 0
    appoint(getpass.getuser(), Role.RECORDS_OFFICER)
    hits, ids = tmp_path / "hits.csv", tmp_path / "ids.txt"
    assert office.run("search", "date:[2000-01-01 TO *]", "--csv", str(hits)).code == 0
    with hits.open(encoding="utf-8-sig", newline="") as told:
        names = sorted({row["record_id"] for row in csv.DictReader(told)})
    assert {name.partition(":")[0] for name in names} == {"facebook", "http", "mastodon"}
    ids.write_text("\n".join(names))
    placing = ("hold", "place", "--kind", "foi", "--reference", "1", "--reason", "x", "--records", str(ids))
    assert f"{len(names)} records" in office.run(*placing).said
    ids.write_text("\n".join([*names, "facebook:nothing"]))
    ended = office.run(*placing)
    assert f"1 of the {len(names) + 1} ids given; the first is number {len(names) + 1}" in ended.said
    assert "nothing" not in ended.said


SECRET = "postgresql+pg8000://muniment:hunter2@db/muniment"


@pytest.mark.parametrize(
    "text",
    [
        f"URL={SECRET}\n",
        f"a: *{SECRET}\n",
        f"a: !{SECRET} b\n",
        f"a: !!int {SECRET}\n",
        f'{{"a": "{SECRET}"}}',
    ],
)
def test_a_file_that_cannot_be_read_is_not_shown(office: Office, tmp_path: Path, text: str) -> None:
    """Behind `sudo` a person may name a file that only muniment's own user can read."""
    appoint(getpass.getuser(), Role.INFORMATION_MANAGER, Role.RECORDS_OFFICER)
    assert office.run("schedule", "adopt", "--yes", str(signed(tmp_path / "signed.yml"))).code == 0
    file = tmp_path / "muniment.env"
    file.write_text(text)
    reason = ("--reason", "because")
    for command in (
        ("schedule", "check", str(file)),
        ("schedule", "diff", str(file)),
        ("schedule", "simulate", str(file)),
        ("schedule", "adopt", str(file)),
        ("hold", "place", "--kind", "foi", "--reference", "1", *reason, "--records", str(file)),
        ("class", "link", "case", "--class", "HR-EVIDENCE", *reason, "--records", str(file)),
        ("dispose", "given-out", "--kind", "proof", "--on", "2024-01-01", *reason, "--records", str(file)),
        ("store", "filter-restored", *reason, "--stubs", str(file)),
    ):
        ended = office.run(*command)
        given_out = command[:2] == ("dispose", "given-out")  # keeps keyed digests of lines, whatever they are
        assert ended.code == (0 if given_out else 2), (command, ended.said)
        assert "hunter2" not in ended.said
        assert "Traceback" not in ended.said
