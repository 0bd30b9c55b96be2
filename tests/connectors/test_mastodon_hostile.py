"""Mastodon at its worst: every refusal and bad habit ends in the right error or state, never in silence."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conformance.fake import Drift, Fault, Trouble
from schemas.capture import POSTS, Edge, Ids, Response, Threads, comments_of
from schemas.errors import (
    AccountSuspendedError,
    CredentialsRejectedError,
    FatalError,
    MalformedItemError,
    RateLimitedError,
    RepeatedTokenError,
    SourceChallengedError,
    SourceUnavailableError,
    StreamRefusedError,
    WrongAccountError,
)
from schemas.vocabulary import Reason, Stream
from tests.connectors.mastodon_stage import Found, Stage, read_all, staged
from tests.connectors.rig import Wire, nothing_held


@pytest.fixture
def stage(wire: Wire) -> Iterator[Stage]:
    with staged(wire) as found:
        yield found


def until(stage: Stage, error: type[Exception], *, signed_in: bool = True) -> Found:
    """Walk the posts until this is raised; return what came before."""
    connector = stage.connector(signed_in=signed_in)
    responses: list[Response] = []
    with pytest.raises(error):
        responses.extend(connector.pages(stage.walk(), nothing_held))
    return read_all(connector, responses)


# ---- limits -----------------------------------------------------------------------------------------------


def test_a_rate_limit_is_waited_out_and_loses_nothing(stage: Stage) -> None:
    stage.posts(9)
    stage.fake.knobs.page_size = 2
    stage.fake.knobs.rate_limit_every = 2
    assert len(stage.run().ids) == 9


@pytest.mark.parametrize("skew", [-3600.0, 0.0, 3600.0])
def test_a_reset_is_measured_by_the_servers_own_clock(stage: Stage, skew: float) -> None:
    stage.posts(1)
    stage.fake.knobs.clock_skew, stage.fake.knobs.retry_after = skew, 30
    stage.fake.knobs.faults.append(Fault(match="statuses", trouble=Trouble.RATE_LIMITED))
    before = stage.world.now
    assert len(stage.run().ids) == 1
    assert stage.world.now - before == timedelta(seconds=30)


def test_a_long_wait_is_left_to_the_schedule(stage: Stage) -> None:
    stage.posts(1)
    stage.fake.knobs.retry_after = 300
    stage.fake.knobs.faults.append(Fault(match="statuses", trouble=Trouble.RATE_LIMITED))
    before = stage.world.now
    with pytest.raises(RateLimitedError) as raised:
        stage.run()
    assert raised.value.resume_at == before + timedelta(seconds=300)


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("2026-03-02T09:01:20.891039Z", 20),  # as recorded, with six digits
        ("2026-03-02T09:01:20", 20),  # without a zone
        (str(int(datetime(2026, 3, 2, 9, 1, 20, tzinfo=UTC).timestamp())), 20),
        ("2026-03-02T08:00:00Z", 1),  # gone by already
        ("soon", 30),
        (None, 30),
    ],
)
def test_every_form_of_a_reset_is_understood(stage: Stage, reset: str | None, seconds: int) -> None:
    stage.posts(1)
    headers = {} if reset is None else {"x-ratelimit-reset": reset}
    stage.fake.knobs.faults.append(Fault(match="statuses", status=429, headers=headers, body={"error": "x"}))
    before = stage.world.now
    assert len(stage.run().ids) == 1
    assert round((stage.world.now - before).total_seconds()) in {seconds, seconds + 1}


@pytest.mark.parametrize("reset", ["9999-12-31T23:59:59Z", "99999999999999999999"])
def test_a_reset_beyond_all_reason_is_no_plan(stage: Stage, reset: str) -> None:
    stage.posts(1)
    headers = {"x-ratelimit-reset": reset}
    stage.fake.knobs.faults.append(
        Fault(match="statuses", status=429, headers=headers, body={"error": "x"}, times=9)
    )
    before = stage.world.now
    with pytest.raises(RateLimitedError) as raised:
        stage.run()
    assert raised.value.resume_at is not None
    assert raised.value.resume_at - before <= timedelta(hours=6)


# ---- refusals ---------------------------------------------------------------------------------------------


def test_a_rejected_token_names_its_remedy(stage: Stage) -> None:
    stage.fake.knobs.bad_token = Trouble.REVOKED
    with pytest.raises(CredentialsRejectedError, match="access token") as raised:
        stage.run()
    assert "Development" in raised.value.remedy


def test_a_token_that_dies_in_mid_walk_keeps_what_came_before(stage: Stage) -> None:
    stage.posts(6)
    stage.fake.knobs.page_size = 2
    stage.fake.knobs.bad_token, stage.fake.knobs.bad_token_from = Trouble.EXPIRED, 3
    found = until(stage, CredentialsRejectedError)
    assert len(found.ids) == 4
    assert found.responses[-1].marker is not None


def test_a_server_that_shows_nothing_to_the_public_asks_for_a_token(stage: Stage) -> None:
    body = {"error": "This API requires an authenticated user"}
    stage.fake.knobs.faults.append(Fault(match="statuses", status=401, body=body))
    with pytest.raises(CredentialsRejectedError, match="without a sign-in") as raised:
        stage.run(connector=stage.connector(signed_in=False))
    assert "read:statuses" in raised.value.remedy


def test_a_disabled_login_needs_a_person_and_is_no_missing_scope(stage: Stage) -> None:
    body = {"error": "Your login is currently disabled"}
    stage.fake.knobs.faults.append(Fault(match="statuses", status=403, body=body))
    with pytest.raises(CredentialsRejectedError):
        stage.run()


@pytest.mark.parametrize("stream", [Stream.POSTS, Stream.COMMENTS])
def test_a_missing_scope_refuses_its_stream_and_names_itself(stage: Stage, stream: Stream) -> None:
    post = stage.post()
    ask = Edge() if stream is Stream.POSTS else Threads(threads=(stage.ref(post),))
    stage.fake.knobs.missing = {"read:statuses"}
    with pytest.raises(StreamRefusedError) as raised:
        stage.run(ask, stream)
    assert raised.value.reason is Reason.PERMISSION
    assert "read:statuses" in raised.value.remedy
    assert len(stage.run(connector=stage.connector(signed_in=False)).ids) == 1


def test_a_missing_scope_by_id_is_no_answer_about_the_record(stage: Stage) -> None:
    post, control = stage.posts(2)
    stage.fake.knobs.missing = {"read:statuses"}
    with pytest.raises(StreamRefusedError):
        stage.by_id(post, control)


def test_a_suspended_accounts_empty_list_is_no_empty_list(stage: Stage) -> None:
    stage.posts(3)
    stage.world.suspend(stage.council)
    found = until(stage, AccountSuspendedError, signed_in=False)
    assert found.responses == []


@pytest.mark.parametrize("signed_in", [True, False])
def test_a_suspended_accounts_blank_profile_is_never_filed(stage: Stage, *, signed_in: bool) -> None:
    stage.world.suspend(stage.council)
    connector = stage.connector(signed_in=signed_in)
    with pytest.raises(AccountSuspendedError):
        stage.run(stream=Stream.PROFILE, connector=connector)
    with pytest.raises(CredentialsRejectedError if signed_in else AccountSuspendedError):
        connector.check()


@pytest.mark.parametrize("stream", [Stream.POSTS, Stream.PROFILE])
def test_an_account_that_is_gone_is_a_state_and_no_deletion(stage: Stage, stream: Stream) -> None:
    stage.posts(2)
    stage.fake.knobs.suspended = True
    with pytest.raises(AccountSuspendedError):
        stage.run(stream=stream)


def test_of_a_suspended_account_nothing_is_called_gone(stage: Stage) -> None:
    post, control = stage.posts(2)
    stage.world.suspend(stage.council)
    with pytest.raises(AccountSuspendedError):
        stage.by_id(post, control)


def test_a_control_that_is_gone_by_itself_stops_nothing(stage: Stage) -> None:
    post, control = stage.posts(2)
    ask = Ids(wanted=(stage.ref(post),), controls=(stage.ref(control),))
    stage.delete(control)
    assert stage.run(ask).answers == {
        stage.fake.uri(control): ("gone", "404"),
        stage.fake.uri(post): ("seen", "public"),
    }


def test_a_login_page_with_200_is_no_answer(stage: Stage) -> None:
    stage.posts(5)
    stage.fake.knobs.page_size = 2
    stage.fake.knobs.login_wall_from = 2
    found = until(stage, SourceChallengedError)
    assert len(found.ids) == 2
    assert len(stage.wire.quarantined) == 1


def test_a_server_that_is_down_is_tried_again(stage: Stage) -> None:
    stage.posts(1)
    stage.fake.knobs.faults.append(Fault(match="statuses", trouble=Trouble.UNAVAILABLE, times=2))
    assert len(stage.run().ids) == 1
    stage.fake.knobs.faults.append(Fault(match="statuses", trouble=Trouble.UNAVAILABLE, times=3))
    with pytest.raises(SourceUnavailableError):
        stage.run()


@pytest.mark.parametrize("status", [400, 422])
def test_a_request_of_ours_that_is_wrong_fails_loudly(stage: Stage, status: int) -> None:
    stage.fake.knobs.faults.append(Fault(match="statuses", status=status, body={"error": "no"}))
    with pytest.raises(FatalError, match=str(status)):
        stage.run()


@pytest.mark.parametrize("status", [301, 406, 418, 451])
def test_a_refusal_that_we_do_not_know_opens_a_gap(stage: Stage, status: int) -> None:
    stage.fake.knobs.faults.append(Fault(match="statuses", status=status, body={"error": "no"}))
    with pytest.raises(StreamRefusedError) as raised:
        stage.run()
    assert raised.value.reason is Reason.UNAVAILABLE
    assert "base_url" in raised.value.remedy


# ---- the wrong account ------------------------------------------------------------------------------------


def test_another_accounts_posts_are_never_yielded(stage: Stage) -> None:
    stage.world.post(stage.resident, "Not the council's")
    stage.fake.knobs.wrong_account = stage.resident.id
    assert until(stage, WrongAccountError).responses == []


def test_another_accounts_profile_is_never_yielded(stage: Stage) -> None:
    stage.fake.knobs.wrong_account = stage.resident.id
    with pytest.raises(WrongAccountError):
        stage.run(stream=Stream.PROFILE)


def test_a_token_of_somebody_else_is_told_at_the_first_check(stage: Stage) -> None:
    stage.fake.knobs.wrong_account = stage.resident.id
    with pytest.raises(WrongAccountError):
        stage.connector(native_id=None).check()
    assert stage.connector().check().native_id == stage.resident.id  # the service compares it


def test_a_handle_that_nobody_bears_is_told(stage: Stage) -> None:
    with pytest.raises(WrongAccountError, match="knows no account"):
        stage.connector(signed_in=False, native_id=None, handle="nobody").check()


def test_an_account_that_was_never_checked_is_not_walked(stage: Stage) -> None:
    with pytest.raises(WrongAccountError, match="not been checked"):
        stage.run(connector=stage.connector(native_id=None))


# ---- bad habits of lists ----------------------------------------------------------------------------------


def test_pages_that_overlap_bring_records_again_and_lose_none(stage: Stage) -> None:
    posts = stage.posts(9)
    stage.fake.knobs.page_size, stage.fake.knobs.repeat_at_seam = 3, 2
    assert set(stage.run().ids) == {post.native_id for post in posts}


def test_a_link_that_leads_in_a_circle_ends_the_walk_with_an_alarm(stage: Stage) -> None:
    stage.posts(9)
    stage.fake.knobs.page_size, stage.fake.knobs.loop_after = 3, 2
    found = until(stage, RepeatedTokenError)
    assert len(set(found.ids)) == 6
    assert not found.listed[POSTS].ended


def test_a_link_without_a_next_id_is_no_last_page(stage: Stage) -> None:
    stage.posts(2)
    link = f'<{stage.fake.base_url}/api/v1/accounts/1/statuses?page=2>; rel="next"'
    post = stage.fake.render(next(iter(stage.world.posts_of(stage.council))))
    stage.fake.knobs.faults.append(Fault(match="statuses", status=200, body=[post], headers={"link": link}))
    found = until(stage, StreamRefusedError)
    assert len(found.ids) == 1
    assert not found.listed[POSTS].ended


def test_a_post_that_vanishes_between_pages_takes_no_neighbour_along(stage: Stage) -> None:
    posts = stage.posts(9)
    stage.fake.knobs.page_size, stage.fake.knobs.vanish = 3, posts[8].native_id
    assert {post.native_id for post in posts} == set(stage.run().ids)


def test_a_post_of_somebody_else_that_was_shared_is_not_the_councils(stage: Stage) -> None:
    own = stage.post("Our own")
    told = stage.fake.render(own)
    shared = {**told, "id": "9", "uri": "https://n.example/9", "reblog": told, "content": ""}
    stage.fake.knobs.faults.append(Fault(match="statuses", status=200, body=[shared, told]))
    found = stage.run()
    assert (found.texts, found.unread) == (["Our own"], [])


# ---- drift ------------------------------------------------------------------------------------------------


def test_new_fields_are_told_and_make_no_new_version(stage: Stage) -> None:
    stage.posts(2)
    before = stage.run().texts
    stage.fake.knobs.drift = [*stage.fake.drifts("added"), Drift(field="acct", add={"aura": "blue"})]
    found = stage.run()
    assert found.texts == before
    assert {name for reading in found.readings for name in reading.leftover} == {"mood_v2", "account.aura"}


@pytest.mark.parametrize("how", ["renamed", "retyped"])
def test_a_text_that_changed_its_field_is_kept_unread_under_its_record(stage: Stage, how: str) -> None:
    posts = stage.posts(3)
    stage.fake.knobs.drift = stage.fake.drifts(how)
    found = stage.run()
    assert sorted(found.unread) == sorted(stage.fake.uri(post) for post in posts)
    assert found.responses[-1].marker is None


@pytest.mark.parametrize("field", ["id", "uri", "created_at", "account"])
def test_a_page_that_cannot_be_walked_is_kept_and_proves_nothing(stage: Stage, field: str) -> None:
    stage.posts(3)
    stage.fake.knobs.drift = [Drift(field=field, to=f"{field}_v2")]
    found = until(stage, StreamRefusedError)
    assert len(found.exhibits) == 3
    assert len({exhibit.record_id for exhibit in found.exhibits}) == 3
    assert not found.listed[POSTS].ended
    assert found.responses[-1].marker is not None


@pytest.mark.parametrize("field", ["id", "created_at"])
def test_a_thread_that_cannot_be_read_is_a_gap_of_its_own(stage: Stage, field: str) -> None:
    posts = stage.posts(2)
    for post in posts:
        stage.comment(post, f"To {post.text}")
    body: dict[str, Any] = {
        "ancestors": [],
        "descendants": [stage.fake.render(stage.world.below(posts[0])[0])],
    }
    body["descendants"][0].pop(field)
    stage.fake.knobs.faults.append(Fault(match="/context", status=200, body=body))
    found = stage.thread(*posts)
    assert found.listed[comments_of(stage.fake.uri(posts[0]))].refused is Reason.UNREADABLE
    assert found.texts[-1] == "To Notice 1"


@pytest.mark.parametrize("how", [{"to": "visibility_v2"}, {"drop": True}, {"retype": "int"}])
def test_statuses_that_do_not_say_who_may_read_them_are_not_filed(stage: Stage, how: dict[str, Any]) -> None:
    stage.post("For all")
    stage.post("My address is 1 Mill Lane", shown="direct")
    stage.fake.knobs.drift = [Drift(field="visibility", **how)]
    connector = stage.connector()
    responses: list[Response] = []
    with pytest.raises(StreamRefusedError):
        responses.extend(connector.pages(stage.walk(), nothing_held))
    with pytest.raises(MalformedItemError):
        list(connector.exhibits(responses[0]))


def test_retyped_counts_cost_no_record(stage: Stage) -> None:
    stage.posts(2)
    stage.fake.knobs.drift = [Drift(field="favourites_count", retype="str")]
    found = stage.run()
    assert len(found.ids) == 2
    assert all(reading.look and reading.look.metrics["likes"] == 0 for reading in found.readings)


@pytest.mark.parametrize("body", [{"surprise": 1}, ["surprise"], "", 5, None])
def test_a_body_that_is_no_list_is_handed_on_for_quarantine_and_stops_the_walk(
    stage: Stage, body: Any
) -> None:
    headers = {"content-type": "application/json"}
    stage.fake.knobs.faults.append(Fault(match="statuses", status=200, body=body, headers=headers))
    connector = stage.connector()
    found: list[Response] = []
    with pytest.raises(StreamRefusedError):
        found.extend(connector.pages(stage.walk(), nothing_held))
    assert found[0].marker is not None
    with pytest.raises(MalformedItemError):
        connector.exhibits(found[0])


def test_another_status_than_was_asked_for_is_filed_unread(stage: Stage) -> None:
    post, other = stage.posts(2)
    stage.fake.knobs.faults.append(Fault(match=post.native_id, status=200, body=stage.fake.render(other)))
    found = stage.by_id(post)
    assert found.unread == [stage.fake.uri(post)]
    assert found.live == []


def test_a_status_by_id_that_cannot_be_read_stops_nothing(stage: Stage) -> None:
    post, other = stage.posts(2)
    body = {**stage.fake.render(post), "created_at": "yesterday"}
    stage.fake.knobs.faults.append(Fault(match=post.native_id, status=200, body=body))
    found = stage.run(Ids(wanted=(stage.ref(post), stage.ref(other)), controls=()))
    assert found.unread == [stage.fake.uri(post)]
    assert found.texts == [other.text]


# ---- secrets ----------------------------------------------------------------------------------------------


def test_no_credential_is_in_any_response_nor_in_any_error(stage: Stage) -> None:
    post = stage.post(f"My token is {stage.token}")
    stage.comment(post, f"Mine is {stage.token}")
    stage.world.edit(post, f"It was {stage.token}")
    link = f'<{stage.fake.base_url}/x?access_token={stage.token}>; rel="prev"'
    body = [stage.fake.render(post)]
    stage.fake.knobs.faults.append(Fault(match="limit=40", status=200, body=body, headers={"link": link}))
    found = [*stage.run().responses, *stage.thread(post).responses, *stage.by_id(post).responses]
    told = repr(found)
    assert stage.token not in told
    assert "[secret]" in told
    assert sum(response.secrets_masked for response in found) >= 4
    stage.fake.knobs.bad_token = Trouble.REVOKED
    with pytest.raises(CredentialsRejectedError) as raised:
        stage.run()
    assert stage.token not in str(raised.value)


def test_a_sign_in_goes_to_no_other_place_than_its_header(stage: Stage) -> None:
    post = stage.post()
    stage.run()
    stage.by_id(post)
    for request in stage.fake.journal.requests:
        assert stage.token not in f"{request.path}{request.query}"
