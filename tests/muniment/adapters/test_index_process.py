"""The index brought up beside capture: it is told of commits, and whatever it leaves is done at the end."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from muniment.adapters.fresh_process import Channel
from muniment.adapters.index_process import IndexProcess, Pipe, commits_heard
from muniment.adapters.register_asked import RegisterAsked
from muniment.adapters.schedule_yaml import read_schedule
from muniment.bootstrap.council import CouncilServices
from muniment.ports import Kept
from muniment.ports.disposal import Intent
from muniment.ports.retention import AdoptedSchedule
from muniment.search.answer import Facet
from muniment.search.parse import parse
from muniment.services.indexing import catch_up
from tests.flows.council import small_council
from tests.muniment.evidence.archived import opened
from tests.operate.test_retention import signed


def kept(commit_no: int | None, new: int) -> Kept:
    return Kept(commit_no=commit_no, new=new, changed=0, observed=new, attached=0, disposed=frozenset())


def test_what_is_kept_in_bulk_is_indexed_by_another_process(tmp_path: Path) -> None:
    with small_council(tmp_path) as stage, opened(stage) as services:
        for jobs in services.archiving.rounds():
            for job in jobs:
                services.archiving.run(job)
        last = services.archive.commit_no()
        index = services.process.index
        adopt_a_schedule(services, tmp_path)
        beside = services.beside
        beside.hear(kept(None, 0))
        beside.hear(kept(last, 10))
        idle = beside.pid
        assert idle is None  # too little to be worth it
        beside.hear(kept(last, 10_000))
        beside.settle()
        assert index.watermark(services.name) == last
        counted = index.facets(services.name, parse("bins OR question")).counts
        assert sum(counted[Facet.CLASS].values()) == sum(counted[Facet.PLATFORM].values()) > 0
        working = beside.pid
        assert working is not None
        os.kill(working, signal.SIGKILL)
        beside.hear(kept(last + 1, 1))
        beside.settle()  # returns, though nobody answers
        beside.close()
        assert catch_up(services.archive, index, services.name).versions == 0


def adopt_a_schedule(services: CouncilServices, folder: Path) -> None:
    text = signed(folder / "signed.yml").read_text(encoding="utf-8")
    adopted = AdoptedSchedule(
        version="1.0",
        effective_from=date(2000, 1, 1),
        digest=read_schedule(text, "adopted").digest,
        text=text,
        by="ivy",
        at=services.clock.now(),
    )
    services.process.register.adopt_schedule(services.name, adopted)


def test_it_starts_without_what_only_its_parent_needs() -> None:
    script = "import sys, muniment.bootstrap.following; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert not {"sqlalchemy", "httpx", "yaml", "boto3", "elasticsearch"} & set(done.stdout.split())


def test_a_run_that_brings_little_starts_nothing() -> None:
    beside = IndexProcess(print, {})
    beside.settle()
    beside.close()
    assert beside.pid is None


def answer_all(pipe: Pipe, questions: Channel) -> None:
    register = RegisterAsked(questions)
    for commit_no in commits_heard(pipe):
        assert len(register.intents("elm")[0].record_ids) == 1_000
        pipe.send(commit_no)


def many_intents(_council: str) -> tuple[Intent, ...]:
    ids = pa.array([f"x:{number:0>64}" for number in range(1_000)])
    return (Intent(run="r", record_ids=ids),)


def test_a_run_of_a_thousand_commits_never_waits_for_answers_that_nobody_took() -> None:
    beside = IndexProcess(answer_all, {"intents": many_intents}, worth=1)
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
        beside = services.beside
        beside.hear(kept(last, 10_000))
        while services.process.index.watermark(services.name) < last:
            time.sleep(0.05)
        time.sleep(0.2)  # its answer lies in the pipe, and is not taken
        beside.close()
    assert "Traceback" not in capfd.readouterr().err


def hang(pipe: Pipe, _questions: Pipe) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pipe.send(0)
    while True:
        time.sleep(60)


def test_a_process_that_hangs_keeps_no_run_from_ending() -> None:
    beside = IndexProcess(hang, {}, worth=1, patience=0.5)
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
    beside = IndexProcess(print, {}, worth=1)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        beside.hear(kept(1, 1))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert beside.pid is None
    beside.settle()
    beside.close()
