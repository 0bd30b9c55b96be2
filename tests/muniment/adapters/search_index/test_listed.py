"""The list of words that patterns are looked for in: never a word too few, none that a purge took out."""

import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import tantivy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from muniment.adapters.tantivy.documents import index_schema
from muniment.adapters.tantivy.index import TantivyIndex
from muniment.adapters.tantivy.listed import ListedWords
from muniment.adapters.tantivy.reading import IndexState
from muniment.search.answer import Order, SearchPage
from muniment.search.entry import Entry
from muniment.search.match import matches, read
from muniment.search.parse import parse
from schemas.errors import StorageError

Corpus = Callable[..., tuple[Entry, ...]]
MARKER = "zzpurgemarker"
PATTERNS = ("*ole*", "*ing", "?in*", "?*in", "*.gov*", "*a?a?e*", "*fé*", "*ll*e*", "*a?a?a?a?a?a?a*", "*in*")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "index"


def folder(root: Path) -> Path:
    council = root / "borough"
    return council / (council / "current").read_text()


def listed(root: Path) -> set[str]:
    return set(ListedWords(folder(root)).read().decode(errors="replace").split("\n"))


def find(index: TantivyIndex, typed: str) -> SearchPage:
    return index.search("borough", parse(typed), order=Order.NEWEST, size=10_000)


def assert_answers(index: TantivyIndex, entries: Sequence[Entry], patterns: Sequence[str] = PATTERNS) -> None:
    held = [(entry.version_id, read(entry)) for entry in entries]
    for pattern in patterns:
        tree = parse(pattern).tree
        want = {version for version, reading in held if matches(tree, reading)}
        found = find(index, pattern)
        assert {hit.version_id for hit in found.hits} == want
        assert found.versions == len(want)


def portions(corpus: Corpus) -> tuple[tuple[Entry, ...], ...]:
    return tuple(
        tuple(entry._replace(record_id=f"{entry.record_id}/{seed}") for entry in corpus(60, seed=seed))
        for seed in range(4)
    )


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["write", "write", "other", "again", "forget", "purge", "rebuild", "torn", "unlisted"]
        ),
        st.integers(0, 3),
    ),
    min_size=2,
    max_size=6,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_happened_patterns_find_what_the_plain_evaluator_finds(
    steps: list[tuple[str, int]], corpus: Corpus
) -> None:
    some = portions(corpus)
    held: dict[bytes, Entry] = {}
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        ours, another = TantivyIndex(root), TantivyIndex(root)
        ours.apply("borough", 0, (), ())
        for commit, (step, number) in enumerate(steps, start=1):
            entries = some[number]
            if step in ("write", "other", "again"):
                if step == "again":
                    entries = tuple(one._replace(text=f"{one.text} relistening{commit}") for one in entries)
                (another if step == "other" else ours).apply("borough", commit, entries, ())
                held.update((one.version_id, one) for one in entries)
            elif step in ("forget", "purge"):
                gone = {one.record_id for one in entries}
                held = {key: one for key, one in held.items() if one.record_id not in gone}
                if step == "forget":
                    ours.apply("borough", commit, (), sorted(gone))
                else:
                    assert ours.purge("borough", commit, list(held.values()), sorted(gone)).proved
            elif step == "rebuild":
                another.rebuild("borough", commit, list(held.values()))
            elif step == "torn":
                with (folder(root) / "words-met").open("ab") as file:
                    file.write("\nbinsé".encode()[:-1])
            else:
                as_made_before(root)
            assert_answers(ours, list(held.values()))
            assert_answers(TantivyIndex(root), list(held.values()), PATTERNS[:2])


def as_made_before(root: Path) -> None:
    """Make of an index one that was made by a version that kept no list."""
    made_by = folder(root) / "made-by.json"
    told = json.loads(made_by.read_text())
    told.pop("words", None)
    made_by.write_text(json.dumps(told))
    for name in ("words", "words-met"):
        (folder(root) / name).unlink(missing_ok=True)


def test_an_index_without_a_list_answers_and_gets_one_with_its_next_commit(
    root: Path, corpus: Corpus
) -> None:
    first, second, *_ = portions(corpus)
    TantivyIndex(root).apply("borough", 1, first, ())
    as_made_before(root)
    index = TantivyIndex(root)
    assert_answers(index, first)
    assert not (folder(root) / "words").exists()
    index.apply("borough", 2, second, ())
    assert listed(root) >= index.words("borough").keys()
    assert json.loads((folder(root) / "made-by.json").read_text())["words"] == 1
    assert_answers(TantivyIndex(root), [*first, *second])


def test_a_list_of_which_a_file_is_gone_is_made_anew(root: Path, corpus: Corpus) -> None:
    first, second, *_ = portions(corpus)
    TantivyIndex(root).apply("borough", 1, first, ())
    (folder(root) / "words-met").unlink()
    assert_answers(TantivyIndex(root), first)
    TantivyIndex(root).apply("borough", 2, second, ())
    assert_answers(TantivyIndex(root), [*first, *second])


def test_who_reads_an_older_state_finds_all_of_it_in_a_newer_list(root: Path, corpus: Corpus) -> None:
    first, second, *_ = portions(corpus)
    index = TantivyIndex(root)
    index.apply("borough", 1, first, ())
    assert listed(root) >= index.words("borough").keys()
    opened = tantivy.Index.open(str(folder(root)))
    state = IndexState(opened.searcher(), index_schema(), ListedWords(folder(root)))
    index.apply("borough", 2, second, [entry.record_id for entry in first])
    page = state.page(parse("*in*"), order=Order.NEWEST, after=None, size=1_000)
    assert page.versions == sum(matches(parse("*in*").tree, read(entry)) for entry in first)


def test_who_reads_on_after_a_swap_needs_no_list(root: Path, corpus: Corpus) -> None:
    first, second, *_ = portions(corpus)
    index = TantivyIndex(root)
    index.apply("borough", 1, first, ())
    state = IndexState(
        tantivy.Index.open(str(folder(root))).searcher(), index_schema(), ListedWords(folder(root))
    )
    index.rebuild("borough", 2, second)
    page = state.page(parse("*ing"), order=Order.NEWEST, after=None, size=1_000)
    assert page.versions == sum(matches(parse("*ing").tree, read(entry)) for entry in first)


def test_after_a_purge_no_file_of_the_index_holds_the_word_and_the_proof_looks_into_the_list(
    root: Path, one: Entry
) -> None:
    index = TantivyIndex(root)
    index.apply("borough", 1, [one, one._replace(record_id="x:2", text=MARKER)], ())
    index.apply("borough", 2, (), ["x:2"])
    assert MARKER in listed(root)
    assert index.purge("borough", 2, [one], ["x:2"], [MARKER]).proved
    for path in (root / "borough").rglob("*"):
        assert not path.is_file() or MARKER.encode() not in path.read_bytes()
    assert listed(root) - {""} == {"bins"}

    ListedWords(folder(root)).add([MARKER])
    state = IndexState(
        tantivy.Index.open(str(folder(root))).searcher(), index_schema(), ListedWords(folder(root))
    )
    assert state.terms_left(["x:2"], [MARKER]) == 1


def test_a_full_disk_stops_the_commit_and_room_mends_it(root: Path, corpus: Corpus) -> None:
    first, second, *_ = portions(corpus)
    index = TantivyIndex(root)
    index.apply("borough", 1, first, ())
    met = folder(root) / "words-met"
    met.rename(root / "kept")
    met.symlink_to("/dev/full")
    with pytest.raises(StorageError, match="Free some space"):
        index.apply("borough", 2, second, ())
    shutil.move(root / "kept", met)
    assert index.watermark("borough") == 1
    index.apply("borough", 2, second, ())
    assert_answers(index, [*first, *second])


def test_words_told_again_and_again_do_not_make_the_list_grow_without_end(tmp_path: Path) -> None:
    words = [f"{number:0>100}" for number in range(6_000)]
    made = ListedWords(tmp_path)
    made.make(())
    for _ in range(12):
        made.add(words)
        size = sum(path.stat().st_size for path in tmp_path.iterdir())
        assert size < 2_000_000
    assert set(made.read().decode().split("\n")) == {"", *words}


def test_who_reads_while_the_list_is_put_together_misses_no_word(tmp_path: Path) -> None:
    made = ListedWords(tmp_path)
    made.make(())
    told: list[bytes] = []
    done = threading.Event()
    missed: list[bytes] = []

    def look() -> None:
        while not done.is_set():
            before = told[-3:]
            lines = made.read().split(b"\n")
            missed.extend(one for one in before if one not in lines)

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for number in range(150):
            made.add([f"word{number}"])
            told.append(b"word%d" % number)
            made.make(set(made.read().split(b"\n")))
    finally:
        done.set()
        reader.join()
    assert missed == []
