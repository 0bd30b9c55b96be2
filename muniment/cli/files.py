"""The files that commands write for people: whole or not at all, and readable by their owner alone."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from muniment.services.hit_files import guarded, open_private

__all__ = ["text_in", "write_table", "written"]


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Give a file that takes the place of `path` once it is whole: what fails leaves the old one there.

    What is no file, such as a pipe, is written to as it is.

    Raises:
        OSError: It cannot be written; it names `path`.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as into:
            yield into
        return
    beside = path.with_name(f".{path.name}.part")
    try:
        opened = open_private(beside)
    except OSError as error:
        error.filename = str(path)
        raise
    try:
        with opened as into:
            yield into
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


@contextmanager
def text_in(into: BinaryIO, *, encoding: str = "utf-8") -> Iterator[TextIOWrapper]:
    """Give a file of bytes as one of text, whatever the machine's own encoding is."""
    text = TextIOWrapper(into, encoding=encoding, newline="")
    yield text
    text.flush()
    text.detach()


def write_table(path: Path, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows for a spreadsheet: no cell of text can be run as a formula."""
    with written(path) as into, text_in(into, encoding="utf-8-sig") as text:
        lines = csv.writer(text)
        lines.writerow(headings)
        for row in rows:
            lines.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in row])
