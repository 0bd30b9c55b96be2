"""What the embedded index promises: whole replacement, exact totals, one commit for entries and watermark."""

# ruff: noqa: S311 -- chance here is no secret; the child is our own script

import json
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tantivy

from muniment.adapters.tantivy_index import TantivyIndex
from muniment.search.answer import Hit, Order, SearchPage
from muniment.search.entry import Entry, entry_id
from muniment.search.parse import parse
from schemas.errors import (
    BadInputError,
    IntegrityError,
    SchemaMismatchError,
    StorageError,
    WriteConflictError,
)

Corpus = Callable[..., tuple[Entry, ...]]
Every = Callable[..., tuple[Hit, ...]]
KILLS = 6


@pytest.fixture
def index(tmp_path: Path) -> TantivyIndex:
    return TantivyIndex(tmp_path / "index", patience_seconds=0.2)


@pytest.fixture
def one(corpus: Corpus) -> Entry:
    return corpus(1)[0]._replace(record_id="x:1", multi=False, text="bins", ts=1_700_000_000)


def find(index: TantivyIndex, typed: str, order: Order = Order.NEWEST) -> SearchPage:
    return index.search("borough", parse(typed), order=order, size=10_000)


def version(one: Entry, number: int) -> Entry:
    return one._replace(version_id=bytes([number]) * 32, multi=True, text=f"bins round{number}")


def test_an_index_that_was_never_written_is_empty_and_makes_no_folder(
    index: TantivyIndex, tmp_path: Path
) -> None:
    assert index.watermark("borough") == -1
    assert find(index, "bins") == SearchPage(records=0, versions=0, watermark=-1, hits=(), after=None)
    assert not (tmp_path / "index").exists()


def test_a_record_is_replaced_whole(index: TantivyIndex, one: Entry) -> None:
    index.apply("borough", 1, [version(one, 1), version(one, 2)], ())
    assert (find(index, "bins").records, find(index, "bins").versions) == (1, 2)
    index.apply("borough", 2, [one], ())
    page = find(index, "bins")
    assert (page.records, page.versions, page.watermark) == (1, 1, 2)
    assert find(index, "round1 OR round2").versions == 0


def test_applying_twice_is_applying_once(index: TantivyIndex, corpus: Corpus, every: Every) -> None:
    for _ in range(2):
        index.apply("borough", 3, corpus(200), ())
    assert len(every(index, "-zzz")) == len(corpus(200))
    assert index.watermark("borough") == 3


def test_what_comes_late_never_undoes_what_is_newer(index: TantivyIndex, one: Entry) -> None:
    index.apply("borough", 5, [one], ())
    index.apply("borough", 4, [one._replace(text="stale")], ())
    assert (index.watermark("borough"), find(index, "stale").versions) == (5, 0)


def test_a_new_record_is_replaced_all_the_same_when_another_process_brought_it(
    index: TantivyIndex, one: Entry
) -> None:
    index.apply("borough", 1, [version(one, 1)], ())
    new = version(one, 2)._replace(record_id="x:new", new_after=1)
    index.apply("borough", 2, [new], ())
    index.apply("borough", 3, [new], ())
    assert find(index, "bins").versions == 2


def test_an_erased_record_is_gone_with_all_its_versions(
    index: TantivyIndex, one: Entry, corpus: Corpus
) -> None:
    others = corpus(50)
    index.apply("borough", 1, [*others, version(one, 1), version(one, 2)], ())
    index.apply("borough", 2, (), ["x:1", "never held"])
    page = find(index, "-zzz")
    assert (page.versions, page.watermark) == (len(others), 2)
    assert "x:1" not in {hit.record_id for hit in page.hits}


def test_the_watermark_moves_without_any_entry(index: TantivyIndex) -> None:
    index.apply("borough", 7, (), ())
    assert (index.watermark("borough"), find(index, "-zzz").versions) == (7, 0)


def test_councils_stay_apart(index: TantivyIndex, one: Entry) -> None:
    index.apply("borough", 1, [one], ())
    index.apply("district", 1, [one._replace(text="parks")], ())
    assert find(index, "parks").versions == 0


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../borough"])
def test_a_council_cannot_name_another_folder(index: TantivyIndex, name: str) -> None:
    with pytest.raises(BadInputError):
        index.watermark(name)


def test_versions_that_do_not_come_together_are_refused_and_nothing_changes(
    index: TantivyIndex, one: Entry
) -> None:
    index.apply("borough", 1, [one], ())
    with pytest.raises(ValueError, match="come together"):
        index.apply("borough", 2, [version(one, 1), one._replace(record_id="x:2"), version(one, 2)], ())
    assert (index.watermark("borough"), find(index, "bins").versions) == (1, 1)


def test_a_fault_of_the_archive_leaves_the_index_as_it_was(index: TantivyIndex, one: Entry) -> None:
    def breaking() -> Iterator[Entry]:
        yield one._replace(text="half")
        raise StorageError("The archive cannot be read.")

    index.apply("borough", 1, [one], ())
    with pytest.raises(StorageError):
        index.apply("borough", 2, breaking(), ())
    with pytest.raises(StorageError):
        index.rebuild("borough", 2, breaking())
    index.apply("borough", 3, [one], ())
    assert (index.watermark("borough"), find(index, "half").versions) == (3, 0)


def test_entries_of_one_second_page_in_one_order(index: TantivyIndex, one: Entry, every: Every) -> None:
    # The sort key holds 28 bits of the id: these entries share them, so only the whole id tells them apart.
    twins = [
        one._replace(record_id=f"x:{number}", version_id=number.to_bytes(4, "big") + bytes(28))
        for number in range(40)
    ]
    index.apply("borough", 1, twins, ())
    whole = every(index, "bins", size=100)
    assert [entry_id(hit.version_id) for hit in whole] == sorted(
        (entry_id(entry.version_id) for entry in twins), reverse=True
    )
    for order in Order:
        for size in (1, 7, 40):
            assert every(index, "bins", order=order, size=size) == whole


def test_most_relevant_comes_first_and_a_filter_does_not_score(index: TantivyIndex, one: Entry) -> None:
    often = one._replace(record_id="x:2", version_id=b"b" * 32, text="bins bins bins", ts=one.ts - 9)
    seldom = one._replace(
        record_id="x:3", version_id=b"c" * 32, text="bins and many other words of no matter"
    )
    index.apply("borough", 1, [seldom, often, one], ())
    for typed in ("bins", f"bins platform:{one.platform}", "bins date:[2000-01-01 TO *] -zzz"):
        ranked = [hit.record_id for hit in find(index, typed, Order.RELEVANT).hits]
        assert ranked.index("x:3") == 2
        assert [hit.record_id for hit in find(index, typed).hits][-1] == "x:2"


def test_a_cursor_that_is_none_is_refused(index: TantivyIndex, one: Entry) -> None:
    index.apply("borough", 1, [one], ())
    with pytest.raises(BadInputError):
        index.search("borough", parse("bins"), order=Order.NEWEST, after="page 2")


def test_every_punctuation_mark_is_harmless(index: TantivyIndex, one: Entry) -> None:
    index.apply("borough", 1, [one], ())
    for mark in map(chr, range(33, 127)):
        if mark not in '()"*~' and not mark.isalnum():
            assert find(index, f"=bins{mark if mark != '?' else '?!'} OR state:live").versions == 1


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


def test_searches_go_on_during_a_rebuild(index: TantivyIndex, one: Entry) -> None:
    index.apply("borough", 1, [one], ())

    def slowly() -> Iterator[Entry]:
        assert find(index, "bins").watermark == 1
        yield one

    index.rebuild("borough", 2, slowly())
    assert find(index, "bins").watermark == 2


def test_a_second_writer_waits_and_then_is_told_to_try_again(index: TantivyIndex, one: Entry) -> None:
    refused: list[type[BaseException]] = []

    def meanwhile() -> Iterator[Entry]:
        def other() -> None:
            try:
                index.apply("borough", 9, [one], ())
            except WriteConflictError as conflict:
                refused.append(type(conflict))

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        yield one

    index.apply("borough", 1, meanwhile(), ())
    assert refused == [WriteConflictError]
    index.apply("borough", 2, [one], ())
    assert index.watermark("borough") == 2


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
        acknowledged = watermark
    index.apply("borough", acknowledged + 1, (), ())
    assert len(list((tmp_path / "borough").glob("gen-*"))) == 1
