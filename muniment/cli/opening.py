"""How a command gets at its council: the option, the settings, the console."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import click
from rich.console import Console
from rich.errors import MarkupError
from rich.markup import escape
from rich.text import Text
from typing_extensions import override

from muniment.bootstrap.council import CouncilServices
from muniment.bootstrap.opening import Muniment, open_muniment
from muniment.cli.acting import acting
from muniment.search.highlight import harmless
from muniment.settings import from_environment

__all__ = ["COUNCIL", "console", "opened", "opened_council", "print_left_out"]


_WIDTH_UNTOLD: Final = 120  # at 80, names of accounts and classes would be broken in two


class _SteadyConsole(Console):
    """A console that nothing printed on it can steer: much of what is shown was written by residents."""

    @override
    def render_str(self, text: str, **told: Any) -> Text:
        try:
            return super().render_str(harmless(text), **told)
        except MarkupError:
            return super().render_str(
                escape(harmless(text)), **told
            )  # a path or a word that looks like mark-up

    @override
    def on_broken_pipe(self) -> None:
        """Go on unheard, as behind `| head`: what a command does, and its exit code, hang on no reader."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _width() -> int | None:
    """Return how wide tables are in a file or pipe, which tell no width; None: as the terminal or COLUMNS."""
    return None if sys.stdout.isatty() or os.environ.get("COLUMNS") else _WIDTH_UNTOLD


console = _SteadyConsole(highlight=False, soft_wrap=True, width=_width())

COUNCIL: Final[Callable[[Any], Any]] = click.option(
    "--council",
    metavar="NAME",
    help="The council, by the name of its file; not needed where there is only one.",
)


@contextmanager
def opened(*, progress: Callable[[int], None] = lambda _items: None) -> Iterator[Muniment]:
    """Open what the environment names, for the length of a command."""
    settings = from_environment()
    with open_muniment(settings, progress=progress, person=acting(settings)) as muniment:
        yield muniment


@contextmanager
def opened_council(
    name: str | None,
    *,
    progress: Callable[[int], None] = lambda _items: None,
    unfiltered: bool = False,
) -> Iterator[CouncilServices]:
    """Open one council's services, for the length of a command.

    `unfiltered`: also while a restored archive may hold what was destroyed since: for commands that show no
    record.
    """
    with opened(progress=progress) as muniment:
        services = muniment.council(name)
        if not unfiltered:
            services.refuse_unfiltered()
        yield services


def print_left_out(teams: Sequence[str]) -> None:
    """Say which restricted series a person was not shown; not whether anything is in them."""
    if teams:
        console.print(f"[dim]Series that only {escape(' or '.join(teams))} may see are left out.[/]")
