"""Walks over X against its fake: timeline, threads, edit chains, answers by id, profile."""

from datetime import timedelta

import pytest

from conformance.fake import Fault, Trouble
from conformance.item import Link, Media
from schemas.capture import Cursor, Edge, Ids, Threads, Window
from schemas.errors import SourceUnavailableError
from schemas.observation import PUBLIC
from schemas.vocabulary import Reason, Stream
from tests.connectors.rig import Wire, everything_held, nothing_held, resumed
from tests.connectors.x_stage import Stage, read_all, staged, walk_with_failures


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_every_page_size_brings_each_post_once(stage: Stage, size: int) -> None:
    stage.posts(7)
    stage.fake.knobs.page_size = size
    found = stage.run()
    assert sorted(found.texts) == [f"Notice {n}" for n in range(7)]
    assert [one.marker is None for one in found.responses] == [False] * (len(found.responses) - 1) + [True]
    assert len(found.responses) == -(-7 // size)


def test_the_end_of_a_whole_timeline_tells_its_total_and_lets_absence_count(stage: Stage) -> None:
    stage.posts(5)
    stage.fake.knobs.page_size = 2
    listed = [listed for response in stage.run().responses for listed in response.listings]
    assert [one.ended for one in listed] == [False, False, True]
    assert [one.absence_counts for one in listed] == [False, False, True]
    assert listed[-1].reported == 5


def test_a_part_of_a_timeline_is_not_held_against_the_number_of_all_posts(stage: Stage) -> None:
    stage.posts(3)
    stage.world.clock.wait(86_400)
    stage.posts(2)
    recent = Window(start=stage.world.now - timedelta(hours=2), end=stage.world.now)
    listed = stage.run(recent).responses[-1].listings[0]
    assert (listed.ended, listed.reported) == (True, None)


def test_the_first_page_of_an_edge_carries_the_newest_post_as_signpost(stage: Stage) -> None:
    newest = stage.posts(4)[-1]
    stage.fake.knobs.page_size = 2
    signposts = [response.signpost for response in stage.run().responses]
    assert signposts == [Cursor(native_id=newest.native_id, at=newest.created_at), None]


def test_an_edge_with_nothing_new_is_one_free_call_and_leaves_the_cursor(stage: Stage) -> None:
    stage.posts(3)
    stage.world.clock.wait(7200)
    since = Cursor(native_id=None, at=stage.world.now - timedelta(hours=1))
    found = stage.run(Edge(since=since))
    assert len(found.responses) == 1
    assert found.responses[0].signpost is None
    assert found.responses[0].listings[0].ended
    assert stage.wire.budget.cost_micros == 0


def test_an_edge_asks_only_for_what_is_newer_than_its_cursor(stage: Stage) -> None:
    old, new = stage.posts(2)
    assert stage.run(Edge(since=Cursor(native_id=None, at=new.created_at))).ids == [new.native_id]
    assert stage.run(Edge(since=Cursor(native_id=new.native_id, at=None))).ids == [new.native_id]
    assert old.native_id not in stage.run(Edge(since=Cursor(native_id=None, at=new.created_at))).ids


def test_a_first_edge_begins_where_the_backfill_begins_in_london(stage: Stage) -> None:
    summer = stage.world.now - timedelta(days=240)
    day = summer.date()
    connector = stage.connector(backfill_from=day)
    list(connector.pages(stage.walk(backfill_from=day), nothing_held))
    asked = stage.fake.journal.requests[-1].query["start_time"][0]
    assert asked == f"{day - timedelta(days=1)}T23:00:00Z"


def test_a_window_finds_what_was_edited_after_its_end(stage: Stage) -> None:
    post = stage.world.post(stage.council, "Closed on Mondy")
    end = post.created_at + timedelta(minutes=5)
    stage.world.edit(post, "Closed on Monday", at=post.created_at + timedelta(minutes=30))
    stage.world.clock.wait(86_400)
    found = stage.run(Window(start=end - timedelta(days=1), end=end))
    assert found.answers[f"x:{post.native_id}"] == ("seen", PUBLIC)
    assert found.responses[-1].listings[0].until == end


def test_a_long_timeline_proves_by_older_posts_that_a_window_was_not_cut(wire: Wire) -> None:
    with staged(wire, facts={"post_count": 9_000}) as stage:
        older, inside, newer = stage.posts(3)
        stage.world.clock.wait(86_400)
        found = stage.run(Window(start=inside.created_at, end=newer.created_at))
        assert [response.listings[0].ended for response in found.responses] == [False, True]
        assert found.responses[-1].listings[0].absence_counts
        assert older.native_id in found.ids
        asked = stage.fake.journal.requests[-1].query
        assert asked["max_results"] == ["5"]
        assert asked["end_time"] == [f"{inside.created_at:%Y-%m-%dT%H:%M:%SZ}"]


def test_a_window_that_the_cap_may_have_cut_never_counts_absence(wire: Wire) -> None:
    with staged(wire, facts={"post_count": 9_000}) as stage:
        stage.posts(2)
        stage.world.clock.wait(86_400)
        window = Window(start=stage.world.now - timedelta(days=600), end=stage.world.now - timedelta(hours=2))
        last = stage.run(window).responses[-1].listings[0]
        assert (last.ended, last.absence_counts) == (True, False)
        assert (last.reported, last.short) == (9_000, Reason.PAGED_OUT)


def test_a_long_timeline_read_from_now_counts_absence_below_the_cap(wire: Wire) -> None:
    with staged(wire, facts={"post_count": 9_000}) as stage:
        stage.posts(3)
        window = Window(start=stage.world.now - timedelta(days=2), end=stage.world.now, purpose="recent")
        found = stage.run(window)
        assert len(found.responses) == 1
        assert found.responses[0].listings[0].absence_counts


# ---- edits ------------------------------------------------------------------------------------------------


def test_every_version_of_an_edit_chain_is_read_and_only_the_newest_is_a_look(either: Stage) -> None:
    post = either.world.post(either.council, "Close at 4")
    either.world.edit(post, "Closed at 4")
    either.world.edit(post, "Closed at 5")
    found = either.run()
    assert set(found.texts) == {"Close at 4", "Closed at 4", "Closed at 5"}
    records = [reading.record for reading in found.readings if reading.record is not None]
    assert {record.record_id for record in records} == {f"x:{post.native_id}"}
    assert {record.created_at for record in records} == {post.created_at}
    assert [record.version_at for record in records if record.text == "Close at 4"] == [None]
    assert [record.version_at for record in records if record.text == "Closed at 5"] == [post.current.at]
    looks = [reading for reading in found.readings if reading.look is not None]
    assert [reading.record.text for reading in looks if reading.record is not None] == ["Closed at 5"]


def test_a_chain_is_kept_before_the_page_that_shows_its_newest_version(stage: Stage) -> None:
    post = stage.posts(1)[0]
    stage.world.edit(post, "Corrected")
    chain, page = stage.run().responses
    assert (chain.endpoint, page.endpoint) == ("/2/tweets", "/2/users/{id}/tweets")
    assert chain.marker is not None
    assert chain.signpost == page.signpost
    assert page.marker is None


def test_a_chain_whose_newest_version_is_held_is_not_asked_for_again(stage: Stage) -> None:
    post = stage.posts(1)[0]
    stage.world.edit(post, "Corrected")
    found = stage.run(held=everything_held)
    assert [response.endpoint for response in found.responses] == ["/2/users/{id}/tweets"]


# ---- by id, profile ---------------------------------------------------------------------------------------


def test_not_there_by_id_is_pinned_to_the_id_that_was_asked(either: Stage) -> None:
    gone, there, withheld = either.posts(3)
    either.world.delete(gone)
    either.fake.knobs.refused_ids = {withheld.native_id}
    ask = Ids(wanted=(either.ref(gone), either.ref(withheld)), controls=(either.ref(there),))
    found = either.run(ask)
    assert found.answers == {
        f"x:{gone.native_id}": ("gone", "resource-not-found"),
        f"x:{withheld.native_id}": ("refused", "not-authorized-for-resource"),
        f"x:{there.native_id}": ("seen", PUBLIC),
    }
    told = {exhibit.record_id: exhibit.header.decode() for exhibit in found.exhibits}
    assert there.native_id not in told[f"x:{gone.native_id}"]
    assert f"ids={gone.native_id}&" in told[f"x:{gone.native_id}"]


def test_a_suspended_author_is_refused_never_gone(stage: Stage) -> None:
    post = stage.posts(1)[0]
    reply = stage.comment(post, "Hello")
    stage.world.suspend(stage.resident)
    found = stage.run(Ids(wanted=(stage.ref(reply),), controls=(stage.ref(post),)), Stream.COMMENTS)
    assert found.answers[f"x:{reply.native_id}"][0] == "refused"
    assert found.answers[f"x:{post.native_id}"][0] == "seen"


def test_an_id_that_was_edited_since_is_seen_by_its_newest_version(stage: Stage) -> None:
    post = stage.posts(1)[0]
    before = stage.ref(post)
    stage.world.edit(post, "Corrected")
    found = stage.run(Ids(wanted=(before,), controls=()))
    assert found.answers == {f"x:{post.native_id}": ("seen", PUBLIC)}
    assert set(found.texts) == {"Notice 0", "Corrected"}


def test_more_than_a_hundred_ids_are_asked_with_controls_in_each_request(stage: Stage) -> None:
    posts = stage.posts(130)
    refs = [stage.ref(post) for post in posts]
    found = stage.run(Ids(wanted=tuple(refs[:120]), controls=tuple(refs[120:])))
    assert len(found.answers) == 130
    assert [len(response.asked) for response in found.responses] == [100, 30]
    assert found.responses[-1].marker is None


def test_a_profile_is_a_record_and_its_counts_are_metrics(either: Stage) -> None:
    either.world.count(either.council, followers=412)
    found = either.run(stream=Stream.PROFILE)
    reading = found.readings[0]
    assert reading.record is not None
    assert reading.look is not None
    assert (reading.record.record_id, reading.record.title) == (
        f"x:profile:{either.council.id}",
        "Northbeck Council",
    )
    assert reading.look.metrics["followers"] == 412
    assert found.responses[0].listings[0].listing == "profile"


# ---- resuming ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [1, 2, 5, 16])
def test_a_failure_on_any_page_of_the_timeline_loses_nothing(stage: Stage, page: int) -> None:
    posts = stage.posts(48)
    stage.fake.knobs.page_size = 3
    stage.fake.knobs.fail_page, stage.fake.knobs.fail_times = page, 3
    found = walk_with_failures(stage.connector(), stage.walk(), SourceUnavailableError)
    assert sorted(found.ids) == sorted(post.native_id for post in posts)


def test_a_failure_among_threads_goes_on_with_the_same_thread_and_page(stage: Stage) -> None:
    posts = stage.posts(20)
    replies = [stage.comment(post, f"{n} to {post.text}") for post in posts for n in range(3)]
    stage.fake.knobs.page_size = 5
    stage.fake.knobs.fail_page, stage.fake.knobs.fail_times = 3, 3
    walk = stage.walk(Threads(threads=tuple(stage.ref(post) for post in posts)), Stream.COMMENTS)
    found = walk_with_failures(stage.connector(), walk, SourceUnavailableError)
    assert sorted(found.ids) == sorted(reply.native_id for reply in replies)


def test_a_failure_while_a_chain_is_fetched_loses_neither_page_nor_chain(stage: Stage) -> None:
    post = stage.posts(3)[1]
    stage.world.edit(post, "Corrected")
    stage.fake.knobs.faults.append(Fault(match="/2/tweets?", trouble=Trouble.UNAVAILABLE, times=3))
    found = walk_with_failures(stage.connector(), stage.walk(), SourceUnavailableError)
    assert sorted(found.texts) == ["Corrected", "Notice 0", "Notice 1", "Notice 2"]


def test_a_period_stays_as_it_was_asked_while_its_tokens_are_used(stage: Stage) -> None:
    stage.posts(6)
    stage.fake.knobs.page_size = 2
    end = stage.world.now
    walk = stage.walk(Window(start=end - timedelta(days=1), end=end))
    connector = stage.connector()
    first = next(iter(connector.pages(walk, nothing_held)))
    stage.world.clock.wait(86_400)
    rest = list(connector.pages(resumed(walk, first), nothing_held))
    asked = [request.query.get("end_time") for request in stage.fake.journal.requests]
    assert asked == [None, None, None]
    assert len(read_all(connector, [first, *rest]).ids) == 6


# ---- what is in a post ------------------------------------------------------------------------------------


def test_a_post_reads_as_a_reader_sees_it(either: Stage) -> None:
    link = Link(url="https://bit.ly/NbBins?a=1&copy=2", target="https://www.northbeck.example/bins")
    text = f"Bins & boxes <Monday> {link.url}"
    either.world.post(either.council, text, links=[link], media=[Media(id="m1", alt="A bin")], language="cy")
    record = either.run().readings[0].record
    assert record is not None
    assert record.text == text
    assert record.links == (link.url,)
    assert [(media.kind, media.alt_text) for media in record.media] == [("image", "A bin")]
    assert record.language == "cy"
    assert record.url == f"https://x.com/northbeck/status/{record.native_id}"


def test_a_long_post_is_read_whole(either: Stage) -> None:
    link = Link(url="https://bit.ly/Long", target="https://www.northbeck.example/long")
    text = "Road works. " * 60 + link.url
    either.world.post(either.council, text, links=[link])
    record = either.run().readings[0].record
    assert record is not None
    assert record.text == text
    assert record.links == (link.url,)


def test_what_a_post_quotes_or_reposts_is_part_of_its_exhibit(either: Stage) -> None:
    theirs = either.world.post(either.resident, "The bridge is closed: " + "take care. " * 20)
    either.world.sync()
    either.world.post(either.council, "Please read", facts={"quotes": theirs})
    either.world.post(either.council, f"RT @resident1: {theirs.text[:90]}…", facts={"reposts": theirs})
    found = either.run()
    by_text = {
        r.record.text.split()[0]: e for r, e in zip(found.readings, found.exhibits, strict=True) if r.record
    }
    assert all(theirs.native_id.encode() in b"".join(exhibit.parts[1:]) for exhibit in by_text.values())
    assert f"RT @resident1: {theirs.text.strip()}" in [text.strip() for text in found.texts]


def test_a_poll_is_part_of_the_exhibit(either: Stage) -> None:
    either.world.post(either.council, "Which day?", facts={"poll": ["Monday", "Friday"]})
    assert b"Friday" in b"".join(either.run().exhibits[0].parts)


def test_the_best_film_and_the_original_picture_are_fetched(stage: Stage) -> None:
    stage.world.post(
        stage.council, "Look", media=[Media(id="p"), Media(id="v", kind="video", mime="video/mp4")]
    )
    connector = stage.connector()
    addresses = [each for response in stage.run().responses for each in connector.addresses(response)]
    assert [each.kind for each in addresses] == ["image", "video"]
    assert "name=orig" in addresses[0].url
    assert "small=1" not in addresses[1].url
