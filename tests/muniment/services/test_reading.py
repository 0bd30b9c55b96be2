"""From responses to filings: what nobody can read is kept, and is no absence."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from conformance.platforms.wordpress import WordPressFake
from conformance.server import serve
from conformance.world import World
from connectors.contract import Connector
from muniment.services.reading import Findings, cut, findings
from schemas.observation import Presence
from schemas.vocabulary import Answer, Kind, Series, State, Stream
from tests.connectors.blog import BlogRig, pages, walk
from tests.connectors.rig import Wire


@pytest.fixture
def blog() -> Iterator[BlogRig]:
    world = World()
    fake = WordPressFake(world)
    with serve(world, [fake]), httpx.Client(timeout=60) as client:
        council = world.account("wordpress", "northbeck", "Northbeck News", owned=True)
        yield BlogRig(world, fake, Wire(client), council, council)


def found(connector: Connector, known: dict[str, tuple[Presence, ...]]) -> Findings:
    begun = walk(connector, Stream.POSTS)
    cuts = [cut(connector, response) for response in pages(connector, Stream.POSTS)]
    return findings(connector, begun, cuts, known=known, council_ids=())


def presence_of(told: Findings, *, digest_rule: int) -> dict[str, tuple[Presence, ...]]:
    (sighting,) = told.sightings
    look = sighting.look
    presence = Presence(
        record_id=look.record_id,
        account="news",
        stream=Stream.POSTS,
        listing=look.listing,
        thread_id=sighting.thread_id,
        native_id=sighting.native_id,
        series=Series.OWN if digest_rule else Series.UNREAD,
        digest_rule=digest_rule,
        filed_at=look.at,
        version_id=sighting.version_id,
        state=State.LIVE,
        shown=look.shown,
        absences=0,
        first_absent_at=None,
        metrics={},
        metrics_at=None,
        last_walk="walk-0",
        last_seen_at=look.at,
        observed_at=look.at,
    )
    return {look.record_id: (presence,)}


def test_a_known_record_that_can_no_longer_be_read_is_kept_unread_and_is_not_absent(blog: BlogRig) -> None:
    blog.notices(1)
    connector = blog.wordpress()
    known = presence_of(found(connector, {}), digest_rule=1)
    blog.fake.knobs.drift = blog.fake.drifts("renamed")
    told = found(connector, known)
    assert [filing.record.kind for filing in told.filings] == [Kind.UNREAD]
    assert (told.unread, told.sightings) == (1, ())
    assert [(look.record_id, look.answer) for look in told.looks] == [(next(iter(known)), Answer.SEEN)]


def test_a_record_that_was_unread_is_read_under_the_newest_rule_once_it_can_be(blog: BlogRig) -> None:
    blog.notices(1)
    connector = blog.wordpress()
    blog.fake.knobs.drift = blog.fake.drifts("renamed")
    known = presence_of(found(connector, {}), digest_rule=0)
    blog.fake.knobs.drift = []
    (filing,) = found(connector, known).filings
    assert (filing.record.kind, filing.digest_rule) == (Kind.POST, 1)
    (first,) = found(connector, {}).filings
    assert replace(filing, capture_id="", captured_at=first.captured_at, exhibit=first.exhibit) == replace(
        first, capture_id=""
    )
