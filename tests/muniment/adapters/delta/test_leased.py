"""Where a lock can be lost while its owner lives, files are taken away only when no owner can need them."""

from pathlib import Path, PurePath

import pytest
from typing_extensions import override

from muniment.adapters.files import LocalFiles
from schemas.errors import WriteConflictError
from tests.muniment.adapters.delta.council import Said, Town, batch_of, rows, town
from tests.muniment.adapters.delta.test_erasing import erase, ids_of, settle


class LeasedDisk(LocalFiles):
    """A disk whose lock is a lease; every file on it is young. `lost`: another has the lease by now."""

    lost = False

    @property
    @override
    def leased(self) -> bool:
        return True

    @override
    def settled(self, path: PurePath) -> bool:
        return False

    @override
    def check(self) -> None:
        if self.lost:
            raise WriteConflictError("The lease was lost.")


@pytest.fixture
def disk() -> LeasedDisk:
    return LeasedDisk()


@pytest.fixture
def borough(tmp_path: Path, disk: LeasedDisk) -> Town:
    return town(tmp_path / "x", files=disk)


def data_files(borough: Town) -> list[Path]:
    return sorted(path for path in borough.table.rglob("*.parquet") if "_delta_log" not in path.parts)


def test_what_an_erasure_or_a_compaction_removed_goes_at_once(borough: Town) -> None:
    settle(borough)
    for number in range(10, 16):
        borough.archive.keep(batch_of(Said(number=number)))
    erase(borough, 2)
    assert borough.archive.remains(ids_of(2)).stray_files == 0
    assert borough.archive.compact() > 0
    assert borough.archive.remains(ids_of(2)).stray_files == 0


def test_a_young_stray_is_spared_until_an_owner_is_known_to_be_dead(borough: Town) -> None:
    borough.archive.keep(batch_of(Said(number=1)))
    stray = data_files(borough)[0].with_name("part-young.parquet")
    stray.write_bytes(b"another writer's")
    borough.archive.maintain()
    assert stray.exists()
    (borough.root / "lock").write_bytes(b"busy\n")

    borough.archive.keep(batch_of(Said(number=2)))

    assert not stray.exists()


def test_a_recovery_lets_no_older_owner_commit_before_it_takes_anything_away(borough: Town) -> None:
    borough.archive.keep(batch_of(Said(number=1)))
    home = borough.archive._home
    older = home.open()
    (borough.root / "lock").write_bytes(b"busy\n")
    borough.archive.keep(batch_of(Said(number=1)))  # nothing new: the recovery alone commits

    with pytest.raises(WriteConflictError):
        home.commit(older, [], kind="capture", numbers={}, facts={})
    assert borough.archive.commit_no() == 1


def test_who_lost_the_lease_commits_nothing_and_can_try_again(borough: Town, disk: LeasedDisk) -> None:
    borough.archive.keep(batch_of(Said(number=1)))
    disk.lost = True
    with pytest.raises(WriteConflictError):
        borough.archive.keep(batch_of(Said(number=2)))
    disk.lost = False

    assert len(rows(borough.archive, "public")) == 1
    assert borough.archive.keep(batch_of(Said(number=2))).commit_no == 2
    assert borough.archive.remains(ids_of(9)).stray_files == 0
