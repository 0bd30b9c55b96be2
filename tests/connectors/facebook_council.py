"""A small council Page on the fake, and how its walks are run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from conformance.item import Account as Person
from conformance.item import Item, Link, Media
from conformance.platforms.facebook import FacebookFake
from conformance.server import serve
from conformance.world import World
from connectors.contract import Reading
from connectors.facebook import FacebookConnector
from schemas.account import Account
from schemas.capture import (
    Ask,
    Edge,
    Ids,
    RecordRef,
    Response,
    Threads,
    Walk,
    Window,
)
from schemas.digests import version
from schemas.errors import (
    MunimentError,
)
from schemas.vocabulary import Stream
from tests.connectors.rig import Wire, WorldClock, nothing_held

SECRET = "app-secret-of-a-test"


def ref(item: Item) -> RecordRef:
    """Return how the archive names an item."""
    prefix = item.account.id if item.parent is None else item.root.native_id
    return RecordRef(
        record_id=f"facebook:{item.native_id}",
        native_id=f"{prefix}_{item.native_id}",
        thread_id=f"facebook:{item.root.native_id}",
        filed_at=item.created_at,
    )


@dataclass
class Council:
    world: World
    fake: FacebookFake
    wire: Wire
    page: Person
    resident: Person
    account: Account
    clock: WorldClock
    token: str
    secrets: dict[str, str]
    connector: FacebookConnector = field(init=False)

    def __post_init__(self) -> None:
        self.connector = self.connect()

    def connect(self, **secrets: str) -> FacebookConnector:
        """Build the connector anew, as another process would."""
        told = {**self.secrets, **secrets}
        transport = self.wire.transport(self.account, self.clock, tuple(told.values()))
        return FacebookConnector(self.account, transport, told)

    def walk(self, stream: Stream, ask: Ask, marker: str | None = None) -> Walk:
        return Walk(walk_id="walk-1", account=self.account, stream=stream, ask=ask, marker=marker)

    def pages(self, stream: Stream, ask: Ask, marker: str | None = None) -> Iterator[Response]:
        return self.connector.pages(self.walk(stream, ask, marker), nothing_held)

    def posts(self, ask: Ask | None = None, marker: str | None = None) -> list[Response]:
        return list(self.pages(Stream.POSTS, ask or Edge(), marker))

    def comments(self, *threads: Item, marker: str | None = None) -> list[Response]:
        ask = Threads(threads=tuple(ref(each) for each in threads))
        return list(self.pages(Stream.COMMENTS, ask, marker))

    def by_id(self, stream: Stream, *wanted: Item, controls: tuple[Item, ...] = ()) -> list[Response]:
        ask = Ids(wanted=tuple(map(ref, wanted)), controls=tuple(map(ref, controls)))
        return list(self.pages(stream, ask))

    def read(self, responses: list[Response]) -> list[Reading]:
        return [self.connector.read(each) for one in responses for each in self.connector.exhibits(one)]

    def texts(self, responses: list[Response]) -> list[str]:
        return [each.record.text for each in self.read(responses) if each.record is not None]

    def version(self, item: Item) -> bytes:
        """Return the version of an item as it is told now."""
        stream = Stream.POSTS if item.parent is None else Stream.COMMENTS
        (reading,) = self.read(self.by_id(stream, item))
        return version(self.connector.digest_rules[1], reading.shape, reading.items)

    def threads(self, posts: int = 1, comments: int = 5) -> list[Item]:
        """Publish posts, each with comments of which every second answers the one before."""
        made = []
        for number in range(posts):
            post = self.world.post(self.page, f"post {number}")
            above = post
            for place in range(comments):
                one = self.world.comment(above, f"comment {number}.{place}", author=self.resident)
                above = one if above is post else post
            made.append(post)
        self.world.sync()
        return made


@contextmanager
def open_council(wire: Wire, *, app_secret: str = SECRET) -> Iterator[Council]:
    """Serve a Page `anytown` with one resident who comments."""
    world = World()
    fake = FacebookFake(world)
    fake.app_secret = app_secret
    with serve(world, [fake]) as site:
        page = world.account("facebook", "anytown", "Anytown Council", owned=True, description="We serve you")
        resident = world.account("facebook", "resident1", "Resident A")
        token = fake.grant("EAAB-planted-token|with/odd+signs", page)
        account = Account(
            account="anytown-facebook",
            council="anytown",
            platform="facebook",
            handle="@anytown",
            native_id=page.id,
            base_url=site.url_of("facebook"),
        )
        yield Council(
            world=world,
            fake=fake,
            wire=wire,
            page=page,
            resident=resident,
            account=account,
            clock=WorldClock(world),
            token=token,
            secrets={"page_token": token, "app_secret": app_secret},
        )


PICTURE = Media(id="9001", alt="A bin lorry")
OTHER_PICTURE = Media(id="9002")
FILM = Media(id="9003", kind="video", mime="video/mp4")
CARD = Link(url="https://bit.ly/AbC12", target="https://www.anytown.example/bins")
WINDOW = Window(start=datetime(2026, 3, 2, 10, tzinfo=UTC), end=datetime(2026, 3, 2, 11, tzinfo=UTC))


def graph_error(code: int, message: str = "told", subcode: int = 0) -> dict[str, object]:
    return {"error": {"message": message, "type": "OAuthException", "code": code, "error_subcode": subcode}}


def marked(responses: list[Response]) -> list[bool]:
    return [one.marker is not None for one in responses]


def until_it_fails(council: Council, stream: Stream, ask: Ask, error: type[MunimentError]) -> list[Response]:
    """Return the responses that came before the walk raised this error."""
    found: list[Response] = []
    pages = council.pages(stream, ask)
    with pytest.raises(error):
        found.extend(pages)
    return found
