"""Named transforms are frozen: how fast they are may change, what they give may not."""

import html
import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.digests import TRANSFORMS

PIECES = st.sampled_from(
    [
        *" \n\t\r\u00a0\u2028\x0b\x0c\x1c\x85",
        "<p>",
        "</p>",
        "<br/>",
        "&amp;",
        "&nbsp;",
        "a",
        "é",
        "e\u0301",
        "<b",
        "<br",
        "<!--",
        "-->",
        "<script>",
        "</script >",
        "<SCRIPT src='a'>",
        "</Script>",
        "<style",
        "</style>",
        "<\u017fcript>",
        "</\u017fcript>",
        "<scr\u0130pt>",
        ">",
        "word",
    ]
)


def visible_text_1(value: str) -> str:
    """Return what `visible-text-1` was defined as at first."""
    text = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>|<!--.*?-->", "", value)
    text = re.sub(r"(?i)<(?:br|/p|/div|/li|/h[1-6]|/tr|/blockquote)\b[^>]*>", "\n", text)
    text = unicodedata.normalize("NFC", html.unescape(re.sub(r"<[^<>]*>", "", text)))
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"[^\S\n]+", " ", text)).strip()


@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=80))
def test_visible_text_1_gives_what_it_always_gave(value: str) -> None:
    assert TRANSFORMS["visible-text-1"](value) == visible_text_1(value)


@pytest.mark.parametrize(
    "piece", ["<!--", "<script>", "<style ", "<br ", "<", "</p", "&#", "<!-- --", "</script"]
)
@pytest.mark.parametrize("last", ["", ">", "-->", "</style>"])
def test_no_text_takes_longer_than_its_length(piece: str, last: str) -> None:
    """Half a megabyte of openings without an end took a quarter of an hour."""
    began = time.process_time()
    TRANSFORMS["visible-text-1"](piece * (500_000 // len(piece)) + last)
    assert time.process_time() - began < 60


@pytest.mark.parametrize(
    ("name", "value", "given_since"),
    [
        ("visible-text-1", "<p>Bins &amp;\u00a0 more</p><p>Monday</p>", "Bins & more\nMonday"),
        (
            "references-1",
            '<a href="https://a.example/x">x</a><img src="/u/a-10x20.png">',
            [["a.png"], ["a.example/x"]],
        ),
        ("as-is", {"a": 1}, {"a": 1}),
    ],
)
def test_a_published_transform_never_changes(name: str, value: object, given_since: object) -> None:
    assert TRANSFORMS[name](value) == given_since
    assert TRANSFORMS[name](None) is None
