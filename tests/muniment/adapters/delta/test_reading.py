"""Reading what is held: by number, by id, while it is rewritten, and by other programs."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable

from muniment.adapters.delta.scan import Rows, TableReader
from muniment.adapters.files import LocalFiles
from schemas.arrow import TABLE
from schemas.errors import IntegrityError, WriteConflictError
from schemas.vocabulary import Series
from tests.muniment.adapters.delta.council import START, Said, Town, batch_of, rows, town

SOUGHT = [
    {},
    {"record_ids": [f"facebook:{number}" for number in range(200)]},
    {"within": ("facebook:0", "facebook:9")},
]
"""By the engine, by many ids, by a span of them."""


def fill(borough: Town, count: int = 6) -> None:
    for number in range(count):
        borough.archive.keep(batch_of(Said(number=number, created_at=START - number * timedelta(days=200))))


def ids(borough: Town, **which: object) -> list[str]:
    batches = borough.archive.scan(series=["public"], columns=["record_id"], **which)  # type: ignore[arg-type]  # scan's own words
    return sorted(one for batch in batches for one in batch["record_id"].to_pylist())


def test_an_empty_archive_reads_as_empty(borough: Town) -> None:
    assert list(borough.archive.scan()) == []
    assert borough.archive.commit_no() == 0
    assert borough.archive.stat().files == 0
    assert borough.archive.compact() == 0


def test_as_at_a_number_gives_the_same_rows_before_and_after_compaction(borough: Town) -> None:
    fill(borough)
    before = [ids(borough, upto=number) for number in range(7)]

    merged = borough.archive.compact()

    assert merged > 0
    assert [ids(borough, upto=number) for number in range(7)] == before
    assert [len(one) for one in before] == [0, 1, 2, 3, 4, 5, 6]
    assert borough.archive.commit_no() == 6


def test_rows_after_a_number_are_those_of_later_commits(borough: Town) -> None:
    fill(borough)

    assert ids(borough, after=4) == ["facebook:4", "facebook:5"]
    assert ids(borough, after=1, upto=3) == ["facebook:1", "facebook:2"]


@pytest.mark.parametrize("others", [0, 200])
def test_records_are_looked_up_by_id(borough: Town, others: int) -> None:
    fill(borough)
    wanted = ["facebook:2", *(f"facebook:none-{number}" for number in range(others))]

    assert ids(borough, record_ids=wanted) == ["facebook:2"]
    assert ids(borough, record_ids=[]) == []
    (batch,) = borough.archive.scan(series=["public"], columns=["text"], record_ids=wanted)
    assert batch.schema.names == ["text"]


def test_a_scan_gives_the_types_of_the_schema(borough: Town) -> None:
    fill(borough, 1)

    everyone = [f"facebook:{number}" for number in range(200)]
    for batches in (borough.archive.scan(), borough.archive.scan(record_ids=everyone)):
        for batch in batches:
            assert batch.schema.equals(TABLE)


def test_many_ids_and_few_ids_find_the_same_rows(borough: Town) -> None:
    fill(borough)
    few = [f"facebook:{number}" for number in range(1, 4)]
    many = [*few, *(f"facebook:none-{number}" for number in range(200))]

    def found(record_ids: list[str]) -> list[dict[str, object]]:
        batches = borough.archive.scan(record_ids=record_ids, after=1, upto=3)
        rows = [row for batch in batches for row in batch.to_pylist()]
        return sorted(rows, key=lambda row: (row["series"], row["record_id"]))

    assert found(many) == found(few)
    assert len(found(few)) == 4


@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize(
    "sought",
    [
        {"record_ids": ["facebook:2", "facebook:5", "facebook:none"]},
        {"record_ids": ["facebook:2", "facebook:5"], "upto": 4},
        {"record_ids": ["facebook:2", "facebook:5"], "after": 3, "series": ["public", "observation"]},
        {"after": 2, "upto": 5},
        {"after": 5},
        {"after": 1, "series": ["capture"]},
        {"after": 6},
    ],
)
def test_the_engine_and_file_by_file_find_the_same_rows(
    borough: Town, sought: dict[str, Any], *, compacted: bool
) -> None:
    fill(borough)
    if compacted:
        assert borough.archive.compact()
    root = borough.table
    # Where a bucket lies, files are far: the same table, read by the engine.
    far = TableReader(PurePosixPath(root), LocalFiles(), lambda: DeltaTable(str(root)))
    near = TableReader(root, LocalFiles(), lambda: DeltaTable(str(root)))
    found = [
        sorted(
            (repr(row) for batch in reader.stream(Rows(**sought)) for row in batch.to_pylist()),
        )
        for reader in (near, far)
    ]
    assert found[0] == found[1]


def test_a_span_of_ids_is_found_wherever_its_rows_lie(borough: Town) -> None:
    fill(borough)
    borough.archive.compact()
    borough.archive.keep(batch_of(Said(number=7), Said(number=3, text="edited")))
    every = [row for batch in borough.archive.scan(upto=6) for row in batch.to_pylist()]

    for low, high in (("facebook:2", "facebook:4"), (None, "facebook:3"), ("facebook:3", None), ("x", None)):
        batches = borough.archive.scan(upto=6, within=(low, high))
        found = [row for batch in batches for row in batch.to_pylist()]
        wanted = [
            row
            for row in every
            if row["record_id"] is not None
            and (low is None or row["record_id"] >= low)
            and (high is None or row["record_id"] < high)
        ]
        assert sorted(found, key=str) == sorted(wanted, key=str)


def test_compaction_merges_small_files_and_leaves_no_file_behind(borough: Town) -> None:
    for number in range(6):
        borough.archive.keep(batch_of(Said(number=number)))

    merged = borough.archive.compact()

    stat = borough.archive.stat()
    assert (merged, stat.files) == (18, 3)
    assert stat.rows == {"capture": 6, "observation": 6, "public": 6}
    assert len(list(borough.table.rglob("*.parquet"))) == 3
    assert borough.archive.compact() == 0


def test_compaction_seals_before_and_after_it_takes_files_away(borough: Town) -> None:
    for number in range(6):
        borough.archive.keep(batch_of(Said(number=number)))
    files: list[int] = []
    borough.archive._sealing = lambda _cleaned: files.append(len(list(borough.table.rglob("*.parquet"))))

    borough.archive.compact()

    assert files == [18, 3]


@pytest.mark.parametrize("many", [None, 200])
def test_a_reader_with_an_old_handle_opens_again_once(borough: Town, many: int | None) -> None:
    """Pitfall 11: the files it knows were merged away."""
    for number in range(6):
        borough.archive.keep(batch_of(Said(number=number)))
    handles = [DeltaTable(str(borough.table))]
    borough.archive.compact()

    def reopen() -> DeltaTable:
        return handles.pop() if handles else DeltaTable(str(borough.table))

    sought = None if many is None else [f"facebook:{number}" for number in range(many)]
    reader = TableReader(borough.table, LocalFiles(), reopen)
    batches = reader.stream(Rows(series=["public"], record_ids=sought), ["record_id"])

    assert sum(map(len, batches)) == 6


@pytest.mark.parametrize("sought", SOUGHT)
def test_a_file_that_is_really_gone_is_an_integrity_error(borough: Town, sought: dict[str, object]) -> None:
    fill(borough, 2)
    for path in borough.table.glob("series=public/*/*.parquet"):
        path.unlink()

    with pytest.raises(IntegrityError):
        ids(borough, **sought)


@pytest.mark.parametrize("sought", SOUGHT)
def test_a_file_that_is_damaged_is_an_integrity_error(borough: Town, sought: dict[str, object]) -> None:
    fill(borough, 1)
    (path,) = borough.table.glob("series=public/*/*.parquet")
    path.write_bytes(path.read_bytes()[:-40])

    with pytest.raises(IntegrityError):
        ids(borough, **sought)


def test_a_reader_beside_keeps_and_compactions_sees_each_record_once(borough: Town) -> None:
    """Every read shows all that was kept when it began, and nothing twice."""
    kept: list[int] = []
    faults: list[str] = []
    done = threading.Event()

    def write() -> None:
        try:
            for number in range(24):
                borough.archive.keep(batch_of(Said(number=number)))
                kept.append(number)
                if number % 6 == 5:
                    borough.archive.compact()
        finally:
            done.set()

    def read() -> None:
        reader = town(borough.root)
        while not done.is_set():
            least = len(kept)
            try:
                found = ids(reader)
            except WriteConflictError:  # the files went away in the middle: it says so
                continue
            if len(found) != len(set(found)) or len(found) < least:
                faults.append(f"{len(found)} of at least {least}")

    threads = [threading.Thread(target=work) for work in (write, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    assert len(ids(borough)) == 24


def _with_polars(borough: Town) -> list[str]:
    table = pl.read_delta(str(borough.table))
    return sorted(table.filter(pl.col("series") == "public")["text"].to_list())


def _with_duckdb(borough: Town) -> list[str]:
    uris = DeltaTable(str(borough.table)).file_uris()
    query = (
        "select text from read_parquet(?, union_by_name=true, hive_partitioning=true) where series = 'public'"
    )
    return sorted(text for (text,) in duckdb.execute(query, [uris]).fetchall())


@pytest.mark.parametrize("program", [_with_polars, _with_duckdb])
def test_other_programs_open_the_table(borough: Town, program: Callable[[Town], list[str]]) -> None:
    for number in range(5):
        borough.archive.keep(batch_of(Said(number=number, text=f"text {number}")))
    borough.archive.compact()
    borough.archive.keep(batch_of(Said(number=5, text="text 5"), Said(number=6, series=Series.OWN)))

    assert program(borough) == [f"text {number}" for number in range(6)]
    assert len(rows(borough.archive, "own")) == 1
