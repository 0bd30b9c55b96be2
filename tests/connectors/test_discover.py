"""What an address is: found on the site itself, refused where a credential is needed."""

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from typing_extensions import override

from conformance.knobs import Fault
from conformance.platforms.wordpress import FeedFake, WordPressFake
from conformance.server import Site, serve
from conformance.world import World
from connectors.discover import Found, discover
from schemas.errors import BadInputError


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60) as client:
        yield client


@pytest.fixture
def site() -> Iterator[Site]:
    world = World()
    with serve(world, [WordPressFake(world), FeedFake(world)]) as site:
        world.account("wordpress", "northbeck", "Northbeck News", owned=True)
        world.account("feed", "museum", "Museum", owned=True)
        yield site


@pytest.fixture
def pages() -> Iterator[tuple[str, dict[str, tuple[str, Any]]]]:
    """A server of fixed pages: path -> content type and body."""
    told: dict[str, tuple[str, Any]] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = told.get(self.path.partition("?")[0], ("", None))
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(404 if body is None else 200)
            self.send_header("content-type", kind)
            self.end_headers()
            self.wfile.write(raw)

        @override
        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", told
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_wordpress_site_is_found_by_its_own_word(site: Site, client: httpx.Client) -> None:
    home = f"{site.url_of('wordpress')}/northbeck"
    expected = Found(platform="wordpress", handle=home.partition("://")[2], base_url=home)
    assert discover(home, client) == expected
    assert discover(f"{home}/", client) == expected


def test_a_site_with_a_closed_interface_is_read_by_its_feed(site: Site, client: httpx.Client) -> None:
    home = f"{site.url_of('wordpress')}/northbeck"
    site.fakes["wordpress"].knobs.faults = [Fault(match="wp-json", status=403, body={"code": "no"})]
    found = discover(home, client)
    assert (found.platform, found.base_url) == ("feed", f"{home}/feed/")


def test_a_blog_is_found_by_the_feed_it_names_and_a_feed_by_itself(site: Site, client: httpx.Client) -> None:
    home = f"{site.url_of('feed')}/museum"
    for address in (home, f"{home}/feed/"):
        found = discover(address, client)
        assert (found.platform, found.base_url) == ("feed", f"{home}/feed/")


@pytest.mark.parametrize("path", ["northbeck.bsky.social", "did:plc:abc123/post/3k"])
def test_bluesky_is_asked_whether_it_knows_the_account(path: str, client: httpx.Client) -> None:
    """Whom it knows is archived in tests/operate/test_trial.py; here nobody answers."""
    with pytest.raises(BadInputError, match=f"Bluesky shows no account {path.partition('/')[0]}"):
        discover(f"bsky.app/profile/{path}", client)


def test_mastodon_is_believed_only_when_the_server_knows_the_account(
    pages: tuple[str, dict[str, tuple[str, Any]]], client: httpx.Client
) -> None:
    base, told = pages
    told["/api/v1/accounts/lookup"] = ("application/json", {"id": "1094", "username": "northbeck"})
    expected = Found(platform="mastodon", handle="northbeck", base_url=base, native_id="1094")
    assert discover(f"{base}/@northbeck", client) == expected
    assert discover(f"{base}/users/northbeck/", client) == expected
    told.clear()
    told["/@northbeck"] = ("text/html", b'<link rel="alternate" type="application/rss+xml" href="/rss">')
    assert discover(f"{base}/@northbeck", client).base_url == f"{base}/rss"


def test_a_wordpress_without_pretty_addresses_is_asked_where_it_says(
    pages: tuple[str, dict[str, tuple[str, Any]]], client: httpx.Client
) -> None:
    base, told = pages
    told["/blog"] = (
        "text/html",
        f"<link rel='https://api.w.org/' href='{base}/index.php?rest_route=/' />".encode(),
    )
    told["/index.php"] = ("application/json", {"home": f"{base}/blog", "namespaces": ["wp/v2"]})
    found = discover(f"{base}/blog", client)
    assert (found.platform, found.base_url) == ("wordpress", f"{base}/blog")
    assert found.options == {"api": f"{base}/index.php?rest_route=/"}


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://x.com/northbeck", "councils/<council>.yml"),
        ("https://twitter.com/northbeck", "credential"),
        ("www.facebook.com/northbeck", "credential"),
        ("https://m.facebook.com/northbeck", "credential"),
        ("https://www.instagram.com/northbeck", "cannot be archived yet"),
        ("https://uk.linkedin.com/company/northbeck", "cannot be archived yet"),
        ("ftp://example.org", "no address"),
        ("https://", "no address"),
        ("http://127.0.0.1:9/", "cannot be reached"),
    ],
)
def test_what_cannot_be_read_is_refused_in_plain_words(
    address: str, words: str, client: httpx.Client
) -> None:
    with pytest.raises(BadInputError) as told:
        discover(address, client)
    assert words in str(told.value)


def test_a_page_of_nothing_is_refused(
    pages: tuple[str, dict[str, tuple[str, Any]]], client: httpx.Client
) -> None:
    base, told = pages
    told["/"] = ("text/html", b"<h1>A page</h1>")
    for address, words in ((f"{base}/", "neither"), (f"{base}/none", "status 404")):
        with pytest.raises(BadInputError, match=words):
            discover(address, client)


@pytest.mark.parametrize(
    "told",
    [
        {"home": 5, "namespaces": ["wp/v2"]},
        {"home": "https://[", "namespaces": ["wp/v2"]},
        {"home": "file:///etc/passwd", "namespaces": ["wp/v2"]},
        {"home": "https://admin:hunter2@x.example", "namespaces": ["wp/v2"]},
        {"home": "https://x.example", "namespaces": None},
        [["wp/v2"]],
        b"[" * 5000 + b"]" * 5000,
        b"\xff\xfe",
    ],
)
def test_a_site_that_tells_nonsense_of_itself_is_read_by_its_feed(
    pages: tuple[str, dict[str, tuple[str, Any]]], client: httpx.Client, told: Any
) -> None:
    base, served = pages
    links = (
        b'<link rel="https://api.w.org/" href="/wp-json/">'
        b'<link rel="alternate" type="application/rss+xml" href="/feed">'
    )
    served["/"] = ("text/html", links)
    served["/wp-json/"] = ("application/json", told)
    assert discover(f"{base}/", client).base_url == f"{base}/feed"


@pytest.mark.parametrize(
    "href", ["file:///etc/passwd", "http://[", "javascript:alert(1)", "https://me:hunter2@x.example/feed"]
)
def test_a_feed_at_what_is_no_address_is_not_taken(
    pages: tuple[str, dict[str, tuple[str, Any]]], client: httpx.Client, href: str
) -> None:
    base, served = pages
    served["/"] = ("text/html", f'<link rel="alternate" type="application/rss+xml" href="{href}">'.encode())
    with pytest.raises(BadInputError) as told:
        discover(f"{base}/", client)
    assert "hunter2" not in str(told.value)
