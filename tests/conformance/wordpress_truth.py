"""What is true of WordPress's REST interface and feeds: one suite, held against the real server and the fake.

A place is a site on which content can be made and asked for. `tests/rig` runs the suite on a real
WordPress, `tests/conformance` on the fake: what the fake pretends, the real one does.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import httpx

__all__ = ["Place", "WordPressTruth"]

POST = frozenset(
    {
        *("_links", "author", "categories", "comment_status", "content", "date", "date_gmt", "excerpt"),
        *(
            "featured_media",
            "format",
            "guid",
            "id",
            "link",
            "meta",
            "modified",
            "modified_gmt",
            "ping_status",
        ),
        *("slug", "status", "sticky", "tags", "template", "title", "type"),
    }
)
PAGE = (POST - {"sticky", "format", "categories", "tags"}) | {"parent", "menu_order"}
EDITED = frozenset({"password", "permalink_template", "generated_slug"})
COMMENT = frozenset(
    {
        *(
            "_links",
            "author",
            "author_avatar_urls",
            "author_name",
            "author_url",
            "content",
            "date",
            "date_gmt",
        ),
        *("id", "link", "meta", "parent", "post", "status", "type"),
    }
)
MODERATED = frozenset({"author_email", "author_ip", "author_user_agent"})
REVISION = frozenset(
    {
        *("_links", "author", "content", "date", "date_gmt", "excerpt", "guid", "id", "modified"),
        *("modified_gmt", "parent", "slug", "title"),
    }
)
START = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Place(Protocol):
    """A site to make content on and to ask. Numbers are those of WordPress."""

    def post(self, title: str, body: str, *, at: datetime, kind: str = "posts") -> int: ...
    def edit(self, number: int, body: str) -> None: ...
    def trash(self, number: int) -> None: ...
    def delete(self, number: int) -> None: ...
    def comment(
        self, post: int, text: str, *, at: datetime, reply_to: int = 0, state: str = "approved"
    ) -> int: ...
    def answer(self, post: int, text: str, *, reply_to: int) -> int: ...
    def delete_comment(self, number: int) -> None: ...
    def ask(
        self, path: str, *, signed_in: bool = False, headers: Mapping[str, str] | None = None, **params: Any
    ) -> httpx.Response: ...


def keys(item: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(item) - {"class_list"}  # newer versions tell it


def refusal(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


def ids(reply: httpx.Response) -> list[int]:
    assert reply.status_code == 200, reply.text
    return [item["id"] for item in reply.json()]


def at(hours: int) -> datetime:
    return START + timedelta(hours=hours)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class WordPressTruth:
    """The suite; a subclass gives the fixture `place`."""

    def test_the_root_names_the_site(self, place: Place) -> None:
        told = place.ask("/wp-json/", _fields="name,home,namespaces").json()
        assert "wp/v2" in told["namespaces"]
        assert str(place.ask("/wp-json/").url).startswith(told["home"])

    def test_posts_pages_and_comments_have_these_fields(self, place: Place) -> None:
        post = place.post("Bins", "On Monday", at=at(0))
        place.post("Contact", "By post", at=at(0), kind="pages")
        place.comment(post, "Which day?", at=at(1))
        for path, anybody, editor in (
            ("/wp-json/wp/v2/posts", POST, POST | EDITED),
            ("/wp-json/wp/v2/pages", PAGE, PAGE | EDITED),
            ("/wp-json/wp/v2/comments", COMMENT, COMMENT | MODERATED),
        ):
            assert keys(place.ask(path).json()[0]) == anybody
            item = place.ask(path, signed_in=True, context="edit").json()[0]
            assert keys(item) == editor
            assert {"rendered", "raw"} <= set(item["content"])
            assert item["_links"]["self"][0]["href"].endswith(f"{path}/{item['id']}")

    def test_times_are_told_without_their_zone_and_to_the_second(self, place: Place) -> None:
        summer = datetime(2026, 7, 1, 9, tzinfo=UTC)
        number = place.post("Summer", "x", at=summer)
        item = place.ask(f"/wp-json/wp/v2/posts/{number}").json()
        assert (item["date_gmt"], item["date"]) == ("2026-07-01T09:00:00", "2026-07-01T10:00:00")

    def test_text_is_rendered_as_html_with_curly_quotes(self, place: Place) -> None:
        number = place.post("The council's", "It's here\n\nAnd there", at=at(0))
        item = place.ask(f"/wp-json/wp/v2/posts/{number}").json()
        assert item["title"]["rendered"] == "The council&#8217;s"
        assert item["content"]["rendered"] == "<p>It&#8217;s here</p>\n<p>And there</p>\n"

    def test_lists_go_by_id_and_offset_and_tell_their_total(self, place: Place) -> None:
        numbers = [place.post(f"No {n}", "x", at=at(-n)) for n in range(5)]
        path = "/wp-json/wp/v2/posts"
        reply = place.ask(path, orderby="id", order="desc", per_page="2", offset="2")
        assert ids(reply) == sorted(numbers, reverse=True)[2:4]
        assert (reply.headers["x-wp-total"], reply.headers["x-wp-totalpages"]) == ("5", "3")
        assert ids(place.ask(path, per_page="100")) == numbers  # by date, newest first

    def test_beyond_the_end_posts_count_nothing_and_comments_their_total(self, place: Place) -> None:
        post = place.post("Bins", "x", at=at(0))
        place.comment(post, "Which day?", at=at(1))
        beyond = place.ask("/wp-json/wp/v2/posts", offset="9")
        assert (ids(beyond), beyond.headers["x-wp-total"]) == ([], "0")
        beyond = place.ask("/wp-json/wp/v2/comments", offset="9")
        assert (ids(beyond), beyond.headers["x-wp-total"]) == ([], "1")
        reply = place.ask("/wp-json/wp/v2/posts", page="2")
        assert refusal(reply) == (400, "rest_post_invalid_page_number")
        reply = place.ask("/wp-json/wp/v2/posts", per_page="101")
        assert refusal(reply) == (400, "rest_invalid_param")
        assert "per_page" in reply.json()["data"]["params"]

    def test_filters_go_by_creation_and_by_change(self, place: Place) -> None:
        first, second = (place.post(f"No {n}", "x", at=at(n)) for n in range(2))
        path = "/wp-json/wp/v2/posts"
        assert ids(place.ask(path, after=stamp(at(0)))) == [second]  # after means later than
        assert ids(place.ask(path, before=stamp(at(1)))) == [first]
        assert ids(place.ask(path, modified_after=stamp(at(48)))) == []
        place.edit(first, "edited")
        assert ids(place.ask(path, modified_after=stamp(at(48)))) == [first]

    def test_filters_compare_the_sites_own_clock_face(self, place: Place) -> None:
        back = datetime(2025, 10, 26, 0, 50, tzinfo=UTC)  # 01:50, then 01:20 comes for the second time
        number = place.post("Clocks", "x", at=back + timedelta(minutes=30))
        path = "/wp-json/wp/v2/posts"
        assert ids(place.ask(path, after=stamp(back))) == []
        assert ids(place.ask(path, after=stamp(back - timedelta(hours=1)))) == [number]

    def test_comments_are_one_flat_list_of_every_depth(self, place: Place) -> None:
        post, other = (place.post(f"No {n}", "x", at=at(0)) for n in range(2))
        first = place.comment(post, "Which day?", at=at(1))
        second = place.answer(post, "Friday", reply_to=first)
        third = place.comment(post, "Thanks", at=at(3), reply_to=second)
        elsewhere = place.comment(other, "Hello", at=at(4))
        path = "/wp-json/wp/v2/comments"
        reply = place.ask(path, post=str(post), orderby="id", order="desc", _embed="author")
        assert {item["id"]: item["parent"] for item in reply.json()} == {
            third: second,
            second: first,
            first: 0,
        }
        written = {item["id"]: item.get("_embedded", {}).get("author", [{}])[0] for item in reply.json()}
        assert written[second]["id"] > 0
        assert written[first] == written[third] == {}
        assert set(ids(place.ask(path, post=f"{post},{other}"))) == {first, second, third, elsewhere}
        assert ids(place.ask(path, after=stamp(at(2)), post=str(other))) == [elsewhere]

    def test_each_state_is_seen_by_the_editor_only(self, place: Place) -> None:
        post = place.post("Bins", "x", at=at(0))
        states = ("approved", "hold", "spam", "trash")
        made = {state: place.comment(post, f"{state}", at=at(1), state=state) for state in states}
        path = "/wp-json/wp/v2/comments"
        assert ids(place.ask(path)) == [made["approved"]]
        told = place.ask(path, signed_in=True, status="any", context="edit").json()
        assert {item["status"]: item["id"] for item in told} == made
        assert refusal(place.ask(path, status="any")) == (401, "rest_forbidden_param")
        assert refusal(place.ask(path, context="edit")) == (401, "rest_forbidden_context")
        for state in states[1:]:
            assert refusal(place.ask(f"{path}/{made[state]}")) == (401, "rest_cannot_read")

    def test_a_trashed_post_takes_its_comments_along(self, place: Place) -> None:
        live, trashed = (place.post(f"No {n}", "x", at=at(0)) for n in range(2))
        comment = place.comment(trashed, "Why?", at=at(1))
        place.trash(trashed)
        path = "/wp-json/wp/v2/posts"
        assert ids(place.ask(path)) == [live]
        assert ids(place.ask(path, signed_in=True, status="any", context="edit")) == [live]
        found = place.ask(path, signed_in=True, status="any,trash", context="edit").json()
        assert {item["id"]: item["status"] for item in found} == {live: "publish", trashed: "trash"}
        assert refusal(place.ask(f"{path}/{trashed}")) == (401, "rest_forbidden")
        told = place.ask(f"/wp-json/wp/v2/comments/{comment}", signed_in=True, context="edit").json()
        assert told["status"] == "post-trashed"
        asked = place.ask("/wp-json/wp/v2/comments", post=f"{live},{trashed}")
        assert refusal(asked) == (401, "rest_cannot_read_post")
        told = place.ask(path, status="any,trash").json()
        assert told["data"]["details"]["status"]["code"] == "rest_forbidden_status"
        assert told["data"]["details"]["status"]["data"]["status"] == 401

    def test_what_was_deleted_is_not_there_under_its_kind(self, place: Place) -> None:
        post, page = place.post("Bins", "x", at=at(0)), place.post("About", "x", at=at(0), kind="pages")
        comment = place.comment(post, "Gone", at=at(1))
        place.delete_comment(comment)
        assert refusal(place.ask(f"/wp-json/wp/v2/comments/{comment}")) == (404, "rest_comment_invalid_id")
        assert refusal(place.ask(f"/wp-json/wp/v2/posts/{page}")) == (404, "rest_post_invalid_id")
        place.delete(post)
        for signed_in in (False, True):
            reply = place.ask(f"/wp-json/wp/v2/posts/{post}", signed_in=signed_in)
            assert refusal(reply) == (404, "rest_post_invalid_id")
        assert ids(place.ask("/wp-json/wp/v2/comments", post=str(post))) == []

    def test_revisions_begin_with_the_first_update(self, place: Place) -> None:
        number = place.post("Bins", "On Mnday", at=at(0))
        path = f"/wp-json/wp/v2/posts/{number}"
        assert place.ask(path).json()["_links"]["version-history"][0]["count"] == 0
        for text in ("On Monday", "On Tuesday"):
            place.edit(number, text)
        reply = place.ask(f"{path}/revisions", signed_in=True, context="edit", per_page="100")
        assert [item["content"]["raw"] for item in reply.json()] == ["On Tuesday", "On Monday"]
        assert {keys(item) for item in reply.json()} == {REVISION}
        assert {item["parent"] for item in reply.json()} == {number}
        item = place.ask(path).json()
        assert item["_links"]["version-history"][0]["count"] == 2
        assert item["_links"]["predecessor-version"][0]["id"] == reply.json()[0]["id"]
        assert item["content"]["rendered"] == reply.json()[0]["content"]["rendered"]
        assert refusal(place.ask(f"{path}/revisions")) == (401, "rest_cannot_read")

    def test_a_post_tells_its_author_and_an_unknown_route_nothing(self, place: Place) -> None:
        place.post("Bins", "x", at=at(0))
        (item,) = place.ask("/wp-json/wp/v2/posts", _embed="author,wp:featuredmedia").json()
        (author,) = item["_embedded"]["author"]
        assert (author["id"], bool(author["name"])) == (item["author"], True)
        assert refusal(place.ask("/wp-json/wp/v2/nothing")) == (404, "rest_no_route")
        assert refusal(place.ask("/wp-json/wp/v2/users/me")) == (401, "rest_not_logged_in")
        told = place.ask("/wp-json/wp/v2/users/me", signed_in=True, context="edit").json()
        assert told["capabilities"]["moderate_comments"]

    def test_a_feed_lists_the_newest_ten_and_pages_to_a_404(self, place: Place) -> None:
        posts = [place.post(f"No {n}", "x", at=at(n)) for n in range(12)]
        place.comment(posts[-1], "Which day?", at=at(20))
        first = place.ask("/feed/")
        assert first.headers["content-type"].lower() == "application/rss+xml; charset=utf-8"
        assert first.text.count("<item>") == 10
        assert "<slash:comments>1</slash:comments>" in first.text
        assert "<wfw:commentRss>" in first.text
        assert place.ask("/feed/", paged="2").text.count("<item>") == 2
        assert place.ask("/feed/", paged="3").status_code == 404
        address = first.text.partition("<wfw:commentRss>")[2].partition("</wfw:commentRss>")[0]
        comments = place.ask(f"/{address.rstrip('/').split('/')[-2]}/feed/").text
        assert "Which day?" in comments
        assert "#comment-" in comments

    def test_a_feed_that_did_not_change_answers_304_to_its_mark(self, place: Place) -> None:
        number = place.post("Bins", "x", at=at(0))
        mark = place.ask("/feed/").headers["etag"]
        again = place.ask("/feed/", headers={"if-none-match": mark})
        assert (again.status_code, again.content) == (304, b"")
        place.edit(number, "edited")
        assert place.ask("/feed/", headers={"if-none-match": mark}).status_code == 200

    def test_the_front_page_says_where_its_interface_is(self, place: Place) -> None:
        assert place.ask("/").links["https://api.w.org/"]["url"].endswith("/wp-json/")
