"""The one seam to the network: waits, tries, secrets and challenge pages."""

import gzip
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from connectors.download import Downloader
from connectors.transport import MARK, Expects, Transport
from connectors.walks import TokenGuard
from muniment.bootstrap.opening import open_muniment
from muniment.settings import from_environment
from schemas.account import Account
from schemas.errors import (
    RateLimitedError,
    RepeatedTokenError,
    SourceChallengedError,
    SourceUnavailableError,
)
from tests.connectors.rig import START, FakeClock, NoBudget
from tests.connectors.stub_site import Said, stub_site
from tests.waiting import until

DRIPPING = Said(headers={"content-type": "application/json"}, body=b"[", times=10_000, pause=0.04)
DRIPPING_HEAD = Said(headers={"x-padding": "x" * 2_000}, pause_in_head=0.04)
SECRET = "EAAB/planted+token=="
ACCOUNT = Account(account="page", council="anytown", platform="facebook", handle="anytown")


class Rig:
    def __init__(self, client: httpx.Client, *, most_seconds: float = 60.0) -> None:
        self.clock = FakeClock()
        self.budget = NoBudget()
        self.laid_aside: dict[str, bytes] = {}
        self.transport = Transport(
            account=ACCOUNT,
            clock=self.clock,
            secrets=(SECRET,),
            budget=self.budget,
            quarantine=self.laid_aside.__setitem__,
            client=client,
            downloader=Downloader(client),
            most_seconds=most_seconds,
        )


@pytest.fixture
def rig() -> Iterator[Rig]:
    with httpx.Client(timeout=60) as client:
        yield Rig(client)


def json_body(body: bytes = b"{}", **more: object) -> Said:
    told: dict[str, object] = {"headers": {"content-type": "application/json"}, "body": body}
    return Said(**{**told, **more})  # type: ignore[arg-type] # built from names


def test_a_short_wait_is_waited_and_a_long_one_is_left_to_the_schedule(rig: Rig) -> None:
    def answer(_path: str, number: int) -> Said:
        return json_body(status=429, headers={"retry-after": "20"}) if number == 0 else json_body()

    with stub_site(answer) as site:
        assert rig.transport.get(site.url).status == 200
        assert rig.clock.waits == [20.0]
    with stub_site(lambda _path, _number: json_body(status=429, headers={"retry-after": "900"})) as site:
        with pytest.raises(RateLimitedError) as raised:
            rig.transport.get(site.url)
        assert raised.value.resume_at is not None
        assert raised.value.resume_at - rig.clock.now() == timedelta(seconds=900)
        assert len(site.asked) == 1


def test_a_platform_that_never_stops_asking_to_wait_is_given_up(rig: Rig) -> None:
    with stub_site(lambda _path, _number: json_body(status=429, headers={"retry-after": "1"})) as site:
        with pytest.raises(RateLimitedError):
            rig.transport.get(site.url)
        assert len(site.asked) < 10


@pytest.mark.parametrize(
    "told",
    [
        "9" * 30,
        "99999999999",
        "\u00b2",
        "-5",
        "soon",
        "Fri, 31 Dec 9999 23:59:59 -1200",
        "Mon, 20 Nov 2090 19:12:08 GMT",
        "Mon, 20 Nov 1995 19:12:08 +99999999999999999999",
    ],
)
def test_nobody_can_have_an_account_left_alone_for_longer_than_a_day(rig: Rig, told: str) -> None:
    answer = json_body(status=429, headers={"retry-after": told, "date": told})
    with stub_site(lambda _path, _number: answer) as site, pytest.raises(RateLimitedError) as raised:
        rig.transport.get(site.url)
    assert raised.value.resume_at is not None
    assert raised.value.resume_at - rig.clock.now() <= timedelta(days=1)


def test_a_fault_of_the_platform_is_tried_three_times(rig: Rig) -> None:
    with stub_site(lambda _path, number: json_body(status=503 if number < 2 else 200)) as site:
        assert rig.transport.get(site.url).status == 200
    with stub_site(lambda _path, _number: json_body(status=500)) as site:
        with pytest.raises(SourceUnavailableError):
            rig.transport.get(site.url)
        assert len(site.asked) == 3


def test_no_answer_at_all_is_a_fault_of_the_platform(rig: Rig) -> None:
    with pytest.raises(SourceUnavailableError):
        rig.transport.get("http://127.0.0.1:1/")


def test_a_body_packed_twice_is_no_answer(rig: Rig) -> None:
    body = gzip.compress(gzip.compress(b"{}"))
    headers = {"content-type": "application/json", "content-encoding": "gzip, gzip"}
    packed = json_body(body, headers=headers)
    with stub_site(lambda _path, _number: packed) as site, pytest.raises(SourceUnavailableError):
        rig.transport.get(site.url)


@pytest.mark.parametrize("dripping", [DRIPPING, DRIPPING_HEAD], ids=["body", "headers"])
def test_an_answer_that_drips_is_no_answer(dripping: Said) -> None:
    with httpx.Client(timeout=60) as client, stub_site(lambda _path, _number: dripping) as site:
        began = time.monotonic()
        with pytest.raises(SourceUnavailableError):
            Rig(client, most_seconds=0.1).transport.get(site.url)
        assert time.monotonic() - began < 60


def test_an_answer_that_drips_through_a_proxy_is_no_answer() -> None:
    with (
        stub_site(lambda _path, _number: DRIPPING_HEAD) as proxy,
        httpx.Client(timeout=60, proxy=proxy.url) as client,
    ):
        began = time.monotonic()
        with pytest.raises(SourceUnavailableError):
            Rig(client, most_seconds=0.5).transport.get("http://elsewhere.example/")
        assert time.monotonic() - began < 60
        until(lambda: len(proxy.asked) == 3)  # its threads note it when they are given time


def test_no_cookie_of_one_account_is_shown_for_another(tmp_path: Path) -> None:
    headers = {"content-type": "application/json", "set-cookie": "session=1; Path=/"}
    settings = from_environment({"MUNIMENT_HOME": str(tmp_path)})
    with stub_site(lambda _path, _number: json_body(headers=headers)) as site, open_muniment(settings) as one:
        for client in (one.client, one.media_client):
            for _ in range(2):
                client.get(site.url)
    assert [headers.get("cookie") for _, headers in site.asked] == [None] * 4


def test_a_404_is_the_connectors_to_understand(rig: Rig) -> None:
    with stub_site(lambda _path, _number: json_body(status=404)) as site:
        assert rig.transport.get(site.url).status == 404


@pytest.mark.parametrize(
    "page",
    [b"<!DOCTYPE html><title>Log in</title>", b"  \n<html><body>", b"<?xml version='1.0'?><a/>"],
)
def test_a_login_page_where_data_was_due_is_no_success(rig: Rig, page: bytes) -> None:
    with stub_site(lambda _path, _number: Said(headers={"content-type": "text/html"}, body=page)) as site:
        with pytest.raises(SourceChallengedError) as raised:
            rig.transport.get(site.url)
        assert list(rig.laid_aside.values()) == [page]
        assert "Log in" not in str(raised.value)


def test_xml_is_no_challenge_where_a_feed_was_asked_for(rig: Rig) -> None:
    feed = b"<?xml version='1.0'?><rss/>"
    with stub_site(lambda _path, _number: Said(body=feed)) as site:
        assert rig.transport.get(site.url, expects=Expects.XML).body == feed


def test_a_planted_secret_is_in_nothing_that_is_handed_on(rig: Rig) -> None:
    escaped = httpx.QueryParams({"access_token": SECRET})
    body = f'{{"next": "https://graph.example/?{escaped}&after=1", "raw": "{SECRET}"}}'.encode()
    headers = {"content-type": "application/json", "link": f"<https://x.example/?{escaped}>; rel=next"}
    with stub_site(lambda _path, _number: json_body(body, headers=headers)) as site:
        answer = rig.transport.get(site.url, {"access_token": SECRET, "after": "1"})
        path, _ = site.asked[0]
        assert "EAAB" in path  # it was sent
    handed_on = repr(answer)
    for form in (SECRET, "EAAB%2Fplanted", "EAAB/planted"):
        assert form not in handed_on
    assert answer.body.count(MARK.encode()) == 2
    assert answer.secrets_masked >= 2


def test_a_secret_learnt_on_the_way_is_masked_too(rig: Rig) -> None:
    rig.transport.learn_secret("fresh-token")
    with stub_site(lambda _path, _number: json_body(b'"fresh-token"')) as site:
        assert b"fresh-token" not in rig.transport.get(site.url).body


def test_only_kept_headers_are_kept_and_no_cookie(rig: Rig) -> None:
    headers = {"content-type": "application/json", "set-cookie": "session=1", "x-wp-total": "7"}
    with stub_site(lambda _path, _number: json_body(headers=headers)) as site:
        kept = rig.transport.get(site.url).headers
    assert kept["x-wp-total"] == "7"
    assert "set-cookie" not in kept


def test_both_clocks_are_told(rig: Rig) -> None:
    with stub_site(lambda _path, _number: json_body()) as site:
        answer = rig.transport.get(site.url)
    assert answer.fetched_at == START
    assert answer.server_date is not None
    assert answer.server_date.tzinfo is not None


def test_a_budget_that_says_later_is_obeyed(rig: Rig) -> None:
    rig.transport.pause(rig.clock.now() + timedelta(seconds=30))
    with stub_site(lambda _path, _number: json_body()) as site:
        rig.transport.get(site.url)
        assert rig.clock.waits == [30.0]
        rig.budget.pause(datetime(2027, 1, 1, tzinfo=UTC))
        with pytest.raises(RateLimitedError):
            rig.transport.get(site.url)
        assert len(site.asked) == 1


def test_a_page_token_that_comes_twice_ends_the_walk() -> None:
    guard = TokenGuard()
    assert [guard.pass_on(token) for token in ("a", "b")] == ["a", "b"]
    with pytest.raises(RepeatedTokenError):
        guard.pass_on("a")


def test_a_walk_has_a_page_ceiling() -> None:
    guard = TokenGuard(ceiling=3)
    for token in ("a", "b", "c"):
        guard.pass_on(token)
    with pytest.raises(RepeatedTokenError):
        guard.pass_on("d")
