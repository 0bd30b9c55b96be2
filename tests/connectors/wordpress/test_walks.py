"""WordPress against the fake: everything once, each state told, no failure that looks like success."""

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest

from conformance.clock import Clock
from conformance.item import Link, Media
from conformance.platforms.wordpress import WordPressFake
from conformance.server import serve
from conformance.world import World
from schemas.capture import Edge, Ids, Window, comments_of
from schemas.vocabulary import Answer, Kind, Reason, Stream
from tests.connectors.blog import (
    BlogRig,
    exhibits,
    native_ids,
    pages,
    readings,
    version_of,
)
from tests.connectors.rig import Wire


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7])
def test_every_post_page_and_comment_is_read_once_at_any_page_size(blog: BlogRig, size: int) -> None:
    posts = blog.notices(7)
    page = blog.world.post(blog.council, "How to find us", kind="page", title="Contact")
    first = blog.world.comment(posts[0], "Which day?", author=blog.resident)
    second = blog.world.comment(first, "Friday", author=blog.council)
    third = blog.world.comment(second, "Thanks", author=blog.resident)
    blog.fake.knobs.page_size = size
    connector = blog.wordpress()

    found = pages(connector, Stream.POSTS)
    assert sorted(native_ids(connector, found)) == sorted(str(i.serial) for i in [*posts, page])
    assert [response.marker is None for response in found] == [False] * (len(found) - 1) + [True]
    last = found[-1].listings[0]
    assert (last.ended, last.reported, last.absence_counts) == (True, 8, True)

    found = pages(connector, Stream.COMMENTS, blog.threads([posts[0]]))
    assert sorted(native_ids(connector, found)) == sorted(str(i.serial) for i in (first, second, third))
    parents = {r.record.native_id: r.record.parent_id for r in readings(connector, found) if r.record}
    assert parents[str(third.serial)] == blog.ref(second).record_id
    assert parents[str(first.serial)] == blog.ref(posts[0]).record_id


def test_a_page_is_a_page_and_numbers_of_posts_and_comments_do_not_meet(blog: BlogRig) -> None:
    page = blog.world.post(blog.council, "How to find us", kind="page", title="Contact")
    comment = blog.world.comment(page, "Where?", author=blog.resident)
    assert page.serial == comment.serial
    connector = blog.wordpress()
    (about,) = readings(connector, pages(connector, Stream.POSTS))
    (asked,) = readings(connector, pages(connector, Stream.COMMENTS, blog.threads([page])))
    assert about.record is not None
    assert asked.record is not None
    assert (about.record.kind, about.record.title) == (Kind.PAGE, "Contact")
    assert about.record.record_id != asked.record.record_id


def test_anybody_sees_what_is_public_and_says_so(blog: BlogRig) -> None:
    (post, trashed) = blog.notices(2)
    blog.world.hide(trashed, "trash")
    for word in ("public", "held", "spam", "trash"):
        blog.world.comment(post, f"A {word} one", author=blog.resident, shown=word)
    connector = blog.wordpress()
    listed = pages(connector, Stream.POSTS)
    assert native_ids(connector, listed) == [str(post.serial)]
    assert "trash" not in listed[-1].listings[0].shows
    found = pages(connector, Stream.COMMENTS, blog.threads([post]))
    assert [r.record.text for r in readings(connector, found) if r.record] == ["A public one"]
    assert found[-1].listings[0].shows == {"public"}


def test_signed_in_every_state_is_seen_with_its_word(blog: BlogRig) -> None:
    (post, trashed) = blog.notices(2)
    blog.world.comment(trashed, "Why?", author=blog.resident)
    blog.world.hide(trashed, "trash")
    for word in ("public", "held", "spam", "trash"):
        blog.world.comment(post, f"A {word} one", author=blog.resident, shown=word)
    connector = blog.wordpress(signed_in=True)
    listed = pages(connector, Stream.POSTS)
    shown = {r.record.native_id: r.look.shown for r in readings(connector, listed) if r.record and r.look}
    assert shown == {str(post.serial): "public", str(trashed.serial): "trash"}
    found = pages(connector, Stream.COMMENTS, blog.threads([post, trashed]))
    told = {r.record.text: r.look.shown for r in readings(connector, found) if r.record and r.look}
    words = {"A public one": "public", "A held one": "held", "A spam one": "spam", "A trash one": "trash"}
    assert told == {**words, "Why?": "post-trashed"}
    assert set(told.values()) <= found[-1].listings[0].shows


def test_signing_in_is_no_edit(blog: BlogRig) -> None:
    post = blog.world.post(blog.council, 'It\'s "straight" quotes -- and & <b>', title="The council's")
    blog.world.comment(post, "It isn't", author=blog.resident)
    for stream, ask in ((Stream.POSTS, None), (Stream.COMMENTS, blog.threads([post]))):
        versions = set()
        for signed_in in (False, True):
            connector = blog.wordpress(signed_in=signed_in)
            (reading,) = readings(connector, pages(connector, stream, ask))
            versions.add(version_of(connector, reading))
        assert len(versions) == 1


def test_a_history_gives_versions_and_no_looks(blog: BlogRig) -> None:
    post = blog.notices(1)[0]
    for text in ("Second", "Third"):
        blog.world.edit(post, text)
    connector = blog.wordpress(signed_in=True)
    found = list(readings(connector, pages(connector, Stream.POSTS)))
    texts = [(r.record.text, r.look is None) for r in found if r.record]
    assert texts == [("Third", False), ("Third", True), ("Second", True)]
    assert version_of(connector, found[0]) == version_of(connector, found[1])
    assert len({version_of(connector, r) for r in found}) == 2
    assert len({r.record.record_id for r in found if r.record}) == 1
    assert found[2].record is not None
    assert found[2].record.version_at == post.versions[1].at


def test_a_draft_that_was_corrected_before_publication_is_no_version(blog: BlogRig) -> None:
    published_at = blog.world.now + timedelta(days=2)
    post = blog.world.post(blog.council, "Draft", created_at=published_at, shown="draft")
    blog.world.edit(post, "Corrected while a draft")
    connector = blog.wordpress(signed_in=True)
    found = list(readings(connector, pages(connector, Stream.POSTS)))
    assert [(r.record.text, r.look.shown) for r in found if r.record and r.look] == [
        ("Corrected while a draft", "draft")
    ]
    assert len(found) == 1


def test_a_picture_is_fetched_and_its_passing_address_is_no_edit(blog: BlogRig) -> None:
    picture, lead = Media(id="bins", alt="Bins"), Media(id="lead", alt="Town hall")
    blog.world.post(blog.council, "Look", media=[picture], facts={"lead_picture": lead})
    connector = blog.wordpress()
    first = pages(connector, Stream.POSTS)
    blog.world.clock.wait(60)
    second = pages(connector, Stream.POSTS)
    assert first[0].body != second[0].body
    (before,), (after,) = readings(connector, first), readings(connector, second)
    assert version_of(connector, before) == version_of(connector, after)
    assert before.record == after.record
    addresses = list(connector.addresses(second[0]))
    assert before.record is not None
    assert [a.ref for a in addresses] == [m.native_id for m in before.record.media]
    assert {m.alt_text for m in before.record.media} == {"Bins", "Town hall"}
    into = BytesIO()
    assert connector.fetch(addresses[1], into).why_not is None
    assert into.getvalue() == picture.body


def test_another_picture_or_another_link_under_the_same_words_is_a_new_version(blog: BlogRig) -> None:
    link = Link(url="https://bit.ly/A", target="https://a.example")
    post = blog.world.post(blog.council, "See https://bit.ly/A", media=[Media(id="one")], links=[link])
    connector = blog.wordpress()
    (first,) = readings(connector, pages(connector, Stream.POSTS))
    blog.world.edit(post, media=[Media(id="two")])
    (second,) = readings(connector, pages(connector, Stream.POSTS))
    blog.world.edit(post, links=[])
    (third,) = readings(connector, pages(connector, Stream.POSTS))
    assert len({version_of(connector, reading) for reading in (first, second, third)}) == 3
    assert first.record is not None
    assert third.record is not None
    assert (first.record.links, third.record.links) == (("https://bit.ly/A",), ())


def test_the_council_answers_under_its_own_name_and_residents_under_theirs(blog: BlogRig) -> None:
    post = blog.notices(1)[0]
    blog.world.comment(post, "Why?", author=blog.resident)
    blog.world.comment(post, "Because", author=blog.council)
    connector = blog.wordpress()
    site = connector.check().native_id
    found = readings(connector, pages(connector, Stream.COMMENTS, blog.threads([post])))
    assert {r.record.text: r.record.author_id for r in found if r.record} == {"Why?": None, "Because": site}
    (posted,) = readings(connector, pages(connector, Stream.POSTS))
    assert posted.record is not None
    assert (posted.record.author_id, posted.record.author_name) == (site, "Northbeck News")


def test_by_id_says_gone_refused_and_seen(blog: BlogRig) -> None:
    live, trashed, deleted = blog.notices(3)
    page = blog.world.post(blog.council, "About", kind="page")
    held = blog.world.comment(live, "Held", author=blog.resident, shown="held")
    removed = blog.world.comment(live, "Removed", author=blog.resident)
    blog.world.hide(trashed, "trash")
    blog.world.delete(deleted)
    blog.world.delete(removed)
    connector = blog.wordpress()

    ask = Ids(wanted=(blog.ref(trashed), blog.ref(deleted), blog.ref(page)), controls=(blog.ref(live),))
    found = pages(connector, Stream.POSTS, ask)
    looks = {r.look.record_id: r.look for r in readings(connector, found) if r.look}
    assert looks[blog.ref(trashed).record_id].answer is Answer.REFUSED
    assert looks[blog.ref(trashed).record_id].shown == "rest_forbidden"
    assert looks[blog.ref(deleted).record_id].answer is Answer.GONE
    assert {looks[blog.ref(i).record_id].answer for i in (page, live)} == {Answer.SEEN}
    assert {look.listing for look in looks.values()} == {""}

    ask = Ids(wanted=(blog.ref(held), blog.ref(removed)), controls=())
    found = pages(connector, Stream.COMMENTS, ask)
    looks = {r.look.record_id: r.look for r in readings(connector, found) if r.look}
    assert looks[blog.ref(held).record_id].answer is Answer.REFUSED
    assert looks[blog.ref(removed).record_id].answer is Answer.GONE

    connector = blog.wordpress(signed_in=True)
    found = pages(connector, Stream.POSTS, Ids(wanted=(blog.ref(trashed),), controls=()))
    (reading,) = readings(connector, found)
    assert reading.look is not None
    assert (reading.look.answer, reading.look.shown) == (Answer.SEEN, "trash")


def test_that_a_post_is_gone_is_proved_by_both_answers(blog: BlogRig) -> None:
    post = blog.notices(1)[0]
    blog.world.delete(post)
    connector = blog.wordpress()
    found = pages(connector, Stream.POSTS, Ids(wanted=(blog.ref(post),), controls=()))
    (exhibit,) = exhibits(connector, found)
    assert exhibit.parts == (found[1].body, found[0].body)


def test_an_edge_finds_what_was_edited_however_old(blog: BlogRig) -> None:
    posts = blog.notices(5)
    blog.world.clock.wait(30 * 86400)
    connector = blog.wordpress()
    since = pages(connector, Stream.POSTS)[0].signpost
    assert since is not None
    blog.world.clock.wait(7200)
    quiet = pages(connector, Stream.POSTS, Edge(since=since))
    assert exhibits(connector, quiet) == []
    assert len(quiet) == 2
    blog.world.edit(posts[0], "Corrected")
    found = pages(connector, Stream.POSTS, Edge(since=since))
    assert native_ids(connector, found) == [str(posts[0].serial)]
    assert not found[-1].listings[0].absence_counts
    assert found[-1].listings[0].reported is None


def test_the_hour_that_comes_twice_in_autumn_loses_nothing(wire: Wire) -> None:
    world = World(Clock(datetime(2026, 10, 24, 12, tzinfo=UTC)))
    fake = WordPressFake(world)
    with serve(world, [fake]):
        council = world.account("wordpress", "northbeck", owned=True)
        blog = BlogRig(world, fake, wire, council, council)
        connector = blog.wordpress()
        world.clock.to(datetime(2026, 10, 25, 0, 50, tzinfo=UTC))  # 01:50 by the site's clock
        since = pages(connector, Stream.POSTS)[0].signpost
        world.clock.to(datetime(2026, 10, 25, 1, 20, tzinfo=UTC))  # 01:20, for the second time
        post = world.post(council, "The clocks went back", at=world.now)
        assert native_ids(connector, pages(connector, Stream.POSTS, Edge(since=since))) == [str(post.serial)]


def test_a_window_pages_its_period_and_claims_no_more(blog: BlogRig) -> None:
    old, middle, new = (blog.world.post(blog.council, "x", at=blog.world.clock.wait(86400)) for _ in range(3))
    start, end = middle.created_at - timedelta(hours=2), middle.created_at + timedelta(hours=2)
    connector = blog.wordpress()
    found = pages(connector, Stream.POSTS, Window(start=start, end=end))
    assert native_ids(connector, found) == [str(middle.serial)]
    last = found[-1].listings[0]
    assert (last.since, last.until, last.absence_counts, last.reported) == (start, end, True, None)
    assert {old.serial, new.serial} != {middle.serial}


def test_quiet_threads_are_asked_together_and_each_is_ended(blog: BlogRig) -> None:
    posts = blog.notices(45)
    blog.world.comment(posts[3], "Only here", author=blog.resident)
    connector = blog.wordpress()
    found = pages(connector, Stream.COMMENTS, blog.threads(posts))
    assert len(found) == 3
    listed = {one.listing: one for response in found for one in response.listings}
    assert set(listed) == {comments_of(blog.ref(post).record_id) for post in posts}
    assert all(one.ended and one.absence_counts for one in listed.values())
    assert sum(one.reported or 0 for one in listed.values()) == 1
    (exhibit,) = exhibits(connector, found)
    address = json.loads(exhibit.header)["response"]["address"]
    assert f"post={posts[3].serial}&" in address
    assert not any(str(post.serial) in address for post in posts if post is not posts[3])


def test_a_refused_thread_is_told_and_the_others_go_on(blog: BlogRig) -> None:
    posts = blog.notices(4)
    for post in posts:
        blog.world.comment(post, "A word", author=blog.resident)
    blog.world.hide(posts[1], "private")
    connector = blog.wordpress()
    found = pages(connector, Stream.COMMENTS, blog.threads(posts))
    listed = {one.listing: one for response in found for one in response.listings}
    refused = listed.pop(comments_of(blog.ref(posts[1]).record_id))
    assert (refused.ended, refused.refused) == (False, Reason.PERMISSION)
    assert all((one.ended, one.reported, one.refused) == (True, 1, None) for one in listed.values())


def test_the_whole_site_tells_its_newest_comments_in_one_list(blog: BlogRig) -> None:
    posts = blog.notices(3)
    for post in posts:
        blog.world.comment(post, "A word", author=blog.resident)
    connector = blog.wordpress()
    found = pages(connector, Stream.COMMENTS, Edge())
    assert len(found) == 1
    listings = {r.look.listing for r in readings(connector, found) if r.look}
    assert listings == {comments_of(blog.ref(post).record_id) for post in posts}
    assert found[0].listings == ()
    assert found[0].signpost is not None


def test_a_comment_approved_days_later_is_found_at_the_newest_edge(blog: BlogRig) -> None:
    post = blog.notices(1)[0]
    held = blog.world.comment(post, "Held for days", author=blog.resident, shown="held")
    connector = blog.wordpress()
    since = pages(connector, Stream.COMMENTS, Edge())[0].signpost
    blog.world.clock.wait(3 * 86400)
    blog.world.unhide(held)
    found = pages(connector, Stream.COMMENTS, Edge(since=since))
    assert native_ids(connector, found) == [str(held.serial)]
