"""The index brought up beside capture: it is told of commits, and whatever it leaves is done at the end."""

import os
import resource
import signal
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from muniment.adapters.index_process import IndexProcess, Pipe, commits_heard
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
        index = services.process.index
        beside = IndexProcess(partial(follow_council, services.process.settings, services.name))
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


def answer_all(pipe: Pipe) -> None:
    for commit_no in commits_heard(pipe):
        pipe.send(commit_no)


def test_a_run_of_a_thousand_commits_never_waits_for_answers_that_nobody_took() -> None:
    beside = IndexProcess(answer_all, worth=1)
    told = threading.Thread(target=_tell, args=(beside, 1_000), daemon=True)
    told.start()
    told.join(200)
    stuck = told.is_alive()
    if stuck and beside.pid is not None:
        os.kill(beside.pid, signal.SIGKILL)  # frees it
    assert not stuck
    beside.settle()
    beside.close()


def _tell(beside: IndexProcess, commits: int) -> None:
    for commit_no in range(1, commits + 1):
        beside.hear(kept(commit_no, 1))
        time.sleep(0.001)  # time to answer each by itself


def test_a_run_that_ends_early_leaves_no_traceback(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with small_council(tmp_path) as stage, opened(stage) as services:
        for jobs in services.archiving.rounds():
            for job in jobs:
                services.archiving.run(job)
        last = services.archive.commit_no()
        beside = IndexProcess(partial(follow_council, services.process.settings, services.name))
        beside.hear(kept(last, 10_000))
        while services.process.index.watermark(services.name) < last:
            time.sleep(0.05)
        time.sleep(0.2)  # its answer lies in the pipe, and is not taken
        beside.close()
    assert "Traceback" not in capfd.readouterr().err


def hang(pipe: Pipe) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pipe.send(0)
    while True:
        time.sleep(60)


def test_a_process_that_hangs_keeps_no_run_from_ending() -> None:
    beside = IndexProcess(hang, worth=1, patience=0.5)
    beside.hear(kept(0, 1))
    beside.settle()
    hanging = beside.pid
    assert hanging is not None
    closing = threading.Thread(target=beside.close, daemon=True)
    closing.start()
    closing.join(200)
    stuck = closing.is_alive()
    if stuck:
        os.kill(hanging, signal.SIGKILL)  # frees it
    assert not stuck
    with pytest.raises(ProcessLookupError):
        os.kill(hanging, 0)


def test_a_process_that_cannot_be_started_stops_no_capture() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    beside = IndexProcess(print, worth=1)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        beside.hear(kept(1, 1))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert beside.pid is None
    beside.settle()
    beside.close()
