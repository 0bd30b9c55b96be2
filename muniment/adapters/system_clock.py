"""The machine's clock; a sandbox has one of its own (`sandbox_clock`)."""

import time
from datetime import UTC, datetime

from typing_extensions import override

from schemas.clock import Clock

__all__ = ["SystemClock"]


class SystemClock(Clock):
    """The machine's clock, in UTC."""

    @property
    @override
    def sandbox(self) -> bool:
        return False

    @override
    def now(self) -> datetime:
        return datetime.now(UTC)

    @override
    def wait(self, seconds: float) -> None:
        time.sleep(seconds)
