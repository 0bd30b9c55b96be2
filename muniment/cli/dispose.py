"""`muniment dispose`: a list of what is due, reviewed, approved by two, waited for, executed, certified."""

import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

import click
from rich.markup import escape
from rich.table import Table

from muniment.cli.exits import PARTLY
from muniment.cli.files import OUTPUT, write_table, written
from muniment.cli.given_out import given_out
from muniment.cli.opening import COUNCIL, console, opened_council
from muniment.cli.options import DAY, REASON
from muniment.cli.stub_keys import forget_key, keys, new_key
from muniment.cli.tables import print_table
from muniment.domain.disposal import PlanKind
from muniment.domain.disposal_run import FACETS, Decision, Run, RunState
from muniment.domain.events import ListRead
from muniment.domain.given_out import GivenKind
from muniment.services.destroying import Executed
from muniment.services.listing import STOPPABLE
from muniment.services.working_off import work_off
from schemas.counted import counted
from schemas.errors import BadInputError, MunimentError
from schemas.london import london_date, london_words

__all__ = ["dispose"]

_RUN: Final = click.argument("run")
_SHOWN: Final = 20
_WAITS: Final = {
    RunState.PROPOSED: "for two approvals",
    RunState.CO_REVIEW: "for the teams that have a say in it: `muniment dispose status` names them",
    RunState.ARCHIVIST_REVIEW: "for the archivist",
}


@click.group()
def dispose() -> None:
    """Disposal: what is due, decided by people, destroyed everywhere, proved and certified."""


@dispose.command()
@COUNCIL
@click.option("--honour", is_flag=True, help="What platforms deleted, of accounts that honour it, instead.")
@click.option(
    "--restricted", is_flag=True, help="Of what only teams or roles that you are in may see, instead."
)
def propose(council: str | None, *, honour: bool, restricted: bool) -> None:
    """Make a list of everything that the schedule says is due today."""
    kind = PlanKind.HONOUR if honour else PlanKind.SCHEDULE
    with opened_council(council) as services:
        if restricted:
            runs = services.disposing.propose_restricted(actor=services.actor, kind=kind)
        else:
            run = services.disposing.propose(actor=services.actor, kind=kind)
            runs = () if run is None else (run,)
    if not runs:
        console.print("Nothing is due that is not on a list already.")
    for one in runs:
        seen = "" if one.restricted_to is None else f" (only {escape(one.restricted_to)} may see it)"
        console.print(f"The list of {one.run} is under review{seen}:")
        for name, count in one.summary.items():
            console.print(f"  {escape(name):<40}{count:>10,}")


@dispose.command("list")
@COUNCIL
@click.argument("run", required=False)
@click.option("--csv", "csv_path", type=OUTPUT, help="Write every item to this file.")
def list_items(council: str | None, run: str | None, csv_path: Path | None) -> None:
    """List the runs, or the items of one with what becomes of each."""
    with opened_council(council) as services:
        if run is None:
            _print_runs(services.process.register.disposal_runs(services.name))
            return
        listed = services.disposing.listed(run, reader=services.actor)
        services.record(ListRead(listed="disposal", entries=len(listed.items), run=run))
        for name, count in listed.counts().items():
            console.print(f"{name:<14}{count:>10,}")
        if csv_path is not None:
            ids = listed.items["record_id"].to_pylist()
            services.give_out(GivenKind.IDS, ids, csv_path)
            rows = (list(row.values()) for row in listed.items.to_pylist())
            write_table(csv_path, listed.items.column_names, rows)
            console.print(f"{counted(len(listed.items), 'item')} written to {csv_path}")
            return
        table = Table(title=f"Items of {run}", title_justify="left")
        table.add_column("record", no_wrap=True)
        for heading in ("class", "counts from", "may go from", "what becomes of it"):
            table.add_column(heading, overflow="fold")
        for row in listed.items.slice(0, _SHOWN).to_pylist():
            begun = "" if row["event_on"] is None else f", {row['event_on']:%-d %b %Y}"
            due = "" if row["due_from"] is None else f"{row['due_from']:%-d %b %Y}"
            cells = (
                row["record_id"],
                row["class"] or "none",
                f"{row['event'] or ''}{begun}",
                due,
                row["outcome"],
            )
            table.add_row(*map(escape, cells))
        if not len(listed.items):
            console.print(f"{run} names no record any more: its certificate counts them.")
            return
        print_table(table)
        if len(listed.items) > _SHOWN:
            console.print(f"The first {_SHOWN} of {len(listed.items):,}; --csv writes them all.")


@dispose.command()
@COUNCIL
@_RUN
@click.argument("decision", type=click.Choice([one.value for one in Decision]))
@click.option(
    "--by",
    "facet",
    type=click.Choice(FACETS),
    default="record_id",
    show_default=True,
    help="By which column items are chosen.",
)
@click.option("--is", "value", required=True, help="What that column holds: a record, a class, an account.")
@click.option("--until", type=DAY, help="With extend: the day up to which it is kept.")
@click.option("--class", "retention_class", help="With reclassify: the class that it is to have.")
@REASON
def review(
    council: str | None,
    run: str,
    decision: str,
    facet: str,
    value: str,
    until: date | None,
    retention_class: str | None,
    reason: str,
) -> None:
    """Say what becomes of items: destroy, keep, extend, reclassify; as archivist transferred, declined."""
    with opened_council(council) as services:
        count = services.disposing.decide(
            run,
            Decision(decision),
            facet=facet,
            value=value,
            reason=reason,
            actor=services.actor,
            until_on=until,
            retention_class=retention_class,
        )
    console.print(f"{counted(count, 'item')}: {decision}.")


@dispose.command("send-on")
@COUNCIL
@_RUN
def send_on(council: str | None, run: str) -> None:
    """End the review, your team's, or the archivist's: the list goes to the next step."""
    with opened_council(council) as services:
        after = services.disposing.send_on(run, actor=services.actor)
    console.print(f"{run} waits {_WAITS[after]}.")


@dispose.command()
@COUNCIL
@_RUN
def back(council: str | None, run: str) -> None:
    """Open a list again for review; its approvals end."""
    with opened_council(council) as services:
        services.disposing.send_back(run, actor=services.actor)
    console.print(f"{run} is under review again.")


@dispose.command()
@COUNCIL
@_RUN
def approve(council: str | None, run: str) -> None:
    """Approve a list as it stands. Two people do, neither of whom prepared it."""
    with opened_council(council) as services:
        found = services.disposing.approve(run, actor=services.actor)
    if found.waits_until is None:
        console.print(f"{run} waits for another approval.")
    else:
        console.print(f"{run} is approved and waits until {london_words(found.waits_until)}.")


@dispose.command()
@COUNCIL
@_RUN
@REASON
def cancel(council: str | None, run: str, reason: str) -> None:
    """Stop a run before it is executed: nothing is destroyed."""
    with opened_council(council) as services:
        services.disposing.cancel(run, reason=reason, actor=services.actor)
    console.print(f"{run} is cancelled.")


@dispose.command("run")
@COUNCIL
@click.argument("run", required=False)
@click.option("--dry-run", is_flag=True, help="Say what would be destroyed now, by the same code.")
def execute(council: str | None, run: str | None, *, dry_run: bool) -> None:
    """Execute a run whose waiting is over, or (without one) all of them; go on with what was begun."""
    with opened_council(council) as services:
        destroying = services.destroying
        if dry_run:
            if run is None:
                raise BadInputError("A dry run is of one run.", remedy="Name it: `muniment dispose list`.")
            _print_executed(destroying.rehearse(run), dry_run=True)
            return
        if run is not None:
            done = destroying.execute(run)
            _print_executed(done, dry_run=False)
            _end_partly([done])
            return
        worked = work_off(destroying)
    for one in worked.done:
        _print_executed(one, dry_run=False)
    for name, error in (*worked.refused, *worked.failed):
        told = error.message if isinstance(error, MunimentError) else type(error).__name__
        console.print(escape(f"{name}: not executed. {told}"))
    worked.raise_first()
    if not worked.done:
        console.print("No run's waiting period is over, and none was left half done.")
    _end_partly(worked.done)


@dispose.command()
@COUNCIL
@_RUN
def status(council: str | None, run: str) -> None:
    """Show where a run stands: who said what, and what each store has proved."""
    with opened_council(council) as services:
        listed = services.disposing.listed(run, reader=services.actor)
        services.record(ListRead(listed="disposal status", entries=len(listed.said), run=run))
        _print_runs((listed.run,))
        for said in listed.said:
            about = "one" if said.value is None else f"{said.facet} {said.value}"
            console.print(
                escape(f"{london_words(said.at)}  {said.person}: {said.decision} {about}: {said.reason}")
            )
        for team, person in listed.co_reviews.items():
            console.print(escape(f"{team}: {person} has looked at it"))
        if listed.waits_for and listed.run.state in STOPPABLE:
            console.print(escape(f"waits for: {', '.join(sorted(listed.waits_for))}"))
        for one in listed.approvals:
            console.print(escape(f"{london_words(one.at)}  {one.person}, {one.role}: approved"))
        for proof in services.destroying.proofs(run):
            told = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in proof.counts.items())
            verdict = "proved" if proof.proved else f"pending: {proof.pending or 'something is left'}"
            console.print(escape(f"{proof.store}: {verdict}{f' ({told})' if told else ''}"))


@dispose.command()
@COUNCIL
@_RUN
@click.option("--json", "json_path", type=OUTPUT, help="Write the signed certificate.")
@click.option("--pdf", "pdf_path", type=OUTPUT, help="Write it as a PDF for people.")
def certificate(council: str | None, run: str, json_path: Path | None, pdf_path: Path | None) -> None:
    """Check and show the certificate of a run, or write it to a file."""
    with opened_council(council) as services:
        told = services.certifying.read(run)
        raw = services.certifying.signed_file(run)
        if json_path is not None:
            with written(json_path) as into:
                into.write(raw)
        if pdf_path is not None:
            with written(pdf_path) as into:
                into.write(services.certificate_pdf(told, raw))
    console.print(
        f"Certificate {told['number']}: {counted(told['records'], 'record')} destroyed, "
        f"certified {london_words(datetime.fromisoformat(told['certified_at']))}; its signature holds."
    )
    for copy in told["remaining_copies"]:
        ended = told.get("copies_ended")
        ends = (
            f"gone since {_day(ended['ended_on'])}"
            if ended
            else f"until {_day(copy['ends_on'])}"
            if copy["ends_on"]
            else "say so when they are gone: `muniment dispose copies-ended`"
        )
        console.print(escape(f"  still in: {copy['what']}, {ends}"))
    for given in told.get("given_out", ()):
        some = "an unknown number" if given["of_these"] is None else f"{given['of_these']:,}"
        day = f"{london_date(datetime.fromisoformat(given['at'])):%-d %B %Y}"
        console.print(escape(f"  given out: {given['kind']} of {day}, {some} of these: {given['became']}"))


@dispose.command("copies-ended")
@COUNCIL
@_RUN
@REASON
def copies_ended(council: str | None, run: str, reason: str) -> None:
    """Say that the backups and other copies which a certificate names are gone."""
    with opened_council(council) as services:
        services.certifying.end_copies(run, reason=reason, actor=services.actor)
    console.print(f"Noted on the certificate of {run}.")


for command in (given_out, new_key, keys, forget_key):
    dispose.add_command(command)


@dispose.command()
@COUNCIL
@click.option("--to", "path", type=OUTPUT, required=True, help="The file; it is written anew.")
def stubs(council: str | None, path: Path) -> None:
    """Write the stubs to a signed file: with it a restored backup is filtered of what was destroyed."""
    with opened_council(council, unfiltered=True) as services, written(path) as into:
        raw, count = services.restored.write_stubs(actor=services.actor)
        into.write(raw)
    console.print(
        f"{counted(count, 'stub')} written to {path}. Keep it with the certificates, apart from backups."
    )


def _print_runs(runs: tuple[Run, ...]) -> None:
    if not runs:
        console.print("Nothing was proposed yet: `muniment dispose propose` lists what is due today.")
        return
    table = Table(title="Disposal runs", title_justify="left")
    for heading in (
        "run",
        "state",
        "only for",
        "schedule",
        "prepared by",
        "records",
        "waits until",
        "certificate",
    ):
        table.add_column(heading, overflow="fold")
    for one in runs:
        waits = "" if one.waits_until is None else london_words(one.waits_until)
        records = "" if one.intent_count is None else f"{one.intent_count:,}"
        table.add_row(
            *(
                one.run,
                one.state.value,
                escape(one.restricted_to or ""),
                escape(one.schedule or one.basis),
                escape(one.prepared_by),
            ),
            *(records, waits, "" if one.certificate_no is None else str(one.certificate_no)),
        )
    print_table(table)


def _end_partly(done: Sequence[Executed]) -> None:
    """End with the code of what is done in part, where a store has not proved it yet."""
    if any(one.pending for one in done):
        sys.exit(PARTLY)


def _print_executed(done: Executed, *, dry_run: bool) -> None:
    verb = "would be destroyed" if dry_run else "destroyed"
    console.print(f"{done.run}: {counted(done.records, 'record')} {verb}; {done.state}.")
    for why, count in done.dropped.items():
        console.print(f"  {counted(count, 'stays', 'stay')}: {escape(why)}")
    for store, reason in done.pending.items():
        console.print(escape(f"  proof pending: {store}: {reason}"))
    if done.pending:
        console.print("  `muniment dispose run` asks again, and `muniment serve` does so each night.")
    if done.certificate_no is not None:
        console.print(f"  Certificate {done.certificate_no} is issued.")


def _day(told: str) -> str:
    return f"{date.fromisoformat(told):%-d %B %Y}"
