"""Cutting blogs: items overlap nowhere and with the rest give the body back, whatever people write."""

from dataclasses import replace

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.item import Item, visible
from conformance.platforms.wordpress import FeedFake, WordPressFake
from conformance.wire import Request
from conformance.world import World
from connectors.contract import Connector
from connectors.feed import FeedConnector
from connectors.wordpress import WordPressConnector
from schemas.account import Account
from schemas.capture import Response
from schemas.errors import MalformedItemError
from tests.connectors import golden
from tests.connectors.rig import START, FakeClock, Wire

CLIENT = httpx.Client(timeout=60)  # asks nothing here, and is dear to make
WORDS = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))
    | st.sampled_from("<>&\"'[]/item "),
    min_size=1,
    max_size=60,
)


def answer(platform: str, texts: list[str]) -> tuple[Connector, Response, list[Item]]:
    world = World()
    fake = (FeedFake if platform == "feed" else WordPressFake)(world)
    fake.base_url = "https://blogs.example"
    council = world.account(platform, "northbeck", "Northbeck", owned=True)
    made = [world.post(council, text, title=text) for text in texts]
    path = "/northbeck/feed/" if platform == "feed" else "/northbeck/wp-json/wp/v2/posts?per_page=100"
    reply = fake.answer(Request.of("GET", path))
    body = reply.encoded()
    assert isinstance(body, bytes)
    account = Account(
        account="news",
        council="northbeck",
        platform=platform,
        handle="northbeck",
        base_url=fake.address(council),
    )
    transport = Wire(CLIENT).transport(account, FakeClock())
    kind = FeedConnector if platform == "feed" else WordPressConnector
    response = Response(
        capture_id="c",
        walk_id="w",
        fetched_at=START,
        server_date=None,
        method="GET",
        address=f"https://blogs.example{path}",
        sent=b"",
        endpoint="feed" if platform == "feed" else "/wp/v2/posts",
        status=200,
        headers={"content-type": "application/rss+xml; charset=UTF-8"},
        body=body,
        api_version="",
        connector_version="1",
    )
    return kind(account, transport, {}), response, made


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(WORDS, min_size=1, max_size=6), platform=st.sampled_from(["wordpress", "feed"]))
def test_items_overlap_nowhere_and_with_the_rest_give_the_body_back(texts: list[str], platform: str) -> None:
    connector, response, made = answer(platform, texts)
    cut = list(connector.exhibits(response))
    assert len(cut) == len(made)
    pieces, at = [], 0
    for exhibit in cut:
        ((start, end),) = golden.spans(exhibit)[0]
        assert start >= at
        assert response.body[start:end] == exhibit.parts[0]
        pieces += [response.body[at:start], exhibit.parts[0]]
        at = end
    assert b"".join([*pieces, response.body[at:]]) == response.body


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(WORDS, min_size=1, max_size=4), platform=st.sampled_from(["wordpress", "feed"]))
def test_the_same_bytes_give_the_same_records_and_every_word(texts: list[str], platform: str) -> None:
    connector, response, made = answer(platform, texts)
    first, second = ([connector.read(exhibit) for exhibit in connector.exhibits(response)] for _ in range(2))
    assert first == second
    told = {reading.record.native_id: reading.record.text for reading in first if reading.record}
    assert {visible(told[item.native_id]) for item in made if platform == "wordpress"} <= {
        visible(item.text) for item in made
    }
    assert len(told) == len(made)


@pytest.mark.parametrize("body", [b"", b"[", b"[{]", b"<rss><channel><item>", b"\xff\xfe"])
@pytest.mark.parametrize("platform", ["wordpress", "feed"])
def test_a_body_that_is_not_whole_cannot_be_cut(platform: str, body: bytes) -> None:
    connector, response, _ = answer(platform, ["x"])
    with pytest.raises(MalformedItemError):
        list(connector.exhibits(replace(response, body=body)))


@settings(max_examples=60, deadline=None)
@given(junk=st.binary(max_size=300))
def test_no_bytes_make_the_reader_do_anything_but_refuse(junk: bytes) -> None:
    for platform in ("wordpress", "feed"):
        connector, response, _ = answer(platform, ["x"])
        (exhibit,) = connector.exhibits(response)
        forged = replace(exhibit, parts=(junk, *exhibit.parts[1:]))
        try:
            connector.read(forged)
        except MalformedItemError:
            continue
