"""`muniment people`: who has which role in the keeping of the records, and is in which team."""

from datetime import date
from typing import Final

import click
from rich.markup import escape
from rich.table import Table

from muniment.cli.opening import COUNCIL, console, opened_council
from muniment.cli.options import DAY, REASON
from muniment.cli.tables import print_table
from muniment.domain.people import Appointment, Membership, Role
from muniment.services.appointing import admit, appoint, dismiss
from muniment.services.appointing import end as end_role
from schemas.errors import BadInputError
from schemas.london import london_date

__all__ = ["people"]

_ROLES: Final = {role.value.replace(" ", "-"): role for role in Role}
_ROLE: Final = click.option("--role", type=click.Choice(list(_ROLES)), help="Which role.")
_TEAM: Final = click.option("--team", help="Which team instead: a service, or a partner council.")


@click.group()
def people() -> None:
    """Who has which role, and is in which team: records officer, reviewer; HR, a partner council."""


@people.command("list")
@COUNCIL
def list_people(council: str | None) -> None:
    """List the roles and teams that people have, had, or will have."""
    with opened_council(council, unfiltered=True) as services:
        today = london_date(services.clock.now())
        table = Table(title=f"People of {services.council.title}", title_justify="left")
        for heading in ("person", "role or team", "from", "until", "now", "on certificates"):
            table.add_column(heading, overflow="fold")
        register = services.process.register
        told: list[tuple[Appointment | Membership, str]] = [
            *((one, one.role.value) for one in register.appointments(services.name)),
            *((one, f"team {one.team}") for one in register.memberships(services.name)),
        ]
        if not told:
            console.print(
                "Nobody has a role yet. On this machine the first information manager is made by\n"
                '  muniment people add NAME --role information-manager --reason "who appointed them"\n'
                f"NAME is how the person signs in to the machine; you are {escape(services.actor.name)} here."
            )
            return
        for one, what in told:
            until = "" if one.until_on is None else f"{one.until_on:%-d %b %Y}"
            in_force = "yes" if one.is_in_force(today) else "no"
            since, reference = f"{one.from_on:%-d %b %Y}", services.person_reference(one.person)
            table.add_row(escape(one.person), escape(what), since, until, in_force, reference)
        print_table(table)


@people.command()
@COUNCIL
@click.argument("person")
@_ROLE
@_TEAM
@click.option("--from", "from_on", type=DAY, help="First day (London); today unless told otherwise.")
@click.option("--until", "until_on", type=DAY, help="Last day (London); without one, until it is ended.")
@REASON
def add(
    council: str | None,
    person: str,
    role: str | None,
    team: str | None,
    from_on: date | None,
    until_on: date | None,
    reason: str,
) -> None:
    """Give a person a role, or put them into a team.

    The first of all is an information manager, who then gives the others.
    """
    _check_one(role, team)
    with opened_council(council, unfiltered=True) as services:
        now, register, actor = services.clock.now(), services.process.register, services.actor
        first = from_on or london_date(now)
        if team is not None:
            joined = Membership(person=person, team=team, from_on=first, until_on=until_on)
            admit(services.name, joined, reason=reason, register=register, actor=actor, now=now)
        else:
            given = Appointment(person=person, role=_ROLES[role or ""], from_on=first, until_on=until_on)
            appoint(services.name, given, reason=reason, register=register, actor=actor, now=now)
    console.print(f"{escape(person)} is {_what(role, team)} from {first:%-d %B %Y}.")


@people.command()
@COUNCIL
@click.argument("person")
@_ROLE
@_TEAM
@click.option("--on", "until_on", type=DAY, help="Last day (London); today unless told otherwise.")
@REASON
def end(
    council: str | None,
    person: str,
    role: str | None,
    team: str | None,
    until_on: date | None,
    reason: str,
) -> None:
    """Give a person's role, or time in a team, its last day."""
    _check_one(role, team)
    with opened_council(council, unfiltered=True) as services:
        now, register, actor = services.clock.now(), services.process.register, services.actor
        last = until_on or london_date(now)
        if team is not None:
            dismiss(
                *(services.name, person, team),
                until_on=last,
                reason=reason,
                register=register,
                actor=actor,
                now=now,
            )
        else:
            end_role(
                *(services.name, person, _ROLES[role or ""]),
                until_on=last,
                reason=reason,
                register=register,
                actor=actor,
                now=now,
            )
    console.print(f"{escape(person)} is {_what(role, team)} until {last:%-d %B %Y}.")


def _check_one(role: str | None, team: str | None) -> None:
    if (role is None) is (team is None):
        raise BadInputError("Say a role or a team, one of them.", remedy="Give --role or --team.")


def _what(role: str | None, team: str | None) -> str:
    return _ROLES[role].value if role is not None else f"in {escape(team or '')}"
