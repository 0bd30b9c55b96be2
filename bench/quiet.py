"""What it costs to look when nothing is new: calls for each posts stream that is due, and no commit.

    python -m bench.quiet [--accounts 60]

So many accounts over the fake platforms are archived until nothing is due, then the clock moves past the
posts' interval and the council is archived again: every request of that second run is counted, those of
the posts streams apart. (WordPress tells no comment totals on its posts: its newest comments are one more.)
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.figures import Measured, table
from bench.product import about_of
from conformance.clock import Clock
from conformance.item import Account
from conformance.platforms import fake_class
from conformance.server import Site, serve
from conformance.world import World
from infra.sandbox.register import COUNCIL, write_register
from muniment.bootstrap.council import CouncilServices
from muniment.bootstrap.opening import open_muniment
from muniment.domain.due import Purpose
from muniment.services.finishing import finish
from muniment.settings import from_environment
from schemas.vocabulary import Outcome, Stream

__all__ = ["main", "measure"]

_PLATFORMS: Final = ("x", "facebook", "bluesky", "mastodon", "wordpress", "feed")
_INTERVAL: Final = timedelta(minutes=16)
_SETTLED_AFTER: Final = timedelta(days=40)
_POSTS: Final = 8


def measure(accounts: int, folder: Path) -> list[Measured]:
    """Archive, wait, archive again; count the calls of the second run."""
    world = World(Clock())
    fakes = [fake_class(name)(world, name=name) for name in (*_PLATFORMS, "short")]
    with serve(world, fakes) as site:
        owned = [_account(world, _PLATFORMS[n % len(_PLATFORMS)], n) for n in range(accounts)]
        world.sync()
        with _services(site, owned, folder) as services:
            _run(services)
            services.clock.wait(_INTERVAL.total_seconds())
            _run(services)  # what the first look made due
            before, commits = _calls(site), services.archive.commit_no()
            services.clock.wait(_INTERVAL.total_seconds())
            posts: Counter[tuple[str, str]] = Counter()
            edges = _run(services, lambda: _calls(site), posts)
            spent = _calls(site) - before
            made = services.archive.commit_no() - commits
    if edges != accounts:
        raise LookupError(f"{edges} posts streams were due, not {accounts}")
    found = [
        Measured(
            name=f"calls per due posts stream with nothing new, {accounts} accounts",
            value=posts.total() / edges,
            unit="",
            target=1.3,
        ),
        Measured(name="calls per account, comments streams too", value=spent.total() / accounts, unit=""),
        Measured(name="commits made for them", value=float(made), unit="", target=0),
    ]
    of = Counter({name: sum(1 for account in owned if account.platform == name) for name in _PLATFORMS})
    for name in _PLATFORMS:
        calls = sum(count for (fake, _), count in spent.items() if fake == name)
        found.append(Measured(name=f"  {name}", value=calls / max(of[name], 1), unit=""))
    return found


def _account(world: World, platform: str, number: int) -> Account:
    """Open an account with a few posts, the newest days old, each with two comments."""
    opened = world.now - timedelta(days=400)
    council = world.account(platform, f"service-{number}", f"Service {number}", owned=True, at=opened)
    resident = world.account(platform, f"resident-{number}", "A Resident", at=opened)
    for n in range(_POSTS):
        at = world.now - _SETTLED_AFTER - timedelta(days=_POSTS - n)
        title = f"Notice {n}" if platform in ("wordpress", "feed") else None
        post = world.post(council, f"Notice {n} of service {number}", title=title, at=at)
        if platform != "feed":
            for words in ("Thank you", "What about ours?"):
                world.comment(post, words, author=resident, at=at + timedelta(hours=1))
    return council


@contextmanager
def _services(site: Site, owned: Sequence[Account], folder: Path) -> Iterator[CouncilServices]:
    write_register(about_of(site, owned), home=folder, councils=folder / "councils")
    homes = {"MUNIMENT_HOME": str(folder), "MUNIMENT_COUNCILS": str(folder / "councils")}
    with open_muniment(from_environment(homes)) as muniment:
        yield muniment.council(COUNCIL)


def _run(
    services: CouncilServices,
    calls: Callable[[], Counter[tuple[str, str]]] = Counter,
    posts: Counter[tuple[str, str]] | None = None,
) -> int:
    """Archive what is due; return how many posts edges were among it, and add their calls to `posts`."""
    first = services.archive.commit_no()
    edges = 0
    for jobs in services.archiving.rounds():
        for job in jobs:
            before = calls()
            report = services.archiving.run(job)
            if report.outcome is not Outcome.WHOLE:
                raise LookupError(f"{job.account}, {job.stream}: {report.outcome}")
            if job.stream is Stream.POSTS and job.purpose is Purpose.EDGE:
                edges += 1
                if posts is not None:
                    posts.update(calls() - before)
    finish(
        services.name,
        archive=services.archive,
        seals=services.seals,
        index=services.process.index,
        erased=services.process.register,
        first_commit=first,
    )
    return edges


def _calls(site: Site) -> Counter[tuple[str, str]]:
    return Counter(
        {
            (name, endpoint): count
            for name, fake in site.fakes.items()
            for endpoint, count in fake.journal.calls.items()
        }
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--accounts", type=int, default=60)
    chosen = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="muniment-bench-") as folder:
        found = measure(chosen.accounts, Path(folder))
    print(table(found))
    return 0 if all(one.is_met for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
