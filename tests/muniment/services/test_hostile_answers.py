"""Whatever stands in an answer, a walk goes on: what cannot be read is filed as unread, and nothing stops.

Every value of a recorded answer is replaced, one after another, by what no platform should send and some
server will: other types, addresses that are none, numbers beyond any time, letters that are none.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import httpx
import pyarrow as pa
import pytest

from connectors.contract import Connector
from connectors.registry import build
from muniment.services.reading import cut, findings
from schemas.account import Account
from schemas.capture import Edge, Response, Walk
from schemas.errors import MalformedItemError
from schemas.vocabulary import Stream
from tests.connectors import golden
from tests.connectors.rig import FakeClock, Wire

HOSTILE: Final[tuple[Any, ...]] = (
    *(None, True, -1, 10**30, 1e308, [], {}, [None], {"a": 1}, "", "\x00", "\udc00", "at://x", "\u00b2"),
    *("9" * 5000, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-13-01"),
    *("https://[x/", "http://a..b/x.png", "<a href='https://[x'>y</a><img src='http://xn--a/p.png'>"),
)
SECRETS: Final = {
    "x": {"bearer_token": "t"},
    "facebook": {"page_token": "t"},
    "mastodon": {"access_token": "t"},
}
ANSWERS: Final = (
    *(("x", name) for name in ("media", "quote", "deletion", "profile")),
    *(("facebook", name) for name in ("sample-photos", "comments", "post-edited", "profile")),
    *(("bluesky", name) for name in ("post-after-edit", "posts-own-server", "profile")),
    *(("mastodon", name) for name in ("own-answer", "recorded-history", "profile")),
    *(("wordpress", name) for name in ("comments_at_depth_of_anybody", "profile")),
)
"""A feed is no JSON: its own tests are hostile."""


@pytest.fixture
def wire() -> Iterator[Wire]:
    with httpx.Client(timeout=60) as client:
        yield Wire(client)


def places(told: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the place of each value; of a list the first two stand for all."""
    yield path
    if isinstance(told, dict):
        for name, value in told.items():
            yield from places(value, (*path, name))
    elif isinstance(told, list):
        for number, value in enumerate(told[:2]):
            yield from places(value, (*path, number))


def altered(told: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """Return what was told with one value replaced."""
    if not path:
        return value
    here, *rest = path
    pairs = told.items() if isinstance(told, dict) else enumerate(told)
    found = {name: altered(one, tuple(rest), value) if name == here else one for name, one in pairs}
    return found if isinstance(told, dict) else list(found.values())


def check(connector: Connector, walk: Walk, response: Response) -> int:
    """Take an answer as far as the rows that `keep` writes; return how many records it gave."""
    try:
        one = cut(connector, response)
    except MalformedItemError:
        return 0  # laid aside whole
    found = findings(connector, walk, [one], known={}, council_ids=())
    list(connector.addresses(response))
    values = [filing.record for filing in found.filings]
    texts = [text for each in values for text in (each.record_id, each.text, each.title, each.author_name)]
    pa.array(texts, pa.string())
    pa.array([each.created_at for each in values], pa.timestamp("us", "UTC"))
    pa.array([link for each in values for link in each.links], pa.string())
    assert all(type(count) is int for look in found.looks for count in look.metrics.values())
    return len(values)


@pytest.mark.parametrize(("platform", "name"), ANSWERS)
def test_no_value_of_an_answer_can_stop_a_walk(wire: Wire, platform: str, name: str) -> None:
    secrets = SECRETS.get(platform, {})
    account = Account(
        account="main",
        council="northbeck",
        platform=platform,
        handle="northbeck",
        native_id="2200007919",
        base_url="https://news.northbeck.example",
    )
    transport = wire.transport(account, FakeClock(), tuple(secrets.values()))
    connector = build(account, transport, secrets)
    walk = Walk(walk_id="walk-1", account=account, stream=Stream.POSTS, ask=Edge())
    response = golden.load(platform, name)
    assert check(connector, walk, response) > 0
    told = json.loads(response.body)
    for path in places(told):
        for value in HOSTILE:
            body = json.dumps(altered(told, path, value)).encode()
            check(connector, walk, replace(response, body=body))
