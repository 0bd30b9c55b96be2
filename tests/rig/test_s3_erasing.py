"""Erasures in a bucket: of an erased record no byte is left on the server's disk, and an erasure is whole."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from muniment.adapters.s3.bucket import Bucket, Stored
from muniment.adapters.s3.files import S3Files
from tests.muniment.adapters.delta.council import Said, Town, batch_of
from tests.muniment.adapters.delta.test_erasing import Killed, erase, ids_of, others, picture, settle
from tests.rig.s3_server import (
    PLACE,
    SECRET,
    S3Bucket,
    active,
    data_files,
    end_the_lease,
    hidden,
    plant_what_no_listing_shows,
    s3_town,
    stray_bytes,
)

pytestmark = pytest.mark.rig


def test_of_an_erased_record_no_byte_is_left_on_the_servers_disk(borough: Town, s3_bucket: S3Bucket) -> None:
    doomed = Said(number=7, text=SECRET)
    settle(borough)
    image = picture(borough, doomed, b"a picture of " + SECRET.encode())
    borough.archive.keep(batch_of(doomed, attachments=[image]))
    borough.archive.compact()
    plant_what_no_listing_shows(s3_bucket)
    secrets = [b"facebook:7'", SECRET.encode()]
    assert len(stray_bytes(s3_bucket, secrets)) >= 5
    stay = others(borough, 7)

    done = erase(borough, 7)

    assert (done.records, done.media) == (1, 1)
    assert others(borough) == stay
    left = borough.archive.remains(ids_of(7))
    assert (left.rows, left.stray_files, left.unnamed_media) == (0, 0, 0)
    assert stray_bytes(s3_bucket, secrets) == []
    assert data_files(s3_bucket) == active(borough)
    assert hidden(s3_bucket) == []
    assert list(s3_bucket.open().uploads("")) == []


def test_media_under_a_mark_of_deletion_that_no_row_names_goes_too(
    borough: Town, s3_bucket: S3Bucket
) -> None:
    """Somebody deleted it by hand: no listing shows it, and its bytes are there."""
    name = hashlib.sha256(SECRET.encode()).hexdigest()
    client, key = s3_bucket.open().client, str(PLACE / "objects" / name[:2] / name)
    client.put_object(Bucket=s3_bucket.name, Key=key, Body=SECRET.encode())
    client.delete_object(Bucket=s3_bucket.name, Key=key)
    settle(borough)
    assert borough.archive.remains(ids_of(7)).unnamed_media == 1
    assert s3_bucket.holds(SECRET.encode())
    erase(borough, 1)
    erase(borough, 1)  # a run that is done puts right what is left

    assert borough.archive.remains(ids_of(7)).unnamed_media == 0
    assert s3_bucket.holds(SECRET.encode()) == []


class DyingBucket(Bucket):
    """A server that a writer stops speaking to at its so-many-th act: it was killed."""

    die_after = 10**9

    def _act(self) -> None:
        self.die_after -= 1
        if self.die_after < 0:
            raise Killed

    @override
    def put(self, *arguments: Any, **asked: Any) -> Stored:
        self._act()
        return super().put(*arguments, **asked)

    @override
    def delete(self, doomed: Any) -> int:
        self._act()
        return super().delete(doomed)


@contextmanager
def dead_after(bucket: DyingBucket, acts: int) -> Iterator[None]:
    bucket.die_after = acts
    try:
        yield
    except Killed:
        pass
    finally:
        bucket.die_after = 10**9


@pytest.mark.parametrize("acts", [2, 4, 6, 8, 9])
def test_an_erasure_killed_at_any_moment_is_before_or_after_and_is_finished(
    s3_bucket: S3Bucket, tmp_path: Path, acts: int
) -> None:
    bucket = DyingBucket(s3_bucket.name, endpoint=s3_bucket.endpoint)
    borough = s3_town(s3_bucket, tmp_path, files=S3Files(bucket))
    settle(borough)
    before, after = others(borough), others(borough, 1, 2)
    with dead_after(bucket, acts):
        erase(borough, 1, 2)
    end_the_lease(s3_bucket)
    assert others(borough) in (before, after)

    done = erase(borough, 1, 2)

    assert others(borough) == after
    assert (done.records, done.media) == (2, 2)
    left = borough.archive.remains(ids_of(1, 2))
    assert (left.rows, left.stray_files, left.unnamed_media) == (0, 0, 0)
    assert data_files(s3_bucket) == active(borough)
    assert hidden(s3_bucket) == []
