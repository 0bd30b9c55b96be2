"""What the real WordPress site shows to the public and to its editor; fake and connector rely on it."""

from datetime import UTC, datetime

import pytest

from tests.rig.wordpress_site import WordPressSite

pytestmark = pytest.mark.rig


def test_a_new_test_finds_an_empty_site(wordpress_site: WordPressSite) -> None:
    for kind in ("posts", "pages", "comments", "media"):
        assert wordpress_site.public(f"/wp-json/wp/v2/{kind}").json() == []


def test_posts_pages_and_replies_are_served_to_the_public(wordpress_site: WordPressSite) -> None:
    at = datetime(2026, 3, 1, 9, tzinfo=UTC)
    post = wordpress_site.post("Bin collections", "<p>Dydd Gŵyl Dewi</p>", at=at)
    wordpress_site.page("Contact us", "<p>By post</p>")
    first = wordpress_site.comment(post, "Which day?")
    second = wordpress_site.council_comment(post, "Friday", reply_to=first)
    third = wordpress_site.comment(post, "Thanks", reply_to=second)

    served = wordpress_site.public("/wp-json/wp/v2/posts").json()
    assert [(item["id"], item["date_gmt"]) for item in served] == [(post.id, "2026-03-01T09:00:00")]
    pages = wordpress_site.public("/wp-json/wp/v2/pages").json()
    assert [item["title"]["rendered"] for item in pages] == ["Contact us"]
    comments = wordpress_site.public("/wp-json/wp/v2/comments", post=post.id, order="asc").json()
    assert {item["id"]: item["parent"] for item in comments} == {first: 0, second: first, third: second}
    assert {item["author_name"] for item in comments} == {"Resident", "clerk"}
    assert "Bin collections" in wordpress_site.public("/feed/").text
    assert "Which day?" in wordpress_site.public("/comments/feed/").text


def test_an_edited_post_has_a_revision(wordpress_site: WordPressSite) -> None:
    post = wordpress_site.post("Roadworks", "On Mnday")
    wordpress_site.edit(post, body="On Monday")
    wordpress_site.edit(post, body="On Tuesday")

    revisions = wordpress_site.as_archivist(f"wp/v2/posts/{post.id}/revisions", context="edit").json()
    assert [item["content"]["raw"] for item in revisions] == ["On Tuesday", "On Monday"]
    assert (
        "On Tuesday" in wordpress_site.public(f"/wp-json/wp/v2/posts/{post.id}").json()["content"]["rendered"]
    )


def test_an_edited_comment_shows_only_its_new_text(wordpress_site: WordPressSite) -> None:
    post = wordpress_site.post("Roadworks", "On Monday")
    comment = wordpress_site.comment(post, "Whose road?")
    wordpress_site.edit_comment(comment, "Which road?")
    seen = wordpress_site.as_archivist(f"wp/v2/comments/{comment}", context="edit").json()
    assert seen["content"]["raw"] == "Which road?"


def test_the_editor_sees_comments_that_the_public_does_not(wordpress_site: WordPressSite) -> None:
    post = wordpress_site.post("Have your say", "On the park")
    shown = wordpress_site.comment(post, "A lovely park")
    held = wordpress_site.comment(post, "Awaiting a decision", state="hold")
    spam = wordpress_site.comment(post, "Buy this")
    wordpress_site.moderate_comment(spam, "spam")
    trashed = wordpress_site.comment(post, "Something abusive")
    wordpress_site.moderate_comment(trashed, "trash")
    deleted = wordpress_site.comment(post, "Gone for good")
    wordpress_site.delete_comment(deleted)

    public = wordpress_site.public("/wp-json/wp/v2/comments").json()
    assert [item["id"] for item in public] == [shown]
    states = {}
    for state in ("approve", "hold", "spam", "trash"):
        for item in wordpress_site.as_archivist("wp/v2/comments", status=state, context="edit").json():
            states[item["id"]] = item["status"]
    assert states == {shown: "approved", held: "hold", spam: "spam", trashed: "trash"}


def test_a_trashed_post_is_seen_by_the_editor_and_a_deleted_one_by_nobody(
    wordpress_site: WordPressSite,
) -> None:
    trashed = wordpress_site.post("Withdrawn", "For now")
    comment = wordpress_site.comment(trashed, "Why?")
    deleted = wordpress_site.post("Withdrawn for good", "Gone")
    wordpress_site.trash(trashed)
    wordpress_site.delete(deleted)

    assert wordpress_site.public(f"/wp-json/{trashed.path}").status_code == 401
    assert wordpress_site.public(f"/wp-json/{deleted.path}").status_code == 404
    assert wordpress_site.as_archivist(trashed.path, context="edit").json()["status"] == "trash"
    assert wordpress_site.as_archivist(deleted.path, context="edit").status_code == 404
    listed = wordpress_site.as_archivist("wp/v2/comments", status="post-trashed", context="edit").json()
    assert [item["id"] for item in listed] == [comment]

    wordpress_site.restore(trashed)
    assert wordpress_site.public(f"/wp-json/{trashed.path}").json()["id"] == trashed.id


def test_media_is_served_as_it_was_uploaded(wordpress_site: WordPressSite) -> None:
    data = b"%PDF-1.4 a small document"
    made = wordpress_site.upload_media(data, name="notice.pdf", mime="application/pdf", alt="A notice")
    assert wordpress_site.public(made["source_url"]).content == data
    assert made["alt_text"] == "A notice"
