"""Facebook when it refuses: every kind of no has its class, its remedy and its gap."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from conformance.fake import Drift, Fault, Trouble
from schemas.capture import (
    POSTS,
    Cursor,
    Edge,
    Ids,
    Window,
)
from schemas.errors import (
    AccountSuspendedError,
    BadInputError,
    CredentialsRejectedError,
    FatalError,
    MunimentError,
    SourceChallengedError,
    SourceUnavailableError,
    StreamRefusedError,
)
from schemas.vocabulary import Reason, Stream
from tests.connectors.facebook_council import (
    SECRET,
    WINDOW,
    Council,
    graph_error,
    marked,
    ref,
    until_it_fails,
)


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
