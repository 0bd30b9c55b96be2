"""`muniment searches`: searches kept under a name, their hit reports, spellings and statements."""

from datetime import date
from functools import partial
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from muniment.bootstrap.council import CouncilServices
from muniment.cli.files import OUTPUT, write_table
from muniment.cli.opening import COUNCIL, console, opened_council
from muniment.cli.options import DAY
from muniment.cli.tables import print_table
from muniment.domain.events import ListRead, SearchReported
from muniment.services.held import held_ids
from muniment.services.hit_reports import HitReport
from muniment.services.saving import SearchDesk
from muniment.services.searching import SearchFilters
from schemas.counted import counted
from schemas.london import london_short

__all__ = ["searches"]


def _desk(services: CouncilServices) -> SearchDesk:
    register = services.process.register
    return SearchDesk(
        council=services.name,
        archive=services.archive,
        index=services.process.index,
        register=register,
        actor=services.actor,
        now=services.clock.now,
        held=partial(held_ids, services.name, register=register),
        hidden=services.not_shown(),
        left_out=services.left_out(),
    )


@click.group()
def searches() -> None:
    """Searches kept under a name."""


@searches.command("list")
@COUNCIL
def list_searches(council: str | None) -> None:
    """List the saved searches."""
    with opened_council(council) as services:
        found = services.process.register.saved_searches(services.name)
        services.record(ListRead(listed="saved searches", entries=len(found)))
    if not found:
        console.print("No search is saved: `muniment searches save --help` says how to keep one.")
        return
    table = Table(title="Saved searches", title_justify="left")
    for heading in ("name", "revision", "typed", "for", "saved"):
        table.add_column(heading, overflow="fold")
    for one in found:
        narrowed = "".join(f" {key}:{value}" for key, value in one.filters.items())
        saved = f"{london_short(one.saved_at)}, {one.saved_by}"
        typed, purpose = escape(one.typed + narrowed), escape(one.case_reference or "")
        table.add_row(one.name, str(one.revision), typed, purpose, escape(saved))
    print_table(table)


@searches.command()
@click.argument("name")
@click.argument("query")
@COUNCIL
@click.option("--platform", help="Only this platform.")
@click.option("--account", help="Only this account.")
@click.option("--from", "since", type=DAY, help="From this day (London), ends included.")
@click.option("--to", "until", type=DAY, help="Up to this day (London), ends included.")
@click.option("--case", "case_reference", help="What it is for, such as a request's reference.")
def save(
    name: str,
    query: str,
    council: str | None,
    platform: str | None,
    account: str | None,
    since: date | None,
    until: date | None,
    case_reference: str | None,
) -> None:
    """Keep a search under a name; a name in use gets a new revision."""
    filters = SearchFilters(
        platforms=() if platform is None else (platform,),
        accounts=() if account is None else (account,),
        since=since,
        until=until,
    )
    with opened_council(council) as services:
        saved = _desk(services).save(name, query, filters=filters, case_reference=case_reference)
    console.print(f"{saved.name} saved, revision {saved.revision}.")


@searches.command()
@click.argument("name")
@COUNCIL
def drop(name: str, council: str | None) -> None:
    """Take a search off the list; what was accepted of it stays."""
    with opened_council(council) as services:
        _desk(services).drop(name)
    console.print(f"{name} is off the list.")


@searches.command()
@click.argument("name")
@COUNCIL
@click.option("--csv", "csv_path", type=OUTPUT, help="Write it here too.")
def report(name: str, council: str | None, csv_path: Path | None) -> None:
    """Count the hits of every term, alone and with others, by account and month."""
    with opened_council(council) as services:
        desk = _desk(services)
        found = desk.report(name)
        saved = desk.get(name)
        services.record(
            SearchReported(
                name=name,
                revision=saved.revision,
                watermark=found.watermark,
                case_reference=saved.case_reference,
            )
        )
    _print_report(found)
    if csv_path is not None:
        _write_report(found, csv_path)
        console.print(f"\nWritten to {csv_path}")


def _print_report(found: HitReport) -> None:
    console.print(
        f"[bold]{counted(found.records, 'record')}, {counted(found.versions, 'version')}[/], "
        f"as at commit {found.watermark}"
    )
    table = Table()
    table.add_column("term", overflow="fold")
    for heading in ("records", "versions", "only this: records", "versions"):
        table.add_column(heading, justify="right")
    for one in found.terms:
        counts = (one.records, one.versions, one.unique_records, one.unique_versions)
        table.add_row(escape(one.typed), *(f"{count:,}" for count in counts))
    print_table(table)
    console.print("[dim]Each term by itself, within the fields and exclusions of the search.[/]")
    for one in found.terms:
        for account, months in one.months.items():
            told = ", ".join(f"{month} {count:,}" for month, count in months.items())
            console.print(f"  {escape(one.typed)}, {escape(account)}: {told}")
    if found.nothing:
        console.print(f"[yellow]Found nothing[/]: {escape(', '.join(found.nothing))}")


def _write_report(found: HitReport, path: Path) -> None:
    counts = [
        (one.typed, account, month, count)
        for one in found.terms
        for account, months in one.months.items()
        for month, count in months.items()
    ]
    nothing = [(one.typed, "", "", 0) for one in found.terms if not one.versions]
    write_table(path, ("term", "account", "month", "versions"), [*counts, *nothing])


@searches.command()
@click.argument("name")
@COUNCIL
def suggest(name: str, council: str | None) -> None:
    """Show other spellings and forms that the archive holds: typing slips, tags, Welsh and English."""
    with opened_council(council) as services:
        found = _desk(services).suggest(name)
        services.record(ListRead(listed="suggestions", entries=len(found)))
    if not found:
        console.print("Nothing to suggest.")
        return
    table = Table()
    for heading in ("for", "suggestion", "why"):
        table.add_column(heading)
    table.add_column("versions", justify="right")
    for one in found:
        table.add_row(escape(one.of), escape(one.adds), one.kind, f"{one.versions:,}")
    print_table(table)


@searches.command()
@click.argument("name")
@click.argument("suggestion")
@COUNCIL
@click.option("--decline", is_flag=True, help="Do not search it; that is remembered too.")
def decide(name: str, suggestion: str, council: str | None, *, decline: bool) -> None:
    """Accept a suggestion as an alternative, or decline it."""
    with opened_council(council) as services:
        saved = _desk(services).decide(name, suggestion, accepted=not decline)
    what = "is not searched" if decline else "is searched too"
    console.print(
        f"{escape(suggestion)} {what}: {saved.name}, revision {saved.revision}: {escape(saved.typed)}"
    )


@searches.command()
@click.argument("name")
@COUNCIL
@click.option("--accept", is_flag=True, help="Keep it word for word, for the reply.")
@click.option("--number", type=int, help="Show one that was accepted.")
def statement(name: str, council: str | None, number: int | None, *, accept: bool) -> None:
    """Say what a search searched, found and could not have found; or show what was accepted."""
    with opened_council(council) as services:
        desk = _desk(services)
        if number is not None:
            kept = desk.kept(name, number)
        else:
            kept = desk.accept(name) if accept else desk.statement(name)
        if not accept:
            services.record(ListRead(listed="statement", entries=1))
    console.print(escape(kept.text))
    if accept or number is not None:
        console.print(
            f"\n[dim]Statement {kept.number}, accepted by {escape(kept.accepted_by)} on "
            f"{london_short(kept.accepted_at)}; SHA-256 {kept.sha256.hex()}[/]"
        )
