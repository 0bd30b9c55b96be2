"""Who lists the words of an index is told of each word that a text brings, whatever was met before."""

from hypothesis import given
from hypothesis import strategies as st

from muniment.search.tokens import GAP, streams
from muniment.search.words_met import WordsMet

TRICKY = """
t.co https://t.co www.t.co/Ab T.CO, WV1 1SH wv1-1sh #BinDay Bin bin. (BIN) Straße strasse don't dont £1,500
1500 👍🏽 fly-tipping flytipping and/or or @some.one info@leeds.gov.uk
""".split()  # noqa: SIM905 -- read by people
PIECES = st.one_of(st.text(min_size=1, max_size=12), st.sampled_from([*TRICKY, GAP, "x" * 61, "y" * 150]))
TEXTS = st.lists(st.lists(PIECES, max_size=8).map(" ".join), max_size=8)


@given(portions=st.lists(TEXTS, max_size=4))
def test_every_word_of_every_text_is_told_and_no_other(portions: list[list[str]]) -> None:
    met = WordsMet()
    told: set[str] = set()
    for texts in portions:
        made = [streams(text, met) for text in texts]
        assert made == [streams(text) for text in texts]
        words = {token for exact, _ in made for token in exact.split()} - {GAP}
        taken = set(" ".join(met.take()).split())
        told |= taken
        assert words <= told
        assert taken <= words | {GAP}
    assert met.take() == set()
