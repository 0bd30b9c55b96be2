"""Feeds against the fake: entries and comments once, what is unchanged costs nothing, HTML is words."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from conformance.item import Item, Media
from conformance.knobs import Fault, Trouble
from conformance.platforms.wordpress import FeedFake, WordPressFake
from conformance.server import serve
from conformance.world import World
from connectors.feed import FeedConnector
from schemas.capture import Edge, Ids, RecordRef, Threads, Window, comments_of
from schemas.errors import (
    BadInputError,
    MalformedItemError,
    MarkerRefusedError,
    SourceChallengedError,
    SourceUnavailableError,
    StreamRefusedError,
)
from schemas.vocabulary import Kind, Reason, Stream
from tests.connectors.blog import (
    BlogRig,
    exhibits,
    native_ids,
    pages,
    readings,
    until_it_fails,
    version_of,
    walk,
)
from tests.connectors.rig import Wire, holding, nothing_held, resumed

FAKES = {"feed": FeedFake, "wordpress": WordPressFake}


@pytest.fixture(params=["feed", "wordpress"])
def blog(request: Any, wire: Wire) -> Iterator[BlogRig]:
    """A blog that names its next page, and WordPress, which does not."""
    world = World()
    fake = FAKES[request.param](world)
    with serve(world, [fake]):
        council = world.account(request.param, "northbeck", "Northbeck News", owned=True)
        resident = world.account(request.param, "resident", "A Resident")
        yield BlogRig(world, fake, wire, council, resident)


def guid(blog: BlogRig, item: Item) -> str:
    home = blog.fake.url(f"/{blog.council.id}")
    return item.native_id if blog.fake.platform == "feed" else f"{home}/?p={item.serial}"


def threads(blog: BlogRig, connector: FeedConnector, items: list[Item]) -> Threads:
    site = connector.check().native_id
    return Threads(
        threads=tuple(
            RecordRef(
                record_id=f"feed:{site}:{guid(blog, item)}",
                native_id=guid(blog, item),
                thread_id="",
                filed_at=item.created_at,
            )
            for item in items
        )
    )


@pytest.mark.parametrize("size", [0, 1, 3])
def test_every_entry_is_read_once_at_any_page_size(blog: BlogRig, size: int) -> None:
    posts = blog.notices(13)
    blog.fake.knobs.page_size = size
    connector = blog.feed()
    found = pages(connector, Stream.POSTS)
    assert sorted(native_ids(connector, found)) == sorted(guid(blog, post) for post in posts)
    assert found[-1].marker is None
    assert found[-1].listings[0].ended
    assert not any(one.absence_counts for response in found for one in response.listings)


def test_a_feed_that_did_not_change_costs_one_call_and_tells_nothing(blog: BlogRig) -> None:
    post = blog.notices(12)[-1]
    connector = blog.feed()
    since = pages(connector, Stream.POSTS)[0].signpost
    assert since is not None
    (quiet,) = pages(connector, Stream.POSTS, Edge(since=since))
    assert (quiet.status, quiet.body, quiet.listings) == (304, b"", ())
    assert exhibits(connector, [quiet]) == []
    assert quiet.signpost == since
    blog.world.edit(post, "Corrected")
    found = pages(connector, Stream.POSTS, Edge(since=since))
    assert found[0].status == 200
    assert len(found) == 1  # what is older than the last walk needs no second look
    assert "Corrected" in [r.record.text for r in readings(connector, found) if r.record]


def test_a_window_goes_as_far_back_as_it_must(blog: BlogRig) -> None:
    posts = [blog.world.post(blog.council, f"No {n}", at=blog.world.clock.wait(86400)) for n in range(35)]
    connector = blog.feed()
    found = pages(connector, Stream.POSTS, Window(start=posts[18].created_at, end=posts[25].created_at))
    assert len(found) == 2
    assert guid(blog, posts[18]) in native_ids(connector, found)


def test_an_entry_tells_its_comments_and_they_are_read_from_its_own_feed(blog: BlogRig) -> None:
    posts = blog.notices(12)
    first = blog.world.comment(posts[0], "Which day?", author=blog.resident)
    blog.world.comment(first, "Friday", author=blog.council)
    connector = blog.feed()
    told = {
        r.record.native_id: r.look.metrics
        for r in readings(connector, pages(connector, Stream.POSTS))
        if r.record and r.look
    }
    assert told[guid(blog, posts[0])] == {"comments": 2}
    ask = threads(blog, connector, [posts[0], posts[5]])
    found = pages(connector, Stream.COMMENTS, ask)
    records = [r.record for r in readings(connector, found) if r.record and r.look]
    assert {(record.kind, record.text, record.thread_id) for record in records} == {
        (Kind.COMMENT, "Which day?", ask.threads[0].record_id),
        (Kind.COMMENT, "Friday", ask.threads[0].record_id),
    }
    listed = {one.listing: one for response in found for one in response.listings}
    assert [listed[comments_of(ref.record_id)].reported for ref in ask.threads] == [2, 0]
    assert found[-1].marker is None


def test_an_entry_of_which_nothing_says_where_its_comments_are_is_told(blog: BlogRig) -> None:
    post = blog.notices(2)[0]
    connector = blog.feed()
    ask = threads(blog, connector, [post])
    blog.world.delete(post)
    found = pages(connector, Stream.COMMENTS, ask)
    assert [one.refused for one in found[-1].listings] == [Reason.PAGED_OUT]
    assert found[-1].marker is None


def test_comments_of_an_entry_that_left_the_feed_are_found_by_what_was_kept_of_it(blog: BlogRig) -> None:
    posts = blog.notices(4)
    connector = blog.feed()
    kept = holding(exhibits(connector, pages(connector, Stream.POSTS)))
    ask = threads(blog, connector, [posts[3], posts[0], posts[1]])
    blog.fake.knobs.stop_after = 2  # the newest two are all that it lists
    for post in posts:
        blog.world.comment(post, f"Late, under {post.text}", author=blog.resident)
    begun = walk(connector, Stream.COMMENTS, ask)
    whole = list(connector.pages(begun, kept))
    told = {r.record.text for r in readings(connector, whole) if r.record and r.look}
    assert told == {f"Late, under {posts[n].text}" for n in (0, 1, 3)}
    listed = {one.listing: one for response in whole for one in response.listings}
    assert [listed[comments_of(ref.record_id)].reported for ref in ask.threads] == [1, None, None]
    assert all(one.ended for one in listed.values())

    blog.world.delete(posts[1])  # and its feed of comments with it
    (*_, gone) = connector.pages(begun, kept)
    assert [one.refused for one in gone.listings] == [Reason.PAGED_OUT]
    assert gone.marker is None


def test_a_feed_that_is_withheld_tells_nothing_of_its_threads(blog: BlogRig) -> None:
    connector = blog.feed()
    ask = threads(blog, connector, blog.notices(1))
    blog.fake.knobs.faults = [Fault(match="/feed/", status=403, body="no")]
    with pytest.raises(StreamRefusedError):
        pages(connector, Stream.COMMENTS, ask)


def test_comments_are_read_as_far_as_their_feed_goes(blog: BlogRig) -> None:
    post = blog.notices(1)[0]
    for n in range(24):
        blog.world.comment(post, f"No {n}", author=blog.resident)
    connector = blog.feed()
    begun = walk(connector, Stream.COMMENTS, threads(blog, connector, [post]))
    found = list(connector.pages(begun, nothing_held))
    (listed,) = found[-1].listings
    assert (listed.reported, listed.short, listed.absence_counts) == (24, Reason.PAGED_OUT, False)
    held = 24 if blog.fake.platform == "feed" else 10  # WordPress names no page after the newest ten
    assert len(native_ids(connector, found)) == held
    for stop in range(1, len(found)):
        rest = list(connector.pages(resumed(begun, found[stop - 1]), nothing_held))
        ids = native_ids(connector, [*found[:stop], *rest])
        assert len(ids) == len(set(ids)) == held


def test_a_feed_of_comments_that_leads_back_to_itself_ends_there(blog: BlogRig) -> None:
    posts = blog.notices(2)
    connector = blog.feed()
    ask = threads(blog, connector, posts)
    address = blog.fake.url(f"/{blog.council.id}/notice-{posts[0].serial}/feed/")
    body = f'<rss><channel><link rel="next" href="{address}" /></channel></rss>'
    blog.fake.knobs.faults = [Fault(match=f"notice-{posts[0].serial}/feed/", status=200, body=body)]
    found = pages(connector, Stream.COMMENTS, ask)
    assert [one.refused for response in found for one in response.listings] == [Reason.LOOPED, None]
    assert found[-1].marker is None


def test_an_address_on_another_host_is_never_asked(blog: BlogRig) -> None:
    post = blog.notices(1)[0]
    connector = blog.feed()
    ask = threads(blog, connector, [post])
    (response, *_) = pages(connector, Stream.POSTS)
    body = response.body.decode().replace(f"{blog.fake.url('')}/northbeck/notice", "http://169.254.169.254/n")
    blog.fake.knobs.faults = [Fault(match="/feed/", status=200, body=body.encode(), times=1)]
    found = pages(connector, Stream.COMMENTS, ask)
    assert len(found) == 1
    assert found[0].listings[0].ended


def test_hostile_html_is_only_words(blog: BlogRig) -> None:
    blog.world.post(blog.council, "x", media=[Media(id="bins", alt='"><script>alert(1)</script>')])
    connector = blog.feed()
    (reading, *_) = readings(connector, pages(connector, Stream.POSTS))
    assert reading.record is not None
    assert reading.record.text == "x"
    evil = (
        "<p>Hi</p><script>steal()</script><img src='data:x' onerror=steal()><a href='javascript:x'>click</a>"
    )
    evil = f"<![CDATA[{evil}]]>"
    (response, *_) = pages(connector, Stream.POSTS)
    start, end = response.body.index(b"<content:encoded>") + 17, response.body.index(b"</content:encoded>")
    forged = replace(response, body=response.body[:start] + evil.encode() + response.body[end:])
    (reading,) = readings(connector, [forged])
    assert reading.record is not None
    assert (reading.record.text, reading.record.links, reading.record.media) == ("Hi\nclick", (), ())
    assert list(connector.addresses(forged)) == []


def test_an_edit_and_another_picture_are_versions_a_passing_address_is_not(blog: BlogRig) -> None:
    post = blog.world.post(blog.council, "Look", media=[Media(id="one")])
    connector = blog.feed()
    versions = []
    for act in (
        lambda: None,
        lambda: blog.world.clock.wait(60),
        lambda: blog.world.edit(post, media=[Media(id="two")]),
    ):
        act()
        (reading, *_) = readings(connector, pages(connector, Stream.POSTS))
        versions.append(version_of(connector, reading))
    assert versions[0] == versions[1] != versions[2]


@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_walk_that_fails_goes_on_from_its_marker(blog: BlogRig, page: int) -> None:
    posts = blog.notices(25)
    blog.fake.knobs.fail_page, blog.fake.knobs.fail_times = page, 3
    connector = blog.feed()
    begun = walk(connector, Stream.POSTS)
    found, error = until_it_fails(connector, begun)
    assert isinstance(error, SourceUnavailableError)
    assert len(found) == page - 1
    rest = list(connector.pages(resumed(begun, found[-1]) if found else begun, nothing_held))
    ids = native_ids(connector, [*found, *rest])
    assert sorted(ids) == sorted(guid(blog, post) for post in posts)


def test_threads_go_on_from_their_marker(blog: BlogRig) -> None:
    posts = blog.notices(4)
    for post in posts:
        blog.world.comment(post, "A word", author=blog.resident)
    connector = blog.feed()
    begun = walk(connector, Stream.COMMENTS, threads(blog, connector, posts))
    whole = list(connector.pages(begun, nothing_held))
    for stop in range(1, len(whole)):
        rest = list(connector.pages(resumed(begun, whole[stop - 1]), nothing_held))
        ids = native_ids(connector, [*whole[:stop], *rest])
        assert len(ids) == len(set(ids)) == 4


def test_an_empty_page_and_a_repeated_seam_lose_nothing(blog: BlogRig) -> None:
    posts = blog.notices(9)
    connector = blog.feed()
    for knob in ("empty_page", "repeat_at_seam"):
        blog.fake.knobs.page_size = 3
        setattr(blog.fake.knobs, knob, 2)
        assert set(native_ids(connector, pages(connector, Stream.POSTS))) == {guid(blog, p) for p in posts}


def test_a_record_asked_by_id_is_looked_for_in_the_feed(blog: BlogRig) -> None:
    post = blog.notices(1)[0]
    connector = blog.feed()
    (ref,) = threads(blog, connector, [post]).threads
    found = pages(connector, Stream.POSTS, Ids(wanted=(ref,), controls=()))
    assert native_ids(connector, found) == [guid(blog, post)]


def test_what_is_no_feed_is_told(blog: BlogRig) -> None:
    connector = blog.feed()
    for fault, error in (
        (Fault(status=404, body="<!DOCTYPE html>"), StreamRefusedError),
        (Fault(status=301, headers={"location": "/feed"}, body=""), StreamRefusedError),
        (Fault(status=403, body="no"), StreamRefusedError),
        (Fault(status=200, body="<!DOCTYPE html><p>Log in</p>", times=2), SourceChallengedError),
        (Fault(trouble=Trouble.UNAVAILABLE, times=3), SourceUnavailableError),
    ):
        blog.fake.knobs.faults = [fault]
        with pytest.raises(error):
            pages(connector, Stream.POSTS)
    blog.fake.knobs.faults = [Fault(status=200, body=b"just words", times=2)]
    with pytest.raises(StreamRefusedError, match="base_url"):
        connector.check()
    with pytest.raises(BadInputError, match="base_url"):
        blog.feed(base_url=None)
    with pytest.raises(MarkerRefusedError):
        next(connector.pages(walk(connector, Stream.POSTS, marker="page 3"), nothing_held))


def test_a_feed_that_breaks_off_cannot_be_cut(blog: BlogRig) -> None:
    blog.notices(2)
    connector = blog.feed()
    (response, *_) = pages(connector, Stream.POSTS)
    for body in (b"no feed at all", response.body[: response.body.index(b"</item>")]):
        with pytest.raises(MalformedItemError):
            list(connector.exhibits(replace(response, body=body)))


def test_a_feed_is_its_own_profile(blog: BlogRig) -> None:
    blog.notices(1)
    connector = blog.feed()
    (reading, entry) = readings(connector, pages(connector, Stream.PROFILE))
    assert (entry.record is None, entry.look) == (False, None)
    assert reading.record is not None
    assert (reading.record.kind, reading.record.title) == (Kind.PROFILE, "Northbeck News")
    assert connector.check().native_id == blog.fake.url("/northbeck/feed").partition("://")[2]


POISON = (
    b"<item><guid>a</guid><description>&#xD800;</description></item>",
    b"<item><guid>a</guid><description>&#x110000;</description></item>",
    b"<item><title>without a name</title></item>",
    b"<item><guid>a&#0;b</guid></item>",
    b"<item><guid>a</guid><pubDate>9999-12-31T23:59:59-14:00</pubDate></item>",
    b"<item><guid>a</guid><slash:comments>\xc2\xb2</slash:comments></item>",
    b"<item><guid>a</guid><slash:comments>" + b"9" * 5000 + b"</slash:comments></item>",
)


@pytest.mark.parametrize("poison", POISON)
def test_an_entry_that_nobody_can_read_costs_no_other_and_no_page(wire: Wire, poison: bytes) -> None:
    world = World()
    fake = WordPressFake(world)
    with serve(world, [fake]):
        council = world.account("wordpress", "northbeck", "Northbeck News", owned=True)
        blog = BlogRig(world, fake, wire, council, world.account("wordpress", "resident", "A Resident"))
        blog.notices(25)  # three pages
        connector = blog.feed()
        whole = httpx.get(f"{fake.url(f'/{council.id}')}/feed/", timeout=60).content
        spoilt = whole.replace(b"<item>", poison + b"<item>", 1)
        headers = {"content-type": "application/rss+xml"}
        blog.fake.knobs.faults.append(Fault(match="/feed/", status=200, body=spoilt, headers=headers))
        found = pages(connector, Stream.POSTS)
        listed = [one for response in found for one in response.listings]
        names = {exhibit.record_id for response in found for exhibit in connector.exhibits(response)}
    assert len(names) == 26
    assert listed[-1].ended
