"""What the archive of one council holds, for whoever only reads it: no lock, no register, no media."""

from collections.abc import Iterator, Sequence
from pathlib import PurePath

import pyarrow as pa
from deltalake import DeltaTable
from typing_extensions import override

from muniment.adapters.delta.scan import Rows, TableReader
from muniment.adapters.delta.table import COMMIT, CouncilTable
from muniment.adapters.files import LocalFiles
from muniment.adapters.storage import Files
from muniment.ports import ArchiveRows
from schemas.arrow import COLUMNS, PARTITION, row_kind

__all__ = ["DeltaRows", "columns_of"]


class DeltaRows(ArchiveRows):
    """The rows of one council's archive, read beside whoever writes. Safe for threads and processes."""

    def __init__(self, root: PurePath, files: Files | None = None) -> None:
        """Keep where the archive lies; `files` None: on a local disk."""
        self._files: Files = LocalFiles() if files is None else files
        self._home = CouncilTable(root / "table", self._files)

    @override
    def commit_no(self) -> int:
        return self._home.read().transaction_version(COMMIT) or 0 if self._home.exists() else 0

    @override
    def scan(
        self,
        *,
        series: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        after: int = 0,
        upto: int | None = None,
        record_ids: Sequence[str] | None = None,
        within: tuple[str | None, str | None] = (None, None),
    ) -> Iterator[pa.RecordBatch]:
        if not self._home.exists() or (record_ids is not None and not record_ids):
            return iter(())
        if columns is None and series is not None:
            columns = [*columns_of(series), *PARTITION]
        wanted = Rows(series=series, after=after, upto=upto, record_ids=record_ids, within=within)
        return self._reader().stream(wanted, columns)

    def _reader(self, table: DeltaTable | None = None) -> TableReader:
        """Return a reader of one version, or of the newest."""
        reopen = self._home.read if table is None else lambda: table
        return TableReader(self._home.root, self._files, reopen)


def columns_of(series: Sequence[str]) -> list[str]:
    """Return the columns that rows of these series have."""
    return list(dict.fromkeys(column.name for one in series for column in COLUMNS[row_kind(one)]))
