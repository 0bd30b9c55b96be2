"""How a hostile scenario is played and judged: a world, a script of steps, the outcome that must be recorded.

A driver gives an `Archiver` for its product; `play` runs one scenario of one platform against it and returns
what is wrong. The scenarios themselves are data, in `scenarios.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from conformance.clock import Clock
from conformance.item import Account, Item, Link, Media
from conformance.knobs import Knobs, set_knobs
from conformance.platforms import fake_class
from conformance.score import Line, Score, read_lines, score
from conformance.server import Site, serve
from conformance.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from conformance.fake import Fake

__all__ = [
    "Archive",
    "Archiver",
    "Cast",
    "Do",
    "Exit",
    "Expected",
    "Gap",
    "Outcome",
    "Scenario",
    "Stage",
    "Turn",
    "Verdict",
    "Wait",
    "play",
]

COMMENTED_POSTS = 4
KEEPS_REPLIES = frozenset({"x", "bluesky", "mastodon"})
HIDDEN_WORD = {"facebook": "is_hidden", "wordpress": "spam", "bluesky": "hidden"}


class Archiver(Protocol):
    """What a driver wraps its product in. A new one, with an empty archive, is made for each scenario."""

    def archive(self, accounts: Sequence[Account]) -> int:
        """Capture whatever is due for these accounts at the sandbox time; return the exit code."""

    def export(self) -> Path:
        """Write all that is held in the form of FORMAT.md; return the file."""


class Outcome(StrEnum):
    """How a walk ended, in words that do not depend on the archive: `outcome` of a `walk` line."""

    ENDED = "ended"
    RETRY_LATER = "retry-later"
    NEEDS_AUTHORISATION = "needs-authorisation"
    NEEDS_PERMISSION = "needs-permission"
    BUDGET_SPENT = "budget-spent"
    NOT_AN_API_REPLY = "not-an-api-reply"
    WRONG_ACCOUNT = "wrong-account"
    SUSPENDED = "suspended"
    LOOPED = "looped"


class Exit(StrEnum):
    """What the exit code of one `archive` must say."""

    CLEAN = "zero"
    TOLD = "not zero"
    EITHER = "either"


class Gap(StrEnum):
    """What the archive must say of the time when it could not see: `gap` lines."""

    NONE = "none"
    OPEN = "open"
    CLOSED = "closed"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """What there is before the first step: posts, and comment trees three deep under the newest of them."""

    posts: int = 12
    comments: bool = True
    media: bool = True


@dataclass(slots=True, kw_only=True)
class Stage:
    """A scenario in play.

    `final` holds, by item key, the states one of which must stand at the end; of `never`, none may be held.
    """

    platform: str
    world: World
    fake: Fake
    site: Site
    council: Account
    resident: Account
    posts: list[Item] = field(default_factory=list)
    comments: list[Item] = field(default_factory=list)
    final: dict[str, tuple[str, ...]] = field(default_factory=dict)
    never: list[Item] = field(default_factory=list)

    def delete(self, item: Item) -> None:
        """Delete an item as this platform does: with or without what was answered to it."""
        self.world.delete(item, subtree=self.platform not in KEEPS_REPLIES)

    @property
    def hidden_word(self) -> str:
        """The platform's own word for a hidden comment."""
        return HIDDEN_WORD.get(self.platform, "hidden")


@dataclass(frozen=True, slots=True)
class Archive:
    """Run the archiver, and hold it to an exit code."""

    exits: Exit = Exit.CLEAN


@dataclass(frozen=True, slots=True)
class Wait:
    """Move the clock."""

    hours: float


@dataclass(frozen=True, slots=True)
class Turn:
    """Set switches of the fake, in the form of the control route; with no names, all go off."""

    knobs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Do:
    """Change the world, or set a switch that depends on it."""

    what: Callable[[Stage], object]


Step = Archive | Wait | Turn | Do


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The outcome that must be recorded.

    Attributes:
        says: The same for people, in a sentence.
        outcomes: Each must be the outcome of some walk, or the reason of some gap.
        gap: Whether a gap must be open, or all that were opened closed, at the end.
        reasons: Each must be the reason of some `short` line.
        unread: So many items at least are kept without being understood.
        may_miss: Bars of the scorer that this failure may break. All others must be met.
        false_missing: So many false absences are forgiven.
        held: So many posts at least are held.
    """

    says: str
    outcomes: frozenset[Outcome] = frozenset()
    gap: Gap = Gap.ANY
    reasons: frozenset[str] = frozenset()
    unread: int = 0
    may_miss: frozenset[str] = frozenset()
    false_missing: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One failure of the field, played on one platform at a time.

    Attributes:
        name: Unique; what a test is called.
        lesson: Whose failure it is, or what the platform does.
        without: Platforms on which it cannot happen.
    """

    name: str
    lesson: str
    steps: tuple[Step, ...]
    expect: Expected
    cast: Cast = Cast()
    without: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()

    def fits(self, platform: str) -> bool:
        """Whether it can happen on this platform."""
        return platform not in self.without and (not self.only or platform in self.only)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of it. No problems: passed."""

    scenario: str
    platform: str
    problems: tuple[str, ...]
    score: Score
    exits: tuple[int, ...]


def play(
    scenario: Scenario,
    platform: str,
    archiver: Callable[[Site, Sequence[Account]], Archiver],
    *,
    fake: type[Fake] | None = None,
) -> Verdict:
    """Play one scenario on one platform.

    Args:
        scenario: What happens.
        platform: A registered platform, unless `fake` is given.
        archiver: Makes an archiver with an empty archive that fetches from this site, for these accounts.
        fake: Another fake than the registered one.
    """
    world = World(Clock())
    shortener = fake_class("short")(world)
    with serve(world, [(fake or fake_class(platform))(world, name=platform), shortener]) as site:
        stage = _stage(scenario.cast, platform, world, site)
        running = archiver(site, [stage.council])
        exits: list[int] = []
        problems: list[str] = []
        for step in scenario.steps:
            match step:
                case Archive(wanted):
                    exits.append(running.archive([stage.council]))
                    if wanted is not Exit.EITHER and (exits[-1] == 0) != (wanted is Exit.CLEAN):
                        problems.append(f"run {len(exits)} ended with exit code {exits[-1]}, not: {wanted}")
                case Wait(hours):
                    world.clock.wait(hours * 3600)
                case Turn(knobs):
                    _turn(stage.fake, knobs)
                    _turn(shortener, {k: v for k, v in knobs.items() if k == "link_redirect"})
                case Do(what):
                    what(stage)
                    world.sync()
        lines = read_lines(running.export())
        served = [each.line() for one in site.fakes.values() for each in one.journal.served]
        result = score(world.log(), served, lines)
        problems += _problems(scenario.expect, stage, lines, result)
    return Verdict(
        scenario=scenario.name, platform=platform, problems=tuple(problems), score=result, exits=tuple(exits)
    )


def _turn(fake: Fake, knobs: Mapping[str, Any]) -> None:
    if knobs:
        set_knobs(fake.knobs, knobs)
    else:
        fake.knobs = Knobs()


def _stage(cast: Cast, platform: str, world: World, site: Site) -> Stage:
    before = world.now - timedelta(minutes=cast.posts + 30)
    opened = before - timedelta(days=400)
    council = world.account(platform, "northbeck", "Northbeck Council", owned=True, at=opened)
    resident = world.account(platform, "resident-1", "A Resident", at=opened)
    stage = Stage(
        platform=platform,
        world=world,
        fake=site.fakes[platform],
        site=site,
        council=council,
        resident=resident,
    )
    link = Link(url="https://bit.ly/NbBins", target="https://www.northbeck.example/bins")
    for n in range(cast.posts):
        newest = n == cast.posts - 1
        stage.posts.append(
            world.post(
                council,
                f"Notice {n} from the council{f' {link.url}' if newest else ''}",
                title=f"Notice {n}" if platform in ("wordpress", "feed") else None,
                at=before + timedelta(minutes=n),
                media=[Media(id=f"picture-{n}", alt=f"Picture {n}")] if cast.media and n % 5 == 0 else (),
                links=[link] if newest else (),
            )
        )
    world.sync()
    if cast.comments:
        for post in stage.posts[-COMMENTED_POSTS:]:
            stage.comments += _tree(stage, post)
    world.sync()
    return stage


def _tree(stage: Stage, post: Item) -> list[Item]:
    """Put five comments under a post: three at the top, an answer of the council, an answer to that."""
    start = stage.world.now - timedelta(minutes=20)
    made: list[Item] = []

    def say(parent: Item, text: str, author: Account) -> Item:
        at = start + timedelta(minutes=len(made))
        made.append(stage.world.comment(parent, text, author=author, at=at))
        return made[-1]

    first = say(post, f"Mine was missed again ({post.text})", stage.resident)
    answer = say(first, "Sorry to hear that. Which street?", stage.council)
    say(answer, "Mill Lane", stage.resident)
    say(post, "Well done", stage.resident)
    say(post, "What about the potholes?", stage.resident)
    return made


def _problems(expect: Expected, stage: Stage, lines: Sequence[Line], result: Score) -> Iterable[str]:
    missed = set(result.missed(false_missing=expect.false_missing))
    for bar in sorted(missed - expect.may_miss):
        yield f"the bar of {bar} is missed"
    gaps = [line for line in lines if line["line"] == "gap"]
    ended = {line["outcome"] for line in lines if line["line"] == "walk"} | {
        g.get("reason") or "" for g in gaps
    }
    for outcome in sorted(expect.outcomes - ended):
        yield f"no walk ended as {outcome}; there were: {', '.join(sorted(filter(None, ended))) or 'none'}"
    reasons = {line["reason"] for line in lines if line["line"] == "short"}
    for reason in sorted(expect.reasons - reasons):
        yield f"nothing is said to be lacking as {reason}; there were: {', '.join(sorted(reasons)) or 'none'}"
    still_open = [line for line in gaps if line.get("closed_at") is None]
    state = Gap.OPEN if still_open else Gap.CLOSED if gaps else Gap.NONE
    if expect.gap not in (Gap.ANY, state):
        yield f"gaps are {state}, not {expect.gap}"
    unread = sum(line["line"] == "item" and line["kind"] == "unread" for line in lines)
    if unread < expect.unread:
        yield f"{unread} items are kept unread, not {expect.unread}"
    posts = sum(line["line"] == "item" and line["kind"] == "post" for line in lines)
    if posts < expect.held:
        yield f"{posts} posts are held, not {expect.held}"
    ids = {str(line["native_id"]) for line in lines if line["line"] == "item"}
    if any(not ids.isdisjoint(item.ids) for item in stage.never):
        yield "something is held that is none of the council's business"
    yield from _wrong_states(stage, lines)


def _wrong_states(stage: Stage, lines: Sequence[Line]) -> Iterable[str]:
    for key, wanted in stage.final.items():
        item = stage.world.item(key)
        told = [
            state
            for line in lines
            if line["line"] == "item" and line["kind"] == item.kind and str(line["native_id"]) in item.ids
            for state in line.get("states") or ()
        ]
        last = max(told, key=lambda state: state["at"], default={"state": "live"})["state"]
        if last not in wanted:
            yield f"a {item.kind} ends as {last}, not {' or '.join(wanted)}"
