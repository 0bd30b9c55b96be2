"""Tables as a person reads them: in columns where these fit, else one entry below the other.

A column that must break its words is hard to read, and an id that is copied from the screen must stand in one
piece. Each entry is then a few lines of "heading: value", which a screen reader reads in order, too.
"""

from typing import Final

from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from muniment.cli.opening import console

__all__ = ["print_table"]

_LONGEST_WORD: Final = 20
"""Longer ones are digests and addresses, which may be broken anywhere, unless their column says no_wrap."""
_SHORT: Final = 2
"""In so many lines an entry is told with several headings in each, a longer one with one in each."""
_INDENT: Final = 2


def print_table(table: Table) -> None:
    """Print a table that has headings, in the form that fits the console's width."""
    needed = _needed(table)
    if sum(needed) + 3 * len(needed) + 1 <= console.width:
        for column, width in zip(table.columns, needed, strict=True):
            column.min_width = width
        console.print(table)
        return
    if table.title is not None:
        console.print(table.title, style="italic")
    headings = [str(column.header) for column in table.columns]
    for cells in zip(*(column.cells for column in table.columns), strict=True):
        first, *rest = zip(headings, map(str, cells), strict=True)
        console.print(f"[bold]{first[0]} {first[1]}[/]".strip())
        _print_entry([f"{heading}: {cell}" for heading, cell in rest if cell])


def _print_entry(told: list[str]) -> None:
    lines: list[str] = []
    for one in told:
        longer = f"{lines[-1]}; {one}" if lines else one
        if lines and len(Text.from_markup(longer).plain) <= console.width - _INDENT - 1:
            lines[-1] = longer
        else:
            lines.append(one)
    for line in lines if len(lines) <= _SHORT else told:
        console.print(f"{' ' * _INDENT}{line}")


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
