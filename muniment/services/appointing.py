"""Giving people roles, putting them into teams, and ending both, on record."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from muniment.domain.events import RoleEnded, RoleGiven, TeamJoined, TeamLeft
from muniment.domain.people import Act, Actor, Appointment, Membership, Role, require
from muniment.ports import Register
from muniment.services.checking import check_name, check_person, check_reason
from schemas.errors import BadInputError, NotPermittedError
from schemas.london import london_date

__all__ = ["admit", "appoint", "dismiss", "end"]

_Given = TypeVar("_Given", Appointment, Membership)
"""A role, or a place in a team: both are a person's from one London day to another."""


def appoint(
    council: str,
    appointment: Appointment,
    *,
    reason: str,
    register: Register,
    actor: Actor,
    now: datetime,
) -> None:
    """Give a person a role.

    The first information manager is whoever the person at the command line says, since nobody could give that
    role before; from then on information managers give roles, and none to themselves.

    Raises:
        NotPermittedError: The actor is no information manager, or would serve themselves.
        BadInputError: The person has the role then already, or the days are in the wrong order, or no reason.
    """
    check_reason(reason)
    check_person(appointment.person)
    with register.begin(council, actor, now=now) as trail:
        known = register.appointments(council)
        if _managers(known, london_date(now)) or appointment.role is not Role.INFORMATION_MANAGER:
            require(actor, Act.GIVE_ROLES)
            _refuse_oneself(actor, appointment.person, "give themselves a role")
        _check_days(appointment, "a role")
        its = _of(known, appointment.person, appointment.role)
        _check_free(appointment, its, what=str(appointment.role))
        register.appoint(council, appointment)
        trail.record(
            RoleGiven(
                person=appointment.person,
                role=appointment.role.value,
                from_on=appointment.from_on,
                until_on=appointment.until_on,
                reason=reason,
            )
        )


def end(
    council: str,
    person: str,
    role: Role,
    *,
    until_on: date,
    reason: str,
    register: Register,
    actor: Actor,
    now: datetime,
) -> None:
    """Give the role that a person has its last day.

    Raises:
        NotPermittedError: The actor is no information manager.
        BadInputError: The person has no such role, or nobody would be information manager any more.
    """
    check_reason(reason)
    require(actor, Act.GIVE_ROLES)
    with register.begin(council, actor, now=now) as trail:
        known = register.appointments(council)
        found = _standing(_of(known, person, role), london_date(now))
        if found is None:
            raise BadInputError(
                f"{person} is not {role}.", remedy="`muniment people list` shows who has which role."
            )
        _check_days(replace(found, until_on=until_on), "a role")
        if role is Role.INFORMATION_MANAGER and not _managers(known, until_on + timedelta(days=1)) - {person}:
            raise BadInputError(
                f"After {person} nobody would be information manager.",
                remedy="Give somebody else that role first.",
            )
        register.end_appointment(council, found, until_on=until_on)
        trail.record(
            RoleEnded(person=person, role=role.value, before=found.until_on, after=until_on, reason=reason)
        )


def admit(
    council: str,
    membership: Membership,
    *,
    reason: str,
    register: Register,
    actor: Actor,
    now: datetime,
) -> None:
    """Put a person into a team: HR, a service of the council, a partner council.

    Raises:
        NotPermittedError: The actor is no information manager, or would serve themselves.
        BadInputError: The person is in the team then already, the days are in the wrong order, or no
            reason.
    """
    check_reason(reason)
    check_name(membership.team)
    check_person(membership.person)
    require(actor, Act.GIVE_ROLES)
    _refuse_oneself(actor, membership.person, "put themselves into a team")
    _check_days(membership, "a time in a team")
    with register.begin(council, actor, now=now) as trail:
        its = _in(register.memberships(council), membership.person, membership.team)
        _check_free(membership, its, what=f"in {membership.team}")
        register.admit(council, membership)
        trail.record(
            TeamJoined(
                person=membership.person,
                team=membership.team,
                from_on=membership.from_on,
                until_on=membership.until_on,
                reason=reason,
            )
        )


def dismiss(
    council: str,
    person: str,
    team: str,
    *,
    until_on: date,
    reason: str,
    register: Register,
    actor: Actor,
    now: datetime,
) -> None:
    """Give a person's time in a team its last day.

    Raises:
        NotPermittedError: The actor is no information manager.
        BadInputError: The person is not in that team, or the day lies before the first.
    """
    check_reason(reason)
    require(actor, Act.GIVE_ROLES)
    with register.begin(council, actor, now=now) as trail:
        found = _standing(_in(register.memberships(council), person, team), london_date(now))
        if found is None:
            raise BadInputError(
                f"{person} is not in {team}.", remedy="`muniment people list` shows who is in which team."
            )
        _check_days(replace(found, until_on=until_on), "a time in a team")
        register.end_membership(council, found, until_on=until_on)
        trail.record(TeamLeft(person=person, team=team, before=found.until_on, after=until_on, reason=reason))


def _refuse_oneself(actor: Actor, person: str, what: str) -> None:
    if person in (actor.name, actor.login):
        raise NotPermittedError(
            f"{actor.name} cannot {what}.", remedy="Another information manager has to do this."
        )


def _check_days(given: _Given, what: str) -> None:
    if given.until_on is not None and given.until_on < given.from_on:
        raise BadInputError(f"The last day of {what} lies before its first.")


def _check_free(given: _Given, its: Iterable[_Given], *, what: str) -> None:
    if any(_in_one_time(one, given) for one in its):
        raise BadInputError(
            f"{given.person} is {what} in that time already.",
            remedy="`muniment people list` shows from when until when.",
        )


def _standing(its: Iterable[_Given], today: date) -> _Given | None:
    """Return the first of a person's times that is not over."""
    return next((one for one in its if one.until_on is None or one.until_on >= today), None)


def _of(appointments: Iterable[Appointment], person: str, role: Role) -> list[Appointment]:
    return [one for one in appointments if (one.person, one.role) == (person, role)]


def _in(memberships: Iterable[Membership], person: str, team: str) -> list[Membership]:
    return [one for one in memberships if (one.person, one.team) == (person, team)]


def _managers(appointments: tuple[Appointment, ...], on: date) -> set[str]:
    return {
        one.person for one in appointments if one.role is Role.INFORMATION_MANAGER and one.is_in_force(on)
    }


def _in_one_time(one: _Given, other: _Given) -> bool:
    ends_before = one.until_on is not None and one.until_on < other.from_on
    begins_after = other.until_on is not None and other.until_on < one.from_on
    return not (ends_before or begins_after)
