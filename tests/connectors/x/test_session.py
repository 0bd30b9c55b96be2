"""X's three kinds of credential: what is signed, what is renewed, what never shows."""

import base64
import hmac
import logging
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qsl, quote, unquote

import httpx
import pytest

from conformance.fake import Fault, Trouble
from connectors.x import saving_with
from connectors.x.session import Session
from schemas.capture import Threads
from schemas.errors import CredentialsRejectedError, RateLimitedError, StorageError
from schemas.vocabulary import Stream
from tests.connectors.rig import Wire, WorldClock
from tests.connectors.x_stage import Stage

OAUTH1 = {"api_key": "the-api-key", "api_secret": "the-api-secret", "access_secret": "the-access-secret"}


def oauth2(stage: Stage, **more: str) -> dict[str, str]:
    """Return OAuth 2 values whose refresh token the fake knows."""
    stage.fake.refresh_tokens["refresh-0"] = stage.council
    return {"client_id": "client", "access_token": stage.token, "refresh_token": "refresh-0", **more}


# ---- kinds ------------------------------------------------------------------------------------------------


def test_an_empty_credential_is_refused_before_any_call(stage: Stage) -> None:
    with pytest.raises(CredentialsRejectedError, match="bearer_token"):
        stage.connector({})


def test_a_bearer_token_reads_the_account_of_the_register_at_the_full_price(stage: Stage) -> None:
    stage.posts(2)
    connector = stage.connector({"bearer_token": stage.token})
    assert connector.check().native_id == stage.council.id
    assert [response.cost_micros for response in stage.run(connector=connector).responses] == [10_000]


def test_a_bearer_token_finds_the_account_by_its_handle_at_first(stage: Stage) -> None:
    stage.posts(1)
    account = stage.account(native_id=None)
    connector = stage.connector({"bearer_token": stage.token}, native_id=None, handle="@northbeck")
    assert connector.check().native_id == stage.council.id
    assert account.native_id is None
    assert len(stage.run(connector=connector).ids) == 1


def test_the_accounts_own_token_reads_its_posts_at_a_fifth_of_the_price(stage: Stage) -> None:
    stage.posts(2)
    assert [response.cost_micros for response in stage.run().responses] == [2_000]
    assert stage.wire.budget.cost_micros == 2_000


def test_oauth_1_signs_the_very_address_that_is_asked(stage: Stage) -> None:
    secrets = {**OAUTH1, "access_token": stage.token}
    sent: list[httpx.Request] = []
    stage.wire.client.event_hooks["request"].append(sent.append)
    stage.posts(1)
    assert len(stage.run(connector=stage.connector(secrets)).ids) == 1
    assert _is_signed(sent[0])


def test_each_attempt_is_signed_afresh(stage: Stage) -> None:
    sent: list[httpx.Request] = []
    stage.wire.client.event_hooks["request"].append(sent.append)
    stage.fake.knobs.faults.append(Fault(match="tweets", trouble=Trouble.RATE_LIMITED, times=2))
    stage.run(connector=stage.connector({**OAUTH1, "access_token": stage.token}))
    nonces = {_oauth(request)["oauth_nonce"] for request in sent}
    assert len(nonces) == len(sent) == 3
    assert all(_is_signed(request) for request in sent)


def test_searching_the_whole_archive_is_signed_by_the_app_alone(stage: Stage) -> None:
    sent: list[httpx.Request] = []
    stage.wire.client.event_hooks["request"].append(sent.append)
    post = stage.posts(1)[0]
    app = stage.fake.grant("app-token", stage.council)
    secrets = {**OAUTH1, "access_token": stage.token, "bearer_token": app}
    connector = stage.connector(secrets, options={"x_search": "all"})
    stage.run(Threads(threads=(stage.ref(post),)), Stream.COMMENTS, connector)
    assert [request.headers["authorization"] for request in sent] == ["Bearer app-token"]


# ---- renewal ----------------------------------------------------------------------------------------------


def test_a_lapsed_token_is_renewed_once_and_the_walk_goes_on(stage: Stage) -> None:
    stage.posts(5)
    stage.fake.knobs.page_size = 2
    stage.fake.knobs.bad_token, stage.fake.knobs.bad_token_from = Trouble.EXPIRED, 2
    stage.fake.knobs.fresh_token = "fresh"
    saved: list[Mapping[str, str]] = []
    secrets = oauth2(stage)
    found = stage.run(connector=stage.connector(secrets, saving_with(secrets, saved.append)))
    assert len(found.ids) == 5
    assert [(each["access_token"], each["refresh_token"]) for each in saved] == [
        ("fresh", f"refresh-1-{stage.council.id}")
    ]


def test_the_new_tokens_are_stored_before_the_new_access_token_is_used(stage: Stage) -> None:
    events: list[str] = []
    stage.wire.client.event_hooks["request"].append(
        lambda request: events.append(request.headers.get("authorization", request.url.path))
    )
    secrets = oauth2(stage, expires_at=(stage.world.now - timedelta(hours=1)).isoformat())
    rotate = saving_with(secrets, lambda values: events.append(f"stored {values['access_token']}"))
    stage.run(connector=stage.connector(secrets, rotate))
    fresh = f"access-1-{stage.council.id}"
    assert events == ["/x/2/oauth2/token", f"stored {fresh}", f"Bearer {fresh}"]


def test_tokens_that_cannot_be_stored_are_never_used(stage: Stage) -> None:
    secrets = oauth2(stage)
    stage.fake.knobs.bad_token, stage.fake.knobs.fresh_token = Trouble.EXPIRED, "fresh"

    def full(_: Mapping[str, str]) -> None:
        raise StorageError("The disk is full.")

    sent: list[str] = []
    stage.wire.client.event_hooks["request"].append(
        lambda request: sent.append(request.headers.get("authorization", ""))
    )
    with pytest.raises(StorageError):
        stage.run(connector=stage.connector(secrets, saving_with(secrets, full)))
    assert "Bearer fresh" not in sent


def test_a_token_that_another_process_renewed_is_taken_without_a_call(stage: Stage) -> None:
    secrets = oauth2(stage)
    stage.fake.knobs.bad_token, stage.fake.knobs.fresh_token = Trouble.EXPIRED, "theirs"
    stage.fake.grant("theirs", stage.council)
    stored = {**secrets, "access_token": "theirs", "refresh_token": "refresh-theirs"}
    found = stage.run(connector=stage.connector(secrets, lambda renew: renew(stored)))
    assert found.responses[-1].marker is None
    assert "POST /2/oauth2/token" not in stage.fake.journal.calls


def test_a_credential_with_nowhere_to_keep_new_tokens_is_not_renewed(stage: Stage) -> None:
    stage.fake.knobs.bad_token = Trouble.EXPIRED
    with pytest.raises(CredentialsRejectedError, match="cannot be renewed"):
        stage.run(connector=stage.connector(oauth2(stage)))
    assert "refresh-0" in stage.fake.refresh_tokens


def test_a_refresh_token_that_was_spent_needs_a_person(stage: Stage) -> None:
    secrets = oauth2(stage)
    stage.fake.refresh_tokens.clear()
    stage.fake.knobs.bad_token = Trouble.EXPIRED
    with pytest.raises(CredentialsRejectedError, match="Sign in"):
        stage.run(connector=stage.connector(secrets, saving_with(secrets, lambda _: None)))


def test_a_refresh_token_that_is_not_exchanged_is_kept_as_it_was(stage: Stage) -> None:
    """What X sends back is a secret that we know, and so is masked in its answer."""
    stage.posts(1)
    stage.fake.knobs.bad_token = Trouble.EXPIRED
    body = {"access_token": "fresh", "refresh_token": "refresh-0", "expires_in": 10**30}
    stage.fake.grant("fresh", stage.council)
    stage.fake.knobs.fresh_token = "fresh"
    stage.fake.knobs.faults.append(Fault(match="oauth2/token", status=200, body=body))
    secrets, saved = oauth2(stage), list[Mapping[str, str]]()
    stage.run(connector=stage.connector(secrets, saving_with(secrets, saved.append)))
    assert [(each["access_token"], each["refresh_token"]) for each in saved] == [("fresh", "refresh-0")]


@pytest.mark.parametrize("told", ["soon", "", "2026-13-01", "0001-01-01T00:00:00+14:00"])
def test_a_time_of_lapsing_that_is_none_stops_nothing(stage: Stage, told: str) -> None:
    stage.posts(1)
    assert len(stage.run(connector=stage.connector(oauth2(stage, expires_at=told))).ids) == 1


def test_a_time_of_lapsing_without_a_zone_is_taken_for_utc(stage: Stage) -> None:
    stage.posts(1)
    lapses = stage.world.now.replace(tzinfo=None).isoformat()
    secrets, saved = oauth2(stage, expires_at=lapses), list[Mapping[str, str]]()
    stage.run(connector=stage.connector(secrets, saving_with(secrets, saved.append)))
    assert len(saved) == 1


def test_a_fresh_token_that_is_refused_too_needs_a_person(stage: Stage) -> None:
    secrets = oauth2(stage)
    stage.fake.knobs.bad_token, stage.fake.knobs.bad_token_match = Trouble.REVOKED, "users"
    with pytest.raises(CredentialsRejectedError):
        stage.run(connector=stage.connector(secrets, saving_with(secrets, lambda _: None)))
    assert stage.fake.journal.calls["POST /2/oauth2/token"] == 1


def test_a_confidential_client_signs_its_renewal(stage: Stage) -> None:
    sent: list[httpx.Request] = []
    stage.wire.client.event_hooks["request"].append(sent.append)
    past = (stage.world.now - timedelta(hours=1)).isoformat()
    secrets = oauth2(stage, client_secret="the-client-secret", expires_at=past)
    stage.run(connector=stage.connector(secrets, saving_with(secrets, lambda _: None)))
    assert sent[0].headers["authorization"].startswith("Basic ")
    assert dict(parse_qsl(sent[0].content.decode()))["grant_type"] == "refresh_token"


# ---- secrets ----------------------------------------------------------------------------------------------


def test_no_token_is_ever_in_a_response_nor_in_a_log(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    past = (stage.world.now - timedelta(hours=1)).isoformat()
    secrets = oauth2(stage, expires_at=past)
    stage.fake.knobs.fresh_token = "planted-fresh-token"
    stage.world.post(stage.council, f"My token is {stage.token}, then planted-fresh-token")
    found = stage.run(connector=stage.connector(secrets, saving_with(secrets, lambda _: None)))
    told = b"".join(response.body + response.address.encode() for response in found.responses)
    told += b"".join(exhibit.header + b"".join(exhibit.parts) for exhibit in found.exhibits)
    for secret in (stage.token, "planted-fresh-token", "refresh-0", f"refresh-1-{stage.council.id}"):
        assert secret.encode() not in told
        assert secret not in caplog.text
    assert found.responses[0].secrets_masked == 2


def test_oauth_1_secrets_are_in_no_log(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    stage.run(connector=stage.connector({**OAUTH1, "access_token": stage.token}))
    assert "oauth_signature" not in caplog.text
    assert all(secret not in caplog.text for secret in OAUTH1.values())


def test_every_request_counts_against_the_budget(stage: Stage) -> None:
    stage.wire.budget.paused_until = stage.world.now + timedelta(hours=1)
    with pytest.raises(RateLimitedError):
        stage.run()
    assert stage.fake.journal.requests == []


def test_the_platforms_own_address_is_the_default(wire: Wire, stage: Stage) -> None:
    account = stage.account(base_url=None)
    transport = wire.transport(account, WorldClock(stage.world))
    sent: list[str] = []

    def stop(request: httpx.Request) -> None:
        sent.append(str(request.url.copy_with(query=None)))
        raise httpx.ConnectError("no network here", request=request)

    wire.client.event_hooks["request"].append(stop)
    with pytest.raises(Exception, match="did not serve"):
        Session(transport, {"bearer_token": "t"}, None).get("/2/users/me", {})
    assert set(sent) == {"https://api.x.com/2/users/me"}


def _oauth(request: httpx.Request) -> dict[str, str]:
    _, _, told = request.headers["authorization"].partition(" ")
    pairs = (part.strip().split("=", 1) for part in told.split(","))
    return {name: unquote(value.strip('"')) for name, value in pairs}


def _is_signed(request: httpx.Request) -> bool:
    """Check a signature as X would, from the address that arrived (RFC 5849, section 3.4)."""
    told = _oauth(request)
    given = told.pop("oauth_signature")
    query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
    pairs = sorted((_escaped(name), _escaped(value)) for name, value in (*query, *told.items()))
    address = str(request.url.copy_with(query=None))
    base = "&".join(map(_escaped, ("GET", address, "&".join(f"{name}={value}" for name, value in pairs))))
    key = f"{OAUTH1['api_secret']}&{OAUTH1['access_secret']}".encode()
    return base64.b64encode(hmac.digest(key, base.encode(), "sha1")).decode() == given


def _escaped(text: str) -> str:
    return quote(text, safe="-._~")
