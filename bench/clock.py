"""The time of the benches: the machine's, told to the product as a sandbox's."""

import time
from datetime import UTC, datetime

from typing_extensions import override

from schemas.clock import Clock

__all__ = ["RealTime"]


class RealTime(Clock):
    """The machine's clock."""

    @property
    @override
    def sandbox(self) -> bool:
        return True

    @override
    def now(self) -> datetime:
        return datetime.now(UTC)

    @override
    def wait(self, seconds: float) -> None:
        time.sleep(seconds)
