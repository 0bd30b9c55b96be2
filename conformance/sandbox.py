"""The sandbox council: a dated script of a fictional borough, from a seed, served to a real archiver.

`build` writes four years of posts and comments up to `START`, when the first archive is taken, and what
happens in the three days after it, in four steps: new posts, late comments, edits, deletions, hiding and
showing again. The clock stands at `START`; move it to each of `Sandbox.steps` and archive again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from conformance.borough import ACCOUNTS, COUNCIL, BoroughAccount
from conformance.chatter import Chatter
from conformance.clock import Clock, iso
from conformance.item import PUBLIC, Account, Item, Media
from conformance.words_en import ALT
from conformance.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.server import Site

__all__ = ["POSTS", "START", "Sandbox", "Step", "build"]

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HISTORY = datetime(2022, 3, 1, tzinfo=UTC)
POSTS = 3_900
RESIDENTS = {"x": 700, "facebook": 900, "bluesky": 200, "mastodon": 150, "wordpress": 250, "feed": 0}
COMMENTS = {"x": 2.9, "facebook": 5.6, "bluesky": 2.0, "mastodon": 1.5, "wordpress": 2.6, "feed": 0.0}
POPULAR = {"floods": 2.6, "tax": 1.9, "planning": 1.4, "bins": 1.3, "roads": 1.2}
SEASON = {
    "floods": (3, 3, 1, 0, 0, 0, 0, 0, 0, 1, 3, 3),
    "tax": (1, 3, 4, 2, 1, 0, 0, 0, 0, 1, 1, 1),
    "elections": (1, 1, 3, 6, 4, 1, 0, 0, 1, 1, 0, 0),
}
KEEPS_REPLIES = frozenset({"x", "bluesky", "mastodon"})
MOST_COMMENTS = 70
DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Step:
    """Move the clock to `at` and archive again; `says` is what has happened by then."""

    at: datetime
    says: str


STEPS = (
    Step(
        START + timedelta(hours=10), "the day's posts and comments; first corrections; rude comments hidden"
    ),
    Step(START + timedelta(hours=30), "posts and comments deleted; late comments under old posts"),
    Step(START + timedelta(hours=52), "a hidden comment shown again; two accounts renamed; more deletions"),
    Step(START + timedelta(hours=72), "second corrections, and back again; what was deleted stays gone"),
)


@dataclass(slots=True, kw_only=True)
class Sandbox:
    """The council, its world and its script. `accounts` pairs register entries with accounts of the world."""

    world: World
    seed: int
    accounts: list[tuple[BoroughAccount, Account]] = field(default_factory=list)
    steps: Sequence[Step] = STEPS

    def about(self, site: Site) -> dict[str, Any]:
        """Return all that a register needs, as JSON: served at `/control/about`."""
        return {
            "council": COUNCIL,
            "seed": self.seed,
            "start": iso(START),
            "clock": f"{site.url}/clock",
            "steps": [{"to": iso(step.at), "says": step.says} for step in self.steps],
            "accounts": [_entry(site, told, account) for told, account in self.accounts],
        }


def _entry(site: Site, told: BoroughAccount, account: Account) -> dict[str, Any]:
    fake = site.fakes.get(told.platform)
    return {
        "platform": told.platform,
        "id": account.id,
        "handle": account.handle,
        "name": account.name,
        "address": None if fake is None else fake.address(account),
        "token": f"sandbox-{account.id}",
        "kind": told.kind,
        "service": told.service,
        "partner": told.partner,
        "opened_on": told.opened_on.isoformat(),
        "closed_on": None if told.closed_on is None else told.closed_on.isoformat(),
        "posts": account.metrics.get("posts", 0),
    }


def build(seed: int = 1, posts: int = POSTS) -> Sandbox:
    """Write the script; the same seed and size give the same world, to the byte.

    Args:
        seed: Any number.
        posts: How many posts there are before `START`; comments are about three and a half times as many.
    """
    sandbox = Sandbox(world=World(Clock(START)), seed=seed)
    _Writer(sandbox, random.Random(f"caerwold {seed}")).write(posts)
    return sandbox


class _Writer:
    def __init__(self, sandbox: Sandbox, rng: random.Random) -> None:
        self.sandbox = sandbox
        self.world = sandbox.world
        self.rng = rng
        self.say = Chatter(rng)
        self.residents: dict[str, list[Account]] = {}
        self.topics: dict[str, str] = {}

    def write(self, posts: int) -> None:
        for told in ACCOUNTS:
            at = max(HISTORY, datetime.combine(told.opened_on, time(9), UTC))
            language = "cy" if told.welsh == 1 else "en"
            account = self.world.account(
                told.platform,
                told.handle,
                told.name,
                owned=True,
                at=at,
                language=language,
                description=f"{told.name}: {told.service}, {COUNCIL}.",
                facts={"kind": told.kind, "service": told.service, "site_title": told.name},
            )
            self.sandbox.accounts.append((told, account))
        for platform, count in RESIDENTS.items():
            self.residents[platform] = [self.resident(platform, n) for n in range(count)]
        total = sum(told.weight for told in ACCOUNTS)
        for told, account in self.sandbox.accounts:
            for _ in range(max(3, round(posts * told.weight / total))):
                self.thread(told, account, self.moment(told), START - timedelta(minutes=5))
        self.world.sync()
        self.days_after()
        for _, account in self.sandbox.accounts:
            followers = int(self.rng.lognormvariate(7, 1))
            self.world.count(account, followers=followers, posts=len(self.world.posts_of(account)), at=START)
        self.world.sync()

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def resident(self, platform: str, number: int) -> Account:
        rng, name = self.rng, self.say.name()
        plain = name.lower().replace(" ", rng.choice(("", "_", ""))) + str(rng.randint(1, 99)) + str(number)
        handle = {"bluesky": f"{plain.replace('_', '-')}.social.example"}.get(platform, plain)
        server = rng.choice(("social.example", "cymru.example", "")) if platform == "mastodon" else ""
        return self.world.account(
            platform, handle, name, at=HISTORY, server=server, facts={"email": f"{plain}@mail.example"}
        )

    def moment(self, told: BoroughAccount) -> datetime:
        """Return a time in working hours, mostly, while the account was open; later years have more."""
        first = max(HISTORY, datetime.combine(told.opened_on, time(9), UTC))
        last = START - timedelta(hours=1)
        if told.closed_on is not None:
            last = datetime.combine(told.closed_on, time(17), UTC)
        at = first + (last - first) * float(self.rng.random() ** 0.8)
        hour = min(23, max(6, int(self.rng.gauss(12.5, 3.4))))
        return min(at.replace(hour=hour, minute=self.rng.randrange(60), second=self.rng.randrange(60)), last)

    def topic(self, told: BoroughAccount, at: datetime) -> str:
        weights = [SEASON.get(each, (1,) * 12)[at.month - 1] + 0.01 for each in told.topics]
        return self.rng.choices(told.topics, weights)[0]

    # ---- one thread ---------------------------------------------------------------------------------------

    def thread(self, told: BoroughAccount, account: Account, at: datetime, until: datetime) -> Item:
        """Publish a post with what is answered to it; of what falls after `until`, nothing happens."""
        rng, platform = self.rng, told.platform
        topic = self.topic(told, at)
        welsh = self.chance(told.welsh)
        title = None
        if platform in ("wordpress", "feed"):
            title, text, language, links = self.say.article(topic, at, welsh=welsh)
        else:
            text, language, links = self.say.post(platform, topic, at, welsh=welsh)
        media = []
        if self.chance(0.14):
            alt = ALT[topic] if self.chance(0.8) else None
            media = [
                Media(id=f"{platform}-{rng.getrandbits(40):010x}-{n}", alt=alt)
                for n in range(rng.choice((1, 1, 2)))
            ]
        post = self.world.post(
            account,
            text,
            at=at,
            title=title,
            language=language,
            links=links,
            media=media,
            metrics={"likes": int(rng.lognormvariate(1.6, 1.2)), "shares": int(rng.lognormvariate(0.3, 1))},
        )
        self.topics[post.key] = topic
        self.comments(post, topic, at, until, welsh=welsh)
        if self.chance(0.06):
            self.correct(post, text, at + timedelta(minutes=rng.randint(2, 25)), until)
        if self.chance(0.005):
            self.remove(post, at + timedelta(hours=rng.expovariate(1 / 200)), until)
        return post

    def comments(self, post: Item, topic: str, at: datetime, until: datetime, *, welsh: bool) -> None:
        rng = self.rng
        mean = COMMENTS[post.platform] * POPULAR.get(topic, 1.0)
        if not mean:
            return
        count = min(MOST_COMMENTS, int(rng.lognormvariate(0, 1.1) * mean * 0.55))
        when = sorted(at + timedelta(hours=rng.expovariate(1 / 9), seconds=20) for _ in range(count))
        line: list[tuple[Item, int]] = [(post, 0)]
        for moment in when:
            if moment > until:
                return
            parent, depth = post, 0
            if len(line) > 1 and self.chance(0.42):
                parent, depth = line[rng.randrange(max(0, len(line) - 8), len(line))]
            if depth >= DEEPEST:
                parent, depth = post, 0
            official = depth > 0 and parent.author is not post.account and self.chance(0.4)
            line.append(
                (self.comment(parent, topic, moment, until, official=official, welsh=welsh), depth + 1)
            )

    def comment(
        self,
        parent: Item,
        topic: str,
        at: datetime,
        until: datetime,
        *,
        official: bool = False,
        welsh: bool = False,
    ) -> Item:
        """Answer something: the council (`official`) or a resident, who may be rude, or a bot."""
        rng, platform = self.rng, parent.platform
        shown, rude = PUBLIC, False
        if official:
            author = parent.account
            text, language, links = self.say.answer(platform, topic, at, welsh=welsh)
        else:
            author = rng.choice(self.residents[platform])
            text, language, links = self.say.comment(platform, topic, at, welsh=welsh and self.chance(0.6))
            rude = self.chance(0.015)
            if rude:
                text, language, links = self.say.abuse(at), "en", []
            elif platform == "wordpress" and self.chance(0.06):
                text, language, links, shown = self.say.spam(at), "en", [], "spam"
            elif platform == "wordpress" and self.chance(0.12):
                shown = "held"
        item = self.world.comment(
            parent,
            text,
            author=author,
            at=at,
            language=language,
            links=links,
            shown=shown,
            metrics={"likes": int(rng.lognormvariate(0.2, 1.1))},
        )
        self.afterwards(item, at, until, text, rude=rude)
        return item

    def afterwards(self, item: Item, at: datetime, until: datetime, text: str, *, rude: bool) -> None:
        """Moderate, approve, correct or delete a comment, as it happens."""
        rng, platform = self.rng, item.platform
        soon = at + timedelta(minutes=rng.expovariate(1 / 90), seconds=30)
        if soon > until:
            return
        if item.shown == "held" and self.chance(0.85):
            self.world.unhide(item, at=soon)
        elif rude and platform != "mastodon" and self.chance(0.75):
            self.world.hide(item, self.word(platform), at=soon)
        elif item.shown == PUBLIC and self.chance(0.02) and platform not in ("x", "bluesky"):
            self.world.edit(item, f"{text} (edit: spelling)", at=soon)
        elif self.chance(0.012):
            self.remove(item, soon, until)

    def word(self, platform: str) -> str:
        if platform == "wordpress":
            return self.rng.choice(("trash", "spam", "held"))
        return "is_hidden" if platform == "facebook" else "hidden"

    def correct(self, post: Item, text: str, at: datetime, until: datetime) -> None:
        if at <= until:
            self.world.edit(post, self.say.corrected(text, at), at=at)

    def remove(self, item: Item, at: datetime, until: datetime) -> None:
        if at <= until:
            self.world.delete(item, at=at, subtree=item.platform not in KEEPS_REPLIES)

    # ---- the three days after the first archive -----------------------------------------------------------

    def days_after(self) -> None:
        live = sorted(self.world.items(), key=lambda item: (item.created_at, item.key))
        posts = [i for i in live if i.parent is None]
        young = posts[-80:]
        talk = [i for i in live if i.parent is not None and i.shown == PUBLIC][-250:]
        hidden = [i for i in live if i.shown in ("is_hidden", "hidden")][-20:]
        self.rng.shuffle(young)
        self.rng.shuffle(talk)
        open_now = [pair for pair in self.sandbox.accounts if pair[0].closed_on is None]
        weights = [told.weight for told, _ in open_now]
        start = START
        for number, step in enumerate(STEPS):
            span = step.at - start
            for told, account in self.rng.choices(open_now, weights, k=9):
                self.thread(told, account, self.between(start, span), STEPS[-1].at)
            for old in self.rng.sample([p for p in posts if COMMENTS[p.platform]], 14):
                self.comment(old, self.topics[old.key], self.between(start, span), STEPS[-1].at)
            for fresh in [p for p in young if COMMENTS[p.platform]][-30:]:
                self.comment(fresh, self.topics[fresh.key], self.between(start, span), STEPS[-1].at)
            self.change(number, start, span, young, talk)
            start = step.at
        if hidden:
            self.world.unhide(self.rng.choice(hidden), at=STEPS[1].at + timedelta(hours=3))
        named = {account.handle: account for _, account in self.sandbox.accounts}
        self.world.rename(
            named["CaerwoldMuseum"], name="Caerwold Castle Museum", at=STEPS[1].at + timedelta(hours=5)
        )
        self.world.rename(
            named["marenpryce.example"], handle="maren.caerwold.example", at=STEPS[1].at + timedelta(hours=6)
        )

    def change(
        self, number: int, start: datetime, span: timedelta, young: list[Item], talk: list[Item]
    ) -> None:
        """Correct, hide and delete some of what is young; only some posts change twice: there and back."""
        for _ in range(5):
            post = young.pop()
            if post.platform == "x":  # an hour after it was posted, X lets nobody edit
                continue
            self.world.edit(post, self.say.corrected(post.text, start), at=self.between(start, span))
            if number == 0:
                back = self.between(STEPS[-2].at, STEPS[-1].at - STEPS[-2].at)
                self.world.edit(post, post.text, at=back)
        for _ in range(6):
            item = talk.pop()
            if item.platform != "mastodon":
                self.world.hide(item, self.word(item.platform), at=self.between(start, span))
        deletions = (4, 7, 5, 2)[number]
        for item in [talk.pop() for _ in range(deletions)] + [young.pop() for _ in range(deletions // 2)]:
            self.remove(item, self.between(start, span), STEPS[-1].at)

    def between(self, start: datetime, span: timedelta) -> datetime:
        return start + span * self.rng.uniform(0.03, 0.97)
