"""What the real Bluesky network shows to the public, on which the fake and the connector rely."""

import struct
import zlib

import httpx
import pytest

from tests.rig.bluesky_network import BlueskyNetwork

pytestmark = pytest.mark.rig


def test_posts_and_replies_at_every_depth_are_served_to_the_public(bluesky_network: BlueskyNetwork) -> None:
    council, resident = bluesky_network.create_account(), bluesky_network.create_account("resident")
    first = council.post("Bin collections: Dydd Gŵyl Dewi")
    reply = resident.post("Which day?", reply_to=first)
    answer = council.post("Friday", reply_to=reply)
    thanks = resident.post("Diolch", reply_to=answer)
    bluesky_network.wait_until_indexed(first, reply, answer, thanks)

    texts = [post["record"]["text"] for post in bluesky_network.author_feed(council)]
    assert texts == ["Friday", "Bin collections: Dydd Gŵyl Dewi"]
    said, node = [], bluesky_network.thread(first)
    while node.get("replies"):
        node = node["replies"][0]
        said.append(node["post"]["record"]["text"])
    assert said == ["Which day?", "Friday", "Diolch"]


def test_an_edit_in_place_changes_the_cid_and_the_text(bluesky_network: BlueskyNetwork) -> None:
    council = bluesky_network.create_account()
    before = council.post("Roadworks on Mnday")
    bluesky_network.wait_until_indexed(before)
    after = council.edit(before, "Roadworks on Monday")
    bluesky_network.wait_until_indexed(after)

    assert after.uri == before.uri
    assert after.cid != before.cid
    seen = bluesky_network.seen(after)
    assert seen is not None
    assert seen["record"]["text"] == "Roadworks on Monday"


def test_a_deleted_post_is_gone_and_its_replies_stay(bluesky_network: BlueskyNetwork) -> None:
    council, resident = bluesky_network.create_account(), bluesky_network.create_account("resident")
    post = council.post("Library closed")
    reply = resident.post("Why?", reply_to=post)
    bluesky_network.wait_until_indexed(post, reply)
    council.delete(post)
    bluesky_network.wait_until_gone(post)

    assert bluesky_network.author_feed(council) == []
    gone = bluesky_network.public("app.bsky.feed.getPostThread", uri=post.uri)
    assert (gone.status_code, gone.json()["error"]) == (400, "NotFound")
    assert bluesky_network.seen(reply) is not None


def test_a_reply_hidden_by_the_threadgate_is_named_in_it(bluesky_network: BlueskyNetwork) -> None:
    council, resident = bluesky_network.create_account(), bluesky_network.create_account("resident")
    post = council.post("Have your say on the park")
    reply = resident.post("Something abusive", reply_to=post)
    bluesky_network.wait_until_indexed(post, reply)
    council.hide_replies(post, reply)

    def hidden() -> list[str]:
        seen = bluesky_network.seen(post) or {}
        return list(seen.get("threadgate", {}).get("record", {}).get("hiddenReplies", []))

    bluesky_network.wait("the reply is hidden", lambda: hidden() == [reply.uri])


def test_a_picture_is_served_as_it_was_uploaded(bluesky_network: BlueskyNetwork) -> None:
    council = bluesky_network.create_account()
    picture = _png()
    post = council.post_with_image("The new bridge", picture, alt="A bridge")
    bluesky_network.wait_until_indexed(post)

    blob = bluesky_network.seen(post)["record"]["embed"]["images"][0]["image"]["ref"]["$link"]  # type: ignore[index]
    address = f"{bluesky_network.pds_url}/xrpc/com.atproto.sync.getBlob"
    assert httpx.get(address, params={"did": council.did, "cid": blob}, timeout=60).content == picture
    shown = bluesky_network.seen(post)["embed"]["images"][0]  # type: ignore[index]
    assert shown["alt"] == "A bridge"
    assert httpx.get(shown["fullsize"], timeout=60).headers["Content-Type"].startswith("image/")


def test_a_like_is_counted(bluesky_network: BlueskyNetwork) -> None:
    council, resident = bluesky_network.create_account(), bluesky_network.create_account("resident")
    post = council.post("The pool is open")
    bluesky_network.wait_until_indexed(post)
    resident.like(post)
    bluesky_network.wait("one like", lambda: (bluesky_network.seen(post) or {}).get("likeCount") == 1)


def test_an_app_password_signs_in(bluesky_network: BlueskyNetwork) -> None:
    council = bluesky_network.create_account()
    council.set_profile(name="Anytown Council", description="News")
    body = {"identifier": council.handle, "password": council.app_password()}
    url = f"{bluesky_network.pds_url}/xrpc/com.atproto.server.createSession"
    session = httpx.post(url, json=body, timeout=60)
    assert session.json()["did"] == council.did

    def name() -> str:
        return str(
            bluesky_network.public("app.bsky.actor.getProfile", actor=council.handle)
            .json()
            .get("displayName")
        )

    bluesky_network.wait("the profile is indexed", lambda: name() == "Anytown Council")


def _png() -> bytes:
    """A grey picture of 8 by 8 dots."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes([128] * 8) for _ in range(8)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
