"""The fake WordPress is held to what is true of the real one (tests/rig runs the same suite there)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import httpx
import pytest

from conformance.clock import Clock
from conformance.item import Item
from conformance.platforms.wordpress import WordPressFake
from conformance.server import serve
from conformance.wire import Request
from conformance.world import World
from tests.conformance.steps import steps
from tests.conformance.wordpress_truth import WordPressTruth

SECRET = "sandbox-northbeck"


class FakePlace:
    """A site on the fake."""

    def __init__(self, world: World, fake: WordPressFake, client: httpx.Client) -> None:
        self.world = world
        self.fake = fake
        self.client = client
        self.council = world.account("wordpress", "northbeck", "Northbeck News", owned=True)
        self.resident = world.account("wordpress", "resident", "Resident")

    def post(self, title: str, body: str, *, at: datetime, kind: str = "posts") -> int:
        name = kind.removesuffix("s")
        return self.world.post(self.council, body, title=title, kind=name, created_at=at).serial

    def edit(self, number: int, body: str) -> None:
        self.world.edit(self._posting(number), body)

    def trash(self, number: int) -> None:
        self.world.hide(self._posting(number), "trash")

    def delete(self, number: int) -> None:
        self.world.delete(self._posting(number))

    def comment(
        self, post: int, text: str, *, at: datetime, reply_to: int = 0, state: str = "approved"
    ) -> int:
        shown = {"approved": "public", "hold": "held"}.get(state, state)
        parent = self._comment(reply_to) if reply_to else self._posting(post)
        made = self.world.comment(parent, text, author=self.resident, created_at=at, shown=shown)
        return made.serial

    def answer(self, post: int, text: str, *, reply_to: int) -> int:
        assert self._comment(reply_to).root.serial == post
        return self.world.comment(self._comment(reply_to), text, author=self.council).serial

    def delete_comment(self, number: int) -> None:
        self.world.delete(self._comment(number))

    def ask(
        self, path: str, *, signed_in: bool = False, headers: Mapping[str, str] | None = None, **params: Any
    ) -> httpx.Response:
        auth = ("archivist", SECRET) if signed_in else None
        url = f"{self.fake.address(self.council)}{path}"
        return self.client.get(url, params=params or None, auth=auth, headers=dict(headers or {}))

    def _posting(self, number: int) -> Item:
        item = self.world.find("wordpress", str(number), kind="post")
        item = item or self.world.find("wordpress", str(number), kind="page")
        assert item is not None
        return item

    def _comment(self, number: int) -> Item:
        item = self.world.find("wordpress", str(number), kind="comment")
        assert item is not None
        return item


class TestTheFake(WordPressTruth):
    """The suite, on the fake."""

    @pytest.fixture
    def place(self) -> Iterator[FakePlace]:
        world = World(Clock(datetime.fromisoformat("2026-11-20T12:00:00+00:00")))
        fake = WordPressFake(world)
        with serve(world, [fake]), httpx.Client(timeout=60) as client:
            yield FakePlace(world, fake, client)


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("posts/100020", 2),
        ("comments?per_page=20&orderby=id&post=100001", 2),
        ("posts?per_page=20&orderby=id", 8),  # a list is counted whole for its header
    ],
)
def test_a_larger_site_is_no_slower_but_where_it_must_count(path: str, most: int) -> None:
    request = Request.of("GET", f"/northbeck/wp-json/wp/v2/{path}")

    def answering(posts: int) -> int:
        fake = _site_of(posts)
        assert fake.answer(request).status == 200
        return steps(lambda: fake.answer(request))

    assert answering(400) < most * answering(50)


def _site_of(posts: int) -> WordPressFake:
    world = World()
    fake = WordPressFake(world)
    fake.base_url = "http://127.0.0.1"
    council = world.account("wordpress", "northbeck", owned=True)
    resident = world.account("wordpress", "resident")
    for _ in range(posts):
        world.comment(world.post(council, "A notice", title="Notice"), "A word", author=resident)
    return fake
