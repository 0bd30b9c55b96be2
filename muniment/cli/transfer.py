"""`muniment transfer`: packages for the record office, and its receipts."""

from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from muniment.cli.files import NEW_FOLDER, outlet
from muniment.cli.opening import COUNCIL, console, opened_council
from muniment.cli.tables import print_table
from schemas.counted import counted
from schemas.london import london_date

__all__ = ["transfer"]


@click.group()
def transfer() -> None:
    """What the schedule offers to the record office: packages (BagIt), verified, and receipts."""


@transfer.command()
@COUNCIL
@click.argument("folder", type=NEW_FOLDER)
@click.option("--class", "code", help="Only records of this class.")
def make(council: str | None, folder: Path, code: str | None) -> None:
    """Write a package of all that is to be offered now; killed, the same command goes on."""
    with (
        opened_council(council) as services,
        console.status("packing") as status,
        outlet(folder, make=True) as place,
    ):
        made = services.transferring().make(
            place,
            retention_class=code,
            progress=lambda count: status.update(f"packing: {counted(count, 'record')}"),
        )
    console.print(f"Transfer {made.transfer}: {counted(made.records, 'record')} in {folder}, verified.")
    console.print(f"Manifest: {made.manifest_digest.hex()}")
    console.print(f'When it has arrived: muniment transfer receive {made.transfer} --receipt "…"')


@transfer.command()
@COUNCIL
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def verify(council: str | None, folder: Path) -> None:
    """Check every file and every proof of a package, also after it was copied."""
    with opened_council(council) as services:
        records = services.transferring().verify(folder)
    console.print(f"[green]Unaltered[/]: {counted(records, 'record')}.")


@transfer.command()
@COUNCIL
@click.argument("name")
@click.option("--receipt", required=True, help="The record office's accession number, or its words.")
def receive(council: str | None, name: str, receipt: str) -> None:
    """Enter the record office's receipt; the class then says whether the records stay here too."""
    with opened_council(council) as services:
        services.transferring().receive(name, receipt=receipt)
    console.print(f"Transfer {escape(name)} was received.")


@transfer.command("list")
@COUNCIL
def list_transfers(council: str | None) -> None:
    """List the packages that were made, and which were received."""
    with opened_council(council) as services:
        offered = services.transferring().offered().num_rows if services.retaining.in_force() else 0
        made = services.process.register.transfers(services.name)
    if not made:
        console.print("No package was made yet.")
        _tell_offered(offered)
        return
    table = Table(title="Transfers to the record office", title_justify="left")
    for heading in ("transfer", "made", "by", "records", "schedule", "receipt"):
        table.add_column(heading, overflow="fold")
    for one in made:
        received = "" if one.received_at is None else f"{london_date(one.received_at):%-d %b %Y}"
        receipt = f"{one.receipt} ({received})" if received else "waits"
        day = f"{london_date(one.at):%-d %b %Y}"
        table.add_row(one.transfer, day, escape(one.by), f"{one.records:,}", one.schedule, escape(receipt))
    print_table(table)
    _tell_offered(offered)


def _tell_offered(count: int) -> None:
    goes_on = ": `muniment transfer make FOLDER` packs them." if count else "."
    console.print(f"{counted(count, 'record is', 'records are')} to be offered{goes_on}")
