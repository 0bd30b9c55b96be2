"""Facebook when a walk is broken off, cut short or led in a circle: nothing is lost, nothing invented."""

from datetime import UTC, datetime, timedelta

import pytest

from conformance.fake import Fault, Trouble
from schemas.capture import (
    Edge,
    Ids,
    RecordRef,
    Threads,
)
from schemas.errors import (
    MalformedItemError,
    MarkerRefusedError,
    RateLimitedError,
    RepeatedTokenError,
    SourceUnavailableError,
    WrongAccountError,
)
from schemas.vocabulary import Stream
from tests.connectors.facebook_council import Council, graph_error, ref, until_it_fails

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


def test_another_record_than_was_asked_for_is_filed_unread(council: Council) -> None:
    first, second = (council.world.post(council.page, text) for text in ("Bins", "Roads"))
    council.world.sync()
    comment = council.world.comment(first, "When?", author=council.resident)
    for stream, wanted, other in ((Stream.POSTS, first, second), (Stream.COMMENTS, comment, second)):
        told = {"id": f"1_{other.native_id}", "message": "Roads"}
        council.fake.knobs.faults.append(Fault(match=wanted.native_id, status=200, body=told))
        (response,) = council.by_id(stream, wanted)
        (exhibit,) = council.connector.exhibits(response)
        with pytest.raises(MalformedItemError, match="another record"):
            council.connector.read(exhibit)
