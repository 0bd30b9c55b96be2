"""People's roles in the register."""

from datetime import date

import sqlalchemy as sa
from typing_extensions import override

from muniment.adapters import sql_hold_tables as h
from muniment.adapters.sql_engine import Part
from muniment.domain.people import Appointment, Role
from muniment.ports.audit import People

__all__ = ["SqlPeople"]

_p = h.appointments.c


class SqlPeople(Part, People):
    """Who has which role, from when until when."""

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
