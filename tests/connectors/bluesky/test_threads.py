"""Bluesky threads at every depth, answers by id, media, and how a body is cut."""

import io
from dataclasses import replace

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.fake import Drift, Fault
from conformance.item import Link, Media
from conformance.platforms.bluesky import BlueskyFake
from conformance.server import serve
from conformance.world import World
from connectors.bluesky import BlueskyConnector
from schemas.account import Account
from schemas.capture import Ids, Threads
from schemas.errors import (
    SourceUnavailableError,
)
from schemas.vocabulary import Reason, Stream
from tests.connectors import golden
from tests.connectors.bluesky_stage import Reader, Stage, read_all, ref, restored, words
from tests.connectors.rig import START, FakeClock, Wire, WorldClock, nothing_held
from tests.connectors.stub_site import Said, stub_site


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(words, min_size=1, max_size=8), size=st.integers(1, 5))
def test_items_and_the_rest_give_the_body_back(said: list[str], size: int) -> None:
    world = World()
    fake = BlueskyFake(world)
    with serve(world, [fake]) as site, httpx.Client(timeout=60) as client:
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


def test_a_thread_without_end_is_read_so_far_and_what_lacks_is_told(stage: Stage) -> None:
    def view(number: int) -> dict[str, object]:
        return {"uri": f"at://did:plc:a/p/{number}", "author": {"did": "did:plc:a"}, "replyCount": 1}

    def answer(path: str, _number: int) -> Said:
        number = int(httpx.URL(path).params["uri"].rpartition("/")[2])
        tree = {"post": view(number), "replies": [{"post": view(number + 1), "replies": []}]}
        body = msgspec.json.encode({"thread": tree})
        return Said(headers={"content-type": "application/json"}, body=body)

    with stub_site(answer) as site:
        connector = stage.reader.connector(base_url=site.url)
        walk = stage.reader.walk(Threads(threads=(ref("at://did:plc:a/p/1"),)), Stream.COMMENTS)
        *_, last = connector.pages(walk, nothing_held)
    assert len(site.asked) == 1_001  # the thread, and 1,000 of its branches
    assert [(one.ended, one.refused) for one in last.listings] == [(False, Reason.PAGED_OUT)]
    assert last.marker is None
