"""The files that commands write for people: whole or not at all, and never over what muniment keeps."""

import csv
import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
from typing_extensions import override

from muniment.kept_places import KeptPlaces
from muniment.outgoing import open_private, opened_folder, refuse_others
from muniment.services.hit_files import guarded
from muniment.settings import from_environment
from schemas.errors import BadInputError

__all__ = ["NEW_FOLDER", "OUTPUT", "outlet", "text_in", "write_table", "written"]


class _Output(click.Path):
    """A path that a command will write to: refused before anything is read, where it may not be written."""

    def __init__(self, *, folder: bool = False) -> None:
        super().__init__(file_okay=not folder, dir_okay=folder, path_type=Path)
        self._folder = folder

    @override
    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:  # as click's own says
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not self._folder:
            with outlet(path):
                return path
        nearest = path
        while not nearest.is_dir() and nearest != nearest.parent:
            nearest = nearest.parent
        with opened_folder(nearest, partial(_admit, _kept(), path)):
            return path


OUTPUT: Final = _Output()
"""A file that a command writes."""
NEW_FOLDER: Final = _Output(folder=True)
"""A folder that a command makes, with those above it where they are missing."""


@contextmanager
def outlet(path: Path, *, make: bool = False) -> Iterator[Path]:
    """Open the folder that a path lies in, and give a path to the same name in it that holds.

    Args:
        path: What a person named.
        make: Whether missing folders above it are made.

    Raises:
        BadInputError: It lies among what muniment keeps, or another login made what is there.
        OSError: There is no such folder, or it may not be entered.
    """
    kept = _kept()
    if path.absolute().is_relative_to(kept.outlet) and kept.outlet.parent.is_dir():
        kept.outlet.mkdir(mode=0o700, exist_ok=True)
    with opened_folder(path.parent, partial(_admit, kept, path), make=make) as opened:
        place = opened / path.name
        if not _is_stream(place):
            refuse_others(place)
        yield place


def _kept() -> KeptPlaces:
    return KeptPlaces.of(from_environment())


def _admit(kept: KeptPlaces, path: Path, opened: int) -> None:
    if kept.holds(opened, path.name):
        raise BadInputError(
            f"{path} lies among what muniment keeps, and would be written over.",
            remedy=f"Name a file in a folder of your own, or in {kept.outlet}.",
        )


def _is_stream(path: Path) -> bool:
    """Return whether a path leads to what is written to as it is: a pipe, a terminal."""
    try:
        found = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(found) and not stat.S_ISDIR(found)


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Give a file that takes the place of `path` once it is whole: what fails leaves the old one there.

    What is no file, such as a pipe, is written to as it is.

    Raises:
        BadInputError: It lies among what muniment keeps, or belongs to another login.
        OSError: It cannot be written; it names `path`.
    """
    with outlet(path) as place:
        if place.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if _is_stream(place):
            with os.fdopen(_opened_stream(place), "wb") as into:
                yield into
            return
        beside = place.with_name(f".{path.name}.part")
        try:
            opened = open_private(beside)
        except OSError as error:
            error.filename = str(path)
            raise
        try:
            with opened as into:
                yield into
            beside.replace(place)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def _opened_stream(path: Path) -> int:
    opened = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(opened).st_mode):  # exchanged since we looked: a file is never opened as it lies
        os.close(opened)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    return opened


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
