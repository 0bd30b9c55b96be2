"""A clock that moves only when it is told to, so that tests and the sandbox are deterministic.

Nobody sleeps: whoever would wait moves the clock instead (`wait`), in process or over HTTP (`POST /clock`).
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

__all__ = ["Clock", "from_iso", "iso"]

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Clock:
    """Sandbox time: an aware UTC instant that only ever moves forward. Safe to share between threads."""

    def __init__(self, start: datetime = START) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock starts at an aware time")
        self._now = start.astimezone(UTC)
        self._lock = threading.Lock()

    @property
    def now(self) -> datetime:
        """The present sandbox time, in UTC."""
        return self._now

    def wait(self, seconds: float) -> datetime:
        """Move forward by so many seconds instead of sleeping, and return the new time.

        Raises:
            ValueError: The seconds are negative; time that was shown is not taken back.
        """
        if seconds < 0:
            raise ValueError("the clock does not go back")
        with self._lock:
            self._now += timedelta(seconds=seconds)
            return self._now

    def to(self, moment: datetime) -> datetime:
        """Move forward to an instant, and return it.

        Raises:
            ValueError: The instant is naive, or has passed already.
        """
        if moment.tzinfo is None:
            raise ValueError("the clock moves to an aware time")
        with self._lock:
            if moment < self._now:
                raise ValueError("the clock does not go back")
            self._now = moment.astimezone(UTC)
            return self._now


def iso(moment: datetime) -> str:
    """Return `2026-03-02T09:00:00.000Z`: UTC, milliseconds, always the same width."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def from_iso(text: str) -> datetime:
    """Read any ISO 8601 instant that names its offset.

    Raises:
        ValueError: The text is no instant, or names no offset.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant names its offset, such as Z")
    return moment.astimezone(UTC)
