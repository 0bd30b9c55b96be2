import base64
import http.client
import threading
import urllib.request
from contextlib import suppress
from typing import Any, ClassVar

import pytest
from typing_extensions import override

from conformance.fake import Fake, Reply, Request, Stream
from conformance.item import Link
from conformance.platforms import PLATFORMS, fake_class
from conformance.platforms.shortener import ShortenerFake
from conformance.server import serve
from conformance.world import World
from tests.conformance.tiny import ask


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("target", "headers", "body", "token"),
    [
        ("/a", {"Authorization": "Bearer abc"}, b"", "abc"),
        ("/a", {"authorization": basic("officer:app word")}, b"", "app word"),
        ("/a", {"Authorization": 'OAuth oauth_consumer_key="k", oauth_token="t%2F1"'}, b"", "t/1"),
        ("/a?access_token=q", {}, b"", "q"),
        ("/a", {}, b"access_token=form", "form"),
        ("/a", {}, b"", ""),
        ("/a", {"Authorization": "Basic !"}, b"", ""),
    ],
)
def test_a_credential_is_found_wherever_platforms_let_it_stand(
    target: str, headers: dict[str, str], body: bytes, token: str
) -> None:
    assert Request.of("GET", target, headers, body).token == token


def test_queries_keep_every_value_and_make_next_links() -> None:
    request = Request.of("GET", "/2/tweets%20x?ids=1,2&ids=3&id[]=4&limit=ten&n=-5")
    assert request.path == "/2/tweets x"
    assert request.listed("ids") == ["1", "2", "3"]
    assert request.listed("id") == ["4"]
    assert request.number("limit", 7) == 7
    assert request.number("n", 7) == -5
    assert request.get("nothing", "x") == "x"
    assert request.again(ids=None, limit=3, after="a b") == "/2/tweets x?id%5B%5D=4&n=-5&limit=3&after=a+b"
    assert Request.of("POST", "/", {}, b'{"a": 1}').json() == {"a": 1}
    assert Request.of("POST", "/", {}, b"{").json() is None


class Odd(Fake):
    platform: ClassVar[str] = "odd"
    escaped: ClassVar[bool] = True

    @override
    def handle(self, request: Request) -> Reply:
        match request.parts:
            case ["json"]:
                return Reply(body={"text": "dŵr/tŷ"})
            case ["stream"]:
                return Reply(body=Stream(chunks=iter([b"one", b"two"])))
            case ["nap"]:
                return Reply(body="x", delay=60.0)
            case ["page"]:
                return Reply(body="<p>hello</p>")
            case _:
                raise ZeroDivisionError


@pytest.fixture
def odd() -> Any:
    world = World()
    with serve(world, [Odd(world)]) as site:
        yield site.url_of("odd")


def test_json_is_escaped_as_meta_sends_it(odd: str) -> None:
    reply = ask(f"{odd}/json")
    assert reply.body == rb'{"text":"d\u0175r\/t\u0177"}'
    assert reply.json == {"text": "dŵr/tŷ"}


def test_a_stream_without_a_length_comes_in_chunks(odd: str) -> None:
    reply = ask(f"{odd}/stream")
    assert (reply.body, reply.headers["transfer-encoding"]) == (b"onetwo", "chunked")


def test_text_is_html_and_head_has_no_body(odd: str) -> None:
    assert ask(f"{odd}/page").headers["content-type"].startswith("text/html")
    head = ask(f"{odd}/page", method="HEAD")
    assert (head.body, head.headers["content-length"]) == (b"", "12")


def test_a_defect_of_a_fake_is_an_answer_and_not_a_hanging_client(odd: str) -> None:
    reply = ask(f"{odd}/boom")
    assert reply.status == 500
    assert reply.json == {"fake broke": "ZeroDivisionError: "}


def test_a_slow_body_holds_up_nobody_else(odd: str) -> None:
    def nap() -> None:
        with suppress(OSError, http.client.HTTPException):  # the site is closed before the body comes
            ask(f"{odd}/nap")

    slow = threading.Thread(target=nap)
    slow.start()
    assert ask(f"{odd}/json").status == 200
    assert slow.is_alive()


def test_a_short_link_leads_to_its_target_wherever_it_was_written() -> None:
    world = World()
    fake = ShortenerFake(world)
    with serve(world, [fake]) as site:
        council = world.account("x", "northbeck")
        link = Link(url="https://bit.ly/NbBins", target="https://www.northbeck.example/bins")
        world.post(council, f"See {link.url}", links=[link])
        found = ask(f"{site.url_of('short')}/bit.ly/NbBins")
        assert (found.status, found.headers["location"]) == (301, link.target)
        assert ask(f"{site.url_of('short')}/bit.ly/other").status == 404
        fake.knobs.link_redirect = "http://10.0.0.1/"
        assert ask(f"{site.url_of('short')}/bit.ly/NbBins").headers["location"] == "http://10.0.0.1/"


def test_the_registry_names_the_fake_of_each_platform() -> None:
    assert fake_class("short") is ShortenerFake
    assert all(fake_class(name).platform == name for name in PLATFORMS)


def test_a_closed_site_leaves_no_connection_behind() -> None:
    world = World()
    with serve(world, [Odd(world)]) as site:
        url = f"{site.url_of('odd')}/json"
        with urllib.request.urlopen(url) as reply:  # noqa: S310 - our own loopback address
            assert reply.status == 200
    with pytest.raises(OSError, match="refused"):
        ask(url)
