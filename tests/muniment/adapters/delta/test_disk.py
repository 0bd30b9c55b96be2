"""Disks fill, volumes lack what we need, writers die: nothing acknowledged is lost, nothing stays behind."""

import errno
import io
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePath
from typing import BinaryIO, cast

import pytest
from typing_extensions import Buffer, override

from muniment.adapters.files import LocalFiles
from schemas.errors import StorageError
from tests.muniment.adapters.delta.council import Said, Town, batch_of, rows, town


class FullDisk(LocalFiles):
    """A disk with so many bytes left for new files, then none."""

    def __init__(self) -> None:
        self.left = 10**9

    @override
    def create(self, path: PurePath) -> BinaryIO:
        disk = self

        class Sink(io.FileIO):
            @override
            def write(self, data: Buffer, /) -> int:
                disk.left -= len(memoryview(data))
                if disk.left < 0:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return super().write(data)

        return cast("BinaryIO", Sink(str(path), "xb"))


class WithoutLinks(LocalFiles):
    """A volume that has no hard links, as some SMB and FUSE mounts."""

    @override
    def link(self, path: PurePath, name: PurePath) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def everything(borough: Town) -> set[Path]:
    return {path for path in borough.root.rglob("*") if path.is_file() and path.name != "alive"}


@pytest.mark.parametrize("left", [0, 3_000, 9_000, 17_000])
def test_a_full_disk_stops_the_keep_and_loses_nothing(tmp_path: Path, left: int) -> None:
    disk = FullDisk()
    borough = town(tmp_path / "x", files=disk)
    borough.archive.keep(batch_of(Said(number=1)))
    before = everything(borough)
    said = Said(number=2)
    with borough.media.incoming() as incoming:
        incoming.file().write(b"picture")
    batch = batch_of(said, attachments=[said.attachment(incoming.digest(), incoming.name)])
    disk.left = left

    with pytest.raises(StorageError, match="full"):
        borough.archive.keep(batch)

    assert {path for path in everything(borough) if "incoming" not in path.parts} == before
    assert borough.archive.commit_no() == 1
    disk.left = 10**9
    assert borough.archive.keep(batch).commit_no == 2
    assert len(list(borough.media.names())) == 1


def test_a_file_that_may_not_grow_is_an_error_a_person_can_act_on(borough: Town) -> None:
    borough.archive.keep(batch_of(Said(number=1)))
    before = everything(borough)

    with files_no_larger_than(2_000), pytest.raises(StorageError, match="limit"):
        borough.archive.keep(batch_of(Said(number=2)))

    assert everything(borough) == before
    assert borough.archive.keep(batch_of(Said(number=2))).commit_no == 2


def test_a_full_disk_stops_a_compaction_and_loses_nothing(tmp_path: Path) -> None:
    disk = FullDisk()
    borough = town(tmp_path / "x", files=disk)
    for number in range(6):
        borough.archive.keep(batch_of(Said(number=number)))
    before = everything(borough)
    disk.left = 12_000

    with pytest.raises(StorageError):
        borough.archive.compact()

    assert everything(borough) == before
    assert len(rows(borough.archive, "public")) == 6


def test_a_volume_without_hard_links_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    """Pitfall 10: a commit is a link."""
    borough = town(tmp_path / "x", files=WithoutLinks())

    with pytest.raises(StorageError, match="hard links"):
        borough.archive.keep(batch_of(Said(number=1)))

    assert everything(borough) == set()


def test_what_a_dead_writer_left_is_taken_away_by_the_next(borough: Town) -> None:
    """Pitfalls 3 and 6: the library's listings hide drafts that hold personal data."""
    borough.archive.keep(batch_of(Said(number=1)))
    before = everything(borough)
    year = next(borough.table.glob("series=public/year=*"))
    strays = [
        year / "part-never-committed.parquet",
        year / "part-0.parquet#1",
        borough.table / "x.parquet#1",
        borough.log / "00000000000000000002.json#2",
        borough.log / "_commit_1234.json.tmp",
        borough.root / "media" / "objects" / "ab" / ("ab" * 32),
    ]
    for path in strays:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"personal data")
    (borough.root / "lock").write_bytes(b"busy\n")

    kept = town(borough.root, presence=borough.presence).archive.keep(batch_of(Said(number=1)))

    assert kept.commit_no is None
    assert everything(borough) == before
    assert (borough.root / "lock").read_bytes() == b""


def test_a_writer_that_ended_well_leaves_no_mark_and_costs_no_sweep(borough: Town) -> None:
    borough.archive.keep(batch_of(Said(number=1)))
    stray = borough.table / "another-writers-file.parquet"
    stray.write_bytes(b"")

    borough.archive.keep(batch_of(Said(number=2)))

    assert (borough.root / "lock").read_bytes() == b""
    assert stray.exists()


def test_media_that_a_row_names_survives_a_recovery(borough: Town) -> None:
    said = Said(number=1)
    with borough.media.incoming() as incoming:
        incoming.file().write(b"picture")
    sha256 = incoming.digest()
    borough.archive.keep(batch_of(said, attachments=[said.attachment(sha256, incoming.name)]))
    (borough.root / "lock").write_bytes(b"busy\n")

    borough.archive.keep(batch_of(Said(number=2)))

    assert [name for name, _ in borough.media.names()] == [sha256]


def test_a_failed_keep_can_be_tried_again_after_another_writer_recovered(tmp_path: Path) -> None:
    disk = FullDisk()
    borough = town(tmp_path / "x", files=disk)
    said = Said(number=1)
    with borough.media.incoming() as incoming:
        incoming.file().write(b"picture")
    batch = batch_of(said, attachments=[said.attachment(incoming.digest(), incoming.name)])
    disk.left = 0
    with pytest.raises(StorageError):
        borough.archive.keep(batch)
    disk.left = 10**9
    town(borough.root, presence=borough.presence).archive.keep(batch_of(Said(number=2)))

    kept = borough.archive.keep(replace(batch, captures=batch.captures))

    assert (kept.commit_no, kept.attached) == (2, 1)
