"""How files that people name are written: in a folder that is opened once, and never through a link.

Between a look at a path and the writing, somebody may put a link in its place. So the folder is opened,
looked at, and then gone by as the open folder that it is: `/proc/self/fd/N` leads there whatever becomes of
its name. In it a file is made anew (never opened as it lies there) and takes its name in one step.
"""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from schemas.errors import BadInputError

__all__ = ["open_private", "opened_folder", "refuse_others", "shared", "workplace"]

_FOLDER: Final = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_LOCK: Final = ".lock"


@contextmanager
def opened_folder(folder: Path, admit: Callable[[int], None], *, make: bool = False) -> Iterator[Path]:
    """Open a folder, and give a path to it that holds; an error names the folder as it was given.

    Args:
        folder: The folder.
        admit: Raises if nothing may be written in an open folder.
        make: Whether it is made, with those above it, where it is missing.

    Raises:
        OSError: There is no such folder, or it may not be entered.
    """
    opened = _made(folder, admit) if make else os.open(folder, _FOLDER)
    with _steady(folder, opened) as steady:
        admit(opened)
        yield steady


@contextmanager
def _steady(folder: Path, opened: int) -> Iterator[Path]:
    steady = _steady_path(opened)
    try:
        yield steady
    except OSError as error:
        if error.filename is not None and Path(str(error.filename)).is_relative_to(steady):
            error.filename = str(folder / Path(error.filename).relative_to(steady))
        raise
    finally:
        os.close(opened)


def _steady_path(opened: int) -> Path:
    return Path("/proc/self/fd", str(opened))


def _made(folder: Path, admit: Callable[[int], None]) -> int:
    try:
        return os.open(folder, _FOLDER)
    except FileNotFoundError:
        if folder.parent == folder:
            raise
    above = _made(folder.parent, admit)
    try:
        admit(above)
        with suppress(FileExistsError):
            os.mkdir(folder.name, mode=0o700 | shared(_steady_path(above), 0o050), dir_fd=above)
        return os.open(folder.name, _FOLDER | os.O_NOFOLLOW, dir_fd=above)
    finally:
        os.close(above)


@contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """Open a folder of our own in which something grows; one process at a time works in it.

    What a killed process left in it is there still, for the next one to go on with. Who is done removes the
    folder before leaving. Gives a path that holds, as `opened_folder` does.

    Raises:
        BadInputError: Another process works in it, or another login made it: what lies in it is not ours.
    """
    while True:
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        with _steady(folder, os.open(folder, _FOLDER | os.O_NOFOLLOW)) as place:
            _refuse_owner(folder, place.stat())
            with _locked(place / _LOCK, folder.name):
                if folder.exists() and folder.samefile(place):
                    yield place
                    return
        # Whoever worked in it was done and removed it while we came: begin anew.


@contextmanager
def _locked(path: Path, name: str) -> Iterator[None]:
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadInputError(
                f"Another command is writing to {name}.",
                remedy="Wait until it is done, or give another name.",
            ) from error
        yield
    finally:
        os.close(lock)


def refuse_others(path: Path) -> None:
    """Refuse to replace what another login made: we would have to answer for what is lost.

    Raises:
        BadInputError: There is such a file, folder or link.
    """
    with suppress(FileNotFoundError):
        _refuse_owner(path, path.lstat())


def _refuse_owner(path: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise BadInputError(
            f"{path.name} is there, and belongs to another login.",
            remedy="Give another name, or have its owner remove it.",
        )


def open_private(path: Path) -> BinaryIO:
    """Make a file anew, for writing; what lay there is gone.

    Only its owner can read it; in a folder with the set-group-ID bit, which is how a folder is shared, its
    group too.

    Raises:
        BadInputError: What lies there belongs to another login.
    """
    refuse_others(path)
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600 | shared(path.parent, 0o040)), "wb")


def shared(folder: Path, bits: int) -> int:
    """Return what the group of a folder may do with what is made in it: nothing, unless it is shared."""
    return bits if folder.stat().st_mode & stat.S_ISGID else 0
