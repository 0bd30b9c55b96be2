"""`muniment dispose keys`, `new-key`, `forget-key`: the keys by which destroyed records are known again."""

import click
from rich.table import Table

from muniment.cli.opening import COUNCIL, console, opened_council
from muniment.cli.options import REASON
from muniment.cli.tables import print_table

__all__ = ["forget_key", "keys", "new_key"]


@click.command("new-key")
@COUNCIL
def new_key(council: str | None) -> None:
    """Take a new key of stubs; the old one stays, sealed, for as long as a stub under it stands."""
    with opened_council(council) as services:
        key_id = services.rotate_stub_key()
    console.print(f"Stubs are made with key {key_id} from now on. Back up the secrets folder.")


@click.command()
@COUNCIL
def keys(council: str | None) -> None:
    """List the keys of stubs: how many stubs stand under each, and from when the last may end."""
    with opened_council(council) as services:
        found = services.forgetting_keys.all()
    if not found:
        console.print("There is no key of stubs yet. The first disposal makes one.")
        return
    table = Table(title="Keys of stubs", title_justify="left")
    for heading in ("key", "state", "stubs", "may end from"):
        table.add_column(heading, overflow="fold")
    for one in found:
        ends = "" if not one.stubs else "never" if one.ends_on is None else f"{one.ends_on:%-d %B %Y}"
        table.add_row(one.key_id, "in use" if one.in_use else "sealed", f"{one.stubs:,}", ends)
    print_table(table)


@click.command("forget-key")
@COUNCIL
@click.argument("key_id")
@REASON
def forget_key(council: str | None, key_id: str, reason: str) -> None:
    """Destroy a sealed key whose last stub has ended, with those stubs. Two people say so."""
    with opened_council(council) as services:
        gone = services.forgetting_keys.forget(key_id, reason=reason)
    if gone:
        console.print(f"The key {key_id} is destroyed. Take it out of the backups of the secrets too.")
    else:
        console.print(f"Another person says `muniment dispose forget-key {key_id}` within 30 days.")
