"""Putting an archive right after its last writer died: by whoever takes the lock and finds the mark.

A commit is one atomic link, so nothing in the log is ever half done. What can be left behind is what the
log does not name: data files of a commit that never came, drafts of a library that was killed, media
that no row names, bytes that a dead process was still receiving.
"""

import re
from collections.abc import Collection
from pathlib import PurePath
from typing import Final

from deltalake import DeltaTable

from muniment.adapters.delta.layout import active_files
from muniment.adapters.delta.scan import Rows, TableReader
from muniment.adapters.delta.table import CouncilTable
from muniment.adapters.storage import Files
from muniment.ports import MediaStore
from schemas.arrow import RowKind

__all__ = ["recover", "strays", "sweep_table"]

_OF_THE_LOG: Final = re.compile(r"\d{20}\.json|\d{20}\.checkpoint(\.[^#]+)?\.parquet|_last_checkpoint")


def recover(home: CouncilTable, *, media: MediaStore, files: Files) -> None:
    """Take away everything that the log does not name; under the lock only.

    Where a lock can be lost, its last owner may live still: a commit of nothing first makes sure that it
    can commit no more, or the log might name tomorrow what is taken away today.
    """
    home.overtake()
    sweep_table(home, files=files, fenced=True)
    _sweep_media(home, media, files)
    media.sweep()


def sweep_table(home: CouncilTable, *, files: Files, own: Collection[str] = (), fenced: bool = False) -> int:
    """Remove every file of the table's folder that its newest version does not name; under the lock only.

    It opens the table itself: a handle that made a commit still shows the version before it. Where a lock
    can be lost, a stray may be the work of who had it: only those go that are settled, and `own`, the
    paths that a commit of ours removed; or all of them, when nobody else can commit any more (`fenced`).
    """
    ours = {home.root / path for path in own}
    doomed = [
        path
        for path in strays(home, home.open(), files=files)
        if fenced or path in ours or files.settled(path)
    ]
    files.purge(home.root)
    return files.remove_all(doomed)


def strays(home: CouncilTable, table: DeltaTable, *, files: Files) -> list[PurePath]:
    """Return every file of the table's folder that this version of it does not name."""
    active = {home.root / file.path for file in active_files(table)}
    return [
        path
        for path, _ in files.walk(home.root)
        if (path.parent == home.log and _OF_THE_LOG.fullmatch(path.name) is None)
        or (path.parent != home.log and path not in active)
    ]


def _sweep_media(home: CouncilTable, media: MediaStore, files: Files) -> None:
    named: set[bytes] = set()
    reader = TableReader(home.root, files, home.read)
    for batch in reader.stream(Rows(series=[RowKind.ATTACHMENT.value]), ["sha256"]):
        named.update(batch["sha256"].to_pylist())
    for sha256 in [sha256 for sha256, _ in media.names() if sha256 not in named]:
        media.remove(sha256)
