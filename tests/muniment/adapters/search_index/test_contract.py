"""What every search index promises: whole replacement, exact totals, entries and watermark together."""

import string
import threading
from collections.abc import Callable, Iterator

import pytest

from muniment.ports import SearchIndex
from muniment.search.answer import Hit, Order, SearchPage
from muniment.search.entry import Entry, entry_id
from muniment.search.parse import parse
from muniment.search.tree import Query, Wildcard
from schemas.errors import BadInputError, StorageError, WriteConflictError

Corpus = Callable[..., tuple[Entry, ...]]
Every = Callable[..., tuple[Hit, ...]]


def find(index: SearchIndex, typed: str, order: Order = Order.NEWEST) -> SearchPage:
    return index.search("borough", parse(typed), order=order, size=9_000)


def version(one: Entry, number: int) -> Entry:
    return one._replace(version_id=bytes([number]) * 32, multi=True, text=f"bins round{number}")


def test_a_record_is_replaced_whole(index: SearchIndex, one: Entry) -> None:
    index.apply("borough", 1, [version(one, 1), version(one, 2)], ())
    assert (find(index, "bins").records, find(index, "bins").versions) == (1, 2)
    index.apply("borough", 2, [one], ())
    page = find(index, "bins")
    assert (page.records, page.versions, page.watermark) == (1, 1, 2)
    assert find(index, "round1 OR round2").versions == 0


def test_applying_twice_is_applying_once(index: SearchIndex, corpus: Corpus, every: Every) -> None:
    for _ in range(2):
        index.apply("borough", 3, corpus(200), ())
    assert len(every(index, "-zzz")) == len(corpus(200))
    assert index.watermark("borough") == 3


def test_what_comes_late_never_undoes_what_is_newer(index: SearchIndex, one: Entry) -> None:
    index.apply("borough", 5, [one], ())
    index.apply("borough", 4, [one._replace(text="stale")], ())
    assert (index.watermark("borough"), find(index, "stale").versions) == (5, 0)


def test_an_index_built_anew_from_an_older_look_never_skips_what_lies_between(
    index: SearchIndex, one: Entry
) -> None:
    index.apply("borough", 5, [one], ())
    index.rebuild("borough", 3, [one])
    with pytest.raises(WriteConflictError):
        index.apply("borough", 7, [one], (), after=5)
    assert index.watermark("borough") == 3
    index.apply("borough", 7, [one], (), after=3)
    assert index.watermark("borough") == 7
    with pytest.raises(WriteConflictError):
        index.apply("district", 7, [one], (), after=5)
    assert index.watermark("district") == -1


def test_a_new_record_is_replaced_all_the_same_when_another_process_brought_it(
    index: SearchIndex, one: Entry
) -> None:
    index.apply("borough", 1, [version(one, 1)], ())
    new = version(one, 2)._replace(record_id="x:new", new_after=1)
    index.apply("borough", 2, [new], ())
    index.apply("borough", 3, [new], ())
    assert find(index, "bins").versions == 2


def test_an_erased_record_is_gone_with_all_its_versions(
    index: SearchIndex, one: Entry, corpus: Corpus
) -> None:
    others = corpus(50)
    index.apply("borough", 1, [*others, version(one, 1), version(one, 2)], ())
    index.apply("borough", 2, (), ["x:1", "never held"])
    page = find(index, "-zzz")
    assert (page.versions, page.watermark) == (len(others), 2)
    assert "x:1" not in {hit.record_id for hit in page.hits}


def test_the_watermark_moves_without_any_entry(index: SearchIndex) -> None:
    index.apply("borough", 7, (), ())
    assert (index.watermark("borough"), find(index, "-zzz").versions) == (7, 0)


def test_councils_stay_apart(index: SearchIndex, one: Entry) -> None:
    index.apply("borough", 1, [one], ())
    index.apply("district", 1, [one._replace(text="parks")], ())
    assert find(index, "parks").versions == 0


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../borough"])
def test_a_council_cannot_name_another_folder(index: SearchIndex, name: str) -> None:
    with pytest.raises(BadInputError):
        index.watermark(name)


def test_versions_that_do_not_come_together_are_refused_and_nothing_changes(
    index: SearchIndex, one: Entry
) -> None:
    index.apply("borough", 1, [one], ())
    with pytest.raises(ValueError, match="come together"):
        index.apply("borough", 2, [version(one, 1), one._replace(record_id="x:2"), version(one, 2)], ())
    assert (index.watermark("borough"), find(index, "bins").versions) == (1, 1)


def test_a_fault_of_the_archive_leaves_the_index_as_it_was(index: SearchIndex, one: Entry) -> None:
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


def test_entries_of_one_second_page_in_one_order(index: SearchIndex, one: Entry, every: Every) -> None:
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


def test_most_relevant_comes_first_and_a_filter_does_not_score(index: SearchIndex, one: Entry) -> None:
    often = one._replace(record_id="x:2", version_id=b"b" * 32, text="bins bins bins", ts=one.ts - 9)
    seldom = one._replace(
        record_id="x:3", version_id=b"c" * 32, text="bins and many other words of no matter"
    )
    index.apply("borough", 1, [seldom, often, one], ())
    for typed in ("bins", f"bins platform:{one.platform}", "bins date:[2000-01-01 TO *] -zzz"):
        ranked = [hit.record_id for hit in find(index, typed, Order.RELEVANT).hits]
        assert ranked.index("x:3") == 2
        assert [hit.record_id for hit in find(index, typed).hits][-1] == "x:2"


def test_a_cursor_that_is_none_is_refused(index: SearchIndex, one: Entry) -> None:
    index.apply("borough", 1, [one], ())
    with pytest.raises(BadInputError):
        index.search("borough", parse("bins"), order=Order.NEWEST, after="page 2")


def test_every_punctuation_mark_is_harmless(index: SearchIndex, one: Entry) -> None:
    index.apply("borough", 1, [one], ())
    for mark in map(chr, range(33, 127)):
        if mark not in '()"*~' and not mark.isalnum():
            assert find(index, f"=bins{mark if mark != '?' else '?!'} OR state:live").versions == 1


def test_searches_go_on_during_a_rebuild(index: SearchIndex, one: Entry) -> None:
    index.apply("borough", 1, [one], ())

    def slowly() -> Iterator[Entry]:
        assert find(index, "bins").watermark == 1
        yield one

    index.rebuild("borough", 2, slowly())
    assert find(index, "bins").watermark == 2


def test_a_second_writer_waits_and_then_is_told_to_try_again(index: SearchIndex, one: Entry) -> None:
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


def test_an_index_that_was_never_written_is_empty(index: SearchIndex) -> None:
    assert index.watermark("borough") == -1
    assert find(index, "bins") == SearchPage(records=0, versions=0, watermark=-1, hits=(), after=None)


def test_a_rebuild_forgets_what_it_was_not_given(index: SearchIndex, one: Entry, corpus: Corpus) -> None:
    index.apply("borough", 4, [one], ())
    assert find(index, "bins").versions == 1
    index.rebuild("borough", 6, corpus(100))
    page = find(index, "-zzz")
    assert (page.versions, page.watermark) == (len(corpus(100)), 6)
    assert "x:1" not in {hit.record_id for hit in page.hits}
    index.rebuild("borough", 3, [one])
    assert (index.watermark("borough"), find(index, "-zzz").versions) == (3, 1)


def test_records_of_several_versions_are_counted_once_however_many(index: SearchIndex, one: Entry) -> None:
    several = [
        one._replace(
            record_id=f"x:{number // 2}",
            version_id=number.to_bytes(8, "big") + bytes(24),
            multi=True,
            text="bins" if number % 2 else "bins tax",
        )
        for number in range(5_000)
    ]
    index.rebuild("borough", 1, several)
    assert (find(index, "bins").records, find(index, "bins").versions) == (2_500, 5_000)
    assert (find(index, "tax").records, find(index, "tax").versions) == (2_500, 2_500)


def test_every_mark_in_a_pattern_stands_for_itself(index: SearchIndex, one: Entry) -> None:
    marks = [mark for mark in string.punctuation if mark not in "\"'<>*?"]
    entries = [
        one._replace(
            version_id=bytes([number]) * 32, record_id=f"x:{number}", text=f"https://www.a.uk/x{mark}y"
        )
        for number, mark in enumerate(marks)
    ]
    index.apply("borough", 1, entries, ())
    for mark, entry in zip(marks, entries, strict=True):
        for pattern in (f"a.uk/x{mark}*", f"*k/x{mark}y"):
            page = index.search("borough", Query(typed="", tree=Wildcard(pattern)), order=Order.NEWEST)
            assert [hit.record_id for hit in page.hits] == [entry.record_id], pattern
