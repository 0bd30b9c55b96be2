"""X at its worst: every refusal and bad habit ends in the right error or state, never in silent success."""

import logging
from datetime import timedelta

import pytest

from conformance.fake import Drift, Fault, Trouble
from conformance.item import Media
from schemas.capture import Edge, Ids, Response, Threads, Window
from schemas.errors import (
    AccountSuspendedError,
    BadInputError,
    BudgetSpentError,
    CredentialsRejectedError,
    FatalError,
    MalformedItemError,
    MarkerRefusedError,
    RateLimitedError,
    RepeatedTokenError,
    SourceChallengedError,
    SourceUnavailableError,
    StreamRefusedError,
    WrongAccountError,
)
from schemas.vocabulary import Reason, Stream
from tests.connectors.found import Found
from tests.connectors.rig import Wire, nothing_held
from tests.connectors.x_stage import Stage, read_all, staged


def until(stage: Stage, error: type[Exception]) -> Found:
    """Walk the timeline until it raises; return what came before."""
    connector = stage.connector()
    responses: list[Response] = []
    with pytest.raises(error):
        responses.extend(connector.pages(stage.walk(), nothing_held))
    return read_all(connector, responses)


# ---- refusals ---------------------------------------------------------------------------------------------


def test_a_rate_limit_is_waited_out_and_loses_nothing(stage: Stage) -> None:
    stage.posts(9)
    stage.fake.knobs.page_size = 2
    stage.fake.knobs.rate_limit_every = 2
    assert len(stage.run().ids) == 9


@pytest.mark.parametrize("skew", [-3600.0, 0.0, 3600.0])
def test_a_rate_limit_is_measured_by_the_platforms_own_clock(stage: Stage, skew: float) -> None:
    stage.posts(1)
    stage.fake.knobs.clock_skew = skew
    stage.fake.knobs.retry_after = 30
    stage.fake.knobs.faults.append(Fault(match="tweets", trouble=Trouble.RATE_LIMITED))
    before = stage.world.now
    assert len(stage.run().ids) == 1
    assert stage.world.now - before == timedelta(seconds=30)


def test_a_long_rate_limit_is_left_to_the_schedule(stage: Stage) -> None:
    stage.posts(1)
    stage.fake.knobs.retry_after = 900
    stage.fake.knobs.faults.append(Fault(match="tweets", trouble=Trouble.RATE_LIMITED))
    before = stage.world.now
    with pytest.raises(RateLimitedError) as raised:
        stage.run()
    assert raised.value.resume_at == before + timedelta(seconds=900)


def test_a_spent_usage_cap_is_no_rate_limit(stage: Stage) -> None:
    stage.posts(1)
    stage.fake.knobs.faults.append(Fault(match="tweets", trouble=Trouble.QUOTA_SPENT))
    with pytest.raises(BudgetSpentError) as raised:
        stage.run()
    assert raised.value.reason is Reason.BUDGET
    assert raised.value.resume_at is not None
    assert "monthly" in str(raised.value)


def test_spent_credits_are_a_spent_budget(stage: Stage) -> None:
    stage.fake.knobs.faults.append(Fault(match="tweets", status=402, body={"title": "CreditsDepleted"}))
    with pytest.raises(BudgetSpentError):
        stage.run()


def test_a_rejected_token_needs_a_person(stage: Stage) -> None:
    stage.fake.knobs.bad_token = Trouble.REVOKED
    with pytest.raises(CredentialsRejectedError):
        stage.run()


def test_a_missing_permission_is_named_with_its_remedy(stage: Stage) -> None:
    post = stage.posts(1)[0]
    stage.fake.knobs.missing = {"search/recent"}
    with pytest.raises(StreamRefusedError) as raised:
        stage.run(Threads(threads=(stage.ref(post),)), Stream.COMMENTS)
    assert raised.value.reason is Reason.PERMISSION
    assert "project" in raised.value.remedy
    assert len(stage.run().ids) == 1


def test_check_tells_what_the_credential_may_not_do(stage: Stage) -> None:
    assert stage.connector().check().missing == ()
    stage.fake.knobs.missing = {"search/recent"}
    identity = stage.connector().check()
    assert identity.native_id == stage.council.id
    assert len(identity.missing) == 1
    assert "Replies" in identity.missing[0]


def test_check_tells_that_the_whole_archive_needs_the_apps_token(stage: Stage) -> None:
    missing = stage.connector(options={"x_search": "all"}).check().missing
    assert "bearer_token" in missing[0]


@pytest.mark.parametrize("stream", [Stream.POSTS, Stream.PROFILE])
def test_a_suspended_account_is_a_state_and_no_deletion(stage: Stage, stream: Stream) -> None:
    stage.posts(2)
    stage.fake.knobs.suspended = True
    with pytest.raises(AccountSuspendedError):
        stage.run(stream=stream)


def test_a_suspended_account_by_id_is_refused_with_its_control(stage: Stage) -> None:
    post, control = stage.posts(2)
    stage.world.suspend(stage.council)
    found = stage.run(Ids(wanted=(stage.ref(post),), controls=(stage.ref(control),)))
    assert {answer for answer, _ in found.answers.values()} == {"refused"}


def test_a_suspended_credential_is_told_from_a_missing_permission(stage: Stage) -> None:
    body = {
        "title": "Forbidden",
        "status": 403,
        "detail": "Your account is suspended.",
        "type": "about:blank",
    }
    stage.fake.knobs.faults.append(Fault(match="tweets", status=403, body=body))
    with pytest.raises(AccountSuspendedError):
        stage.run()


def test_a_login_page_with_200_is_no_answer(stage: Stage) -> None:
    stage.posts(5)
    stage.fake.knobs.page_size = 2
    stage.fake.knobs.login_wall_from = 2
    found = until(stage, SourceChallengedError)
    assert len(found.ids) == 2
    assert len(stage.wire.quarantined) == 1


def test_a_platform_that_is_down_is_tried_again(stage: Stage) -> None:
    stage.posts(1)
    stage.fake.knobs.faults.append(Fault(match="tweets", trouble=Trouble.UNAVAILABLE, times=2))
    assert len(stage.run().ids) == 1
    stage.fake.knobs.faults.append(Fault(match="tweets", trouble=Trouble.UNAVAILABLE, times=3))
    with pytest.raises(SourceUnavailableError):
        stage.run()


def test_another_accounts_posts_are_never_yielded(stage: Stage) -> None:
    other = stage.world.account("x", "somebody-else")
    stage.world.post(other, "Not the council's")
    stage.fake.knobs.wrong_account = other.id
    assert until(stage, WrongAccountError).ids == []
    with pytest.raises(WrongAccountError):
        stage.run(stream=Stream.PROFILE)


def test_a_request_of_ours_that_x_calls_wrong_fails_loudly(stage: Stage) -> None:
    body = {"title": "Invalid Request", "errors": [{"parameters": {"max_results": ["x"]}, "message": "no"}]}
    stage.fake.knobs.faults.append(Fault(match="tweets", status=400, body=body))
    with pytest.raises(FatalError, match="max_results"):
        stage.run()


def test_a_page_token_that_x_no_longer_takes_asks_for_a_new_walk(stage: Stage) -> None:
    stage.posts(4)
    stage.fake.knobs.page_size = 2
    first = stage.run().responses[0]
    assert first.marker is not None
    connector = stage.connector()
    walk = stage.walk()
    stale = type(walk)(
        walk_id="walk-1",
        account=walk.account,
        stream=walk.stream,
        ask=walk.ask,
        marker=first.marker.replace('"token":"', '"token":"stale-'),
    )
    with pytest.raises(MarkerRefusedError):
        list(connector.pages(stale, nothing_held))


# ---- bad habits of lists ----------------------------------------------------------------------------------


def test_pages_that_overlap_bring_records_again_and_lose_none(stage: Stage) -> None:
    posts = stage.posts(9)
    stage.fake.knobs.page_size, stage.fake.knobs.repeat_at_seam = 3, 2
    assert set(stage.run().ids) == {post.native_id for post in posts}


def test_a_looped_token_ends_the_walk_with_an_alarm(stage: Stage) -> None:
    stage.posts(9)
    stage.fake.knobs.page_size, stage.fake.knobs.loop_after = 3, 2
    assert len(set(until(stage, RepeatedTokenError).ids)) >= 6


def test_an_empty_page_in_the_middle_is_not_the_end(stage: Stage) -> None:
    stage.posts(9)
    stage.fake.knobs.page_size, stage.fake.knobs.empty_page = 3, 2
    assert len(stage.run().ids) == 9


def test_a_list_that_is_cut_short_in_silence_shows_against_its_total(stage: Stage) -> None:
    stage.posts(9)
    stage.fake.knobs.stop_after = 4
    found = stage.run()
    assert len(found.ids) == 4
    assert found.responses[-1].listings[0].reported == 9


def test_a_post_that_vanishes_between_pages_takes_no_neighbour_along(stage: Stage) -> None:
    posts = stage.posts(9)
    stage.fake.knobs.page_size, stage.fake.knobs.vanish = 3, posts[8].native_id
    assert {post.native_id for post in posts[:8]} <= set(stage.run().ids)


def test_partial_success_takes_both_the_posts_and_the_errors(stage: Stage) -> None:
    there, withheld = stage.posts(2)
    stage.fake.knobs.refused_ids = {withheld.native_id}
    found = stage.run(Ids(wanted=(stage.ref(withheld),), controls=(stage.ref(there),)))
    assert sorted(answer for answer, _ in found.answers.values()) == ["refused", "seen"]


# ---- drift ------------------------------------------------------------------------------------------------


def test_a_new_field_is_told_and_makes_no_new_version(stage: Stage) -> None:
    stage.posts(2)
    connector = stage.connector()
    before = [reading.items[0]["text"] for reading in stage.run().readings]
    stage.fake.knobs.drift = stage.fake.drifts("added")
    found = stage.run(connector=connector)
    assert [reading.items[0]["text"] for reading in found.readings] == before
    assert {name for reading in found.readings for name in reading.leftover} == {"mood_v2"}


@pytest.mark.parametrize("how", ["renamed", "retyped"])
def test_a_text_that_changed_its_field_is_kept_unread_under_its_record(stage: Stage, how: str) -> None:
    posts = stage.posts(3)
    stage.fake.knobs.drift = stage.fake.drifts(how)
    found = stage.run()
    assert sorted(found.unread) == sorted(f"x:{post.native_id}" for post in posts)
    assert found.responses[-1].marker is None


@pytest.mark.parametrize("how", [{"retype": "int"}, {"to": "post_id"}, {"drop": True}])
def test_an_item_whose_id_cannot_be_read_is_still_kept(stage: Stage, how: dict[str, object]) -> None:
    stage.posts(3)
    stage.fake.knobs.drift = [Drift(field="id", **how)]  # type: ignore[arg-type]
    found = stage.run()
    assert len(set(found.unread)) == 3
    assert all(record_id.startswith("x:") for record_id in found.unread)


@pytest.mark.parametrize("field", ["data", "result_count", "meta"])
def test_a_list_that_lost_its_frame_is_no_empty_list(stage: Stage, field: str) -> None:
    stage.fake.knobs.drift = [Drift(field=field, to=f"{field}_v2")]
    if field == "data":
        stage.posts(2)
    with pytest.raises(StreamRefusedError) as raised:
        stage.run()
    assert raised.value.reason is Reason.UNREADABLE


def test_a_renamed_next_token_is_no_last_page(stage: Stage) -> None:
    stage.posts(5)
    stage.fake.knobs.page_size = 2
    stage.fake.knobs.drift = [Drift(field="next_token", to="cursor")]
    found = until(stage, StreamRefusedError)
    assert len(found.ids) == 2
    assert not any(listed.ended for response in found.responses for listed in response.listings)


def test_retyped_counts_cost_no_record(stage: Stage) -> None:
    stage.posts(2)
    stage.fake.knobs.drift = [Drift(field="like_count", retype="str")]
    found = stage.run()
    assert len(found.ids) == 2
    assert all("likes" not in reading.look.metrics for reading in found.readings if reading.look)


def test_a_part_of_x_that_failed_makes_no_edit(stage: Stage) -> None:
    post = stage.world.post(stage.council, "With a picture", media=[Media(id="m")])
    problem = {
        "type": "https://api.x.com/2/problems/field-hydration-failure",
        "title": "Field Hydration Failure",
        "detail": "",
        "field": "attachments",
    }
    body = {"data": [{"id": post.native_id, "text": "With a picture"}], "errors": [problem]}
    stage.fake.knobs.faults.append(Fault(match="tweets", status=200, body=body, times=2))
    with pytest.raises(SourceUnavailableError):
        stage.run()


def test_a_body_that_is_no_list_is_handed_on_for_quarantine_and_stops_the_walk(stage: Stage) -> None:
    stage.fake.knobs.faults.append(Fault(match="tweets", status=200, body=["surprise"]))
    found: list[Response] = []
    with pytest.raises(StreamRefusedError):
        found.extend(stage.connector().pages(stage.walk(), nothing_held))
    assert [response.body for response in found] == [b'["surprise"]']
    assert found[0].marker is not None
    with pytest.raises(MalformedItemError):
        list(stage.connector().exhibits(found[0]))


# ---- names ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sent", "taken"), [("tweet", "post"), ("post", "tweet")])
@pytest.mark.parametrize("strict", [True, False])
def test_names_that_x_does_not_take_are_changed_with_a_warning(
    wire: Wire, caplog: pytest.LogCaptureFixture, sent: str, taken: str, *, strict: bool
) -> None:
    with staged(wire, names=taken, strict=strict) as stage, caplog.at_level(logging.WARNING):
        stage.posts(5)
        stage.fake.knobs.page_size = 2
        connector = stage.connector(options={"x_names": sent})
        found = stage.run(connector=connector)
        assert len(found.ids) == 5
        assert all(reading.record.author_id for reading in found.readings if reading.record)
        asked = [f"{taken}.fields" in request.query for request in stage.fake.journal.requests]
        assert asked == [False, True, True, True]
        assert [f"x_names: {taken}" in message for message in caplog.messages] == [True]


def test_names_that_x_takes_are_sent_without_a_second_request(wire: Wire) -> None:
    for names in ("tweet", "post"):
        with staged(wire, names=names) as stage:
            stage.posts(1)
            stage.run(connector=stage.connector(options={"x_names": names}))
            assert len(stage.fake.journal.requests) == 1


def test_posts_that_lost_their_author_under_both_names_are_read_as_they_are(stage: Stage) -> None:
    stage.posts(2)
    stage.fake.knobs.drift = [Drift(field="author_id", drop=True), Drift(field="created_at", drop=True)]
    found = stage.run()
    assert len(found.ids) == 2
    assert all(reading.record.created_at for reading in found.readings if reading.record)


def test_an_option_with_no_such_value_is_refused(stage: Stage) -> None:
    with pytest.raises(BadInputError, match="x_names"):
        stage.connector(options={"x_names": "tweets"})


def test_an_ask_that_x_has_no_list_for_is_an_error_of_ours(stage: Stage) -> None:
    window = Window(start=stage.world.now, end=stage.world.now)
    with pytest.raises(ValueError, match="Window"):
        stage.run(window, Stream.COMMENTS)
    with pytest.raises(ValueError, match="Edge"):
        stage.run(Edge(), Stream.COMMENTS)


def test_a_period_that_x_takes_no_longer_is_asked_for_anew(stage: Stage) -> None:
    """A walk over replies that waited goes on with the time at which it began: seven days old by then."""
    post = stage.posts(1)[0]
    body = {
        "errors": [{"parameters": {"start_time": ["2026-02-23T09:00:00Z"]}, "message": "must be on or after"}]
    }
    stage.fake.knobs.faults.append(Fault(match="search/recent", status=400, body=body))
    ask = Threads(threads=(stage.ref(post),))
    with pytest.raises(MarkerRefusedError):
        stage.run(ask, Stream.COMMENTS)
