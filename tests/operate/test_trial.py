"""A public address, archived at once: no register, no credential, no council's file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.item import Account as WorldAccount
from conformance.platforms.bluesky import BlueskyFake
from conformance.platforms.mastodon import MastodonFake
from conformance.platforms.wordpress import FeedFake, WordPressFake
from conformance.server import serve
from conformance.world import World
from tests.connectors.stub_site import Said, stub_site
from tests.operate.conftest import Office
from tests.operate.proxy import Proxy, proxy_to


@pytest.mark.parametrize("platform", ["wordpress", "feed"])
def test_a_public_address_is_archived_at_once_and_can_be_searched(office: Office, platform: str) -> None:
    world = World()
    fake = (WordPressFake if platform == "wordpress" else FeedFake)(world)
    council = world.account(platform, "northbeck", "Northbeck News", owned=True)
    for number in range(3):
        world.post(council, f"Pothole {number} mended")
    world.sync()
    with serve(world, [fake]):
        address = fake.address(council)
        ended = office.run("archive", address)
        assert ended.code == 0, ended.said
        assert office.run("archive", address).code == 0
    register = yaml.safe_load((office.stage.councils / "trial.yml").read_text(encoding="utf-8"))
    assert [one["platform"] for one in register["accounts"]] == [platform]
    found = office.run("search", "--council", "trial", "pothole")
    assert (found.code, "3 records" in found.said) == (0, True), found.said
    assert office.run("verify", "--council", "trial").code == 0


def test_an_address_that_needs_a_credential_is_told_what_it_needs(office: Office) -> None:
    ended = office.run("archive", "https://www.facebook.com/northbeck")
    assert ended.code == 2
    assert "Facebook" in ended.said
    assert not (office.stage.councils / "trial.yml").exists()


@contextmanager
def beyond_the_proxy(folder: Path, monkeypatch: pytest.MonkeyPatch, sites: dict[str, str]) -> Iterator[Proxy]:
    """Let the council's network reach these hosts, by their real names, and nothing else."""
    with proxy_to(folder, sites) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("MUNIMENT_CA_FILE", str(proxy.ca_file))
        yield proxy


def notices(world: World, council: WorldAccount, resident: WorldAccount) -> None:
    posts = [world.post(council, f"Pothole {number} mended") for number in range(3)]
    for post in posts:
        world.comment(post, "And the one in Mill Lane?", author=resident)
    world.edit(posts[2], "Pothole 2 mended, at last")
    world.sync()


def archived(office: Office, address: str) -> dict[str, Any]:
    """Archive an address twice; return the account that it became."""
    ended = office.run("archive", address)
    assert ended.code == 0, ended.said
    assert office.run("archive", address).code == 0
    register = yaml.safe_load((office.stage.councils / "trial.yml").read_text(encoding="utf-8"))
    (account,) = register["accounts"]
    for words, records in (("pothole", 3), ("mill lane", 3), ("at last", 1)):
        found = office.run("search", "--council", "trial", words)
        assert (found.code, f"{records} record" in found.said) == (0, True), found.said
    assert office.run("verify", "--council", "trial").code == 0
    return dict(account)


def test_a_mastodon_account_is_archived_by_the_address_in_the_browser(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = "social.northbeck.example"
    world = World()
    fake = MastodonFake(world)
    council = world.account("mastodon", "northbeck", "Northbeck Council", owned=True)
    notices(world, council, world.account("mastodon", "resident", "A Resident"))
    with serve(world, [fake]), beyond_the_proxy(tmp_path, monkeypatch, {host: fake.base_url}) as proxy:
        fake.base_url = f"https://{host}"
        account = archived(office, f"https://{host}/@northbeck")
        assert not any("authorization" in request.headers for request in fake.journal.requests)
    assert account == {
        "account": "mastodon-northbeck-social-northbeck-example",
        "platform": "mastodon",
        "handle": "northbeck",
        "base_url": f"https://{host}",
    }
    assert set(proxy.asked) == {f"CONNECT {host}:443 HTTP/1.1"}


def test_two_servers_may_have_an_account_of_one_name(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    fake = MastodonFake(world)
    world.post(world.account("mastodon", "northbeck", "Northbeck Council", owned=True), "Pothole mended")
    world.sync()
    with serve(world, [fake]):
        hosts = dict.fromkeys(("a.example", "b.example"), fake.base_url)
        with beyond_the_proxy(tmp_path, monkeypatch, hosts):
            for host in hosts:
                assert office.run("archive", f"https://{host}/@northbeck").code == 0
    register = yaml.safe_load((office.stage.councils / "trial.yml").read_text(encoding="utf-8"))
    assert [one["base_url"] for one in register["accounts"]] == ["https://a.example", "https://b.example"]


def test_a_bluesky_account_is_archived_by_the_address_in_the_browser(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    fake = BlueskyFake(world)
    council = world.account("bluesky", "northbeck.example", "Northbeck Council", owned=True)
    notices(world, council, world.account("bluesky", "resident.example", "A Resident"))
    with serve(world, [fake]):
        sites = {"public.api.bsky.app": fake.base_url}
        with beyond_the_proxy(tmp_path, monkeypatch, sites) as proxy:
            account = archived(office, "https://bsky.app/profile/northbeck.example")
    assert account == {
        "account": "bluesky-northbeck-example",
        "platform": "bluesky",
        "handle": "northbeck.example",
    }
    assert set(proxy.asked) == {"CONNECT public.api.bsky.app:443 HTTP/1.1"}


WRONG = {
    "https://social.northbeck.example/@nobody": "status 404",
    "https://bsky.app/profile/nobody.example": "Bluesky shows no account nobody.example",
    "https://members.northbeck.example/": "neither a WordPress site nor does it name a feed",
    "https://members.northbeck.example/@northbeck": "neither a WordPress site nor does it name a feed",
    "https://elsewhere.northbeck.example/": "cannot be reached",
    "https://admin:hunter2@members.northbeck.example/feed/": "without a name or a password",
    "https://x.com/northbeck": "answers nobody without a credential",
    "mailto:clerk@northbeck.example": "no address of a web page",
    "http://[": "no address of a web page",
    "northbeck": "cannot be reached",
}


@pytest.mark.parametrize("address", WRONG)
def test_a_wrong_address_is_told_in_plain_words_and_nothing_is_kept(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    world = World()
    mastodon, bluesky = MastodonFake(world), BlueskyFake(world)
    login = Said(headers={"content-type": "text/html"}, body=b"<!doctype html><form>Your password")
    with serve(world, [mastodon, bluesky]), stub_site(lambda _path, _number: login) as members:
        sites = {
            "social.northbeck.example": mastodon.base_url,
            "public.api.bsky.app": bluesky.base_url,
            "members.northbeck.example": members.url,
        }
        with beyond_the_proxy(tmp_path, monkeypatch, sites):
            ended = office.run("archive", address)
    assert ended.code == 2
    assert WRONG[address] in ended.said.replace("\n", " ")
    assert "hunter2" not in ended.said
    assert not (office.stage.councils / "trial.yml").exists()
    assert not (office.stage.home / "archive" / "trial").exists()
