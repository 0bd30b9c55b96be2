"""The time of the benches: the machine's, told to the product as a sandbox's."""

from typing_extensions import override

from muniment.adapters.system_clock import SystemClock

__all__ = ["RealTime"]


class RealTime(SystemClock):
    """The machine's clock."""

    @property
    @override
    def sandbox(self) -> bool:
        return True
