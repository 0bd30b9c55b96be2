"""The named hostile scenarios: one for each failure of the field and each switch of a fake, as data.

`conformance.scenario.play` runs one. Evidence is named as `repository#issue`, or as what a platform does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.hostile.capture import CAPTURE
from conformance.hostile.change import CHANGE
from conformance.hostile.refusal import REFUSAL
from conformance.hostile.shape import MEDIA, SHAPE

if TYPE_CHECKING:
    from conformance.scenario import Scenario

__all__ = ["SCENARIOS", "scenario"]

SCENARIOS: tuple[Scenario, ...] = CAPTURE + CHANGE + REFUSAL + SHAPE + MEDIA


def scenario(name: str) -> Scenario:
    """Return the scenario of this name, or raise StopIteration."""
    return next(each for each in SCENARIOS if each.name == name)
