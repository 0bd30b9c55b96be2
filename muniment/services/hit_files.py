"""The files that hits are written to: one row for a version, as CSV, JSON Lines or Parquet, in parts.

What a spreadsheet would run as a formula is guarded in CSV alone; the other two hold each text as it was.
"""

import csv
import json
import os
import re
import shutil
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from muniment.outgoing import open_private
from muniment.services.finding import FoundVersion

__all__ = ["HIT_COLUMNS", "FileFormat", "guarded", "put_together", "rows_in", "write_part"]

_PARQUET_ROWS: Final = 2_500
_PART_ROWS: Final = 1_000
"""Of a part: rows are objects of Python before they are columns, which takes ten times the memory."""

_COPY_BYTES: Final = 1 << 20
_LONGEST_CELL: Final = 2**31 - 1
_BOM: Final = b"\xef\xbb\xbf"  # without it spreadsheets garble Welsh letters and emoji

_BLANK: Final = r"[\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202f\u2060\u3000\ufeff]"
_SIGN: Final = "[-=+@\uff1d\uff0b\uff0d\uff20]"
_FORMULAS: Final = re.compile(rf"\A(?=[\t\r\n]|{_BLANK}*{_SIGN})|(?<=[;\t\r\n])(?={_BLANK}*{_SIGN})")
"""Where a formula would begin: at the start of a cell, and after what a spreadsheet may take for its end.

That is a tab or a line break, and where commas write decimals a semicolon: our quotes do not count there,
since they do not stand at the beginning of what is taken for a cell.
"""

_TIME: Final = pa.timestamp("us", "UTC")
_SCHEMA: Final = pa.schema(
    [
        ("record_id", pa.string()),
        ("version_id", pa.string()),
        ("platform", pa.string()),
        ("kind", pa.string()),
        ("accounts", pa.list_(pa.string())),
        ("author_role", pa.string()),
        ("author_handle", pa.string()),
        ("author_name", pa.string()),
        ("dated", pa.date32()),
        ("filed_at_utc", _TIME),
        ("captured_at_utc", _TIME),
        ("state", pa.string()),
        ("current", pa.bool_()),
        ("edited", pa.bool_()),
        ("title", pa.string()),
        ("text", pa.string()),
        ("url", pa.string()),
        ("thread_id", pa.string()),
        ("capture_id", pa.string()),
        ("commit_no", pa.int64()),
    ]
)
HIT_COLUMNS: Final = tuple(_SCHEMA.names)
"""The columns of an export. `dated` is the Europe/London date; `version_id` is in hexadecimal figures."""


class FileFormat(StrEnum):
    """In which form hits are written."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def write_part(path: Path, file_format: FileFormat, found: Iterable[FoundVersion]) -> None:
    """Write some hits to a part; it is on the disk afterwards."""
    with open_private(path) as into:
        match file_format:
            case FileFormat.CSV:
                lines = csv.writer(_Encoded(into))
                for one in found:
                    lines.writerow(map(_cell, _row(one).values()))
            case FileFormat.JSONL:
                for one in found:
                    into.write(json.dumps(_row(one), ensure_ascii=False, default=_plain).encode() + b"\n")
            case FileFormat.PARQUET:
                # A part is read once: what makes a file small takes 10 MB of memory.
                with pq.ParquetWriter(into, _SCHEMA, use_dictionary=False, compression="snappy") as writer:
                    rows = map(_row, found)
                    while some := list(islice(rows, _PART_ROWS)):
                        writer.write_table(pa.Table.from_pylist(some, schema=_SCHEMA))
        into.flush()
        os.fsync(into.fileno())


def put_together(parts: Path, path: Path, file_format: FileFormat) -> None:
    """Write the parts in a folder to one file, which appears in one step."""
    pieces = sorted(parts.glob(f"*.{file_format}"))
    waiting = parts / "whole.new"
    with open_private(waiting) as into:
        match file_format:
            case FileFormat.PARQUET:
                with pq.ParquetWriter(into, _SCHEMA, compression="zstd") as writer:
                    for piece in pieces:
                        for batch in pq.ParquetFile(piece).iter_batches(_PARQUET_ROWS):
                            writer.write_batch(batch.cast(_SCHEMA))
            case FileFormat.CSV | FileFormat.JSONL:
                if file_format is FileFormat.CSV:
                    into.write(_BOM)
                    csv.writer(_Encoded(into)).writerow(HIT_COLUMNS)
                for piece in pieces:
                    with piece.open("rb") as source:
                        shutil.copyfileobj(source, into, _COPY_BYTES)
        into.flush()
        os.fsync(into.fileno())
    waiting.replace(path)


class _Encoded:
    """What `csv.writer` writes to: bytes come out, in one place, whatever the machine's own encoding is."""

    def __init__(self, into: BinaryIO) -> None:
        self._into = into

    def write(self, text: str) -> int:
        return self._into.write(text.encode())


def _row(found: FoundVersion) -> dict[str, Any]:
    entry = found.entry
    return {
        "record_id": entry.record_id,
        "version_id": entry.version_id.hex(),
        "platform": entry.platform,
        "kind": entry.kind,
        "accounts": list(entry.accounts),
        "author_role": entry.author_role,
        "author_handle": entry.author_handle,
        "author_name": found.author_name,
        "dated": found.dated,
        "filed_at_utc": found.filed_at,
        "captured_at_utc": found.captured_at,
        "state": entry.state,
        "current": entry.current,
        "edited": entry.edited,
        "title": "".join(piece.text for piece in found.title),
        "text": "".join(piece.text for piece in found.text),
        "url": found.url,
        "thread_id": found.thread_id,
        "capture_id": found.capture_id,
        "commit_no": entry.commit_no,
    }


def guarded(text: str) -> str:
    """Return a text with an apostrophe before whatever a spreadsheet would run as a formula.

    That is a sign = + - @ (or its full-width form) where a cell begins, blanks and control characters before
    it or not: at the start, after a tab or a line break, and after a semicolon, which divides cells where
    commas write decimals. A text that begins with a tab or a line break gets one too.
    """
    return _FORMULAS.sub("'", text)


def _cell(value: Any) -> Any:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            value = " ".join(value)
        case datetime():
            return value.isoformat()
    return guarded(value) if isinstance(value, str) else value


def _plain(value: Any) -> str:
    told: str = value.isoformat()
    return told


def rows_in(path: Path, file_format: FileFormat) -> int:
    """Return how many hits a finished file holds, as a reader of its format counts them."""
    if file_format is FileFormat.PARQUET:
        return int(pq.read_metadata(path).num_rows)
    with path.open(encoding="utf-8-sig", newline="") as written:
        if file_format is FileFormat.CSV:
            csv.field_size_limit(
                _LONGEST_CELL
            )  # the module refuses cells above 128 KiB unless told otherwise
            return sum(1 for _ in csv.reader(written)) - 1
        return sum(1 for _ in written)
