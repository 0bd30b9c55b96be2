"""The command line's manners: days, empty lists, files, pipes and terminals of every kind."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from muniment.cli.files import write_table
from tests.operate.conftest import Office

CHECKOUT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("31/3/2026", "write the year first: 2026-03-31"),
        ("2026-02-30", "is no day"),
        ("yesterday", "such as 2026-03-31"),
        ("9999-12-31", "does not lie between"),
    ],
)
def test_a_day_that_cannot_be_read_is_asked_for_again(office: Office, typed: str, told: str) -> None:
    for command in (("audit", "--until"), ("search", "bins", "--from"), ("why", "x:1", "--on")):
        ended = office.run(*command, typed)
        assert ended.code == 2, command
        assert told in ended.said


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("people", "list"), "muniment people add NAME --role information-manager"),
        (("hold", "list"), "No hold stands"),
        (("hold", "list", "--due"), "No hold waits for its review"),
        (("dispose", "list"), "muniment dispose propose"),
        (("dispose", "keys"), "The first disposal makes one"),
        (("searches", "list"), "muniment searches save"),
        (("transfer", "list"), "No package was made yet"),
        (("class", "list"), "No officer has decided"),
        (("trigger", "list"), "No event was recorded"),
        (("coverage",), "No list was read yet"),
        (("store", "stat"), "nothing is indexed yet"),
    ],
)
def test_what_is_empty_says_so(office: Office, command: tuple[str, ...], told: str) -> None:
    ended = office.run(*command)
    assert ended.code == 0
    assert told in ended.said


def test_a_file_of_ids_that_is_no_text_is_refused(office: Office, tmp_path: Path) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_bytes(b"\xff\xfe\x00")
    placing = ("hold", "place", "--kind", "foi", "--reference", "1")
    for command in (placing, ("class", "link", "case", "--class", "X")):
        ended = office.run(*command, "--reason", "because", "--records", str(ids))
        assert ended.code == 2
        assert "is no text file" in ended.said


def test_a_file_that_is_written_is_private_and_the_old_one_stays_until_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "hits.csv"
    path.write_text("the old one")
    path.chmod(0o644)
    with pytest.raises(ZeroDivisionError):
        write_table(path, ("one",), ((1 / number,) for number in (1, 0)))
    assert path.read_text() == "the old one"
    write_table(path, ("term", "count"), [("=bins", 1), ("tŷ", -2)])
    assert path.read_text(encoding="utf-8-sig").splitlines() == ["term,count", "'=bins,1", "tŷ,-2"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(FileNotFoundError, match="nowhere"):
        write_table(tmp_path / "nowhere" / "hits", (), ())


@pytest.mark.parametrize("command", ["trigger events", "schedule template"])
def test_a_reader_who_has_seen_enough_stops_nothing(command: str) -> None:
    shell = f"set -o pipefail; {sys.executable} -m muniment {command} | head -n 1"
    words = ["/bin/bash", "-c", shell]
    ended = subprocess.run(words, cwd=CHECKOUT, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_terminal_without_welsh_letters_shows_which_they_are() -> None:
    command = [sys.executable, "-m", "muniment", "why", "x:1", "--on", "tŷ"]
    ended = subprocess.run(
        command, cwd=CHECKOUT, check=False, capture_output=True, env={"PYTHONIOENCODING": "latin-1"}
    )
    assert ended.returncode == 2
    assert b"t\\u0177" in ended.stderr


def test_who_is_named_can_sign_in_and_a_reason_is_no_document(office: Office) -> None:
    add = ("people", "add")
    for person in ("", " ivy", "iv\ny", "a" * 300):
        ended = office.run(*add, person, "--role", "information-manager", "--reason", "x")
        assert (ended.code, "Nobody signs in" in ended.said) == (2, True), person
    long = office.run(*add, "ivy", "--role", "information-manager", "--reason", "x" * 5_000)
    assert (long.code, "4,000 are the most" in long.said) == (2, True)
    assert "Nobody has a role yet" in office.run("people", "list").said


def test_a_file_that_is_there_is_not_written_over(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "schedule.yml"
    assert office.run("schedule", "template", str(file)).code == 0
    ended = office.run("schedule", "template", str(file))
    assert ended.code == 6
    assert "Give another name" in ended.said
