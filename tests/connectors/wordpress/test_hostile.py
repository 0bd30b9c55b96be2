"""WordPress when pages shift, break off or are refused, and when an answer has another shape."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conformance.knobs import Fault, Trouble
from schemas.capture import Cursor, Ids
from schemas.errors import (
    AccountSuspendedError,
    BadInputError,
    CredentialsRejectedError,
    FatalError,
    MalformedItemError,
    MarkerRefusedError,
    RateLimitedError,
    SourceChallengedError,
    SourceUnavailableError,
    StreamRefusedError,
    WrongAccountError,
)
from schemas.vocabulary import Kind, Stream
from tests.connectors.blog import (
    SECRET,
    BlogRig,
    exhibits,
    native_ids,
    pages,
    readings,
    until_it_fails,
    version_of,
    walk,
)
from tests.connectors.rig import nothing_held, resumed


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_deletion_in_mid_walk_hides_no_neighbour(blog: BlogRig, size: int) -> None:
    posts = blog.notices(9)
    blog.fake.knobs.page_size = size
    blog.fake.knobs.vanish = posts[-1].native_id
    connector = blog.wordpress()
    found = set(native_ids(connector, pages(connector, Stream.POSTS)))
    assert {str(post.serial) for post in posts} == found


def test_posts_that_arrive_in_mid_walk_hide_no_other(blog: BlogRig) -> None:
    posts = blog.notices(6)
    blog.fake.knobs.page_size = 2
    connector = blog.wordpress()
    found = []
    for response in connector.pages(walk(connector, Stream.POSTS), nothing_held):
        found.append(response)
        if len(found) < 3:
            blog.notices(1)
    assert {str(post.serial) for post in posts} <= set(native_ids(connector, found))


def test_a_list_that_ends_early_proves_no_absence(blog: BlogRig) -> None:
    blog.notices(9)
    blog.fake.knobs.page_size, blog.fake.knobs.stop_after = 3, 4
    connector = blog.wordpress()
    last = pages(connector, Stream.POSTS)[-1].listings[0]
    assert (last.ended, last.reported, last.absence_counts) == (True, 9, False)


def test_an_empty_page_and_a_repeated_seam_lose_nothing(blog: BlogRig) -> None:
    posts = blog.notices(9)
    connector = blog.wordpress()
    for knobs in ({"empty_page": 2}, {"repeat_at_seam": 2}):
        blog.fake.knobs.page_size = 3
        for name, value in knobs.items():
            setattr(blog.fake.knobs, name, value)
        found = pages(connector, Stream.POSTS)
        assert set(native_ids(connector, found)) == {str(post.serial) for post in posts}
        assert found[-1].listings[0].absence_counts


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("stream", [Stream.POSTS, Stream.COMMENTS])
def test_a_walk_that_fails_goes_on_from_its_marker(
    blog: BlogRig, size: int, page: int, stream: Stream
) -> None:
    posts = blog.notices(10)
    for text in ("Second", "Third"):
        blog.world.edit(posts[5], text)
    comments = [blog.world.comment(posts[0], f"No {n}", author=blog.resident) for n in range(10)]
    blog.fake.knobs.page_size = size
    blog.fake.knobs.fail_page, blog.fake.knobs.fail_times = page, 3
    connector = blog.wordpress(signed_in=True)
    is_posts = stream is Stream.POSTS
    begun = walk(connector, stream, None if is_posts else blog.threads([posts[7], posts[0], posts[3]]))

    found, error = until_it_fails(connector, begun)
    assert isinstance(error, SourceUnavailableError)
    blog.fake.knobs.fail_page = 0
    rest = list(connector.pages(resumed(begun, found[-1]) if found else begun, nothing_held))
    assert rest[-1].marker is None
    ids = native_ids(connector, [*found, *rest])
    assert set(ids) == {str(item.serial) for item in (posts if is_posts else comments)}
    assert len(ids) <= len(set(ids)) + size  # at most one page comes twice


def test_a_marker_of_another_version_is_refused(blog: BlogRig) -> None:
    connector = blog.wordpress()
    with pytest.raises(MarkerRefusedError):
        next(connector.pages(walk(connector, Stream.POSTS, marker="page 3"), nothing_held))


def test_a_short_wait_is_waited_and_a_long_one_ends_the_walk(blog: BlogRig) -> None:
    blog.notices(1)
    connector = blog.wordpress()
    blog.fake.knobs.faults = [Fault(trouble=Trouble.RATE_LIMITED)]
    assert native_ids(connector, pages(connector, Stream.POSTS))
    blog.fake.knobs.faults = [Fault(trouble=Trouble.QUOTA_SPENT)]
    with pytest.raises(RateLimitedError) as told:
        pages(connector, Stream.POSTS)
    assert told.value.resume_at == blog.world.now + timedelta(hours=1)


@pytest.mark.parametrize("trouble", [Trouble.EXPIRED, Trouble.REVOKED])
@pytest.mark.parametrize("stream", [Stream.POSTS, Stream.COMMENTS])
def test_a_password_that_is_not_taken_is_told(blog: BlogRig, trouble: Trouble, stream: Stream) -> None:
    post = blog.notices(1)[0]
    blog.fake.knobs.bad_token = trouble
    connector = blog.wordpress(signed_in=True)
    ask = blog.threads([post]) if stream is Stream.COMMENTS else None
    with pytest.raises(CredentialsRejectedError, match="Application Passwords"):
        pages(connector, stream, ask)
    with pytest.raises(CredentialsRejectedError):
        connector.check()
    with pytest.raises(CredentialsRejectedError):
        pages(connector, Stream.POSTS, Ids(wanted=(blog.ref(post),), controls=()))


def test_a_user_without_the_role_is_told_which(blog: BlogRig) -> None:
    post = blog.notices(1)[0]
    blog.fake.knobs.missing = {"moderate_comments"}
    connector = blog.wordpress(signed_in=True)
    assert [told.partition(":")[0] for told in connector.check().missing] == ["moderate_comments"]
    assert native_ids(connector, pages(connector, Stream.POSTS))
    with pytest.raises(StreamRefusedError, match="role Editor"):
        pages(connector, Stream.COMMENTS, blog.threads([post]))


@pytest.mark.parametrize(
    "fault",
    [
        Fault(match="wp-json", status=404, body="<!DOCTYPE html><p>Not found</p>", times=9),
        Fault(match="wp-json", status=403, body="<!DOCTYPE html><p>Forbidden</p>", times=9),
        Fault(match="wp-json", status=401, body={"code": "rest_login_required", "data": {}}, times=9),
        Fault(match="wp/v2", status=404, body={"code": "rest_no_route", "data": {"status": 404}}, times=9),
    ],
)
def test_a_closed_interface_points_to_the_feed(blog: BlogRig, fault: Fault) -> None:
    connector = blog.wordpress()
    blog.fake.knobs.faults = [fault]
    with pytest.raises((StreamRefusedError, SourceChallengedError)) as told:
        pages(connector, Stream.POSTS)
    if isinstance(told.value, StreamRefusedError):
        assert "platform: feed" in told.value.remedy
    assert fault.status == 404 or isinstance(told.value, StreamRefusedError)


@pytest.mark.parametrize("number", [1, 2])
def test_a_login_page_with_status_200_is_no_answer(blog: BlogRig, number: int) -> None:
    blog.notices(4)
    blog.fake.knobs.page_size = 2
    blog.fake.knobs.login_wall_from = number
    connector = blog.wordpress()
    found, error = until_it_fails(connector, walk(connector, Stream.POSTS))
    assert isinstance(error, SourceChallengedError)
    assert len(found) == number - 1
    assert blog.wire.quarantined


def test_a_suspended_site_a_moved_one_and_a_strange_answer_are_told(blog: BlogRig) -> None:
    connector = blog.wordpress()
    blog.fake.knobs.faults = [Fault(trouble=Trouble.SUSPENDED)]
    with pytest.raises(AccountSuspendedError):
        pages(connector, Stream.POSTS)
    moved = {"location": "https://elsewhere.example/"}
    blog.fake.knobs.faults = [Fault(status=301, headers=moved, body="<html></html>", times=2)]
    with pytest.raises(StreamRefusedError, match="base_url"):
        pages(connector, Stream.POSTS)
    odd = {"code": "rest_invalid_param", "data": {"status": 400, "params": {"orderby": "no"}}}
    blog.fake.knobs.faults = [Fault(status=400, body=odd)]
    with pytest.raises(FatalError):
        pages(connector, Stream.POSTS)


def test_a_refusal_with_status_200_is_no_empty_list(blog: BlogRig) -> None:
    body = {"code": "rest_cannot_access", "message": "No", "data": {"status": 401}}
    blog.fake.knobs.faults = [Fault(status=200, body=body)]
    connector = blog.wordpress()
    with pytest.raises(StreamRefusedError):
        pages(connector, Stream.POSTS)


def test_a_site_that_allows_smaller_pages_only_is_read_all_the_same(blog: BlogRig) -> None:
    posts = blog.notices(12)
    params = {"per_page": "per_page must be between 1 and 20"}
    body = {"code": "rest_invalid_param", "data": {"status": 400, "params": params}}
    blog.fake.knobs.faults = [Fault(match="per_page=100", status=400, body=body, times=99)]
    connector = blog.wordpress()
    assert len(native_ids(connector, pages(connector, Stream.POSTS))) == len(posts)


def test_another_site_behind_the_address_is_refused_before_anything_is_handed_on(blog: BlogRig) -> None:
    blog.notices(2)
    other = blog.world.account("wordpress", "other", "Somebody Else")
    blog.world.post(other, "Not ours")
    blog.world.sync()
    blog.fake.knobs.wrong_account = other.id
    connector = blog.wordpress()
    with pytest.raises(WrongAccountError):
        next(connector.pages(walk(connector, Stream.POSTS), nothing_held))
    with pytest.raises(WrongAccountError):
        connector.check()


def test_a_check_tells_who_and_how_much(blog: BlogRig) -> None:
    post = blog.notices(3)[0]
    blog.world.comment(post, "Held", author=blog.resident, shown="held")
    told = blog.wordpress(signed_in=True).check()
    assert (told.name, told.posts, told.comments, told.missing) == ("Northbeck News", 3, 1, ())
    assert told.site == told.native_id == blog.fake.address(blog.council).partition("://")[2]
    assert blog.wordpress().check().comments == 0


def test_the_fixed_name_stays_in_record_ids(blog: BlogRig) -> None:
    post = blog.notices(1)[0]
    name = blog.fake.address(blog.council).partition("://")[2]
    connector = blog.wordpress(native_id=name, options={"site": name})
    (exhibit,) = exhibits(connector, pages(connector, Stream.POSTS))
    assert exhibit.record_id == f"wordpress:{name}:post:{post.serial}"


def test_the_password_appears_nowhere(blog: BlogRig) -> None:
    blog.world.post(blog.council, f"My password is {SECRET}")
    connector = blog.wordpress(signed_in=True)
    for response in pages(connector, Stream.POSTS):
        assert SECRET not in repr(response)
    blog.fake.knobs.bad_token = Trouble.REVOKED
    with pytest.raises(CredentialsRejectedError) as told:
        connector.check()
    assert SECRET not in str(told.value)


def test_settings_that_cannot_work_are_refused(blog: BlogRig) -> None:
    for changed in ({"base_url": None}, {"base_url": "http://news.northbeck.example"}):
        with pytest.raises(BadInputError, match=r"base_url"):
            blog.wordpress(signed_in=True, **changed)


def test_a_field_that_was_renamed_leaves_the_item_unread_and_kept(blog: BlogRig) -> None:
    post = blog.notices(1)[0]
    blog.fake.knobs.drift = blog.fake.drifts("renamed")
    connector = blog.wordpress()
    (exhibit,) = exhibits(connector, pages(connector, Stream.POSTS))
    assert exhibit.record_id == blog.ref(post).record_id
    with pytest.raises(MalformedItemError):
        connector.read(exhibit)


def test_a_field_that_was_added_is_told_and_makes_no_version(blog: BlogRig) -> None:
    blog.notices(1)
    connector = blog.wordpress()
    (before,) = readings(connector, pages(connector, Stream.POSTS))
    blog.fake.knobs.drift = blog.fake.drifts("added")
    (after,) = readings(connector, pages(connector, Stream.POSTS))
    assert after.leftover == ("mood_v2",)
    assert version_of(connector, before) == version_of(connector, after)


def test_an_item_without_an_id_is_kept_under_its_bytes(blog: BlogRig) -> None:
    blog.notices(2)
    connector = blog.wordpress()
    (response, _) = pages(connector, Stream.POSTS)
    broken = replace(response, body=b'[{"title":1},{"title":1},{"title":2}]')
    ids = [exhibit.record_id for exhibit in connector.exhibits(broken)]
    assert ids[0] == ids[1] != ids[2]


def test_a_body_that_is_no_list_cannot_be_cut(blog: BlogRig) -> None:
    connector = blog.wordpress()
    blog.fake.knobs.faults = [Fault(status=200, body=b"Warning: plug-in broke [")]
    (response, *_) = connector.pages(walk(connector, Stream.POSTS), nothing_held)
    with pytest.raises(MalformedItemError):
        list(connector.exhibits(response))


def test_the_site_is_its_own_profile(blog: BlogRig) -> None:
    connector = blog.wordpress()
    (reading,) = readings(connector, pages(connector, Stream.PROFILE))
    assert reading.record is not None
    assert (reading.record.kind, reading.record.title) == (Kind.PROFILE, "Northbeck News")


def test_the_newest_edge_goes_by_the_slower_clock(blog: BlogRig) -> None:
    connector = blog.wordpress()
    for skew in (3600.0, -3600.0):
        blog.fake.knobs.clock_skew = skew
        signpost = pages(connector, Stream.POSTS)[0].signpost
        assert signpost == Cursor(native_id=None, at=blog.world.now + timedelta(seconds=min(skew, 0)))


@pytest.mark.parametrize("status", [301, 302, 308])
def test_a_site_that_moved_on_between_two_checks_is_a_gap_and_no_fault_of_ours(
    blog: BlogRig, status: int
) -> None:
    blog.notices(1)
    headers = {"location": "https://elsewhere.example/", "content-type": "text/html"}
    blog.fake.knobs.faults.append(Fault(match="/wp/v2/posts", status=status, body=b"", headers=headers))
    with pytest.raises(StreamRefusedError, match="sends us elsewhere"):
        pages(blog.wordpress(), Stream.POSTS)
