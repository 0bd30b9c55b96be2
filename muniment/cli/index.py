"""`muniment index`: how the search index stands to the archive, and how it is mended."""

from typing import Final

import click
from rich.table import Table

from muniment.bootstrap.council import CouncilServices
from muniment.cli.opening import COUNCIL, console, opened_council
from muniment.domain.events import IndexBuilt, IndexPurged, IndexReconciled
from muniment.search.answer import Order
from muniment.search.tree import Everything, Query
from muniment.services.index_upkeep import Reconciled, purge_index, reconcile
from muniment.services.indexing import catch_up
from muniment.services.indexing import rebuild as build_anew
from muniment.services.searching import freshness
from schemas.counted import counted
from schemas.errors import IntegrityError

__all__ = ["index", "print_reconciled"]

_MOST_DIFFERENCES: Final = 40  # a screenful


@click.group()
def index() -> None:
    """The search index: a view of the archive."""


@index.command()
@COUNCIL
def status(council: str | None) -> None:
    """Say how many versions are indexed, up to when, and how far behind the archive that is."""
    with opened_council(council) as services:
        found = services.process.index
        everything = Query(typed="", tree=Everything())
        page = found.search(services.name, everything, order=Order.NEWEST, size=1)
        register = services.process.register
        table = Table(
            title=f"Search index of {services.council.title}", title_justify="left", show_header=False
        )
        table.add_row("records", f"{page.records:,}")
        table.add_row("versions", f"{page.versions:,}")
        table.add_row("current", freshness(services.archive, page.watermark).told())
        table.add_row("last commit of the archive", f"{services.archive.commit_no():,}")
        table.add_row("last closed erasure", f"commit {register.last_closed_erasure(services.name):,}")
        table.add_row("being built anew", ", ".join(register.rebuilding(services.name)) or "no")
    console.print(table)


@index.command()
@COUNCIL
def rebuild(council: str | None) -> None:
    """Build the index anew beside the old one, and swap; searches go on meanwhile."""
    with opened_council(council) as services:
        services.record(IndexBuilt(whole=True))
        built = build_anew(
            services.archive,
            services.process.index,
            services.name,
            erased=services.process.register,
            classes=services.classes,
        )
    console.print(
        f"{counted(built.versions, 'version')} indexed; the index is current to commit {built.upto}."
    )


@index.command("reconcile")
@COUNCIL
def reconcile_index(council: str | None) -> None:
    """Count archive and index against each other, by month and class and state and so on."""
    with opened_council(council) as services:
        archive, register = services.archive, services.process.register
        classes = services.classes
        catch_up(archive, services.process.index, services.name, erased=register, classes=classes)
        found = reconcile(archive, services.process.index, services.name, erased=register, classes=classes)
        services.record(IndexReconciled(commit_no=found.commit_no, differences=len(found.differences)))
    print_reconciled(found)


@index.command()
@COUNCIL
def purge(council: str | None) -> None:
    """Take what was destroyed out of the index's own files, and look for it there."""
    with opened_council(council) as services:
        _purge(services)


def _purge(services: CouncilServices) -> None:
    register = services.process.register
    gone = [
        one for erasure in register.erasures(services.name, after=0) for one in erasure.record_ids.to_pylist()
    ]
    proof = purge_index(
        services.archive,
        services.process.index,
        services.name,
        gone,
        erased=register,
        classes=services.classes,
    )
    services.record(
        IndexPurged(
            engine=proof.engine,
            watermark=proof.watermark,
            records=proof.records,
            entries=proof.entries,
            terms_left=proof.terms_left,
            copies_left=proof.copies_left,
        )
    )
    console.print(
        f"{proof.engine}: {counted(proof.entries, 'version')} indexed as at commit {proof.watermark}; of "
        f"{counted(proof.records, 'destroyed record')} there are left {counted(proof.terms_left, 'word')} "
        f"and {counted(proof.copies_left, 'copy', 'copies')}."
    )
    for copy in proof.elsewhere:
        console.print(f"[yellow]Not looked into[/]: {copy}")
    if not proof.proved:
        raise IntegrityError(
            "The index's files still hold something of what was destroyed.",
            remedy="Stop every process that searches, and run `muniment index purge` again.",
        )


def print_reconciled(found: Reconciled) -> None:
    """Print that archive and index agree; raises IntegrityError with where they differ."""
    if found.agrees:
        console.print(
            f"{counted(found.versions, 'version')}, as at commit {found.commit_no}: archive and index agree."
        )
        return
    table = Table(title="Archive and index differ", title_justify="left")
    for heading in ("month", "by", "value"):
        table.add_column(heading)
    for heading in ("archive", "index"):
        table.add_column(heading, justify="right")
    for one in found.differences[:_MOST_DIFFERENCES]:
        table.add_row(one.month, one.facet, one.value, f"{one.in_archive:,}", f"{one.in_index:,}")
    if found.differences:
        console.print(table)
    what = (
        f"in {counted(len(found.differences), 'count')}"
        if found.differences
        else "in which versions it holds"
    )
    raise IntegrityError(
        f"The search index differs from the archive {what}.",
        remedy="Run `muniment index rebuild`.",
    )
