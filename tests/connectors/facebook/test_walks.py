"""Facebook Pages over HTTP, against the fake: what a walk brings, and how each failure ends."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest

from schemas.capture import (
    PROFILE,
    Cursor,
    Edge,
    Threads,
    comments_of,
)
from schemas.vocabulary import Answer, Kind, Stream
from tests.connectors.facebook_council import FILM, PICTURE, WINDOW, Council, marked, ref

# ---- what a walk brings -----------------------------------------------------------------------------------


def test_check_tells_whose_token_it_is(council: Council) -> None:
    council.threads(posts=3)
    identity = council.connector.check()
    assert (identity.native_id, identity.handle, identity.name) == (
        council.page.id,
        "anytown",
        "Anytown Council",
    )
    assert identity.posts == 3
    assert identity.missing == ()


@pytest.mark.parametrize("permission", ["pages_read_engagement", "pages_read_user_content"])
def test_check_names_the_missing_permission_and_how_to_get_it(council: Council, permission: str) -> None:
    council.threads()
    council.fake.knobs.missing = {permission}
    (missing,) = council.connector.check().missing
    assert permission in missing
    assert "docs/platforms/facebook.md" in missing


def test_a_profile_is_one_record_with_its_own_version(council: Council) -> None:
    (response,) = council.pages(Stream.PROFILE, Edge())
    (reading,) = council.read([response])
    assert reading.record is not None
    assert reading.record.kind is Kind.PROFILE
    assert reading.record.record_id == f"facebook:profile:{council.page.id}"
    assert reading.record.text == "We serve you"
    assert [listed.listing for listed in response.listings] == [PROFILE]
    assert response.marker is None


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 100])
@pytest.mark.parametrize("by_time", [False, True])
def test_every_post_comes_once_at_any_page_size(council: Council, size: int, *, by_time: bool) -> None:
    council.threads(posts=7, comments=0)
    council.fake.knobs.page_size = size
    council.fake.time_paging = by_time
    responses = council.posts()
    assert council.texts(responses) == [f"post {number}" for number in reversed(range(7))]
    assert marked(responses) == [True] * (len(responses) - 1) + [False]
    assert [one.listings[0].ended for one in responses] == [False] * (len(responses) - 1) + [True]
    assert responses[-1].listings[0].reported == 7


@pytest.mark.parametrize("size", [1, 3, 100])
def test_comments_of_every_depth_come_with_their_parents(council: Council, size: int) -> None:
    (post,) = council.threads()
    deepest = council.world.comment(council.world.below(post)[1], "below", author=council.page)
    council.world.sync()
    council.fake.knobs.page_size = size
    responses = council.comments(post)
    records = [one.record for one in council.read(responses) if one.record is not None]
    assert [record.text for record in records] == [
        *(f"comment 0.{number}" for number in range(5)),
        "below",
    ]
    assert {record.thread_id for record in records} == {f"facebook:{post.native_id}"}
    told = {record.record_id: record.parent_id for record in records}
    assert told == {
        f"facebook:{item.native_id}": f"facebook:{item.parent.native_id}"
        for item in council.world.below(post)
        if item.parent is not None
    }
    assert records[-1].author_id == council.page.id
    assert records[-1].native_id == f"{post.native_id}_{deepest.native_id}"
    assert responses[-1].listings[0].reported == 6


def test_a_record_is_named_without_the_prefix_that_can_change(council: Council) -> None:
    (post,) = council.threads(comments=0)
    before = council.read(council.posts())[0].record
    council.fake.page_prefix = "61550000000000"
    after = council.read(council.posts())[0].record
    assert before is not None
    assert after is not None
    assert before.record_id == after.record_id == f"facebook:{post.native_id}"
    assert before.native_id != after.native_id


def test_posts_carry_comment_totals_so_quiet_threads_need_no_call(council: Council) -> None:
    (post,) = council.threads(comments=4)
    council.world.count(post, likes=3, shares=2, loves=1)
    council.world.sync()
    (reading,) = council.read(council.posts())
    assert reading.look is not None
    assert council.connector.tracking
    assert {
        name: reading.look.metrics[name] for name in ("comments", "likes", "shares", "love", "reactions")
    } == {
        "comments": 4,
        "likes": 3,
        "shares": 2,
        "love": 1,
        "reactions": 4,
    }


def test_an_edge_asks_only_for_what_is_newer_and_signposts_the_newest(council: Council) -> None:
    posts = council.threads(posts=6, comments=0)
    since = Cursor(native_id="", at=posts[3].created_at)
    responses = council.posts(Edge(since=since))
    assert council.texts(responses) == ["post 5", "post 4", "post 3"]
    assert responses[0].signpost == Cursor(native_id=ref(posts[5]).native_id, at=posts[5].created_at)
    assert responses[0].listings[0].since == posts[3].created_at
    assert responses[0].listings[0].absence_counts
    assert council.fake.journal.requests[-1].query["include_hidden"] == ["true"]


def test_an_edge_with_nothing_new_leaves_the_cursor_where_it_was(council: Council) -> None:
    council.threads(comments=0)
    since = Cursor(native_id="1_2", at=council.world.now + timedelta(hours=1))
    (response,) = council.posts(Edge(since=since))
    assert response.signpost == since
    assert response.listings[0].ended


def test_only_the_first_page_of_a_walk_carries_the_signpost(council: Council) -> None:
    council.threads(posts=4, comments=0)
    council.fake.knobs.page_size = 2
    first, second = council.posts()
    assert first.signpost is not None
    assert second.signpost is None
    assert council.posts(marker=first.marker)[0].signpost is None


def test_the_first_edge_goes_back_to_the_day_the_council_named(council: Council) -> None:
    old = council.world.post(council.page, "old", created_at=datetime(2026, 2, 27, 23, 59, tzinfo=UTC))
    council.world.post(council.page, "new", created_at=datetime(2026, 2, 28, 0, 0, tzinfo=UTC))
    council.world.sync()
    council.account = replace(council.account, backfill_from=date(2026, 2, 28))
    council.connector = council.connect()
    assert old.is_live
    assert council.texts(council.posts()) == ["new"]


def test_a_window_asks_for_its_period_and_absence_counts_in_it(council: Council) -> None:
    for minute in range(9 * 60, 12 * 60, 20):
        at = datetime(2026, 3, 2, minute // 60, minute % 60, tzinfo=UTC)
        council.world.post(council.page, f"{at:%H:%M}", at=at)
    council.world.clock.to(datetime(2026, 3, 2, 12, tzinfo=UTC))
    council.world.sync()
    responses = council.posts(WINDOW)
    found = council.texts(responses)
    assert [text for text in found if "10:00" <= text < "11:00"] == ["10:40", "10:20", "10:00"]
    assert len(found) <= 4
    (listed,) = responses[-1].listings
    assert (listed.since, listed.until, listed.absence_counts) == (WINDOW.start, WINDOW.end, True)
    assert responses[0].signpost is None


def test_each_thread_is_a_listing_of_its_own(council: Council) -> None:
    posts = council.threads(posts=3, comments=4)
    council.fake.knobs.page_size = 3
    responses = council.comments(*posts)
    assert len(responses) == 6
    ended = [one.listings[0].listing for one in responses if one.listings[0].ended]
    assert ended == [comments_of(ref(post).record_id) for post in posts]
    assert marked(responses) == [True] * 5 + [False]


def test_only_newer_comments_are_asked_for_when_only_those_are_wanted(council: Council) -> None:
    (post,) = council.threads(comments=5)
    fourth = council.world.below(post)[3]
    one = replace(ref(post), since=Cursor(native_id=None, at=fourth.created_at))
    responses = list(council.pages(Stream.COMMENTS, Threads(threads=(one,))))
    assert council.texts(responses) == ["comment 0.3", "comment 0.4"]
    assert responses[0].listings[0].since == fourth.created_at
    assert responses[0].listings[0].reported == 5


def test_hidden_comments_are_seen_and_called_hidden(council: Council) -> None:
    (post,) = council.threads(comments=2)
    council.world.hide(council.world.below(post)[1], "is_hidden")
    council.world.sync()
    (response,) = council.comments(post)
    looks = [one.look for one in council.read([response]) if one.look is not None]
    assert [look.shown for look in looks] == ["public", "is_hidden"]
    assert "is_hidden" in response.listings[0].shows


def test_an_author_that_facebook_withholds_is_unknown_and_nothing_fails(council: Council) -> None:
    (post,) = council.threads(comments=0)
    council.world.comment(post, "who am I", author=council.resident, facts={"undisclosed": True})
    council.world.sync()
    (reading,) = council.read(council.comments(post))
    assert reading.record is not None
    assert (reading.record.author_id, reading.record.author_name) == (None, None)
    assert reading.record.text == "who am I"


def test_asked_by_id_each_answer_is_pinned_to_its_record(council: Council) -> None:
    first, second, third = council.threads(posts=3, comments=0)
    council.world.delete(first)
    council.world.sync()
    council.fake.knobs.refused_ids = {second.native_id}
    responses = council.by_id(Stream.POSTS, first, second, controls=(third,))
    looks = [one.look for one in council.read(responses) if one.look is not None]
    assert [(look.record_id, look.answer, look.shown) for look in looks] == [
        (ref(first).record_id, Answer.GONE, "100.33"),
        (ref(second).record_id, Answer.REFUSED, "200"),
        (ref(third).record_id, Answer.SEEN, "public"),
    ]
    assert [one.asked for one in responses] == [(ref(first),), (ref(second),), (ref(third),)]
    assert marked(responses) == [True, True, False]


def test_a_comment_by_id_names_the_same_thread_and_parent_as_its_list(council: Council) -> None:
    (post,) = council.threads(comments=3)
    listed = [one.record for one in council.read(council.comments(post))]
    asked = [one.record for one in council.read(council.by_id(Stream.COMMENTS, *council.world.below(post)))]
    assert asked == listed


def test_a_deleted_comment_takes_its_answers_along_and_is_gone_by_id(council: Council) -> None:
    (post,) = council.threads(comments=4)
    first, answer, *_ = council.world.below(post)
    council.world.delete(first)
    council.world.sync()
    assert council.texts(council.comments(post)) == ["comment 0.2", "comment 0.3"]
    looks = [one.look for one in council.read(council.by_id(Stream.COMMENTS, first, answer))]
    assert [look.answer for look in looks if look is not None] == [Answer.GONE, Answer.GONE]


def test_media_come_from_addresses_that_hold_no_credential(council: Council) -> None:
    council.world.post(council.page, "look", media=[PICTURE, FILM])
    council.world.sync()
    (response,) = council.posts()
    picture, film = council.connector.addresses(response)
    assert [(one.ref, one.kind) for one in (picture, film)] == [("9001", "image"), ("9003", "video")]
    assert picture.expires_at is not None
    into = BytesIO()
    answer = council.connector.fetch(picture, into)
    assert answer.why_not is None
    assert into.getvalue() == PICTURE.body
    assert "access_token" not in council.fake.journal.requests[-1].query
