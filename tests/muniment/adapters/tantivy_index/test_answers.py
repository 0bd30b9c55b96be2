"""Facets are exact, every hit is given once, and a purge is proved by the dictionaries of what lies there."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from muniment.adapters.tantivy_index import TantivyIndex
from muniment.search.answer import Facet, Order, PurgeProof
from muniment.search.entry import Entry, day_of
from muniment.search.match import matches, read
from muniment.search.parse import parse

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
def index(entries: list[Entry], tmp_path_factory: pytest.TempPathFactory) -> TantivyIndex:
    made = TantivyIndex(Path(tmp_path_factory.mktemp("index")))
    made.apply("borough", 1, (entry._replace(text="stale", kind="page") for entry in entries[:500]), ())
    made.apply("borough", 2, entries, ())
    return made


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
def test_facets_count_exactly_what_matches(index: TantivyIndex, entries: list[Entry], typed: str) -> None:
    query = parse(typed)
    found = [entry for entry in entries if matches(query.tree, read(entry))]
    counted = index.facets("borough", query)
    assert counted.watermark == 2
    for facet in Facet:
        want = Counter(value for entry in found for value in values(entry, facet))
        assert counted.counts[facet] == dict(want), facet


def test_months_come_in_order_of_time_and_words_with_the_most_first(index: TantivyIndex) -> None:
    counts = index.facets("borough", parse("the")).counts
    assert list(counts[Facet.MONTH]) == sorted(counts[Facet.MONTH])
    assert next(iter(counts[Facet.STATE])) == "live"


@pytest.mark.parametrize("typed", ["the", "platform:x", "zzz", "-zzz"])
def test_every_hit_is_given_once(index: TantivyIndex, typed: str) -> None:
    query = parse(typed)
    every = index.every_hit("borough", query)
    hits = [hit for batch in every.batches for hit in batch]
    page = index.search("borough", query, order=Order.NEWEST, size=10_000)
    assert sorted(hits, key=lambda hit: hit.version_id) == sorted(page.hits, key=lambda hit: hit.version_id)
    assert (every.versions, every.watermark) == (len(hits), 2)


def test_every_hit_holds_for_the_state_it_was_asked_of(tmp_path: Path, corpus: Corpus) -> None:
    index = TantivyIndex(tmp_path)
    index.apply("borough", 1, corpus(300), ())
    every = index.every_hit("borough", parse("-zzz"))
    index.rebuild("borough", 2, ())
    assert sum(len(batch) for batch in every.batches) == every.versions == len(corpus(300))


def test_an_index_that_was_never_written_has_no_facets_hits_or_words(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path)
    assert index.facets("borough", parse("bins")).counts[Facet.STATE] == {}
    assert list(index.every_hit("borough", parse("bins")).batches) == []
    assert index.words("borough") == {}


def test_the_vocabulary_counts_versions(index: TantivyIndex, entries: list[Entry]) -> None:
    holding = sum("council" in read(entry).tokens["x"] for entry in entries)  # type: ignore[index]  # a StrEnum
    assert index.words("borough")["council"] == holding


def test_a_pattern_with_a_wildcard_first_sees_what_was_written_since(tmp_path: Path, corpus: Corpus) -> None:
    index = TantivyIndex(tmp_path)
    one = corpus(1)[0]
    index.apply("borough", 1, [one._replace(text="pothole")], ())
    assert index.search("borough", parse('"pothole"'), order=Order.NEWEST).versions == 1
    index.apply("borough", 2, [one._replace(record_id="x:2", version_id=b"2" * 32, text="keyholes")], ())
    assert set(index.words("borough")) >= {"pothole", "keyholes"}


def test_a_purge_leaves_no_word_of_what_was_erased_in_any_dictionary(tmp_path: Path, corpus: Corpus) -> None:
    index = TantivyIndex(tmp_path / "index")
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
    assert index.words("borough")[MARKER] > 0  # hidden is not gone: its words stand there still
    proof = index.purge("borough", 2, kept, erased, [MARKER])
    assert (proof.proved, proof.records, proof.entries, proof.watermark) == (True, 250, len(kept), 2)
    assert MARKER not in index.words("borough")
    assert [path.name for path in (tmp_path / "index" / "borough").glob("gen-*")] == ["gen-2"]


def test_a_purge_given_an_erased_record_again_is_not_proved(tmp_path: Path, corpus: Corpus) -> None:
    index = TantivyIndex(tmp_path)
    entries = corpus(50)
    proof = index.purge("borough", 1, entries, [entries[0].record_id, "x:unknown"])
    assert isinstance(proof, PurgeProof)
    assert (proof.proved, proof.terms_left) == (False, 1)
