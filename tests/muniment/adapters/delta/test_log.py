"""The table's log: fenced, checked, durable, and free of what people wrote (store.md 7)."""

import itertools
import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from muniment.adapters.delta.compaction import mergeable, merged
from muniment.adapters.delta.layout import TABLE_PROPERTIES, active_files, write_files
from muniment.adapters.delta.rows import tables_of
from muniment.adapters.delta.table import COMMIT, CouncilTable
from muniment.adapters.files import LocalFiles
from schemas.arrow import PARTITION, TABLE
from schemas.errors import IntegrityError, SchemaMismatchError, WriteConflictError
from tests.muniment.adapters.delta.council import COUNCIL, START, Said, Town, batch_of, rows, town


def keep(borough: Town, count: int, start: int = 0) -> None:
    for number in range(start, start + count):
        borough.archive.keep(batch_of(Said(number=number)))


def commit_file(borough: Town, version: int) -> Path:
    return borough.log / f"{version:020d}.json"


def newest(borough: Town) -> Path:
    return max(path for path in borough.log.glob("*.json"))


class Writer:
    """A writer with a handle of its own, which does not wait for the lock."""

    def __init__(self, borough: Town) -> None:
        self.files = LocalFiles()
        self.home = CouncilTable(borough.table, self.files)
        self.table = self.home.open()

    def append(self, number: int) -> None:
        from muniment.adapters.delta.intake import Intake

        batch = batch_of(Said(number=number))
        intake = Intake(filings=list(batch.filings), captures=list(batch.captures))
        actions = [
            action
            for part, table in tables_of(intake, council=COUNCIL, commit_no=99, at=START)
            for action in write_files(self.files, self.home.root, part, [table], START)
        ]
        self.home.commit(self.table, actions, kind="capture", numbers={COMMIT: 99}, facts={})

    def compact(self) -> None:
        actions = merged(self.files, self.home.root, mergeable(self.table), START)
        self.home.commit(self.table, actions, kind="compact", numbers={}, facts={})


@pytest.mark.parametrize(("first", "second"), list(itertools.product(["append", "compact"], repeat=2)))
def test_of_two_writers_with_stale_handles_exactly_one_wins(borough: Town, first: str, second: str) -> None:
    """Pitfall 1: the lock failed, or was lost; the fence still holds."""
    keep(borough, 5)
    one, other = Writer(borough), Writer(borough)
    getattr(one, first)(*([100] if first == "append" else []))

    with pytest.raises(WriteConflictError):
        getattr(other, second)(*([101] if second == "append" else []))

    ids = [row["record_id"] for row in rows(borough.archive, "public")]
    assert len(ids) == len(set(ids)) == (6 if first == "append" else 5)


def test_a_writer_that_goes_on_sees_what_one_that_opens_anew_sees(borough: Town) -> None:
    home = CouncilTable(borough.table, LocalFiles())
    borough.archive.keep(batch_of(Said(number=0)))
    for number in range(1, 45):  # past two checkpoints
        with home.opened():
            pass
        borough.archive.keep(batch_of(Said(number=number)))
        if number % 11 == 0:
            borough.archive.compact()
            borough.archive.maintain()
        carried_on, anew = home.open(), DeltaTable(str(borough.table))
        assert carried_on.version() == anew.version()
        assert carried_on.transaction_version(COMMIT) == anew.transaction_version(COMMIT)
        assert set(active_files(carried_on)) == set(active_files(anew))


def test_a_handle_that_is_in_use_is_left_alone_by_who_opens_next(borough: Town) -> None:
    """Of two threads one may have lost the lock: its commit must fail, so it learns of nothing."""
    keep(borough, 1)
    home = CouncilTable(borough.table, LocalFiles())
    older = home.open()
    keep(borough, 1, start=1)
    newer = home.open()
    home.close(older)

    assert (home.open().version(), older.version()) == (newer.version(), newer.version() - 1)


@pytest.mark.parametrize("further", [0, 1, 3])
def test_a_log_that_was_put_back_from_a_copy_is_read_anew(
    borough: Town, tmp_path: Path, further: int
) -> None:
    keep(borough, 3)
    shutil.copytree(borough.root, tmp_path / "copy")
    home = CouncilTable(borough.table, LocalFiles())
    keep(borough, 1, start=3)
    home.close(home.open())
    shutil.rmtree(borough.table)
    shutil.copytree(tmp_path / "copy" / borough.table.relative_to(borough.root), borough.table)
    for number in range(further):
        Writer(borough).append(50 + number)  # another process, whose versions bear the same numbers

    assert home.open().version() == 3 + further
    assert set(active_files(home.open())) == set(active_files(DeltaTable(str(borough.table))))


def test_what_people_wrote_is_in_no_file_of_the_log(borough: Town) -> None:
    """Pitfalls 4 and 5: default statistics hold names and texts for ever."""
    for number in range(25):  # a checkpoint among them
        borough.archive.keep(batch_of(Said(number=number, text=f"Marmaduke {number}")))
    borough.archive.compact()

    for path in borough.log.iterdir():
        content = path.read_bytes()
        for secret in (b"Marmaduke", b"A Resident", b"facebook:", b"100_"):
            assert secret not in content
        if path.suffix == ".json" and path != commit_file(borough, 0):
            assert len(content) < 4_096 * content.count(b'"path"')


def test_statistics_are_kept_of_numbers_and_dates_only(borough: Town) -> None:
    keep(borough, 1)

    entries = [json.loads(line) for line in commit_file(borough, 1).read_text(encoding="utf-8").splitlines()]

    stats = [json.loads(entry["add"]["stats"]) for entry in entries if "add" in entry]
    assert set().union(*(one["minValues"] for one in stats)) == {"commit_no", "filed_at", "captured_at"}
    assert [one["numRecords"] for one in stats] == [1, 1, 1]


@pytest.mark.parametrize("name", sorted(TABLE_PROPERTIES))
def test_a_table_whose_properties_were_changed_is_not_written_to(tmp_path: Path, name: str) -> None:
    """Pitfalls 4 and 7: statistics of texts, a change feed of deleted rows."""
    borough = town(tmp_path / "x")
    properties = {key: value for key, value in TABLE_PROPERTIES.items() if key != name}
    DeltaTable.create(str(borough.table), TABLE, partition_by=list(PARTITION), configuration=properties)

    with pytest.raises(SchemaMismatchError):
        keep(borough, 1)


@pytest.mark.parametrize("lines", [0, 0.5, 1, 2])
def test_a_damaged_newest_commit_file_stops_the_archive(borough: Town, lines: float) -> None:
    """Pitfall 8: an empty one opens, with rows silently missing."""
    keep(borough, 3)
    path = newest(borough)
    content = path.read_bytes().splitlines(keepends=True)
    cut = b"".join(content[: int(lines)])
    path.write_bytes(cut if lines == int(lines) else content[0][: len(content[0]) // 2])

    with pytest.raises(IntegrityError, match=path.name):
        town(borough.root, presence=borough.presence).archive.keep(batch_of(Said(number=9)))


def test_a_torn_checkpoint_costs_nothing(borough: Town) -> None:
    """Pitfall 9: the table would not open though every commit is there."""
    keep(borough, 22)
    (checkpoint,) = borough.log.glob("*.checkpoint.parquet")
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])

    again = town(borough.root, presence=borough.presence)
    keep(again, 1, start=50)

    assert len(rows(again.archive, "public")) == 23
    assert not checkpoint.exists()


def test_a_checkpoint_that_is_named_but_gone_costs_nothing(borough: Town) -> None:
    keep(borough, 22)
    for checkpoint in borough.log.glob("*.checkpoint.parquet"):
        checkpoint.unlink()

    again = town(borough.root, presence=borough.presence)
    keep(again, 1, start=50)

    assert len(rows(again.archive, "public")) == 23


def test_a_pointer_to_checkpoints_that_is_cut_off_costs_nothing(borough: Town) -> None:
    keep(borough, 22)
    (borough.log / "_last_checkpoint").write_bytes(b'{"version":')

    again = town(borough.root, presence=borough.presence)
    keep(again, 1, start=50)

    assert len(rows(again.archive, "public")) == 23


def test_a_log_that_cannot_be_read_at_all_loses_nothing_more(borough: Town) -> None:
    keep(borough, 22)
    shutil.rmtree(borough.log)
    borough.log.mkdir()
    commit_file(borough, 0).write_bytes(b"{}")
    before = {path: path.read_bytes() for path in borough.table.rglob("*") if path.is_file()}

    with pytest.raises(IntegrityError):
        keep(town(borough.root, presence=borough.presence), 1)

    assert {path: path.read_bytes() for path in borough.table.rglob("*") if path.is_file()} == before


def test_an_archive_of_an_older_schema_version_gets_the_new_columns(tmp_path: Path) -> None:
    borough = town(tmp_path / "x")
    older = pa.schema([field for field in TABLE if field.name not in {"language", "cost_micros"}])
    DeltaTable.create(str(borough.table), older, partition_by=list(PARTITION), configuration=TABLE_PROPERTIES)

    keep(borough, 2)

    assert len(rows(borough.archive, "public")) == 2
    assert {field.name for field in DeltaTable(str(borough.table)).schema().fields} == set(TABLE.names)


def test_an_archive_of_a_newer_schema_version_is_left_alone(tmp_path: Path) -> None:
    borough = town(tmp_path / "x")
    newer = TABLE.append(pa.field("sentiment", pa.string()))
    DeltaTable.create(str(borough.table), newer, partition_by=list(PARTITION), configuration=TABLE_PROPERTIES)

    with pytest.raises(SchemaMismatchError, match="newer"):
        keep(borough, 1)


def test_maintenance_keeps_the_log_whole_and_cleans_only_what_is_past_its_time(borough: Town) -> None:
    import os

    keep(borough, 45)  # checkpoints at 20 and 40
    week = 8 * 86_400
    for path in borough.log.iterdir():
        stat = path.stat()
        if path.name < f"{31:020d}":
            os.utime(path, (stat.st_atime - week, stat.st_mtime - week))
    sealed: list[tuple[str, ...]] = []
    borough.archive._sealing = lambda cleaned: sealed.append(tuple(cleaned))

    cleaned = borough.archive.maintain()

    assert cleaned == len(sealed[0]) == 32  # 31 commits and the checkpoint of the 20th
    assert sealed[0][0] == "_delta_log/00000000000000000000.json"
    again = town(borough.root, presence=borough.presence)
    assert again.archive.commit_no() == 45  # though the first commit file is gone
    keep(again, 1, start=90)
    assert len(rows(again.archive, "public")) == 46
