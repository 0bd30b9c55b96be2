"""What a text bears is told by its pieces exactly as by all its tokens, whatever the text is made of."""

from hypothesis import example, given
from hypothesis import strategies as st

from muniment.search.match import holds
from muniment.search.parse import parse
from muniment.search.terms import Term, Terms, terms_of
from muniment.search.tokens import GAP, streams
from muniment.search.tree import Stream, leaves

PIECES = st.sampled_from(
    [
        *(
            "bins",
            "Bins!",
            "(bin's)",
            "collected,",
            "Collecting",
            "re-cycling",
            "b'ins",
            "O\u2019Neill",
            "DON\u02bcT",
        ),
        *(
            "skies",
            "dying",
            "happily",
            "ffilm",
            "Tŷ",
            "tŷ",
            "Nghaerdydd",
            "ŵyl",
            "w\u0302yl",
            "STRASSE",
            "straße",
        ),
        *("WV1", "1SH", "wv1", "1sh,", "(WV1", "1st", "WV1-1SH", "x/WV1", "1SH.", "E17", "#WV1", "\u2460SH"),
        *(
            "🚮",
            "👍🏽",
            "👍",
            "🏽",
            "🇬🇧",
            "bins🚮bins",
            "#BinDay",
            "@resident",
            "#fly-tip",
            "£1,500.50",
            "COVID-19",
        ),
        *(
            "https://www.example.org/bins?day=1",
            "example.org",
            "bins@example.org",
            GAP,
            "!!!",
            "ﬃ",
            "\ud800",
            "x" * 250,
        ),
    ]
)
TEXTS = st.one_of(
    st.lists(st.tuples(PIECES, st.sampled_from([" ", "  ", "\n", "\u00a0", "\u2003"])), max_size=8).map(
        lambda some: "".join(map("".join, some))
    ),
    st.text(st.characters(), max_size=40),
)
ASKED = [
    leaf
    for typed in (
        *(
            "bins",
            "=bins",
            "=Bins",
            "collect",
            "recycling",
            "oneill",
            "dont",
            "sky",
            "die",
            "happy",
            "ty",
            "ŵyl",
            "strasse",
        ),
        *(
            "wv11sh",
            "WV1",
            '"WV1 1SH"',
            "wv1*",
            "*1sh",
            "wv11s?",
            "wv11sj~1",
            "bon~1",
            "#binday",
            "day",
            "@resident",
        ),
        *(
            "🚮",
            "👍",
            "👍🏽",
            "£1500.50",
            "covid19",
            '"bins collected"',
            "bins NEAR/3 collected",
            "b*s",
            "example.org",
            "ffi",
        ),
    )
    for leaf in leaves(parse(typed).tree, negated=True)
]
TERMS = sorted({term for leaf in ASKED for term in terms_of(leaf)}, key=repr)


def borne(term: Term, text: str) -> bool:
    tokens = {stream: joined.split() for stream, joined in zip(Stream, streams(text), strict=True)}
    return term[1] in tokens[Stream(term[0])] if isinstance(term, tuple) else holds(term, tokens)


@given(st.lists(TEXTS, min_size=1, max_size=3), st.sets(st.sampled_from(TERMS)))
@example(["WV1 1SH", "wv1 \u2003 1sh,", "1SH WV1"], set(TERMS))
def test_its_pieces_tell_what_a_text_bears(texts: list[str], asked: set[Term]) -> None:
    terms = Terms(asked)
    for text in texts:
        assert terms.in_text(text) == {term for term in asked if borne(term, text)}


@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_any_token_of_a_text_may_be_asked_for(texts: list[str]) -> None:
    every = {
        (stream.value, one)
        for stream in Stream
        for text in texts
        for one in streams(text)[stream == "s"].split()
    }
    terms = Terms(every)
    for text in texts:
        assert terms.in_text(text) == {term for term in every if borne(term, text)}


@given(TEXTS)
def test_a_leaf_matches_no_text_that_lacks_one_of_its_terms(text: str) -> None:
    tokens = {stream: joined.split() for stream, joined in zip(Stream, streams(text), strict=True)}
    for leaf in ASKED:
        assert not holds(leaf, tokens) or terms_of(leaf) <= Terms(terms_of(leaf)).in_text(text)
