"""What the tests of Mastodon stand on: the council's account at a fake, and a resident who answers."""

from collections.abc import Iterator

import httpx
import pytest

from connectors.mastodon import MastodonConnector
from schemas.account import Account
from tests.connectors.mastodon_stage import Stage, staged
from tests.connectors.rig import FakeClock, Wire


@pytest.fixture
def stage(wire: Wire) -> Iterator[Stage]:
    with staged(wire) as found:
        yield found


@pytest.fixture(scope="module")
def reader() -> Iterator[MastodonConnector]:
    account = Account(
        account="toots",
        council="northbeck",
        platform="mastodon",
        handle="northbeck",
        native_id="1",
        base_url="https://social.northbeck.example",
    )
    with httpx.Client(timeout=60) as client:
        yield MastodonConnector(account, Wire(client).transport(account, FakeClock()), {})
