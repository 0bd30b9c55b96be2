"""`muniment show`, `coverage` and `export`: what the archive holds, and what it does not."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from connectors import registry
from muniment.cli.files import OUTPUT, text_in, written
from muniment.cli.opening import COUNCIL, console, opened_council, print_left_out
from muniment.cli.options import DAY
from muniment.cli.search import changed_text
from muniment.cli.tables import print_table
from muniment.domain.calendar import calendar_svg
from muniment.domain.completeness import AccountCoverage
from muniment.domain.events import ArchiveExported, RecordShown
from muniment.domain.given_out import GivenKind
from muniment.services.covering import coverage as cover
from muniment.services.exporting import write_lines
from muniment.services.showing import RecordView
from muniment.services.showing import show as show_record
from schemas.counted import counted
from schemas.london import london_short
from schemas.report import Gap

__all__ = ["coverage", "coverage_tables", "export", "show"]

_MOST_GAPS = 40  # a screenful


@click.command()
@click.argument("record_id")
@COUNCIL
def show(record_id: str, council: str | None) -> None:
    """Show one record in full: its thread, all versions with their changes, states, files, captures."""
    with opened_council(council) as services:
        services.refuse_unseen(record_id)
        services.record(RecordShown(record_key=services.record_key(record_id)))
        hidden = services.not_shown()
        _print_record(show_record(record_id, council=services.name, archive=services.archive, hidden=hidden))


def _print_record(view: RecordView) -> None:
    console.print(f"[bold]{escape(view.record_id)}[/]")
    console.print(
        f"{view.platform} {view.kind} by {escape(view.author)} ({view.author_role}), account {view.account}"
    )
    created = "the platform did not say when" if view.created_at is None else london_short(view.created_at)
    console.print(f"created: {created}   {escape(view.url or '')}")
    console.print("\n[bold]Versions[/]")
    before: str | None = None
    for number, version in enumerate(view.versions, start=1):
        edited = "" if version.version_at is None else f", made {london_short(version.version_at)}"
        console.print(
            f" {number}. captured {london_short(version.captured_at)}{edited} "
            f"[dim](commit {version.commit_no}, {escape(version.endpoint)})[/]"
        )
        console.print(
            "    " + (escape(version.text) if before is None else changed_text(before, version.text))
        )
        before = version.text
    console.print("\n[bold]How it stood[/]")
    for state in view.states:
        word = "" if state.shown == "public" else f' ("{escape(state.shown)}")'
        counts = "".join(f", {name} {count:,}" for name, count in state.metrics.items())
        console.print(
            f" {london_short(state.at)}  {state.state}{word}  [dim]{state.answer}{escape(counts)}[/]"
        )
    if view.files:
        console.print("\n[bold]Pictures, files and short links[/]")
    for file in view.files:
        if file.target is not None:
            said = f"leads to {escape(file.target)}"
        elif file.sha256 is not None:
            size = counted(file.size_bytes or 0, "byte")
            said = f"{escape(file.media_type or 'file')}, {size}, SHA-256 {file.sha256.hex()}"
        else:
            said = f"not held: {file.why_not}"
        console.print(f" {escape(file.ref)}: {said}")
    if len(view.thread) > 1:
        console.print("\n[bold]Thread[/]")
        for entry in view.thread:
            mark = ">" if entry.record_id == view.record_id else " "
            text = escape(" ".join(entry.text.split())[:100])
            console.print(
                f"{mark} {'   ' * entry.depth}{london_short(entry.filed_at)} {escape(entry.author)}: {text}"
            )


@click.command()
@COUNCIL
@click.option("--from", "since", type=DAY, help="First day of the calendar (London).")
@click.option("--to", "until", type=DAY, help="Last day of the calendar (London).")
@click.option("--svg", "svg_path", type=OUTPUT, help="Write the calendar picture here.")
def coverage(council: str | None, since: date | None, until: date | None, svg_path: Path | None) -> None:
    """Say what is held against what was reported, and when we were blind."""
    with opened_council(council) as services:
        found = cover(
            services.name,
            register=services.process.register,
            never=registry.never,
            now=services.clock.now(),
            since=since,
            until=until,
        )
        coverage_tables(found)
        if svg_path is not None:
            with written(svg_path) as into:
                into.write(calendar_svg(services.council.title, found).encode())
            console.print(f"\nCalendar written to {svg_path}")


def coverage_tables(found: tuple[AccountCoverage, ...]) -> None:
    """Print coverage: a table of totals, a table of gaps, one sentence for each account."""
    if not any(account.streams for account in found):
        console.print("No list was read yet: `muniment archive` reads them.")
        return
    table = Table(title="Held against reported", title_justify="left")
    table.add_column("account", no_wrap=True)
    table.add_column("stream", overflow="fold")
    for heading in ("lists", "reported", "live", "removed", "short"):
        table.add_column(heading, justify="right")
    table.add_column("why short", overflow="fold")
    for account in found:
        for stream in account.streams:
            short = ", ".join(f"{count} {reason}" for reason, count in stream.short.items())
            told = f"{stream.reported:,}" if stream.told else "not told"
            table.add_row(
                account.account,
                stream.stream,
                f"{stream.listings:,}",
                told,
                f"{stream.captured:,}",
                f"{stream.removed:,}",
                f"{sum(stream.short.values()):,}",
                short,
            )
    print_table(table)
    _print_gaps([gap for account in found for gap in account.gaps])
    alike: dict[str, list[str]] = {}
    for account in found:
        alike.setdefault(account.missing, []).append(account.account)
    for missing, names in alike.items():
        console.print(f"[bold]{', '.join(names)}[/]: {escape(missing)}")
    for platform, never in sorted({account.platform: account.never for account in found}.items()):
        console.print(f"\n[bold]{platform}[/] can never give us:", style="dim")
        for sentence in never:
            console.print(f"  - {sentence}", style="dim")


def _print_gaps(gaps: Sequence[Gap]) -> None:
    if not gaps:
        return
    table = Table(title="When we could not see", title_justify="left")
    table.add_column("account", no_wrap=True)
    for heading in ("stream", "from", "to", "why"):
        table.add_column(heading, overflow="fold")
    for gap in gaps[:_MOST_GAPS]:
        end = "open" if gap.ends_at is None else london_short(gap.ends_at)
        table.add_row(gap.account, gap.stream, london_short(gap.starts_at), end, gap.reason)
    print_table(table)
    if len(gaps) > _MOST_GAPS:
        console.print(f"and {len(gaps) - _MOST_GAPS} more; --svg shows them all by day")


@click.command()
@COUNCIL
@click.argument("path", type=OUTPUT)
def export(council: str | None, path: Path) -> None:
    """Write the archive as JSON Lines that any scorer can read (conformance/FORMAT.md)."""
    with opened_council(council) as services, written(path) as file, text_in(file) as into:
        hidden = services.not_shown()
        held = services.retaining.held().records["record_id"].to_pylist()
        services.give_out(GivenKind.ARCHIVE, [one for one in held if one not in hidden], path)
        count = write_lines(
            into,
            council=services.name,
            archive=services.archive,
            register=services.process.register,
            hidden=hidden,
        )
        services.record(ArchiveExported(records=count))
        left_out = services.left_out()
    console.print(f"{counted(count, 'record')} written to {path}")
    print_left_out(left_out)
