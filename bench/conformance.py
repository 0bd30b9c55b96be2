"""The conformance table: every scenario on every platform through the real product, and the sandbox scored.

    python -m bench.conformance
    python -m bench.conformance --scenario a-deletion --platform x

Exits 1 when a bar is missed. What the bars are: conformance/FORMAT.md and `conformance.scenario.Expected`.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.product import Product, about_of
from conformance.platforms import PLATFORMS, fake_class
from conformance.sandbox import build
from conformance.scenario import play
from conformance.scenarios import SCENARIOS, scenario
from conformance.score import Score, read_lines, score, table
from conformance.server import serve
from infra.sandbox.register import SECRETS

__all__ = ["Played", "main", "play_one", "play_sandbox"]

_PROCESSES: Final = 2
_SANDBOX: Final = "the sandbox council"
_SANDBOX_POSTS: Final = 600
_LONG: Final = ("page-two-fails-once", "page-two-fails-the-whole-run")
"""These have 3,200 posts: begun first, so that no process is left with one at the end."""
_OF_TOKENS: Final = frozenset({"the-token-dies-in-mid-run", "the-token-is-renewed"})
"""Not for platforms that we ask as the public does, such as Bluesky: there is no token that could die."""
_PLAYABLE: Final = tuple(platform for platform in PLATFORMS if platform != "short")


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of one scenario on one platform, or of the sandbox council (`platform` empty)."""

    scenario: str
    platform: str
    problems: tuple[str, ...]
    seconds: float
    score: Score | None = field(default=None, repr=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, print, and return 1 when a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.conformance")
    parser.add_argument("--scenario", choices=[each.name for each in SCENARIOS], action="append")
    parser.add_argument("--platform", choices=_PLAYABLE, action="append")
    parser.add_argument("--posts", type=int, default=_SANDBOX_POSTS, help="of the sandbox; 0: leave it out")
    given = parser.parse_args(arguments)
    names = given.scenario or [each.name for each in SCENARIOS]
    platforms = given.platform or list(_PLAYABLE)
    posts = 0 if given.scenario or given.platform else given.posts
    began = time.monotonic()
    found = list(_play_all(names, platforms, posts=posts))
    print(_table(names, platforms, found))
    for one in found:
        for problem in one.problems:
            print(f"NO   {one.scenario}, {one.platform or 'all platforms'}: {problem}")
        if one.score is not None and not one.platform:
            print(f"\n{_SANDBOX}, {posts} posts and their comments, four steps of three days")
            print(table(one.score, strict=True))
    missed = sum(bool(one.problems) for one in found)
    print(f"\n{len(found) - missed} of {len(found)} met, in {time.monotonic() - began:.0f} s.")
    return 1 if missed else 0


def play_one(name: str, platform: str) -> Played:
    """Play one scenario on one platform against the product, in a folder of its own."""
    began = time.monotonic()
    with TemporaryDirectory(prefix="muniment-conformance-") as folder:
        try:
            verdict = play(
                scenario(name),
                platform,
                lambda site, accounts: Product(Path(folder), about_of(site, accounts)),
            )
        except Exception as error:  # noqa: BLE001 -- a product that breaks has missed the bar; the others go on
            problems: tuple[str, ...] = (f"it broke: {type(error).__name__}: {error}"[:300],)
        else:
            problems = verdict.problems
    return Played(scenario=name, platform=platform, problems=problems, seconds=time.monotonic() - began)


def play_sandbox(posts: int) -> Played:
    """Archive the sandbox council at each of its steps, and score everything strictly."""
    began = time.monotonic()
    sandbox = build(posts=posts)
    fakes = [fake_class(name)(sandbox.world) for name in PLATFORMS]
    problems: list[str] = []
    with serve(sandbox.world, fakes) as site, TemporaryDirectory(prefix="muniment-sandbox-") as folder:
        site.about = sandbox.about(site)
        product = Product(Path(folder), site.about)
        moments = [None, *(step.at for step in sandbox.steps)]
        for number, moment in enumerate(moments):
            if moment is not None:
                sandbox.world.clock.to(moment)
                sandbox.world.sync()
            code = product.archive()
            if code:
                problems.append(f"run {number + 1} ended with exit code {code}: {product.said[-300:]}")
        if product.run("verify"):
            problems.append(f"the evidence does not hold: {product.said[-300:]}")
        lines = read_lines(product.export())
        served = [each.line() for fake in site.fakes.values() for each in fake.journal.served]
    result = score(sandbox.world.log(), served, lines)
    problems += [f"the bar of {bar} is missed" for bar in result.missed(strict=True)]
    return Played(
        scenario=_SANDBOX,
        platform="",
        problems=tuple(problems),
        seconds=time.monotonic() - began,
        score=result,
    )


def _play_all(names: Sequence[str], platforms: Sequence[str], *, posts: int) -> Iterator[Played]:
    pairs = [(name, each) for name in names for each in platforms if scenario(name).fits(each)]
    pairs = [(name, each) for name, each in pairs if name not in _OF_TOKENS or each in SECRETS]
    pairs.sort(key=lambda pair: pair[0] not in _LONG)
    with ProcessPoolExecutor(_PROCESSES, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(play_sandbox, posts)] if posts else []
        futures += [pool.submit(play_one, *pair) for pair in pairs]
        for number, future in enumerate(as_completed(futures), 1):
            one = future.result()
            told = "ok" if not one.problems else "NO"
            where = f"{one.scenario}, {one.platform}" if one.platform else one.scenario
            print(f"{number:>4} of {len(futures)}  {told}  {one.seconds:5.1f} s  {where}", file=sys.stderr)
            yield one


def _table(names: Sequence[str], platforms: Sequence[str], found: Iterable[Played]) -> str:
    told = {(one.scenario, one.platform): "NO" if one.problems else "ok" for one in found}
    width = max(len(name) for name in names) + 2
    lines = ["".join([f"{'scenario':<{width}}", *(f"{platform:<11}" for platform in platforms)]).rstrip()]
    for name in names:
        cells = (f"{told.get((name, platform), '-'):<11}" for platform in platforms)
        lines.append(f"{name:<{width}}{''.join(cells)}".rstrip())
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
