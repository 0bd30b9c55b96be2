"""A walk that breaks off: what came is kept and noted first, and the next run goes on behind it."""

from pathlib import Path

import pytest

from conformance.knobs import Fault
from muniment.bootstrap.council import CouncilServices
from muniment.domain.due import Job, Purpose
from schemas.arrow import RECORD_SERIES
from schemas.errors import RetryableError
from schemas.vocabulary import Outcome, Stream
from tests.flows.council import small_council
from tests.muniment.evidence.archived import opened

EDGE = Job(account="facebook", stream=Stream.POSTS, purpose=Purpose.EDGE)


def held(services: CouncilServices) -> int:
    scan = services.archive.scan(series=RECORD_SERIES, columns=["record_id"])
    return sum(batch.num_rows for batch in scan)


def test_page_one_survives_when_page_two_fails(tmp_path: Path) -> None:
    with small_council(tmp_path) as stage, opened(stage) as services:
        facebook = stage.fakes["facebook"]
        facebook.knobs.page_size = 2
        facebook.knobs.faults = [Fault(match="after=", status=500, times=100)]
        with pytest.raises(RetryableError):
            services.archiving.run(EDGE)
        assert held(services) == 2
        facebook.knobs.faults = []
        facebook.journal.calls.clear()
        assert services.archiving.run(EDGE).outcome is Outcome.WHOLE
        assert held(services) == 5
        (posts,) = (count for call, count in facebook.journal.calls.items() if "published_posts" in call)
        assert posts == 2  # the second page and the third: the first is not asked for again
