"""Every engine and the plain evaluator answer alike: the same ids, totals and order.

Parity on generated entries with words, tags, addresses, several versions and shared accounts; queries by
hand, built from the entries' own texts, and by Hypothesis.
"""

# ruff: noqa: S311 -- chance here is no secret

import hashlib
import itertools
import random
import string
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from muniment.ports import SearchIndex
from muniment.search.answer import Order
from muniment.search.entry import Entry, entry_id, sort_key
from muniment.search.errors import QueryError
from muniment.search.match import Reading, matches, read
from muniment.search.parse import parse
from muniment.search.tree import Fuzzy, Near, Not, Query, Records, Stream, Wildcard
from tests.muniment.adapters.search_index.engines import emptied, opened

Spellings = tuple[SearchIndex, list[tuple[Entry, Reading]]]
ENTRIES = 5_000
BUILT = 300

BY_HAND = """
bins|bin|collection|council tax|"council tax"|=bins|=council|"the council"|"the the"|-the|NOT bins -tax
cafe|straße|ty|#binday|#BinDay OR @some.one|£500|£1,500.50|2m|info@leeds.gov.uk|leeds|covid-19|covid
covid19|fly-tipping|=fly-tipping|flytipping|9am-5pm|10:30am|1000|24/7|👍|👍🏽|=👍🏽|❤|🇬🇧|wolves.gov.uk
www.wolves.gov.uk|https://t.co/AbC123|t.co|wolves.gov.uk/bins|https://www.wolves.gov.uk/bins-news?a=1
u.k.|"bin day"|"wolves council"|wv11sh|wv1 1sh|don't|dont|platform:facebook|platform:X bins|account:x-a
account:x-a account:x-b|author:@resident.7|author:u7|author:U12 bins|kind:post|kind:comment -bins
state:live|state:hidden tax|hidden:yes|deleted:yes|deleted:no bins|edited:yes|edited:no tax
date:2021-03-31|date:[2021-03-31 TO 2021-04-01]|date:[* TO 2020-06-01] bins|date:[2024-01-01 TO *]
the OR bins OR tax|(bins OR "council tax") -platform:x date:[2020-01-01 TO 2022-12-31] state:live
-(bins OR tax) -(the OR platform:x)|bins -bins|zzzzqq|"zzzz bins"|-zzzzqq|(a OR -the) bins
coll*|*hole*|b?n*|*ing -adding|don't*|#bin* OR @some*|*.gov.uk*|pothle~|cuoncil~1|recyclign~2 tax
bins NEAR/5 missed|council w/2 tax|"the bin" NEAR/3 collection|"bin tax"~4|-(the NEAR/2 of)
"the bin council"~9
llanfairpwll OR oneill|gwastraff kind:post|running =adding
"""


def built_queries(entries: Sequence[Entry], count: int) -> list[str]:
    dice = random.Random(11)
    queries: list[str] = []
    while len(queries) < count:
        entry = dice.choice(entries)
        words = [word for word in entry.text.split() if not set(word) & set('()*"')]
        word = dice.choice(words)
        start = dice.randrange(len(words))
        phrase = " ".join(words[start : start + dice.randint(2, 4)])
        other = dice.choice(dice.choice(entries).text.split()).strip('()*"')
        made = dice.choice(
            [
                word,
                f"={word}",
                f'"{phrase}"',
                f'"{word}" NEAR/{dice.randint(1, 20)} "{dice.choice(words)}"',
                f'"{phrase}" w/{dice.randint(1, 20)} "{dice.choice(words)}"',
                f"{word[:4]}* OR {other}",
                f"{word}~ OR {other}",
                f"{word} {dice.choice(words)}",
                f"{word} OR {other}",
                f"{word} -{other}",
                f'({word} OR {other}) -"{phrase}" state:{entry.state}',
                f"{word} platform:{entry.platform} kind:{entry.kind}",
                f'"{phrase}" OR (author:{entry.author_id} {other})',
                f"account:{entry.accounts[0]} {word} -edited:yes",
            ]
        )
        with suppress(QueryError):  # a word beside itself, or a pattern of one letter
            parse(made)
            queries.append(made)
    return queries


@pytest.fixture(scope="module")
def read_entries(corpus: Callable[[int], tuple[Entry, ...]]) -> list[tuple[Entry, Reading]]:
    return [(entry, read(entry)) for entry in corpus(ENTRIES)]


@pytest.fixture(scope="module")
def index(
    engine: str, read_entries: list[tuple[Entry, Reading]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SearchIndex]:
    entries = [entry for entry, _ in read_entries]
    half = next(at for at in range(2_500, 2_600) if entries[at].record_id != entries[at - 1].record_id)
    emptied(engine, "parity")
    with opened(engine, tmp_path_factory.mktemp("index")) as made:
        # Three commits, one of them a replacement, so that several segments and deletions take part.
        made.apply("parity", 1, (entry._replace(text="stale bins") for entry in entries[:half]), ())
        made.apply("parity", 2, entries[half:], ())
        made.apply("parity", 3, entries[:half], ())
        yield made


def assert_alike(index: SearchIndex, read_entries: list[tuple[Entry, Reading]], typed: str) -> int:
    return assert_answered_alike(index, read_entries, parse(typed))


def assert_answered_alike(
    index: SearchIndex, read_entries: list[tuple[Entry, Reading]], query: Query, council: str = "parity"
) -> int:
    want = [entry for entry, reading in read_entries if matches(query.tree, reading)]
    page = index.search(council, query, order=Order.NEWEST, size=ENTRIES * 2)
    assert {hit.version_id for hit in page.hits} == {entry.version_id for entry in want}
    assert (page.versions, page.records) == (len(want), len({entry.record_id for entry in want}))
    keys = [(hit.sk, entry_id(hit.version_id)) for hit in page.hits]
    assert keys == sorted(keys, reverse=True)
    assert set(keys) == {
        (sort_key(entry.ts, entry_id(entry.version_id)), entry_id(entry.version_id)) for entry in want
    }
    return len(want)


def test_engine_and_evaluator_agree_on_queries_written_by_hand(
    index: SearchIndex, read_entries: list[tuple[Entry, Reading]]
) -> None:
    queries = [query for line in BY_HAND.strip().splitlines() for query in line.split("|")]
    found = [assert_alike(index, read_entries, query) for query in queries]
    assert sum(map(bool, found)) >= 0.9 * len(queries)


def test_engine_and_evaluator_agree_on_queries_built_from_the_entries(
    index: SearchIndex, read_entries: list[tuple[Entry, Reading]]
) -> None:
    queries = built_queries([entry for entry, _ in read_entries], BUILT)
    found = [assert_alike(index, read_entries, query) for query in queries]
    assert sum(map(bool, found)) >= 0.9 * BUILT


def test_engine_and_evaluator_agree_on_words_near_each_other(
    index: SearchIndex, read_entries: list[tuple[Entry, Reading]]
) -> None:
    dice = random.Random(5)
    found = 0
    for _ in range(80):
        tokens = dice.choice(read_entries)[1].tokens[Stream.EXACT]
        at, then = dice.randrange(len(tokens)), dice.randrange(len(tokens))
        left, right = tokens[at : at + dice.randint(1, 3)], tokens[then : then + dice.randint(1, 3)]
        near = Near(Stream.EXACT, left, right, dice.choice([1, 2, 3, 5, 20]))
        if left != right:
            found += bool(assert_answered_alike(index, read_entries, Query(typed="", tree=near)))
    assert found > 40


def test_sides_of_near_never_overlap(index: SearchIndex, read_entries: list[tuple[Entry, Reading]]) -> None:
    for left, right in ((("the", "bin"), ("bin", "bin")), (("the",), ("the", "the")), (("a",), ("bin", "a"))):
        near = Near(Stream.EXACT, left, right, 3)
        assert_answered_alike(index, read_entries, Query(typed="", tree=near))


@pytest.mark.parametrize(
    "pattern",
    ["coll*", "*hole*", "*ing", "b?n*", "c?uncil", "#b*", "*.gov.uk*", "tax*x", "£1*", "👍*", "??", "**in"],
)
def test_engine_and_evaluator_agree_on_wildcards(
    index: SearchIndex, read_entries: list[tuple[Entry, Reading]], pattern: str
) -> None:
    assert_answered_alike(index, read_entries, Query(typed="", tree=Wildcard(pattern)))


@pytest.fixture(scope="module")
def spellings(
    engine: str, tmp_path_factory: pytest.TempPathFactory, corpus: Callable[[int], tuple[Entry, ...]]
) -> Iterator[Spellings]:
    """One entry for each word of up to four of these letters."""
    words = [
        "".join(some) for size in (1, 2, 3, 4) for some in itertools.product("abé\U0001f44d", repeat=size)
    ]
    one = corpus(1)[0]
    entries = [
        one._replace(
            version_id=hashlib.sha256(word.encode()).digest(), record_id=word, multi=False, text=word
        )
        for word in dict.fromkeys(words)
    ]
    emptied(engine, "spellings")
    with opened(engine, tmp_path_factory.mktemp("spellings")) as made:
        made.rebuild("spellings", 1, entries)
        yield made, [(entry, read(entry)) for entry in entries]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(word=st.text(st.sampled_from("abe👍"), min_size=1, max_size=6), edits=st.sampled_from([1, 2]))
def test_engine_and_evaluator_count_the_letters_of_a_slip_alike(
    spellings: Spellings, word: str, edits: int
) -> None:
    assert_answered_alike(*spellings, Query(typed="", tree=Fuzzy(word, edits)), "spellings")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pattern=st.text(st.sampled_from("abe👍**?" + string.punctuation), min_size=1, max_size=6))
def test_engine_and_evaluator_read_any_pattern_alike(spellings: Spellings, pattern: str) -> None:
    assert_answered_alike(*spellings, Query(typed="", tree=Wildcard(pattern)), "spellings")


def test_engine_and_evaluator_agree_on_misspelt_words_of_the_corpus(
    index: SearchIndex, read_entries: list[tuple[Entry, Reading]]
) -> None:
    for word, edits in (("bins", 1), ("binss", 2), ("cuoncil", 1), ("kolection", 2), ("ab", 1), ("tyx", 2)):
        query = Query(typed="", tree=Fuzzy(word, edits))
        assert_answered_alike(index, read_entries, query)


def test_engine_and_evaluator_agree_on_records_that_the_register_names(
    index: SearchIndex, read_entries: list[tuple[Entry, Reading]]
) -> None:
    ids = frozenset(entry.record_id for entry, _ in read_entries[::7]) | {"x:unknown"}
    for tree in (Records(ids), Not(Records(ids)), Records(frozenset())):
        assert_answered_alike(index, read_entries, Query(typed="", tree=tree))


ATOMS = st.sampled_from(
    [
        *(
            "bins",
            "=bins",
            "the",
            '"the council"',
            '"bin day"',
            "#binday",
            "tax",
            "covid-19",
            "wolves.gov.uk",
            "coll*",
            "*hole*",
            "pothle~",
            "bins w/3 the",
            '"the bin" NEAR/4 council',
        ),
        *("platform:x", "edited:yes", "kind:post", "state:live", "author:u7", "account:x-a", "👍"),
        "date:[2021-01-01 TO 2022-06-30]",
    ]
)
QUERIES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map(lambda some: f"({' '.join(some)})"),
        st.lists(inner, min_size=2, max_size=4).map(lambda some: f"({' OR '.join(some)})"),
        inner.map(lambda one: f"-{one}"),
    ),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=QUERIES)
def test_engine_and_evaluator_agree_on_any_tree(
    index: SearchIndex, read_entries: list[tuple[Entry, Reading]], typed: str
) -> None:
    assert_alike(index, read_entries, typed)


def test_a_page_at_a_time_gives_every_hit_once(
    index: SearchIndex, every: Callable[..., tuple[object, ...]]
) -> None:
    for order in Order:
        for typed in ("bins", "the", "platform:x", "-bins", "=tax OR =roads"):
            whole = every(index, typed, council="parity", order=order, size=ENTRIES * 2)
            assert set(whole) == set(every(index, typed, council="parity", size=ENTRIES * 2))
            assert every(index, typed, council="parity", order=order, size=297) == whole
            assert len(set(whole)) == len(whole)
