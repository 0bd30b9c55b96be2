"""What `muniment search` prints: its statement, hits or groups, and what could not have been found."""

from collections.abc import Sequence
from typing import Final

from rich.markup import escape

from muniment.cli.opening import console
from muniment.search.answer import Facet, Order
from muniment.search.highlight import Piece, excerpt
from muniment.services.finding import FoundVersion
from muniment.services.grouping import Group, GroupedAnswer
from muniment.services.searching import SearchAnswer
from muniment.services.unseen import NO_ACCOUNT, AccountUnseen, by_lack
from schemas.counted import counted
from schemas.london import london_short

__all__ = ["print_answer", "print_groups", "print_statement", "print_unseen"]

_WIDTH: Final = 240
_LINE_WIDTH: Final = 80
_MOST_VALUES: Final = 8
_MOST_MONTHS: Final = 24
_FACETS: Final = {
    Facet.PLATFORM: "platform",
    Facet.ACCOUNT: "account",
    Facet.AUTHOR_ROLE: "by",
    Facet.KIND: "kind",
    Facet.CLASS: "class, as of last night",
    Facet.STATE: "state",
    Facet.EDITED: "edited",
    Facet.LANGUAGE: "language",
    Facet.YEAR: "year",
    Facet.MONTH: "month",
}


def print_statement(answer: SearchAnswer, *, facets: bool) -> None:
    """Print totals, what was searched, hints and counts."""
    statement = answer.statement
    console.print(f"[bold]{statement.totals()}[/]")
    console.print(f"[dim]{escape(statement.explained)}[/]")
    if statement.ignored:
        console.print(
            f"[dim]Left out, since they hold no letter or figure: {escape(' '.join(statement.ignored))}[/]"
        )
    for hint in statement.hints:
        console.print(f"[yellow]{escape(hint)}[/]")
    if facets:
        for facet, heading in _FACETS.items():
            told = list(answer.facets.get(facet, {}).items())
            if told:
                # The years and months that end the answer's time, of all else what most versions have.
                timed = facet in (Facet.YEAR, Facet.MONTH)
                shown = told[-_MOST_MONTHS:] if timed else told[:_MOST_VALUES]
                values = ", ".join(f"{escape(value)} {count:,}" for value, count in shown)
                left = len(told) - len(shown)
                more = f", and {left} {'earlier' if timed else 'more'}" if left else ""
                console.print(f"  [dim]{heading}:[/] {values}{more}")


def print_answer(answer: SearchAnswer) -> None:
    """Print a page of hits."""
    for found in answer.found:
        _print_found(found)
    _print_next(answer.after)


def print_groups(grouped: GroupedAnswer) -> None:
    """Print a page of groups: of each the first in full, every other version as a line."""
    first = "newest" if grouped.answer.statement.order is Order.NEWEST else "best match"
    console.print(f"[dim]{counted(grouped.of, 'group')} of texts that say nearly the same, {first} first.[/]")
    for group in grouped.groups:
        _print_group(group)
    _print_next(grouped.after)


def print_unseen(accounts: Sequence[AccountUnseen]) -> None:
    """Say what could not have been found, each thing once with the accounts that lack it."""
    lacking = by_lack(accounts)
    if not accounts:
        console.print(f"\n[yellow]{NO_ACCOUNT}[/]")
        return
    if not lacking:
        console.print("\n[dim]Nothing is known to be missing of what was searched.[/]")
        return
    console.print("\n[yellow]What could not have been found[/] [dim](each period: muniment coverage)[/]")
    for lack, whose in lacking.items():
        console.print(f"  [yellow]{escape(whose)}[/]: {escape(lack)}")


def _print_group(group: Group) -> None:
    for number, found in enumerate(group.found()):
        if number == 0:
            _print_found(found)
            if group.versions > 1:
                console.print(
                    f"  [bold]{counted(group.versions - 1, 'more says', 'more say')} nearly the same:[/]"
                )
        else:
            said = _marked(excerpt(found.text, _LINE_WIDTH))
            console.print(
                f"    {london_short(found.filed_at)}  {', '.join(found.entry.accounts)}  "
                f"{escape(_author(found))}  {said}  "
                f"[dim]{found.entry.state}  {escape(found.entry.record_id)}[/]"
            )


def _print_found(found: FoundVersion) -> None:
    entry = found.entry
    console.print(
        f"\n[bold]{london_short(found.filed_at)}[/]  {entry.platform}, {', '.join(entry.accounts)}  "
        f"{escape(_author(found))}  [dim]{entry.state}  {escape(entry.record_id)}[/]"
    )
    if found.title:
        console.print("  " + _marked(found.title))
    console.print("  " + _marked(excerpt(found.text, _WIDTH)))


def _print_next(after: str | None) -> None:
    if after is not None:
        console.print(f"\nThe next page: --after {after}")


def _author(found: FoundVersion) -> str:
    return found.entry.author_handle or found.author_name or "author not disclosed"


def _marked(pieces: Sequence[Piece]) -> str:
    """Return pieces for the console, hits in bold; what the text itself says is never mark-up."""
    told = (f"[bold yellow]{escape(one.text)}[/]" if one.hit else escape(one.text) for one in pieces)
    return " ".join("".join(told).split("\n"))
