"""What ends every run: small files merged where many have gathered, a seal, the index brought up."""

from collections.abc import Callable
from typing import Final

from muniment.ports import Archive, IndexBeside, Seals, SearchIndex
from muniment.ports.disposal import ErasedRecords
from muniment.services.indexing import Classes, catch_up

__all__ = ["finish"]

_COMPACT_EVERY: Final = 50
"""Commits; measured, appends grow by log replay and small files, and compaction resets that."""


def finish(
    council: str,
    *,
    archive: Archive,
    seals: Seals,
    index: SearchIndex,
    first_commit: int,
    erased: ErasedRecords | None = None,
    classes: Classes | None = None,
    resolve_holds: Callable[[], object] = lambda: None,
    beside: IndexBeside | None = None,
) -> None:
    """End a run that began when the archive stood at `first_commit`; `beside` may have indexed most of it.

    `resolve_holds` puts what came in under the holds whose scope it falls in.

    Raises:
        WriteConflictError: Another process writes the index: the next run brings it up.
    """
    if beside is not None:
        beside.settle()  # before files are merged that it reads
        beside.close()
    if archive.commit_no() // _COMPACT_EVERY > first_commit // _COMPACT_EVERY:
        archive.compact()
    resolve_holds()
    seals.seal()
    catch_up(archive, index, council, erased=erased, classes=classes)
