"""Mastodon threads at every depth, answers by id, media, and what a quiet account costs."""

import json
from dataclasses import replace
from io import BytesIO

import pytest

from conformance.fake import Fault, Trouble
from conformance.item import Media
from schemas.capture import Cursor, Edge, Ids, Threads, comments_of
from schemas.errors import MarkerRefusedError, RateLimitedError, SourceUnavailableError
from schemas.vocabulary import Kind, Reason, Stream
from tests.connectors.found import walked_through
from tests.connectors.mastodon_stage import Stage, asked, read_all, walk_with_failures
from tests.connectors.rig import nothing_held, resumed
from tests.connectors.stub_site import Said, stub_site


def test_a_wide_thread_that_stays_cut_proves_no_absence_and_says_how_many_lack(stage: Stage) -> None:
    post = stage.post()
    for number in range(70):
        stage.comment(post, f"Answer {number}")
    found = stage.thread(post, signed_in=False)
    listed = found.listed[comments_of(stage.fake.uri(post))]
    assert len(set(found.texts)) == 60
    assert (listed.ended, listed.absence_counts) == (True, False)
    assert (listed.reported, listed.short) == (70, Reason.PAGED_OUT)
    whole = stage.thread(post).listed[comments_of(stage.fake.uri(post))]
    assert (whole.absence_counts, whole.reported) == (True, 70)


@pytest.mark.parametrize("who", ["blocks us", "we mute"])
def test_answers_that_a_block_or_a_mute_leaves_out_are_not_taken_for_absent(stage: Stage, who: str) -> None:
    post = stage.post()
    answer = stage.comment(post, "Shame on you")
    stage.comment(answer, "Indeed", author=stage.stranger)
    if who == "blocks us":
        stage.resident.facts = {"blocks": [stage.council.id]}
    else:
        stage.council.facts = {"mutes": [stage.resident.id]}
    found = stage.thread(post)
    listed = found.listed[comments_of(stage.fake.uri(post))]
    assert found.texts == ["Indeed"]
    assert (listed.ended, listed.absence_counts) == (True, False)
    assert (listed.reported, listed.short) == (2, Reason.FILTERED)


def test_whom_an_author_blocks_asks_again_as_the_public(stage: Stage) -> None:
    post = stage.post()
    answer = stage.comment(post, "Shame on you")
    stage.resident.facts = {"blocks": [stage.council.id]}
    found = stage.by_id(answer, post)
    assert found.answers[stage.fake.uri(answer)] == ("seen", "public")


def test_a_deleted_answer_leaves_its_thread_whole(stage: Stage) -> None:
    post = stage.post()
    stage.comment(post, "Stays")
    goes = stage.comment(post, "Goes")
    stage.delete(goes)
    found = stage.thread(post)
    listed = found.listed[comments_of(stage.fake.uri(post))]
    assert found.texts == ["Stays"]
    assert (listed.absence_counts, listed.reported) == (True, 1)


def test_answers_below_a_deleted_one_stand_in_a_list_that_no_reading_judges(stage: Stage) -> None:
    post = stage.post()
    goes = stage.comment(post, "Goes")
    orphan = stage.comment(goes, "Stands")
    below = stage.comment(orphan, "Stands too", author=stage.stranger)
    stage.delete(goes)
    assert stage.thread(post).texts == []
    for item in (orphan, below):
        found = stage.by_id(item, post)
        (look,) = (
            each.look for each in found.readings if each.look and each.look.record_id == stage.fake.uri(item)
        )
        assert (look.answer.value, look.listing) == ("seen", f"orphans:{stage.fake.uri(post)}")
        record = found.record(item.text)
        assert (record.kind, record.thread_id) == (Kind.COMMENT, stage.fake.uri(post))


def test_an_answer_that_its_thread_shows_keeps_its_list_when_asked_for_by_id(stage: Stage) -> None:
    post = stage.post()
    first = stage.comment(post, "First")
    second = stage.comment(first, "Second")
    found = stage.by_id(second, post)
    (look,) = (
        each.look for each in found.readings if each.look and each.look.record_id == stage.fake.uri(second)
    )
    assert look.listing == ""
    assert found.record("Second").parent_id == stage.fake.uri(first)


def test_a_thread_whose_post_is_gone_is_a_gap_and_the_next_is_read(stage: Stage) -> None:
    gone, stands = stage.posts(2)
    stage.comment(stands, "Answer")
    stage.delete(gone)
    found = stage.thread(gone, stands)
    assert found.listed[comments_of(stage.fake.uri(gone))].refused is Reason.UNAVAILABLE
    assert found.listed[comments_of(stage.fake.uri(stands))].ended
    assert found.texts == ["Answer"]


def test_a_thread_that_is_withheld_is_a_gap_and_the_last_ends_the_walk(stage: Stage) -> None:
    stands, withheld = stage.posts(2)
    stage.comment(stands, "Answer")
    stage.fake.knobs.refused_ids = {withheld.native_id}
    found = stage.thread(stands, withheld)
    listed = found.listed[comments_of(stage.fake.uri(withheld))]
    assert (listed.refused, listed.ended) == (Reason.PERMISSION, False)
    assert found.responses[-1].marker is None


def test_a_branch_that_goes_while_its_thread_is_read_takes_no_neighbour_along(stage: Stage) -> None:
    post = stage.post()
    for number in range(2):
        stage.comment(stage.comment(post, f"Branch {number}"), f"Leaf {number}")
    stage.fake.knobs.inline_replies = 1
    stage.fake.knobs.faults.append(Fault(match="/context", trouble=Trouble.NOT_FOUND, skip=1))
    found = stage.thread(post, signed_in=False)
    listed = found.listed[comments_of(stage.fake.uri(post))]
    assert (listed.refused, listed.ended, listed.absence_counts) == (None, True, False)


# ---- by id ------------------------------------------------------------------------------------------------


def test_asked_by_id_each_answer_is_pinned_to_its_record(stage: Stage) -> None:
    stands, gone, withheld, control = stage.posts(4)
    refs = [stage.ref(each) for each in (stands, gone, withheld)]
    stage.delete(gone)
    stage.fake.knobs.refused_ids = {withheld.native_id}
    found = stage.run(Ids(wanted=tuple(refs), controls=(stage.ref(control),)))
    assert found.answers == {
        stage.fake.uri(control): ("seen", "public"),
        stage.fake.uri(stands): ("seen", "public"),
        stage.fake.uri(gone): ("gone", "404"),
        stage.fake.uri(withheld): ("refused", "403"),
    }
    assert found.responses[0].asked[0].record_id == stage.fake.uri(control)


def test_an_account_of_another_server_that_was_deleted_is_gone_too(stage: Stage) -> None:
    post = stage.post()
    answer = stage.comment(post, "Hello", author=stage.stranger)
    stage.fake.knobs.faults.append(Fault(match=answer.native_id, status=410, body={"error": "Gone"}, times=2))
    found = stage.by_id(answer, post)
    assert found.answers[stage.fake.uri(answer)] == ("gone", "410")


# ---- media ------------------------------------------------------------------------------------------------


def test_media_of_every_version_are_fetched_without_a_credential(stage: Stage) -> None:
    before, after = Media(id="before", alt="A bin"), Media(id="after", kind="video", mime="video/mp4")
    post = stage.post("Look", media=[before])
    stage.world.edit(post, media=[after])
    connector = stage.connector()
    found = stage.run(connector=connector)
    told = {each.ref: each for response in found.responses for each in connector.addresses(response)}
    assert {(each.ref, each.kind) for each in told.values()} == {("before", "image"), ("after", "video")}
    into = BytesIO()
    assert connector.fetch(told["before"], into).status == 200
    assert into.getvalue() == before.body
    assert stage.token not in told["before"].url


def test_files_beside_a_quote_without_any_are_not_forgotten(stage: Stage) -> None:
    bare = stage.post("Bare")
    stage.post("Look", media=[Media(id="picture")], facts={"quotes": bare})
    connector = stage.connector()
    found = stage.run(connector=connector)
    assert [each.ref for response in found.responses for each in connector.addresses(response)] == ["picture"]


# ---- going on ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failing", [1, 2, 3, 4, 5])
def test_a_walk_that_fails_goes_on_from_its_marker_and_brings_everything_once(
    stage: Stage, failing: int
) -> None:
    posts = stage.posts(9)
    stage.world.edit(posts[4], "Edited")
    stage.fake.knobs.page_size = 2
    stage.fake.knobs.fail_page, stage.fake.knobs.fail_times = failing, 3
    found = walk_with_failures(stage.connector(), stage.walk(), SourceUnavailableError)
    assert sorted(found.ids) == sorted(post.native_id for post in posts)
    assert found.responses[0].signpost is not None or found.responses[1].signpost is not None


@pytest.mark.parametrize("skip", range(8))
def test_threads_go_on_with_the_one_that_failed(stage: Stage, skip: int) -> None:
    posts = stage.posts(3)
    for post in posts:
        answer = stage.comment(post, f"To {post.text}")
        stage.world.edit(answer, f"Really, to {post.text}")
    stage.world.sync()
    stage.fake.knobs.faults.append(Fault(match="/statuses/", status=503, times=3, skip=skip))
    ask = Threads(threads=tuple(stage.ref(post) for post in posts))
    found = walk_with_failures(stage.connector(), stage.walk(ask, Stream.COMMENTS), SourceUnavailableError)
    assert set(found.texts) == {f"Really, to {post.text}" for post in posts}
    assert all(listed.ended for listed in found.listed.values())
    assert len(found.texts) <= 4  # at most the thread that failed is read again


def test_a_walk_broken_off_in_a_history_begins_with_its_page_again(stage: Stage) -> None:
    posts = stage.posts(4)
    for post in posts:
        stage.world.edit(post, f"{post.text}, corrected")
    stage.fake.knobs.page_size = 2
    stage.world.sync()
    stage.fake.knobs.faults.append(Fault(match="/history", status=503, times=3, skip=3))
    found = walk_with_failures(stage.connector(), stage.walk(), SourceUnavailableError)
    assert sorted(found.ids) == sorted(post.native_id for post in posts)
    told = {record.text for record in found.records}
    assert told == {text for post in posts for text in (f"{post.versions[0].text}", post.text)}


def test_answers_by_id_go_on_after_the_last_one_answered(stage: Stage) -> None:
    posts = stage.posts(4)
    ask = Ids(wanted=tuple(stage.ref(post) for post in posts[1:]), controls=(stage.ref(posts[0]),))
    walk = stage.walk(ask)
    first = next(iter(stage.connector().pages(walk, nothing_held)))
    rest = list(stage.connector().pages(resumed(walk, first), nothing_held))
    assert [response.asked[0].record_id for response in rest] == [stage.fake.uri(post) for post in posts[1:]]


@pytest.mark.parametrize("marker", ["nonsense", '{"page":2}', "[]"])
def test_a_strange_marker_is_refused(stage: Stage, marker: str) -> None:
    walk = replace(stage.walk(), marker=marker)
    with pytest.raises(MarkerRefusedError):
        list(stage.connector().pages(walk, nothing_held))


def test_a_page_that_the_server_no_longer_takes_refuses_the_marker(stage: Stage) -> None:
    stage.posts(3)
    stage.fake.knobs.faults.append(Fault(match="max_id", status=422, body={"error": "no such page"}))
    walk = replace(stage.walk(), marker='{"max_id":"x"}')
    with pytest.raises(MarkerRefusedError):
        list(stage.connector().pages(walk, nothing_held))


@pytest.mark.parametrize(
    ("ask", "stream"),
    [
        (Edge(), Stream.COMMENTS),
        (Threads(threads=()), Stream.POSTS),
        (Ids(wanted=(), controls=()), Stream.PROFILE),
    ],
)
def test_an_ask_that_mastodon_has_no_list_for_is_an_error_of_ours(
    stage: Stage, ask: Edge | Threads | Ids, stream: Stream
) -> None:
    with pytest.raises(ValueError, match="Mastodon has no"):
        stage.run(ask, stream)


def test_a_quiet_account_costs_one_call(stage: Stage) -> None:
    posts = stage.posts(3)
    before = len(stage.fake.journal.requests)
    stage.run(Edge(since=Cursor(native_id=None, at=posts[-1].created_at)))
    assert len(stage.fake.journal.requests) == before + 1


def test_an_answer_dated_in_no_calendar_blinds_nobody_to_its_thread(stage: Stage) -> None:
    post = stage.post("Bins")
    for text in ("Fine", "From year nought"):
        stage.comment(post, text)
    below = [stage.fake.render(item) for item in stage.world.below(post)]
    below[1]["created_at"] = "0000-01-01T00:00:00.000Z"
    body = {"ancestors": [], "descendants": below}
    stage.fake.knobs.faults.append(Fault(match="/context", status=200, body=body))
    found = stage.thread(post)
    assert found.listed[comments_of(stage.fake.uri(post))].ended
    assert "Fine" in found.texts
    assert len(found.unread) == 1


def test_a_thread_that_has_to_wait_goes_on_with_the_histories_that_it_lacks(stage: Stage) -> None:
    post = stage.post()
    for number in range(5):
        stage.world.edit(stage.comment(post, f"Answer {number}"), f"Answer {number}, put right")
    stage.fake.knobs.retry_after = 900
    stage.fake.knobs.faults += [
        Fault(match="/history", trouble=Trouble.RATE_LIMITED, skip=skip) for skip in (2, 1)
    ]
    stage.world.sync()
    walk = stage.walk(Threads(threads=(stage.ref(post),)), Stream.COMMENTS)
    connector = stage.connector()
    later = (stage.world.clock.wait(900) for _ in range(5))
    found = read_all(connector, walked_through(connector, walk, RateLimitedError, later))
    assert asked(stage, "/history") == 5 + 2
    assert {f"Answer {number}" for number in range(5)} <= {record.text for record in found.records}
    assert found.listed[comments_of(stage.fake.uri(post))].ended


def test_a_thread_without_end_is_read_so_far_and_what_lacks_is_told(stage: Stage) -> None:
    def status(number: int) -> dict[str, object]:
        return {
            "id": str(number),
            "uri": f"https://social.example/{number}",
            "created_at": "2026-03-02T09:00:00Z",
            "account": {"id": "7"},
            "visibility": "public",
            "in_reply_to_id": str(number - 1),
            "replies_count": 1,
        }

    def answer(path: str, _number: int) -> Said:
        number = int(path.removesuffix("/context").rpartition("/")[2])
        tree = {"ancestors": [], "descendants": [status(number + 1)]}
        body = tree if path.endswith("/context") else status(number)
        return Said(headers={"content-type": "application/json"}, body=json.dumps(body).encode())

    with stub_site(answer) as site:
        connector = stage.connector(base_url=site.url, signed_in=False)
        root = replace(stage.ref(stage.post()), native_id="1")
        walk = stage.walk(Threads(threads=(root,)), Stream.COMMENTS)
        responses = list(connector.pages(walk, nothing_held))
    listed = responses[-1].listings[0]
    assert len(site.asked) == 202  # the post, and where its thread and 200 branches go on
    assert (listed.ended, listed.absence_counts, listed.short) == (True, False, Reason.PAGED_OUT)
    assert listed.reported == 202
    assert responses[-1].marker is None
