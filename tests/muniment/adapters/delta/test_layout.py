"""A data file: its size, its name, and that no series or year can make the table unreadable."""

import os
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from muniment.adapters.delta.layout import CAPTURED, LASTING, MAX_FILE_BYTES, write_files
from muniment.adapters.files import LocalFiles
from schemas.arrow import RowKind, file_schema
from schemas.errors import IntegrityError
from schemas.rows import table_of
from tests.muniment.adapters.delta.council import COUNCIL, START, Said


def table_with(count: int, part_bytes: int) -> pa.Table:
    filings = [Said(number=number).filing() for number in range(count)]
    schema = file_schema(RowKind.RECORD)
    columns = {
        "council": pa.repeat(COUNCIL, count),
        "salt": pa.array([bytes(32)] * count, pa.binary()),
        "commit_no": pa.repeat(pa.scalar(1, pa.int64()), count),
        "parts": pa.array([[os.urandom(part_bytes)] for _ in range(count)], schema.field("parts").type),
    }
    return table_of(RowKind.RECORD, filings, columns)


def test_no_file_is_larger_than_its_limit_and_no_row_is_lost(tmp_path: Path) -> None:
    table = table_with(150, 1 << 20)

    actions = list(write_files(LocalFiles(), tmp_path, ("public", 2024), [table], START))

    assert len(actions) == 3
    assert all(action.size <= MAX_FILE_BYTES for action in actions)
    assert sum(pq.read_metadata(tmp_path / action.path).num_rows for action in actions) == 150


def test_small_tables_share_a_row_group(tmp_path: Path) -> None:
    tables = [table_with(10, 100) for _ in range(7)]

    (action,) = write_files(LocalFiles(), tmp_path, ("public", 2024), tables, START)

    metadata = pq.read_metadata(tmp_path / action.path)
    assert (metadata.num_rows, metadata.num_row_groups) == (70, 1)


def test_what_is_written_to_stay_takes_less_room_than_what_is_captured(tmp_path: Path) -> None:
    words = table_with(2_000, 1)
    sizes = {
        level: sum(
            action.size
            for action in write_files(LocalFiles(), tmp_path, ("public", 2024), [words], START, level=level)
        )
        for level in (CAPTURED, LASTING)
    }

    assert sizes[LASTING] < sizes[CAPTURED] < 1.3 * sizes[LASTING]


_ONE_ROW = table_with(1, 1)


@settings(max_examples=50)
@given(year=some.text(max_size=12).filter(lambda text: re.fullmatch(r"[a-z0-9_]+", text) is None))
def test_a_partition_that_would_make_the_table_unreadable_is_refused(
    tmp_path_factory: pytest.TempPathFactory, year: str
) -> None:
    """Pitfall 13: a space, an accent or a per cent sign commits well, and nothing opens afterwards."""
    folder = tmp_path_factory.mktemp("slug")

    with pytest.raises(IntegrityError):
        list(write_files(LocalFiles(), folder, ("public", year), [_ONE_ROW], START))  # type: ignore[arg-type]  # what a careless caller would do

    assert list(folder.iterdir()) == []


def test_an_unknown_series_is_refused(tmp_path: Path) -> None:
    with pytest.raises((IntegrityError, ValueError)):
        list(write_files(LocalFiles(), tmp_path, ("öffentlich", 2024), [table_with(1, 1)], START))


def test_ids_have_bloom_filters_and_pages_have_checksums(tmp_path: Path) -> None:
    (action,) = write_files(LocalFiles(), tmp_path, ("public", 2024), [table_with(100, 10)], START)
    path = tmp_path / action.path
    group = pq.read_metadata(path).row_group(0)
    columns = {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}
    at = columns["text"].data_page_offset
    content = bytearray(path.read_bytes())
    content[at + 60] ^= 1
    path.write_bytes(content)

    assert {name for name, column in columns.items() if column.has_offset_index} >= {"record_id", "text"}
    with pytest.raises(OSError, match=r"CRC|checksum|corrupt|Deserial|decompress"):
        pq.ParquetFile(path, page_checksum_verification=True).read()
