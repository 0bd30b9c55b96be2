"""Mastodon, pure: golden pairs, exact bytes, and what makes a version."""

import json
from typing import Any

import pytest

from conformance.item import Link, Media
from connectors.contract import Reading
from connectors.mastodon import MastodonConnector
from connectors.mastodon.wire import STATUS
from schemas.capture import RecordRef, Response
from schemas.vocabulary import Answer, Kind, Stream
from tests.connectors import golden
from tests.connectors.mastodon_stage import URI, Stage, digest, response
from tests.connectors.rig import START


def told(**more: Any) -> dict[str, Any]:
    """Return a status as the recorded one has it, with these changes."""
    (found,) = json.loads(f"[{golden.load('mastodon', 'recorded-status').body.decode()}]")
    return {**found, "id": "20", "uri": URI, **more}


def one(reader: MastodonConnector, item: dict[str, Any]) -> Reading:
    (exhibit,) = reader.exhibits(response([item]))
    return reader.read(exhibit)


# ---- golden pairs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", golden.names("mastodon"))
def test_a_kept_response_reads_as_it_always_did(reader: MastodonConnector, name: str) -> None:
    assert golden.check(reader, "mastodon", name) == golden.check(reader, "mastodon", name)


def test_there_is_a_pair_for_every_kind_of_answer() -> None:
    wanted = {"post", "comments", "reply-at-depth", "edit", "edit-of-comment", "edited", "deletion"}
    wanted |= {"deletion-of-the-account", "error", "thread-gone", "empty-page", "last-page", "profile"}
    wanted |= {"own-answer", "own-answer-look-up", "orphan", "root", "drift-added", "drift-renamed"}
    wanted |= {"media-polls-quotes-and-who-may-read", "recorded-history", "recorded-missing"}
    assert wanted <= set(golden.names("mastodon"))


def test_recordings_of_a_real_server_are_understood_without_a_rest(reader: MastodonConnector) -> None:
    for name in (each for each in golden.names("mastodon") if each.startswith("recorded")):
        for exhibit in reader.exhibits(golden.load("mastodon", name)):
            assert reader.read(exhibit).leftover == ()


def test_the_entries_of_a_recorded_history_are_the_versions_that_were_live(reader: MastodonConnector) -> None:
    live = [
        digest(reader.read(exhibit))
        for name in ("recorded-status", "recorded-status-edited")
        for exhibit in reader.exhibits(golden.load("mastodon", name))
    ]
    entries = [
        digest(reader.read(exhibit))
        for exhibit in reader.exhibits(golden.load("mastodon", "recorded-history"))
    ]
    assert live == entries
    assert len(set(live)) == 2


# ---- versions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"favourites_count": 900, "reblogs_count": 2, "replies_count": 7, "quotes_count": 1},
        {"favourited": True, "bookmarked": True, "filtered": [{"keyword_matches": ["x"]}], "pinned": True},
        {"language": "cy", "url": "https://n.example/else", "application": None},
        {"card": {"url": "https://n.example", "title": "A preview"}, "tagged_collections": [1]},
        {"edited_at": "2026-08-02T10:00:00.000Z"},
        {"poll": None, "quote": {"state": "deleted", "quoted_status": None}},
        {"content": "<p>the best editor? why, of course it is <b>VS Code</b></p>\n"},
        {"invented_tomorrow": {"by": "Mastodon"}},
    ],
)
def test_metrics_and_what_is_not_its_authors_never_make_a_version(
    reader: MastodonConnector, change: dict[str, Any]
) -> None:
    assert digest(one(reader, told())) == digest(one(reader, told(**change)))


def test_an_authors_new_picture_or_name_makes_no_version(reader: MastodonConnector) -> None:
    account = {**told()["account"], "avatar": "https://n.example/new.png", "display_name": "New"}
    assert digest(one(reader, told())) == digest(one(reader, told(account=account)))


@pytest.mark.parametrize(
    "change",
    [
        {"content": "<p>Bins on Tuesday</p>"},
        {"spoiler_text": "Rats"},
        {"sensitive": True},
        {"media_attachments": [{"id": "1", "type": "image", "url": "https://n.example/1.png"}]},
        {"poll": {"options": [{"title": "Yes", "votes_count": 0}]}},
    ],
)
def test_what_an_author_can_change_makes_a_version(reader: MastodonConnector, change: dict[str, Any]) -> None:
    assert digest(one(reader, told())) != digest(one(reader, told(**change)))


def test_another_description_of_a_picture_is_a_version_and_another_address_is_none(
    reader: MastodonConnector,
) -> None:
    def version_of(**more: Any) -> str:
        file = {"id": "1", "type": "image", "url": "https://n.example/1.png", "description": "A bin", **more}
        return digest(one(reader, told(media_attachments=[file])))

    assert version_of(description="Two bins") != version_of()
    assert version_of(url="https://cdn.example/1.png", blurhash="x", meta={"focus": 1}) == version_of()


def test_votes_in_a_poll_make_no_version(reader: MastodonConnector) -> None:
    def version_of(votes: int) -> str:
        return digest(one(reader, told(poll={"options": [{"title": "Yes", "votes_count": votes}]})))

    assert version_of(0) == version_of(99)


def test_an_edit_back_to_the_first_text_is_the_first_version_again(stage: Stage) -> None:
    post = stage.post("A", media=[Media(id="m")], facts={"poll": ["Yes", "No"]})
    stage.world.edit(post, "B")
    stage.world.edit(post, "A")
    assert len({digest(reading) for reading in stage.run().readings}) == 2


def test_signing_in_is_no_edit(stage: Stage) -> None:
    stage.post("A")
    public = stage.run(connector=stage.connector(signed_in=False))
    assert [digest(each) for each in stage.run().readings] == [digest(each) for each in public.readings]


def test_a_changed_field_of_the_profile_is_a_version_and_a_new_follower_is_none(stage: Stage) -> None:
    def version_of() -> str:
        (reading,) = stage.run(stream=Stream.PROFILE).readings
        return digest(reading)

    before = version_of()
    stage.world.count(stage.council, followers=900)
    assert version_of() == before
    stage.council.facts = {"fields": {"Website": "elsewhere.example"}}
    assert version_of() != before


# ---- records ----------------------------------------------------------------------------------------------


def test_a_text_is_what_a_reader_sees_and_links_lead_where_they_lead(stage: Stage) -> None:
    link = Link(url="https://northbeck.example/bins?week=2&day=1", target="")
    stage.post(f"Bins <b>not</b> bold\n\nSee {link.url}", links=[link])
    (record,) = stage.run().records
    assert record.text == f"Bins <b>not</b> bold\nSee {link.url}"
    assert record.links == (link.url,)


def test_mentions_and_tags_are_no_links_out(reader: MastodonConnector) -> None:
    content = (
        '<p><a href="https://n.example/@them">@<span>them</span></a> <a href="https://n.example/tags/bins">#bins'
        '</a> <a href="https://council.example/bins"><span class="invisible">https://</span>council.example/bins</a>'
        "<script>alert(1)</script></p>"
    )
    mentions = [{"id": "1", "username": "them", "acct": "them", "url": "https://n.example/@them"}]
    tags = [{"name": "bins", "url": "https://n.example/tags/bins"}]
    record = one(reader, told(content=content, mentions=mentions, tags=tags)).record
    assert record is not None
    assert record.links == ("https://council.example/bins",)
    assert record.text == "@them #bins https://council.example/bins"


def test_a_content_warning_is_the_title(reader: MastodonConnector) -> None:
    record = one(reader, told(spoiler_text="Rats")).record
    assert record is not None
    assert record.title == "Rats"


@pytest.mark.parametrize(
    ("visibility", "shown"),
    [("public", "public"), ("unlisted", "public"), ("private", "private"), ("mutuals_only", "mutuals_only")],
)
def test_what_not_everybody_may_read_is_called_by_the_servers_own_word(
    reader: MastodonConnector, visibility: str, shown: str
) -> None:
    look = one(reader, told(visibility=visibility)).look
    assert look is not None
    assert (look.answer, look.shown) == (Answer.SEEN, shown)


def test_an_answer_is_told_from_a_post_by_any_trace_of_a_parent(reader: MastodonConnector) -> None:
    def kind(**more: Any) -> Kind:
        record = one(reader, told(**more)).record
        assert record is not None
        return record.kind

    assert kind() is Kind.POST
    assert kind(in_reply_to_id="19", in_reply_to_account_id="1") is Kind.COMMENT
    assert kind(in_reply_to_account_id="7") is Kind.COMMENT


def test_a_remote_picture_is_had_from_where_it_stands(reader: MastodonConnector) -> None:
    files = [
        {"id": "1", "type": "unknown", "url": None, "remote_url": "https://far.example/1"},
        {
            "id": "2",
            "type": "gifv",
            "url": "https://n.example/2.mp4",
            "remote_url": "https://far.example/2.mp4",
        },
        {"id": "3", "type": "image", "url": None, "remote_url": None},
    ]
    found = list(reader.addresses(response([told(media_attachments=files)])))
    assert [(each.ref, each.kind, each.url) for each in found] == [
        ("1", "document", "https://far.example/1"),
        ("2", "video", "https://n.example/2.mp4"),
    ]


def test_media_of_a_drifted_status_cost_nothing_else(reader: MastodonConnector) -> None:
    good = told(media_attachments=[{"id": "1", "type": "image", "url": "https://n.example/1.png"}])
    bad = told(id="21", uri=f"{URI}1", media_attachments=[5])
    assert [each.ref for each in reader.addresses(response([bad, good]))] == ["1"]


@pytest.mark.parametrize(
    ("status", "answer"), [(404, Answer.GONE), (410, Answer.GONE), (451, Answer.REFUSED)]
)
def test_not_there_is_an_exhibit_of_the_record_that_was_asked_for(
    reader: MastodonConnector, status: int, answer: Answer
) -> None:
    ref = RecordRef(record_id=URI, native_id="20", thread_id=URI, filed_at=START)
    body = b'{"error":"Record not found"}'
    told_of = response(body, STATUS, status=status)
    (exhibit,) = reader.exhibits(
        Response(**{name: getattr(told_of, name) for name in told_of.__slots__} | {"asked": (ref,)})
    )
    assert (exhibit.record_id, exhibit.parts[0]) == (URI, body)
    reading = reader.read(exhibit)
    assert reading.record is None
    assert reading.look is not None
    assert (reading.look.answer, reading.look.shown, reading.look.listing) == (answer, str(status), "")


def test_what_mastodon_can_never_give_is_told(reader: MastodonConnector) -> None:
    told_of = " ".join(reader.never)
    for word in ("blocks", "limits", "shared", "private messages", "deleted"):
        assert word in told_of
    assert reader.tracking
