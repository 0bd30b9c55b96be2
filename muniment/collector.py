"""A rest for Python's cyclic garbage collector while a batch is worked on.

A batch is a hundred thousand values that all live until it is kept: each pass of the collector over them
finds nothing and costs a quarter of the time. Reference counts free them as ever.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collector_at_work", "collector_paused"]

_lock = threading.Lock()
_resting = 0


class _Own(threading.local):
    """How many rests this thread has asked for and not ended."""

    rests = 0


_own = _Own()


@contextmanager
def collector_paused() -> Iterator[None]:
    """Let the collector rest until the last of those who asked, in whatever thread, is done."""
    with _lock:
        was_on = _resting > 0 or gc.isenabled()
        if was_on:
            _rest(1)
    try:
        yield
    finally:
        if was_on:
            with _lock:
                _rest(-1)


@contextmanager
def collector_at_work() -> Iterator[None]:
    """Within a rest, end this thread's part of it for a while: around what takes long, as fetching does."""
    rests = _own.rests
    with _lock:
        _rest(-rests)
    try:
        yield
    finally:
        with _lock:
            _rest(rests)


def _rest(more: int) -> None:
    global _resting  # noqa: PLW0603  # the collector is the process's own, and so is this count
    _own.rests += more
    _resting += more
    if _resting > 0:
        gc.disable()
    elif more < 0:
        gc.enable()
