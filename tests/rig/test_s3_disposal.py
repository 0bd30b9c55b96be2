"""Disposal keeps its promises in a bucket too: the tests of a local disk, and the server's own disk."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

import pytest
from typing_extensions import override

from muniment.adapters.s3.files import S3Files
from muniment.adapters.s3.media import S3MediaStore
from muniment.adapters.storage import Files
from muniment.domain.disposal import Why
from muniment.domain.disposal_run import RunState
from muniment.ports import MediaStore
from tests.muniment.adapters.delta.council import COUNCIL, Said
from tests.muniment.services.disposing import test_destroying, test_filtering
from tests.muniment.services.disposing.office import IVY, Office, ids
from tests.rig.s3_server import PLACE, SECRET, S3Bucket, hidden, stray_bytes

pytestmark = pytest.mark.rig

for _module in (test_destroying, test_filtering):
    globals().update({name: test for name, test in vars(_module).items() if name.startswith("test_")})


@dataclass(kw_only=True)
class BucketOffice(Office):
    """An office whose archive lies in a bucket."""

    @property
    @override
    def place(self) -> PurePath:
        return PLACE

    @property
    @override
    def seal_files(self) -> Files:
        return self.files

    @override
    def made_media(self) -> MediaStore:
        assert isinstance(self.files, S3Files)
        return S3MediaStore(PLACE, self.files, spool=self.root / COUNCIL)


@pytest.fixture
def office(s3_bucket: S3Bucket, tmp_path: Path) -> Iterator[Office]:
    found = BucketOffice(root=tmp_path, files=s3_bucket.files())
    yield found
    found.register.close()


def test_of_a_disposed_record_the_servers_disk_holds_no_byte(office: Office, s3_bucket: S3Bucket) -> None:
    office.settle()
    doomed = Said(number=7, text=f"{SECRET} about the bins")
    office.keep(doomed, attachments=[office.picture(doomed, SECRET.encode())])
    office.catch_up()
    office.kept |= dict.fromkeys(ids(1, 2, 3, 4, 5, 6), Why.NOT_YET)
    secrets = [b"facebook:7'", SECRET.encode()]
    assert stray_bytes(s3_bucket, secrets)

    done = office.destroying.execute(office.approved())

    assert (done.state, done.records, done.pending) == (RunState.CERTIFIED, 1, {})
    assert stray_bytes(s3_bucket, secrets) == []
    assert hidden(s3_bucket) == []
    assert office.verdict().faults == ()


def test_of_an_older_copy_put_back_the_servers_disk_holds_no_byte_once_it_is_filtered(
    office: Office, s3_bucket: S3Bucket
) -> None:
    office.settle()
    doomed = Said(number=7, text=f"{SECRET} about the bins")
    office.keep(doomed, attachments=[office.picture(doomed, SECRET.encode())])
    office.catch_up()
    office.kept |= dict.fromkeys(ids(1, 2, 3, 4, 5, 6), Why.NOT_YET)
    copy = office.copied()
    assert office.destroying.execute(office.approved()).records == 1
    secrets = [b"facebook:7'", SECRET.encode()]
    assert stray_bytes(s3_bucket, secrets) == []
    office.put_back(copy)
    assert stray_bytes(s3_bucket, secrets)

    assert office.restored().filter(actor=IVY, reason="an older copy").records == 1

    assert stray_bytes(s3_bucket, secrets) == []
    assert hidden(s3_bucket) == []
