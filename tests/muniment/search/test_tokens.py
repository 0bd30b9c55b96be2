"""The tokeniser keeps its promises: the table of the query language, and the shape every engine relies on."""

# ruff: noqa: RUF001 -- letters that look alike are what is tested here

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import tantivy
from hypothesis import given
from hypothesis import strategies as st

from muniment.search import tokens
from muniment.search.tokens import GAP, MAX_TOKEN_UNITS, spans, stem, streams

GAPS = [GAP] * 4

WOLVES = ("wolves council", "wolv council")
TABLE = [
    ("don't don’t", "dont dont", "dont dont", []),
    ("council's Councils’", "council councils", "council council", []),
    ("#BinDay", "binday", "binday", ["#binday", "bin day"]),
    (
        "@WolvesCouncil",
        "wolvescouncil",
        "wolvescouncil",
        ["@wolvescouncil", ("wolves council", "wolv council")],
    ),
    ("£1,500.50 £2m", "1500.50 2m", "1500.50 2m", ["£1500.50", "£2m"]),
    ("COVID-19", "covid 19", "covid 19", ["covid19"]),
    ("9am-5pm", "9am 5pm", "9am 5pm", ["9am5pm"]),
    ("WV1 1SH", "wv1 1sh", "wv1 1sh", ["wv11sh"]),
    ("👍🏽 ❤️ 🇬🇧", "👍 ❤ 🇬🇧", "👍 ❤ 🇬🇧", ["👍🏽", "❤️"]),
    (
        "www.wolves.gov.uk/bins-news?a=1",
        "wolves.gov.uk bins news",
        "wolves.gov.uk bin news",
        ["wolves.gov.uk/bins-news?a=1"],
    ),
    ("https://t.co/AbC123.", "t.co", "t.co", ["t.co/abc123"]),
    ("gov.uk", "gov uk", "gov uk", []),
    ("U.K.", "u k", "u k", []),
    ("24/7", "24 7", "24 7", []),
    ("info@leeds.gov.uk", "info leeds gov uk", "info leeds gov uk", ["info@leeds.gov.uk"]),
    ("café tŷ Llanfairpwll", "cafe ty llanfairpwll", "cafe ty llanfairpwl", []),
    ("12/03/2023 10.30am 1,000", "12 03 2023 10.30am 1000", "12 03 2023 10.30am 1000", []),
    ("O'Neill Straße école", "oneill strasse ecole", "oneil strass ecol", []),
]

AWKWARD = [
    "ᴼᶠ ⅣⅧ ﬁsh ½ ŉ İstanbul ΟΔΟΣ",
    "ﷺ and ͺ bring spaces in",
    "e\u0301cole n\u0303",
    "\ud800 lone \udfff",
    "👨‍👩‍👧‍👦👨‍👩‍👧‍👦 🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f 🏽",
    "#___ @. ## £ =-- ' ’s",
    "http:// https://// www. http://İ.uk/ΑΣ/İ",
    "a" * 5_000 + " " + "ŷ" * 300 + " " + "𝒜b" * 150,
    "#" + "Ab" * 400,
    "\u241e \u2029 \x85 \x1c\x1f",
    "covid-" * 100 + "19",
    "x@" + "y." * 500 + "uk",
]


@pytest.mark.parametrize(("text", "exact", "stemmed", "extras"), TABLE)
def test_every_row_of_the_table_gives_its_tokens(
    text: str, exact: str, stemmed: str, extras: list[str | tuple[str, str]]
) -> None:
    pairs = [(extra, extra) if isinstance(extra, str) else extra for extra in extras]
    tail = [" ".join(pair[which] + " " + GAP for pair in pairs) for which in (0, 1)]
    want = [
        " ".join([main, *GAPS, end] if end else [main])
        for main, end in zip((exact, stemmed), tail, strict=True)
    ]
    assert list(streams(text)) == want


def test_the_joined_form_is_stemmed_in_the_stem_stream() -> None:
    exact, stemmed = streams("fly-tipping")
    assert exact.split()[-2:] == ["flytipping", GAP]
    assert stemmed.split()[-2:] == [stem("flytipping"), GAP] == ["flytip", GAP]


def test_accents_do_not_cut_a_compound_tag_in_pieces() -> None:
    assert "cafe culture" in streams("#CaféCulture")[0]


def test_a_lone_gap_keeps_a_title_apart() -> None:
    assert streams(f"Bin {GAP} day")[0] == f"bin {GAP} day"


def test_a_token_is_cut_at_200_utf16_units_and_never_inside_a_character() -> None:
    assert streams("b" * 300)[0] == "b" * 200
    assert streams("𠮷" * 150)[0] == "𠮷" * 100
    assert streams("b" + "𠮷" * 150)[0] == "b" + "𠮷" * 99


def check_shape(text: str) -> None:
    exact, stemmed = (stream.split(" ") if stream else [] for stream in streams(text))
    assert len(exact) == len(stemmed)
    assert [token == GAP for token in exact] == [token == GAP for token in stemmed]
    for token in (*exact, *stemmed):
        assert token
        assert token == token.lower()
        assert len(token.encode("utf-16-le")) <= 2 * MAX_TOKEN_UNITS
        assert not any(character.isspace() for character in token)
    marked = [token for span in spans(text) for token in span.exact]
    assert marked == (exact[: exact.index(GAP)] if GAP in exact and GAP not in text else marked)
    assert all(0 <= span.start < span.end <= len(text) for span in spans(text))


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_text_keeps_the_shape(text: str) -> None:
    check_shape(text)


@given(st.text(st.characters()))
def test_any_unicode_keeps_the_shape(text: str) -> None:
    check_shape(text)


@given(st.text("aB#@£1.,:'’- /5\u0301İſΣ👍🏽\u200d\ufe0fhttp:w", max_size=60))
def test_dense_mixtures_keep_the_shape(text: str) -> None:
    check_shape(text)


@given(st.lists(st.sampled_from([*(row[0] for row in TABLE), *AWKWARD]), max_size=6))
def test_tantivy_cuts_the_streams_where_we_do(texts: list[str]) -> None:
    analyser = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    for stream in streams(" ".join(texts)):
        assert analyser.analyze(stream) == stream.split()


@given(st.lists(st.text(st.characters(codec="utf-8"))))
def test_threads_read_alike(texts: list[str]) -> None:
    alone = [streams(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(streams, texts)) == alone


@pytest.mark.parametrize(
    "hostile", ["a.", "a@", "-a", "#a.", "1,", "a'", "http:", "👍\u200d", "£1,", "a-", "𝒜"]
)
def test_a_hostile_piece_is_read_in_time_proportional_to_its_length(hostile: str) -> None:
    def took(times: int) -> float:
        began = time.process_time()
        streams(hostile * times)
        return time.process_time() - began

    short = took(4_000)
    assert took(32_000) < 24 * short + 1  # eight times as long; by its square it would be 64 times


def test_spans_point_at_the_text_even_where_it_is_not_composed() -> None:
    text = "e\u0301cole, #BinDay"
    found = [(text[span.start : span.end], span.exact) for span in spans(text)]
    assert found == [("e\u0301cole,", ("ecole",)), ("#BinDay", ("binday",))]


@given(st.from_regex(r"[(\"']{0,2}([a-zA-Z]{1,12}|[0-9]{1,9})[.,!?;:)\"']{0,3}", fullmatch=True))
def test_the_short_way_for_plain_words_and_numbers_reads_as_the_long_one(piece: str) -> None:
    assert tokens._piece(piece) == tokens._compound_piece(piece)
