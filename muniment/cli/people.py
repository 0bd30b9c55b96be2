"""`muniment people`: who has which role in the keeping of the records."""

from datetime import datetime
from typing import Final

import click
from rich.markup import escape
from rich.table import Table

from muniment.cli.opening import COUNCIL, console, opened_council
from muniment.domain.people import Appointment, Role, london_date
from muniment.services.appointing import appoint
from muniment.services.appointing import end as end_role

__all__ = ["people"]

_DAY: Final = click.DateTime(["%Y-%m-%d"])
_ROLES: Final = {role.value.replace(" ", "-"): role for role in Role}
_ROLE: Final = click.option("--role", type=click.Choice(list(_ROLES)), required=True, help="Which role.")
_REASON: Final = click.option("--reason", required=True, help="Why; it stands in the audit.")


@click.group()
def people() -> None:
    """Who has which role: records officer, reviewer, archivist, and so on."""


@people.command("list")
@COUNCIL
def list_people(council: str | None) -> None:
    """List the roles that people have, had, or will have."""
    with opened_council(council, unfiltered=True) as services:
        today = london_date(services.clock.now())
        table = Table(title=f"People of {services.council.title}", title_justify="left")
        for heading in ("person", "role", "from", "until", "now", "on certificates"):
            table.add_column(heading, overflow="fold")
        for one in services.muniment.register.appointments(services.name):
            until = "" if one.until_on is None else f"{one.until_on:%-d %b %Y}"
            in_force = "yes" if one.is_in_force(today) else "no"
            since, reference = f"{one.from_on:%-d %b %Y}", services.person_reference(one.person)
            table.add_row(escape(one.person), one.role, since, until, in_force, reference)
        console.print(table)


@people.command()
@COUNCIL
@click.argument("person")
@_ROLE
@click.option("--from", "from_on", type=_DAY, help="First day (London); today unless told otherwise.")
@click.option("--until", "until_on", type=_DAY, help="Last day (London); without one, until it is ended.")
@_REASON
def add(
    council: str | None,
    person: str,
    role: str,
    from_on: datetime | None,
    until_on: datetime | None,
    reason: str,
) -> None:
    """Give a person a role. The first of all is an information manager, who then gives the others."""
    with opened_council(council, unfiltered=True) as services:
        now = services.clock.now()
        given = Appointment(
            person=person,
            role=_ROLES[role],
            from_on=london_date(now) if from_on is None else from_on.date(),
            until_on=None if until_on is None else until_on.date(),
        )
        register = services.muniment.register
        appoint(services.name, given, reason=reason, register=register, actor=services.actor, now=now)
    console.print(f"{escape(person)} is {given.role} from {given.from_on:%-d %B %Y}.")


@people.command()
@COUNCIL
@click.argument("person")
@_ROLE
@click.option("--on", "until_on", type=_DAY, help="Last day (London); today unless told otherwise.")
@_REASON
def end(council: str | None, person: str, role: str, until_on: datetime | None, reason: str) -> None:
    """Give a person's role its last day."""
    with opened_council(council, unfiltered=True) as services:
        now = services.clock.now()
        last = london_date(now) if until_on is None else until_on.date()
        end_role(
            services.name,
            person,
            _ROLES[role],
            until_on=last,
            reason=reason,
            register=services.muniment.register,
            actor=services.actor,
            now=now,
        )
    console.print(f"{escape(person)} is {_ROLES[role]} until {last:%-d %B %Y}.")
