"""A rest for Python's cyclic garbage collector while a batch is worked on, and fewer passes while one comes.

A batch is a hundred thousand values that all live until it is kept: each pass of the collector over them
finds nothing and costs a quarter of the time. Reference counts free them as ever. While a batch comes, a
platform may let us wait for minutes: then it passes seldom, and what it is for is bounded all the same.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["collector_at_work", "collector_paused", "collector_seldom"]

_SELDOM: Final = 50_000
"""New values between two passes over the newest; Python's own is 700. Passes over older ones follow it."""

_lock = threading.Lock()
_resting = 0
_seldom = 0
_as_before = gc.get_threshold()


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


@contextmanager
def collector_seldom() -> Iterator[None]:
    """Let the collector pass less often, until the last of those who asked is done."""
    global _seldom, _as_before  # noqa: PLW0603  # as below
    with _lock:
        if not _seldom:
            _as_before = gc.get_threshold()
            if _as_before[0]:  # at 0 it never passes
                gc.set_threshold(max(_SELDOM, _as_before[0]), *_as_before[1:])
        _seldom += 1
    try:
        yield
    finally:
        with _lock:
            _seldom -= 1
            if not _seldom:
                gc.set_threshold(*_as_before)


def _rest(more: int) -> None:
    global _resting  # noqa: PLW0603  # the collector is the process's own, and so is this count
    _own.rests += more
    _resting += more
    if _resting > 0:
        gc.disable()
    elif more < 0:
        gc.enable()
