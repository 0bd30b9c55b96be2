"""Mastodon at its worst: every refusal and bad habit ends in the right error or state, never in silence."""

from datetime import UTC, datetime, timedelta

import pytest

from conformance.fake import Fault, Trouble
from schemas.capture import Edge, Ids, Response, Threads
from schemas.errors import (
    AccountSuspendedError,
    CredentialsRejectedError,
    FatalError,
    RateLimitedError,
    SourceChallengedError,
    SourceUnavailableError,
    StreamRefusedError,
    WrongAccountError,
)
from schemas.vocabulary import Reason, Stream
from tests.connectors.mastodon_stage import Found, Stage, read_all
from tests.connectors.rig import nothing_held


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


def test_a_token_of_the_application_alone_needs_a_person(stage: Stage) -> None:
    body = {"error": "This method requires an authenticated user"}
    stage.fake.knobs.faults.append(Fault(match="verify_credentials", status=422, body=body))
    with pytest.raises(CredentialsRejectedError, match="does not take the access token"):
        stage.connector().check()


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
