"""`muniment store` and `muniment reindex`: the archive's files and the index that is a view of them."""

import sys
from datetime import date
from pathlib import Path
from typing import Final

import click
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from muniment.cli.exits import LOOK
from muniment.cli.opening import COUNCIL, console, opened_council
from muniment.cli.options import DAY, REASON
from muniment.domain.events import ArchiveCompacted, IndexBuilt
from muniment.ports import Judgement
from muniment.services.auditing import destroy_texts, restart
from muniment.services.indexing import catch_up, rebuild
from schemas.counted import counted
from schemas.errors import MunimentError

__all__ = ["reindex", "store"]

_COLOURS: Final = {
    Judgement.FINE: "[green]fine[/]",
    Judgement.WARNING: "[red]WARNING[/]",
    Judgement.UNKNOWN: "[yellow]unknown[/]",
}


@click.group()
def store() -> None:
    """The files of the archive."""


@store.command()
@COUNCIL
def compact(council: str | None) -> None:
    """Merge small files, sealing before and after, and tidy the log."""
    with opened_council(council) as services:
        services.record(ArchiveCompacted())
        merged = services.archive.compact()
        cleaned = services.archive.maintain()
        services.seals.seal()
    console.print(f"{counted(merged, 'file')} merged, {counted(cleaned, 'old log file')} removed.")


@store.command()
@COUNCIL
def check(council: str | None) -> None:
    """Look at the place where the archive lies: what would defeat disposal there, or let records go."""
    with opened_council(council, unfiltered=True) as services:
        found = list(services.files.findings(services.place))
        where = services.files.uri(services.place)
    table = Table(title=where, title_justify="left", show_header=False)
    for one in found:
        table.add_row(_COLOURS[one.judgement], one.what, one.why)
    console.print(table)
    warnings = sum(one.judgement is Judgement.WARNING for one in found)
    if warnings:
        console.print(f"{counted(warnings, 'warning')}: see docs/operate/s3.md.")
        sys.exit(LOOK)


@store.command()
@COUNCIL
def stat(council: str | None) -> None:
    """Say what is held, and where; a search index that cannot be asked costs no other figure."""
    with opened_council(council, unfiltered=True) as services:
        found = services.archive.stat()
        table = Table(title=f"Archive of {services.council.title}", title_justify="left", show_header=False)
        for series, rows in found.rows.items():
            table.add_row(f"rows: {series}", f"{rows:,}")
        table.add_row("last commit", f"{found.commit_no:,}")
        table.add_row("data files", f"{found.files:,} ({decimal(found.bytes)}; {found.small_files} small)")
        table.add_row("log files", f"{found.log_files:,}")
        table.add_row("media files", f"{found.media_objects:,} ({decimal(found.media_bytes)})")
        table.add_row("in quarantine", f"{len(services.quarantine):,}")
        try:
            watermark = services.process.index.watermark(services.name)
            upto = "nothing is indexed yet" if watermark < 0 else f"{watermark:,}"
        except MunimentError as error:  # whatever ails the index, the archive's figures are asked for here
            upto = f"[yellow]cannot be told: {escape(str(error))}[/]"
        table.add_row("index up to commit", upto)
        table.add_row("where", services.files.uri(services.place))
    console.print(table)


@click.command()
@COUNCIL
@click.option("--whole", is_flag=True, help="Build the index anew, aside, and swap.")
def reindex(council: str | None, *, whole: bool) -> None:
    """Bring the search index up to the archive."""
    with opened_council(council) as services:
        services.record(IndexBuilt(whole=whole))
        if whole:
            rebuild(
                services.archive,
                services.process.index,
                services.name,
                erased=services.process.register,
                classes=services.classes,
            )
        else:
            catch_up(
                services.archive,
                services.process.index,
                services.name,
                erased=services.process.register,
                classes=services.classes,
            )
        upto = services.process.index.watermark(services.name)
    console.print(f"The index is current to commit {upto}.")


@store.command("adopt-register")
@COUNCIL
@click.option("--reason", required=True, help="Why no newer register can be had.")
def adopt_register(council: str | None, reason: str) -> None:
    """Go on with a register that is older than the last seal, because no newer one is left.

    What was disposed of since may come back, and what was held since is not held: look at the certificates
    and at the holds on paper first.
    """
    with opened_council(council, unfiltered=True) as services:
        number = restart(
            services.process.register,
            services.seals,
            services.name,
            actor=services.actor,
            reason=reason,
            now=services.clock.now(),
        )
    console.print(f"The register stands, though seal {number} knows of more than it does: that is on record.")


@store.command("filter-restored")
@COUNCIL
@click.option("--reason", required=True, help="Why a backup was restored; it stands in the audit.")
@click.option(
    "--stubs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What `muniment dispose stubs` wrote, of disposals that the register may not know.",
)
def filter_restored(council: str | None, reason: str, stubs: Path | None) -> None:
    """Erase from a restored archive, once more, what the stubs say was destroyed; then it may be read.

    The search index is built anew. Where the archive is older than the register, what was captured in
    between is asked for again.
    """
    with opened_council(council, unfiltered=True) as services:
        raw = None if stubs is None else stubs.read_bytes()
        done = services.restored.filter(actor=services.actor, reason=reason, stubs=raw)
        services.certifying.file_again()
    if done.lost_commits:
        console.print(f"The archive lacks {counted(done.lost_commits, 'commit')} that the register knew of.")
    if stubs is not None:
        console.print(f"{counted(done.stubs_taken, 'stub was', 'stubs were')} new to the register.")
    console.print(
        f"Destroyed before, and erased again at commit {done.commit_no}: {counted(done.records, 'record')}. "
        "The archive may be read."
    )


@store.command("destroy-audit-texts")
@COUNCIL
@click.option("--before", type=DAY, required=True, help="Of days before this one.")
@REASON
def destroy_audit_texts(council: str | None, before: date, reason: str) -> None:
    """Destroy what the audit says of searches and reads whose six years have ended; the chain stays."""
    with opened_council(council) as services:
        destroyed = destroy_texts(
            services.process.register,
            services.name,
            before=before,
            reason=reason,
            actor=services.actor,
            now=services.clock.now(),
        )
    console.print(f"{counted(destroyed, 'text')} destroyed; the entries stand, without their texts.")
