"""One suite, run against the real Bluesky network and against the fake: what the kit serves is what is true.

Each test makes the same things happen in both and asks both the same. `shape` compares answers by the names
and types of their fields; the fake may leave out what is optional, and may add nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
import pytest
from typing_extensions import override

from conformance.item import Account as WorldAccount
from conformance.item import Item, Media
from conformance.platforms.bluesky import BlueskyFake
from conformance.server import serve
from conformance.world import World
from tests.rig.bluesky_network import BlueskyAccount, BlueskyNetwork, Post
from tests.rig.test_bluesky_archive import picture

pytestmark = pytest.mark.rig

FEED = "app.bsky.feed.getAuthorFeed"
THREAD = "app.bsky.feed.getPostThread"
POSTS = "app.bsky.feed.getPosts"
PROFILE = "app.bsky.actor.getProfile"
RESOLVE = "com.atproto.identity.resolveHandle"
RECORDS = "com.atproto.repo.listRecords"
POST = "app.bsky.feed.post"
NOBODY = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"


class Side(Protocol):
    """A council and a resident on a network, real or fake; what is made is known by its uri."""

    def did(self) -> str: ...
    def handle(self) -> str: ...
    def post(self, text: str, *, with_picture: bool = False) -> str: ...
    def reply(self, parent: str, text: str, *, by_council: bool = False) -> str: ...
    def edit(self, uri: str, text: str) -> None: ...
    def delete(self, uri: str) -> None: ...
    def hide(self, root: str, uri: str) -> None: ...
    def ask(self, method: str, **params: Any) -> httpx.Response: ...


@dataclass
class RealSide(Side):
    network: BlueskyNetwork
    council: BlueskyAccount
    resident: BlueskyAccount
    made: dict[str, Post] = field(default_factory=dict)

    @override
    def did(self) -> str:
        return self.council.did

    @override
    def handle(self) -> str:
        return self.council.handle

    @override
    def post(self, text: str, *, with_picture: bool = False) -> str:
        post = (
            self.council.post_with_image(text, picture(), alt="A bridge")
            if with_picture
            else self.council.post(text)
        )
        return self._known(post)

    @override
    def reply(self, parent: str, text: str, *, by_council: bool = False) -> str:
        author = self.council if by_council else self.resident
        above = self.made[parent]
        before = self._replies(above)
        uri = self._known(author.post(text, reply_to=above))
        self.network.wait("the reply is counted", lambda: self._replies(above) > before)
        return uri

    @override
    def edit(self, uri: str, text: str) -> None:
        self._known(self.council.edit(self.made[uri], text))

    @override
    def delete(self, uri: str) -> None:
        post = self.made[uri]
        author = self.council if post.uri.split("/")[2] == self.council.did else self.resident
        author.delete(post)
        self.network.wait_until_gone(post)

    @override
    def hide(self, root: str, uri: str) -> None:
        self.council.hide_replies(self.made[root], self.made[uri])
        self.network.wait("it is hidden", lambda: "threadgate" in (self.network.seen(self.made[root]) or {}))

    @override
    def ask(self, method: str, **params: Any) -> httpx.Response:
        if method == RECORDS:
            return httpx.get(f"{self.network.pds_url}/xrpc/{method}", params=params, timeout=60)
        return self.network.public(method, **params)

    def _known(self, post: Post) -> str:
        self.made[post.uri] = post
        self.network.wait_until_indexed(post)
        return post.uri

    def _replies(self, post: Post) -> int:
        return int((self.network.seen(post) or {}).get("replyCount", 0))


@dataclass
class FakeSide(Side):
    world: World
    base: str
    council: WorldAccount
    resident: WorldAccount

    @override
    def did(self) -> str:
        return self.council.id

    @override
    def handle(self) -> str:
        return self.council.handle

    @override
    def post(self, text: str, *, with_picture: bool = False) -> str:
        media = [Media(id="bridge", alt="A bridge")] if with_picture else []
        return self._known(self.world.post(self.council, text, media=media))

    @override
    def reply(self, parent: str, text: str, *, by_council: bool = False) -> str:
        author = self.council if by_council else self.resident
        return self._known(self.world.comment(self._item(parent), text, author=author))

    @override
    def edit(self, uri: str, text: str) -> None:
        self.world.edit(self._item(uri), text)

    @override
    def delete(self, uri: str) -> None:
        self.world.delete(self._item(uri), subtree=False)

    @override
    def hide(self, root: str, uri: str) -> None:
        self.world.hide(self._item(uri))

    @override
    def ask(self, method: str, **params: Any) -> httpx.Response:
        return httpx.get(f"{self.base}/xrpc/{method}", params=params, timeout=60)

    def _known(self, item: Item) -> str:
        self.world.sync()
        return item.native_id

    def _item(self, uri: str) -> Item:
        found = self.world.find("bluesky", uri)
        assert found is not None
        return found


@dataclass
class Both:
    """Real first: what it answers is the measure."""

    real: RealSide
    fake: FakeSide

    def sides(self) -> Sequence[Side]:
        return (self.real, self.fake)


@pytest.fixture
def both(bluesky_network: BlueskyNetwork) -> Iterator[Both]:
    council, resident = bluesky_network.create_account(), bluesky_network.create_account("resident")
    council.set_profile(name="Anytown Council", description="News")
    real = RealSide(bluesky_network, council, resident)

    def named() -> bool:
        return bool(bluesky_network.public(PROFILE, actor=council.did).json().get("displayName"))

    bluesky_network.wait("the profile", named)
    world = World()
    fake = BlueskyFake(world)
    with serve(world, [fake]) as site:
        mine = world.account("bluesky", "town.test", "Anytown Council", owned=True, description="News")
        theirs = world.account("bluesky", "resident.test")
        world.sync()
        yield Both(real, FakeSide(world, site.url_of("bluesky"), mine, theirs))


# What the fake leaves out, because no archiver may need it: all are optional in the lexicons. The other way
# round, it tells what real records often have, though those of the rig's accounts do not.
LEFT_OUT = frozenset({"associated", "opThreadPostIndex", "opThreadPostCount"})
TOLD_MORE = frozenset({"langs", "aspectRatio", "createdAt", "displayName"})


def shape(value: Any) -> Any:
    """Return an answer's names and types, without its values."""
    if isinstance(value, Mapping):
        told = {name: shape(each) for name, each in value.items() if name not in LEFT_OUT | TOLD_MORE}
        return told | ({"$type": value["$type"]} if "$type" in value else {})
    if isinstance(value, list):
        return [shape(each) for each in value]
    return type(value).__name__


def agree(both: Both, method: str, asks: Sequence[Mapping[str, Any]]) -> Any:
    """Ask both, check that they answer alike, and return what the real one said."""
    real, fake = (side.ask(method, **ask) for side, ask in zip(both.sides(), asks, strict=True))
    assert (real.status_code, shape(real.json())) == (fake.status_code, shape(fake.json()))
    if real.is_error:
        assert real.json()["error"] == fake.json()["error"]
    return real.json()


def test_a_feed_of_posts_and_replies_looks_alike(both: Both) -> None:
    for side in both.sides():
        first = side.post("The new bridge", with_picture=True)
        question = side.reply(first, "When?")
        side.reply(question, "Friday", by_council=True)
    told = agree(both, FEED, [{"actor": side.did(), "limit": 50} for side in both.sides()])
    assert [entry["post"]["record"]["text"] for entry in told["feed"]] == ["Friday", "The new bridge"]


def test_a_feed_is_paged_to_its_end_without_a_cursor_on_the_last_page(both: Both) -> None:
    for side in both.sides():
        for number in range(5):
            side.post(f"Notice {number}")
    asks: list[dict[str, Any]] = [{"actor": side.did(), "limit": 2} for side in both.sides()]
    pages = 0
    while True:
        answers = [side.ask(FEED, **ask).json() for side, ask in zip(both.sides(), asks, strict=True)]
        texts = [[entry["post"]["record"]["text"] for entry in answer["feed"]] for answer in answers]
        assert texts[0] == texts[1]
        assert ("cursor" in answers[0]) == ("cursor" in answers[1])
        pages += 1
        if "cursor" not in answers[0]:
            break
        for ask, answer in zip(asks, answers, strict=True):
            ask["cursor"] = answer["cursor"]
    assert pages == 3


def test_a_thread_with_a_hidden_reply_looks_alike(both: Both) -> None:
    roots = []
    for side in both.sides():
        root = side.post("Have your say")
        rude = side.reply(root, "Something rude")
        side.reply(root, "Something nice")
        side.reply(side.reply(rude, "More of it"), "And more")
        side.hide(root, rude)
        roots.append(root)
    told = agree(both, THREAD, [{"uri": root, "depth": 10, "parentHeight": 0} for root in roots])
    assert len(told["threadgate"]["record"]["hiddenReplies"]) == 1
    assert [node["post"]["record"]["text"] for node in told["thread"]["replies"]] == [
        "Something nice",
        "Something rude",
    ]


def test_a_thread_ends_at_the_depth_asked_for(both: Both) -> None:
    roots = []
    for side in both.sides():
        roots.append(side.post("Root"))
        side.reply(side.reply(side.reply(roots[-1], "One"), "Two"), "Three")
    told = agree(both, THREAD, [{"uri": root, "depth": 2, "parentHeight": 0} for root in roots])
    deepest = told["thread"]["replies"][0]["replies"][0]
    assert "replies" not in deepest
    assert deepest["post"]["replyCount"] == 1


def test_a_branch_is_given_with_its_roots_threadgate_and_parents(both: Both) -> None:
    branches = []
    for side in both.sides():
        root = side.post("Root")
        one = side.reply(root, "One")
        branches.append(side.reply(one, "Two"))
        side.hide(root, one)
    told = agree(both, THREAD, [{"uri": uri, "depth": 1, "parentHeight": 5} for uri in branches])
    assert "threadgate" in told
    assert told["thread"]["parent"]["parent"]["post"]["record"]["text"] == "Root"


def test_posts_by_id_leave_out_what_is_gone_without_a_word(both: Both) -> None:
    asks = []
    for side in both.sides():
        kept, gone = side.post("Kept"), side.post("Gone")
        reply = side.reply(gone, "Why?")
        side.delete(gone)
        asks.append({"uris": [kept, gone, reply, kept]})
    told = agree(both, POSTS, asks)
    assert [post["record"]["text"] for post in told["posts"]] == ["Kept", "Why?"]


def test_a_deleted_root_is_not_found_and_a_reply_below_a_deleted_one_is_not_listed(both: Both) -> None:
    roots, gone = [], []
    for side in both.sides():
        root = side.post("Root")
        middle = side.reply(root, "Middle")
        side.reply(middle, "Below")
        side.delete(middle)
        roots.append(root)
        gone.append(middle)
    told = agree(both, THREAD, [{"uri": uri} for uri in roots])
    assert told["thread"]["replies"] == []
    agree(both, THREAD, [{"uri": uri} for uri in gone])


def test_an_edit_keeps_the_uri_and_changes_the_cid(both: Both) -> None:
    for side in both.sides():
        uri = side.post("Mnday")
        before = side.ask(POSTS, uris=[uri]).json()["posts"][0]
        side.edit(uri, "Monday")
        after = side.ask(POSTS, uris=[uri]).json()["posts"][0]
        assert after["uri"] == before["uri"]
        assert after["cid"] != before["cid"]
        assert (after["record"]["text"], after["record"]["createdAt"]) == (
            "Monday",
            before["record"]["createdAt"],
        )
        assert after["indexedAt"] >= before["indexedAt"]


def test_the_accounts_own_server_lists_the_same_records(both: Both) -> None:
    for side in both.sides():
        side.post("The new bridge", with_picture=True)
    told = agree(both, RECORDS, [{"repo": side.did(), "collection": POST} for side in both.sides()])
    assert [one["value"]["text"] for one in told["records"]] == ["The new bridge"]


def test_a_profile_and_a_handle_look_alike(both: Both) -> None:
    agree(both, PROFILE, [{"actor": side.did()} for side in both.sides()])
    agree(both, PROFILE, [{"actor": side.handle()} for side in both.sides()])
    agree(both, RESOLVE, [{"handle": side.handle()} for side in both.sides()])


@pytest.mark.parametrize(
    ("method", "ask"),
    [
        (FEED, {"actor": NOBODY}),
        (FEED, {"actor": NOBODY, "limit": 101}),
        (PROFILE, {"actor": NOBODY}),
        (PROFILE, {"actor": "nobody.test"}),
        (RESOLVE, {"handle": "nobody.test"}),
        (THREAD, {"uri": f"at://{NOBODY}/{POST}/3aaaaaaaaaaa2"}),
        (THREAD, {"uri": f"at://{NOBODY}/{POST}/3aaaaaaaaaaa2", "depth": 1001}),
        (POSTS, {"uris": [f"at://{NOBODY}/{POST}/3aaaaaaaaaaa2"]}),
        (POSTS, {"uris": [f"at://{NOBODY}/{POST}/3aaaaaaaaaa{n:02}" for n in range(26)]}),
        (RECORDS, {"repo": NOBODY, "collection": POST}),
    ],
)
def test_what_is_not_there_is_told_alike(both: Both, method: str, ask: Mapping[str, Any]) -> None:
    agree(both, method, [ask, ask])
