"""A council on each fake platform, and a wire on which one answer is changed to something hostile."""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import httpx
from typing_extensions import override

from conformance.item import Item, Media
from conformance.platforms import fake_class
from conformance.server import serve
from conformance.world import World
from connectors.contract import Connector
from connectors.registry import build
from infra.sandbox.register import SECRETS
from schemas.account import Account
from schemas.capture import Ask, Edge, Ids, RecordRef, Response, Threads, Walk, Window
from schemas.vocabulary import Kind, Stream
from tests.connectors.rig import Wire, WorldClock, nothing_held

__all__ = ["Council", "Tampering", "council_on", "some_change"]

_DEEP: Final = 3_000
HOSTILE: Final[tuple[Any, ...]] = (
    *(None, True, -1, 0, 10**30, [], {}, [None], {"a": 1}, "", "\x00", "at://x", "\u00b2", "9" * 5000),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-13-01", "2026-03-01T09:00:00"),
    *("https://[x/", "http://a..b/x?max_id=1", "file:///etc/passwd", "../../2/users/me", "\u202egnp.exe"),
)


class Tampering(httpx.BaseTransport):
    """Passes on what a fake answers; the answer whose number is `at` is changed on the way."""

    def __init__(self) -> None:
        self._wire = httpx.HTTPTransport()
        self.at = -1
        self.change: Callable[[bytes], bytes] = bytes
        self.answers = 0

    def set(self, at: int, change: Callable[[bytes], bytes]) -> None:
        self.at, self.change, self.answers = at, change, 0

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._wire.handle_request(request)
        body = b"".join(answer.iter_bytes())
        answer.close()
        if self.answers == self.at:
            body = self.change(body)
        self.answers += 1
        headers = [(name, value) for name, value in answer.headers.items() if name != "content-length"]
        return httpx.Response(answer.status_code, headers=headers, content=body)

    @override
    def close(self) -> None:
        self._wire.close()


@dataclass
class Council:
    """One account on one platform, its connector, and the asks of every walk over it."""

    account: Account
    secrets: Mapping[str, str]
    clock: WorldClock
    wire: Wire
    tampering: Tampering
    walks: list[tuple[Stream, Ask]] = field(default_factory=list)

    def connector(self) -> Connector:
        transport = self.wire.transport(self.account, self.clock, tuple(self.secrets.values()))
        return build(self.account, transport, self.secrets)

    def pages(self, connector: Connector, stream: Stream, ask: Ask) -> Iterator[Response]:
        walk = Walk(walk_id="walk-1", account=self.account, stream=stream, ask=ask)
        return connector.pages(walk, nothing_held)

    def refs(self) -> tuple[RecordRef, ...]:
        connector = self.connector()
        found: dict[str, RecordRef] = {}
        for response in self.pages(connector, Stream.POSTS, Edge()):
            for exhibit in connector.exhibits(response):
                record = connector.read(exhibit).record
                if record is not None and record.kind in (Kind.POST, Kind.PAGE):
                    found[record.record_id] = RecordRef(
                        record_id=record.record_id,
                        native_id=record.native_id,
                        thread_id=record.thread_id,
                        filed_at=response.fetched_at,
                    )
        return tuple(found.values())


@contextmanager
def council_on(platform: str) -> Iterator[Council]:
    """Serve a council with posts, an edit, replies at two depths and a picture."""
    world = World()
    fake = fake_class(platform)(world)
    before = world.now - timedelta(days=30)
    with serve(world, [fake]), httpx.Client(transport=(tampering := Tampering()), timeout=60) as client:
        owner = world.account(platform, "northbeck", "Northbeck Council", owned=True, at=before)
        resident = world.account(platform, "resident", "A Resident", at=before)
        made: list[Item] = []
        for number in range(3):
            media = (Media(id=f"{platform}{number}", alt="A bin"),) if number == 0 else ()
            made.append(world.post(owner, f"Notice {number}", media=media))
            first = world.comment(made[-1], f"Question {number}", author=resident)
            world.comment(first, f"Answer {number}", author=owner)
        world.edit(made[1], "Notice 1, corrected")
        world.clock.wait(600)
        world.sync()
        native_id = None if platform in ("wordpress", "feed") else owner.id
        account = Account(
            account="main",
            council="northbeck",
            platform=platform,
            handle="northbeck",
            native_id=native_id,
            base_url=fake.address(owner),
            options={"username": "archivist"},  # WordPress alone asks for it
        )
        secrets = {SECRETS[platform]: f"sandbox-{owner.id}"} if platform in SECRETS else {}
        council = Council(account, secrets, WorldClock(world), Wire(client), tampering)
        if native_id is None:
            site = council.connector().check().site
            council.account = replace(account, native_id=site)
        refs = council.refs()
        now = world.now
        council.walks = [
            (Stream.PROFILE, Edge()),
            (Stream.POSTS, Edge()),
            (Stream.POSTS, Window(start=before, end=now)),
            (Stream.COMMENTS, Threads(threads=refs)),
            (Stream.POSTS, Ids(wanted=refs[:1], controls=refs[1:])),
        ]
        yield council


def some_place(told: Any, chance: random.Random) -> tuple[str | int, ...]:
    """Return the place of a value, each level as likely as the next."""
    path: list[str | int] = []
    while isinstance(told, dict | list) and told and chance.random() < 0.85:
        step = chance.choice(list(told)) if isinstance(told, dict) else chance.randrange(len(told))
        path.append(step)
        told = told[step]
    return tuple(path)


def altered(told: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """Return what was told with one value replaced."""
    if not path:
        return value
    here, *rest = path
    pairs = told.items() if isinstance(told, dict) else enumerate(told)
    found = {name: altered(one, tuple(rest), value) if name == here else one for name, one in pairs}
    return found if isinstance(told, dict) else list(found.values())


def some_change(chance: random.Random) -> Callable[[bytes], bytes]:
    """Return a change of a body: one value replaced, nested beyond any reader, or letters that are none."""
    kind = chance.random()
    number = chance.randrange(10**9)

    def change(body: bytes) -> bytes:
        again = random.Random(number)  # noqa: S311 - no secret
        try:
            told = json.loads(body)
        except ValueError:
            return body[: again.randrange(len(body) + 1)]
        if kind < 0.06:
            return body[: again.randrange(len(body) + 1)]
        mark = "the place where"
        value = mark if kind < 0.18 else again.choice(HOSTILE)
        changed = json.dumps(altered(told, some_place(told, again), value)).encode()
        if kind < 0.12:
            return changed.replace(json.dumps(mark).encode(), b"[" * _DEEP + b"]" * _DEEP)
        return changed.replace(mark.encode(), b"\xff\xfe\x00")

    return change
