"""A small council of fakes, and the command line as a person meets it: what it says, and how it ends."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from muniment.cli import main, opening
from tests.flows.council import Stage, small_council

__all__ = ["Ended", "Office"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended, and all that it said."""

    code: int
    said: str


@dataclass
class Office:
    """The stage, and a command line on it."""

    stage: Stage
    run: Callable[..., Ended]

    @property
    def file(self) -> Path:
        return self.stage.councils / "smalltown.yml"

    @property
    def archive_folder(self) -> Path:
        return self.stage.home / "archive" / "smalltown"

    def archive(self) -> Ended:
        """Archive an hour later, when the newest posts and their threads are due again."""
        self.stage.world.clock.wait(3600)
        return self.run("archive", "--yes")

    def items(self, platform: str | None = None) -> dict[str, Any]:
        """Return what an export tells of each record, by platform and native id."""
        path = self.stage.home.parent / "export.jsonl"
        assert self.run("export", str(path)).code == 0
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        found = [line for line in lines if line["line"] == "item" and platform in (None, line["platform"])]
        by_id = {f"{item['platform']} {item['native_id']}": item for item in found}
        assert len(by_id) == len(found)
        return by_id

    def rewrite(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the council's file."""
        told = yaml.safe_load(self.file.read_text(encoding="utf-8"))
        change(told)
        self.file.write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")


@pytest.fixture
def office(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Office]:
    proxies = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
    for name in (*proxies, "SUDO_USER"):
        monkeypatch.delenv(name, raising=False)
    opening.console.width = 200  # tables are read whole, whatever the terminal was

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        code = 0
        try:
            main(arguments)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
        said = capsys.readouterr()
        return Ended(code=code, said=said.out + said.err)

    with small_council(tmp_path) as stage:
        monkeypatch.setenv("MUNIMENT_HOME", str(stage.home))
        monkeypatch.setenv("MUNIMENT_COUNCILS", str(stage.councils))
        yield Office(stage=stage, run=run)
