"""Links in what residents write: known shorteners are resolved, and nothing typed can stop a capture."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import httpx
import pytest

from muniment.adapters.files import LocalFiles
from muniment.adapters.local_media import LocalMediaStore
from muniment.services.attaching import attach
from muniment.services.reading import cut, findings
from tests.connectors.mastodon_stage import Stage, staged
from tests.connectors.rig import FakeClock, Wire, nothing_held

if TYPE_CHECKING:
    from muniment.ports import Archive

NO_ADDRESSES = (
    "https://[bit.ly]/x",
    "https://[",
    "http://xn--a/x",
    "https://bit.ly:port/x",
    "\x00",
    "",
    "at://x",
)


class NothingKept:
    """An archive that holds no attachment."""

    def scan(self, **_: object) -> Iterator[object]:
        return iter(())


@pytest.fixture
def stage() -> Iterator[Stage]:
    with httpx.Client(timeout=60) as client, staged(Wire(client)) as found:
        yield found


def links_asked(stage: Stage, links: tuple[str, ...], folder: Path) -> list[str]:
    """Return which of the links in a post were asked where they lead."""
    stage.post("See there")
    connector, walk = stage.connector(), stage.walk()
    nobody = {**walk.account.options, "short_links": "http://127.0.0.1:1"}
    walk = replace(walk, account=replace(walk.account, sandbox=True, options=nobody))
    responses = list(connector.pages(walk, nothing_held))
    told = findings(connector, walk, [cut(connector, each) for each in responses], known={}, council_ids=())
    filings = tuple(replace(one, record=replace(one.record, links=links)) for one in told.filings)
    attached = attach(
        connector,
        walk,
        responses,
        replace(told, filings=filings),
        archive=cast("Archive", NothingKept()),
        media=LocalMediaStore(folder, LocalFiles()),
        clock=FakeClock(),
    )
    return [row.ref for row in attached.attachments if row.kind == "link"]


@pytest.mark.parametrize("link", NO_ADDRESSES)
def test_what_is_no_address_is_kept_as_it_stands_and_asked_of_nobody(
    stage: Stage, tmp_path: Path, link: str
) -> None:
    assert links_asked(stage, (link,), tmp_path) == []


def test_a_link_of_a_shortener_is_asked_for_whatever_the_platform(stage: Stage, tmp_path: Path) -> None:
    assert links_asked(stage, ("https://bit.ly/NbBins",), tmp_path) == ["https://bit.ly/NbBins"]


def test_only_known_shorteners_are_asked(stage: Stage, tmp_path: Path) -> None:
    links = (
        "https://www.example.gov.uk/bins",
        "https://bit.ly@evil.example/x",
        "https://evil.example/bit.ly/",
    )
    assert links_asked(stage, links, tmp_path) == []
