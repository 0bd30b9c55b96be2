"""Facets are exact, every hit is given once, and a purge is proved by the dictionaries of what lies there."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from muniment.ports import SearchIndex
from muniment.search.answer import Facet, Order, PurgeProof
from muniment.search.entry import Entry, day_of
from muniment.search.match import matches, read
from muniment.search.parse import parse
from tests.muniment.adapters.search_index.engines import emptied, opened

Corpus = Callable[..., tuple[Entry, ...]]
MARKER = "zzpurgemarker"


@pytest.fixture(scope="module")
def entries(corpus: Corpus) -> list[Entry]:
    """Entries of which every third has a retention class."""
    return [
        entry._replace(record_class=("complaint", None, "news")[number % 3])
        for number, entry in enumerate(corpus(2_000))
    ]


@pytest.fixture(scope="module")
def filled(
    engine: str, entries: list[Entry], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SearchIndex]:
    """An index of council `answers`."""
    emptied(engine, "answers")
    with opened(engine, tmp_path_factory.mktemp("index")) as made:
        made.apply("answers", 1, (entry._replace(text="stale", kind="page") for entry in entries[:500]), ())
        made.apply("answers", 2, entries, ())
        yield made


def values(entry: Entry, facet: Facet) -> tuple[str, ...]:
    month = day_of(entry.ts) // 100
    told: dict[Facet, tuple[str | None, ...]] = {
        Facet.PLATFORM: (entry.platform,),
        Facet.ACCOUNT: entry.accounts,
        Facet.AUTHOR_ROLE: (entry.author_role,),
        Facet.KIND: (entry.kind,),
        Facet.CLASS: (entry.record_class,),
        Facet.LANGUAGE: (entry.language,),
        Facet.STATE: (entry.state,),
        Facet.EDITED: ("yes" if entry.edited else "no",),
        Facet.YEAR: (str(month // 100),),
        Facet.MONTH: (f"{month // 100}-{month % 100:02}",),
    }
    return tuple(value for value in told[facet] if value is not None)


@pytest.mark.parametrize("typed", ["the", "bins -tax", "-zzz", "zzz", "state:hidden", "class:complaint bins"])
def test_facets_count_exactly_what_matches(filled: SearchIndex, entries: list[Entry], typed: str) -> None:
    query = parse(typed)
    found = [entry for entry in entries if matches(query.tree, read(entry))]
    counted = filled.facets("answers", query)
    assert counted.watermark == 2
    for facet in Facet:
        want = Counter(value for entry in found for value in values(entry, facet))
        assert counted.counts[facet] == dict(want), facet


def test_months_come_in_order_of_time_and_words_with_the_most_first(filled: SearchIndex) -> None:
    counts = filled.facets("answers", parse("the")).counts
    assert list(counts[Facet.MONTH]) == sorted(counts[Facet.MONTH])
    assert next(iter(counts[Facet.STATE])) == "live"


@pytest.mark.parametrize("typed", ["the", "platform:x", "zzz", "-zzz"])
def test_every_hit_is_given_once(filled: SearchIndex, typed: str) -> None:
    query = parse(typed)
    every = filled.every_hit("answers", query)
    hits = [hit for batch in every.batches for hit in batch]
    page = filled.search("answers", query, order=Order.NEWEST, size=10_000)
    assert sorted(hits, key=lambda hit: hit.version_id) == sorted(page.hits, key=lambda hit: hit.version_id)
    assert (every.versions, every.watermark) == (len(hits), 2)


@pytest.mark.parametrize("typed", ["the", "the OR council OR bins OR tax", "coll* the", "platform:x", "zzz"])
def test_every_hit_has_the_score_that_pages_by_relevance_go_by(filled: SearchIndex, typed: str) -> None:
    query = parse(typed)
    every = filled.every_hit("answers", query, scored=True)
    hits = [hit for batch in every.batches for hit in batch]
    hits.sort(key=lambda hit: (hit.score, hit.sk), reverse=True)
    page = filled.search("answers", query, order=Order.RELEVANT, size=10_000)
    assert [hit.version_id for hit in hits] == [hit.version_id for hit in page.hits]
    assert all(hit.score == 0.0 for batch in filled.every_hit("answers", query).batches for hit in batch)


def test_every_hit_holds_for_the_state_it_was_asked_of(index: SearchIndex, corpus: Corpus) -> None:
    index.apply("borough", 1, corpus(300), ())
    every = index.every_hit("borough", parse("-zzz"))
    index.apply("borough", 2, (), [entry.record_id for entry in corpus(300)])
    assert sum(len(batch) for batch in every.batches) == every.versions == len(corpus(300))


def test_an_index_that_was_never_written_has_no_facets_hits_or_words(index: SearchIndex) -> None:
    assert index.facets("borough", parse("bins")).counts[Facet.STATE] == {}
    assert list(index.every_hit("borough", parse("bins")).batches) == []
    assert index.words("borough") == {}


def test_the_vocabulary_counts_versions(filled: SearchIndex, entries: list[Entry]) -> None:
    holding = sum("council" in read(entry).tokens["x"] for entry in entries)  # type: ignore[index]  # a StrEnum
    assert filled.words("answers")["council"] == holding


def test_a_pattern_with_a_wildcard_first_sees_what_was_written_since(
    index: SearchIndex, corpus: Corpus
) -> None:
    one = corpus(1)[0]
    index.apply("borough", 1, [one._replace(text="pothole")], ())
    assert index.search("borough", parse('"pothole"'), order=Order.NEWEST).versions == 1
    index.apply("borough", 2, [one._replace(record_id="x:2", version_id=b"2" * 32, text="keyholes")], ())
    assert set(index.words("borough")) >= {"pothole", "keyholes"}


def test_a_purge_given_an_erased_record_again_is_not_proved(index: SearchIndex, corpus: Corpus) -> None:
    entries = corpus(50)
    proof = index.purge("borough", 1, entries, [entries[0].record_id, "x:unknown"])
    assert isinstance(proof, PurgeProof)
    assert (proof.proved, proof.terms_left) == (False, 1)


def test_a_purge_leaves_nothing_of_what_was_erased(index: SearchIndex, corpus: Corpus) -> None:
    entries = corpus(600)
    erased = sorted({entry.record_id for entry in entries})[:250]
    marked = [
        entry._replace(text=f"{entry.text} {MARKER}") if entry.record_id in set(erased) else entry
        for entry in entries
    ]
    kept = [entry for entry in marked if entry.record_id not in set(erased)]
    index.apply("borough", 1, marked, ())
    index.apply("borough", 2, (), erased)
    assert index.search("borough", parse(MARKER), order=Order.NEWEST).versions == 0
    proof = index.purge("borough", 2, kept, erased, [MARKER])
    assert (proof.proved, proof.records, proof.entries, proof.watermark) == (True, 250, len(kept), 2)
    assert MARKER not in index.words("borough")
    assert index.search("borough", parse("-zzz"), order=Order.NEWEST).versions == len(kept)


def test_a_purge_of_an_index_that_is_behind_brings_it_up(index: SearchIndex, corpus: Corpus) -> None:
    entries = corpus(60)
    index.apply("borough", 1, entries, ())
    kept = [entry for entry in entries if entry.record_id != entries[0].record_id]
    proof = index.purge("borough", 3, kept, [entries[0].record_id])
    assert (proof.proved, proof.entries, proof.watermark) == (True, len(kept), 3)
    assert index.watermark("borough") == 3
