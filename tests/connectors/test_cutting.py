"""Headers are read as they were written, and items are found where they stand."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.cutting import HeaderMaker, HeaderReader, Span, spans_of
from schemas.capture import Response


class Asked(msgspec.Struct):
    address: str
    capture_id: str


def response(address: str = "https://site.example/list") -> Response:
    return Response(
        capture_id="capture-1",
        walk_id="walk-1",
        fetched_at=datetime(2026, 5, 1, tzinfo=UTC),
        server_date=None,
        method="GET",
        address=address,
        sent=b"",
        endpoint="/list",
        status=200,
        headers={"x-odd": ',"spans":[[[0,1]]]'},
        body=b"{}",
        api_version="v1",
        connector_version="1",
    )


@pytest.mark.parametrize("record_id", ["x:1", 'odd:","response":{"a":1},"spans":[[[9,9]]]', "", "ŵ\\"])
@pytest.mark.parametrize(
    ("spans", "whole"),
    [
        ([[(0, 9)]], True),
        ([[(0, 9)], [(3, 4), (5, 6)]], True),
        ([[(0, 3), (5, 9)]], False),
        ([[(0, 3), (5, 9)], []], False),
    ],
)
def test_a_header_says_what_was_put_into_it(record_id: str, spans: list[list[Span]], *, whole: bool) -> None:
    header = HeaderMaker(response()).exhibit(record_id, (b"part",), spans).header
    reader = HeaderReader(Asked)
    told = msgspec.json.decode(header)
    assert told["record_id"] == record_id
    assert told["spans"] == [[list(segment) for segment in part] for part in spans]
    for _ in range(2):
        assert reader.facts(header) == Asked(address="https://site.example/list", capture_id="capture-1")
    assert reader.spans(header) == spans
    assert reader.is_whole(header) is whole


def test_headers_of_other_responses_are_told_apart() -> None:
    reader = HeaderReader(Asked)
    for address in ("https://one.example", "https://two.example", "https://one.example"):
        header = HeaderMaker(response(address)).exhibit("x:1", (b"part",)).header
        assert reader.facts(header).address == address


def test_what_is_no_header_is_refused() -> None:
    with pytest.raises(ValueError, match="not found"):
        HeaderReader(Asked).facts(b"{}")


@given(st.lists(st.binary(min_size=1, max_size=80), max_size=8), st.binary(max_size=40))
def test_items_are_found_one_after_the_other(items: list[bytes], between: bytes) -> None:
    body = between + between.join(items) + between
    spans = spans_of(body, items)
    assert [body[start:end] for start, end in spans] == items
    start = 0
    for item, span in zip(items, spans, strict=True):
        assert span[0] == body.index(item, start)
        start = span[1]


def test_an_item_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="not found"):
        spans_of(b'[{"a":1}]', [b'{"a":2}'])
