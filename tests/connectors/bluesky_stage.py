"""What the Bluesky tests share: an account, its connector over any server, and what its walks say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st

from conformance.item import Account as WorldAccount
from conformance.item import Item
from conformance.platforms.bluesky import BlueskyFake
from conformance.world import World
from connectors.bluesky import BlueskyConnector
from connectors.cutting import joined
from schemas.account import Account
from schemas.capture import Ask, Edge, Ids, RecordRef, Response, Threads, Walk
from schemas.clock import Clock
from schemas.digests import version
from schemas.vocabulary import Stream
from tests.connectors.found import Found as WalkFound
from tests.connectors.found import read_into, walked_through
from tests.connectors.rig import Wire, nothing_held

FILED = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Found(WalkFound):
    """What a walk of Bluesky brought, with the versions it makes."""

    @property
    def versions(self) -> dict[str, set[bytes]]:
        found: dict[str, set[bytes]] = {}
        for reading in self.readings:
            if reading.record is not None:
                digest = version(BlueskyConnector.digest_rules[1], reading.shape, reading.items)
                found.setdefault(reading.record.record_id, set()).add(digest)
        return found


def read_all(connector: BlueskyConnector, responses: Sequence[Response]) -> Found:
    return read_into(Found(responses=list(responses)), connector)


@dataclass
class Reader:
    """One account's connector over a server, real or fake."""

    wire: Wire
    clock: Clock
    account: Account
    trusted: tuple[str, ...] = ()

    def connector(self, **more: Any) -> BlueskyConnector:
        account = replace(self.account, **more)
        transport = self.wire.transport(account, self.clock, trusted=self.trusted)
        return BlueskyConnector(account, transport, {})

    def walk(self, ask: Ask | None = None, stream: Stream = Stream.POSTS) -> Walk:
        return Walk(walk_id="walk-1", account=self.account, stream=stream, ask=ask or Edge())

    def run(
        self,
        ask: Ask | None = None,
        stream: Stream = Stream.POSTS,
        connector: BlueskyConnector | None = None,
    ) -> Found:
        connector = connector or self.connector()
        return read_all(connector, list(connector.pages(self.walk(ask, stream), nothing_held)))

    def thread(self, uri: str) -> Found:
        return self.run(Threads(threads=(ref(uri),)), Stream.COMMENTS)

    def by_id(self, *wanted: RecordRef, control: str) -> Found:
        stream = Stream.POSTS if all(one.record_id == one.thread_id for one in wanted) else Stream.COMMENTS
        return self.run(Ids(wanted=wanted, controls=(ref(control),)), stream)

    def run_through(self, walk: Walk, error: type[Exception], mend: Callable[[], object]) -> Found:
        """Walk to the end, going on from the last marker after each error of this class, which is mended."""
        connector = self.connector()
        tries = (None if number == 0 else mend() for number in range(20))
        return read_all(connector, walked_through(connector, walk, error, tries))


def ref(uri: str, root: str | None = None) -> RecordRef:
    return RecordRef(record_id=uri, native_id=uri, thread_id=root or uri, filed_at=FILED)


MOVED = timedelta(days=900)


@dataclass
class Stage:
    """A council and a resident on Bluesky."""

    world: World
    fake: BlueskyFake
    council: WorldAccount
    resident: WorldAccount
    reader: Reader

    def post(self, text: str, **more: Any) -> Item:
        made = self.world.post(self.council, text, **more)
        self.world.sync()
        return made

    def posts(self, count: int) -> list[Item]:
        return [self.post(f"Notice {number}") for number in range(count)]

    def reply(self, parent: Item, text: str, author: WorldAccount | None = None, **more: Any) -> Item:
        made = self.world.comment(parent, text, author=author or self.resident, **more)
        self.world.sync()
        return made

    def own_server(self) -> Reader:
        options = {"pds": self.fake.base_url}
        return replace(self.reader, account=replace(self.reader.account, options=options))


# ---- cutting --------------------------------------------------------------------------------------------


def restored(response: Response, connector: BlueskyConnector) -> None:
    """Check that each item stands where its header says, and that none overlaps another."""
    body = response.body
    taken: list[tuple[int, int]] = []
    for exhibit in connector.exhibits(response):
        spans = msgspec.json.decode(exhibit.header)["spans"]
        for part, segments in zip(exhibit.parts, spans, strict=True):
            if segments:
                assert joined(body, [(start, end) for start, end in segments]) == part
        if len(spans[0]) == 1:
            taken.append((spans[0][0][0], spans[0][0][1]))
    taken.sort()
    edges = [0, *(edge for span in taken for edge in span), len(body)]
    assert edges == sorted(edges)


words = st.text(st.characters(codec="utf-8"), max_size=40)
