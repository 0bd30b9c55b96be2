"""Mastodon over HTTP, against the fake: what a walk brings, and where it goes on."""

from datetime import date, timedelta

import pytest

from conformance.fake import Fault, Trouble
from schemas.capture import POSTS, PROFILE, Cursor, Edge, Ids, Window, comments_of
from schemas.errors import BadInputError, MalformedItemError
from schemas.vocabulary import Kind, Stream
from tests.connectors.mastodon_stage import Stage, asked
from tests.connectors.rig import everything_held, nothing_held

# ---- who it is --------------------------------------------------------------------------------------------


def test_check_tells_whose_token_it_is(stage: Stage) -> None:
    identity = stage.connector(native_id=None).check()
    assert (identity.native_id, identity.handle) == (stage.council.id, "northbeck")
    assert identity.name == "Northbeck Council"
    assert identity.missing == ()
    assert identity.site == stage.fake.base_url.removeprefix("http://")


def test_without_a_token_the_handle_is_looked_up_and_told_what_it_costs(stage: Stage) -> None:
    identity = stage.connector(signed_in=False, native_id=None, handle="@Northbeck").check()
    assert identity.native_id == stage.council.id
    assert "access_token" in identity.missing[0]


@pytest.mark.parametrize("scope", ["read:accounts", "read:statuses"])
def test_check_names_the_scopes_that_a_token_lacks(stage: Stage, scope: str) -> None:
    stage.fake.knobs.missing = {scope}
    (missing,) = stage.connector().check().missing
    assert scope in missing


def test_a_check_shows_nobodys_posts(stage: Stage) -> None:
    stage.posts(3)
    stage.connector().check()
    assert stage.fake.journal.served == []


def test_an_account_without_a_server_says_what_to_write(stage: Stage) -> None:
    with pytest.raises(BadInputError, match="base_url"):
        stage.connector(base_url=None)


# ---- profile and posts ------------------------------------------------------------------------------------


def test_a_profile_is_one_record_named_by_its_server(stage: Stage) -> None:
    found = stage.run(stream=Stream.PROFILE)
    (record,) = found.records
    site = stage.fake.base_url.removeprefix("http://")
    assert record.record_id == f"mastodon:profile:{site}/{stage.council.id}"
    assert (record.title, record.text) == ("Northbeck Council", "News from Northbeck")
    assert found.listed[PROFILE].ended
    assert found.listed[PROFILE].reported == 1


@pytest.mark.parametrize("size", [1, 2, 3, 7, 9, 40])
def test_every_post_comes_once_at_any_page_size(stage: Stage, size: int) -> None:
    posts = stage.posts(9)
    stage.fake.knobs.page_size = size
    found = stage.run()
    assert found.ids == [post.native_id for post in reversed(posts)]
    assert [response.marker is None for response in found.responses].index(True) == len(found.responses) - 1
    listed = found.listed[POSTS]
    assert (listed.ended, listed.absence_counts, listed.refused) == (True, True, None)


def test_an_account_that_never_posted_is_whole_and_empty(stage: Stage) -> None:
    found = stage.run()
    assert found.exhibits == []
    assert found.listed[POSTS].ended
    assert found.responses[0].signpost is None


def test_an_edge_stops_at_what_is_older_and_signposts_the_newest(stage: Stage) -> None:
    posts = stage.posts(9)
    stage.fake.knobs.page_size = 2
    since = posts[5].created_at
    found = stage.run(Edge(since=Cursor(native_id=None, at=since)))
    assert set(found.ids) >= {post.native_id for post in posts[5:]}
    assert len(found.responses) == 3
    assert found.responses[0].signpost == Cursor(native_id=posts[-1].native_id, at=posts[-1].created_at)
    assert [response.signpost for response in found.responses[1:]] == [None, None]
    assert found.listed[POSTS].since == since


def test_the_first_edge_goes_back_to_the_day_the_council_named(stage: Stage) -> None:
    old = stage.world.post(stage.council, "Old", created_at=stage.world.now - timedelta(days=700))
    stage.world.sync()
    new = stage.post("New")
    stage.fake.knobs.page_size = 1
    connector = stage.connector(backfill_from=date(2026, 1, 1))
    found = stage.run(connector=connector)
    assert found.listed[POSTS].since is not None
    assert set(found.ids) == {new.native_id, old.native_id}  # the page that shows that it is passed is kept
    stage.world.post(stage.council, "Older", created_at=stage.world.now - timedelta(days=800))
    stage.world.sync()
    assert "Older" not in stage.run(connector=connector).texts


def test_a_window_is_paged_to_its_start_and_absence_counts_in_it(stage: Stage) -> None:
    posts = stage.posts(9)
    stage.fake.knobs.page_size = 2
    window = Window(start=posts[2].created_at, end=posts[6].created_at)
    found = stage.run(window)
    listed = found.listed[POSTS]
    assert (listed.since, listed.until, listed.ended) == (window.start, window.end, True)
    assert set(found.ids) >= {post.native_id for post in posts[2:6]}
    assert found.responses[0].signpost is None


def test_posts_carry_totals_of_answers_so_quiet_threads_need_no_call(stage: Stage) -> None:
    post = stage.post()
    stage.comment(post, "One")
    stage.comment(post, "Two", author=stage.stranger)
    stage.world.count(post, likes=3, shares=2)
    (reading,) = stage.run().readings
    assert reading.look is not None
    assert reading.look.metrics == {"likes": 3, "shares": 2, "comments": 2, "quotes": 0}


def test_a_full_page_whose_header_was_lost_is_no_last_page(stage: Stage) -> None:
    posts = stage.posts(45)
    page = [stage.fake.render(post) for post in reversed(posts[5:])]
    stage.fake.knobs.faults.append(Fault(match="limit=40", status=200, body=page))
    assert len(stage.run().ids) == 45


def test_a_follower_only_post_is_hidden_by_its_own_word_and_never_absent_for_the_public(stage: Stage) -> None:
    stage.post("For all")
    stage.post("For followers", shown="private")
    stage.post("Unlisted", facts={"visibility": "unlisted"})
    signed_in, public = stage.run(), stage.run(connector=stage.connector(signed_in=False))
    assert sorted(shown for _, shown in signed_in.answers.values()) == ["private", "public", "public"]
    assert "private" in signed_in.listed[POSTS].shows
    assert public.texts == ["Unlisted", "For all"]
    assert public.listed[POSTS].shows == frozenset({"public"})


# ---- edits ------------------------------------------------------------------------------------------------


def test_every_version_of_an_edited_post_comes_before_its_page(stage: Stage) -> None:
    post = stage.post("Bins on Monday")
    stage.world.edit(post, "Bins on Tuesday")
    stage.world.edit(post, "Bins on Wednesday")
    found = stage.run()
    assert [record.text for record in found.records] == [
        "Bins on Monday",
        "Bins on Tuesday",
        "Bins on Wednesday",
        "Bins on Wednesday",
    ]
    assert [reading.look is None for reading in found.readings] == [True, True, True, False]
    assert [record.version_at for record in found.records][:3] == [each.at for each in post.versions]
    assert {record.record_id for record in found.records} == {stage.fake.uri(post)}


def test_an_edited_answer_tells_its_versions_with_thread_and_parent(stage: Stage) -> None:
    post = stage.post()
    first = stage.comment(post, "First", author=stage.stranger)
    second = stage.comment(first, "Second", author=stage.stranger)
    stage.world.edit(second, "Second, corrected")
    found = stage.thread(post)
    versions = [record for record in found.records if record.native_id == second.native_id]
    assert {record.text for record in versions} == {"Second", "Second, corrected"}
    assert {record.thread_id for record in versions} == {stage.fake.uri(post)}
    assert {record.parent_id for record in versions} == {stage.fake.uri(first)}


def test_the_versions_of_an_answer_found_by_id_are_asked_for_too(stage: Stage) -> None:
    post = stage.post()
    answer = stage.comment(post, "Mine was missed")
    stage.world.edit(answer, "Mine was missed again")
    found = stage.by_id(answer, post)
    told = {record.text for record in found.records if record.native_id == answer.native_id}
    assert told == {"Mine was missed", "Mine was missed again"}


def test_a_post_that_goes_while_its_history_is_asked_for_stops_nothing(stage: Stage) -> None:
    posts = stage.posts(2)
    stage.world.edit(posts[0], "Edited")
    stage.world.sync()
    stage.fake.knobs.faults.append(Fault(match="/history", trouble=Trouble.NOT_FOUND))
    assert stage.run().texts == ["Notice 1", "Edited"]


# ---- own answers ------------------------------------------------------------------------------------------


def test_an_own_answer_is_filed_with_the_thread_and_parent_of_another_server(stage: Stage) -> None:
    question = stage.world.post(stage.stranger, "When are the bins?")
    stage.world.sync()
    answer = stage.comment(question, "On Monday", author=stage.council)
    record = stage.run().record("On Monday")
    assert record.kind is Kind.COMMENT
    assert record.thread_id == record.parent_id == stage.fake.uri(question)
    assert record.native_id == answer.native_id
    assert record.thread_id.startswith("https://social.example/")


def test_what_a_look_up_shows_is_kept_and_is_no_look(stage: Stage) -> None:
    question = stage.world.post(stage.stranger, "When are the bins?")
    stage.world.sync()
    answer = stage.comment(question, "On Monday", author=stage.council)
    stage.comment(answer, "Thank you")
    found = stage.run()
    assert {record.text for record in found.records} == {"When are the bins?", "On Monday", "Thank you"}
    assert found.texts == ["On Monday"]
    assert found.record("Thank you").thread_id == stage.fake.uri(question)
    assert found.record("Thank you").parent_id == stage.fake.uri(answer)
    assert found.record("When are the bins?").kind is Kind.POST


def test_answers_that_are_held_need_no_look_up_until_they_are_edited(stage: Stage) -> None:
    answer = stage.comment(stage.comment(stage.post(), "Which day?"), "Monday", author=stage.council)
    stage.run(held=everything_held)
    assert asked(stage, "/context") == 0
    stage.world.edit(answer, "Tuesday")
    found = stage.run(held=everything_held)
    assert asked(stage, "/context") == 1
    versions = [record for record in found.records if record.native_id == answer.native_id]
    assert {record.thread_id for record in versions} == {stage.fake.uri(answer.root)}


def test_an_own_answer_whose_parent_was_deleted_is_still_no_post(stage: Stage) -> None:
    question = stage.comment(stage.post(), "Which day?")
    stage.comment(question, "Monday", author=stage.council)
    stage.delete(question)
    assert stage.run().record("Monday").kind is Kind.COMMENT


# ---- threads ----------------------------------------------------------------------------------------------


def test_answers_of_every_depth_come_with_thread_and_parent_by_their_lasting_names(stage: Stage) -> None:
    post = stage.post()
    first = stage.comment(post, "First", author=stage.stranger)
    second = stage.comment(first, "Second", author=stage.council)
    third = stage.comment(second, "Third")
    found = stage.thread(post)
    assert {(record.text, record.parent_id) for record in found.live} == {
        ("First", stage.fake.uri(post)),
        ("Second", stage.fake.uri(first)),
        ("Third", stage.fake.uri(second)),
    }
    assert {record.thread_id for record in found.live} == {stage.fake.uri(post)}
    assert {record.kind for record in found.live} == {Kind.COMMENT}
    assert found.record("First").native_id == first.native_id != found.record("First").record_id
    listed = found.listed[comments_of(stage.fake.uri(post))]
    assert (listed.ended, listed.absence_counts, listed.reported) == (True, True, 3)
    assert third.native_id in found.ids


def test_each_thread_is_a_listing_of_its_own(stage: Stage) -> None:
    posts = stage.posts(3)
    for post in posts:
        stage.comment(post, f"To {post.text}")
    found = stage.thread(*posts)
    listings = {reading.look.listing for reading in found.readings if reading.look}
    assert listings == {comments_of(stage.fake.uri(post)) for post in posts}
    assert all(listed.ended for listed in found.listed.values())


def test_private_messages_are_never_cut_out_of_anything(stage: Stage) -> None:
    post = stage.post()
    letter = stage.comment(post, "My address is 1 Mill Lane", shown="direct")
    stage.comment(letter, "Thank you, noted", author=stage.council, shown="direct")
    stage.comment(letter, "Hidden below a letter")
    stage.post("To a colleague", shown="direct")
    found = [stage.run(), stage.thread(post)]
    kept = b"".join(exhibit.header + b"".join(exhibit.parts) for each in found for exhibit in each.exhibits)
    for words in (b"Mill Lane", b"noted", b"colleague", stage.fake.uri(letter).encode()):
        assert words not in kept
    assert found[1].texts == ["Hidden below a letter"]
    assert b"Mill Lane" in b"".join(response.body for response in found[1].responses)


def test_a_message_answered_by_id_is_laid_aside_and_not_filed(stage: Stage) -> None:
    post = stage.post()
    letter = stage.comment(post, "My address is 1 Mill Lane", shown="direct")
    connector = stage.connector()
    ask = Ids(wanted=(stage.ref(letter),), controls=())
    responses = list(connector.pages(stage.walk(ask, Stream.COMMENTS), nothing_held))
    assert any(b"Mill Lane" in response.body for response in responses)
    with pytest.raises(MalformedItemError):
        connector.exhibits(responses[-1])


@pytest.mark.parametrize("signed_in", [True, False])
def test_a_thread_that_the_server_cuts_is_asked_for_by_its_branches(stage: Stage, *, signed_in: bool) -> None:
    post = stage.post()
    branch = stage.comment(post, "Branch")
    for number in range(8):
        branch = stage.comment(branch, f"Depth {number}")
    stage.fake.knobs.inline_replies = 3
    found = stage.thread(post, signed_in=signed_in)
    assert len(set(found.texts)) == 9
    listed = found.listed[comments_of(stage.fake.uri(post))]
    assert (listed.ended, listed.absence_counts, listed.reported) == (True, True, 9)
    assert found.record("Depth 7").parent_id == found.record("Depth 6").record_id


def test_without_a_sign_in_a_thread_deeper_than_twenty_is_read_to_its_end(stage: Stage) -> None:
    post = at = stage.post()
    for number in range(27):
        at = stage.comment(at, f"Depth {number}")
    found = stage.thread(post, signed_in=False)
    assert len(set(found.texts)) == 27
