"""What many commands are given: a London day, a reason, a file of record ids."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final

import click
from typing_extensions import override

from schemas.errors import BadInputError

__all__ = ["DAY", "REASON", "ids_in"]

_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2300
_BRITISH: Final = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")


class _Day(click.ParamType[date]):
    """A London day, the year first: what is written otherwise is asked for again, never guessed."""

    name = "day"

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day that was typed, of a century in which periods can be counted."""
        if isinstance(value, date):
            return value
        typed = str(value).strip()
        if turned := _BRITISH.fullmatch(typed):
            day, month, year = turned.groups()
            self.fail(f"'{typed}': write the year first: {year}-{month:0>2}-{day:0>2}.", param, ctx)
        try:
            found = date.fromisoformat(typed)
        except ValueError:
            self.fail(f"'{typed}' is no day: write year, month and day, such as 2026-03-31.", param, ctx)
        if not _FIRST_YEAR <= found.year < _LAST_YEAR:
            self.fail(f"'{typed}' does not lie between {_FIRST_YEAR} and {_LAST_YEAR}.", param, ctx)
        return found

    @override
    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what help shows for a day."""
        return "YYYY-MM-DD"


DAY: Final = _Day()

REASON: Final[Callable[[Any], Any]] = click.option(
    "--reason", required=True, help="Why: it stands in the audit, and is read years later."
)


def ids_in(path: Path) -> tuple[str, ...]:
    """Return the record ids of a file, one on each line.

    Raises:
        BadInputError: It is no text.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path} is no text file.", remedy="Write one record id on each line.") from error
    return tuple(filter(None, map(str.strip, lines)))
