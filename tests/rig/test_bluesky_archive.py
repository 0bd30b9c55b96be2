"""The connector against the real Bluesky network: what it reads there is what was written there."""

import io
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from schemas.account import Account
from schemas.errors import MunimentError, WrongAccountError
from schemas.vocabulary import Kind, Stream
from tests.connectors.bluesky_stage import Reader, ref
from tests.connectors.rig import FakeClock, Wire
from tests.rig.bluesky_network import BlueskyAccount, BlueskyNetwork

pytestmark = pytest.mark.rig


@pytest.fixture
def wire() -> Iterator[Wire]:
    with httpx.Client(timeout=60) as client:
        yield Wire(client)


def reader(wire: Wire, network: BlueskyNetwork, council: BlueskyAccount, **options: str) -> Reader:
    account = Account(
        account="bluesky-main",
        council="anytown",
        platform="bluesky",
        handle=council.handle,
        native_id=council.did,
        base_url=network.appview_url,
        options=options,
    )
    # Asked for is what is there now: the clock of the tests must not lie before the network's.
    return Reader(wire, FakeClock(datetime.now(UTC)), account, trusted=(urlsplit(network.pds_url).netloc,))


def test_an_account_is_found_by_its_handle_and_kept_by_its_did(
    wire: Wire, bluesky_network: BlueskyNetwork
) -> None:
    council = bluesky_network.create_account()
    council.set_profile(name="Anytown Council", description="News of the borough")
    post = council.post("First")
    bluesky_network.wait_until_indexed(post)
    found = reader(wire, bluesky_network, council)
    bluesky_network.wait("the profile", lambda: found.connector().check().name == "Anytown Council")

    identity = found.connector().check()
    assert (identity.native_id, identity.handle, identity.posts) == (council.did, council.handle, 1)
    profile = found.run(stream=Stream.PROFILE)
    assert [(one.kind, one.text) for one in profile.records] == [(Kind.PROFILE, "News of the borough")]


def test_a_handle_that_names_nobody_is_refused(wire: Wire, bluesky_network: BlueskyNetwork) -> None:
    council = bluesky_network.create_account()
    with pytest.raises(WrongAccountError):
        reader(wire, bluesky_network, council).connector(handle="nobody-at-all.test", native_id=None).check()


def test_posts_and_replies_are_read_at_every_depth(wire: Wire, bluesky_network: BlueskyNetwork) -> None:
    council, resident = bluesky_network.create_account(), bluesky_network.create_account("resident")
    first = council.post("Bin collections: Dydd Gŵyl Dewi")
    reply = resident.post("Which day?", reply_to=first)
    answer = council.post("Friday", reply_to=reply)
    thanks = resident.post("Diolch", reply_to=answer)
    bluesky_network.wait_until_indexed(first, reply, answer, thanks)
    bluesky_network.wait("the count", lambda: (bluesky_network.seen(first) or {}).get("replyCount") == 1)

    archive = reader(wire, bluesky_network, council)
    posts = archive.run()
    assert [(one.text, one.kind) for one in posts.records] == [
        ("Friday", Kind.COMMENT),
        ("Bin collections: Dydd Gŵyl Dewi", Kind.POST),
    ]
    assert posts.readings[1].look is not None
    assert posts.readings[1].look.metrics["comments"] == 1
    assert posts.responses[-1].listings[0].ended

    thread = archive.thread(first.uri)
    assert thread.texts == ["Which day?", "Friday", "Diolch"]
    assert [one.parent_id for one in thread.records] == [first.uri, reply.uri, answer.uri]
    assert {one.thread_id for one in thread.records} == {first.uri}
    assert thread.responses[-1].listings[0].ended
    assert all(not reading.leftover for reading in (*posts.readings, *thread.readings))


def test_a_thread_deeper_than_one_answer_is_read_to_its_end(
    wire: Wire, bluesky_network: BlueskyNetwork
) -> None:
    council = bluesky_network.create_account()
    first = council.post("Root")
    last, made = first, []
    for number in range(105):
        last = council.post(f"Level {number}", reply_to=last)
        made.append(last)
    bluesky_network.wait_until_indexed(*made)
    bluesky_network.wait(
        "the counts",
        lambda: all((bluesky_network.seen(one) or {}).get("replyCount") == 1 for one in made[:-1]),
    )

    thread = reader(wire, bluesky_network, council).thread(first.uri)
    assert set(thread.texts) == {f"Level {number}" for number in range(105)}
    assert len(thread.responses) == 2


def test_paging_back_stops_at_the_time_asked_for(wire: Wire, bluesky_network: BlueskyNetwork) -> None:
    council = bluesky_network.create_account()
    start = datetime.now(UTC) - timedelta(days=150)
    made = [council.post(f"Day {day}", at=start + timedelta(days=day)) for day in range(120)]
    bluesky_network.wait_until_indexed(*made)
    bluesky_network.wait("all", lambda: len(bluesky_network.author_feed(council)) == 100)

    everything = reader(wire, bluesky_network, council).run()
    assert everything.texts == [f"Day {day}" for day in reversed(range(120))]
    assert [one.marker is None for one in everything.responses] == [False, True]


@pytest.mark.parametrize("kept_at", ["public", "own server"])
def test_an_edit_is_a_new_version_of_the_same_record(
    wire: Wire, bluesky_network: BlueskyNetwork, kept_at: str
) -> None:
    council = bluesky_network.create_account()
    options = {"pds": bluesky_network.pds_url} if kept_at == "own server" else {}
    archive = reader(wire, bluesky_network, council, **options)
    before = council.post("Roadworks on Mnday")
    bluesky_network.wait_until_indexed(before)
    first = archive.run()
    after = council.edit(before, "Roadworks on Monday")
    bluesky_network.wait_until_indexed(after)
    second = archive.run()

    assert set(second.texts) == {"Roadworks on Monday"}
    assert first.versions.keys() == second.versions.keys() == {before.uri}
    assert first.versions[before.uri].isdisjoint(second.versions[before.uri])


def test_the_accounts_own_server_and_the_public_view_give_the_same_version(
    wire: Wire, bluesky_network: BlueskyNetwork
) -> None:
    council = bluesky_network.create_account()
    post = council.post_with_image("The new bridge", picture(), alt="A bridge")
    bluesky_network.wait_until_indexed(post)
    public = reader(wire, bluesky_network, council).run()
    both = reader(wire, bluesky_network, council, pds="find", plc=bluesky_network.plc_url).run()

    assert both.versions == public.versions
    assert len(both.versions[post.uri]) == 1
    assert [response.endpoint for response in both.responses] == [
        "app.bsky.feed.getPosts",
        "com.atproto.repo.listRecords",
        "com.atproto.repo.listRecords",  # this server's last cursor leads to one more page, an empty one
    ]


def test_a_deleted_post_leaves_the_list_and_is_gone_by_id(
    wire: Wire, bluesky_network: BlueskyNetwork
) -> None:
    council, resident = bluesky_network.create_account(), bluesky_network.create_account("resident")
    kept, post = council.post("Library open"), council.post("Library closed")
    reply = resident.post("Why?", reply_to=post)
    bluesky_network.wait_until_indexed(kept, post, reply)
    council.delete(post)
    bluesky_network.wait_until_gone(post)

    archive = reader(wire, bluesky_network, council)
    assert archive.run().texts == ["Library open"]
    assert archive.by_id(ref(post.uri), control=kept.uri).answers == {
        kept.uri: ("seen", "public"),
        post.uri: ("gone", "not-found"),
    }
    thread = archive.thread(post.uri)
    assert thread.records == []
    assert thread.responses[0].listings[0].refused is not None
    by_id = archive.by_id(ref(reply.uri, post.uri), control=kept.uri)
    assert by_id.answers[reply.uri] == ("seen", "public")


def test_a_hidden_reply_is_read_as_hidden_in_its_thread_and_by_id(
    wire: Wire, bluesky_network: BlueskyNetwork
) -> None:
    council, resident = bluesky_network.create_account(), bluesky_network.create_account("resident")
    post = council.post("Have your say on the park")
    reply = resident.post("Something abusive", reply_to=post)
    below = resident.post("More of it", reply_to=reply)
    bluesky_network.wait_until_indexed(post, reply, below)
    council.hide_replies(post, reply)

    def hidden() -> list[str]:
        seen = bluesky_network.seen(post) or {}
        return list(seen.get("threadgate", {}).get("record", {}).get("hiddenReplies", []))

    bluesky_network.wait("the reply is hidden", lambda: hidden() == [reply.uri])
    archive = reader(wire, bluesky_network, council)
    thread = archive.thread(post.uri)
    assert thread.answers == {reply.uri: ("seen", "hidden"), below.uri: ("seen", "public")}
    by_id = archive.by_id(ref(reply.uri, post.uri), control=post.uri)
    assert by_id.answers[reply.uri] == ("seen", "hidden")


def test_a_picture_comes_as_it_was_uploaded_from_the_accounts_own_server(
    wire: Wire, bluesky_network: BlueskyNetwork
) -> None:
    council = bluesky_network.create_account()
    post = council.post_with_image("The new bridge", picture(), alt="A bridge")
    bluesky_network.wait_until_indexed(post)

    archive = reader(wire, bluesky_network, council, pds=bluesky_network.pds_url)
    connector = archive.connector()
    found = archive.run(connector=connector)
    addresses = [one for response in found.responses for one in connector.addresses(response)]
    assert {(one.record_id, one.ref) for one in addresses} == {
        (post.uri, found.records[0].media[0].native_id)
    }
    assert found.records[0].media[0].alt_text == "A bridge"
    into = io.BytesIO()
    answer = connector.fetch(addresses[0], into)
    assert (answer.status, into.getvalue()) == (200, picture())


def test_without_that_server_the_public_views_picture_is_named(
    wire: Wire, bluesky_network: BlueskyNetwork
) -> None:
    council = bluesky_network.create_account()
    post = council.post_with_image("The new bridge", picture())
    bluesky_network.wait_until_indexed(post)
    archive = reader(wire, bluesky_network, council)
    connector = archive.connector()
    found = archive.run(connector=connector)
    (address,) = [one for response in found.responses for one in connector.addresses(response)]
    assert address.ref == found.records[0].media[0].native_id
    assert httpx.get(address.url, timeout=60).headers["content-type"].startswith("image/")


def test_an_unknown_did_is_an_account_that_is_not_there(wire: Wire, bluesky_network: BlueskyNetwork) -> None:
    council = bluesky_network.create_account()
    archive = reader(wire, bluesky_network, council)
    connector = archive.connector(native_id="did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
    with pytest.raises(MunimentError, match="does not serve account bluesky-main"):
        archive.run(connector=connector)


def picture() -> bytes:
    """A grey picture of 8 by 8 dots."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes([128] * 8) for _ in range(8)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
