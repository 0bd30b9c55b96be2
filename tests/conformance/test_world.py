import json
from datetime import UTC, datetime, timedelta

import pytest

from conformance.clock import Clock
from conformance.item import visible
from conformance.world import World
from tests.conformance.steps import steps

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_script_written_ahead_is_true_only_when_its_time_has_come() -> None:
    world = World(Clock(START))
    council = world.account("x", "northbeck", owned=True)
    post = world.post(council, "Bins on Monday", at=START + HOUR)
    world.edit(post, "Bins on Tuesday", at=START + 2 * HOUR)
    world.delete(post, at=START + 3 * HOUR)
    seen = []
    for _ in range(4):
        seen.append([i.text for i in world.posts_of(council)])
        world.clock.wait(3600)
    assert seen == [[], ["Bins on Monday"], ["Bins on Tuesday"], []]
    assert [v.text for v in post.versions] == ["Bins on Monday", "Bins on Tuesday"]


def test_what_has_been_shown_is_never_changed_afterwards() -> None:
    world = World(Clock(START))
    council = world.account("x", "northbeck")
    world.post(council, "now", at=START)
    world.sync()
    with pytest.raises(ValueError, match="past"):
        world.post(council, "earlier", at=START - HOUR)
    with pytest.raises(ValueError, match="back"):
        world.clock.to(START - HOUR)


def test_deleting_takes_the_whole_subtree_and_leaves_its_neighbours() -> None:
    world = World()
    council = world.account("facebook", "northbeck")
    post = world.post(council, "post")
    first = world.comment(post, "1", author=council)
    deep = world.comment(world.comment(first, "1.1", author=council), "1.1.1", author=council)
    other = world.comment(post, "2", author=council)
    world.delete(first)
    assert [i.text for i in world.below(post)] == ["2"]
    assert not deep.is_live
    assert other.is_live
    late = world.comment(deep, "too late", author=council)
    world.sync()
    assert not late.exists


def test_a_platform_may_leave_the_replies_of_a_deleted_item() -> None:
    world = World()
    council = world.account("x", "northbeck")
    post = world.post(council, "post")
    reply = world.comment(post, "reply", author=council)
    world.delete(post, subtree=False)
    world.sync()
    assert reply.is_live
    assert world.posts_of(council) == []


def test_an_edit_on_x_is_a_new_id_of_the_same_item() -> None:
    world = World()
    council = world.account("x", "northbeck")
    post = world.post(council, "first")
    world.edit(post, "second")
    world.sync()
    assert len(set(post.ids)) == 2
    assert {world.find("x", each) for each in post.ids} == {post}
    assert int(post.ids[1]) > int(post.ids[0])


def test_two_wordpress_sites_count_apart_and_posts_apart_from_comments() -> None:
    world = World()
    one, two = world.account("wordpress", "news"), world.account("wordpress", "parks")
    a, b = world.post(one, "a"), world.post(two, "b")
    c = world.comment(a, "c", author=one)
    world.sync()
    assert a.native_id == c.native_id
    assert a.native_id != b.native_id
    assert world.find("wordpress", a.native_id, kind="comment") is c


def test_a_rename_keeps_the_id_and_finds_the_account_by_its_new_handle() -> None:
    world = World()
    council = world.account("mastodon", "northbeck")
    world.rename(council, handle="northbeckcouncil")
    assert world.find_account("mastodon", "NorthbeckCouncil") is council
    assert world.find_account("mastodon", "northbeck") is None
    assert world.find_account("mastodon", council.id) is council


def test_backdated_items_stand_at_the_time_they_tell() -> None:
    world = World()
    council = world.account("bluesky", "northbeck")
    world.post(council, "new")
    world.post(council, "old", created_at=START - HOUR)
    assert [i.text for i in world.posts_of(council)] == ["old", "new"]


def test_the_truth_is_the_same_on_every_run() -> None:
    def build() -> list[str]:
        world = World(Clock(START))
        council = world.account("bluesky", "northbeck", owned=True)
        post = world.post(council, "a")
        world.hide(world.comment(post, "b", author=council), "hidden")
        world.count(post, likes=3)
        world.suspend(council)
        return list(world.truth())

    assert build() == build()
    assert [json.loads(line)["act"] for line in build()] == [
        "account",
        "create",
        "create",
        "show",
        "count",
        "suspend",
    ]


def test_a_thread_is_read_in_the_same_steps_however_large_the_world() -> None:
    def reading_all_of(posts: int) -> int:
        world = World(Clock(START), tick=timedelta(0))
        accounts = [world.account("facebook", f"page{n}") for n in range(4)]
        for n in range(posts):
            post = world.post(accounts[n % 4], f"post {n}", at=START)
            for m in range(9):
                world.comment(post, f"comment {m}", author=accounts[0], at=START)

        def read() -> None:
            for account in accounts:
                for item in world.posts_of(account):
                    assert len(world.below(item)) == 9

        return steps(read)

    assert reading_all_of(160) < 5 * reading_all_of(40)


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("<p>Bins &amp; boxes</p><p>on  Monday</p>", "Bins & boxes on Monday"),
        ("It\u2019s \u201cfine\u201d \u2013 really\u2026", 'It\'s "fine" - really...'),
        ("a < b and 3<4", "a < b and 3<4"),
        ("line<br />break", "line break"),
    ],
)
def test_text_compares_as_a_reader_sees_it(told: str, read: str) -> None:
    assert visible(told) == read
