"""What is fixed at a record's first sight, and which version a file belongs to: told on Mastodon."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import httpx
import pytest

from conformance.item import Media
from muniment.adapters.files import LocalFiles
from muniment.adapters.local_media import LocalMediaStore
from muniment.services.attaching import attach
from muniment.services.reading import Findings, cut, findings
from schemas.observation import Presence
from schemas.vocabulary import Kind, Series, State, Stream
from tests.connectors.mastodon_stage import Stage, staged
from tests.connectors.rig import FakeClock, Wire, nothing_held

if TYPE_CHECKING:
    from muniment.ports import Archive

THREAD = "https://social.example/ap/users/1/statuses/1"


class NothingKept:
    """An archive that holds no attachment."""

    def scan(self, **_: object) -> Iterator[object]:
        return iter(())


@pytest.fixture
def stage() -> Iterator[Stage]:
    with httpx.Client(timeout=60) as client, staged(Wire(client)) as found:
        yield found


def found(stage: Stage, known: dict[str, tuple[Presence, ...]]) -> Findings:
    connector, walk = stage.connector(), stage.walk()
    cuts = [cut(connector, response) for response in connector.pages(walk, nothing_held)]
    return findings(connector, walk, cuts, known=known, council_ids=())


def test_a_look_keeps_the_thread_of_the_first_sight_when_a_page_names_it_no_more(stage: Stage) -> None:
    question = stage.comment(stage.post(), "Which day?")
    answer = stage.comment(question, "Monday", author=stage.council)
    told = found(stage, {})
    name = stage.fake.uri(answer)
    (sighting,) = (each for each in told.sightings if each.look.record_id == name)
    assert sighting.thread_id == stage.fake.uri(answer.root)
    presence = Presence(
        record_id=name,
        account="toots",
        stream=Stream.POSTS,
        listing="posts",
        thread_id=sighting.thread_id,
        native_id=answer.native_id,
        series=Series.OWN,
        digest_rule=1,
        filed_at=answer.created_at,
        version_id=sighting.version_id,
        state=State.LIVE,
        shown="public",
        absences=0,
        first_absent_at=None,
        metrics={},
        metrics_at=None,
        last_walk="walk-0",
        last_seen_at=answer.created_at,
        observed_at=answer.created_at,
    )
    stage.delete(question)
    (again,) = (each for each in found(stage, {name: (presence,)}).sightings if each.look.record_id == name)
    assert again.thread_id == sighting.thread_id
    unread = replace(presence, series=Series.UNREAD, thread_id=THREAD)
    (readable,) = (each for each in found(stage, {name: (unread,)}).sightings if each.look.record_id == name)
    assert readable.thread_id != THREAD


def test_a_file_that_an_edit_took_away_belongs_to_the_version_that_showed_it(
    stage: Stage, tmp_path: Path
) -> None:
    post = stage.post("Look", media=[Media(id="before")])
    stage.world.edit(post, media=[Media(id="after")])
    connector, walk = stage.connector(), stage.walk()
    responses = list(connector.pages(walk, nothing_held))
    told = findings(connector, walk, [cut(connector, each) for each in responses], known={}, council_ids=())
    attached = attach(
        connector,
        walk,
        responses,
        told,
        archive=cast("Archive", NothingKept()),
        media=LocalMediaStore(tmp_path, LocalFiles()),
        clock=FakeClock(),
    )
    carriers = {
        file.native_id: filing.version_id
        for filing in told.filings
        if filing.record.kind is Kind.POST
        for file in filing.record.media
    }
    assert {row.ref: row.version_id for row in attached.attachments} == carriers
    assert len(set(carriers.values())) == 2
    assert {row.sha256 for row in attached.attachments} == {
        bytes.fromhex(each.sha256) for version in post.versions for each in version.media
    }
