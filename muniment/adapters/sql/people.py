"""People's roles and teams in the register."""

from datetime import date

import sqlalchemy as sa
from typing_extensions import override

from muniment.adapters.sql import hold_tables as h
from muniment.adapters.sql.engine import Part
from muniment.domain.people import Appointment, Membership, Role
from muniment.ports.audit import People

__all__ = ["SqlPeople"]

_p, _m = h.appointments.c, h.team_members.c


class SqlPeople(Part, People):
    """Who has which role, and is in which team, from when until when."""

    @override
    def appointments(self, council: str) -> tuple[Appointment, ...]:
        wanted = sa.select(h.appointments).where(_p.council == council)
        with self._database.read() as connection:
            rows = connection.execute(wanted.order_by(_p.person, _p.role, _p.from_on)).all()
        return tuple(
            Appointment(person=row.person, role=Role(row.role), from_on=row.from_on, until_on=row.until_on)
            for row in rows
        )

    @override
    def appoint(self, council: str, appointment: Appointment) -> None:
        new = self._database.insert(h.appointments).values(
            council=council,
            person=appointment.person,
            role=appointment.role.value,
            from_on=appointment.from_on,
            until_on=appointment.until_on,
        )
        with self._database.write(council, durable=True) as connection:
            connection.execute(new)

    @override
    def end_appointment(self, council: str, appointment: Appointment, *, until_on: date) -> None:
        one = (
            _p.council == council,
            _p.person == appointment.person,
            _p.role == appointment.role.value,
            _p.from_on == appointment.from_on,
        )
        with self._database.write(council, durable=True) as connection:
            connection.execute(sa.update(h.appointments).where(*one).values(until_on=until_on))

    @override
    def memberships(self, council: str) -> tuple[Membership, ...]:
        wanted = sa.select(h.team_members).where(_m.council == council)
        with self._database.read() as connection:
            rows = connection.execute(wanted.order_by(_m.person, _m.team, _m.from_on)).all()
        return tuple(
            Membership(person=row.person, team=row.team, from_on=row.from_on, until_on=row.until_on)
            for row in rows
        )

    @override
    def admit(self, council: str, membership: Membership) -> None:
        new = self._database.insert(h.team_members).values(
            council=council,
            person=membership.person,
            team=membership.team,
            from_on=membership.from_on,
            until_on=membership.until_on,
        )
        with self._database.write(council, durable=True) as connection:
            connection.execute(new)

    @override
    def end_membership(self, council: str, membership: Membership, *, until_on: date) -> None:
        one = (
            _m.council == council,
            _m.person == membership.person,
            _m.team == membership.team,
            _m.from_on == membership.from_on,
        )
        with self._database.write(council, durable=True) as connection:
            connection.execute(sa.update(h.team_members).where(*one).values(until_on=until_on))
