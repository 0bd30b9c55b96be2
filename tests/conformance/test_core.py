import http.client
import json
import urllib.parse
from contextlib import closing
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from conformance.fake import Drift, Fault, Trouble
from conformance.item import Item, Media


@pytest.fixture
def posts(tiny: Any) -> list[Item]:
    """Return ten posts, oldest first."""
    return [tiny.world.post(tiny.council, f"post {n}") for n in range(10)]


@pytest.mark.usefixtures("posts")
@pytest.mark.parametrize("limit", [1, 3, 10, 50])
def test_a_walk_ends_with_everything_at_any_page_size(tiny: Any, limit: int) -> None:
    texts, tokens = tiny.walk(limit)
    assert texts == [f"post {n}" for n in reversed(range(10))]
    assert tokens[-1] is None


@pytest.mark.usefixtures("posts")
def test_the_platform_caps_the_page_size_whatever_is_asked(tiny: Any) -> None:
    tiny.fake.knobs.page_size = 2
    assert len(tiny.posts(limit=50).json["items"]) == 2


def test_posts_that_arrive_or_go_in_mid_walk_do_not_shift_an_anchored_token(
    tiny: Any, posts: list[Item]
) -> None:
    first = tiny.posts(limit=3).json
    tiny.world.post(tiny.council, "newer")
    tiny.world.delete(posts[9])
    tiny.world.delete(posts[7])
    second = tiny.posts(limit=3, token=first["next"]).json
    assert [i["text"] for i in second["items"]] == ["post 6", "post 5", "post 4"]


def test_an_item_that_vanishes_under_offset_paging_hides_its_neighbour(tiny: Any, posts: list[Item]) -> None:
    tiny.fake.knobs.offset_paging = True
    tiny.fake.knobs.vanish = posts[9].native_id
    texts, _ = tiny.walk(3)
    assert "post 9" in texts
    assert "post 6" not in texts
    assert "post 6" in tiny.walk(3)[0]


@pytest.mark.usefixtures("posts")
def test_the_end_of_a_page_comes_again_at_the_seam(tiny: Any) -> None:
    tiny.fake.knobs.repeat_at_seam = 1
    texts, _ = tiny.walk(5)
    assert texts.count("post 5") == 2
    assert len(set(texts)) == 10


@pytest.mark.usefixtures("posts")
def test_a_looped_token_repeats_for_ever(tiny: Any) -> None:
    tiny.fake.knobs.loop_after = 2
    _, tokens = tiny.walk(3, most=9)
    assert len(tokens) == 9
    assert len(set(tokens)) == 1


@pytest.mark.usefixtures("posts")
def test_silent_truncation_ends_early_and_still_reports_the_true_total(tiny: Any) -> None:
    tiny.fake.knobs.stop_after = 4
    assert len(tiny.walk(3)[0]) == 4
    assert tiny.posts().json["total"] == 10


@pytest.mark.usefixtures("posts")
def test_an_empty_page_may_have_a_next_one(tiny: Any) -> None:
    tiny.fake.knobs.empty_page = 2
    texts, tokens = tiny.walk(4)
    assert len(texts) == 10
    assert len(tokens) == 4


@pytest.mark.usefixtures("posts")
def test_page_two_fails_once_and_then_goes_on(tiny: Any) -> None:
    tiny.fake.knobs.fail_page = 2
    first = tiny.posts(limit=3).json
    assert tiny.posts(limit=3, token=first["next"]).status == 503
    assert tiny.posts(limit=3, token=first["next"]).json["items"][0]["text"] == "post 6"


def test_a_token_that_is_not_ours_is_refused(tiny: Any) -> None:
    assert tiny.posts(token="bogus").status == 400


def test_faults_are_used_up_in_order_and_only_where_they_match(tiny: Any) -> None:
    tiny.fake.knobs.faults = [
        Fault(match="limit=7", status=502, body={"a": 1}, headers={"x-why": "test"}),
        Fault(match="limit=7", trouble=Trouble.RATE_LIMITED, times=2),
    ]
    assert tiny.posts(limit=6).status == 200
    first = tiny.posts(limit=7)
    assert (first.status, first.json, first.headers["x-why"]) == (502, {"a": 1}, "test")
    limited = tiny.posts(limit=7)
    assert (limited.status, limited.headers["retry-after"]) == (429, "30")
    assert [tiny.posts(limit=7).status for _ in range(2)] == [429, 200]


@pytest.mark.parametrize(("trouble", "status"), [(Trouble.EXPIRED, 401), (Trouble.MISSING_PERMISSION, 403)])
def test_a_bad_token_is_refused_until_a_fresh_one_is_used(tiny: Any, trouble: Trouble, status: int) -> None:
    tiny.fake.knobs.bad_token = trouble
    tiny.fake.knobs.fresh_token = "new"
    url = f"{tiny.fake.base_url}/posts?account={tiny.council.id}"
    assert tiny.ask(url, token="old").status == status
    assert tiny.ask(url, token="new").status == 200
    assert tiny.ask(url).status == 200


def test_a_token_may_die_in_mid_run(tiny: Any) -> None:
    tiny.fake.knobs.bad_token = Trouble.REVOKED
    tiny.fake.knobs.bad_token_from = 3
    assert [tiny.posts().status for _ in range(4)] == [200, 200, 401, 401]


def test_a_login_wall_is_a_page_with_status_200_from_the_named_request_on(tiny: Any) -> None:
    tiny.fake.knobs.login_wall_from = 2
    assert tiny.posts().headers["content-type"].startswith("application/json")
    walled = tiny.posts()
    assert walled.status == 200
    assert walled.headers["content-type"].startswith("text/html")
    assert b"Log in" in walled.body


def test_a_wrong_account_answers_in_place_of_the_one_asked_for(tiny: Any, posts: list[Item]) -> None:
    assert posts
    tiny.world.post(tiny.resident, "private life")
    tiny.fake.knobs.wrong_account = tiny.resident.id
    assert [i["text"] for i in tiny.posts().json["items"]] == ["private life"]


def test_a_suspended_account_is_refused(tiny: Any) -> None:
    tiny.fake.knobs.suspended = True
    assert tiny.posts().status == 403


def test_fields_drift_at_every_depth(tiny: Any, posts: list[Item]) -> None:
    assert posts
    tiny.fake.knobs.drift = [
        Drift(field="text", to="message"),
        Drift(field="id", retype="int"),
        Drift(field="shown", drop=True),
        Drift(field="parent", add={"mood": "new"}),
    ]
    item = tiny.posts().json["items"][0]
    assert item["message"] == "post 9"
    assert isinstance(item["id"], int)
    assert "shown" not in item
    assert item["mood"] == "new"


def test_media_addresses_lapse_by_the_sandbox_clock(tiny: Any) -> None:
    picture = Media(id="flood", alt="A flooded road")
    tiny.world.post(tiny.council, "Flood", media=[picture])
    url = tiny.posts().json["items"][0]["media"][0]
    assert tiny.ask(url).body == picture.body
    tiny.world.clock.wait(3601)
    assert tiny.ask(url).status == 403
    assert tiny.ask(tiny.posts().json["items"][0]["media"][0]).status == 200


def test_media_may_lead_to_a_private_address(tiny: Any) -> None:
    tiny.world.post(tiny.council, "Flood", media=[Media(id="flood")])
    tiny.fake.knobs.media_redirect = "http://169.254.169.254/latest/"
    reply = tiny.ask(tiny.posts().json["items"][0]["media"][0])
    assert (reply.status, reply.headers["location"]) == (302, "http://169.254.169.254/latest/")


def test_a_huge_file_is_declared_and_streamed_not_held(tiny: Any) -> None:
    tiny.world.post(tiny.council, "Flood", media=[Media(id="flood")])
    tiny.fake.knobs.media_huge = 10 * 1024**3
    address = urllib.parse.urlsplit(tiny.posts().json["items"][0]["media"][0])
    with closing(
        http.client.HTTPConnection(str(address.hostname), address.port or 0, timeout=60)
    ) as connection:
        connection.request("GET", f"{address.path}?{address.query}")
        with connection.getresponse() as reply:
            assert reply.getheader("content-length") == str(10 * 1024**3)
            assert len(reply.read(1_000_000)) == 1_000_000


def test_a_slow_body_comes_late_once(tiny: Any) -> None:
    tiny.fake.knobs.slow = 30  # nobody waits for it: the connection is cut
    with pytest.raises(TimeoutError):
        tiny.ask(f"{tiny.fake.base_url}/posts?account={tiny.council.id}", timeout=0.1)
    assert tiny.posts().status == 200


def test_a_skewed_clock_shows_in_the_date_header(tiny: Any) -> None:
    tiny.fake.knobs.clock_skew = 7200
    date = parsedate_to_datetime(tiny.posts().headers["date"])
    assert date - tiny.world.now.replace(microsecond=0) == timedelta(hours=2)


def test_bodies_are_compressed_for_clients_that_take_it(tiny: Any, posts: list[Item]) -> None:
    assert posts
    tiny.fake.knobs.gzip = True
    host = urllib.parse.urlsplit(tiny.site.url)
    with closing(http.client.HTTPConnection(str(host.hostname), host.port or 0, timeout=60)) as connection:
        path = f"/tiny/posts?account={tiny.council.id}"
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        with connection.getresponse() as reply:
            assert reply.getheader("content-encoding") == "gzip"


def test_the_request_log_counts_by_endpoint_and_masks_secrets(tiny: Any, posts: list[Item]) -> None:
    for each in posts[:3]:
        tiny.world.sync()
        tiny.ask(f"{tiny.fake.base_url}/items/{each.native_id}?access_token=SECRET", token="SECRET")
    journal = tiny.fake.journal
    assert journal.calls["GET /items/{id}"] == 3
    assert journal.requests[0].query["access_token"] == ["***"]
    assert "SECRET" not in repr(journal.requests)


def test_the_served_log_names_who_saw_which_version_and_when(tiny: Any) -> None:
    post = tiny.world.post(tiny.council, "first")
    token = tiny.fake.grant("t", tiny.council)
    url = f"{tiny.fake.base_url}/items/{post.native_id}"
    tiny.ask(url, token=token)
    tiny.world.edit(post, "second")
    tiny.ask(url)
    tiny.world.delete(post)
    tiny.ask(url)
    served = [json.loads(line) for line in tiny.site.served()]
    assert [(s["version"], s["to"]) for s in served] == [
        (0, tiny.council.key),
        (1, "public"),
        (None, "public"),
    ]
    assert {s["item"] for s in served} == {post.key}
    assert served[0]["at"] < served[1]["at"] < served[2]["at"]


def test_what_a_failed_reply_would_have_held_was_served_to_nobody(tiny: Any, posts: list[Item]) -> None:
    assert posts
    tiny.fake.knobs.login_wall_from = 1
    tiny.posts()
    assert list(tiny.site.served()) == []


def test_the_clock_is_told_and_moved_over_http(tiny: Any) -> None:
    before = tiny.ask(f"{tiny.site.url}/clock").json["now"]
    assert before == "2026-03-02T09:00:00.000Z"
    assert tiny.ask(f"{tiny.site.url}/clock", body={"wait": 90}).json["now"] == "2026-03-02T09:01:30.000Z"
    assert (
        tiny.ask(f"{tiny.site.url}/clock", body={"to": "2026-03-05T09:00:00Z"}).json["now"][:10]
        == "2026-03-05"
    )
    for wrong in ({"to": "2020-01-01T00:00:00Z"}, {"wait": -1}, {}):
        assert tiny.ask(f"{tiny.site.url}/clock", body=wrong).status == 400


def test_knobs_are_set_and_reset_over_http(tiny: Any) -> None:
    control = f"{tiny.site.url}/control/tiny"
    wanted = {"page_size": 3, "faults": [{"match": "posts", "trouble": "expired"}], "refused_ids": ["1"]}
    assert tiny.ask(f"{control}/knobs", body=wanted).status == 200
    assert tiny.posts().status == 401
    assert tiny.fake.knobs.refused_ids == {"1"}
    assert tiny.ask(f"{control}/knobs", body={"no_such": 1}).status == 400
    assert tiny.ask(f"{control}/knobs", body={"faults": [{"bogus": 1}]}).status == 400
    tiny.ask(f"{control}/knobs", method="DELETE")
    assert tiny.fake.knobs.page_size == 0
    assert tiny.ask(f"{control}/calls").json == {"GET /posts": 1}
    assert tiny.ask(f"{control}/requests").json["requests"][0]["status"] == 401


def test_truth_and_served_log_are_given_over_http(tiny: Any, posts: list[Item]) -> None:
    tiny.posts()
    truth = tiny.ask(f"{tiny.site.url}/control/truth").body.decode().splitlines()
    served = tiny.ask(f"{tiny.site.url}/control/served").body.decode().splitlines()
    assert len(truth) == len(posts) + 2
    assert len(served) == len(posts)
    assert tiny.ask(f"{tiny.site.url}/control").json["fakes"] == {"tiny": tiny.fake.base_url}


def test_a_defect_of_a_fake_reaches_the_test_as_an_answer(tiny: Any) -> None:
    reply = tiny.ask(f"{tiny.fake.base_url}/posts?limit=3&account={tiny.council.id}&token=WzEsMl0")
    assert reply.status in (400, 500)
    assert tiny.ask(f"{tiny.site.url}/nowhere").status == 404
