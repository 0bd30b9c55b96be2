"""Recorded answers of a real WordPress 6.1.9 read as they did: records, looks and versions.

Recorded by us in November 2026 (REST, RSS, Atom), with the site's address replaced; Blogger's and Hugo's
feeds are written by hand in their documented shape.
"""

from pathlib import Path

import httpx
import pytest

from connectors.contract import Connector
from connectors.cutting import joined
from connectors.feed import FeedConnector
from connectors.wordpress import WordPressConnector
from schemas.account import Account
from schemas.digests import version
from tests.connectors import golden
from tests.connectors.rig import FakeClock, Wire

NAMES = [(platform, name) for platform in ("wordpress", "feed") for name in golden.names(platform)]


@pytest.fixture
def connectors() -> dict[str, Connector]:
    wire = Wire(httpx.Client(timeout=60))
    home = "https://news.northbeck.example"
    blog, feed = (
        Account(
            account="news",
            council="northbeck",
            platform=platform,
            handle="news.northbeck.example",
            base_url=home + path,
        )
        for platform, path in (("wordpress", ""), ("feed", "/feed/"))
    )
    return {
        "wordpress": WordPressConnector(blog, wire.transport(blog, FakeClock()), {}),
        "feed": FeedConnector(feed, wire.transport(feed, FakeClock()), {}),
    }


@pytest.mark.parametrize(("platform", "name"), NAMES)
def test_a_recorded_answer_reads_as_it_did(
    connectors: dict[str, Connector], platform: str, name: str
) -> None:
    golden.check(connectors[platform], platform, name)


@pytest.mark.parametrize(("platform", "name"), NAMES)
def test_each_part_stands_where_its_header_says(
    connectors: dict[str, Connector], platform: str, name: str
) -> None:
    response = golden.load(platform, name)
    for exhibit in connectors[platform].exhibits(response):
        for part, segments in zip(exhibit.parts, golden.spans(exhibit), strict=True):
            assert not segments or joined(response.body, segments) == part


def test_the_editor_and_anybody_read_the_same_version(connectors: dict[str, Connector]) -> None:
    connector = connectors["wordpress"]
    for anybody, editor, shape in (
        ("posts_of_anybody", "posts_signed_in_with_trash_and_media", "live"),
        ("comments_at_depth_of_anybody", "comments_in_every_state", "comment"),
    ):
        versions: dict[str, set[bytes]] = {}
        for name in (anybody, editor):
            for exhibit in connector.exhibits(golden.load("wordpress", name)):
                reading = connector.read(exhibit)
                if reading.look is not None and reading.look.shown == "public":
                    digest = version(connector.digest_rules[1], shape, reading.items)
                    versions.setdefault(exhibit.record_id, set()).add(digest)
        assert versions
        assert all(len(digests) == 1 for digests in versions.values())


def test_every_pair_is_whole() -> None:
    for platform, name in NAMES:
        assert (Path(golden.EXAMPLES) / platform / f"{name}.records.json").exists()
