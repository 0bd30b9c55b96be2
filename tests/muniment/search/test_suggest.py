"""Suggestions come from the corpus's own words, find something new, and are only ever alternatives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.search.errors import QueryError
from muniment.search.glossary import mutated
from muniment.search.parse import parse
from muniment.search.suggest import Corpus, SuggestionKind, suggestions, with_suggestion

WORDS = """
bins bin binz #binday #bins day council councl gyngor cyngor fly tipping flytipping #flytipping flood
flooding floods llifogydd pothole potholes pot hole rubbish sbwriel wastraff people person collection
collextion kollection treth tax english
"""
VOCABULARY = {word: number for number, word in enumerate(WORDS.split(), start=1)}
CORPUS = Corpus(words=VOCABULARY, standing=VOCABULARY.__getitem__)


def told(typed: str) -> set[tuple[str, str]]:
    return {(one.adds, one.kind.value) for one in suggestions(parse(typed), CORPUS)}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("bins", set()),
        ("=bins", {("=bin", "form"), ("bin", "welsh")}),
        ("council", {("=councl", "spelling"), ("cyngor", "welsh"), ("gyngor", "welsh")}),
        ("collection", {("=collextion", "spelling"), ("=kollection", "spelling")}),
        ('"bin day"', {("#binday", "tag")}),
        ("bin day", {("#binday", "tag")}),
        ("fly-tipping", {("flytipping", "joined"), ("#flytipping", "tag")}),
        ("fly tipping", {("flytipping", "joined"), ("#flytipping", "tag")}),
        ("pot hole", {("pothole", "joined")}),
        ("flytipping", {('"fly tipping"', "apart")}),
        ("pothole", {('"pot hole"', "apart")}),
        ("flood", {("llifogydd", "welsh")}),
        ("llifogydd", {("flood", "english"), ("flooding", "english")}),
        ("rubbish", {("sbwriel", "welsh"), ("wastraff", "welsh")}),
        ("person", {("people", "form")}),
        ("tax", {("treth", "welsh")}),
        ('"council tax"', {('"treth gyngor"', "welsh")}),
        ("-council zzz", set()),
        ("NOT (council OR flood) zzz", set()),
        ("#BinDay", set()),
        ("colle* council~ bins NEAR/3 day", set()),
        ("platform:council zzz", set()),
    ],
)
def test_what_is_suggested(typed: str, found: set[tuple[str, str]]) -> None:
    assert told(typed) == found


def test_the_most_frequent_comes_first_and_says_in_how_many_versions() -> None:
    found = suggestions(parse("council"), CORPUS)
    welsh = [(one.adds, one.versions) for one in found if one.kind is SuggestionKind.WELSH]
    assert welsh == [("cyngor", VOCABULARY["cyngor"]), ("gyngor", VOCABULARY["gyngor"])]


def test_what_stands_only_where_nobody_may_look_is_not_suggested_nor_counted() -> None:
    shown = {"cyngor": 3, "#binsday": 1}
    words = {"cyngor": 9, "gyngor": 8, "councl": 7, **{f"#bins{at}": 90 for at in range(20)}}
    corpus = Corpus(words={**words, "#binsday": 1}, standing=lambda word: shown.get(word, 0))
    found = [(one.adds, one.versions) for one in suggestions(parse("council bins"), corpus)]
    assert found == [("cyngor", 3), ("#binsday", 1)]


def test_of_many_only_the_most_frequent_are_counted_and_suggested() -> None:
    words = {f"#bins{at:03}": 1_000 - at for at in range(500)}
    counted: list[str] = []

    def standing(word: str) -> int:
        counted.append(word)
        return words[word] - 2

    found = suggestions(parse("bins"), Corpus(words=words, standing=standing))
    assert [one.adds for one in found] == [f"#bins{at:03}" for at in range(6)]
    assert len(counted) < 12


def test_an_accepted_suggestion_stands_beside_what_was_typed() -> None:
    typed = 'missed (flood, OR "bin day") -council'
    wider = {with_suggestion(typed, one) for one in suggestions(parse(typed), CORPUS)}
    assert wider == {
        'missed ((flood, OR llifogydd) OR "bin day") -council',
        'missed (flood, OR ("bin day" OR #binday)) -council',
    }


def test_welsh_words_are_found_as_a_sentence_changes_them() -> None:
    assert list(mutated("cyngor")) == ["gyngor", "nghyngor", "chyngor"]
    assert list(mutated("llyfrgell")) == ["lyfrgell"]
    assert list(mutated("ysgol")) == []


PIECES = ["bins ", "council ", '"', "-", "(", ")", "OR ", "fly-tipping ", "=", "#bin "]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_every_suggestion_gives_a_query_that_is_understood(typed: str) -> None:
    try:
        query = parse(typed)
    except QueryError:
        return
    for one in suggestions(query, CORPUS):
        parse(with_suggestion(typed, one))
