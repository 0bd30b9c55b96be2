"""A public address, archived at once: no register, no credential, no council's file."""

import pytest
import yaml

from conformance.platforms.wordpress import FeedFake, WordPressFake
from conformance.server import serve
from conformance.world import World
from tests.operate.conftest import Office


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
