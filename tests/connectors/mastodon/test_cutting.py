"""Cutting Mastodon's answers, pure: items and the rest give every body back, byte for byte."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.item import Media
from connectors.mastodon import MastodonConnector
from connectors.mastodon.wire import AROUND, CONTEXT, HISTORY, MESSAGES, ROOT, STATUS, STATUSES
from schemas.digests import canonical
from schemas.errors import MalformedItemError
from schemas.vocabulary import Stream
from tests.connectors import golden
from tests.connectors.mastodon_stage import URI, Stage, gives_back, response


def told(**more: Any) -> dict[str, Any]:
    """Return a status as the recorded one has it, with these changes."""
    (found,) = json.loads(f"[{golden.load('mastodon', 'recorded-status').body.decode()}]")
    return {**found, "id": "20", "uri": URI, **more}


# ---- exact bytes ------------------------------------------------------------------------------------------

TEXTS = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=80
)
STATUSES_TOLD = st.fixed_dictionaries(
    {
        "content": TEXTS,
        "visibility": st.sampled_from(["public", "unlisted", "private", "direct"]),
        "edited": st.booleans(),
        "quotes": st.booleans(),
        "space": st.sampled_from(["", " ", "\n  "]),
    }
)


def spelt(number: int, about: dict[str, Any], parent: int | None) -> str:
    """Return a status in JSON; some quote the one before, letter by letter."""
    item: dict[str, Any] = told(
        id=str(number),
        uri=f"https://n.example/{number}",
        content=about["content"],
        visibility=about["visibility"],
        in_reply_to_id=None if parent is None else str(parent),
    )
    if about["quotes"]:
        item["quote"] = {"state": "accepted", "quoted_status": told(id="1", uri="https://n.example/1")}
    return json.dumps(item, ensure_ascii=about["edited"], indent=1 if about["space"] else None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    about=st.lists(STATUSES_TOLD, max_size=6), above=st.lists(STATUSES_TOLD, max_size=3), swap=st.booleans()
)
def test_items_and_the_rest_give_every_body_back(
    reader: MastodonConnector, about: list[dict[str, Any]], above: list[dict[str, Any]], *, swap: bool
) -> None:
    glue = about[0]["space"] if about else ""
    items = [spelt(number, each, number - 1 or None) for number, each in enumerate(about, 1)]
    before = [spelt(100 + number, each, None) for number, each in enumerate(above)]
    page = f"{glue}[{f',{glue}'.join(items)}]{glue}"
    parts = [f'"ancestors":{glue}[{",".join(before)}]', f'"descendants" : {page}']
    tree = "{" + ",".join(reversed(parts) if swap else parts) + "}"
    asked = canonical({"id": "0", "uri": "https://n.example/0", "thread": "https://n.example/0"})
    kept = [each for each in about if each["visibility"] not in MESSAGES]
    kept_above = [each for each in above if each["visibility"] not in MESSAGES]
    for body, endpoint, context, count in (
        (page, STATUSES, (), len(kept)),
        (tree, CONTEXT, (asked,), len(kept)),
        (tree, AROUND, (asked,), len(kept) + len(kept_above)),
    ):
        answer = response(body.encode(), endpoint, context=context)
        exhibits = list(reader.exhibits(answer))
        assert len(exhibits) == count
        gives_back(answer, exhibits)
        for exhibit in exhibits:
            assert reader.read(exhibit) == reader.read(exhibit)


def test_every_body_of_the_fake_is_given_back(stage: Stage) -> None:
    post = stage.post("One", media=[Media(id="m", alt="A bin")])
    answer = stage.comment(post, "Two", author=stage.stranger)
    stage.comment(answer, "Three", author=stage.council)
    stage.world.edit(answer, "Two, corrected")
    connector = stage.connector()
    found = [*stage.run().responses, *stage.thread(post).responses, *stage.by_id(answer, post).responses]
    found += stage.run(stream=Stream.PROFILE).responses
    for each in found:
        gives_back(each, list(connector.exhibits(each)))
    assert {each.endpoint for each in found} >= {STATUSES, CONTEXT, AROUND, ROOT, HISTORY, STATUS}


def test_an_exhibit_holds_its_own_status_and_nobody_elses(stage: Stage) -> None:
    post = stage.post()
    stage.comment(post, "From one")
    stage.comment(post, "From another", author=stage.stranger)
    found = stage.thread(post)
    kept = {
        reading.record.text: exhibit.header + b"".join(exhibit.parts)
        for reading, exhibit in zip(found.readings, found.exhibits, strict=True)
        if reading.record
    }
    assert b"stranger" not in kept["From one"]
    assert stage.stranger.id.encode() not in kept["From one"]
    assert b"From another" not in kept["From one"]


def test_a_header_of_a_thread_names_that_thread_only(stage: Stage) -> None:
    first, second = stage.posts(2)
    stage.comment(first, "One")
    stage.comment(second, "Two")
    found = stage.thread(first, second)
    told_of = {
        r.record.text: e.header for r, e in zip(found.readings, found.exhibits, strict=True) if r.record
    }
    assert second.native_id.encode() not in told_of["One"]
    assert first.native_id.encode() not in told_of["Two"]


@pytest.mark.parametrize("endpoint", [STATUSES, CONTEXT, AROUND, HISTORY, ROOT])
@pytest.mark.parametrize(
    "body", [b"", b"5", b"null", b"<html>", b'{"descendants":5}', b'[{"id":1}', b'[{"id":"1"}]']
)
def test_a_body_that_cannot_be_cut_says_so(reader: MastodonConnector, endpoint: str, body: bytes) -> None:
    if endpoint == HISTORY and body == b'[{"id":"1"}]':
        return  # an entry needs no name: it is read, and filed as unread
    asked = canonical({"id": "0", "uri": URI, "thread": URI})
    context = (asked, asked) if endpoint == HISTORY else (asked,)
    with pytest.raises(MalformedItemError):
        list(reader.exhibits(response(body, endpoint, context=() if endpoint == STATUSES else context)))


def test_an_item_without_a_name_is_filed_by_its_bytes(reader: MastodonConnector) -> None:
    nameless = told()
    del nameless["uri"]
    (exhibit,) = reader.exhibits(response([nameless]))
    assert exhibit.record_id.startswith("mastodon:unread:")
    with pytest.raises(MalformedItemError):
        reader.read(exhibit)


def test_a_nameless_letter_is_not_filed_even_so(reader: MastodonConnector) -> None:
    letter = told(visibility="direct")
    del letter["uri"]
    assert list(reader.exhibits(response([letter]))) == []
