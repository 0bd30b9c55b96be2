"""An index follows erasures: it drops what was erased, never brings it back, and starts anew when too old."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from typing_extensions import override

from muniment.adapters.tantivy.index import TantivyIndex
from muniment.ports.disposal import Erased, ErasedRecords, Intent
from muniment.search.answer import Order
from muniment.search.entry import Entry
from muniment.search.parse import parse
from muniment.services.indexing import catch_up, rebuild
from tests.muniment.services.searching.commits import Commits, look, row


class Ledger(ErasedRecords):
    """What the register says, by hand."""

    def __init__(self) -> None:
        self.done: list[Erased] = []
        self.open: list[Intent] = []
        self.closed = 0
        self.building: list[str] = []

    @override
    def erasures(self, council: str, *, after: int) -> Iterator[Erased]:
        return iter([one for one in self.done if one.commit_no > after])

    @override
    def last_closed_erasure(self, council: str) -> int:
        return self.closed

    @override
    def intents(self, council: str) -> tuple[Intent, ...]:
        return tuple(self.open)

    @override
    def begin_rebuild(self, council: str, name: str, *, commit_no: int, owner: str | None = None) -> None:
        self.building.append(name)

    @override
    def end_rebuild(self, council: str, name: str, *, owner: str | None = None) -> None:
        self.building.remove(name)

    @override
    def rebuilding(self, council: str) -> tuple[str, ...]:
        return tuple(self.building)


def erase(commits: Commits, ledger: Ledger, record_id: str) -> None:
    """Take a record out of the archive, in a commit of its own."""
    commits.erase({record_id})
    ledger.done.append(Erased(commit_no=commits.last, record_ids=pa.array([record_id])))


def found(index: TantivyIndex) -> tuple[int, int]:
    page = index.search("borough", parse("bins"), order=Order.NEWEST)
    return page.records, page.watermark


@pytest.fixture
def filled(commits: Commits) -> Commits:
    commits.commit(row("x:1", "bins"), look("x:1", 1, text="bins"))
    commits.commit(row("x:2", "bins"), look("x:2", 1, text="bins"))
    return commits


def test_catching_up_drops_what_was_erased(filled: Commits, index: TantivyIndex) -> None:
    ledger = Ledger()
    catch_up(filled.archive(), index, "borough", erased=ledger)
    erase(filled, ledger, "x:1")
    catch_up(filled.archive(), index, "borough", erased=ledger)
    assert found(index) == (1, 3)


def test_what_is_being_destroyed_is_neither_shown_nor_written(filled: Commits, index: TantivyIndex) -> None:
    ledger = Ledger()
    catch_up(filled.archive(), index, "borough", erased=ledger)
    ledger.open.append(Intent(run="r", record_ids=pa.array(["x:1"])))
    filled.commit(row("x:3", "bins"), look("x:3", 1, text="bins"), look("x:1", 2, text="bins"))
    catch_up(filled.archive(), index, "borough", erased=ledger)
    assert found(index) == (2, 3)
    rebuild(filled.archive(), index, "borough", erased=ledger)
    assert found(index) == (2, 3)


def test_an_index_older_than_a_closed_erasure_is_built_anew(filled: Commits, index: TantivyIndex) -> None:
    ledger = Ledger()
    catch_up(filled.archive(), index, "borough", erased=ledger)
    erase(filled, ledger, "x:1")
    ledger.done.clear()
    ledger.closed = filled.last
    catch_up(filled.archive(), index, "borough", erased=ledger)
    assert found(index) == (1, 3)


def test_what_is_erased_while_an_index_is_built_is_not_in_it(filled: Commits, tmp_path: Path) -> None:
    ledger = Ledger()

    class Slow(TantivyIndex):
        @override
        def rebuild(self, council: str, upto: int, entries: Iterable[Entry]) -> None:
            read = list(entries)
            assert ledger.building == ["search"]
            erase(filled, ledger, "x:1")
            super().rebuild(council, upto, read)

    index = Slow(tmp_path / "slow")
    rebuild(filled.archive(), index, "borough", erased=ledger)
    assert found(index) == (1, 2)
    assert ledger.building == []
    catch_up(filled.archive(), index, "borough", erased=ledger)
    assert found(index) == (1, 3)
