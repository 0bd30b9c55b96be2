"""Writes every hit of a search to a file, with no limit, and a manifest whose counts match the search.

    <file>.parts/plan.json     what is written; another search, or another state of the index, begins anew
                 000000.csv    a part, whole or not there: a run that was stopped goes on with the next
    <file>                     the parts put together, in one step
    <file>.manifest.json       the search word for word, counts as read back from the file, its SHA-256

Hits come newest first. The index gives them all from one state, and the archive says what they say as at
that commit, so nothing that comes in meanwhile can mix in.
"""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from muniment.ports import Archive, SearchIndex
from muniment.search.answer import EveryHit, Hit
from muniment.search.explain import explain
from muniment.services.finding import FoundVersion, found_versions
from muniment.services.searching import NO_FILTERS, Held, SearchFilters, hiding, parse_search
from schemas.errors import IntegrityError

__all__ = ["HIT_COLUMNS", "FileFormat", "HitsManifest", "write_hits"]

_PAGE_HITS: Final = 10_000
_PARQUET_ROWS: Final = 5_000
_COPY_BYTES: Final = 1 << 20
_LONGEST_CELL: Final = 2**31 - 1
_BOM: Final = b"\xef\xbb\xbf"  # without it spreadsheets garble Welsh letters and emoji
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

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
_HITS: Final = pa.schema([("version_id", pa.binary()), ("record_id", pa.string()), ("sk", pa.int64())])
HIT_COLUMNS: Final = tuple(_SCHEMA.names)
"""The columns of an export. `dated` is the Europe/London date; `version_id` is in hexadecimal figures."""


class FileFormat(StrEnum):
    """In which form hits are written."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class HitsManifest:
    """What a file of hits holds. `rows` was counted in the finished file; it is the search's `versions`."""

    council: str
    typed: str
    explained: str
    filters: dict[str, Any]
    watermark: int
    records: int
    versions: int
    rows: int
    file: str
    format: str
    columns: tuple[str, ...]
    sha256: str
    size_bytes: int
    made_at: str


def write_hits(
    archive: Archive,
    index: SearchIndex,
    council: str,
    typed: str,
    path: Path,
    *,
    file_format: FileFormat,
    now: datetime,
    filters: SearchFilters = NO_FILTERS,
    held: Held | None = None,
    hidden: frozenset[str] = frozenset(),
    page_hits: int = _PAGE_HITS,
    progress: Callable[[int], None] = lambda _hits: None,
) -> HitsManifest:
    """Write every hit; a run that was stopped goes on where it was, as long as the index stands as it did.

    In CSV a cell that a spreadsheet would run as a formula (it begins with = + - @, a tab or a line break, or
    the full-width form of a sign) gets an apostrophe before it: take it off to have the text as it was.
    The file is readable by its owner only, since it holds personal data. `hidden` records are being
    destroyed, and are left out.

    Raises:
        QueryError: A mistake in `typed`.
        IntegrityError: The index names what the archive does not hold, or the file has other counts.
    """
    query = parse_search(typed, filters, held)
    every = index.every_hit(council, hiding(query, hidden))
    hits = _newest_first(every)
    if len(hits) != every.versions:
        message = f"The index counted {every.versions} versions and gave {len(hits)}."
        raise IntegrityError(message, remedy="Run `muniment reindex --whole`.")
    plan: dict[str, Any] = {
        "typed": typed,
        "filters": _plain_filters(filters),
        "format": file_format.value,
        "watermark": every.watermark,
        "hits": _digest(hits),
        "page_hits": page_hits,
    }
    parts = path.with_name(f"{path.name}.parts")
    _resume_or_begin(parts, plan)
    for number, start in enumerate(range(0, len(hits), page_hits)):
        part = parts / f"{number:06}.{file_format}"
        some = [Hit(**row) for row in hits.slice(start, page_hits).to_pylist()]
        if not part.exists():
            waiting = part.with_suffix(".new")
            _write_part(waiting, file_format, found_versions(archive, some, upto=every.watermark))
            waiting.replace(part)
        pa.default_memory_pool().release_unused()  # or each page's freed memory is kept beside the next's
        progress(len(some))
    _put_together(parts, path, file_format)
    manifest = HitsManifest(
        council=council,
        typed=typed,
        explained=f"Every version that {explain(query.tree)}.",
        filters=plan["filters"],
        watermark=every.watermark,
        records=pc.count_distinct(hits["record_id"]).as_py(),
        versions=len(hits),
        rows=_rows_in(path, file_format),
        file=path.name,
        format=file_format.value,
        columns=HIT_COLUMNS,
        sha256=_sha256(path),
        size_bytes=path.stat().st_size,
        made_at=now.isoformat(),
    )
    if manifest.rows != manifest.versions:
        message = f"{manifest.rows} versions were written, the search found {manifest.versions}."
        raise IntegrityError(message, remedy=f"Remove {path.name} and its parts, and run it again.")
    with _open(path.with_name(f"{path.name}.manifest.json")) as into:
        into.write(json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode())
    shutil.rmtree(parts)
    return manifest


def _newest_first(every: EveryHit) -> pa.Table:
    """Return all hits in the order of the file; Arrow columns take a fifth of the memory of objects."""
    batches = [
        pa.record_batch([[getattr(hit, name) for hit in batch] for name in _HITS.names], schema=_HITS)
        for batch in every.batches
    ]
    order = [("sk", "descending"), ("version_id", "descending")]
    return pa.Table.from_batches(batches, schema=_HITS).sort_by(order)


def _digest(hits: pa.Table) -> str:
    made = hashlib.sha256()
    for chunk in hits["version_id"].chunks:
        made.update(b"".join(chunk.to_pylist()))
    return made.hexdigest()


def _plain_filters(filters: SearchFilters) -> dict[str, Any]:
    return {
        "platforms": list(filters.platforms),
        "accounts": list(filters.accounts),
        "since": None if filters.since is None else filters.since.isoformat(),
        "until": None if filters.until is None else filters.until.isoformat(),
    }


def _resume_or_begin(parts: Path, plan: dict[str, Any]) -> None:
    told = parts / "plan.json"
    if told.exists() and json.loads(told.read_text(encoding="utf-8")) == plan:
        return
    shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir(mode=0o700)
    waiting = parts / "plan.new"
    waiting.write_text(json.dumps(plan), encoding="utf-8")
    waiting.replace(told)


def _write_part(path: Path, file_format: FileFormat, found: Iterable[FoundVersion]) -> None:
    with _open(path) as into:
        match file_format:
            case FileFormat.CSV:
                lines = csv.writer(_Encoded(into))
                for one in found:
                    lines.writerow(map(_cell, _row(one).values()))
            case FileFormat.JSONL:
                for one in found:
                    into.write(json.dumps(_row(one), ensure_ascii=False, default=_plain).encode() + b"\n")
            case FileFormat.PARQUET:
                with pq.ParquetWriter(into, _SCHEMA, compression="zstd") as writer:
                    for some in _batched(map(_row, found), _PARQUET_ROWS):
                        writer.write_table(pa.Table.from_pylist(some, schema=_SCHEMA))
        into.flush()
        os.fsync(into.fileno())


def _put_together(parts: Path, path: Path, file_format: FileFormat) -> None:
    pieces = sorted(parts.glob(f"*.{file_format}"))
    waiting = parts / "whole.new"
    with _open(waiting) as into:
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


def _open(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


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


def _cell(value: Any) -> Any:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            value = " ".join(value)
        case datetime():
            return value.isoformat()
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def _plain(value: Any) -> str:
    told: str = value.isoformat()
    return told


def _batched(rows: Iterator[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    some: list[dict[str, Any]] = []
    for row in rows:
        some.append(row)
        if len(some) == size:
            yield some
            some = []
    if some:
        yield some


def _rows_in(path: Path, file_format: FileFormat) -> int:
    if file_format is FileFormat.PARQUET:
        return int(pq.read_metadata(path).num_rows)
    with path.open(encoding="utf-8-sig", newline="") as written:
        if file_format is FileFormat.CSV:
            csv.field_size_limit(
                _LONGEST_CELL
            )  # the module refuses cells above 128 KiB unless told otherwise
            return sum(1 for _ in csv.reader(written)) - 1
        return sum(1 for _ in written)


def _sha256(path: Path) -> str:
    with path.open("rb") as written:
        return hashlib.file_digest(written, "sha256").hexdigest()
