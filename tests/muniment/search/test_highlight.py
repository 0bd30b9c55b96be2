"""What a query found is marked, and nothing in a text can act on the reader's terminal or page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.search.highlight import Piece, excerpt, highlight, to_html, to_terminal
from muniment.search.parse import parse


@pytest.mark.parametrize(
    ("typed", "text", "marked"),
    [
        ("bins", "Bin, BINS and cabins", "[Bin], [BINS] and cabins"),
        ("=bins", "Bin, BINS", "Bin, [BINS]"),
        ('"bin day"', "bin and bin day. Day", "bin and [bin] [day]. Day"),
        ('"bin day"', "#BinDay", "[#BinDay]"),
        ("#binday", "#BinDay binday", "[#BinDay] binday"),
        ("fly-tipping", "flytipping, fly tipping", "[flytipping], [fly] [tipping]"),
        ("wv11sh", "at WV1 1SH now", "at [WV1] [1SH] now"),
        ("wolves.gov.uk", "see www.wolves.gov.uk/a", "see [www.wolves.gov.uk/a]"),
        ("a -b", "a b", "[a] b"),
        ("a OR platform:b", "a b", "[a] b"),
        ("coll*", "Collect, #CollDay, recollect", "[Collect], [#CollDay], recollect"),
        ("*hole*", "potholes", "[potholes]"),
        ("potole~", "the Pothole", "the [Pothole]"),
        ("missed NEAR/2 bin", "bin, bin they missed. Missed", "bin, [bin] they [missed]. Missed"),
        ('"penn road" NEAR/2 at', "at Penn Road, penn", "[at] [Penn] [Road], penn"),
        ("ecole", "e\u0301cole!", "[e\u0301cole!]"),
    ],
)
def test_what_was_found_is_marked(typed: str, text: str, marked: str) -> None:
    pieces = highlight(text, parse(typed).tree)
    assert "".join(f"[{piece.text}]" if piece.hit else piece.text for piece in pieces) == marked


@given(st.text(), st.sampled_from(["a", "a b", '"a b"', "a-b", "#a OR @b", "*ab*", "aab~", "a w/2 b"]))
def test_the_pieces_are_the_text(text: str, typed: str) -> None:
    pieces = highlight(text, parse(typed).tree)
    assert "".join(piece.text for piece in pieces) == text


@given(st.text(max_size=200), st.integers(1, 50))
def test_an_excerpt_is_short_and_holds_the_first_hit(text: str, width: int) -> None:
    pieces = highlight(text, parse("a").tree)
    short = excerpt(pieces, width)
    assert sum(len(piece.text) for piece in short) <= width + 2
    assert any(piece.hit for piece in short) == any(piece.hit for piece in pieces)


def test_a_text_cannot_steer_the_terminal() -> None:
    text = "\x1b]0;owned\x07bins\x9b2J\u202e\r"
    assert (
        to_terminal([Piece(text, hit=False), Piece("bins\x1b[2J", hit=True)])
        == "]0;ownedbins2J\x1b[1mbins[2J\x1b[0m"
    )


def test_a_text_cannot_act_on_a_page() -> None:
    assert to_html([Piece('<script>"&', hit=False), Piece("<b>", hit=True)]) == (
        "&lt;script&gt;&quot;&amp;<mark>&lt;b&gt;</mark>"
    )
