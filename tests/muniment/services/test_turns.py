"""A long walk goes on by turns: no edge waits for it, and nothing of it is lost or kept twice."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from conformance.item import Account
from muniment.bootstrap.council import CouncilServices
from muniment.domain.due import Job, Purpose
from schemas.arrow import RECORD_SERIES
from schemas.vocabulary import Outcome, Reason, Stream
from tests.flows.council import Stage, small_council
from tests.muniment.evidence.archived import opened

EDGE = Job(account="mastodon", stream=Stream.POSTS, purpose=Purpose.EDGE)
PAST = Job(account="mastodon", stream=Stream.POSTS, purpose=Purpose.BACKFILL)
INTERVAL = timedelta(minutes=15)
TURN = timedelta(minutes=5)
A_PAGE_AT_MOST = timedelta(minutes=1)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with small_council(tmp_path) as stage:
        knobs = stage.fakes["mastodon"].knobs
        knobs.page_size = 1
        knobs.rate_limit_every, knobs.retry_after = (
            2,
            50,
        )  # a page takes most of a minute of the sandbox clock
        for number in range(60):
            stage.world.post(council_of(stage), f"Notice of old {number}")
            stage.world.clock.wait(timedelta(days=1).total_seconds())
        stage.world.clock.wait(timedelta(days=2).total_seconds())
        yield stage


def council_of(stage: Stage) -> Account:
    (council,) = stage.world.accounts("mastodon", owned=True)
    return council


def held(services: CouncilServices) -> list[str]:
    scan = services.archive.scan(series=RECORD_SERIES, columns=["record_id"])
    return [one for batch in scan for one in batch.column("record_id").to_pylist()]


def test_the_newest_edge_never_waits_for_a_backfill(stage: Stage) -> None:
    walked = []
    with opened(stage) as services:
        archiving = services.archiving
        for jobs in archiving.rounds(accounts=frozenset({"mastodon"})):
            assert len({job.purpose is Purpose.EDGE for job in jobs}) == 1  # edges have a round to themselves
            for job in jobs:
                began = archiving.clock.now()
                outcome = archiving.run(job).outcome
                walked.append((job, began, archiving.clock.now(), outcome))
                if job == PAST and outcome is Outcome.GOES_ON:
                    stage.world.post(council_of(stage), f"Out while the past is read: {len(walked)}")
                    stage.world.sync()
                if archiving.turn_is_over():
                    break
        turns = [(end - began, outcome) for job, began, end, outcome in walked if job == PAST]
        assert [outcome for _, outcome in turns[:-1]] == [Outcome.GOES_ON] * (len(turns) - 1)
        assert len(turns) > 4
        assert turns[-1][1] is Outcome.WHOLE
        assert max(time for time, _ in turns) <= TURN + 2 * A_PAGE_AT_MOST
        edges = [(began, end) for job, began, end, _ in walked if job == EDGE]
        assert len(edges) > 2
        waits = [later - ended for (_, ended), (later, _) in pairwise(edges)]
        assert max(waits) <= INTERVAL + TURN + A_PAGE_AT_MOST
        records = held(services)
        assert len(records) == len(set(records))
        told = len(stage.world.posts_of(council_of(stage)))
        notices = [one for one in records if "profile" not in one]
        assert len(notices) == told + 5  # and one comment under each of the five newest
        assert not list(services.process.register.gaps(services.name))


def test_reading_the_past_leaves_a_part_of_the_days_calls_to_the_newest_posts(stage: Stage) -> None:
    stage.fakes["mastodon"].knobs.rate_limit_every = 0
    file = stage.councils / "smalltown.yml"
    told = yaml.safe_load(file.read_text())
    told["credentials"]["mastodon"]["calls_per_day"] = 40
    file.write_text(yaml.safe_dump(told))
    only = frozenset({"mastodon"})
    with opened(stage) as services:
        archiving = services.archiving
        reports = {job: archiving.run(job) for jobs in archiving.rounds(accounts=only) for job in jobs}
        assert reports[PAST].reason is Reason.BUDGET
        assert "but for the 20% that are kept for the newest posts" in reports[PAST].remedy
        before = len(held(services))
        stage.world.post(council_of(stage), "Out on the same day")
        stage.world.clock.wait(INTERVAL.total_seconds() + 1)
    with opened(stage) as later:
        reports = {
            job: later.archiving.run(job) for jobs in later.archiving.rounds(accounts=only) for job in jobs
        }
        assert reports[EDGE].outcome is Outcome.WHOLE
        assert len(held(later)) == before + 1
