"""Every byte on the disks that may name a record, read without any of the product's code.

A Parquet file is compressed, so looking into its bytes proves nothing: every text in it is decoded and looked
through, whatever the column and whether the table's log names the file or not. Every other file is looked
through as it is: log, seals, register, media, the segments of indexes, what an S3 server keeps beside.
"""

import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["Named", "named_in", "named_on"]

_ID: Final = re.compile(rb"facebook:\d{15}")
_MAGIC: Final = b"PAR1"

Named = Mapping[str, frozenset[bytes]]
"""Which of the ids looked for stand in a folder's files: by the file's name below its folder."""


def named_on(folders: Mapping[str, Path], wanted: Collection[bytes]) -> Named:
    """Return where any of these ids stands in any file of these folders."""
    found: dict[str, frozenset[bytes]] = {}
    doomed = frozenset(wanted)
    for what, folder in folders.items():
        for path in sorted(_files(folder)):
            try:
                here = doomed & named_in(path)
            except FileNotFoundError:
                continue  # a server's own upkeep took it away meanwhile
            if here:
                found[f"{what}: {path.relative_to(folder)}"] = here
    return found


def named_in(path: Path) -> set[bytes]:
    """Return every id of a record that stands in a file, in its name or in its attributes."""
    found = set(_ID.findall(os.fsencode(path)))
    for name in os.listxattr(path):
        found.update(_ID.findall(os.getxattr(path, name)))
    with path.open("rb") as source:
        is_parquet = source.read(len(_MAGIC)) == _MAGIC
    if not is_parquet:
        found.update(_ID.findall(path.read_bytes()))
        return found
    with pq.ParquetFile(path) as parquet:
        for number in range(parquet.num_row_groups):
            for column in parquet.read_row_group(number).columns:
                for text in _texts(column):
                    found.update(_ID.findall(text))
    return found


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names)


def _texts(column: pa.ChunkedArray | pa.Array) -> Iterator[memoryview]:
    """Yield the bytes of all texts of a column, one buffer for each piece of it."""
    kind = column.type
    if isinstance(column, pa.ChunkedArray):
        for chunk in column.chunks:
            yield from _texts(chunk)
    elif pa.types.is_dictionary(kind):
        yield from _texts(column.dictionary)
    elif pa.types.is_list(kind) or pa.types.is_map(kind):
        yield from _texts(column.values if pa.types.is_list(kind) else column.items)
    elif pa.types.is_struct(kind):
        for place in range(kind.num_fields):
            yield from _texts(column.field(place))
    elif pa.types.is_string(kind) or pa.types.is_binary(kind):
        content = column.buffers()[-1]
        if content is not None:
            yield memoryview(content)
