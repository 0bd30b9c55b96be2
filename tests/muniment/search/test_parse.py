"""A query means what the table of the language says; what is only odd is hinted at, or read as text."""

# ruff: noqa: RUF001 -- people paste typographic quotation marks

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.search.errors import QueryError
from muniment.search.explain import explain
from muniment.search.parse import parse
from muniment.search.tree import (
    And,
    Everything,
    Fuzzy,
    Keyword,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Range,
    Records,
    Stream,
    Wildcard,
    Word,
)


def s(token: str) -> Word:
    return Word(Stream.STEM, token)


def x(token: str) -> Word:
    return Word(Stream.EXACT, token)


def phrase(*tokens: str, stream: Stream = Stream.EXACT) -> Phrase:
    return Phrase(stream, tokens)


HELD = Records(frozenset({"x:1", "x:2"}))
LIVE, MISSING, GONE = (Keyword("state", state) for state in ("live", "missing", "gone"))

MEANINGS: list[tuple[str, Node]] = [
    ("council tax", And((s("council"), s("tax")))),
    ("a AND b", And((s("a"), s("b")))),
    ("a and b", And((s("a"), s("and"), s("b")))),
    ("a OR b c", Or((s("a"), And((s("b"), s("c")))))),
    ("a || b && c", Or((s("a"), And((s("b"), s("c")))))),
    ("(a OR b) c", And((Or((s("a"), s("b"))), s("c")))),
    ("-a", Not(s("a"))),
    ("NOT a", Not(s("a"))),
    ("--a", s("a")),
    ("a NOT (b OR c)", And((s("a"), Not(Or((s("b"), s("c"))))))),
    ('"bin days"', phrase("bin", "days")),
    ("“bin days”", phrase("bin", "days")),
    ('-"bin days"', Not(phrase("bin", "days"))),
    ('"#BinDay"', x("binday")),
    ('"covid-19"', phrase("covid", "19")),
    ("=bins", x("bins")),
    ("=“bins”", x("bins")),
    ("bins?", s("bin")),
    ("really?!", s("realli")),
    ("👍🏽", s("👍")),
    ("=👍🏽", x("👍🏽")),
    ("#BinDay", x("#binday")),
    ("@WolvesCouncil", x("@wolvescouncil")),
    ("£1,500", x("£1500")),
    ("a@b.uk", x("a@b.uk")),
    ("https://t.co/AbC", x("t.co/abc")),
    ("wolves.gov.uk", Or((x("wolves.gov.uk"), phrase("wolves", "gov", "uk")))),
    ("www.wolves.gov.uk.", Or((x("wolves.gov.uk"), phrase("wolves", "gov", "uk")))),
    ("covid-19", Or((phrase("covid", "19", stream=Stream.STEM), s("covid19")))),
    ("fly-tipping", Or((phrase("fli", "tip", stream=Stream.STEM), s("flytip")))),
    ("=fly-tipping", Or((phrase("fly", "tipping"), x("flytipping")))),
    ("don’t", s("dont")),
    ("foo:bar", And((s("foo"), s("bar")))),
    ("10:30am", s("10:30am")),
    ("platform:X", Keyword("platform", "x")),
    ('account:"Parks & Leisure"', Keyword("account", "parks & leisure")),
    ("author:@Some.One", Keyword("author", "some.one")),
    ("kind:Comment", Keyword("kind", "comment")),
    ("state:live", LIVE),
    ("hidden:yes", Keyword("state", "hidden")),
    ("deleted:yes", Or((MISSING, GONE))),
    ("deleted:no", Not(Or((MISSING, GONE)))),
    ("edited:yes", Range("edited", 1, 1)),
    ("edited:no", Not(Range("edited", 1, 1))),
    ("date:2023-01-05", Range("day", 20230105, 20230105)),
    ("date:[2023-01-01 TO *]", Range("day", 20230101, None)),
    ("date:[* to 2023-01-31]", Range("day", None, 20230131)),
    ("class:Complaint", Keyword("class", "complaint")),
    ("hold:yes", HELD),
    ("hold:No bins", And((Not(HELD), s("bin")))),
    ("bins NEAR/3 missed", Near(Stream.STEM, ("bin",), ("miss",), 3)),
    ("bins w/3 missed", Near(Stream.STEM, ("bin",), ("miss",), 3)),
    ("bins NEAR/1 =missed", Near(Stream.EXACT, ("bins",), ("missed",), 1)),
    ('potholes NEAR/5 "penn road"', Near(Stream.EXACT, ("potholes",), ("penn", "road"), 5)),
    ('"#BinDay" NEAR/20 fly-tipping', Near(Stream.EXACT, ("binday",), ("fly", "tipping"), 20)),
    ("a OR -b w/2 c d", Or((s("a"), And((Not(Near(Stream.STEM, ("b",), ("c",), 2)), s("d")))))),
    ('"a b"~3', Near(Stream.EXACT, ("a",), ("b",), 4)),
    ('"a b c"~1', And((Near(Stream.EXACT, ("a",), ("b",), 2), Near(Stream.EXACT, ("b",), ("c",), 2)))),
    ('"a b c"~0', phrase("a", "b", "c")),
    ('"a"~5', x("a")),
    ("coll*", Wildcard("coll*")),
    ("Coll**?", Wildcard("coll*")),
    ("=b?n*", Wildcard("b?n*")),
    ("*hole*", Wildcard("*hole*")),
    ("f***ing", Wildcard("f*ing")),
    ("(cafe*)", Wildcard("cafe*")),
    ("\u00e9cole*", Wildcard("ecole*")),
    ("don't*", Wildcard("dont*")),
    ("don’t*", Wildcard("dont*")),
    ("council's*", Wildcard("council*")),
    ("covid-1*", Wildcard("covid1*")),
    ("1,50*", Wildcard("150*")),
    ("7.5*", Wildcard("7.5*")),
    ("#bin*", Wildcard("#bin*")),
    ("£1*", Wildcard("£1*")),
    ("*@leeds.gov.uk", Wildcard("*@leeds.gov.uk")),
    ("https://www.wolves.gov.uk/b*", Wildcard("wolves.gov.uk/b*")),
    ("road/str*", And((s("road"), Wildcard("str*")))),
    ("fuzz~", Fuzzy("fuzz", 1)),
    ("colect~", Fuzzy("colect", 2)),
    ("colect~1", Fuzzy("colect", 1)),
    ("don’t~", Fuzzy("dont", 1)),
    ("fly-tiping~", Fuzzy("flytiping", 2)),
    ("#bindya~", Fuzzy("#bindya", 2)),
    ("Date:[ 2023-01-01  TO 2023-01-31 ] -a", And((Range("day", 20230101, 20230131), Not(s("a"))))),
]


@pytest.mark.parametrize(("typed", "tree"), MEANINGS)
def test_a_query_means_what_the_language_says(typed: str, tree: Node) -> None:
    assert parse(typed, held=lambda: HELD.ids).tree == tree


@pytest.mark.parametrize(
    "typed", ["NEAR", "wildcard *", "a ? b", "a ~5 b", "near/5", "https://b.uk/?a=1*", "5 -- 6"]
)
def test_what_only_looks_like_an_operator_is_read_as_text(typed: str) -> None:
    parse(typed)


def test_holds_are_asked_only_when_the_query_speaks_of_them() -> None:
    def never() -> frozenset[str]:
        raise AssertionError

    assert parse("bins", held=never).tree == s("bin")
    with pytest.raises(QueryError, match="cannot be asked here"):
        parse("hold:yes")


@pytest.mark.parametrize(
    ("typed", "hints"),
    [
        ("bin or tax", ("“or” was left as a word. For either of two words write OR in capitals.",)),
        (
            "bin NEAR tax",
            ("“near” was left as a word. For words near each other write for example bin NEAR/5 missed.",),
        ),
        (
            "platforms:x bins",
            ("“platforms:” is not a field and was searched as a word. Did you mean platform: ?",),
        ),
        ('"bin or tax" bins https://x.uk 10:30am', ()),
        ("whether you pay or not the bins are emptied each week", ()),
    ],
)
def test_what_may_have_been_meant_otherwise_is_said(typed: str, hints: tuple[str, ...]) -> None:
    assert parse(typed).hints == hints


def test_pieces_without_a_letter_are_listed_as_ignored() -> None:
    assert parse('bins !!! -- "" day').ignored == ("!!!", "-", '""')


def test_filters_narrow_a_query_and_suffice_alone() -> None:
    days = Range("day", 20240101, 20240331)
    since, until = date(2024, 1, 1), date(2024, 3, 31)
    assert parse("bins", platforms=["Facebook"], since=since, until=until).tree == And(
        (s("bin"), Keyword("platform", "facebook"), days)
    )
    assert parse("", since=since, until=until).tree == days
    either = Or((Keyword("account", "a"), Keyword("account", "b")))
    assert parse(" ", accounts=["a", "b"]).tree == either


def attempt(typed: str) -> tuple[Node | None, QueryError | None]:
    try:
        return parse(typed).tree, None
    except QueryError as error:
        return None, error


def test_a_filter_never_turns_a_query_that_holds_nothing_into_all_records() -> None:
    with pytest.raises(QueryError):
        parse("!!!", platforms=["x"])


@given(
    st.text(
        st.sampled_from(list("abé5~w \"“”()-=*?~#@£:[]!,.|&'/5\u241e\ud800👍🏽")) | st.characters(),
        max_size=40,
    )
)
def test_whatever_is_typed_gives_a_tree_or_a_query_error(typed: str) -> None:
    tree, error = attempt(typed)
    assert tree != Everything()
    assert error is None or (error.remedy and 0 <= error.position <= len(typed))
    assert tree is None or explain(tree)


PIECES = [
    "AND",
    "OR",
    "NOT",
    "NEAR/3",
    "w/0",
    "ab*",
    "abc~",
    '"a b"~2',
    "b?c",
    "-",
    "(",
    ")",
    '"',
    "a",
    "b",
    "state:live",
    "date:[",
    "TO",
    "*",
    "]",
    "||",
]


@given(st.lists(st.sampled_from(PIECES)), st.sampled_from(["", " "]))
def test_any_row_of_operators_gives_a_tree_or_a_query_error(pieces: list[str], joiner: str) -> None:
    tree, error = attempt(joiner.join(pieces))
    assert (tree is None) == (error is not None)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("bins", "has any form of “bins”"),
        ('=bins OR "bin day"', "has “bins” or has the exact phrase “bin day”"),
        ("covid-19", "has any form of the phrase “covid-19” or has “covid-19”"),
        (
            "-(=a OR =b) state:live date:[2024-01-01 TO *]",
            "is not one that (has “a” or has “b”) and has state live and is dated 1 January 2024 or later",
        ),
        (
            "coll* *hole* *ing b?n",
            (
                "has a word that begins with “coll” and has a word with “hole” in it and has a word that "
                "ends with “ing” and has a word that fits the pattern “b?n”"
            ),
        ),
        ("colect~1", "has “colect” or a word that differs from it by at most one letter"),
        ("colect~", "has “colect” or a word that differs from it by at most 2 letters"),
        (
            "bins NEAR/3 missed",
            "has any form of “bins” at most 3 words from any form of “missed”, in either order",
        ),
        ('"bin day" NEAR/1 a', "has “bin day” beside “a”, in either order"),
        ("hold:yes", "is under a hold"),
        ("edited:yes date:[* TO 2024-03-31]", "was edited and is dated 31 March 2024 or earlier"),
        ("date:2024-02-29", "is dated 29 February 2024"),
    ],
)
def test_a_query_is_explained_in_plain_english(typed: str, said: str) -> None:
    assert explain(parse(typed, held=lambda: HELD.ids).tree) == said


def test_a_word_that_did_not_come_through_whole_is_refused_rather_than_cut_short() -> None:
    with pytest.raises(QueryError) as refused:
        parse("bins bin\udce9")
    assert refused.value.position == 8
