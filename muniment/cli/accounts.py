"""`muniment accounts`: the account register, and whether each credential works."""

import sys
from dataclasses import fields
from datetime import date, timedelta

import click
from rich.markup import escape
from rich.table import Table

from connectors import registry
from muniment.cli.exits import PARTLY
from muniment.cli.opening import COUNCIL, console, opened_council
from muniment.cli.options import DAY
from muniment.cli.tables import print_table
from schemas.errors import AccountError, BadInputError, MunimentError
from schemas.london import london_date, london_day_starts

__all__ = ["accounts"]


@click.group()
def accounts() -> None:
    """The council's accounts: who owns them, whether they can be read, what they will cost."""


@accounts.command("list")
@COUNCIL
def list_accounts(council: str | None) -> None:
    """List the accounts of the council's file."""
    with opened_council(council) as services:
        table = Table(title=f"Accounts of {services.council.title}", title_justify="left")
        for heading in ("account", "platform", "handle", "kind", "owner", "state"):
            table.add_column(heading, overflow="fold")
        enrolled = {one.account.account: one for one in services.process.register.enrolled(services.name)}
        for entry in services.council.entries:
            known = enrolled.get(entry.account.account)
            state = "closed" if known is None else f"paused: {known.paused}" if known.paused else "open"
            account = entry.account
            table.add_row(
                account.account, account.platform, account.handle, account.kind, entry.owner_service, state
            )
        print_table(table)


@accounts.command()
@COUNCIL
@click.option("--account", "names", multiple=True, help="Only this account; may be given more than once.")
def check(council: str | None, names: tuple[str, ...]) -> None:
    """Ask each platform whether the credential works, what it may not do, and what can never be had."""
    failed = 0
    with opened_council(council) as services:
        of_council = [one.account for one in services.process.register.enrolled(services.name)]
        for account in [services.archiving.one(name) for name in names] or of_council:
            console.print(
                f"\n[bold]{account.account}[/] ({account.platform}, {account.handle})", highlight=False
            )
            try:
                identity = services.archiving.check(account)
            except AccountError as error:
                failed += 1
                console.print(f"  [red]does not work[/]: {escape(str(error))}")
                continue
            except MunimentError as error:
                failed += 1
                console.print(f"  [red]could not be asked[/]: {escape(str(error))}")
                continue
            console.print(f"  works: {escape(identity.handle)}, id {escape(identity.native_id)}")
            # Without a credential it is told what one would bring: nothing is wrong.
            failed += bool(identity.missing) and account.credential is not None
            for missing in identity.missing:
                console.print(f"  [yellow]missing[/]: {escape(missing)}")
            for never in registry.never(account.platform):
                console.print(f"  never: {never}", style="dim")
    sys.exit(PARTLY if failed else 0)


@accounts.command()
@COUNCIL
@click.argument("account")
@click.option("--on", type=DAY, help="As at the end of this day; otherwise as now.")
def asked(council: str | None, account: str, on: date | None) -> None:
    """Say with which settings an account was captured on a day: its file may have changed since."""
    with opened_council(council) as services:
        day = on or london_date(services.clock.now())
        end = london_day_starts(day + timedelta(days=1))
        found = services.process.register.settings_at(services.name, account, end)
    if found is None:
        raise BadInputError(
            f"No account {account} had been enrolled by the end of {day:%-d %B %Y}.",
            remedy="`muniment accounts list` shows the names.",
        )
    table = Table(title=f"{account}, as on {day:%-d %B %Y}", title_justify="left", show_header=False)
    for one in fields(found):
        value = getattr(found, one.name)
        if value is not None and value != {}:
            table.add_row(one.name, escape(str(value)))
    console.print(table)


@accounts.command()
@COUNCIL
@click.argument("account")
def confirm(council: str | None, account: str) -> None:
    """Say yes to fetching an account's past, after reading the estimate."""
    with opened_council(council) as services:
        found = services.archiving.one(account)
        console.print(f"{account}: {services.archiving.estimate(found).sentence()}.")
        click.confirm("Fetch it?", abort=True)
        services.archiving.confirm(account, by=services.actor)
        console.print("Confirmed: the next run begins.")
