"""A council's blog on the fake, and connectors that read it, signed in or as anybody."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from conformance.item import Account as Blog
from conformance.item import Item
from conformance.platforms.wordpress import WordPressFake
from conformance.world import World
from connectors.contract import Connector, Reading
from connectors.feed import FeedConnector
from connectors.wordpress import WordPressConnector
from schemas.account import Account
from schemas.capture import Ask, Edge, Exhibit, RecordRef, Response, Threads, Walk
from schemas.digests import version
from schemas.errors import MunimentError
from schemas.vocabulary import Stream
from tests.connectors.rig import Wire, WorldClock, nothing_held

SECRET = "sandbox-northbeck"


@dataclass
class BlogRig:
    """One site with a council, a resident and whatever a test puts on it."""

    world: World
    fake: WordPressFake
    wire: Wire
    council: Blog
    resident: Blog

    def account(self, **changed: Any) -> Account:
        told: dict[str, Any] = {
            "account": "news",
            "council": "northbeck",
            "platform": self.fake.platform,
            "handle": "northbeck",
            "base_url": self.fake.address(self.council),
        }
        return Account(**{**told, **changed})

    def wordpress(self, *, signed_in: bool = False, **changed: Any) -> WordPressConnector:
        secrets = {"username": "archivist", "application_password": SECRET} if signed_in else {}
        account = self.account(**changed)
        transport = self.wire.transport(account, WorldClock(self.world), [SECRET] if signed_in else [])
        return WordPressConnector(account, transport, secrets)

    def feed(self, **changed: Any) -> FeedConnector:
        address = f"{self.fake.url(f'/{self.council.id}')}/feed/"
        account = self.account(platform="feed", **{"base_url": address, **changed})
        return FeedConnector(account, self.wire.transport(account, WorldClock(self.world)), {})

    def notices(self, count: int) -> list[Item]:
        return [self.world.post(self.council, f"Notice {n}", title=f"Title {n}") for n in range(count)]

    def ref(self, item: Item) -> RecordRef:
        kind = "comment" if item.kind == "comment" else "post"
        site = self.fake.address(self.council).partition("://")[2]
        return RecordRef(
            record_id=f"wordpress:{site}:{kind}:{item.serial}",
            native_id=str(item.serial),
            thread_id=f"wordpress:{site}:post:{item.root.serial}",
            filed_at=item.created_at,
        )

    def threads(self, items: Iterable[Item]) -> Threads:
        return Threads(threads=tuple(self.ref(item) for item in items))


def walk(connector: Connector, stream: Stream, ask: Ask | None = None, marker: str | None = None) -> Walk:
    account: Account = connector._account  # type: ignore[attr-defined]
    return Walk(walk_id="walk-1", account=account, stream=stream, ask=ask or Edge(), marker=marker)


def pages(connector: Connector, stream: Stream, ask: Ask | None = None) -> list[Response]:
    return list(connector.pages(walk(connector, stream, ask), nothing_held))


def until_it_fails(connector: Connector, begun: Walk) -> tuple[list[Response], MunimentError | None]:
    """Return the responses of a walk up to its error, and that."""
    found: list[Response] = []
    try:
        for response in connector.pages(begun, nothing_held):
            found.append(response)  # noqa: PERF402 - what came before the error counts
    except MunimentError as error:
        return found, error
    return found, None


def exhibits(connector: Connector, responses: Iterable[Response]) -> list[Exhibit]:
    return [exhibit for response in responses for exhibit in connector.exhibits(response)]


def readings(connector: Connector, responses: Iterable[Response]) -> Iterator[Reading]:
    return (connector.read(exhibit) for exhibit in exhibits(connector, responses))


def native_ids(connector: Connector, responses: Iterable[Response]) -> list[str]:
    told = (reading.record for reading in readings(connector, responses) if reading.look is not None)
    return [record.native_id for record in told if record is not None]


def version_of(connector: Connector, reading: Reading) -> bytes:
    return version(connector.digest_rules[1], reading.shape, reading.items)
