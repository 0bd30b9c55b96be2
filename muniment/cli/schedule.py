"""`muniment schedule`: the retention schedule, what it makes of the records held, and what falls due."""

from datetime import date
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from muniment.adapters.schedule_yaml import TEMPLATE, load_schedule
from muniment.cli.deciders import deciding
from muniment.cli.files import OUTPUT, outlet, written
from muniment.cli.opening import COUNCIL, console, opened_council
from muniment.cli.options import DAY
from muniment.cli.tables import print_table
from muniment.domain.disposal import WORDS, DisposalPlan, Why
from muniment.domain.forecasting import Month, forecast, forecast_svg
from muniment.domain.honouring import conflicts
from muniment.domain.people import Act, require
from muniment.domain.retention import Action, RetentionClass, Schedule, Status, refusal
from muniment.domain.simulating import Change, Simulation
from muniment.services.comparing import differences
from schemas.counted import counted
from schemas.london import london_date

__all__ = ["schedule"]

_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_ON = click.option("--on", "on", type=DAY, help="As on this day (London); default: today.")


@click.group()
def schedule() -> None:
    """The retention schedule: which records are kept how long, and what falls due."""


@schedule.command()
@click.argument("file", type=OUTPUT, required=False)
def template(file: Path | None) -> None:
    """Write the template that every council starts from, or show it."""
    text = TEMPLATE.read_text(encoding="utf-8")
    if file is None:
        click.echo(text, nl=False)
        return
    with outlet(file) as place, place.open("x", encoding="utf-8") as into:
        into.write(text)
    console.print(f"{file}: change what differs, sign it, then `muniment schedule check {file}`.")


@schedule.command()
@_FILE
def check(file: Path) -> None:
    """Check a schedule's file: every mistake with its line; nothing is adopted."""
    found, _ = load_schedule(file)
    console.print(
        f"{escape(found.title)}, version {found.version}: {counted(len(found.classes), 'class', 'classes')}, "
        f"{counted(len(found.rules), 'rule')}, no mistake."
    )
    proposals = sorted(code for code, one in found.classes.items() if one.confidence == "GK")
    if proposals:
        console.print(f"Periods without a source, to be settled: {', '.join(proposals)}.")
    for code, one in sorted(found.classes.items()):
        if one.below_floor is not None:
            claims = ", ".join(sorted(one.evidence_of))
            console.print(
                f"[yellow]{code} ({escape(one.written)}) goes below a limitation floor[/] for {claims}: "
                f"{escape(one.below_floor)}"
            )
        if one.action is Action.ANONYMISE:
            console.print(
                f"{code}: anonymising destroys the record; what remains of it is counted, without a name."
            )
    silent = sorted(code for code, one in found.classes.items() if _may_end(one) and not one.evidence_of)
    if silent:
        console.print(f"Held against no limitation floor, since they name no claim: {', '.join(silent)}.")
    refused = refusal(found, found.effective_from)
    console.print(refused or f"It can be adopted, and takes effect on {_long(found)}.")
    if found.status is Status.TEMPLATE:
        console.print("To adopt it, fill in every field of `sign_off` and write `status: adopted`.")


@schedule.command("list")
@COUNCIL
def list_versions(council: str | None) -> None:
    """List the versions that were adopted, and which is in force."""
    with opened_council(council) as services:
        versions = services.process.register.schedules(services.name)
        now = services.retaining.in_force()
    if not versions:
        console.print("No schedule was adopted: nothing is disposed of.")
        return
    table = Table(title="Retention schedule", title_justify="left")
    for heading in ("version", "takes effect", "adopted", "by", "in force"):
        table.add_column(heading, overflow="fold")
    for one in versions:
        here = "yes" if now is not None and now.version == one.version else ""
        table.add_row(
            one.version,
            f"{one.effective_from:%-d %B %Y}",
            f"{london_date(one.at):%-d %B %Y}",
            escape(one.by),
            here,
        )
    print_table(table)


@schedule.command()
@COUNCIL
@click.option("--version", help="Another version than the one in force.")
def show(council: str | None, version: str | None) -> None:
    """Show the classes of the version in force, with period, action and authority."""
    with opened_council(council) as services:
        found = services.retaining.version(version) if version else services.retaining.schedule()
    table = Table(title=f"{escape(found.title)}, version {found.version}", title_justify="left")
    for heading in ("class", "title", "counts from", "period", "then", "authority"):
        table.add_column(heading, overflow="fold")
    for one in found.classes.values():
        table.add_row(*_row(one))
    print_table(table)


def _row(one: RetentionClass) -> tuple[str, ...]:
    return (
        one.code,
        escape(one.title),
        one.event,
        escape(one.written),
        one.action.value,
        escape(f"{one.authority} [{one.confidence}]"),
    )


@schedule.command()
@COUNCIL
@_FILE
def diff(council: str | None, file: Path) -> None:
    """Show what differs between a file and the version in force."""
    tried, _ = load_schedule(file)
    with opened_council(council) as services:
        now = services.retaining.in_force()
    if now is None:
        console.print("No schedule is in force: everything in it is new.")
        return
    found = differences(now, tried)
    for one in found:
        console.print(f"{one.what}: {escape(one.field)} was {escape(one.before)}, is {escape(one.after)}")
    console.print(f"{counted(len(found), 'difference')} from version {now.version}.")


@schedule.command()
@COUNCIL
@_FILE
@_ON
def simulate(council: str | None, file: Path, on: date | None) -> None:
    """Show what a file would do to the records held, before it is adopted; it changes nothing."""
    tried, _ = load_schedule(file)
    with opened_council(council) as services:
        found = services.retaining.simulate(tried, on=on)
    _print_simulation(found)


@schedule.command()
@COUNCIL
@_FILE
@click.option("--yes", is_flag=True, help="Do not ask.")
def adopt(council: str | None, file: Path, *, yes: bool) -> None:
    """Adopt a signed schedule, after showing what it does to the records held. It never changes again."""
    tried, text = load_schedule(file)
    with opened_council(council) as services:
        require(services.actor, Act.ADOPT_SCHEDULE)
        if not yes:
            _print_simulation(services.retaining.simulate(tried))
            signed = tried.sign_off
            if not signed.missing:
                what = f"{signed.approved_by} for {signed.council}: {signed.minute_reference}"
                console.print(f"Signed off by {escape(what)}.")
            click.confirm(f"Adopt version {tried.version}, in force from {_long(tried)}?", abort=True)
        deciding(services).adopt(tried, text)
    console.print(f"Version {tried.version} is adopted and takes effect on {_long(tried)}.")


@schedule.command()
@COUNCIL
@_ON
def due(council: str | None, on: date | None) -> None:
    """Show how many records are due, by class, and why the others stay. It disposes of nothing."""
    with opened_council(council) as services:
        made = services.retaining.plan(on=on)
    _print_plan(made)


@schedule.command()
@COUNCIL
def honour(council: str | None) -> None:
    """Show the deletions at platforms that this council honours, and what stops one."""
    with opened_council(council) as services:
        bases = services.honouring.bases
        made = services.honouring.planner(services.retaining.today())
    if not bases:
        console.print("No account honours its platform's deletions: what is deleted there is kept here.")
        return
    for account, basis in bases.items():
        console.print(f"{account}: {escape(basis)}")
    console.print(f"{counted(made.due.num_rows, 'confirmed deletion')} to honour.")
    for why, count in conflicts(made).items():
        console.print(
            f"[yellow]{counted(count, 'stays', 'stay')} against the platform's terms[/]: {WORDS[why]}."
        )


@schedule.command("forecast")
@COUNCIL
@click.option("--months", default=24, show_default=True, type=click.IntRange(1, 600), help="How many months.")
@click.option("--svg", "svg", type=OUTPUT, help="Write the chart to this file.")
def forecast_months(council: str | None, months: int, svg: Path | None) -> None:
    """Show what falls due month by month, as a table and a chart."""
    with opened_council(council) as services:
        found = forecast(services.retaining.plan(), months=months)
        title = services.council.title
    _print_months(found)
    if svg is not None:
        with written(svg) as into:
            into.write(forecast_svg(title, found).encode())
        console.print(f"Chart written to {svg}")


def _may_end(one: RetentionClass) -> bool:
    return one.action in (Action.DESTROY, Action.ANONYMISE, Action.REVIEW)


def _long(found: Schedule) -> str:
    return f"{found.effective_from:%-d %B %Y}"


def _print_simulation(found: Simulation) -> None:
    title = f"Version {found.after} against {found.before or 'none'}, as on {found.as_of:%-d %B %Y}"
    table = Table(title=title, title_justify="left")
    for heading in ("class before", "class after"):
        table.add_column(heading, overflow="fold")
    for heading in ("records", "due before", "due after", "end sooner", "end later", "first end"):
        table.add_column(heading, justify="right")
    for change in found.changes:
        table.add_row(*_change(change))
    print_table(table)
    console.print(
        f"{counted(found.records, 'record')}: {counted(found.sooner, 'ends', 'end')} sooner, "
        f"{found.later:,} later. What a hold covers stays, whatever the schedule says."
    )


def _change(change: Change) -> tuple[str, ...]:
    counts = (change.records, change.due_before, change.due_after, change.sooner, change.later)
    first = "never" if change.first_due is None else f"{change.first_due:%-d %b %Y}"
    return (change.class_before or "none", change.class_after or "none", *map(_count, counts), first)


def _count(number: int) -> str:
    return f"{number:,}"


def _print_plan(made: DisposalPlan) -> None:
    table = Table(title=f"As on {made.as_of:%-d %B %Y}, {escape(made.basis)}", title_justify="left")
    for heading in ("what", "class", "why it stays"):
        table.add_column(heading, overflow="fold")
    table.add_column("records", justify="right")
    for row in made.counts("fate", "class", "why"):
        why = "" if row["why"] is None else WORDS[Why(str(row["why"]))]
        table.add_row(str(row["fate"]), str(row["class"] or "none"), why, _count(int(row["records"] or 0)))
    print_table(table)
    if not made.due.num_rows:
        console.print("Nothing is due for destruction.")


def _print_months(months: tuple[Month, ...]) -> None:
    table = Table(title="What falls due", title_justify="left")
    table.add_column("month")
    for heading in ("to destroy", "to review", "to offer to the record office", "of these held"):
        table.add_column(heading, justify="right")
    for month in months:
        counts = (month.destroy, month.review, month.transfer, month.held)
        table.add_row(f"{month.first_day:%B %Y}", *map(_count, counts))
    print_table(table)
