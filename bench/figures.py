"""One measured figure, what it is held to, and the table of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["Measured", "table"]

_WIDTH: Final = 78


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One line of the table. `target` None: told for comparison, held to nothing.

    `slowness`: how much slower than the machine of the targets this one is, where milliseconds are judged.
    """

    name: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    slowness: float = 1.0

    @property
    def is_met(self) -> bool:
        if self.target is None:
            return True
        return self.value >= self.target if self.at_least else self.value / self.slowness <= self.target


def table(found: Iterable[Measured]) -> str:
    """Return the table: figure, measured, target, met."""
    lines = [f"{'figure':<{_WIDTH}}{'measured':>12}  {'target':>12}  met"]
    for one in found:
        target, verdict = "-", "-"
        if one.target is not None:
            target = f"{'>=' if one.at_least else '<='} {one.target:,g}"
            verdict = "yes" if one.is_met else "NO"
        pace = f"  (machine {one.slowness:.1f}x slower)" if one.slowness > 1 else ""
        value = f"{one.value:,.2f} {one.unit}".rstrip()
        lines.append(f"{one.name:<{_WIDTH}}{value:>12}  {target:>12}  {verdict}{pace}")
    return "\n".join(lines)
