"""The clock that is passed in: nothing below the composition root asks the machine for the time."""

from datetime import datetime
from typing import Protocol

__all__ = ["Clock"]


class Clock(Protocol):
    """Tells the time and waits. A sandbox's clock moves when it waits; it never sleeps."""

    @property
    def sandbox(self) -> bool:
        """True when this is a sandbox's clock: captures and seals say so."""
        ...

    def now(self) -> datetime:
        """Return the present as an aware UTC instant."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait; the caller never asks for more than 60 seconds."""
        ...
