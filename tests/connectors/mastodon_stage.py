"""A council on Mastodon: a world, its fake over HTTP, and connectors for it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from typing_extensions import override

from conformance.item import Account as WorldAccount
from conformance.item import Item
from conformance.platforms.mastodon import MastodonFake
from conformance.server import serve
from conformance.world import World
from connectors.contract import Held, Reading
from connectors.mastodon import MastodonConnector
from connectors.mastodon.wire import STATUSES
from schemas.account import Account
from schemas.capture import (
    Ask,
    Edge,
    Exhibit,
    Ids,
    RecordRef,
    Response,
    Threads,
    Walk,
)
from schemas.digests import version
from schemas.record import CouncilRecord
from schemas.vocabulary import Stream
from tests.connectors.found import Found as WalkFound
from tests.connectors.found import read_into, walked_through
from tests.connectors.rig import START, Wire, WorldClock, nothing_held

URI = "https://social.northbeck.example/ap/users/1/statuses/20"


@dataclass
class Found(WalkFound):
    """What a walk of Mastodon brought; entries of histories are records too."""

    @property
    def live(self) -> list[CouncilRecord]:
        """Records as they are now, without entries of histories."""
        return [reading.record for reading in self.readings if reading.record and reading.look]

    @property
    @override
    def texts(self) -> list[str]:
        return [record.text for record in self.live]

    @property
    @override
    def ids(self) -> list[str]:
        return [record.native_id for record in self.live]

    def record(self, text: str) -> CouncilRecord:
        (found,) = {record for record in self.records if record.text == text}
        return found


@dataclass
class Stage:
    """The council `northbeck`, a resident of its server, one of another, and what it takes to walk them."""

    world: World
    fake: MastodonFake
    wire: Wire
    council: WorldAccount
    resident: WorldAccount
    stranger: WorldAccount

    @property
    def token(self) -> str:
        return f"sandbox-{self.council.id}"

    def account(self, **more: Any) -> Account:
        told = {"account": "toots", "council": "northbeck", "platform": "mastodon", "handle": "northbeck"}
        return Account(**{**told, "native_id": self.council.id, "base_url": self.fake.base_url, **more})

    def connector(self, *, signed_in: bool = True, **more: Any) -> MastodonConnector:
        secrets = {"access_token": self.token} if signed_in else {}
        account = self.account(**more)
        transport = self.wire.transport(account, WorldClock(self.world), tuple(secrets.values()))
        return MastodonConnector(account, transport, secrets)

    def walk(self, ask: Ask | None = None, stream: Stream = Stream.POSTS, **more: Any) -> Walk:
        return Walk(
            walk_id="walk-1", account=self.account(**more), stream=stream, ask=ask or Edge(), marker=None
        )

    def run(
        self,
        ask: Ask | None = None,
        stream: Stream = Stream.POSTS,
        *,
        connector: MastodonConnector | None = None,
        held: Held = nothing_held,
    ) -> Found:
        connector = connector or self.connector()
        return read_all(connector, list(connector.pages(self.walk(ask, stream), held)))

    def thread(self, *posts: Item, signed_in: bool = True) -> Found:
        """Read the threads of these posts."""
        self.world.sync()
        ask = Threads(threads=tuple(self.ref(post) for post in posts))
        return self.run(ask, Stream.COMMENTS, connector=self.connector(signed_in=signed_in))

    def by_id(self, wanted: Item, *controls: Item, signed_in: bool = True) -> Found:
        """Ask for one item by id; where it belongs follows from what it is."""
        ask = Ids(wanted=(self.ref(wanted),), controls=tuple(self.ref(each) for each in controls))
        stream = Stream.POSTS if wanted.parent is None else Stream.COMMENTS
        return self.run(ask, stream, connector=self.connector(signed_in=signed_in))

    def ref(self, item: Item) -> RecordRef:
        self.world.sync()
        return RecordRef(
            record_id=self.fake.uri(item),
            native_id=item.native_id,
            thread_id=self.fake.uri(item.root),
            filed_at=item.created_at,
        )

    def post(self, text: str = "Bins on Monday", **more: Any) -> Item:
        made = self.world.post(self.council, text, **more)
        self.world.sync()
        return made

    def posts(self, count: int) -> list[Item]:
        return [self.post(f"Notice {number}") for number in range(count)]

    def comment(self, parent: Item, text: str, **more: Any) -> Item:
        made = self.world.comment(parent, text, author=more.pop("author", self.resident), **more)
        self.world.sync()
        return made

    def delete(self, item: Item) -> None:
        """Delete as Mastodon does: the answers stand, without their parent."""
        self.world.delete(item, subtree=False)
        self.world.sync()


def digest(reading: Reading) -> str:
    """Return the version that a reading makes."""
    return version(MastodonConnector.digest_rules[1], reading.shape, reading.items).hex()


def read_all(connector: MastodonConnector, responses: Sequence[Response]) -> Found:
    return read_into(Found(responses=list(responses)), connector)


def walk_with_failures(
    connector: MastodonConnector, walk: Walk, error: type[Exception], tries: int = 20
) -> Found:
    """Walk to the end, going on from the last marker after each error of this class."""
    return read_all(connector, walked_through(connector, walk, error, range(tries)))


def gives_back(response: Response, exhibits: Sequence[Exhibit]) -> None:
    """Check that items overlap nowhere, and with the rest give the body back."""
    cut: list[tuple[int, int]] = []
    for exhibit in exhibits:
        (start, end), *more = json.loads(exhibit.header)["spans"][0]
        assert not more
        assert response.body[start:end] == exhibit.parts[0]
        cut.append((start, end))
    assert cut == sorted(cut)
    pieces, at = [], 0
    for (start, end), exhibit in zip(cut, exhibits, strict=True):
        assert at <= start
        pieces += [response.body[at:start], exhibit.parts[0]]
        at = end
    assert b"".join([*pieces, response.body[at:]]) == response.body


@contextmanager
def staged(wire: Wire) -> Iterator[Stage]:
    world = World()
    platform = MastodonFake(world)
    before = world.now - timedelta(days=900)
    with serve(world, [platform]):
        council = world.account(
            "mastodon",
            "northbeck",
            "Northbeck Council",
            owned=True,
            at=before,
            description="News from Northbeck",
            facts={"fields": {"Website": "northbeck.example"}},
        )
        resident = world.account("mastodon", "resident1", "A Resident", at=before)
        stranger = world.account("mastodon", "stranger", "From Elsewhere", at=before, server="social.example")
        world.sync()
        yield Stage(world, platform, wire, council, resident, stranger)


def asked(stage: Stage, what: str) -> int:
    return sum(what in request.path for request in stage.fake.journal.requests)


def response(
    body: Any, endpoint: str = STATUSES, *, status: int = 200, context: tuple[bytes, ...] = ()
) -> Response:
    return Response(
        capture_id="capture-1",
        walk_id="walk-1",
        fetched_at=START,
        server_date=START,
        method="GET",
        address="https://social.northbeck.example/api/v1/accounts/1/statuses?limit=40",
        sent=b"",
        endpoint=endpoint,
        status=status,
        headers={},
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        api_version="v1",
        connector_version="1",
        context=context,
    )
