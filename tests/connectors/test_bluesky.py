"""What the Bluesky connector promises, over HTTP against the fake network."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.fake import Drift, Fault, Trouble
from conformance.item import Account as WorldAccount
from conformance.item import Item, Link, Media
from conformance.platforms.bluesky import BlueskyFake
from conformance.server import serve
from conformance.world import World
from connectors.bluesky import BlueskyConnector
from connectors.cutting import joined
from connectors.registry import build
from schemas.account import Account
from schemas.capture import Ask, Cursor, Edge, Ids, Response, Threads, Window
from schemas.errors import (
    AccountSuspendedError,
    CredentialsRejectedError,
    MarkerRefusedError,
    MunimentError,
    RateLimitedError,
    RepeatedTokenError,
    SourceChallengedError,
    SourceUnavailableError,
    StreamError,
    StreamRefusedError,
    WrongAccountError,
)
from schemas.vocabulary import Kind, Reason, Stream
from tests.connectors import golden
from tests.connectors.bluesky_stage import Reader, read_all, ref
from tests.connectors.rig import START, FakeClock, Wire, WorldClock, nothing_held

MOVED = timedelta(days=900)


@dataclass
class Stage:
    """A council and a resident on Bluesky."""

    world: World
    fake: BlueskyFake
    council: WorldAccount
    resident: WorldAccount
    reader: Reader

    def post(self, text: str, **more: Any) -> Item:
        made = self.world.post(self.council, text, **more)
        self.world.sync()
        return made

    def posts(self, count: int) -> list[Item]:
        return [self.post(f"Notice {number}") for number in range(count)]

    def reply(self, parent: Item, text: str, author: WorldAccount | None = None, **more: Any) -> Item:
        made = self.world.comment(parent, text, author=author or self.resident, **more)
        self.world.sync()
        return made

    def own_server(self) -> Reader:
        options = {"pds": self.fake.base_url}
        return replace(self.reader, account=replace(self.reader.account, options=options))


@pytest.fixture
def stage(wire: Wire) -> Iterator[Stage]:
    world = World()
    fake = BlueskyFake(world)
    before = world.now - MOVED
    with serve(world, [fake]) as site:
        council = world.account("bluesky", "anytown.example", "Anytown Council", owned=True, at=before)
        resident = world.account("bluesky", "resident.example", "A Resident", at=before)
        world.sync()
        account = Account(
            account="bluesky-main",
            council="anytown",
            platform="bluesky",
            handle=council.handle,
            native_id=council.id,
            base_url=site.url_of("bluesky"),
        )
        yield Stage(world, fake, council, resident, Reader(wire, WorldClock(world), account))


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


# ---- hostile pages --------------------------------------------------------------------------------------


def test_items_that_repeat_at_a_seam_give_one_version_each(stage: Stage) -> None:
    made = stage.posts(6)
    stage.fake.knobs.page_size, stage.fake.knobs.repeat_at_seam = 2, 1
    found = stage.reader.run()
    assert len(found.records) > len(made)
    assert {key: len(value) for key, value in found.versions.items()} == {one.native_id: 1 for one in made}


def test_an_empty_page_in_the_middle_does_not_end_the_walk(stage: Stage) -> None:
    stage.posts(6)
    stage.fake.knobs.page_size, stage.fake.knobs.empty_page = 2, 2
    assert len(stage.reader.run().versions) == 6


def test_a_cursor_that_leads_back_ends_the_walk_with_an_alarm(stage: Stage) -> None:
    stage.posts(6)
    stage.fake.knobs.page_size, stage.fake.knobs.loop_after = 2, 2
    with pytest.raises(RepeatedTokenError):
        stage.reader.run()


@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("server", ["public", "own"])
def test_a_walk_that_failed_goes_on_from_its_marker(stage: Stage, page: int, server: str) -> None:
    made = stage.posts(6)
    knobs = stage.fake.knobs
    knobs.page_size, knobs.fail_page, knobs.fail_times = 2, page, 3
    reader = stage.reader if server == "public" else stage.own_server()
    found = reader.run_through(reader.walk(), SourceUnavailableError, lambda: None)
    endpoint = "getAuthorFeed" if server == "public" else "listRecords"
    listed = [exhibit.record_id for exhibit in found.exhibits if endpoint.encode() in exhibit.header]
    assert listed == [item.native_id for item in reversed(made)]


def test_a_marker_the_server_does_not_know_is_dropped(stage: Stage) -> None:
    stage.posts(3)
    walk = replace(stage.reader.walk(), marker='{"cursor":"!"}')
    with pytest.raises(MarkerRefusedError):
        list(stage.reader.connector().pages(walk, nothing_held))


def test_a_short_rate_limit_is_waited_out_by_the_servers_own_clock(stage: Stage) -> None:
    stage.posts(2)
    stage.fake.knobs.clock_skew = 3600
    stage.fake.knobs.faults = [Fault(match="getAuthorFeed", trouble=Trouble.RATE_LIMITED)]
    assert len(stage.reader.run().records) == 2
    clock = stage.reader.clock
    assert isinstance(clock, WorldClock)
    assert [round(wait) for wait in clock.waits] == [30]


def test_a_long_rate_limit_is_the_schedules(stage: Stage) -> None:
    stage.fake.knobs.retry_after = 900
    stage.fake.knobs.faults = [Fault(match="getAuthorFeed", trouble=Trouble.RATE_LIMITED)]
    with pytest.raises(RateLimitedError) as caught:
        stage.reader.run()
    assert caught.value.resume_at is not None


def test_a_login_page_is_a_challenge(stage: Stage) -> None:
    stage.fake.knobs.login_wall_from = 1
    with pytest.raises(SourceChallengedError):
        stage.reader.run()


@pytest.mark.parametrize("server", ["public", "own"])
def test_a_suspended_account_is_said_to_be_suspended(stage: Stage, server: str) -> None:
    post = stage.post("First")
    stage.world.suspend(stage.council)
    reader = stage.reader if server == "public" else stage.own_server()
    asks: list[tuple[Ask, Stream]] = [
        (Edge(), Stream.POSTS),
        (Edge(), Stream.PROFILE),
        (Threads(threads=(ref(post.native_id),)), Stream.COMMENTS),
        (Ids(wanted=(ref(post.native_id),), controls=()), Stream.POSTS),
    ]
    for ask, stream in asks:
        with pytest.raises(AccountSuspendedError):
            reader.run(ask, stream)
    with pytest.raises(AccountSuspendedError):
        reader.connector().check()


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (Trouble.REVOKED, CredentialsRejectedError),
        (Trouble.EXPIRED, CredentialsRejectedError),
        (Trouble.MISSING_PERMISSION, StreamRefusedError),
    ],
)
def test_a_server_that_wants_a_sign_in_is_told_as_that(
    stage: Stage, trouble: Trouble, error: type[MunimentError]
) -> None:
    stage.fake.knobs.faults = [Fault(match="getAuthorFeed", trouble=trouble)]
    with pytest.raises(error):
        stage.reader.run()


def test_a_refusal_of_our_own_request_fails_loudly(stage: Stage) -> None:
    body = {"error": "InvalidRequest", "message": "integer too big"}
    stage.fake.knobs.faults = [Fault(match="getAuthorFeed", status=400, body=body)]
    with pytest.raises(MunimentError, match="fault of muniment"):
        stage.reader.run()


def test_an_answer_that_breaks_off_is_asked_for_again_later(stage: Stage) -> None:
    cut = b'{"feed":[{"post":{"uri"'
    stage.fake.knobs.faults = [
        Fault(match="getAuthorFeed", status=200, body=cut, headers={"content-type": "application/json"})
    ]
    with pytest.raises(SourceUnavailableError):
        stage.reader.run()


def test_a_list_under_another_name_opens_a_gap(stage: Stage) -> None:
    stage.posts(2)
    stage.fake.knobs.drift = [Drift(field="feed", to="items")]
    with pytest.raises(StreamError) as caught:
        stage.reader.run()
    assert caught.value.reason is Reason.UNREADABLE


@pytest.mark.parametrize("how", ["renamed", "retyped"])
def test_a_text_in_another_shape_is_unread_never_empty(stage: Stage, how: str) -> None:
    made = stage.posts(2)
    stage.fake.knobs.drift = stage.fake.drifts(how)
    found = stage.reader.run()
    assert found.unread == [item.native_id for item in reversed(made)]


def test_a_new_field_is_reported_and_no_version(stage: Stage) -> None:
    stage.post("Bins")
    before = stage.reader.run()
    stage.fake.knobs.drift = stage.fake.drifts("added")
    after = stage.reader.run()
    assert before.versions == after.versions
    assert before.readings[0].leftover == ()
    assert after.readings[0].leftover == ("record.mood_v2",)


# ---- threads --------------------------------------------------------------------------------------------


def test_replies_at_every_depth_are_read_with_their_parents(stage: Stage) -> None:
    post = stage.post("Have your say")
    made, parent = [], post
    for number in range(6):
        parent = stage.reply(parent, f"Level {number}")
        made.append(parent)
    stage.reply(post, "Another branch")
    found = stage.reader.thread(post.native_id)
    told = {record.record_id: record for record in found.records}
    assert len(told) == 7
    assert [told[item.native_id].parent_id for item in made] == [
        item.native_id for item in (post, *made[:-1])
    ]
    assert {record.thread_id for record in found.records} == {post.native_id}
    listed = found.responses[-1].listings[0]
    assert (listed.listing, listed.ended, listed.absence_counts) == (
        f"comments:{post.native_id}",
        True,
        True,
    )


@pytest.mark.parametrize("levels", [1, 2, 5])
def test_a_branch_that_was_cut_is_asked_for_by_itself(stage: Stage, levels: int) -> None:
    post = stage.post("Have your say")
    parent = post
    for number in range(7):
        parent = stage.reply(parent, f"Level {number}")
        stage.reply(parent, f"Beside {number}")
    stage.fake.most_levels = levels
    found = stage.reader.thread(post.native_id)
    assert len(found.versions) == 14
    ended = [response.listings[0].ended for response in found.responses]
    assert ended == [False] * (len(ended) - 1) + [True]


def test_a_list_of_replies_that_was_cut_is_asked_for_in_full(stage: Stage) -> None:
    post = stage.post("Have your say")
    first = stage.reply(post, "First")
    for number in range(9):
        stage.reply(first, f"Below {number}")
    stage.fake.knobs.inline_replies = 2
    assert len(stage.reader.thread(post.native_id).versions) == 10


def test_a_very_deep_thread_is_read_to_its_end(stage: Stage) -> None:
    parent = post = stage.post("Root")
    for number in range(330):
        parent = stage.reply(parent, f"Level {number}")
    found = stage.reader.thread(post.native_id)
    assert len(found.versions) == 330
    assert len(found.responses) == 4


def test_a_reply_the_server_never_gives_ends_the_walk_all_the_same(stage: Stage) -> None:
    post = stage.post("Have your say")
    reply = stage.reply(post, "First")
    stage.reply(reply, "Counted, never given")
    stage.fake.knobs.drift = [Drift(field="replies", drop=True)]
    found = stage.reader.thread(post.native_id)
    assert found.responses[-1].listings[0].ended
    assert found.responses[-1].marker is None


def test_a_hidden_reply_is_hidden_wherever_it_is_seen(stage: Stage) -> None:
    post = stage.post("Have your say")
    rude = stage.reply(post, "Something rude")
    stage.reply(rude, "More of it")
    own = stage.reply(rude, "Please stop", author=stage.council)
    stage.world.hide(rude)
    stage.world.hide(own)
    hidden = ("seen", "hidden")
    thread = stage.reader.thread(post.native_id).answers
    assert thread[rude.native_id] == thread[own.native_id] == hidden
    assert list(thread.values()).count(("seen", "public")) == 1
    by_id = stage.reader.by_id(ref(rude.native_id, post.native_id), control=post.native_id).answers
    assert by_id == {rude.native_id: hidden, post.native_id: ("seen", "public")}
    assert stage.reader.run().answers[own.native_id] == hidden
    assert stage.own_server().run().answers[own.native_id] == hidden

    stage.world.unhide(rude)
    assert stage.reader.thread(post.native_id).answers[rude.native_id] == ("seen", "public")


def test_hiding_is_seen_below_a_branch_asked_for_by_itself(stage: Stage) -> None:
    post = stage.post("Have your say")
    deep = stage.reply(stage.reply(stage.reply(post, "One"), "Two"), "Three")
    stage.world.hide(deep)
    stage.fake.most_levels = 1
    assert stage.reader.thread(post.native_id).answers[deep.native_id] == ("seen", "hidden")


def test_one_refused_thread_leaves_the_others_whole(stage: Stage) -> None:
    gone, kept = stage.posts(2)
    stage.reply(kept, "Here")
    stage.world.delete(gone, subtree=False)
    ask = Threads(threads=(ref(gone.native_id), ref(kept.native_id)))
    found = stage.reader.run(ask, Stream.COMMENTS)
    assert found.texts == ["Here"]
    told = [(one.refused, one.ended) for response in found.responses for one in response.listings]
    assert told == [(Reason.UNAVAILABLE, False), (None, True)]


def test_threads_go_on_from_their_marker(stage: Stage) -> None:
    roots = stage.posts(4)
    for root in roots:
        stage.reply(root, f"To {root.text}")
    stage.fake.knobs.faults = [Fault(match="getPostThread", status=502, body={}, times=3, skip=2)]
    walk = stage.reader.walk(Threads(threads=tuple(ref(root.native_id) for root in roots)), Stream.COMMENTS)
    found = stage.reader.run_through(walk, SourceUnavailableError, lambda: None)
    assert found.texts == [f"To Notice {number}" for number in range(4)]


# ---- by id ----------------------------------------------------------------------------------------------


def test_a_deleted_post_is_gone_by_id_and_leaves_the_list(stage: Stage) -> None:
    control, post = stage.posts(2)
    reply = stage.reply(post, "Why?")
    stage.world.delete(post, subtree=False)
    assert stage.reader.run().texts == ["Notice 0"]
    found = stage.reader.by_id(
        ref(post.native_id), ref(reply.native_id, post.native_id), control=control.native_id
    )
    assert found.answers == {
        control.native_id: ("seen", "public"),
        post.native_id: ("gone", "not-found"),
        reply.native_id: ("seen", "public"),
    }


def test_an_answer_about_many_ids_names_one_in_each_exhibit(stage: Stage) -> None:
    control, gone, other = stage.posts(3)
    stage.world.delete(gone)
    found = stage.reader.by_id(ref(gone.native_id), ref(other.native_id), control=control.native_id)
    everyone = {item.native_id.rpartition("/")[2] for item in (control, gone, other)}
    for exhibit in found.exhibits:
        mine = exhibit.record_id.rpartition("/")[2]
        told = b"".join((exhibit.header, *exhibit.parts)).decode()
        assert mine in told
        assert not any(key in told for key in everyone - {mine})


def test_ids_are_asked_for_in_batches_that_resume(stage: Stage) -> None:
    post = stage.post("Root")
    replies = [stage.reply(post, f"Reply {number}") for number in range(60)]
    wanted = tuple(ref(one.native_id, post.native_id) for one in replies)
    stage.fake.knobs.faults = [Fault(match="getPosts", status=502, body={}, times=3, skip=1)]
    walk = stage.reader.walk(Ids(wanted=wanted, controls=(ref(post.native_id),)), Stream.COMMENTS)
    found = stage.reader.run_through(walk, SourceUnavailableError, lambda: None)
    assert sorted(found.answers) == sorted(one.native_id for one in (post, *replies))
    assert len(found.exhibits) == 61


@pytest.mark.parametrize("why", ["suspended", "deactivated"])
def test_a_residents_account_that_is_not_served_is_no_deletion(stage: Stage, why: str) -> None:
    post = stage.post("Root")
    reply = stage.reply(post, "Hello")
    if why == "suspended":
        stage.world.suspend(stage.resident)
    else:
        stage.fake.knobs.refused_ids = {reply.native_id}
    found = stage.reader.by_id(ref(reply.native_id, post.native_id), control=post.native_id)
    word = {"suspended": "AccountTakedown", "deactivated": "AccountDeactivated"}[why]
    assert found.answers[reply.native_id] == ("refused", word)


# ---- media and text -------------------------------------------------------------------------------------


@pytest.mark.parametrize("server", ["public", "own"])
def test_a_picture_is_fetched_by_its_blob(stage: Stage, server: str) -> None:
    picture = Media(id="bridge", alt="A bridge")
    post = stage.post("The new bridge", media=[picture])
    reader = stage.reader if server == "public" else stage.own_server()
    connector = reader.connector()
    found = reader.run(connector=connector)
    (media,) = {one for record in found.records for one in record.media}
    assert (media.kind, media.alt_text) == ("image", "A bridge")
    addresses = [one for response in found.responses for one in connector.addresses(response)]
    assert {(one.record_id, one.ref) for one in addresses} == {(post.native_id, media.native_id)}
    into = io.BytesIO()
    assert connector.fetch(addresses[-1], into).status == 200
    assert into.getvalue() == picture.body


def test_another_picture_is_another_version(stage: Stage) -> None:
    post = stage.post("The new bridge", media=[Media(id="one", alt="A bridge")])
    before = stage.reader.run()
    stage.world.edit(post, media=[Media(id="two", alt="A bridge")])
    described = stage.reader.run()
    assert before.versions != described.versions


def test_links_count_bytes_and_text_keeps_every_sign(stage: Stage) -> None:
    text = "Dydd Gŵyl Dewi 🏴 https://bit.ly/dewi"
    stage.post(text, links=[Link(url="https://bit.ly/dewi", target="https://anytown.example/dewi")])
    (record,) = stage.reader.run().records
    assert (record.text, record.links, record.language) == (text, ("https://bit.ly/dewi",), "en")


@pytest.mark.parametrize(
    "told", ["0000-00-00", "yesterday", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00", 7, None]
)
def test_a_time_that_no_clock_shows_leaves_the_post_readable(stage: Stage, told: object) -> None:
    stage.post("Odd clock")
    plain = stage.reader.run()
    body = msgspec.json.decode(plain.responses[0].body)
    body["feed"][0]["post"]["record"]["createdAt"] = told
    stage.fake.knobs.faults = [Fault(match="getAuthorFeed", status=200, body=body)]
    found = stage.reader.run()
    assert (found.texts, found.records[0].created_at) == (["Odd clock"], None)
    assert found.versions == plain.versions


# ---- cutting --------------------------------------------------------------------------------------------


def restored(response: Response, connector: BlueskyConnector) -> None:
    """Check that each item stands where its header says, and that none overlaps another."""
    body = response.body
    taken: list[tuple[int, int]] = []
    for exhibit in connector.exhibits(response):
        spans = msgspec.json.decode(exhibit.header)["spans"]
        for part, segments in zip(exhibit.parts, spans, strict=True):
            if segments:
                assert joined(body, [(start, end) for start, end in segments]) == part
        if len(spans[0]) == 1:
            taken.append((spans[0][0][0], spans[0][0][1]))
    taken.sort()
    edges = [0, *(edge for span in taken for edge in span), len(body)]
    assert edges == sorted(edges)


words = st.text(st.characters(codec="utf-8"), max_size=40)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(words, min_size=1, max_size=8), size=st.integers(1, 5))
def test_items_and_the_rest_give_the_body_back(said: list[str], size: int) -> None:
    world = World()
    fake = BlueskyFake(world)
    with serve(world, [fake]) as site, httpx.Client(timeout=5.0) as client:
        council = world.account("bluesky", "anytown.example", owned=True)
        post = world.post(council, said[0], media=[Media(id="x")])
        world.sync()
        parent = post
        for number, text in enumerate(said):
            parent = world.comment(parent, text, author=council)
            world.sync()
            if number == 2:
                world.hide(parent)
        world.sync()
        fake.knobs.page_size, fake.most_levels = size, size
        account = Account(
            account="b",
            council="c",
            platform="bluesky",
            handle="anytown.example",
            native_id=council.id,
            base_url=site.url_of("bluesky"),
        )
        reader = Reader(Wire(client), WorldClock(world), account)
        own = replace(reader, account=replace(account, options={"pds": account.base_url or ""}))
        walks = (
            reader.run(),
            own.run(),
            reader.thread(post.native_id),
            reader.by_id(ref(parent.native_id, post.native_id), control=post.native_id),
            reader.run(stream=Stream.PROFILE),
        )
        for found in walks:
            assert found.unread == []
            for response in found.responses:
                restored(response, reader.connector())
        assert set(walks[0].versions) == set(walks[1].versions)
        assert walks[0].versions == walks[1].versions


def test_the_same_bytes_give_the_same_records(stage: Stage) -> None:
    post = stage.post("Root", media=[Media(id="x")])
    stage.reply(post, "Reply")
    connector = stage.reader.connector()
    for found in (stage.reader.run(), stage.reader.thread(post.native_id)):
        again = read_all(connector, found.responses)
        assert again.exhibits == found.exhibits
        assert again.readings == found.readings


# ---- examples -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", golden.names("bluesky"))
def test_an_example_reads_as_it_always_did(name: str, wire: Wire) -> None:
    account = Account(account="b", council="c", platform="bluesky", handle="x", native_id="did:plc:x")
    connector = BlueskyConnector(account, wire.transport(account, FakeClock(START)), {})
    golden.check(connector, "bluesky", name)


def test_there_are_examples() -> None:
    assert len(golden.names("bluesky")) >= 10
