"""Facebook's exhibits: cut byte for byte, read the same for ever, and a version only when somebody edits."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.fake import Drift
from conformance.item import Item, Media
from connectors.cutting import joined
from connectors.facebook import FacebookConnector
from connectors.facebook.exhibits import exhibits
from connectors.facebook.fields import DIGEST_RULES
from connectors.facebook.reading import read
from schemas.account import Account
from schemas.capture import Response
from schemas.digests import version
from schemas.errors import MalformedItemError
from schemas.vocabulary import Answer, Kind, Stream
from tests.connectors import golden
from tests.connectors.facebook_council import CARD, FILM, OTHER_PICTURE, PICTURE, Council, open_council
from tests.connectors.rig import FakeClock, Wire


@pytest.fixture
def reader(wire: Wire) -> FacebookConnector:
    account = Account(account="a", council="c", platform="facebook", handle="anytown")
    return FacebookConnector(account, wire.transport(account, FakeClock()), {"page_token": "t"})


def page(*items: dict[str, Any], endpoint: str = "/{post}/comments", **changed: Any) -> Response:
    body = json.dumps({"data": items, "paging": {"cursors": {"after": "x"}}}).encode()
    return replace(golden.load("facebook", "sample-comments"), body=body, endpoint=endpoint, **changed)


def one(response: Response) -> Any:
    (exhibit,) = exhibits(response)
    return read(exhibit)


# ---- golden pairs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", golden.names("facebook"))
def test_a_kept_response_reads_as_it_always_did(reader: FacebookConnector, name: str) -> None:
    golden.check(reader, "facebook", name)


def test_recordings_of_real_pages_are_all_understood(reader: FacebookConnector) -> None:
    told = [
        each
        for name in golden.names("facebook")
        if name.startswith("sample-")
        for each in golden.check(reader, "facebook", name)
    ]
    assert not any(each.get("unread") for each in told)
    assert not any(each["leftover"] for each in told)
    assert len(told) == 5 + 10 + 1 + 1 + 2


def test_recorded_replies_find_their_parents_by_their_permalinks(reader: FacebookConnector) -> None:
    told = {each["record_id"]: each["record"] for each in golden.check(reader, "facebook", "sample-comments")}
    reply = told["facebook:10158409983033553"]
    assert reply["parent_id"] == "facebook:10158407903973553"
    assert reply["parent_id"] in told
    assert {record["thread_id"] for record in told.values()} == {"facebook:10158407654328553"}


# ---- cutting ----------------------------------------------------------------------------------------------


def put_together(response: Response) -> bytes:
    """Return the body again: the exhibits' parts in their places, the rest around them."""
    body = bytearray(b"\x00" * len(response.body))
    taken = bytearray(len(response.body))
    for exhibit in exhibits(response):
        header = msgspec.json.decode(exhibit.header)
        for part, segments in zip(exhibit.parts, header["spans"], strict=True):
            assert part == joined(response.body, segments)
            at = 0
            for start, end in segments:
                assert not any(taken[start:end]), "two exhibits hold the same byte"
                taken[start:end] = b"\x01" * (end - start)
                body[start:end] = part[at : at + end - start]
                at += end - start
    for place, is_taken in enumerate(taken):
        if not is_taken:
            body[place] = response.body[place]
    return bytes(body)


TEXTS = st.text(min_size=1, max_size=30)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(TEXTS, min_size=1, max_size=6), size=st.integers(1, 4), deep=st.booleans())
def test_items_and_the_rest_give_every_body_back(texts: list[str], size: int, *, deep: bool) -> None:
    with httpx.Client(timeout=60) as client, open_council(Wire(client)) as council:
        post = council.world.post(council.page, texts[0], media=[PICTURE, OTHER_PICTURE])
        above = post
        for text in texts:
            added = council.world.comment(above, text, author=council.resident)
            above = added if deep else post
        council.world.sync()
        council.fake.knobs.page_size = size
        responses = [*council.posts(), *council.comments(post), *council.by_id(Stream.POSTS, post)]
        for response in responses:
            assert put_together(response) == response.body
        assert council.texts(responses[1:-1]) == texts


def nested_post() -> Response:
    inner = {"id": "2_8", "message": "a resident's words", "created_time": "2026-03-02T09:00:00+0000"}
    post = {"id": "1_2", "message": "ours", "comments": {"data": [inner], "summary": {"total_count": 1}}}
    return page(post, endpoint="/{page}/published_posts")


def test_a_comment_that_comes_inside_a_post_stays_out_of_its_exhibit() -> None:
    response = nested_post()
    (exhibit,) = exhibits(response)
    assert b"a resident's words" not in exhibit.parts[0]
    assert put_together(response) == response.body
    reading = read(exhibit)
    assert reading.record is not None
    assert reading.record.text == "ours"
    assert reading.look is not None
    assert reading.look.metrics == {"comments": 1}


def test_the_same_bytes_give_the_same_records(council: Council) -> None:
    council.threads(posts=3, comments=2)
    responses = council.posts()
    assert council.read(responses) == council.read(responses)
    assert [list(exhibits(each)) for each in responses] == [list(exhibits(each)) for each in responses]


def test_a_body_that_is_no_answer_of_graphs_cannot_be_cut() -> None:
    for endpoint in ("/{post}/comments", "/{page}", "/{post}"):
        with pytest.raises(MalformedItemError):
            list(exhibits(replace(nested_post(), body=b'{"data": [{"id": "1', endpoint=endpoint)))


# ---- versions ---------------------------------------------------------------------------------------------


def test_an_edited_text_is_a_version_and_going_back_gives_the_first_again(council: Council) -> None:
    (post,) = council.threads(comments=1)
    (comment,) = council.world.below(post)
    for item, before in ((post, "post 0"), (comment, "comment 0.0")):
        first = council.version(item)
        council.world.edit(item, "said otherwise")
        assert council.version(item) != first
        council.world.edit(item, before)
        assert council.version(item) == first


def changed_media(post: Item, council: Council, *media: Media) -> bytes:
    council.world.edit(post, media=list(media))
    return council.version(post)


def test_changed_pictures_are_a_version_and_a_new_signature_is_none(council: Council) -> None:
    post = council.world.post(council.page, "look", media=[PICTURE])
    council.world.sync()
    before = council.version(post)
    council.world.clock.wait(timedelta(days=2).total_seconds())
    assert council.version(post) == before
    album = changed_media(post, council, PICTURE, OTHER_PICTURE)
    film = changed_media(post, council, FILM)
    assert len({before, album, film, changed_media(post, council)}) == 4


def test_metrics_hiding_and_a_new_name_of_the_page_make_no_version(council: Council) -> None:
    post = council.world.post(
        council.page, "look", media=[PICTURE, OTHER_PICTURE], facts={"story": "Anytown did"}
    )
    comment = council.world.comment(post, "well", author=council.resident)
    council.world.sync()
    before = council.version(post), council.version(comment)
    council.world.count(post, likes=7, shares=3, angry=2)
    council.world.count(comment, likes=9)
    council.world.comment(comment, "indeed", author=council.page)
    council.world.hide(comment, "is_hidden")
    council.world.rename(council.page, handle="newtown", name="Newtown Council")
    post.facts["story"] = "Newtown did"
    council.world.sync()
    assert (council.version(post), council.version(comment)) == before


def test_a_renamed_page_is_a_version_of_its_profile(council: Council) -> None:
    def told() -> bytes:
        (reading,) = council.read(list(council.pages(Stream.PROFILE, golden_edge())))
        return version(DIGEST_RULES[1], reading.shape, reading.items)

    before = told()
    council.world.count(council.page, fans=12)
    assert told() == before
    council.world.rename(council.page, name="Newtown Council")
    assert told() != before


def golden_edge() -> Any:
    from schemas.capture import Edge

    return Edge()


def test_a_link_preview_that_facebook_adds_later_is_no_edit_of_a_comment() -> None:
    words = {"id": "2_8", "message": "see https://a.example/", "created_time": "2026-03-02T09:00:00+0000"}
    card = {
        "type": "share",
        "title": "A",
        "target": {"url": "https://l.facebook.com/l.php?u=https%3A%2F%2Fa.example%2F&h=AT"},
    }
    bare, shown = one(page(words)), one(page({**words, "attachment": card}))
    digests = {version(DIGEST_RULES[1], each.shape, each.items) for each in (bare, shown)}
    assert len(digests) == 1
    assert shown.record.links == ("https://a.example/",)
    assert shown.record.media == ()


@pytest.mark.parametrize("unknown", [{}, {"sentiment": "warm"}])
@pytest.mark.parametrize(
    "told",
    [
        {"message": "Thanks"},
        {"message": None},
        {"message": "", "attachment": {"type": "photo", "target": {"id": "9"}}},
        {"message": "x", "attachment": {"type": "photo", "target": {"id": None}}},
        {"message": "x", "attachment": {"type": "share", "target": {}}},
        {"message": "x", "attachment": None},
        {"attachment": {"type": "photo"}},
    ],
)
def test_a_comments_version_is_that_of_its_raw_values(told: dict[str, Any], unknown: dict[str, Any]) -> None:
    item = {"id": "2_8", "created_time": "2026-03-02T09:00:00+0000", **told, **unknown}
    if unknown and "message" not in told:
        with pytest.raises(MalformedItemError):
            one(page(item))
        return
    reading = one(page(item))
    assert version(DIGEST_RULES[1], "comment", reading.items) == version(DIGEST_RULES[1], "comment", (item,))
    assert reading.leftover == tuple(unknown)


# ---- what a record tells ----------------------------------------------------------------------------------


def test_a_shared_link_tells_where_it_leads_and_lends_the_post_no_title(council: Council) -> None:
    council.world.post(council.page, "Bins: https://bit.ly/AbC12, see there.", links=[CARD])
    council.world.sync()
    (reading,) = council.read(council.posts())
    assert reading.record is not None
    assert reading.record.links == ("https://bit.ly/AbC12", "https://www.anytown.example/bins")
    assert reading.record.title is None
    assert reading.record.media == ()


def test_an_album_tells_each_of_its_files_with_its_caption(council: Council) -> None:
    council.world.post(council.page, "look", media=[PICTURE, OTHER_PICTURE])
    council.world.sync()
    (reading,) = council.read(council.posts())
    assert reading.record is not None
    assert [(ref.native_id, ref.kind, ref.alt_text) for ref in reading.record.media] == [
        ("9001", "image", "A bin lorry"),
        ("9002", "image", None),
    ]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ({}, "public"),
        ({"is_hidden": True}, "is_hidden"),
        ({"timeline_visibility": "hidden"}, "is_hidden"),
        ({"is_expired": True}, "is_expired"),
        ({"is_published": False}, "unpublished"),
        ({"is_private": True}, "is_private"),
    ],
)
def test_what_is_not_public_is_called_by_facebooks_own_word(told: dict[str, object], shown: str) -> None:
    post = {"id": "1_2", "message": "ours", **{k: v for k, v in told.items() if k != "is_private"}}
    comment = {"id": "2_8", "message": "theirs", **told}
    response = page(comment) if "is_private" in told else page(post, endpoint="/{page}/published_posts")
    assert one(response).look.shown == shown


def test_a_post_without_words_shows_facebooks_own_sentence() -> None:
    told = one(page({"id": "1_2", "story": "Anytown updated its cover."}, endpoint="/{page}/published_posts"))
    assert told.record.text == "Anytown updated its cover."
    assert told.record.kind is Kind.POST


# ---- drift ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "drift",
    [
        Drift(field="message", to="body_text"),
        Drift(field="message", drop=True),
        Drift(field="message", retype="object"),
        Drift(field="created_time", retype="int"),
        Drift(field="created_time", retype="object"),
        Drift(field="id", retype="int"),
        Drift(field="from", retype="list"),
    ],
    ids=str,
)
def test_a_drifted_item_is_kept_for_a_better_reader_and_never_looks_like_an_edit(
    council: Council, drift: Drift
) -> None:
    (post,) = council.threads(comments=1)
    council.fake.knobs.drift = [drift]
    for response in (*council.posts(), *council.comments(post)):
        (exhibit,) = exhibits(response)
        assert exhibit.record_id.startswith("facebook:")
        with pytest.raises(MalformedItemError):
            read(exhibit)


def test_a_field_that_was_not_asked_for_is_told_as_drift(council: Council) -> None:
    (post,) = council.threads(comments=1)
    first = council.version(post)
    council.fake.knobs.drift = [Drift(field="message", add={"mood": "calm"})]
    assert {reading.leftover for reading in council.read(council.posts())} == {("mood",)}
    assert council.version(post) == first


def test_a_comment_that_lost_its_id_is_still_named_by_its_permalink(council: Council) -> None:
    (post,) = council.threads(comments=2)
    (listed,) = council.comments(post)
    body = json.loads(listed.body)
    for item in body["data"]:
        del item["id"]
    bare = council.read([replace(listed, body=json.dumps(body).encode())])
    assert [each.record.record_id for each in bare if each.record is not None] == [
        f"facebook:{each.native_id}" for each in council.world.below(post)
    ]


def test_an_item_without_any_name_is_filed_by_its_bytes() -> None:
    first, second = exhibits(page({"message": "a"}, {"message": "b"}))
    assert first.record_id != second.record_id
    assert first.record_id.startswith("facebook:unread:")
    with pytest.raises(MalformedItemError):
        read(first)


def test_an_answer_of_not_there_is_an_exhibit_of_the_record_asked_for(council: Council) -> None:
    (post,) = council.threads(comments=0)
    council.world.delete(post)
    council.world.sync()
    (response,) = council.by_id(Stream.POSTS, post)
    (exhibit,) = exhibits(response)
    assert exhibit.parts == (response.body,)
    reading = read(exhibit)
    assert reading.record is None
    assert reading.look is not None
    assert reading.look.answer is Answer.GONE
