"""HTML is hostile input: words and http addresses come out of it, nothing else."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.html import _tags, files_in, links_in, plain
from schemas.digests import TRANSFORMS

BASE = "https://news.northbeck.example/bins/"


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<p>One</p>\n<p>Two &amp; three<br/>four</p>", "One\nTwo & three\nfour"),
        ("<script>steal()</script><style>p{}</style><!-- no -->yes", "yes"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("", ""),
        ("a &lt; b and c &gt; d", "a < b and c > d"),
    ],
)
def test_only_what_a_reader_sees_is_text(markup: str, words: str) -> None:
    assert plain(markup) == words


def test_links_are_absolute_once_and_of_the_web_only() -> None:
    markup = (
        '<a href="/a">1</a> <a class=x href=\'https://b.example/?q=1&amp;r=2\'>2</a> <a href="/a">again</a>'
        '<a href="javascript:x()">no</a> <a href="mailto:a@b.example">no</a> <a>no</a>'
        '<a href="http://[::1">no</a>'
    )
    assert links_in(markup, BASE) == ("https://news.northbeck.example/a", "https://b.example/?q=1&r=2")


def test_files_are_known_by_address_without_what_passes() -> None:
    markup = (
        '<img src="https://cdn.example/bin.png?oe=1" alt="A &quot;bin&quot;"/>'
        '<img src="https://cdn.example/bin.png?oe=2"><img class="wp-smiley" src="https://s.w.org/x.png">'
        '<img src="data:image/png;base64,AA" data-src="/lazy.jpg"><video><source src="/film.mp4"></video>'
        '<audio src="/talk.mp3"></audio><a href="/Agenda.PDF">Agenda</a>'
    )
    assert [(ref.native_id, ref.kind, ref.alt_text) for ref, _ in files_in(markup, BASE)] == [
        ("cdn.example/bin.png", "image", 'A "bin"'),
        ("news.northbeck.example/lazy.jpg", "image", None),
        ("news.northbeck.example/film.mp4", "video", None),
        ("news.northbeck.example/talk.mp3", "audio", None),
        ("news.northbeck.example/Agenda.PDF", "document", None),
    ]


def test_moving_a_site_or_a_theme_is_no_edit_and_another_file_is() -> None:
    references = TRANSFORMS["references-1"]
    before = '<img src="http://a.example/u/bin-300x200.png?v=1"><a href="http://a.example/x">x</a>'
    after = '<img class=z data-src="https://cdn.example/bin-1024x683.png"><a href="https://a.example/x">x</a>'
    other = '<img src="http://a.example/u/can.png"><a href="http://a.example/x">x</a>'
    assert references(before) == references(after) == [["bin.png"], ["a.example/x"]]
    assert references(before) != references(other)
    assert references(None) is None


def test_hostile_markup_is_read_in_a_moment() -> None:
    for markup in ("<a " * 9_000, "<img src='" * 9_000, "<script>" * 2_000, "<!--" * 9_000):
        assert list(files_in(markup, BASE)) == []
        TRANSFORMS["references-1"](markup)


@given(
    st.lists(
        st.sampled_from(
            ["<a", "<a ", "<A\n", "<img ", "<b", ">", "<", "href='x'", "src='p'", "x" * 1000, "'", " "]
        ),
        max_size=30,
    ).map("".join)
)
def test_tags_are_those_that_one_pattern_finds(markup: str) -> None:
    for name in ("a", "img"):
        pattern = re.compile(rf"(?is)<({name})\b([^>]{{0,4000}})>")
        assert list(_tags(re.compile(rf"(?i)<({name})\b"), markup)) == pattern.findall(markup)


@pytest.mark.parametrize("piece", ["<a ", "<img ", "<a href='", "<video src=", "<a>"])
def test_no_markup_takes_longer_than_its_length(piece: str) -> None:
    def took(length: int) -> float:
        markup = piece * (length // len(piece))
        began = time.process_time()
        links_in(markup, "https://a.example/")
        list(files_in(markup, "https://a.example/"))
        return time.process_time() - began

    short = took(60_000)
    assert took(480_000) < 24 * short + 1  # eight times as long; by its square it would be 64 times
