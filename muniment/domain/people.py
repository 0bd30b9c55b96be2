"""People: who acts, in which role, and which acts need which role. Pure.

Roles are given for a time, on London dates, by a person who may give them. muniment does not sign anybody in:
it takes the name that the machine gives (docs/operate/people.md), and asks the register what that person is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["SYSTEM", "Actor", "Appointment", "Role", "london_date", "roles_on"]

_LONDON: Final = ZoneInfo("Europe/London")


class Role(StrEnum):
    """What a person is in the keeping of records; a person may be several."""

    RECORDS_OFFICER = "records officer"
    REVIEWER = "reviewer"
    ARCHIVIST = "archivist"
    INFORMATION_MANAGER = "information manager"
    INVESTIGATOR = "investigator"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts. `login` is the operating system's word, where the person told another name."""

    name: str
    roles: frozenset[Role] = frozenset()
    login: str | None = None


SYSTEM: Final = Actor(name="muniment")
"""Who acts when no person does: a schedule, or a rule that follows from what a platform answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """A role that a person has from a London day to another, both included; None: without an end."""

    person: str
    role: Role
    from_on: date
    until_on: date | None = None

    def is_in_force(self, on: date) -> bool:
        """Return whether the person has the role on a London day."""
        return self.from_on <= on and (self.until_on is None or on <= self.until_on)


def roles_on(appointments: Iterable[Appointment], person: str, on: date) -> frozenset[Role]:
    """Return the roles that a person has on a London day."""
    return frozenset(one.role for one in appointments if one.person == person and one.is_in_force(on))


def london_date(moment: datetime) -> date:
    """Return the Europe/London date of an instant: the date that every rule and every person goes by."""
    return moment.astimezone(_LONDON).date()
