"""Facebook Pages over HTTP, against the fake: what a walk brings, and how each failure ends."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from itertools import pairwise

import pytest

from conformance.fake import Drift, Fault, Trouble
from schemas.capture import (
    POSTS,
    PROFILE,
    Ask,
    Cursor,
    Edge,
    Ids,
    RecordRef,
    Response,
    Threads,
    Window,
    comments_of,
)
from schemas.errors import (
    AccountSuspendedError,
    BadInputError,
    CredentialsRejectedError,
    FatalError,
    MarkerRefusedError,
    MunimentError,
    RateLimitedError,
    RepeatedTokenError,
    SourceChallengedError,
    SourceUnavailableError,
    StreamRefusedError,
    WrongAccountError,
)
from schemas.vocabulary import Answer, Kind, Reason, Stream
from tests.connectors.facebook_council import FILM, PICTURE, SECRET, WINDOW, Council, open_council, ref
from tests.connectors.rig import Wire


@pytest.fixture
def council(wire: Wire) -> Iterator[Council]:
    with open_council(wire) as opened:
        yield opened


def graph_error(code: int, message: str = "told", subcode: int = 0) -> dict[str, object]:
    return {"error": {"message": message, "type": "OAuthException", "code": code, "error_subcode": subcode}}


def marked(responses: list[Response]) -> list[bool]:
    return [one.marker is not None for one in responses]


def until_it_fails(council: Council, stream: Stream, ask: Ask, error: type[MunimentError]) -> list[Response]:
    """Return the responses that came before the walk raised this error."""
    found: list[Response] = []
    pages = council.pages(stream, ask)
    with pytest.raises(error):
        found.extend(pages)
    return found


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


# ---- going on after a failure -----------------------------------------------------------------------------


@pytest.mark.parametrize("failing", [2, 3, 5])
@pytest.mark.parametrize("stream", [Stream.POSTS, Stream.COMMENTS])
def test_a_walk_that_fails_goes_on_from_its_marker_and_brings_everything_once(
    council: Council, failing: int, stream: Stream
) -> None:
    posts = council.threads(posts=3, comments=5) if stream is Stream.COMMENTS else council.threads(posts=13)
    wanted = [f"comment {a}.{b}" for a in range(3) for b in range(5)]
    council.fake.knobs.page_size = 2 if stream is Stream.COMMENTS else 3
    ask = Threads(threads=tuple(map(ref, posts))) if stream is Stream.COMMENTS else Edge()
    path = "comments?" if stream is Stream.COMMENTS else "published_posts?"
    council.fake.knobs.faults = [Fault(match=path, trouble=Trouble.UNAVAILABLE, times=3, skip=failing - 1)]
    found = until_it_fails(council, stream, ask, SourceUnavailableError)
    assert len(found) == failing - 1
    council.connector = council.connect()
    found += council.pages(stream, ask, found[-1].marker)
    expected = wanted if stream is Stream.COMMENTS else [f"post {n}" for n in reversed(range(13))]
    assert council.texts(found) == expected
    assert found[-1].marker is None


def test_answers_by_id_go_on_after_the_last_one_answered(council: Council) -> None:
    posts = council.threads(posts=4, comments=0)
    ask = Ids(wanted=tuple(map(ref, posts[:3])), controls=(ref(posts[3]),))
    first = next(council.pages(Stream.POSTS, ask))
    rest = list(council.pages(Stream.POSTS, ask, first.marker))
    assert council.texts([first, *rest]) == ["post 0", "post 1", "post 2", "post 3"]


def test_a_marker_names_no_credential_and_a_strange_one_is_refused(council: Council) -> None:
    council.threads(posts=4, comments=0)
    council.fake.knobs.page_size = 1
    for by_time in (False, True):
        council.fake.time_paging = by_time
        markers = " ".join(one.marker or "" for one in council.posts())
        assert "access_token" not in markers
        assert "proof" not in markers
    for strange in ("nonsense", '{"cursor": "x"}', '{"number": 9}'):
        with pytest.raises(MarkerRefusedError):
            list(council.pages(Stream.COMMENTS, Threads(threads=(_any_ref(),)), strange))


def _any_ref() -> RecordRef:
    return RecordRef(
        record_id="facebook:1",
        native_id="2_1",
        thread_id="facebook:1",
        filed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_a_page_token_that_graph_no_longer_takes_refuses_the_marker(council: Council) -> None:
    council.threads(posts=3, comments=0)
    with pytest.raises(MarkerRefusedError):
        council.posts(marker='{"page":{"after":"stale"}}')


# ---- bad habits of platforms ------------------------------------------------------------------------------


def test_items_repeated_at_a_seam_lose_nothing(council: Council) -> None:
    council.threads(posts=7, comments=0)
    council.fake.knobs.page_size = 3
    council.fake.knobs.repeat_at_seam = 1
    assert set(council.texts(council.posts())) == {f"post {number}" for number in range(7)}


def test_an_empty_page_with_a_next_is_not_the_end(council: Council) -> None:
    council.threads(posts=7, comments=0)
    council.fake.knobs.page_size = 3
    council.fake.knobs.empty_page = 2
    assert council.texts(council.posts()) == [f"post {number}" for number in reversed(range(7))]


def test_a_list_that_leads_in_a_circle_ends_with_an_alarm_after_its_pages(council: Council) -> None:
    council.threads(posts=9, comments=0)
    council.fake.knobs.page_size = 3
    council.fake.knobs.loop_after = 2
    kept = until_it_fails(council, Stream.POSTS, Edge(), RepeatedTokenError)
    assert len(kept) >= 2
    assert not any(one.listings[0].ended for one in kept)


def test_a_list_that_is_cut_short_says_what_was_reported_and_takes_nothing_for_absent(
    council: Council,
) -> None:
    (post,) = council.threads(comments=12)
    council.fake.knobs.stop_after = 5
    (response,) = council.comments(post)
    (listed,) = response.listings
    assert listed.ended
    assert listed.reported == 12
    assert not listed.absence_counts


def test_a_total_that_counts_a_few_filtered_comments_still_lets_absence_count(council: Council) -> None:
    (post,) = council.threads(comments=12)
    council.fake.knobs.stop_after = 11
    (listed,) = council.comments(post)[-1].listings
    assert listed.reported == 12
    assert listed.absence_counts


def test_a_comment_deleted_while_we_page_hides_no_neighbour(council: Council) -> None:
    (post,) = council.threads(comments=6)
    council.fake.knobs.page_size = 2
    council.fake.knobs.vanish = council.world.below(post)[2].native_id
    found = council.texts(council.comments(post))
    assert {"comment 0.0", "comment 0.4", "comment 0.5"} <= set(found)


def test_another_pages_posts_are_refused_before_one_is_handed_on(council: Council) -> None:
    other = council.world.account("facebook", "othertown", "Othertown", owned=True)
    council.world.post(other, "not ours")
    council.threads(comments=0)
    council.fake.knobs.wrong_account = other.id
    for stream in (Stream.POSTS, Stream.PROFILE):
        with pytest.raises(WrongAccountError):
            next(council.pages(stream, Edge()))


def test_a_joint_post_with_another_page_stops_nothing(council: Council) -> None:
    council.threads(comments=0)
    partner = council.world.account("facebook", "partner", "Partner", owned=True)
    council.world.post(council.page, "together", author=partner)
    council.world.sync()
    assert council.texts(council.posts()) == ["together", "post 0"]


def test_less_data_is_asked_for_when_graph_wants_less(council: Council) -> None:
    council.threads(posts=9, comments=0)
    council.fake.most_items = 4
    assert council.texts(council.posts()) == [f"post {number}" for number in reversed(range(9))]
    limits = [one.query["limit"][0] for one in council.fake.journal.requests]
    assert limits[:6] == ["100", "50", "25", "12", "6", "3"]


def test_a_page_too_large_even_for_one_item_is_a_fault_of_the_platform(council: Council) -> None:
    council.threads(comments=0)
    council.fake.knobs.faults = [
        Fault(status=500, body=graph_error(1, "Please reduce the amount of data you're asking for"), times=50)
    ]
    with pytest.raises(SourceUnavailableError):
        council.posts()


# ---- each refusal ends in the right error -----------------------------------------------------------------


@pytest.mark.parametrize("code", [4, 17, 32, 613, 80001])
def test_a_short_rate_limit_is_waited_out_and_loses_nothing(council: Council, code: int) -> None:
    council.threads(posts=7, comments=0)
    council.fake.knobs.page_size = 3
    council.fake.limited_code = code
    council.fake.knobs.faults = [Fault(match="published", trouble=Trouble.RATE_LIMITED, skip=1)]
    assert len(council.texts(council.posts())) == 7
    assert sum(council.clock.waits) == pytest.approx(60, abs=1)


def test_a_long_rate_limit_leaves_the_walk_until_graph_gives_access_again(council: Council) -> None:
    council.threads(comments=0)
    council.fake.knobs.faults = [Fault(trouble=Trouble.QUOTA_SPENT)]
    with pytest.raises(RateLimitedError) as caught:
        council.posts()
    assert caught.value.resume_at == council.world.now + timedelta(hours=12)
    assert council.wire.budget.paused_until == caught.value.resume_at


def test_a_rate_limit_that_names_no_time_is_not_hammered(council: Council) -> None:
    council.threads(comments=0)
    council.fake.knobs.faults = [Fault(status=400, body=graph_error(4))]
    with pytest.raises(RateLimitedError) as caught:
        council.posts()
    assert caught.value.resume_at is not None
    assert caught.value.resume_at >= council.world.now + timedelta(minutes=5)


def test_the_walk_pauses_before_the_quota_is_used_up_and_keeps_its_page(council: Council) -> None:
    council.threads(posts=5, comments=0)
    council.fake.knobs.page_size = 2
    council.fake.usage = 80
    pages = council.pages(Stream.POSTS, Edge())
    first = next(pages)
    with pytest.raises(RateLimitedError):
        next(pages)
    council.fake.usage = 4
    council.world.clock.wait(600)
    rest = council.posts(marker=first.marker)
    assert council.texts([first, *rest]) == [f"post {number}" for number in reversed(range(5))]


def test_usage_below_the_limit_pauses_nothing(council: Council) -> None:
    council.threads(posts=5, comments=0)
    council.fake.knobs.page_size = 2
    council.fake.usage = 79
    assert len(council.posts()) == 3


@pytest.mark.parametrize(
    ("subcode", "words"),
    [
        (458, "removed"),
        (459, "sign in"),
        (460, "password"),
        (463, "expired"),
        (467, "withdrawn"),
        (492, "role"),
        (0, "new Page token"),
    ],
)
def test_a_rejected_token_names_its_remedy(council: Council, subcode: int, words: str) -> None:
    council.fake.knobs.faults = [Fault(status=400, body=graph_error(190, subcode=subcode))]
    with pytest.raises(CredentialsRejectedError) as caught:
        council.posts()
    assert words in caught.value.remedy


def test_a_token_that_dies_in_mid_walk_keeps_what_came_before(council: Council) -> None:
    council.threads(posts=5, comments=0)
    council.fake.knobs.page_size = 2
    pages = council.pages(Stream.POSTS, Edge())
    first = next(pages)
    council.fake.knobs.bad_token = Trouble.EXPIRED
    with pytest.raises(CredentialsRejectedError):
        next(pages)
    council.fake.knobs.fresh_token = council.fake.grant("EAAB-renewed", council.page)
    council.connector = council.connect(page_token="EAAB-renewed")
    assert len(council.texts([first, *council.posts(marker=first.marker)])) == 5


def test_a_credential_without_a_token_or_with_the_wrong_secret_says_so(council: Council) -> None:
    with pytest.raises(CredentialsRejectedError, match="page_token"):
        council.connect(page_token="")
    for wrong in ("", "another-secret"):
        council.connector = council.connect(app_secret=wrong)
        with pytest.raises(CredentialsRejectedError, match="app_secret"):
            council.posts()


def test_a_missing_permission_refuses_its_stream_and_names_itself(council: Council) -> None:
    (post,) = council.threads()
    council.fake.knobs.missing = {"pages_read_user_content"}
    with pytest.raises(StreamRefusedError, match="pages_read_user_content") as caught:
        council.comments(post)
    assert caught.value.reason is Reason.PERMISSION
    assert len(council.posts()) == 1
    council.fake.knobs.missing = {"pages_read_engagement"}
    with pytest.raises(StreamRefusedError, match="pages_read_engagement"):
        council.posts()


def test_a_foreign_page_without_public_content_access_is_a_permission(council: Council) -> None:
    council.threads(comments=0)
    message = "(#100) Pages Public Content Access requires either app secret proof or an app token"
    council.fake.knobs.faults = [Fault(status=400, body=graph_error(100, message))]
    with pytest.raises(StreamRefusedError, match="Page Public Content Access"):
        council.posts()


def test_a_thread_that_is_withheld_becomes_a_gap_and_the_next_is_read(council: Council) -> None:
    first, second, third = council.threads(posts=3, comments=2)
    council.world.delete(first)
    council.world.sync()
    council.fake.knobs.refused_ids = {second.native_id}
    responses = council.comments(first, second, third)
    assert [one.listings[0].refused for one in responses] == [Reason.UNAVAILABLE, Reason.PERMISSION, None]
    assert [one.listings[0].ended for one in responses] == [False, False, True]
    assert not responses[0].listings[0].absence_counts
    assert council.texts(responses) == ["comment 2.0", "comment 2.1"]


def test_a_walk_whose_last_thread_is_withheld_ends(council: Council) -> None:
    first, second = council.threads(posts=2, comments=2)
    council.fake.knobs.refused_ids = {second.native_id}
    assert marked(council.comments(first, second)) == [True, False]


def test_a_blocked_account_is_suspended_and_nothing_is_gone(council: Council) -> None:
    (post,) = council.threads()
    council.world.suspend(council.page)
    council.world.sync()
    for responses in (
        council.pages(Stream.POSTS, Edge()),
        council.pages(Stream.POSTS, Ids(wanted=(ref(post),), controls=())),
    ):
        with pytest.raises(AccountSuspendedError):
            next(responses)


def test_a_page_that_is_not_there_refuses_the_stream(council: Council) -> None:
    council.account = replace(council.account, native_id=None, handle="nobody")
    council.connector = council.connect()
    with pytest.raises(StreamRefusedError, match="knows no Page"):
        council.posts()


def test_a_login_page_is_laid_in_quarantine_and_never_read_as_data(council: Council) -> None:
    council.fake.knobs.login_wall_from = 1
    with pytest.raises(SourceChallengedError):
        council.posts()
    assert len(council.wire.quarantined) == 1


def test_our_own_bad_request_fails_loudly(council: Council) -> None:
    council.fake.knobs.faults = [
        Fault(status=400, body=graph_error(100, "(#100) Tried accessing nonexisting field (x)"))
    ]
    with pytest.raises(FatalError, match="defect"):
        council.posts()


def test_an_error_with_status_200_is_read(council: Council) -> None:
    council.fake.knobs.faults = [Fault(status=200, body=graph_error(190, subcode=463))]
    with pytest.raises(CredentialsRejectedError):
        council.posts()


@pytest.mark.parametrize("body", [graph_error(987654), {"error": None}, {"error": "odd"}, {}, []])
def test_a_refusal_we_do_not_know_opens_a_gap(council: Council, body: object) -> None:
    council.fake.knobs.faults = [Fault(status=400, body=body)]
    with pytest.raises(StreamRefusedError) as caught:
        council.posts()
    assert caught.value.reason is Reason.UNAVAILABLE


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("code", [1, 2])
def test_a_passing_fault_is_tried_again_and_then_left_to_the_next_run(
    council: Council, status: int, code: int
) -> None:
    council.threads(comments=0)
    council.fake.knobs.faults = [Fault(status=status, body=graph_error(code), times=2)]
    assert len(council.posts()) == 1
    council.fake.knobs.faults = [Fault(status=status, body=graph_error(code), times=3)]
    with pytest.raises(SourceUnavailableError):
        council.posts()


@pytest.mark.parametrize("body", [{}, {"data": None}, {"items": []}, [1], {"data": [], "paging": []}])
def test_an_answer_of_another_shape_is_never_a_success(council: Council, body: object) -> None:
    council.threads(comments=0)
    council.fake.knobs.faults = [Fault(status=200, body=body)]
    responses = until_it_fails(council, Stream.POSTS, Edge(), StreamRefusedError)
    assert [one.listings for one in responses] == [()]


@pytest.mark.parametrize("field", ["data", "paging"])
def test_a_list_whose_frame_was_renamed_is_never_taken_for_whole(council: Council, field: str) -> None:
    council.threads(posts=101, comments=0)
    council.fake.knobs.drift = [Drift(field=field, to="renamed")]
    with pytest.raises(StreamRefusedError):
        council.posts()


def test_what_a_page_cannot_be_asked_is_said(council: Council) -> None:
    with pytest.raises(BadInputError):
        list(council.pages(Stream.PROFILE, Window(start=WINDOW.start, end=WINDOW.end)))


# ---- secrets ----------------------------------------------------------------------------------------------


def test_no_credential_is_in_any_response_nor_in_any_error(council: Council) -> None:
    posts = council.threads(posts=5, comments=3)
    council.fake.knobs.page_size = 2
    council.fake.time_paging = True
    responses = [*council.posts(), *council.comments(*posts), *council.by_id(Stream.POSTS, posts[0])]
    proof = council.connector._graph._credential["appsecret_proof"]
    told = repr(responses) + repr([e for one in responses for e in council.connector.exhibits(one)])
    for secret in (council.token, SECRET, proof, "EAAB-planted-token"):
        assert secret not in told
    assert sum(one.secrets_masked for one in responses) > 0
    council.fake.knobs.faults = [Fault(status=400, body=graph_error(190, f"token {council.token}"))]
    with pytest.raises(MunimentError) as caught:
        council.posts()
    assert council.token not in str(caught.value)


def test_the_proof_of_the_apps_secret_goes_with_every_request(council: Council) -> None:
    (post,) = council.threads()
    council.posts()
    council.comments(post)
    council.connector.check()
    assert all("appsecret_proof" in one.query for one in council.fake.journal.requests)


def test_comments_are_asked_for_whole_and_in_order(council: Council) -> None:
    (post,) = council.threads()
    council.comments(post)
    query = council.fake.journal.requests[-1].query
    assert {name: query[name][0] for name in ("filter", "order", "limit", "summary", "live_filter")} == {
        "filter": "stream",
        "order": "chronological",
        "limit": "100",
        "summary": "true",
        "live_filter": "no_filter",
    }
    assert "parent{id}" in query["fields"][0]


def test_a_quiet_page_costs_one_call(council: Council) -> None:
    council.threads(posts=5)
    council.posts(Edge(since=Cursor(native_id=None, at=council.world.now - timedelta(hours=1))))
    assert sum(council.fake.journal.calls.values()) == 1


def test_facts_of_the_platform_are_told(council: Council) -> None:
    (response,) = council.posts()
    assert response.api_version == "v26.0"
    assert response.endpoint == "/{page}/published_posts"
    assert any("not archived yet" in sentence for sentence in council.connector.never)
    assert all(a != b for a, b in pairwise(council.connector.never))
    assert json.loads(response.body)["data"] == []
    assert response.listings[0].listing == POSTS
