"""Bluesky when pages repeat, loop, break off or are refused."""

from dataclasses import replace

import httpx
import pytest

from conformance.fake import Drift, Fault, Trouble
from schemas.capture import Ask, Edge, Ids, Threads
from schemas.errors import (
    AccountSuspendedError,
    CredentialsRejectedError,
    MalformedItemError,
    MarkerRefusedError,
    MunimentError,
    RateLimitedError,
    RepeatedTokenError,
    SourceChallengedError,
    SourceUnavailableError,
    StreamError,
    StreamRefusedError,
)
from schemas.vocabulary import Reason, Stream
from tests.connectors.bluesky_stage import Stage, read_all, ref
from tests.connectors.rig import WorldClock, nothing_held

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


# ---- records that their authors made to be unreadable ----------------------------------------------------


def poisoned(answer: bytes) -> bytes:
    """Return an answer in which somebody's record is nested deeper than any reader can follow."""
    return answer.replace(b'"record":{', b'"record":{"x":' + b"[" * 3000 + b"]" * 3000 + b",", 1)


def test_a_reply_that_nobody_can_read_costs_its_own_thread_and_no_other(stage: Stage) -> None:
    first, second = stage.posts(2)
    stage.reply(first, "Fine")
    stage.reply(second, "Me too")
    url = f"{stage.fake.base_url}/xrpc/app.bsky.feed.getPostThread"
    body = poisoned(httpx.get(url, params={"uri": first.native_id, "depth": "100"}, timeout=60).content)
    headers = {"content-type": "application/json"}
    stage.fake.knobs.faults = [Fault(match="getPostThread", status=200, body=body, headers=headers)]
    connector = stage.reader.connector()
    ask = Threads(threads=(ref(first.native_id), ref(second.native_id)))
    responses = list(connector.pages(stage.reader.walk(ask, Stream.COMMENTS), nothing_held))
    refused, ended = (response.listings[0] for response in responses)
    assert (refused.refused, ended.ended) == (Reason.UNREADABLE, True)
    with pytest.raises(MalformedItemError):
        list(connector.exhibits(responses[0]))
    assert read_all(connector, responses[1:]).texts == ["Me too"]


def test_a_record_by_id_that_nobody_can_read_takes_no_other_along(stage: Stage) -> None:
    made = stage.posts(3)
    url = f"{stage.fake.base_url}/xrpc/app.bsky.feed.getPosts"
    answers = [
        httpx.get(url, params={"uris": [one.native_id for one in part]}, timeout=60).content
        for part in (made, made[:1])
    ]
    stage.fake.knobs.faults = [
        Fault(match="getPosts", status=200, body=poisoned(body), headers={"content-type": "application/json"})
        for body in answers
    ]
    connector = stage.reader.connector()
    ask = Ids(wanted=tuple(ref(one.native_id) for one in made), controls=())
    responses = list(connector.pages(stage.reader.walk(ask), nothing_held))
    assert [one.refused for response in responses for one in response.listings] == [Reason.UNREADABLE]
    assert read_all(connector, responses[1:]).texts == ["Notice 1", "Notice 2"]
    assert responses[-1].marker is None


@pytest.mark.parametrize("status", [301, 404, 413])
def test_a_server_that_does_not_speak_for_the_account_is_a_gap_and_no_fault_of_ours(
    stage: Stage, status: int
) -> None:
    headers = {"content-type": "application/json"}
    stage.fake.knobs.faults = [Fault(match="getAuthorFeed", status=status, body=b"{}", headers=headers)]
    with pytest.raises(StreamRefusedError) as caught:
        stage.reader.run()
    assert caught.value.reason is Reason.UNAVAILABLE
