"""Giving people roles and ending them, on record."""

from datetime import date, datetime, timedelta

from muniment.domain.events import RoleEnded, RoleGiven
from muniment.domain.people import Act, Actor, Appointment, Role, london_date, require
from muniment.ports import Register
from schemas.errors import BadInputError, NotPermittedError

__all__ = ["appoint", "end"]


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
    _check_reason(reason)
    with register.begin(council, actor, now=now) as trail:
        known = register.appointments(council)
        if _managers(known, london_date(now)) or appointment.role is not Role.INFORMATION_MANAGER:
            require(actor, Act.GIVE_ROLES)
            if appointment.person in (actor.name, actor.login):
                raise NotPermittedError(
                    f"{actor.name} cannot give themselves a role.",
                    remedy="Another information manager has to do this.",
                )
        if appointment.until_on is not None and appointment.until_on < appointment.from_on:
            raise BadInputError("The last day of a role lies before its first.")
        if any(_overlap(one, appointment) for one in known):
            raise BadInputError(
                f"{appointment.person} is {appointment.role} in that time already.",
                remedy="`muniment people list` shows from when until when.",
            )
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
    _check_reason(reason)
    require(actor, Act.GIVE_ROLES)
    with register.begin(council, actor, now=now) as trail:
        known = register.appointments(council)
        today = london_date(now)
        its = (one for one in known if (one.person, one.role) == (person, role))
        found = next((one for one in its if one.until_on is None or one.until_on >= today), None)
        if found is None:
            raise BadInputError(
                f"{person} is not {role}.", remedy="`muniment people list` shows who has which role."
            )
        if until_on < found.from_on:
            raise BadInputError("The last day of a role lies before its first.")
        if role is Role.INFORMATION_MANAGER and not _managers(known, until_on + timedelta(days=1)) - {person}:
            raise BadInputError(
                f"After {person} nobody would be information manager.",
                remedy="Give somebody else that role first.",
            )
        register.end_appointment(council, found, until_on=until_on)
        trail.record(
            RoleEnded(person=person, role=role.value, before=found.until_on, after=until_on, reason=reason)
        )


def _managers(appointments: tuple[Appointment, ...], on: date) -> set[str]:
    return {
        one.person for one in appointments if one.role is Role.INFORMATION_MANAGER and one.is_in_force(on)
    }


def _overlap(one: Appointment, other: Appointment) -> bool:
    if (one.person, one.role) != (other.person, other.role):
        return False
    ends_before = one.until_on is not None and one.until_on < other.from_on
    begins_after = other.until_on is not None and other.until_on < one.from_on
    return not (ends_before or begins_after)


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise BadInputError("The reason is missing: it is read years later.", remedy="Give --reason.")
