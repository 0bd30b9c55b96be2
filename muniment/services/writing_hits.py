"""Writes every hit of a search to a file, with no limit, and a manifest whose counts match the search.

    <file>.parts/plan.json     what is written; another search, or another state of the index, begins anew,
                               and other columns are refused: another muniment wrote the parts
                 000000.csv    a part, whole or not there: a run that was stopped goes on with the next
    <file>                     the parts put together, in one step
    <file>.manifest.json       the search word for word, counts as read back from the file, its SHA-256

Hits come newest first. The index gives them all from one state, or the archive gives them as at an earlier
commit; the archive says what they say as at that commit, so nothing that comes in meanwhile can mix in.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.outgoing import open_private, workplace
from muniment.ports import Archive, SearchIndex
from muniment.search.explain import explain
from muniment.services.as_at import every_hit_as_at
from muniment.services.finding import found_versions
from muniment.services.gathering import RecordIds, hits_in, newest_first
from muniment.services.hit_files import (
    HIT_COLUMNS,
    FileFormat,
    put_together,
    rows_in,
    write_part,
)
from muniment.services.searching import NO_FILTERS, Held, SearchFilters, hiding, parse_search
from schemas.counted import counted
from schemas.errors import BadInputError, IntegrityError

__all__ = ["HitsManifest", "spare_memory", "write_hits"]

_PAGE_HITS: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HitsManifest:
    """What a file of hits holds. `rows` was counted in the finished file; it is the search's `versions`.

    `watermark` is the commit that the hits are of; `as_at` is the same where that commit was asked for.
    """

    council: str
    typed: str
    explained: str
    filters: dict[str, Any]
    watermark: int
    as_at: int | None
    records: int
    versions: int
    rows: int
    file: str
    format: str
    columns: tuple[str, ...]
    sha256: str
    size_bytes: int
    made_at: str


def spare_memory() -> None:
    """Let this process take Arrow's memory from the system, which gets back what is freed, in one thread.

    Arrow's own allocator keeps 15 to 55 MB of what each page of an export took, and the system's keeps some
    for each thread: of no use to a process that writes one file and ends, most of its time in rows of Python.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)


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
    as_at: int | None = None,
    page_hits: int = _PAGE_HITS,
    progress: Callable[[int], None] = lambda _hits: None,
    telling: Callable[[Sequence[str]], None] = lambda _record_ids: None,
) -> HitsManifest:
    """Write every hit; a run that was stopped goes on where it was, as long as the index stands as it did.

    In CSV an apostrophe stands before whatever a spreadsheet would run as a formula (`hit_files.guarded`).
    The file is readable by its owner only, since it holds personal data. `hidden` records are being
    destroyed, and are left out. `as_at` is an earlier commit: the archive is searched, not the index.
    `telling` hears which records will be in the file, before anything of it is written; a run that goes on
    with what another began tells nothing new.

    Raises:
        QueryError: A mistake in `typed`.
        BadInputError: The archive has no such commit; parts with other columns lie there, or another login's;
            another command writes them.
        IntegrityError: The index names what the archive does not hold, or the file has other counts.
    """
    query = parse_search(typed, filters, held, classed=as_at is None)
    asked = hiding(query, hidden)
    every = index.every_hit(council, asked) if as_at is None else every_hit_as_at(archive, asked, as_at)
    hits = newest_first(every)
    _give_back()
    plan: dict[str, Any] = {
        "typed": typed,
        "filters": _plain_filters(filters),
        "format": file_format.value,
        "watermark": every.watermark,
        "as_at": as_at,
        "columns": list(HIT_COLUMNS),
        "hits": _digest(hits),
        "page_hits": page_hits,
    }
    record_ids = RecordIds(pc.unique(hits["record_id"]))
    records = len(record_ids)
    with workplace(path.with_name(f"{path.name}.parts")) as parts:
        if not _is_begun(parts, plan, path):
            telling(record_ids)
            _begin(parts, plan, path)
        del record_ids
        _give_back()
        for number, start in enumerate(range(0, len(hits), page_hits)):
            part = parts / f"{number:06}.{file_format}"
            some = hits_in(hits.slice(start, page_hits))
            if not part.exists():
                waiting = part.with_suffix(".new")
                write_part(waiting, file_format, found_versions(archive, some, upto=every.watermark))
                waiting.replace(part)
                _sync(parts)
            _give_back()  # or each page's freed memory is kept beside the next's
            progress(len(some))
        versions = len(hits)
        del hits  # what puts the parts together takes as much
        _give_back()
        put_together(parts, path, file_format)
        _sync(path.parent)
        manifest = HitsManifest(
            council=council,
            typed=typed,
            explained=f"Every version that {explain(query.tree)}.",
            filters=plan["filters"],
            watermark=every.watermark,
            as_at=as_at,
            records=records,
            versions=versions,
            rows=rows_in(path, file_format),
            file=path.name,
            format=file_format.value,
            columns=HIT_COLUMNS,
            sha256=_sha256(path),
            size_bytes=path.stat().st_size,
            made_at=now.isoformat(),
        )
        if manifest.rows != manifest.versions:
            written = counted(manifest.rows, "version was", "versions were")
            message = f"{written} written, the search found {manifest.versions:,}."
            raise IntegrityError(message, remedy=f"Remove {path.name} and its parts, and run it again.")
        with open_private(path.with_name(f"{path.name}.manifest.json")) as into:
            into.write(json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode())
            into.flush()
            os.fsync(into.fileno())
        shutil.rmtree(path.with_name(f"{path.name}.parts"))
    return manifest


def _give_back() -> None:
    """Let the system have again what was freed: its allocator keeps 25 MB and more of it otherwise."""
    pa.default_memory_pool().release_unused()


def _digest(hits: pa.Table) -> str:
    made = hashlib.sha256()
    for start in range(0, len(hits), _PAGE_HITS):  # all at once would be 25 MB of 225,000
        made.update(b"".join(hits["version_id"].slice(start, _PAGE_HITS).to_pylist()))
    return made.hexdigest()


def _plain_filters(filters: SearchFilters) -> dict[str, Any]:
    return {
        "platforms": list(filters.platforms),
        "accounts": list(filters.accounts),
        "since": None if filters.since is None else filters.since.isoformat(),
        "until": None if filters.until is None else filters.until.isoformat(),
    }


def _is_begun(parts: Path, plan: dict[str, Any], path: Path) -> bool:
    """Return whether the parts that lie there are of this very plan."""
    told = parts / "plan.json"
    if not told.exists():
        return False
    before = json.loads(told.read_text(encoding="utf-8"))
    if before.get("columns") != plan["columns"]:
        raise BadInputError(
            f"What lies in {path.name}.parts was written by another muniment, with other columns.",
            remedy=f"Remove {path.name}.parts and run it again, or use the muniment that began it.",
        )
    return bool(before == plan)


def _begin(parts: Path, plan: dict[str, Any], path: Path) -> None:
    told = parts / "plan.json"
    told.unlink(missing_ok=True)  # first: without it no part is trusted
    for part in parts.glob("[!.]*"):
        part.unlink()
    waiting = parts / "plan.new"
    with open_private(waiting) as into:
        into.write(json.dumps(plan).encode())
        into.flush()
        os.fsync(into.fileno())
    waiting.replace(told)
    _sync(parts)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Make the names in a folder last: a part is trusted only beside the plan that it was written by."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        with suppress(
            OSError
        ):  # an officer's network share may not offer it: the files themselves are written
            os.fsync(opened)
    finally:
        os.close(opened)


def _sha256(path: Path) -> str:
    with path.open("rb") as written:
        return hashlib.file_digest(written, "sha256").hexdigest()
