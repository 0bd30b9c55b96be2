"""A council on X: a world, its fake over HTTP, and connectors for it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from conformance.item import Account as WorldAccount
from conformance.item import Item
from conformance.platforms.x import XFake
from conformance.server import serve
from conformance.world import World
from connectors.contract import Rotate
from connectors.x import XConnector
from schemas.account import Account
from schemas.capture import Ask, Cursor, Edge, RecordRef, Response, Walk
from schemas.vocabulary import Stream
from tests.connectors.found import Found, read_into, walked_through
from tests.connectors.rig import Wire, WorldClock, nothing_held


@dataclass
class Stage:
    """The council `northbeck`, a resident, and what it takes to walk them."""

    world: World
    fake: XFake
    wire: Wire
    council: WorldAccount
    resident: WorldAccount

    @property
    def token(self) -> str:
        return f"sandbox-{self.council.id}"

    def account(self, **more: Any) -> Account:
        told = {"account": "x-main", "council": "northbeck", "platform": "x", "handle": "northbeck"}
        return Account(**{**told, "native_id": self.council.id, "base_url": self.fake.base_url, **more})

    def connector(
        self,
        secrets: dict[str, str] | None = None,
        rotate: Rotate | None = None,
        **more: Any,
    ) -> XConnector:
        values = {"access_token": self.token} if secrets is None else secrets
        account = self.account(**more)
        transport = self.wire.transport(account, WorldClock(self.world), tuple(values.values()))
        return XConnector(account, transport, values, rotate)

    def walk(self, ask: Ask | None = None, stream: Stream = Stream.POSTS, **more: Any) -> Walk:
        return Walk(
            walk_id="walk-1", account=self.account(**more), stream=stream, ask=ask or Edge(), marker=None
        )

    def run(
        self,
        ask: Ask | None = None,
        stream: Stream = Stream.POSTS,
        connector: XConnector | None = None,
        held: Any = nothing_held,
    ) -> Found:
        connector = connector or self.connector()
        return read_all(connector, list(connector.pages(self.walk(ask, stream), held)))

    def ref(self, item: Item, *, since: Cursor | None = None) -> RecordRef:
        self.world.sync()
        return RecordRef(
            record_id=f"x:{item.native_id}",
            native_id=item.current.native_id or item.native_id,
            thread_id=f"x:{item.root.native_id}",
            filed_at=item.created_at,
            since=since,
        )

    def comment(self, parent: Item, text: str, **more: Any) -> Item:
        made = self.world.comment(parent, text, author=more.pop("author", self.resident), **more)
        self.world.sync()
        return made

    def posts(self, count: int) -> list[Item]:
        made = [self.world.post(self.council, f"Notice {n}") for n in range(count)]
        self.world.sync()
        return made


def read_all(connector: XConnector, responses: Sequence[Response]) -> Found:
    return read_into(Found(responses=list(responses)), connector)


def walk_with_failures(connector: XConnector, walk: Walk, error: type[Exception], tries: int = 20) -> Found:
    """Walk to the end, going on from the last marker after each error of this class."""
    return read_all(connector, walked_through(connector, walk, error, range(tries)))


@contextmanager
def staged(wire: Wire, *, facts: dict[str, int] | None = None, **fake: Any) -> Iterator[Stage]:
    world = World()
    platform = XFake(world, **fake)
    before = world.now - timedelta(days=900)
    with serve(world, [platform]):
        council = world.account(
            "x", "northbeck", "Northbeck Council", owned=True, at=before, facts=facts or {}
        )
        resident = world.account("x", "resident1", "A Resident", at=before)
        world.sync()
        yield Stage(world, platform, wire, council, resident)
