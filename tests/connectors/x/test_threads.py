"""Replies on X at every depth: how threads are searched, and what a search can never prove."""

from datetime import timedelta

from connectors.x.plan import grouped, query_of
from schemas.capture import Cursor, Threads, comments_of
from schemas.observation import PUBLIC
from schemas.vocabulary import Kind, Reason, Stream
from tests.connectors.x_stage import Stage

# ---- replies ----------------------------------------------------------------------------------------------


def test_replies_at_every_depth_belong_to_their_thread(either: Stage) -> None:
    post = either.posts(1)[0]
    first = either.comment(post, "Mine was missed")
    answer = either.comment(first, "Which street?", author=either.council)
    last = either.comment(answer, "Mill Lane")
    found = either.run(Threads(threads=(either.ref(post),)), Stream.COMMENTS)
    records = {reading.record.text: reading.record for reading in found.readings if reading.record}
    assert set(records) == {"Mine was missed", "Which street?", "Mill Lane"}
    assert {record.thread_id for record in records.values()} == {f"x:{post.native_id}"}
    assert records["Mill Lane"].parent_id == f"x:{answer.native_id}"
    assert {record.kind for record in records.values()} == {Kind.COMMENT}
    assert {reading.look.listing for reading in found.readings if reading.look} == {
        comments_of(f"x:{post.native_id}")
    }
    assert records["Mill Lane"].native_id == last.native_id


def test_an_answer_to_a_later_edit_leads_back_to_the_record_answered(either: Stage) -> None:
    post = either.posts(1)[0]
    either.world.edit(post, "Corrected")
    either.comment(post, "Thank you")
    found = either.run(Threads(threads=(either.ref(post),)), Stream.COMMENTS)
    record = found.readings[0].record
    assert record is not None
    assert (record.parent_id, record.thread_id) == (f"x:{post.native_id}", f"x:{post.native_id}")
    assert b"Corrected" not in b"".join(found.exhibits[0].parts)


def test_the_councils_own_answers_are_in_its_timeline_as_comments(stage: Stage) -> None:
    post = stage.posts(1)[0]
    stage.comment(stage.comment(post, "Where?"), "Mill Lane", author=stage.council)
    kinds = {reading.record.text: reading.record.kind for reading in stage.run().readings if reading.record}
    assert kinds == {"Notice 0": Kind.POST, "Mill Lane": Kind.COMMENT}


def test_threads_are_joined_within_512_characters_and_all_read(stage: Stage) -> None:
    posts = stage.posts(40)
    for post in posts:
        stage.comment(post, f"To {post.text}")
    found = stage.run(Threads(threads=tuple(stage.ref(post) for post in posts)), Stream.COMMENTS)
    assert sorted(found.texts) == sorted(f"To {post.text}" for post in posts)
    queries = [request.query["query"][0] for request in stage.fake.journal.requests]
    assert max(map(len, queries)) <= 512
    assert len(queries) == 4
    ended = [one.listing for response in found.responses for one in response.listings if one.ended]
    assert sorted(ended) == sorted(comments_of(f"x:{post.native_id}") for post in posts)


def test_a_search_never_lets_absence_count(stage: Stage) -> None:
    post = stage.posts(1)[0]
    stage.comment(post, "Hello")
    found = stage.run(Threads(threads=(stage.ref(post),)), Stream.COMMENTS)
    assert not any(one.absence_counts for response in found.responses for one in response.listings)


def test_an_old_thread_is_read_as_far_as_search_reaches_and_told_as_paged_out(stage: Stage) -> None:
    post = stage.posts(1)[0]
    stage.comment(post, "At once")
    stage.world.clock.wait(30 * 86_400)
    stage.comment(post, "Only now have I seen this")
    found = stage.run(Threads(threads=(stage.ref(post),)), Stream.COMMENTS)
    assert found.texts == ["Only now have I seen this"]
    listed = found.responses[-1].listings[0]
    assert (listed.ended, listed.refused, listed.short) == (True, None, Reason.PAGED_OUT)


def test_a_thread_read_within_the_week_is_not_paged_out(stage: Stage) -> None:
    post = stage.posts(1)[0]
    stage.world.clock.wait(30 * 86_400)
    read_at = Cursor(native_id=None, at=stage.world.now - timedelta(days=1))
    found = stage.run(Threads(threads=(stage.ref(post, since=read_at),)), Stream.COMMENTS)
    assert found.responses[-1].listings[0].short is Reason.UNEXPLAINED


def test_the_whole_archive_is_searched_with_the_apps_own_token(stage: Stage) -> None:
    post = stage.posts(1)[0]
    stage.comment(post, "Two months ago")
    stage.world.clock.wait(60 * 86_400)
    app = stage.fake.grant("app-only", stage.council)
    connector = stage.connector(
        {"access_token": stage.token, "bearer_token": app}, options={"x_search": "all"}
    )
    ask = Threads(threads=(stage.ref(post),))
    found = stage.run(ask, Stream.COMMENTS, connector)
    assert found.texts == ["Two months ago"]
    assert found.responses[0].endpoint == "/2/tweets/search/all"
    assert found.responses[0].listings[0].short is Reason.UNEXPLAINED


def test_a_hidden_reply_is_still_found_and_nothing_says_it_is_hidden(stage: Stage) -> None:
    post = stage.posts(1)[0]
    reply = stage.comment(post, "Rude")
    stage.world.hide(reply)
    found = stage.run(Threads(threads=(stage.ref(post),)), Stream.COMMENTS)
    assert found.answers == {f"x:{reply.native_id}": ("seen", PUBLIC)}


def test_the_groups_of_a_walk_are_the_same_whatever_the_order_of_its_threads(stage: Stage) -> None:
    refs = [stage.ref(post) for post in stage.posts(30)]
    assert grouped(refs) == grouped(refs[::-1])
    assert all(len(query_of(group)) <= 512 for group in grouped(refs))
