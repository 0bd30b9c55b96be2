"""Bluesky against its lexicons: every request of the connector, every reply of the fake, real examples."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from conformance.item import Link, Media
from conformance.platforms.bluesky import BlueskyFake
from conformance.server import serve
from conformance.world import World
from schemas.account import Account
from schemas.capture import Response
from schemas.vocabulary import Stream
from tests.connectors import golden
from tests.connectors.bluesky_stage import Reader, ref
from tests.connectors.rig import Wire, WorldClock
from tests.specs.lexicons import Lexicons

pytestmark = pytest.mark.specs


@pytest.fixture(scope="module")
def lexicons() -> Lexicons:
    folder = os.environ.get("MUNIMENT_SPECS")
    assert folder, "MUNIMENT_SPECS names no folder with the vendors' specifications"
    return Lexicons(Path(folder) / "lexicons")


@pytest.fixture
def answers() -> Iterator[list[Response]]:
    """What every kind of walk gets from the fake, its server's own listing too."""
    world = World()
    fake = BlueskyFake(world)
    fake.knobs.page_size, fake.most_levels = 2, 2
    with serve(world, [fake]) as site, httpx.Client(timeout=60) as client:
        council = world.account("bluesky", "anytown.example", "Anytown", owned=True, description="News")
        resident = world.account("bluesky", "resident.example")
        link = Link(url="https://bit.ly/x", target="https://anytown.example/")
        root = world.post(council, "Gŵyl https://bit.ly/x", media=[Media(id="x", alt="A")], links=[link])
        gone = world.post(council, "Gone")
        rude = world.comment(root, "Rude", author=resident)
        deep = world.comment(world.comment(rude, "Deep", author=resident), "Deeper", author=council)
        orphan = world.comment(gone, "To the one that is gone", author=council)
        world.hide(rude)
        world.delete(gone, subtree=False)
        world.sync()
        base = site.url_of("bluesky")
        account = Account(
            account="b",
            council="c",
            platform="bluesky",
            handle="anytown.example",
            native_id=council.id,
            base_url=base,
        )
        reader = Reader(Wire(client), WorldClock(world), account)
        own = reader.connector(options={"pds": base})
        wanted = [ref(one.native_id, one.root.native_id) for one in (rude, deep, gone, orphan)]
        found = (
            reader.run(stream=Stream.PROFILE),
            reader.run(),
            reader.run(connector=own),
            reader.thread(root.native_id),
            reader.by_id(*wanted, control=root.native_id),
        )
        yield [response for one in found for response in one.responses]


def test_every_request_is_one_the_lexicons_know(lexicons: Lexicons, answers: list[Response]) -> None:
    wrong = {
        response.endpoint: lexicons.request(response.endpoint, query(response.address))
        for response in answers
    }
    assert len(wrong) == 5
    assert not any(wrong.values()), wrong


def test_every_reply_of_the_fake_is_one_the_lexicons_allow(
    lexicons: Lexicons, answers: list[Response]
) -> None:
    wrong = [fault for response in answers for fault in lexicons.reply(response.endpoint, decoded(response))]
    assert wrong == []


def test_the_check_finds_what_is_invented_missing_or_of_another_type(
    lexicons: Lexicons, answers: list[Response]
) -> None:
    (feed, *_) = [one for one in answers if one.endpoint == "app.bsky.feed.getAuthorFeed"]
    told = decoded(feed)
    post = told["feed"][0]["post"]
    post["mood"], post["likeCount"], post["record"]["text"] = "cheerful", "3", 7
    del post["cid"]
    wrong = lexicons.reply(feed.endpoint, told)
    assert sorted(fault.rpartition("/")[2] for fault in wrong) == [
        "cid: missing",
        "likeCount: not integer",
        "mood: invented",
        "text: not string",
    ]


@pytest.mark.parametrize("name", [name for name in golden.names("bluesky") if "not-found" not in name])
def test_answers_of_the_real_network_hold_to_them_too(lexicons: Lexicons, name: str) -> None:
    response = golden.load("bluesky", name)
    # The network is newer than the lexicons by two counters, and the seeded posts of the recorded thread
    # carry a copy of what they answer.
    newer = ("opThreadPostIndex: invented", "opThreadPostCount: invented", "/value: invented")
    wrong = lexicons.reply(response.endpoint, decoded(response))
    assert [fault for fault in wrong if not fault.endswith(newer)] == []


def query(address: str) -> dict[str, list[str]]:
    params = httpx.URL(address).params
    return {name: params.get_list(name) for name in params}


def decoded(response: Response) -> Any:
    return msgspec.json.decode(response.body)
