"""What the embedded index promises besides: folders that swap, and a kill that leaves no half."""

# ruff: noqa: S311 -- chance here is no secret; the child is our own script

import json
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import tantivy

from muniment.adapters.tantivy.index import TantivyIndex
from muniment.search.answer import Hit, Order, SearchPage
from muniment.search.entry import Entry
from muniment.search.parse import parse
from schemas.errors import IntegrityError, SchemaMismatchError, WriteConflictError

Corpus = Callable[..., tuple[Entry, ...]]
Every = Callable[..., tuple[Hit, ...]]
KILLS = 6
MARKER = "zzpurgemarker"


@pytest.fixture
def index(tmp_path: Path) -> TantivyIndex:
    return TantivyIndex(tmp_path / "index", patience_seconds=0.2)


def find(index: TantivyIndex, typed: str, order: Order = Order.NEWEST) -> SearchPage:
    return index.search("borough", parse(typed), order=order, size=10_000)


def test_an_index_that_was_never_written_is_empty_and_makes_no_folder(
    index: TantivyIndex, tmp_path: Path
) -> None:
    assert index.watermark("borough") == -1
    assert find(index, "bins") == SearchPage(records=0, versions=0, watermark=-1, hits=(), after=None)
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize("key", ["analyser", "stemmer", "mapping"])
def test_an_index_of_another_tokeniser_is_refused_until_it_is_rebuilt(
    tmp_path: Path, one: Entry, key: str
) -> None:
    TantivyIndex(tmp_path).apply("borough", 1, [one], ())
    made_by = tmp_path / "borough" / "gen-1" / "made-by.json"
    made_by.write_text(json.dumps(json.loads(made_by.read_text()) | {key: "another"}))
    index = TantivyIndex(tmp_path)
    for refused in (
        lambda: index.watermark("borough"),
        lambda: find(index, "bins"),
        lambda: index.apply("borough", 2, [one], ()),
    ):
        with pytest.raises(SchemaMismatchError, match="muniment reindex"):
            refused()
    index.rebuild("borough", 2, [one])
    assert (index.watermark("borough"), find(index, "bins").versions) == (2, 1)


@pytest.mark.parametrize("broken", ["meta.json", "made-by.json"])
def test_a_damaged_index_says_so_and_can_be_rebuilt(tmp_path: Path, one: Entry, broken: str) -> None:
    TantivyIndex(tmp_path).apply("borough", 1, [one], ())
    (tmp_path / "borough" / "gen-1" / broken).write_text("{")
    index = TantivyIndex(tmp_path)
    with pytest.raises(IntegrityError, match="muniment reindex"):
        find(index, "bins")
    index.rebuild("borough", 1, [one])
    assert find(index, "bins").versions == 1


def test_a_rebuild_swaps_and_leaves_only_the_new_generation(
    index: TantivyIndex, tmp_path: Path, corpus: Corpus, one: Entry
) -> None:
    index.apply("borough", 4, [one], ())
    reader = TantivyIndex(tmp_path / "index")
    assert find(reader, "bins").versions == 1
    index.rebuild("borough", 6, corpus(100))
    folder = tmp_path / "index" / "borough"
    assert sorted(path.name for path in folder.iterdir()) == ["current", "gen-2", "lock"]
    assert find(reader, "-zzz").versions == len(corpus(100))
    assert reader.watermark("borough") == 6


def test_a_busy_tantivy_lock_is_waited_for_too(index: TantivyIndex, tmp_path: Path, one: Entry) -> None:
    index.apply("borough", 1, [one], ())
    other = tantivy.Index.open(str(tmp_path / "index" / "borough" / "gen-1")).writer(20_000_000, 1)
    with pytest.raises(WriteConflictError):
        index.apply("borough", 2, [one], ())
    other.wait_merging_threads()
    index.apply("borough", 2, [one], ())
    assert index.watermark("borough") == 2


def test_a_kill_leaves_entries_and_watermark_both_old_or_both_new(tmp_path: Path, every: Every) -> None:
    dice = random.Random()
    child_script = Path(__file__).with_name("writer.py")
    acknowledged = 0
    index = TantivyIndex(tmp_path)
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, str(child_script), str(tmp_path), str(acknowledged + 1)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[4],
            env={"PYTHONPATH": "."},
            text=True,
        ) as child:
            assert child.stdout is not None
            first = int(child.stdout.readline())
            threading.Timer(dice.uniform(0, 0.5), child.kill).start()
            acknowledged = max([first, *map(int, child.stdout.read().split())])
        watermark = index.watermark("borough")
        assert acknowledged <= watermark <= acknowledged + 1
        assert len(every(index, f"round{watermark}")) == len(every(index, "bins")) == 60
        assert len(every(index, f"*ound{watermark}")) == 60  # its words were listed before it
        acknowledged = watermark
    index.apply("borough", acknowledged + 1, (), ())
    assert len(list((tmp_path / "borough").glob("gen-*"))) == 1


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
