"""Answers of Mastodon that are not what they should be: lists in circles, changed fields, other statuses."""

from typing import Any

import pytest

from conformance.fake import Drift, Fault
from schemas.capture import POSTS, Ids, Response, comments_of
from schemas.errors import (
    MalformedItemError,
    RepeatedTokenError,
    StreamRefusedError,
)
from schemas.vocabulary import Reason
from tests.connectors.mastodon_stage import Found, Stage, read_all
from tests.connectors.rig import nothing_held


def until(stage: Stage, error: type[Exception], *, signed_in: bool = True) -> Found:
    """Walk the posts until this is raised; return what came before."""
    connector = stage.connector(signed_in=signed_in)
    responses: list[Response] = []
    with pytest.raises(error):
        responses.extend(connector.pages(stage.walk(), nothing_held))
    return read_all(connector, responses)


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


def test_a_list_whose_links_a_proxy_took_away_is_read_to_its_end(stage: Stage) -> None:
    posts = stage.posts(9)
    stage.fake.knobs.page_size = 3  # a server may give fewer than it was asked for
    stage.wire.client.event_hooks["response"].append(lambda answer: answer.headers.pop("link", None))
    found = stage.run()
    assert set(found.ids) == {post.native_id for post in posts}
    assert found.listed[POSTS].ended


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
