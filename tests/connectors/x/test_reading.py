"""Cutting and reading X, pure: golden pairs, exact bytes, and what makes a version."""

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.item import Media
from connectors.contract import Reading
from connectors.x import XConnector
from connectors.x.cutting import TIMELINE, opened
from connectors.x.wire import created_at_of
from schemas.account import Account
from schemas.capture import Response, Threads
from schemas.digests import version
from schemas.errors import MalformedItemError
from schemas.vocabulary import Stream
from tests.connectors import golden
from tests.connectors.rig import START, FakeClock, Wire
from tests.connectors.x_stage import Stage, staged

COUNCIL = "2200007919"


@pytest.fixture
def reader(wire: Wire) -> XConnector:
    account = Account(
        account="x-main", council="northbeck", platform="x", handle="northbeck", native_id=COUNCIL
    )
    return XConnector(account, wire.transport(account, FakeClock()), {"bearer_token": "t"})


def response(body: bytes, endpoint: str = TIMELINE) -> Response:
    return Response(
        capture_id="capture-1",
        walk_id="walk-1",
        fetched_at=START,
        server_date=START,
        method="GET",
        address="https://api.x.com/2/users/2200007919/tweets?max_results=100",
        sent=b"",
        endpoint=endpoint,
        status=200,
        headers={},
        body=body,
        api_version="2 (tweet)",
        connector_version="1",
    )


def post(**more: Any) -> dict[str, Any]:
    told = {"id": "2028395132482487272", "text": "Bins on Monday", "author_id": COUNCIL}
    return {**told, "created_at": "2026-03-02T09:01:00.000Z", "conversation_id": told["id"], **more}


def one(reader: XConnector, item: dict[str, Any], **includes: Any) -> Reading:
    body = json.dumps({"data": [item], "includes": includes, "meta": {"result_count": 1}}).encode()
    (exhibit,) = reader.exhibits(response(body))
    return reader.read(exhibit)


def digest(reading: Reading) -> bytes:
    return version(XConnector.digest_rules[1], reading.shape, reading.items)


# ---- golden pairs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", golden.names("x"))
def test_golden_pair(reader: XConnector, name: str) -> None:
    found = golden.check(reader, "x", name)
    again = golden.check(reader, "x", name)
    assert found == again


def test_there_is_a_pair_for_every_kind_of_answer() -> None:
    wanted = {"post", "comment", "reply-at-depth", "edit", "deletion", "hidden", "media", "error"}
    wanted |= {"empty-page", "last-page", "profile", "post-names", "recorded-2022", "quote"}
    assert wanted <= set(golden.names("x"))


# ---- exact bytes ------------------------------------------------------------------------------------------

TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=300)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(TEXTS.filter(str.strip), min_size=1, max_size=6),
    edits=st.sets(st.integers(0, 5)),
    media=st.sets(st.integers(0, 5)),
    names=st.sampled_from(["tweet", "post"]),
)
def test_the_items_and_the_rest_give_the_body_back(
    wire: Wire, texts: list[str], edits: set[int], media: set[int], names: str
) -> None:
    with staged(wire, names=names) as stage:
        for number, text in enumerate(texts):
            pictures = [Media(id=f"m{number}", alt=text[:20])] if number in media else []
            item = stage.world.post(stage.council, text, media=pictures)
            if number in edits:
                stage.world.edit(item, f"{text} again")
            stage.comment(item, text)
        connector = stage.connector(options={"x_names": names})
        found = stage.run(connector=connector)
        items = [stage.ref(item) for item in stage.world.posts_of(stage.council)]
        found.responses += stage.run(Threads(threads=tuple(items)), Stream.COMMENTS, connector).responses
        for each in found.responses:
            _gives_back(connector, each)


def _gives_back(connector: XConnector, each: Response) -> None:
    whole: dict[tuple[int, int], bytes] = {}
    for exhibit in connector.exhibits(each):
        spans = json.loads(exhibit.header)["spans"]
        for part, segments in zip(exhibit.parts, spans, strict=True):
            for start, end in segments:
                whole[start, end] = each.body[start:end]
            assert b"".join(each.body[start:end] for start, end in segments) == part
    ordered = sorted(whole)
    nested = {inner for inner in ordered for outer in ordered if inner != outer and _within(inner, outer)}
    apart = [span for span in ordered if span not in nested]
    assert all(before[1] <= after[0] for before, after in pairwise(apart))
    pieces, at = [], 0
    for start, end in apart:
        pieces += [each.body[at:start], whole[start, end]]
        at = end
    assert b"".join([*pieces, each.body[at:]]) == each.body


def _within(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def test_same_bytes_give_the_same_records(stage: Stage) -> None:
    stage.posts(3)
    connector = stage.connector()
    for each in stage.run().responses:
        first = [connector.read(exhibit) for exhibit in connector.exhibits(each)]
        assert first == [connector.read(exhibit) for exhibit in connector.exhibits(each)]


def test_an_exhibit_holds_its_own_post_and_nobody_elses(stage: Stage) -> None:
    item = stage.posts(1)[0]
    other = stage.world.account("x", "resident2", "Another Resident")
    stage.comment(item, "From one", author=stage.resident)
    stage.comment(item, "From another", author=other)
    found = stage.run(Threads(threads=(stage.ref(item),)), Stream.COMMENTS)
    told = {r.record.text: e for r, e in zip(found.readings, found.exhibits, strict=True) if r.record}
    whole = told["From one"].header + b"".join(told["From one"].parts)
    assert b"resident2" not in whole
    assert other.id.encode() not in whole
    assert b"From another" not in whole


def test_a_threads_header_names_that_thread_only(stage: Stage) -> None:
    first, second = stage.posts(2)
    stage.comment(first, "One")
    stage.comment(second, "Two")
    found = stage.run(Threads(threads=(stage.ref(first), stage.ref(second))), Stream.COMMENTS)
    told = {r.record.text: e.header for r, e in zip(found.readings, found.exhibits, strict=True) if r.record}
    assert second.native_id.encode() not in told["One"]
    assert first.native_id.encode() not in told["Two"]


def test_the_accounts_own_root_is_left_to_its_timeline(stage: Stage) -> None:
    own = stage.posts(1)[0]
    stage.comment(own, "Hello")
    theirs = stage.world.post(stage.resident, "A question to all")
    stage.comment(theirs, "An answer", author=stage.council)
    found = stage.run(Threads(threads=(stage.ref(own), stage.ref(theirs))), Stream.COMMENTS)
    assert sorted(found.texts) == ["A question to all", "An answer", "Hello"]


def test_a_body_that_cannot_be_cut_says_so(reader: XConnector) -> None:
    for body in (b"", b"[]", b"<html>", b'{"data": 5, "meta": []}', b'{"data": [{"id": 1}'):
        with pytest.raises(MalformedItemError):
            list(reader.exhibits(response(body)))


def test_white_space_and_order_of_a_body_do_not_matter() -> None:
    body = b'{ "meta" : {"result_count": 1} ,\n "data": [ {"text": "t", "id": "5"} ] }'
    assert [head.id for _, head in opened(body).items if head] == ["5"]


# ---- versions ---------------------------------------------------------------------------------------------


def test_metrics_and_labels_never_make_a_version(reader: XConnector) -> None:
    before = one(reader, post(public_metrics={"like_count": 1}))
    after = one(
        reader, post(public_metrics={"like_count": 900}, possibly_sensitive=True, lang="cy", source="app")
    )
    assert digest(before) == digest(after)
    assert after.look is not None
    assert after.look.metrics == {"likes": 900}


def test_both_vocabularies_give_the_same_version_and_record(wire: Wire) -> None:
    told = []
    for names in ("tweet", "post"):
        with staged(wire, names=names) as stage:
            long = "A long notice about bins. " * 20
            item = stage.world.post(stage.council, long, media=[Media(id="m", alt="A bin")])
            stage.world.edit(item, f"{long} Corrected.")
            stage.comment(item, "Thanks")
            connector = stage.connector(options={"x_names": names})
            found = stage.run(connector=connector)
            found.readings += stage.run(
                Threads(threads=(stage.ref(item),)), Stream.COMMENTS, connector
            ).readings
            looks = [dict(reading.look.metrics) for reading in found.readings if reading.look]
            told.append(([(digest(each), each.record) for each in found.readings], looks))
    assert told[0] == told[1]


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Bins on Tuesday"},
        {"note_tweet": {"text": "Bins on Monday and Tuesday"}},
        {"attachments": {"media_keys": ["3_1"]}},
        {"attachments": {"poll_ids": ["7"]}},
        {"referenced_tweets": [{"type": "quoted", "id": "20"}]},
        {"article": {"title": "Bins"}},
    ],
)
def test_what_an_author_can_change_makes_a_version(reader: XConnector, change: dict[str, Any]) -> None:
    assert digest(one(reader, post())) != digest(one(reader, post(**change)))


def test_an_edit_back_to_the_first_text_is_the_first_version_again(stage: Stage) -> None:
    item = stage.world.post(stage.council, "A")
    stage.world.edit(item, "B")
    stage.world.edit(item, "A")
    assert len({digest(reading) for reading in stage.run().readings}) == 2


# ---- records ----------------------------------------------------------------------------------------------


def test_a_time_is_read_from_the_id_and_from_the_field_before_ids_held_one(reader: XConnector) -> None:
    assert created_at_of("20") is None
    old = one(reader, post(id="20", conversation_id="20", created_at="2006-03-21T20:50:14.000Z"))
    assert old.record is not None
    assert old.record.created_at is not None
    assert old.record.created_at.year == 2006
    unknown = one(reader, {"id": "20", "text": "just setting up"})
    assert unknown.record is not None
    assert unknown.record.created_at is None


@pytest.mark.parametrize(
    ("code", "told"), [("en", "en"), ("cy", "cy"), ("und", None), ("qme", None), ("zxx", None)]
)
def test_xs_own_codes_are_no_languages(reader: XConnector, code: str, told: str | None) -> None:
    record = one(reader, post(lang=code)).record
    assert record is not None
    assert record.language == told


def test_links_are_as_far_expanded_as_x_tells(reader: XConnector) -> None:
    urls = [
        {
            "url": "https://t.co/a",
            "expanded_url": "https://bit.ly/1",
            "unwound_url": "https://n.example/bins",
        },
        {"url": "https://t.co/b", "expanded_url": "https://n.example/b"},
    ]
    record = one(reader, post(text="See https://t.co/a https://t.co/b", entities={"urls": urls})).record
    assert record is not None
    assert record.links == ("https://n.example/bins", "https://n.example/b")
    assert record.text == "See https://bit.ly/1 https://n.example/b"


def test_an_article_is_read_with_its_title(reader: XConnector) -> None:
    article = {"title": "Budget 2026", "plain_text": "The whole text"}
    record = one(reader, post(text="https://t.co/x", article=article)).record
    assert record is not None
    assert (record.title, record.text) == ("Budget 2026", "The whole text")


def test_a_hostile_media_object_costs_no_record(reader: XConnector) -> None:
    bad = {"media_key": "3_1", "type": "photo", "url": "http://n.example:port/"}
    media = [bad, {"media_key": "3_2", "type": 5}]
    item = post(attachments={"media_keys": ["3_1", "3_2"]})
    body = json.dumps({"data": [item], "includes": {"media": media}, "meta": {"result_count": 1}}).encode()
    assert list(reader.addresses(response(body))) == []
    assert one(reader, item, media=media).record is not None


def test_unknown_fields_of_post_and_author_are_told(reader: XConnector) -> None:
    user = {"id": COUNCIL, "name": "N", "username": "n", "aura": 3}
    assert one(reader, post(mood="calm"), users=[user]).leftover == ("mood", "user.aura")


def test_every_exhibit_reads_again_from_its_kept_bytes(stage: Stage) -> None:
    item = stage.posts(1)[0]
    stage.world.edit(item, "Corrected")
    connector = stage.connector()
    for exhibit in stage.run().exhibits:
        kept = replace(exhibit, header=bytes(bytearray(exhibit.header)))
        assert connector.read(kept) == connector.read(exhibit)
        assert msgspec.json.decode(kept.header)["response"]["connector_version"] == XConnector.version
