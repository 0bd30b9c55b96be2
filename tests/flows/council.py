"""A small council of fakes, served over HTTP, and its file: what the flows are tried on."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from conformance.fake import Fake
from conformance.item import Media
from conformance.platforms import fake_class
from conformance.server import serve
from conformance.world import World
from infra.rig.processes import free_ports

__all__ = ["Stage", "free_port", "small_council"]


@dataclass
class Stage:
    """The world, its fakes by platform, and where the council's things lie."""

    world: World
    fakes: dict[str, Fake]
    home: Path
    councils: Path
    url: str

    def environment(self) -> dict[str, str]:
        places = {"MUNIMENT_HOME": str(self.home), "MUNIMENT_COUNCILS": str(self.councils)}
        wide = {"COLUMNS": "200", "TERM": "xterm"}  # tables are read whole; a dumb terminal has 80 columns
        return {**os.environ, **places, **wide}


def free_port() -> int:
    """Return a port that nobody listens on."""
    (port,) = free_ports(1)
    return port


@contextmanager
def small_council(folder: Path) -> Iterator[Stage]:
    """Serve `smalltown`: a Facebook Page and a Mastodon account with a few posts and comments each."""
    world = World()
    fakes = {name: fake_class(name)(world) for name in ("facebook", "mastodon")}
    home, councils = folder / "home", folder / "councils"
    (home / "secrets").mkdir(parents=True, mode=0o700)
    home.chmod(0o700)
    councils.mkdir()
    accounts, credentials = [], {}
    for platform in fakes:
        council = world.account(platform, "smalltown", "Smalltown Council", owned=True)
        resident = world.account(platform, "resident", "A Resident")
        for number in range(5):
            picture = (Media(id=f"{platform}{number}", alt="A bin"),) if number == 0 else ()
            post = world.post(council, f"Notice {number}: bins on Monday", media=picture)
            world.comment(post, f"Question {number}", author=resident)
        secret = home / "secrets" / f"{platform}.json"
        secret.touch(mode=0o600)
        name = {"facebook": "page_token", "mastodon": "access_token"}[platform]
        secret.write_text(json.dumps({name: f"sandbox-{council.id}"}))
        credentials[platform] = {"file": secret.name}
        accounts.append(
            {"account": platform, "platform": platform, "handle": "smalltown", "credential": platform}
        )
    with serve(world, list(fakes.values())) as site:
        for account in accounts:
            account["base_url"] = site.url_of(account["platform"])
        told = {
            "council": "smalltown",
            "name": "Smalltown Council",
            "sandbox": {"clock": f"{site.url}/clock"},
            "credentials": credentials,
            "accounts": accounts,
        }
        (councils / "smalltown.yml").write_text(yaml.safe_dump(told))
        yield Stage(world=world, fakes=fakes, home=home, councils=councils, url=site.url)
