"""`muniment class`: the class of a record, what officers decided about it, and the cases it is linked to."""

from datetime import date
from pathlib import Path

import click
import pyarrow.compute as pc
from rich.markup import escape
from rich.table import Table

from muniment.cli.deciders import deciding, reclassifying
from muniment.cli.opening import COUNCIL, console, opened_council, print_left_out
from muniment.cli.options import DAY, REASON, ids_in
from muniment.cli.tables import print_table
from muniment.domain.disposal import WORDS, Why
from muniment.domain.events import ListRead, RecordShown
from muniment.domain.triggers import Scope
from muniment.services.showing import not_held
from schemas.counted import counted
from schemas.errors import BadInputError

__all__ = ["classes"]


@click.group("class")
def classes() -> None:
    """Which class records have, by which rule; an officer's decision goes before the rules."""


@classes.command()
@COUNCIL
@click.argument("record_id")
def show(council: str | None, record_id: str) -> None:
    """Show the class of a record, the rule that gave it, when it falls due, and why it stays."""
    with opened_council(council) as services:
        services.refuse_unseen(record_id)
        items = services.retaining.plan().items
        found = items.filter(pc.equal(items["record_id"], record_id)).to_pylist()
        if not found:
            raise not_held(services.name, record_id)
        services.record(RecordShown(record_key=services.record_key(record_id)))
    (row,) = found
    table = Table(title=escape(record_id), title_justify="left", show_header=False)
    why = "" if row["why"] is None else f"kept: {WORDS[Why(row['why'])]}"
    lines = {
        "class": row["class"] or "none",
        "by": row["rule"] or "no rule fits",
        "case": row["case_id"],
        "counts from": row["event"],
        "which was on": row["event_on"],
        "review on": row["review_on"],
        "may go from": row["due_from"],
        "then": row["action"],
        "today": why or row["fate"],
    }
    for name, value in lines.items():
        if value is not None:
            told = f"{value:%-d %B %Y}" if isinstance(value, date) else str(value)
            table.add_row(name, escape(told))
    console.print(table)


@classes.command("set")
@COUNCIL
@click.argument("code")
@click.option("--record", help="Of this record.")
@click.option("--thread", help="Of all comments and messages of this thread.")
@REASON
def set_class(council: str | None, code: str, record: str | None, thread: str | None, reason: str) -> None:
    """Give a record, or the comments of a thread, another class. To end sooner needs a second person."""
    scope, name = _subject(record, thread)
    with opened_council(council) as services:
        made = reclassifying(services).decide(scope, name, retention_class=code, until_on=None, reason=reason)
    _say(made.number, waits=not made.counts)


@classes.command()
@COUNCIL
@click.argument("record_id")
@click.option("--until", type=DAY, required=True, help="The last day on which it stays (London).")
@REASON
def extend(council: str | None, record_id: str, until: date, reason: str) -> None:
    """Keep a record longer than its class says; an extension never shortens."""
    with opened_council(council) as services:
        made = reclassifying(services).decide(
            Scope.RECORD, record_id, retention_class=None, until_on=until, reason=reason
        )
    _say(made.number, waits=False)


@classes.command()
@COUNCIL
@click.argument("number", type=int)
def approve(council: str | None, number: int) -> None:
    """Approve another person's decision that ends something sooner."""
    with opened_council(council) as services:
        reclassifying(services).approve(number)
    console.print(f"Decision {number} counts from now on.")


@classes.command("list")
@COUNCIL
def list_decisions(council: str | None) -> None:
    """List officers' decisions, and those that wait for a second person."""
    with opened_council(council) as services:
        hidden = services.not_shown()
        found = [
            one
            for one in services.process.register.reclassifications(services.name)
            if one.decision.name not in hidden
        ]
        left_out = services.left_out()
        services.record(ListRead(listed="decisions about classes", entries=len(found)))
    if not found:
        console.print("No officer has decided about a class: every record has that of the schedule's rules.")
        print_left_out(left_out)
        return
    table = Table(title="Decisions about classes", title_justify="left")
    for heading in ("no.", "about", "class", "until", "by", "reason", "state"):
        table.add_column(heading, overflow="fold")
    for one in found:
        decided = one.decision
        state = (
            "waits for approval"
            if not one.counts
            else f"approved by {one.approved_by or 'nobody: it lengthens'}"
        )
        table.add_row(
            str(one.number),
            escape(f"{decided.scope.value} {decided.name}"),
            decided.retention_class or "",
            "" if decided.until_on is None else f"{decided.until_on:%-d %b %Y}",
            escape(one.by),
            escape(decided.reason),
            escape(state),
        )
    print_table(table)
    print_left_out(left_out)


@classes.command()
@COUNCIL
@click.argument("case")
@click.option("--class", "code", required=True, help="The class of the case, such as HR-EVIDENCE.")
@click.option("--record", "records", multiple=True, help="A record to link; may be given more than once.")
@click.option(
    "--records",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of record ids, one on each line.",
)
@REASON
def link(
    council: str | None, case: str, code: str, records: tuple[str, ...], file: Path | None, reason: str
) -> None:
    """Give a case its class, and link records to it: they stay as long as the longer of the two says."""
    ids = [*records, *(() if file is None else ids_in(file))]
    with opened_council(council) as services:
        new = deciding(services).link_case(case, code, ids, reason=reason)
    console.print(f"Case {escape(case)} is {code}; {counted(new, 'record is', 'records are')} new to it.")


def _subject(record: str | None, thread: str | None) -> tuple[Scope, str]:
    if record is not None and thread is None:
        return Scope.RECORD, record
    if thread is not None and record is None:
        return Scope.THREAD, thread
    raise BadInputError("A decision is about a record or a thread.", remedy="Give --record or --thread.")


def _say(number: int, *, waits: bool) -> None:
    if waits:
        console.print(
            f"Decision {number} ends something sooner: it counts once another person says "
            f"`muniment class approve {number}`."
        )
    else:
        console.print(f"Decision {number} counts from now on.")
