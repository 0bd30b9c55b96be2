"""muniment as an archiver under test: its own command line, in this process, over a home of its own.

Each run opens everything afresh from disk, as a scheduled run does, and ends with the exit code that a
script would see.
"""

import contextlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from conformance.clock import iso
from conformance.item import Account
from conformance.server import Site
from infra.sandbox.register import write_register
from muniment.cli.main import main

__all__ = ["Product", "about_of"]

_OURS: Final = "MUNIMENT_"


class Product:
    """An `Archiver` of the conformance kit. `home` must be empty; `about` is what a register needs."""

    def __init__(self, home: Path, about: Mapping[str, Any]) -> None:
        self.home = home
        self.said = ""
        write_register(dict(about), home=home, councils=home / "councils")

    def archive(self, accounts: Sequence[Account] = ()) -> int:
        """Run `muniment archive` over the whole council; return its exit code."""
        del accounts  # the register names the same ones
        return self.run("archive", "--yes")

    def export(self) -> Path:
        """Run `muniment export`; return the file."""
        path = self.home / "exports" / "all.jsonl"
        code = self.run("export", str(path))
        if code:
            raise RuntimeError(f"muniment export ended with exit code {code}: {self.said}")
        return path

    def run(self, *arguments: str) -> int:
        """Run one command; what it said is in `said`."""
        said = io.StringIO()
        code: int | str | None = 0
        with _environment(self.home), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                main(arguments)
            except SystemExit as end:
                code = end.code
        self.said = said.getvalue()
        return code if isinstance(code, int) else 1


def about_of(site: Site, accounts: Sequence[Account]) -> dict[str, Any]:
    """Return what a register needs to know of these accounts, as the sandbox tells it of its own."""
    return {
        "council": "Northbeck Borough Council",
        "clock": f"{site.url}/clock",
        "now": iso(site.world.now),
        "accounts": [
            {
                "platform": account.platform,
                "id": account.id,
                "handle": account.handle,
                "kind": "corporate",
                "service": "Communications",
                "opened_on": (account.created_at or site.world.now).date().isoformat(),
                "address": site.fakes[account.platform].address(account),
                "token": f"sandbox-{account.id}",
            }
            for account in accounts
        ],
    }


@contextlib.contextmanager
def _environment(home: Path) -> Iterator[None]:
    """Let only our own settings stand for the length of a block."""
    before = {name: value for name, value in os.environ.items() if name.startswith(_OURS)}
    for name in before:
        del os.environ[name]
    os.environ |= {"MUNIMENT_HOME": str(home), "MUNIMENT_COUNCILS": str(home / "councils")}
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith(_OURS)]:
            del os.environ[name]
        os.environ |= before
