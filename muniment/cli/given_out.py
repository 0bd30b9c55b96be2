"""`muniment dispose given-out`: what left the archive before this register kept a list of it."""

from datetime import date
from pathlib import Path

import click

from muniment.cli.opening import COUNCIL, console, opened_council
from muniment.cli.options import DAY, REASON, ids_in
from muniment.domain.given_out import GivenKind
from schemas.counted import counted

__all__ = ["given_out"]

_KINDS = {kind.value.replace(" ", "-"): kind for kind in GivenKind}


@click.command("given-out")
@COUNCIL
@click.option("--kind", type=click.Choice(list(_KINDS)), required=True, help="What it was.")
@click.option("--on", "on", type=DAY, required=True, help="The day on which it was given out (London).")
@click.option(
    "--records",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="A file of the record ids in it, one on each line.",
)
@REASON
def given_out(council: str | None, kind: str, on: date, records: Path, reason: str) -> None:
    """Enter what was given out before muniment kept a list of it: certificates to come then name it."""
    ids = ids_in(records)
    with opened_council(council) as services:
        count = services.giving_out.enter_earlier(
            _KINDS[kind], ids, on=on, reason=reason, actor=services.actor
        )
    console.print(f"Entered: {_KINDS[kind]} of {on:%-d %B %Y}, with {counted(count, 'record')} in it.")
