"""Addresses found in posts are hostile input: no private network, no credential, no end without a cap."""

import gzip
import io
import time
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from connectors.download import Downloader
from schemas.errors import MediaLapsedError
from schemas.vocabulary import Reason
from tests.connectors.stub_site import Said, StubSite, stub_site

MEGABYTE = 1024 * 1024


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60) as made:
        yield made


def trusted(site: StubSite) -> set[str]:
    return {urlsplit(site.url).netloc}


def nowhere(_host: str, _port: int) -> Collection[str]:
    raise AssertionError("a trusted host is not looked up")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/x",
        "http://localhost/x",
        "http://10.1.2.3/x",
        "http://192.168.0.1/x",
        "http://172.16.9.9/x",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/x",
        "http://[fe80::1]/x",
        "http://[::ffff:127.0.0.1]/x",
        "http://[64:ff9b::7f00:1]/x",
        "http://[2002:a00:1::]/x",
        "http://[::127.0.0.1]/x",
        "http://[::ffff:0:127.0.0.1]/x",
        "http://[64:ff9b:1::7f00:1]/x",
        "http://[fec0::1]/x",
        "http://[fd00::1]/x",
        "http://168.63.129.16/machine",
        "http://0.0.0.0/x",
        "file:///etc/passwd",
        "ftp://example.org/x",
        "gopher://example.org/x",
        "http://user:password@example.org/x",
        "http:///x",
        "not an address",
        "http://[::1",
        "http://xn--a/x",
    ],
)
def test_a_private_address_is_never_spoken_to(url: str, client: httpx.Client) -> None:
    answer = Downloader(client).download(url, io.BytesIO(), most_bytes=MEGABYTE)
    assert answer.why_not is Reason.FORBIDDEN_ADDRESS


def test_a_name_that_leads_to_a_private_address_among_public_ones_is_refused(client: httpx.Client) -> None:
    def look_up(_host: str, _port: int) -> Collection[str]:
        return {"93.184.216.34", "10.0.0.7"}

    answer = Downloader(client, look_up=look_up).download(
        "https://cdn.example/x", io.BytesIO(), most_bytes=MEGABYTE
    )
    assert answer.why_not is Reason.FORBIDDEN_ADDRESS


def test_a_redirect_to_a_private_address_is_refused(client: httpx.Client) -> None:
    def answer(path: str, _number: int) -> Said:
        where = {"/a": "http://169.254.169.254/latest/", "/b": "http://10.0.0.1/", "/c": "file:///etc/passwd"}
        return Said(status=302, headers={"location": where[path]})

    with stub_site(answer) as site:
        downloader = Downloader(client, trusted=trusted(site))
        for path in ("/a", "/b", "/c"):
            into = io.BytesIO()
            found = downloader.download(site.url + path, into, most_bytes=MEGABYTE)
            assert (found.why_not, into.getvalue()) == (Reason.FORBIDDEN_ADDRESS, b"")


@pytest.mark.parametrize("url", [f"https://{'a' * 64}.example/x", "http://a..b/x", "http://.../x"])
def test_a_name_that_can_be_none_costs_its_file_and_no_more(url: str, client: httpx.Client) -> None:
    downloader = Downloader(client)
    with pytest.raises(MediaLapsedError, match="not known"):
        downloader.download(url, io.BytesIO(), most_bytes=MEGABYTE)
    with pytest.raises(MediaLapsedError, match="not known"):
        downloader.expand(url)


@pytest.mark.parametrize("location", ["http://[", "//[x", "http://xn--a/", "http://h:port/"])
def test_a_redirect_to_what_is_no_address_is_refused(location: str, client: httpx.Client) -> None:
    with stub_site(lambda _path, _number: Said(status=302, headers={"location": location})) as site:
        downloader = Downloader(client, trusted=trusted(site))
        try:
            found = downloader.download(site.url, io.BytesIO(), most_bytes=MEGABYTE)
        except MediaLapsedError:
            pass  # httpx itself will not take such a redirect
        else:
            assert found.why_not is Reason.FORBIDDEN_ADDRESS


def test_a_file_that_is_not_packed_as_it_says_has_broken_off(client: httpx.Client) -> None:
    packed = Said(headers={"content-encoding": "gzip"}, body=b"this is no gzip")
    with stub_site(lambda _path, _number: packed) as site, pytest.raises(MediaLapsedError):
        Downloader(client, trusted=trusted(site)).download(site.url, io.BytesIO(), most_bytes=MEGABYTE)


def test_a_file_packed_twice_is_not_unpacked(client: httpx.Client) -> None:
    body = b"\0" * MEGABYTE
    packed = Said(headers={"content-encoding": "gzip, gzip"}, body=gzip.compress(gzip.compress(body)))
    with stub_site(lambda _path, _number: packed) as site, pytest.raises(MediaLapsedError):
        Downloader(client, trusted=trusted(site)).download(site.url, io.BytesIO(), most_bytes=2 * MEGABYTE)


def test_a_small_file_that_unpacks_past_the_cap_is_cut_off(client: httpx.Client) -> None:
    packed = Said(headers={"content-encoding": "gzip"}, body=gzip.compress(b"\0" * 8 * MEGABYTE))
    with stub_site(lambda _path, _number: packed) as site:
        into = io.BytesIO()
        found = Downloader(client, trusted=trusted(site)).download(site.url, into, most_bytes=MEGABYTE)
    assert found.why_not is Reason.TOO_LARGE
    assert len(into.getvalue()) <= MEGABYTE


DRIPPING = (
    Said(body=b"x", times=10_000, pause=0.05),
    Said(headers={"x-padding": "x" * 2_000}, pause_in_head=0.05),
)


@pytest.mark.parametrize("dripping", DRIPPING, ids=["body", "headers"])
def test_a_file_that_drips_is_given_up(dripping: Said, client: httpx.Client) -> None:
    with stub_site(lambda _path, _number: dripping) as site:
        downloader = Downloader(client, trusted=trusted(site), most_seconds=0.2)
        began = time.monotonic()
        with pytest.raises(MediaLapsedError):
            downloader.download(site.url, io.BytesIO(), most_bytes=MEGABYTE)
        assert time.monotonic() - began < 60


def test_redirects_end(client: httpx.Client) -> None:
    def answer(path: str, _number: int) -> Said:
        return Said(status=302, headers={"location": path + "x"})

    with stub_site(answer) as site:
        found = Downloader(client, trusted=trusted(site)).download(
            site.url + "/x", io.BytesIO(), most_bytes=MEGABYTE
        )
        assert found.why_not is Reason.UNAVAILABLE
        assert len(site.asked) == 6


def test_ten_gigabytes_declared_are_not_fetched(client: httpx.Client) -> None:
    def answer(_path: str, _number: int) -> Said:
        return Said(body=b"x", length=10 * 1024**3)

    with stub_site(answer) as site:
        into = io.BytesIO()
        found = Downloader(client, trusted=trusted(site)).download(site.url, into, most_bytes=MEGABYTE)
        assert (found.why_not, into.getvalue()) == (Reason.TOO_LARGE, b"")


def test_a_file_that_grows_past_the_cap_is_cut_off(client: httpx.Client) -> None:
    def answer(_path: str, _number: int) -> Said:
        return Said(body=b"y" * MEGABYTE, times=8, untold=True)

    with stub_site(answer) as site:
        downloader = Downloader(client, trusted=trusted(site))
        into = io.BytesIO()
        found = downloader.download(site.url, into, most_bytes=2 * MEGABYTE)
        assert found.why_not is Reason.TOO_LARGE
        assert len(into.getvalue()) <= 2 * MEGABYTE


def test_a_lapsed_address_is_told_from_one_that_failed(client: httpx.Client) -> None:
    def answer(path: str, _number: int) -> Said:
        return Said(status=int(path[1:]))

    with stub_site(answer) as site:
        downloader = Downloader(client, trusted=trusted(site), look_up=nowhere)
        for status in (403, 404, 410):
            found = downloader.download(f"{site.url}/{status}", io.BytesIO(), most_bytes=MEGABYTE)
            assert found.why_not is Reason.LAPSED
        with pytest.raises(MediaLapsedError):
            downloader.download(f"{site.url}/500", io.BytesIO(), most_bytes=MEGABYTE)


def test_bytes_come_whole_and_without_any_credential(client: httpx.Client) -> None:
    with stub_site(
        lambda _path, _number: Said(headers={"content-type": "image/png"}, body=b"\x89PNG")
    ) as site:
        into = io.BytesIO()
        found = Downloader(client, trusted=trusted(site)).download(site.url, into, most_bytes=MEGABYTE)
        assert (found.media_type, found.size_bytes, into.getvalue()) == ("image/png", 4, b"\x89PNG")
        ((_, headers),) = site.asked
        assert not {"authorization", "cookie"} & set(headers)


def test_a_short_link_is_resolved_without_reading_its_target(client: httpx.Client) -> None:
    target = "https://www.anytown.example/bins"
    with stub_site(lambda _path, _number: Said(status=301, headers={"location": target})) as site:
        found = Downloader(client, trusted=trusted(site)).expand(site.url + "/AbC12")
        assert (found.target, found.why_not) == (target, None)
        assert len(site.asked) == 1


def test_a_short_link_into_a_private_network_is_told_but_not_followed(client: httpx.Client) -> None:
    with stub_site(lambda _path, _number: Said(status=301, headers={"location": "http://10.0.0.1/"})) as site:
        found = Downloader(client, trusted=trusted(site)).expand(site.url + "/AbC12")
        assert found.target == "http://10.0.0.1/"


def test_a_dead_short_link_has_lapsed(client: httpx.Client) -> None:
    with stub_site(lambda _path, _number: Said(status=404)) as site:
        found = Downloader(client, trusted=trusted(site)).expand(site.url + "/AbC12")
        assert (found.target, found.why_not) == (None, Reason.LAPSED)
