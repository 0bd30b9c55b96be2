"""A folder of index generations: one in use, named by a small file that is replaced in one step.

<folder>/lock      held by whoever writes or builds
         current   the name of the generation in use
         gen-1/    its files
"""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from schemas.errors import WriteConflictError

__all__ = ["current", "keep_only", "locked", "next_number", "others", "point_at", "put", "sync"]

_TRIES: Final = 100
_PAUSE_SECONDS: Final = 0.05


@contextmanager
def locked(folder: Path, *, patience_seconds: float) -> Iterator[None]:
    """Hold the folder's lock, made when missing; a killed owner frees it.

    Raises:
        WriteConflictError: Another process held it all the time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        deadline = time.monotonic() + patience_seconds
        while not _try_lock(lock.fileno()):
            if time.monotonic() > deadline:
                raise WriteConflictError(f"Another process writes the search index of {folder.name}.")
            time.sleep(0.05)
        yield


def current(folder: Path) -> str | None:
    """Return the generation in use; None: there is none yet."""
    try:
        return (folder / "current").read_text()
    except FileNotFoundError:
        return None


def next_number(folder: Path) -> int:
    """Return a number that no generation here has."""
    return max((int(name.removeprefix("gen-")) for name in _generations(folder)), default=0) + 1


def point_at(folder: Path, generation: str) -> None:
    """Put a generation in use, durably and in one step."""
    put(folder / "current", generation.encode())


def put(path: Path, content: bytes) -> None:
    """Write a file anew, durably and in one step."""
    waiting = path.with_name(f"{path.name}.new")
    with waiting.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    waiting.replace(path)
    _sync_one(path.parent)


def others(folder: Path, generation: str | None) -> list[str]:
    """Return the generations that lie there beside this one."""
    return [name for name in _generations(folder) if name != generation]


def keep_only(folder: Path, generation: str | None) -> None:
    """Remove every other generation; readers that have one open go on with it."""
    for name in others(folder, generation):
        _remove(folder / name)


def sync(path: Path) -> None:
    """Make the files of a folder, and their names in it, durable."""
    for file in path.iterdir():
        _sync_one(file)
    _sync_one(path)


def _remove(path: Path) -> None:
    """Remove a folder in which a reader may just now make or remove its lock."""
    for tries_left in reversed(range(_TRIES)):
        if not path.exists():
            return
        try:
            shutil.rmtree(path)
        except OSError as error:
            if not tries_left or error.errno not in (errno.ENOTEMPTY, errno.ENOENT):
                raise
            time.sleep(_PAUSE_SECONDS)


def _generations(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("gen-*")]


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sync_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
