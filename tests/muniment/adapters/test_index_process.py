"""The index brought up beside capture: it is told of commits, and whatever it leaves is done at the end."""

import os
import signal
from functools import partial
from pathlib import Path

from muniment.adapters.index_process import IndexProcess
from muniment.bootstrap import follow_council
from muniment.ports import Kept
from muniment.services.indexing import catch_up
from tests.flows.council import small_council
from tests.muniment.evidence.archived import opened


def kept(commit_no: int | None, new: int) -> Kept:
    return Kept(commit_no=commit_no, new=new, changed=0, observed=new, attached=0, disposed=frozenset())


def test_what_is_kept_in_bulk_is_indexed_by_another_process(tmp_path: Path) -> None:
    with small_council(tmp_path) as stage, opened(stage) as services:
        for jobs in services.archiving.rounds():
            for job in jobs:
                services.archiving.run(job)
        last = services.archive.commit_no()
        index = services.muniment.index
        beside = IndexProcess(partial(follow_council, services.muniment.settings, services.name))
        beside.hear(kept(None, 0))
        beside.hear(kept(last, 10))
        idle = beside.pid
        assert idle is None  # too little to be worth it
        beside.hear(kept(last, 10_000))
        beside.settle()
        assert index.watermark(services.name) == last
        working = beside.pid
        assert working is not None
        os.kill(working, signal.SIGKILL)
        beside.hear(kept(last + 1, 1))
        beside.settle()  # returns, though nobody answers
        beside.close()
        assert catch_up(services.archive, index, services.name).versions == 0


def test_a_run_that_brings_little_starts_nothing() -> None:
    beside = IndexProcess(print)
    beside.settle()
    beside.close()
    assert beside.pid is None
