"""By night each disposal is tried: one that fails or is refused holds up no other, and is told."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from typing_extensions import override

from muniment.adapters.tantivy.index import TantivyIndex
from muniment.domain.disposal import Why
from muniment.domain.disposal_events import DisposalStopped
from muniment.domain.disposal_run import RunState
from muniment.search.answer import PurgeProof
from muniment.search.entry import Entry
from muniment.services.working_off import go_on, work_off
from schemas.errors import NotApprovedError
from tests.muniment.adapters.delta.council import COUNCIL
from tests.muniment.services.disposing.office import BEN, IVY, Office, ids
from tests.muniment.services.disposing.test_destroying import events


class LyingIndex(TantivyIndex):
    """An index that breaks, in a way that nobody foresaw, when one record is to be purged."""

    broken = True

    @override
    def purge(
        self,
        council: str,
        upto: int,
        entries: Iterable[Entry],
        erased: Sequence[str],
        words: Sequence[str] = (),
    ) -> PurgeProof:
        if self.broken and "facebook:1" in erased:
            raise LookupError("no such segment")
        return super().purge(council, upto, entries, erased, words)


def two_runs(office: Office, root: Path) -> tuple[str, str, LyingIndex]:
    """Have record 1, and then 2 and 3, listed and approved; the index breaks over the first."""
    office.settle()
    index = LyingIndex(root / "index", heap_bytes=15_000_000)
    office.destroying.indexes = {"search index": index}
    office.kept |= dict.fromkeys(ids(2, 3, 4, 5, 6), Why.NOT_YET)
    first = office.approved()
    office.kept |= dict.fromkeys(ids(1, 4, 5, 6), Why.NOT_YET)
    for one in ids(2, 3):
        del office.kept[one]
    second = office.approved()
    office.kept.clear()
    return first, second, index


def test_one_failing_run_holds_up_no_other_and_is_told(office: Office, tmp_path: Path) -> None:
    first, second, index = two_runs(office, tmp_path)
    progress: list[tuple[int, int]] = []

    worked = work_off(office.destroying, lambda done, of: progress.append((done, of)))

    assert progress == [(1, 2), (2, 2)]

    assert [(one.run, one.state) for one in worked.done] == [(second, RunState.CERTIFIED)]
    assert [run for run, _ in worked.failed] == [first]
    with pytest.raises(LookupError):
        worked.raise_first()
    (told,) = [one for one in events(office) if isinstance(one, DisposalStopped)]
    assert (told.run, told.state, told.error) == (first, "verifying", "LookupError")
    assert office.held() == ids(4, 5, 6)

    assert [run for run, _ in go_on(office.destroying).failed] == [first]
    index.broken = False
    mended = work_off(office.destroying)
    mended.raise_first()
    assert [(one.run, one.state) for one in mended.done] == [(first, RunState.CERTIFIED)]


def test_a_run_that_is_refused_holds_up_no_other(office: Office, tmp_path: Path) -> None:
    first, second, index = two_runs(office, tmp_path)
    index.broken = False
    office.clock.wait(timedelta(days=17).total_seconds())  # 30 days after the first was approved
    office.disposing.send_back(second, actor=BEN)
    office.disposing.send_on(second, actor=BEN)
    for person in (BEN, IVY):
        office.disposing.approve(second, actor=person)
    office.clock.wait(timedelta(days=7).total_seconds())

    worked = work_off(office.destroying)

    assert [one.run for one in worked.done] == [second]
    assert [run for run, _ in worked.refused] == [first]
    assert office.run(first).state is RunState.UNDER_REVIEW
    assert office.register.disposed(COUNCIL, sorted(ids(1, 2, 3))) == ids(2, 3)
    with pytest.raises(NotApprovedError, match="30 days"):
        worked.raise_first()
