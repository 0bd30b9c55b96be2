"""What is surely a mistake is refused, with its place and what to write instead."""

import pytest

from muniment.search.errors import QueryError
from muniment.search.parse import parse

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
        '"a b"~20',
        "~20 is too far apart (at character 1).",
        "Write a number from 0 to 19.",
    ),
    ('"a a"~2', "“a” stands on both sides (at character 1).", "Write two different words, or a alone."),
    (
        "bins NEAR/2 bin",
        "“bins” stands on both sides (at character 6).",
        "Write two different words, or bins alone.",
    ),
    (
        "a NEAR/0 b",
        "NEAR/0 asks for 0 words apart (at character 3).",
        "Write a number from 1 (side by side) to 20.",
    ),
    (
        "a w/21 b",
        "w/21 asks for 21 words apart (at character 3).",
        "Write a number from 1 (side by side) to 20.",
    ),
    (
        "x NEAR/3 platform:y",
        "NEAR/3 stands between words or phrases only (at character 3).",
        "Write one word or one quoted phrase on each side, and the rest with AND.",
    ),
    (
        "(a b) NEAR/3 c",
        "NEAR/3 stands between words or phrases only (at character 7).",
        "Write one word or one quoted phrase on each side, and the rest with AND.",
    ),
    (
        "a NEAR/3 b NEAR/4 c",
        "Only two sides can be near each other (at character 12).",
        "Write a NEAR/3 b AND b NEAR/4 …",
    ),
    (
        "x NEAR/3",
        "Nothing stands after NEAR/3 (at character 3).",
        'Write a word after it, or put it in quotation marks to search for it: "near/3".',
    ),
    (
        "NEAR/3 x",
        "Nothing stands before NEAR/3 (at character 1).",
        'Write a word before it, or put it in quotation marks to search for it: "near/3".',
    ),
    (
        "#tag NEAR/3 b",
        "NEAR/3 stands between words or phrases, and #tag is neither (at character 1).",
        'To look for its words write "#tag" in quotation marks.',
    ),
    (
        "a NEAR/3 coll*",
        "NEAR/3 stands between words or phrases, and coll* is neither (at character 10).",
        "Write a whole word or a quoted phrase on each side.",
    ),
    (
        "a NEAR/3 !!!",
        "NEAR/3 stands between words or phrases, and !!! is neither (at character 10).",
        "Write a word or a quoted phrase on each side.",
    ),
    (
        "rated 5*",
        "5* would find most words (at character 7).",
        "Write at least 2 letters beside * and ?, or put it in quotation marks.",
    ),
    (
        "a?b?c?d?e?f?g?h?i?j",
        "a?b?c?d?e?f?g?h?i?j is too long for a pattern (at character 1).",
        "Write at most 8 signs * and ? and 64 letters in one word.",
    ),
    (
        "é~",
        "é is too short for ~1: it would find most words (at character 1).",
        "Write a word of 3 letters or more, or the spellings with OR between them.",
    ),
    (
        "pot fuzz~2",
        "fuzz is too short for ~2: it would find most words (at character 5).",
        "Write a word of 5 letters or more, or the spellings with OR between them.",
    ),
    ("word~3", "word~3 is not 1 or 2 letters away (at character 1).", "Write word~1 or word~2."),
    (
        " OR ".join(f"word{number}*" for number in range(51)),
        "The query asks for too much at once (at character 1).",
        "Use at most 50 patterns, misspelt words and pairs near each other; search twice.",
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
        'hold:"yes" is not yes or no (at character 3).',
        "Write hold:yes or hold:no.",
    ),
    ("hold:maybe", "hold:maybe is not yes or no (at character 1).", "Write hold:yes or hold:no."),
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


@pytest.mark.parametrize(("typed", "message", "remedy"), MISTAKES)
def test_a_mistake_says_where_it_is_and_what_to_write(typed: str, message: str, remedy: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(typed, held=lambda: frozenset({"x:1"}))
    assert (caught.value.message, caught.value.remedy) == (message, remedy)
