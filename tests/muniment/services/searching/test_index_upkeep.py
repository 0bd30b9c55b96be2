"""The index is counted against the archive, and what was destroyed is taken out of its files."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from typing_extensions import override

from muniment.adapters.tantivy.index import TantivyIndex
from muniment.ports.disposal import Intent
from muniment.search.answer import Facet, Order, PurgeProof
from muniment.search.entry import Entry
from muniment.search.parse import parse
from muniment.services.as_at import search_as_at
from muniment.services.index_upkeep import Difference, purge_index, reconcile
from muniment.services.indexing import being_destroyed, catch_up, follow, rebuild
from muniment.services.reading_threads import read_thread
from muniment.services.searching import search
from schemas.errors import BadInputError
from tests.muniment.services.searching.commits import START, Commits, look, row
from tests.muniment.services.searching.test_following_erasures import Ledger, erase


@pytest.fixture
def borough(commits: Commits, index: TantivyIndex) -> Commits:
    commits.commit(
        row("x:1", "bins"),
        look("x:1", 1, text="bins"),
        row("x:2", "zzsecret", filed_at=START + timedelta(days=40), language="cy"),
        row("facebook:3", "parks"),
    )
    commits.commit(row("x:1", "bins missed"), look("x:1", 2, "hidden", text="bins missed"))
    catch_up(commits.archive(), index, "borough")
    return commits


def test_a_true_view_agrees(borough: Commits, index: TantivyIndex) -> None:
    found = reconcile(borough.archive(), index, "borough")
    assert (found.agrees, found.commit_no, found.versions) == (True, 2, 4)


def test_an_index_that_is_behind_agrees_as_at_its_commit(borough: Commits, index: TantivyIndex) -> None:
    borough.commit(row("x:9", "bins"))
    assert reconcile(borough.archive(), index, "borough").agrees


def test_what_differs_is_named_by_month_and_value(borough: Commits, index: TantivyIndex) -> None:
    borough.rows = [{**one, "language": "en"} if one["record_id"] == "x:2" else one for one in borough.rows]
    borough._table = borough._table.slice(0, 0)
    found = reconcile(borough.archive(), index, "borough")
    assert not found.agrees
    assert found.differences == (
        Difference(month="2024-05", facet=Facet.LANGUAGE, value="cy", in_archive=0, in_index=1),
        Difference(month="2024-05", facet=Facet.LANGUAGE, value="en", in_archive=1, in_index=0),
    )


def test_another_version_with_the_same_counts_is_seen(borough: Commits, index: TantivyIndex) -> None:
    borough.rows = [
        {**one, "version_id": b"9" * 32} if one["record_id"] == "facebook:3" else one for one in borough.rows
    ]
    borough._table = borough._table.slice(0, 0)
    found = reconcile(borough.archive(), index, "borough")
    assert (found.differences, found.same_versions, found.agrees) == ((), False, False)


def test_an_empty_archive_agrees_with_no_index(commits: Commits, index: TantivyIndex) -> None:
    assert reconcile(commits.archive(), index, "borough").agrees


def test_what_was_destroyed_is_out_of_the_files_and_stays_out(borough: Commits, index: TantivyIndex) -> None:
    ledger = Ledger()
    erase(borough, ledger, "x:2")
    archive = borough.archive()
    proof = purge_index(archive, index, "borough", ["x:2"], erased=ledger, words=["zzsecret"])
    assert (proof.proved, proof.records, proof.entries, proof.watermark) == (True, 1, 3, 3)
    assert "zzsecret" not in index.words("borough")
    assert ledger.building == []
    catch_up(archive, index, "borough", erased=ledger)
    assert reconcile(archive, index, "borough", erased=ledger).agrees


def test_a_purge_lets_an_index_that_is_only_behind_follow_the_archive_first(
    borough: Commits, tmp_path: Path
) -> None:
    """An engine that drops what is deleted from its files need not be given every entry anew."""
    ledger = Ledger()
    borough.commit(row("x:7", "flood"))
    erase(borough, ledger, "x:2")
    seen: list[tuple[int, int]] = []

    class InPlace(TantivyIndex):
        @override
        def purge(
            self,
            council: str,
            upto: int,
            entries: Iterable[Entry],
            erased: Sequence[str],
            words: Sequence[str] = (),
        ) -> PurgeProof:
            found = self.search(council, parse("-zzz"), order=Order.NEWEST)
            seen.append((self.watermark(council), found.records))
            return super().purge(council, upto, entries, erased, words)

    proof = purge_index(borough.archive(), InPlace(tmp_path), "borough", ["x:2"], erased=ledger)
    assert (seen, proof.proved, proof.entries) == ([(4, 3)], True, 4)


def test_a_purge_builds_an_index_anew_that_is_ahead_of_its_archive(
    borough: Commits, index: TantivyIndex
) -> None:
    index.apply("borough", 9, (), ())
    proof = purge_index(borough.archive(), index, "borough", ["x:99"], erased=Ledger())
    assert (proof.proved, proof.entries, proof.watermark) == (True, 4, 2)


def test_an_erasure_alone_asks_for_no_classes(borough: Commits, index: TantivyIndex) -> None:
    ledger = Ledger()
    erase(borough, ledger, "x:2")
    catch_up(borough.archive(), index, "borough", erased=ledger, classes=lambda: pytest.fail("asked"))
    assert index.watermark("borough") == 3


def test_from_the_intent_on_nobody_finds_a_record(borough: Commits, index: TantivyIndex) -> None:
    ledger = Ledger()
    ledger.open.append(Intent(run="r", record_ids=pa.array(["x:1"])))
    hidden = being_destroyed(ledger, "borough")
    archive = borough.archive()
    for typed in ("bins", "-zzz"):
        answers = (
            search(archive, index, "borough", typed, hidden=hidden),
            search_as_at(archive, typed, 2, hidden=hidden),
        )
        for answer in answers:
            assert "x:1" not in {one.entry.record_id for one in answer.found}
            assert "being" not in answer.statement.explained
    with pytest.raises(BadInputError):
        read_thread(archive, "x:1", hidden=hidden)
    assert "x:1" not in {one.record_id for one in read_thread(archive, "x:2", hidden=hidden)}


def test_classes_are_taken_in_and_their_drift_is_told_but_is_no_fault(
    borough: Commits, index: TantivyIndex
) -> None:
    archive = borough.archive()
    rebuild(archive, index, "borough", classes=lambda: {"x:1": "COMPLAINT", "x:2": "NEWS"})
    assert index.facets("borough", parse("-zzz")).counts[Facet.CLASS] == {"complaint": 2, "news": 1}
    assert search(archive, index, "borough", "class:complaint").statement.records == 1
    borough.commit(row("facebook:9", "flood"), look("x:2", 90, "gone"))
    later = {"x:1": "COMPLAINT", "x:2": "NEWS", "facebook:9": "NEWS"}
    catch_up(archive, index, "borough", classes=lambda: later)
    assert reconcile(archive, index, "borough", classes=lambda: later).differences == ()
    found = reconcile(archive, index, "borough", classes=lambda: {**later, "x:1": "NEWS"})
    assert {one.facet for one in found.differences} == {Facet.CLASS}
    assert found.agrees


def test_classes_are_not_asked_for_when_nothing_is_new(borough: Commits, index: TantivyIndex) -> None:
    catch_up(borough.archive(), index, "borough", classes=lambda: pytest.fail("asked"))


def test_what_is_indexed_beside_capture_keeps_its_class_and_asks_for_classes_once(
    borough: Commits, index: TantivyIndex
) -> None:
    archive = borough.archive()
    asked: list[int] = []

    def classes() -> dict[str, str]:
        asked.append(borough.last)
        return {"x:1": "COMPLAINT"}

    def commits() -> Iterator[int]:
        for number in range(2):
            yield borough.commit(look("x:1", 100 + number, "gone"))

    rebuild(archive, index, "borough", classes=lambda: {"x:1": "COMPLAINT"})
    follow(archive, index, "borough", commits(), lambda _: None, classes=classes)
    assert search(archive, index, "borough", "class:complaint").statement.records == 1
    assert len(asked) == 1


def test_what_is_indexed_beside_capture_is_what_a_rebuild_writes(
    commits: Commits, index: TantivyIndex
) -> None:
    """New records, seen again, edited, and filed with no look; commits that come together and alone."""
    archive = commits.archive()

    def told() -> Iterator[int]:
        yield commits.commit(row("x:1", "bins"), look("x:1", 1, text="bins"), row("x:2", "parks"))
        yield commits.commit(row("x:3", "roads"))
        commits.commit(row("x:2", "parks shut"), look("x:4", 2, text="nothing filed"))
        yield commits.commit(row("x:5", "trees"), look("x:1", 3, "hidden", text="bins"))
        yield commits.commit(row("x:4", "filed late"), row("x:6", "bins"), look("x:3", 4, "gone"))

    follow(archive, index, "borough", told(), lambda _: None)
    assert reconcile(archive, index, "borough").agrees
    followed = {text: search(archive, index, "borough", text).statement.versions for text in _TEXTS}
    rebuild(archive, index, "borough")
    again = {text: search(archive, index, "borough", text).statement.versions for text in _TEXTS}
    assert followed == again
    assert followed["bins"] == 2


_TEXTS = ("bins", "parks", "roads", "trees", "filed", "is:edited", "state:hidden", "state:gone")
