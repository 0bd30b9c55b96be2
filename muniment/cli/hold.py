"""`muniment hold`: what stops disposal, who asked for it, and until when somebody looks at it again."""

from datetime import date
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from muniment.cli.files import OUTPUT, written
from muniment.cli.opening import COUNCIL, console, opened_council, print_left_out
from muniment.cli.options import DAY, REASON, ids_in
from muniment.cli.tables import print_table
from muniment.domain.events import HoldShown, ListRead
from muniment.domain.given_out import GivenKind
from muniment.domain.holds import Hold, HoldKind, due_for_review, review_day
from muniment.ports import NewHold
from muniment.services import holding
from schemas.counted import counted
from schemas.london import london_date, london_words

__all__ = ["hold"]


@click.group()
def hold() -> None:
    """Holds: named, reasoned stops on disposal, placed and released by people."""


@hold.command()
@COUNCIL
@click.argument("query", required=False)
@click.option(
    "--kind", type=click.Choice([kind.value for kind in HoldKind]), required=True, help="What asks for it."
)
@click.option("--reference", required=True, help="The reference of the request or case.")
@REASON
@click.option(
    "--records",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file of record ids, one on each line, instead of a query.",
)
@click.option("--review-on", type=DAY, help="When to look at it again; at the latest in six months.")
@click.option("--case", "case_id", help="The case that it belongs to.")
def place(
    query: str | None,
    council: str | None,
    kind: str,
    reference: str,
    reason: str,
    records: Path | None,
    review_on: date | None,
    case_id: str | None,
) -> None:
    """Place a hold on what a query finds, now and in all that comes, or on a file of records."""
    record_ids = () if records is None else ids_in(records)
    with opened_council(council) as services:
        now = services.clock.now()
        new = NewHold(
            kind=HoldKind(kind),
            reference=reference,
            reason=reason,
            typed=query,
            case_id=case_id,
            placed_by=services.actor.name,
            review_on=review_day(review_on, london_date(now)),
        )
        placed = holding.place(
            services.name,
            new,
            record_ids,
            archive=services.archive,
            register=services.process.register,
            actor=services.actor,
            now=now,
        )
    made = placed.hold
    later = "" if made.typed is None else " now, and what comes into its scope"
    console.print(
        f"Hold {made.hold_id} stands: {counted(made.records, 'record')}{later}. "
        f"Review it by {made.review_on:%-d %B %Y}."
    )
    if placed.too_late:
        console.print(
            f"[red]Too late[/] for {counted(len(placed.too_late), 'record')}: destroyed already, or being "
            "destroyed by a disposal that was decided before:"
        )
        for record_id in sorted(placed.too_late):
            console.print(f"  {escape(record_id)}")


@hold.command("list")
@COUNCIL
@click.option("--all", "released", is_flag=True, help="Released holds too.")
@click.option("--due", is_flag=True, help="Only those whose review is due.")
def list_holds(council: str | None, *, released: bool, due: bool) -> None:
    """List the holds."""
    with opened_council(council) as services:
        found = services.process.register.holds(services.name, released=released)
        if due:
            found = due_for_review(found, london_date(services.clock.now()))
        services.record(ListRead(listed="holds", entries=len(found)))
        if not found:
            which = "was ever placed" if released else "waits for its review" if due else "stands"
            console.print(f"No hold {which}: `muniment hold place --help` says how to place one.")
            return
        table = Table(title=f"Holds of {services.council.title}", title_justify="left")
        for heading in ("hold", "kind", "reference", "scope", "records", "placed by", "review by", "state"):
            table.add_column(heading, overflow="fold")
        for one in found:
            scope = "frozen set" if one.typed is None else one.typed
            state = "stands" if one.is_open else "released"
            table.add_row(
                *(str(one.hold_id), one.kind, escape(one.reference), escape(scope), f"{one.records:,}"),
                *(escape(one.placed_by), f"{one.review_on:%-d %b %Y}", state),
            )
        print_table(table)


@hold.command()
@COUNCIL
@click.argument("hold_id", type=int)
@click.option("--records", "records_path", type=OUTPUT, help="Write its record ids here.")
def show(hold_id: int, council: str | None, records_path: Path | None) -> None:
    """Show one hold: who placed it, why, what it covers."""
    with opened_council(council) as services:
        services.resolve_holds()
        register = services.process.register
        found = register.hold(services.name, hold_id)
        held = () if records_path is None else register.records_of_hold(services.name, hold_id)
        hidden = services.not_shown() if held else frozenset()
        ids = tuple(one for one in held if one not in hidden)
        services.record(HoldShown(hold_id=hold_id, records=len(ids)))
        _print(found)
        if records_path is not None:
            services.give_out(GivenKind.IDS, ids, records_path)
            with written(records_path) as into:
                into.writelines(f"{one}\n".encode() for one in ids)
            console.print(f"{counted(len(ids), 'record id')} written to {records_path}")
            print_left_out(services.left_out())


@hold.command()
@COUNCIL
@click.argument("hold_id", type=int)
@REASON
@click.option("--until", type=DAY, help="The next day of review; at the latest in six months.")
def review(hold_id: int, council: str | None, reason: str, until: date | None) -> None:
    """Keep a hold, and say why it must stand."""
    with opened_council(council) as services:
        kept = holding.review(
            services.name,
            hold_id,
            review_on=until,
            reason=reason,
            register=services.process.register,
            actor=services.actor,
            now=services.clock.now(),
        )
    console.print(f"Hold {hold_id} stands on. Review it by {kept.review_on:%-d %B %Y}.")


@hold.command()
@COUNCIL
@click.argument("hold_id", type=int)
@REASON
def release(hold_id: int, council: str | None, reason: str) -> None:
    """Release a hold, and say why it need not stand."""
    with opened_council(council) as services:
        services.resolve_holds()
        freed = holding.release(
            services.name,
            hold_id,
            reason=reason,
            register=services.process.register,
            actor=services.actor,
            now=services.clock.now(),
        )
    console.print(
        f"Hold {hold_id} is released: {counted(freed, 'record is', 'records are')} under no hold now."
    )


def _print(found: Hold) -> None:
    console.print(f"[bold]Hold {found.hold_id}[/], {found.kind}, {escape(found.reference)}")
    console.print(
        f"placed {london_words(found.placed_at)} by {escape(found.placed_by)}: {escape(found.reason)}"
    )
    if found.case_id is not None:
        console.print(f"case {escape(found.case_id)}")
    if found.typed is None:
        console.print(f"covers a frozen set of {counted(found.records, 'record')}")
    else:
        console.print(f"covers what this finds, now and later: {escape(found.typed)}")
        console.print(f"{counted(found.records, 'record')} up to commit {found.watermark}")
    if found.released_at is None:
        console.print(f"review by {found.review_on:%-d %B %Y}")
    else:
        by, why = escape(found.released_by or ""), escape(found.release_reason or "")
        console.print(f"released {london_words(found.released_at)} by {by}: {why}")
