"""What the server did and could not say is done: neither told as failed nor done twice."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from muniment.adapters.delta.layout import TABLE_PROPERTIES
from muniment.adapters.s3.lease import leased
from schemas.arrow import PARTITION, TABLE
from schemas.errors import WriteConflictError
from tests.muniment.adapters.delta.council import Said, Town, batch_of
from tests.muniment.adapters.delta.test_erasing import erase, ids_of, picture
from tests.rig.lost_answers import CUT, LosingWay, losing_way
from tests.rig.s3_server import (
    PLACE,
    SECRET,
    S3Bucket,
    hidden,
    plant_what_no_listing_shows,
    s3_town,
    stray_bytes,
)

pytestmark = pytest.mark.rig


EACH_WAY = pytest.mark.parametrize("way", [CUT, "500", "503"], indirect=True)


@pytest.fixture
def way(request: pytest.FixtureRequest, s3_endpoint: str) -> Iterator[LosingWay]:
    with losing_way(s3_endpoint, answer=getattr(request, "param", CUT)) as running:
        yield running


@pytest.fixture
def town(way: LosingWay, s3_bucket: S3Bucket, tmp_path: Path) -> Town:
    return s3_town(replace(s3_bucket, endpoint=way.endpoint), tmp_path)


def texts(town: Town) -> list[str]:
    batches = town.archive.scan(series=["public"], columns=["text"])
    return sorted(one for batch in batches for one in batch["text"].to_pylist())


@EACH_WAY
def test_a_keep_whose_answer_was_lost_is_told_as_done_and_done_once(town: Town, way: LosingWay) -> None:
    town.archive.keep(batch_of(Said(number=1, text="first")))
    way.lose(1)

    kept = town.archive.keep(batch_of(Said(number=2, text="second"), Said(number=3, text="third")))

    assert way.lost == 1
    assert (kept.commit_no, kept.new) == (2, 2)
    assert town.archive.keep(batch_of(Said(number=2, text="second"))).new == 0
    assert town.archive.keep(batch_of(Said(number=4, text="fourth"))).commit_no == 3
    assert texts(town) == ["first", "fourth", "second", "third"]
    assert town.archive.remains(pa.array(["facebook:9"])).stray_files == 0


@EACH_WAY
def test_an_erasure_whose_answer_was_lost_is_told_as_done(town: Town, way: LosingWay) -> None:
    town.archive.keep(batch_of(*(Said(number=number, text=f"of {number}") for number in (1, 2, 3))))
    way.lose(1)

    done = town.archive.erase("2026-03-02-1", pa.array(["facebook:2"]))

    assert way.lost == 1
    assert (done.commit_no, done.rows["public"]) == (2, 1)
    assert texts(town) == ["of 1", "of 3"]
    left = town.archive.remains(pa.array(["facebook:2"]))
    assert (left.rows, left.stray_files, left.unnamed_media) == (0, 0, 0)


@pytest.fixture
def bucket(way: LosingWay, s3_bucket: S3Bucket) -> S3Bucket:
    return replace(s3_bucket, endpoint=way.endpoint)


@EACH_WAY
def test_a_table_is_made_though_the_answer_was_lost(town: Town, way: LosingWay) -> None:
    way.lose(1)
    assert town.archive.keep(batch_of(Said(number=1, text="first"))).commit_no == 1
    assert (way.lost, texts(town)) == (1, ["first"])


def test_an_older_table_gets_its_columns_though_the_answer_was_lost(
    town: Town, way: LosingWay, bucket: S3Bucket
) -> None:
    files = bucket.files()
    DeltaTable.create(
        files.uri(PLACE / "table"),
        pa.schema([field for field in TABLE if field.name != "language"]),
        partition_by=list(PARTITION),
        configuration=TABLE_PROPERTIES,
        storage_options=dict(files.options()),
    )
    way.lose(1)
    assert town.archive.keep(batch_of(Said(number=1, text="first"))).commit_no == 1
    assert (way.lost, texts(town)) == (1, ["first"])


@pytest.mark.parametrize("count", [1, 2])
def test_a_server_that_keeps_conditions_is_not_refused_for_answers_that_were_lost(
    bucket: S3Bucket, way: LosingWay, count: int
) -> None:
    way.lose(count, part=".probe-")
    bucket.files().probe(PLACE)
    assert way.lost == count
    assert list(bucket.open().versions("")) == []


@pytest.mark.parametrize("which", ["take", "take over", "renew", "free"])
def test_a_lease_is_ours_at_once_and_leaves_no_version_behind(
    bucket: S3Bucket, way: LosingWay, which: str
) -> None:
    key = str(PLACE / "lock")
    if which == "take over":
        with leased(bucket.open(), key) as lease:
            lease.mark()
    if which.startswith("take"):
        way.lose(1, part="/lock")
    with leased(bucket.open(), key) as lease:
        assert lease.abandoned == (which == "take over")
        if which == "renew":
            way.lose(1, part="/lock")
        lease.renew()
        lease.check()
        if which == "free":
            way.lose(1, part="/lock")
    assert way.lost == 1
    with leased(bucket.open(), key) as lease:
        assert not lease.abandoned
    assert len(list(bucket.open().versions(key))) == 1


@pytest.mark.parametrize(
    ("method", "part"),
    [("PUT", "/objects/"), ("PUT", "/table/series"), ("POST", "?delete"), ("DELETE", "uploadId")],
)
def test_of_an_erased_record_nothing_is_left_whichever_answer_was_lost(
    town: Town, way: LosingWay, s3_bucket: S3Bucket, method: str, part: str
) -> None:
    doomed = Said(number=7, text=SECRET)
    if method == "PUT":
        way.lose(1, part=part)
    town.archive.keep(batch_of(doomed, attachments=[picture(town, doomed, b"of " + SECRET.encode())]))
    plant_what_no_listing_shows(s3_bucket)
    if method != "PUT":
        way.lose(1, method=method, part=part)

    done = erase(town, 7)

    assert way.lost == 1
    assert (done.records, done.media) == (1, 1)
    left = town.archive.remains(ids_of(7))
    assert (left.rows, left.stray_files, left.unnamed_media) == (0, 0, 0)
    assert stray_bytes(s3_bucket, [SECRET.encode()]) == []
    assert hidden(s3_bucket) == []


def test_a_writer_that_wakes_after_its_term_holds_nothing(s3_bucket: S3Bucket) -> None:
    """What a machine's clock says that went on while it slept: longer than the term, in no time."""
    asleep = [0.0]
    bucket, key = s3_bucket.open(), str(PLACE / "lock")
    with leased(bucket, key, term=30, clock=lambda: time.monotonic() + asleep[0]) as lease:
        lease.check()
        asleep[0] = 31.0
        assert lease.lost
        with pytest.raises(WriteConflictError):
            lease.check()
    with suppress(WriteConflictError):
        lease.renew()
    assert lease.lost


def test_the_clock_of_a_lease_goes_on_while_the_machine_sleeps(s3_bucket: S3Bucket) -> None:
    with leased(s3_bucket.open(), str(PLACE / "lock")) as lease:
        asked = lease._clock()
        assert abs(asked - time.clock_gettime(time.CLOCK_BOOTTIME)) < 5
