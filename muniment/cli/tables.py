"""Tables as a person reads them: in columns where these fit, else one entry below the other.

A column that must break its words is hard to read, and an id that is copied from the screen must stand in one
piece. Each entry is then a few lines of "heading: value", which a screen reader reads in order, too.
"""

from typing import Final

from rich.measure import Measurement
from rich.table import Table

from muniment.cli.opening import console

__all__ = ["print_table"]

_LONGEST_WORD: Final = 28
"""Longer ones are digests and addresses, which may be broken anywhere, unless their column says no_wrap."""


def print_table(table: Table) -> None:
    """Print a table that has headings, in the form that fits the console's width."""
    if sum(_needed(table)) + 3 * len(table.columns) + 1 <= console.width:
        console.print(table)
        return
    if table.title is not None:
        console.print(table.title, style="italic")
    headings = [str(column.header) for column in table.columns]
    for cells in zip(*(column.cells for column in table.columns), strict=True):
        first, *rest = ((heading, str(cell)) for heading, cell in zip(headings, cells, strict=True))
        console.print(f"[bold]{first[0]} {first[1]}[/]".strip())
        for heading, cell in rest:
            if cell:
                console.print(f"  {heading}: {cell}")


def _needed(table: Table) -> list[int]:
    """Return how wide each column must be, so that no word of it is broken."""
    needed = []
    for column in table.columns:
        cells = [Measurement.get(console, console.options, cell) for cell in (column.header, *column.cells)]
        if column.no_wrap:
            needed.append(max(one.maximum for one in cells))
        else:
            needed.append(max(min(one.minimum, _LONGEST_WORD) for one in cells))
    return needed
