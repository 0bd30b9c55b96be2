"""A query means what the table of the language says, and a mistake is explained where it stands."""

# ruff: noqa: RUF001 -- people paste typographic quotation marks

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.search.errors import QueryError
from muniment.search.explain import explain
from muniment.search.parse import parse
from muniment.search.tree import And, Everything, Keyword, Node, Not, Or, Phrase, Range, Stream, Word


def s(token: str) -> Word:
    return Word(Stream.STEM, token)


def x(token: str) -> Word:
    return Word(Stream.EXACT, token)


def phrase(*tokens: str, stream: Stream = Stream.EXACT) -> Phrase:
    return Phrase(stream, tokens)


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
    ("Date:[ 2023-01-01  TO 2023-01-31 ] -a", And((Range("day", 20230101, 20230131), Not(s("a"))))),
]

NOTHING = "Type a word, or narrow by a field such as platform:facebook."
DATES = "Write date:2024-01-31, or date:[2024-01-01 TO 2024-01-31] with * for an open end."
MISTAKES = [
    (
        '"bins',
        "A quotation mark is not closed (at character 1).",
        'Write " at the end of the phrase too, or leave it out.',
    ),
    (
        "a (b",
        "A bracket ( is not closed (at character 3).",
        "Write ) where the group ends, or leave the bracket out.",
    ),
    (
        "a )",
        "A bracket ) was never opened (at character 3).",
        "Leave it out, or open the bracket before it with (.",
    ),
    (
        "a OR",
        "Nothing stands after OR (at character 3).",
        'Write a word after it, or put it in quotation marks to search for it: "or".',
    ),
    (
        "(AND a)",
        "Nothing stands before AND (at character 2).",
        'Write a word before it, or put it in quotation marks to search for it: "and".',
    ),
    (
        "!!! ()",
        "There is nothing to search for: !!!, () holds no letter or figure (at character 1).",
        NOTHING,
    ),
    ("", "There is nothing to search for (at character 1).", NOTHING),
    (
        '"a b"~3',
        "Words near each other cannot be searched yet (at character 6).",
        'Write "a b" for the exact phrase, or the words without quotation marks.',
    ),
    (
        "a NEAR/5 b",
        "NEAR/5 cannot be searched yet (at character 3).",
        "Write both words for all records that hold both, or a quoted phrase.",
    ),
    (
        "coll*",
        "coll*: wildcards * and ? cannot be searched yet (at character 1).",
        "Without it a word finds its usual endings too. In quotation marks the sign is left out.",
    ),
    (
        "pot fuzz~2",
        "fuzz~2: spellings like a word cannot be searched yet (at character 5).",
        "Write fuzz for the word and its endings, with OR between other spellings.",
    ),
    (
        "platform:-x",
        "platform:-x has its minus in the wrong place (at character 1).",
        "To leave a value out write -platform:x.",
    ),
    (
        "author:@",
        "author:@ has no plain value after its colon (at character 1).",
        "Write for example author:@handle.",
    ),
    (
        "state:deleted",
        "state:deleted is not one of its values (at character 1).",
        "Write one of: live, hidden, missing, gone.",
    ),
    ("edited:maybe", "edited:maybe is not yes or no (at character 1).", "Write edited:yes or edited:no."),
    (
        'a hold:"yes"',
        "hold:yes cannot be searched yet (at character 3).",
        "Leave it out, or put it in quotation marks.",
    ),
    (
        "date:2023-02-30",
        "date:2023-02-30 names a day that does not exist, 2023-02-30 (at character 1).",
        DATES,
    ),
    ("date:w/5", "date:w/5 is not a date: w/5 (at character 1).", DATES),
    ("date:[2023-01-01", "date:[2023-01-01 is not a date or a period (at character 1).", DATES),
    (
        "date:[2023-02-01 TO 2023-01-01]",
        "date:[2023-02-01 TO 2023-01-01] ends before it begins (at character 1).",
        "Write the earlier day first.",
    ),
    (
        "(" * 50,
        "Too many brackets inside each other (at character 41).",
        "Write the query with fewer brackets.",
    ),
    ("a" * 10_001, "The query is too long (at character 10001).", "Write at most 10,000 characters."),
]


@pytest.mark.parametrize(("typed", "tree"), MEANINGS)
def test_a_query_means_what_the_language_says(typed: str, tree: Node) -> None:
    assert parse(typed).tree == tree


@pytest.mark.parametrize(("typed", "message", "remedy"), MISTAKES)
def test_a_mistake_says_where_it_is_and_what_to_write(typed: str, message: str, remedy: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(typed)
    assert (caught.value.message, caught.value.remedy) == (message, remedy)


@pytest.mark.parametrize(
    "typed", ["NEAR", "wildcard *", "a ? b", "a ~5 b", "near/5", "https://b.uk/?a=1*", "5 -- 6"]
)
def test_what_only_looks_like_an_operator_is_read_as_text(typed: str) -> None:
    parse(typed)


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
        st.sampled_from(list("ab \"“”()-=*?~#@£:[]!,.|&'/5\u241e\ud800👍🏽")) | st.characters(), max_size=40
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
        ("edited:yes date:[* TO 2024-03-31]", "was edited and is dated 31 March 2024 or earlier"),
        ("date:2024-02-29", "is dated 29 February 2024"),
    ],
)
def test_a_query_is_explained_in_plain_english(typed: str, said: str) -> None:
    assert explain(parse(typed).tree) == said
