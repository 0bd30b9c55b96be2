"""What the Bluesky connector promises, over HTTP against the fake network."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from conformance.fake import Fault
from conformance.item import Link, Media
from connectors.bluesky import BlueskyConnector
from connectors.registry import build
from schemas.capture import Cursor, Edge, Window
from schemas.errors import (
    SourceUnavailableError,
    WrongAccountError,
)
from schemas.vocabulary import Kind, Stream
from tests.connectors.bluesky_stage import Stage
from tests.connectors.rig import Wire, WorldClock, nothing_held

# ---- who it is ------------------------------------------------------------------------------------------


def test_the_registry_builds_it_without_any_credential(stage: Stage, wire: Wire) -> None:
    account = stage.reader.account
    made = build(account, wire.transport(account, WorldClock(stage.world)), {})
    assert isinstance(made, BlueskyConnector)


@pytest.mark.parametrize("by", ["handle", "did"])
def test_an_account_is_known_by_its_did_whatever_names_it(stage: Stage, by: str) -> None:
    stage.post("First")
    name = "@anytown.example" if by == "handle" else stage.council.id
    identity = stage.reader.connector(handle=name, native_id=None).check()
    assert (identity.native_id, identity.handle) == (stage.council.id, "anytown.example")
    assert (identity.name, identity.posts, identity.missing) == ("Anytown Council", 1, ())


def test_a_rename_changes_no_record_id(stage: Stage) -> None:
    post = stage.post("First")
    before = stage.reader.run()
    stage.world.rename(stage.council, handle="anytown.gov.example")
    after = stage.reader.run()
    assert before.versions == after.versions
    assert after.records[0].record_id == post.native_id
    assert after.records[0].author_handle == "anytown.gov.example"


def test_once_known_an_account_may_give_up_the_handle_that_the_register_names(stage: Stage) -> None:
    connector = stage.reader.connector()
    stage.world.rename(stage.council, handle="anytown.gov.example")
    stage.world.sync()
    identity = connector.check()
    assert (identity.native_id, identity.handle) == (stage.council.id, "anytown.gov.example")


def test_a_handle_that_names_nobody_is_refused(stage: Stage) -> None:
    with pytest.raises(WrongAccountError, match="Correct the handle"):
        stage.reader.connector(handle="nobody.example", native_id=None).check()


@pytest.mark.parametrize("server", ["public", "own"])
def test_another_accounts_posts_are_never_filed(stage: Stage, server: str) -> None:
    stage.post("Ours")
    other = stage.world.account("bluesky", "other.example")
    stage.world.post(other, "Theirs")
    stage.world.sync()
    stage.fake.knobs.wrong_account = other.id
    reader = stage.reader if server == "public" else stage.own_server()
    with pytest.raises(WrongAccountError):
        reader.run()
    with pytest.raises(WrongAccountError):
        reader.run(stream=Stream.PROFILE)


def test_an_account_that_was_never_checked_is_not_walked(stage: Stage) -> None:
    with pytest.raises(WrongAccountError, match="not been checked"):
        stage.reader.run(connector=stage.reader.connector(native_id=None))


def test_the_profile_is_one_record(stage: Stage) -> None:
    found = stage.reader.run(stream=Stream.PROFILE)
    (record,) = found.records
    assert record.record_id == f"bluesky:profile:{stage.council.id}"
    assert (record.kind, record.title) == (Kind.PROFILE, "Anytown Council")
    assert found.responses[0].marker is None


# ---- posts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 7, 0])
@pytest.mark.parametrize("server", ["public", "own"])
def test_every_post_is_read_whatever_the_pages(stage: Stage, size: int, server: str) -> None:
    made = stage.posts(7)
    stage.fake.knobs.page_size = size
    reader = stage.reader if server == "public" else stage.own_server()
    found = reader.run()
    assert list(found.versions) == [item.native_id for item in reversed(made)]
    listed = [one for response in found.responses for one in response.listings]
    assert [one.ended for one in listed] == [False] * (len(listed) - 1) + [True]
    assert all(one.absence_counts and one.shows == {"public", "hidden"} for one in listed)
    assert [response.marker is None for response in found.responses][-1]
    assert all(len(one) == 1 for one in found.versions.values())


def test_own_replies_are_comments_of_the_thread_they_stand_in(stage: Stage) -> None:
    post = stage.post("Bins on Monday")
    question = stage.reply(post, "All of them?")
    answer = stage.reply(question, "Green ones only", author=stage.council)
    found = stage.reader.run()
    assert found.texts == ["Green ones only", "Bins on Monday"]
    record = found.records[0]
    assert (record.kind, record.record_id) == (Kind.COMMENT, answer.native_id)
    assert (record.thread_id, record.parent_id) == (post.native_id, question.native_id)


def test_a_repost_is_not_the_accounts_own_post(stage: Stage) -> None:
    mine = stage.post("Ours")
    theirs = stage.world.post(stage.resident, "Theirs")
    stage.world.sync()
    connector = stage.reader.connector()
    (response,) = connector.pages(stage.reader.walk(), nothing_held)
    told = msgspec.json.decode(response.body)
    shared = {
        "post": stage.fake.views.post(theirs),
        "reason": {"$type": "app.bsky.feed.defs#reasonRepost", "indexedAt": "2026-03-02T09:00:00.000Z"},
    }
    stage.fake.knobs.faults = [
        Fault(match="getAuthorFeed", status=200, body={"feed": [shared, *told["feed"]]})
    ]
    found = stage.reader.run()
    assert list(found.versions) == [mine.native_id]
    assert found.responses[0].signpost == Cursor(native_id=mine.native_id, at=mine.created_at)


@pytest.mark.parametrize("server", ["public", "own"])
def test_a_walk_stops_behind_the_time_asked_for(stage: Stage, server: str) -> None:
    made = stage.posts(9)
    stage.fake.knobs.page_size = 2
    reader = stage.reader if server == "public" else stage.own_server()
    since = Cursor(native_id=made[5].native_id, at=made[5].created_at)
    found = reader.run(Edge(since=since))
    texts = set(found.texts)
    assert {"Notice 5", "Notice 6", "Notice 7", "Notice 8"} <= texts
    assert "Notice 2" not in texts
    listed = found.responses[-1].listings[0]
    assert (listed.ended, listed.since, listed.until) == (True, made[5].created_at, None)
    signposts = [one.signpost for one in found.responses if one.signpost is not None]
    assert [one.native_id for one in signposts] == [made[8].native_id]


def test_a_window_names_its_bounds(stage: Stage) -> None:
    made = stage.posts(6)
    ask = Window(start=made[2].created_at, end=made[4].created_at)
    found = stage.reader.run(ask)
    listed = found.responses[0].listings[0]
    assert (listed.since, listed.until) == (ask.start, ask.end)
    assert found.responses[0].signpost is None


def test_the_first_walk_goes_back_to_the_day_the_council_names(stage: Stage) -> None:
    old = stage.world.now - timedelta(days=400)
    for days in range(0, 400, 40):
        stage.world.post(stage.council, f"Day {days}", at=old + timedelta(days=days))
    stage.world.sync()
    stage.fake.knobs.page_size = 1
    first = date(2025, 12, 1)
    found = stage.reader.run(connector=stage.reader.connector(backfill_from=first))
    assert found.responses[-1].listings[0].since == datetime(2025, 12, 1, tzinfo=UTC)
    assert sum(record.created_at < datetime(2025, 12, 1, tzinfo=UTC) for record in found.records) == 1  # type: ignore[operator]


def test_an_account_without_posts_is_a_whole_list(stage: Stage) -> None:
    found = stage.reader.run()
    assert (found.records, found.responses[0].listings[0].ended) == ([], True)


def test_counts_are_metrics_and_never_a_version(stage: Stage) -> None:
    post = stage.post("Bins")
    before = stage.reader.run()
    stage.world.count(post, likes=7, shares=2, quotes=1)
    stage.reply(post, "Hm")
    after = stage.reader.run()
    assert before.versions == after.versions
    look = after.readings[-1].look
    assert look is not None
    assert look.metrics == {"likes": 7, "shares": 2, "comments": 1, "quotes": 1, "bookmarks": 0}


def test_an_edit_is_a_new_version_under_the_same_id(stage: Stage) -> None:
    post = stage.post("Roadworks on Mnday")
    before = stage.reader.run()
    stage.world.edit(post, "Roadworks on Monday")
    after = stage.reader.run()
    stage.world.edit(post, "Roadworks on Mnday")
    again = stage.reader.run()
    assert before.versions.keys() == after.versions.keys()
    assert before.versions != after.versions
    assert before.versions == again.versions


def test_the_accounts_own_server_and_the_public_view_give_the_same_version(stage: Stage) -> None:
    post = stage.post(
        "Zażółć: https://bit.ly/x",
        media=[Media(id="bridge", alt="A bridge")],
        links=[Link(url="https://bit.ly/x", target="https://anytown.example/")],
    )
    public, own = stage.reader.run(), stage.own_server().run()
    assert own.versions == public.versions
    assert len(own.versions[post.native_id]) == 1
    assert {one.links for one in own.records} == {("https://bit.ly/x",)}


def test_the_own_server_is_found_in_the_did_document(stage: Stage) -> None:
    stage.post("First")
    options = {"pds": "find", "plc": stage.fake.base_url}
    found = stage.reader.run(connector=stage.reader.connector(options=options))
    assert "com.atproto.repo.listRecords" in {response.endpoint for response in found.responses}


def test_a_server_that_no_document_names_is_an_error_that_says_so(stage: Stage) -> None:
    stage.fake.knobs.faults = [Fault(match="GET /did:", status=404, body={"message": "DID not registered"})]
    options = {"pds": "find", "plc": stage.fake.base_url}
    with pytest.raises(SourceUnavailableError, match="option pds"):
        stage.reader.run(connector=stage.reader.connector(options=options))
