"""`muniment audit`: who read and did what, when, in which role, and why."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.markup import escape
from rich.table import Table

from muniment.cli.files import OUTPUT, write_table
from muniment.cli.opening import COUNCIL, console, opened_council
from muniment.cli.options import DAY
from muniment.cli.tables import print_table
from muniment.domain.audit import Told
from muniment.domain.events import AuditRead
from muniment.services.auditing import read_audit
from schemas.counted import counted
from schemas.london import LONDON

__all__ = ["audit"]

_COLUMNS = ("number", "at_utc", "what", "who", "login", "roles", "told")


@click.command()
@COUNCIL
@click.option("--since", type=DAY, help="From this day (London), ends included.")
@click.option("--until", type=DAY, help="Up to this day (London), ends included.")
@click.option("--by", metavar="PERSON", help="Only what this person did.")
@click.option("--what", metavar="WORD", help="Only entries of this kind: hold, search, person:record:show.")
@click.option("--record", metavar="RECORD_ID", help="Only what was done with this one record.")
@click.option("--csv", "csv_path", type=OUTPUT, help="Write the entries to this file.")
def audit(
    council: str | None,
    since: date | None,
    until: date | None,
    by: str | None,
    what: str | None,
    record: str | None,
    csv_path: Path | None,
) -> None:
    """Show the audit chain: every act and every read of records. This reading is an entry too."""
    with opened_council(council, unfiltered=True) as services:
        found = tuple(
            read_audit(
                services.process.register,
                services.name,
                reader=services.actor,
                since=since,
                until=until,
                by=by,
                what=what,
                record_key=None if record is None else services.record_key(record),
            )
        )
        asked = {
            "since": "" if since is None else since.isoformat(),
            "until": "" if until is None else until.isoformat(),
            "by": by or "",
            "what": what or "",
            "record": "" if record is None else services.record_key(record),
        }
        filters = {name: value for name, value in asked.items() if value}
        services.record(AuditRead(filters=filters, entries=len(found)))
    if csv_path is not None:
        _write(found, csv_path)
        console.print(f"{counted(len(found), 'entry', 'entries')} written to {csv_path}")
    else:
        _print(found)


def _print(found: Sequence[Told]) -> None:
    if not found:
        console.print("No entry fits.")
        return
    table = Table(title="Audit", title_justify="left")
    for heading in ("no.", "when", "who", "what", "told"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "what")
    for one in found:
        when = one.at.astimezone(LONDON).strftime("%-d %b %Y %H:%M:%S")
        table.add_row(str(one.number), when, escape(_who(one)), one.tag.value, escape(_told(one)))
    print_table(table)


def _who(one: Told) -> str:
    if one.act is None:
        return ""
    actor = one.act.actor
    login = f" (as {actor.login})" if actor.login else ""
    roles = f", {', '.join(sorted(actor.roles))}" if actor.roles else ""
    return f"{actor.name}{login}{roles}"


def _told(one: Told) -> str:
    if one.act is None:
        return "text destroyed at the end of its period"
    fields: dict[str, Any] = msgspec.to_builtins(one.act.event)
    return ", ".join(f"{name}: {_plain(value)}" for name, value in fields.items() if value not in (None, {}))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _write(found: Sequence[Told], path: Path) -> None:
    write_table(path, _COLUMNS, map(_cells, found))


def _cells(one: Told) -> tuple[object, ...]:
    actor = None if one.act is None else one.act.actor
    return (
        one.number,
        one.at.isoformat(),
        one.tag.value,
        "" if actor is None else actor.name,
        "" if actor is None else actor.login or "",
        "" if actor is None else "; ".join(sorted(actor.roles)),
        "" if one.act is None else msgspec.json.encode(one.act.event).decode(),
    )
