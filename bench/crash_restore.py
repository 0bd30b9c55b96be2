"""The end of each archive of the kill test: an older copy of it is restored beside the newer register.

Copies of archive and index are taken while nobody writes; later, after disposals and kills, they are put
back. Nobody may read that archive before it is filtered through the stubs; whoever filters it is killed at a
random moment, and filtering it again does all of it. Then nothing destroyed is in archive or index.
"""

import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from bench.clock import RealTime
from bench.crash_work import COUNCIL, RECORDS, Archived
from bench.disposal_office import INFORMATION_MANAGER
from muniment.adapters.seal_chain import SealChain
from muniment.adapters.seal_key import SealKey, is_signed_by
from muniment.search.answer import Order
from muniment.search.tree import Everything, Query
from muniment.services.restoring import Restored, refuse_unfiltered
from schemas.errors import IntegrityError
from schemas.rows import records_from

__all__ = ["back_up", "filter_restored", "is_backed_up", "put_back", "restored_faults"]

_COPY: Final = "backup"
_INDEX: Final = "index"


def is_backed_up(root: Path) -> bool:
    """Return whether a copy was taken."""
    return (root / _COPY / "whole").exists()


def back_up(archived: Archived) -> None:
    """Copy archive and index aside; nobody writes meanwhile."""
    copy = archived.root / _COPY
    shutil.rmtree(copy, ignore_errors=True)
    files, place = archived.place.files(), archived.place.council_root
    for path, _ in files.walk(place):
        inside = path.relative_to(place)
        if inside.name != "lock" and inside.parts[0] != "incoming":
            target = copy / COUNCIL / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(files.read(path))
    if (archived.root / _INDEX).exists():
        shutil.copytree(archived.root / _INDEX, copy / _INDEX)
    (copy / "whole").touch()


def put_back(archived: Archived) -> Iterator[str]:
    """Put the copies in the place of what is there; yield what is wrong: it must be refused as it is."""
    copy = archived.root / _COPY
    files, place = archived.place.files(), archived.place.council_root
    files.remove_all([path for path, _ in files.walk(place) if path.name != "lock"])
    for source in sorted((copy / COUNCIL).rglob("*")):
        if source.is_file():
            target = place / source.relative_to(copy / COUNCIL)
            files.folder(target.parent)
            files.put(target, source.read_bytes())
    shutil.rmtree(archived.root / _INDEX, ignore_errors=True)
    if (copy / _INDEX).exists():
        shutil.copytree(copy / _INDEX, archived.root / _INDEX)
    behind = archived.register.watermark(COUNCIL) > archived.archive.commit_no()
    try:
        refuse_unfiltered(COUNCIL, archive=archived.archive, register=archived.register)
    except IntegrityError:
        return
    if behind:
        yield "an archive older than its register was not refused"


def filter_restored(archived: Archived) -> None:
    """Filter what was restored; killed anywhere, it is to be done again."""
    key = SealKey.of(None, archived.root / "seal.pem")
    seals = SealChain(
        council=COUNCIL,
        root=archived.place.council_root,
        archive=archived.archive,
        files=archived.place.files(),
        key=key,
        clock=RealTime(),
        locked=archived.archive.locked,
    )
    restored = Restored(
        council=COUNCIL,
        archive=archived.archive,
        register=archived.register,
        seals=seals,
        index=archived.index,
        clock=RealTime(),
        sign=key.sign,
        public_key=key.public,
        is_signed=is_signed_by,
    )
    restored.filter(actor=INFORMATION_MANAGER, reason="the kill test restored an older copy")


def restored_faults(archived: Archived) -> Iterator[str]:
    """Yield what is wrong once the restored archive was filtered."""
    refuse_unfiltered(COUNCIL, archive=archived.archive, register=archived.register)
    every = [f"facebook:{number}" for number in range(RECORDS)]
    gone = archived.register.disposed(COUNCIL, every)
    held = {
        row.record.record_id for batch in archived.archive.scan(series=["own"]) for row in records_from(batch)
    }
    named = {
        one
        for series in ("observation", "attachment")
        for batch in archived.archive.scan(series=[series], columns=["record_id"])
        for one in batch["record_id"].to_pylist()
    }
    if held & gone or named & gone:
        yield f"{len((held | named) & gone)} destroyed records came back with the older copy"
    if _searched(archived) != len(held):
        yield f"the index finds {_searched(archived)} records of {len(held)}"
    if _left(archived, gone):
        yield "the index knows what was destroyed"


def _searched(archived: Archived) -> int:
    query = Query(typed="", tree=Everything())
    return archived.index.search(COUNCIL, query, order=Order.NEWEST, size=1).records


def _left(archived: Archived, gone: Collection[str]) -> bool:
    page = archived.index.search(
        COUNCIL, Query(typed="", tree=Everything()), order=Order.NEWEST, size=RECORDS * 4
    )
    return any(hit.record_id in gone for hit in page.hits)
