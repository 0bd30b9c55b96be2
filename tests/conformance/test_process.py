"""The kit as a process of its own, as an archiver in another language meets it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.__main__ import main
from tests.conformance.tiny import ask

ROOT = Path(__file__).parents[2]


@contextmanager
def process(*arguments: str) -> Iterator[dict[str, str]]:
    """Run the kit until the block ends; give the addresses it announced."""
    command = [sys.executable, "-m", "conformance", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as running:
        assert running.stdout is not None
        told: dict[str, str] = {}
        while "READY" not in told:
            name, _, url = running.stdout.readline().strip().partition(" ")
            assert name
            told[name] = url
        yield told
        running.terminate()


def test_fakes_are_served_and_scored_as_a_process(tmp_path: Path) -> None:
    with process("serve", "short") as told:
        assert told["short"] == f"{told['READY']}/short"
        assert ask(f"{told['READY']}/clock", body={"wait": 1}).json == {"now": "2026-03-02T09:00:01.000Z"}
        files = []
        for name in ("truth", "served"):
            (tmp_path / name).write_bytes(ask(f"{told['READY']}/control/{name}").body)
            files += [f"--{name}", str(tmp_path / name)]
    (tmp_path / "archive").write_text("")
    assert main(["score", *files, "--archive", str(tmp_path / "archive")]) == 0
