"""Erasing: by record, in one commit, whole or not at all; the others stay, and nothing is left behind."""

import json
import threading
from contextlib import suppress
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from muniment.adapters.files import LocalFiles
from muniment.domain.evidence import attachment_leaf, leaf
from muniment.ports import Batch, Erasure, Remains
from muniment.ports.disposal import Intent
from schemas.capture import Attachment
from schemas.errors import BadInputError, IntegrityError, StorageError
from schemas.rows import attachments_from, captures_from, records_from
from schemas.vocabulary import Answer, Series
from tests.muniment.adapters.delta.council import Said, Town, batch_of, capture_row, rows, town
from tests.muniment.adapters.delta.test_disk import everything

SERIES = ("public", "own", "unread", "observation", "attachment")


class Killed(BaseException):
    """Stands for kill -9: nothing may catch it, nothing is tidied."""


class DyingDisk(LocalFiles):
    """A disk whose user dies at its so-many-th act after `die_after` is set."""

    def __init__(self) -> None:
        self.die_after = 10**9

    def _act(self) -> None:
        self.die_after -= 1
        if self.die_after < 0:
            raise Killed

    @override
    def sync(self, path: PurePath) -> None:
        self._act()
        super().sync(path)
        self._act()

    @override
    def remove(self, path: PurePath) -> None:
        self._act()
        super().remove(path)


def ids_of(*numbers: int) -> pa.Array:
    return pa.array([f"facebook:{number}" for number in numbers], pa.string())


def erase(borough: Town, *numbers: int, run: str = "run-1") -> Erasure:
    return borough.archive.erase(run, ids_of(*numbers))


def picture(borough: Town, said: Said, content: bytes) -> Attachment:
    with borough.media.incoming() as incoming:
        incoming.file().write(content)
    return said.attachment(incoming.digest(), incoming.name)


def settle(borough: Town) -> None:
    """Keep posts 1 to 6: 2 edited and later gone, 3 unread, 6 the council's own; 1, 2 and 4 have pictures."""
    one, two, four, five = (Said(number=number) for number in (1, 2, 4, 5))
    pictures = [
        picture(borough, one, b"of one alone"),
        picture(borough, two, b"of two and four"),
        picture(borough, two, b"of two alone"),
        picture(borough, four, b"of two and four"),
    ]
    borough.archive.keep(batch_of(one, two, four, five, attachments=pictures))
    borough.archive.keep(batch_of(Said(number=2, text="edited"), Said(number=3, series=Series.UNREAD)))
    borough.archive.keep(batch_of(Said(number=6, series=Series.OWN, text="the council's own")))
    gone = two.unseen(Answer.GONE, by_id=True)
    borough.archive.keep(Batch(captures=(capture_row(),), filings=(), sightings=(gone,)))


def others(borough: Town, *numbers: int) -> list[dict[str, Any]]:
    gone = {f"facebook:{number}" for number in numbers}
    return sorted((row for row in rows(borough.archive, *SERIES) if row["record_id"] not in gone), key=str)


def test_every_row_of_the_record_goes_and_every_other_row_stays(borough: Town) -> None:
    settle(borough)
    stay, captures = others(borough, 2), sorted(rows(borough.archive, "capture"), key=str)

    done = erase(borough, 2)

    assert (done.commit_no, done.records) == (5, 1)
    assert done.rows == {"attachment": 2, "observation": 3, "public": 2}
    assert others(borough) == stay
    assert sorted(rows(borough.archive, "capture"), key=str) == captures
    assert borough.archive.commit_no() == 5
    assert borough.presence.watermark("exampleborough") == 5


def test_a_file_that_loses_every_row_is_only_removed(borough: Town) -> None:
    settle(borough)

    done = erase(borough, 3, 6)

    assert done.rows == {"observation": 2, "own": 1, "unread": 1}
    assert done.files_emptied >= 2
    assert borough.archive.stat().rows.keys() == {"attachment", "capture", "observation", "public"}


def test_media_go_with_the_last_record_that_names_them(borough: Town) -> None:
    settle(borough)

    first = erase(borough, 2)
    second = erase(borough, 4, run="run-2")

    assert (first.media, first.media_shared) == (1, 1)
    assert (second.media, second.media_shared) == (1, 0)
    assert [size for _, size in borough.media.names()] == [len(b"of one alone")]


def test_nothing_of_it_is_left_and_the_archive_says_so(borough: Town) -> None:
    settle(borough)
    erase(borough, 1, 2)

    assert borough.archive.remains(ids_of(1, 2)) == Remains(
        rows=0, stray_files=0, unnamed_media=0, commit_no=5, table_version=5
    )
    (borough.table / "series=public" / "stray.parquet#1").write_bytes(b"left by a dead library")
    left = borough.archive.remains(ids_of(1, 4))
    assert (left.rows, left.stray_files) == (3, 1)


def test_the_log_holds_counts_and_the_runs_name_never_an_id(borough: Town) -> None:
    settle(borough)
    erase(borough, 1, 2)

    commit = (borough.log / f"{5:020d}.json").read_text()
    told = next(line["commitInfo"] for line in map(json.loads, commit.splitlines()) if "commitInfo" in line)
    assert (told["kind"], told["run"], told["records"]) == ("erase", "run-1", "2")
    assert "facebook" not in commit
    assert len(commit) < 4_000 * commit.count('"remove"')


def test_nothing_of_theirs_held_means_no_commit(borough: Town) -> None:
    settle(borough)

    done = erase(borough, 77)

    assert (done.records, done.rows, done.commit_no) == (0, {}, 4)
    assert borough.archive.commit_no() == 4


def test_a_run_is_done_once(borough: Town) -> None:
    settle(borough)
    done = erase(borough, 1, 2)
    borough.archive.keep(batch_of(Said(number=9)))

    assert erase(borough, 1, 2) == done
    assert borough.archive.commit_no() == 6


def test_what_decides_is_asked_under_the_lock_and_may_refuse(borough: Town) -> None:
    settle(borough)
    before = everything(borough)
    tried = threading.Event()

    def someone_keeps() -> None:
        tried.set()
        borough.archive.keep(batch_of(Said(number=8)))

    keeper = threading.Thread(target=someone_keeps)

    def refuse() -> pa.Array:
        keeper.start()
        tried.wait()
        assert borough.archive.commit_no() == 4
        raise BadInputError("No.")

    with pytest.raises(BadInputError, match="No"):
        borough.archive.erase("run-1", refuse)
    keeper.join()
    assert before <= everything(borough)
    assert borough.archive.commit_no() == 5


def test_a_runs_name_can_say_nothing_of_a_person(borough: Town) -> None:
    with pytest.raises(IntegrityError, match="name"):
        erase(borough, 1, run="Ann Resident's comments")


def test_what_stays_still_proves(borough: Town) -> None:
    settle(borough)
    erase(borough, 2, 6)

    leaves = {
        digest
        for batch in borough.archive.scan(series=["capture"])
        for capture in captures_from(batch)
        for digest in capture.leaves
    }
    held = [
        leaf(filed.salt, filed.exhibit)
        for batch in borough.archive.scan(series=["public", "unread"])
        for filed in records_from(batch)
    ]
    for batch in borough.archive.scan(series=["attachment"]):
        salts = batch["salt"].to_pylist()
        held += [attachment_leaf(salt, one) for salt, one in zip(salts, attachments_from(batch), strict=True)]
    assert len(held) == 6
    assert set(held) <= leaves


def test_other_programs_read_the_same(borough: Town) -> None:
    settle(borough)
    erase(borough, 2, 3)

    table = DeltaTable(str(borough.table))
    ours = sorted(row["record_id"] for row in rows(borough.archive, *SERIES))
    lazy = pl.scan_delta(str(borough.table)).select("record_id").collect()
    assert sorted(one for one in lazy["record_id"].to_list() if one is not None) == ours
    asked = "select record_id from read_parquet(?, union_by_name=true) where record_id is not null order by 1"
    found = duckdb.execute(asked, [table.file_uris()]).fetchall()
    assert [one for (one,) in found] == ours


def test_a_reader_that_waits_between_files_is_told_to_start_again_or_reads_on(borough: Town) -> None:
    settle(borough)
    stream = borough.archive.scan(series=["public"], columns=["record_id"])
    erase(borough, 2)

    read = sorted(one for batch in stream for one in batch["record_id"].to_pylist())
    assert read == ["facebook:1", "facebook:4", "facebook:5"]


def test_a_full_disk_erases_nothing(tmp_path: Path) -> None:
    class Full(LocalFiles):
        full = False

        @override
        def sync(self, path: PurePath) -> None:
            if self.full and path.suffix != ".json":
                raise StorageError("The disk is full.", remedy="Make room.")
            super().sync(path)

    disk = Full()
    borough = town(tmp_path / "x", files=disk)
    settle(borough)
    before, held = everything(borough), others(borough)
    disk.full = True
    with pytest.raises(StorageError, match="full"):
        erase(borough, 1, 2)
    disk.full = False
    assert (everything(borough), others(borough)) == (before, held)
    assert erase(borough, 1, 2).records == 2


@pytest.mark.parametrize("acts", range(0, 40, 3))
def test_killed_at_any_moment_it_is_before_or_after_and_the_run_finishes_it(
    tmp_path: Path, acts: int
) -> None:
    disk = DyingDisk()
    borough = town(tmp_path / "x", files=disk)
    settle(borough)
    before, after = others(borough), others(borough, 1, 2)
    disk.die_after = acts
    try:
        erase(borough, 1, 2)
    except Killed:
        disk.die_after = 10**9
    assert others(borough) in (before, after)

    done = erase(borough, 1, 2)

    assert others(borough) == after
    assert (done.records, done.rows, done.media) == (
        2,
        {"attachment": 3, "observation": 4, "public": 3},
        2,
    )
    left = borough.archive.remains(ids_of(1, 2))
    assert (left.rows, left.stray_files, left.unnamed_media) == (0, 0, 0)
    assert len(list(borough.media.names())) == 1


@pytest.mark.parametrize("acts", [0, 6, 14, 22, 30])
def test_whoever_takes_the_lock_after_a_death_finishes_exactly_the_intent(tmp_path: Path, acts: int) -> None:
    disk = DyingDisk()
    borough = town(tmp_path / "x", files=disk)
    settle(borough)

    def intend() -> pa.Array:
        borough.presence.intended.append(Intent(run="run-1", record_ids=ids_of(1, 2)))
        borough.presence.destroyed |= {"facebook:1", "facebook:2"}
        disk.die_after = acts
        return ids_of(1, 2)

    with suppress(Killed):
        borough.archive.erase("run-1", intend)
    disk.die_after = 10**9

    borough.archive.keep(batch_of(Said(number=1, text="seen again"), Said(number=9)))

    held = {row["record_id"] for row in rows(borough.archive, *SERIES)}
    assert held == {f"facebook:{number}" for number in (3, 4, 5, 6, 9)}
    assert borough.archive.commit_no() == 6
    left = borough.archive.remains(ids_of(1, 2))
    assert (left.rows, left.stray_files, left.unnamed_media) == (0, 0, 0)


@settings(max_examples=15, deadline=None)
@given(st.sets(st.integers(1, 7)), st.sets(st.integers(1, 7)))
def test_the_order_and_the_portions_of_erasures_do_not_matter(first: set[int], second: set[int]) -> None:
    with TemporaryDirectory() as folder:
        borough = town(Path(folder))
        settle(borough)
        wanted = others(borough, *(first | second))
        erase(borough, *first)
        erase(borough, *second, run="run-2")
        assert others(borough) == wanted
