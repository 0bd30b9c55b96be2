"""People: who acts, in which role, and which acts need which role. Pure.

Roles are given for a time, on London dates, by a person who may give them. muniment does not sign anybody in:
it takes the name that the machine gives (docs/operate/people.md), and asks the register what that person is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from schemas.errors import NotPermittedError

__all__ = [
    "MAY",
    "SYSTEM",
    "Act",
    "Actor",
    "Appointment",
    "Membership",
    "Role",
    "may_see",
    "require",
    "require_another",
    "require_sight",
    "roles_on",
    "teams_on",
]


class Role(StrEnum):
    """What a person is in the keeping of records; a person may be several."""

    RECORDS_OFFICER = "records officer"
    REVIEWER = "reviewer"
    ARCHIVIST = "archivist"
    INFORMATION_MANAGER = "information manager"
    INVESTIGATOR = "investigator"
    AUDITOR = "auditor"


class Act(StrEnum):
    """What only people in certain roles may do, in the words of a sentence: "to place a hold"."""

    GIVE_ROLES = "give and end roles"
    PLACE_HOLD = "place a hold"
    REVIEW_HOLD = "review a hold"
    RELEASE_HOLD = "release a hold"
    ADOPT_SCHEDULE = "adopt a retention schedule"
    RECORD_TRIGGER = "record an event that periods count from"
    LINK_CASE = "link records to a case"
    DECIDE_CLASS = "decide the class of records"
    APPROVE_CLASS = "approve a decision that ends a period sooner"
    MAKE_TRANSFER = "make a package for the record office"
    RECEIVE_TRANSFER = "enter the record office's receipt"
    READ_AUDIT = "read the audit"
    DESTROY_AUDIT_TEXTS = "destroy texts of the audit"
    PROPOSE_DISPOSAL = "propose a disposal"
    REVIEW_DISPOSAL = "review a disposal list"
    REVIEW_TRANSFER = "decide what the record office takes"
    APPROVE_DISPOSAL = "approve a disposal"
    CANCEL_DISPOSAL = "stop a disposal"
    RUN_DISPOSAL = "execute a disposal"
    END_COPIES = "say that remaining copies are gone"
    ENTER_GIVEN_OUT = "enter what was given out before"
    ROTATE_STUB_KEY = "take a new key of stubs"
    FORGET_STUB_KEY = "destroy a key of stubs"
    WRITE_STUBS = "write the stubs to a file"
    FILTER_RESTORED = "erase from a restored archive what was destroyed before"
    REREAD = "have kept exhibits read again"
    ADOPT_REGISTER = "go on with a register that is older than its archive"


MAY: Final[Mapping[Act, frozenset[Role]]] = MappingProxyType(
    {
        Act.GIVE_ROLES: frozenset({Role.INFORMATION_MANAGER}),
        Act.PLACE_HOLD: frozenset({Role.RECORDS_OFFICER, Role.INFORMATION_MANAGER, Role.INVESTIGATOR}),
        Act.REVIEW_HOLD: frozenset({Role.RECORDS_OFFICER, Role.INFORMATION_MANAGER}),
        Act.RELEASE_HOLD: frozenset({Role.RECORDS_OFFICER, Role.INFORMATION_MANAGER}),
        Act.ADOPT_SCHEDULE: frozenset({Role.INFORMATION_MANAGER}),
        Act.RECORD_TRIGGER: frozenset({Role.RECORDS_OFFICER, Role.INFORMATION_MANAGER}),
        Act.LINK_CASE: frozenset({Role.RECORDS_OFFICER, Role.INFORMATION_MANAGER, Role.INVESTIGATOR}),
        Act.DECIDE_CLASS: frozenset({Role.RECORDS_OFFICER, Role.INFORMATION_MANAGER}),
        Act.APPROVE_CLASS: frozenset({Role.RECORDS_OFFICER, Role.INFORMATION_MANAGER}),
        Act.MAKE_TRANSFER: frozenset({Role.ARCHIVIST}),
        Act.RECEIVE_TRANSFER: frozenset({Role.ARCHIVIST}),
        Act.READ_AUDIT: frozenset({Role.AUDITOR, Role.INFORMATION_MANAGER}),
        Act.DESTROY_AUDIT_TEXTS: frozenset({Role.INFORMATION_MANAGER}),
        Act.PROPOSE_DISPOSAL: frozenset({Role.RECORDS_OFFICER}),
        Act.REVIEW_DISPOSAL: frozenset({Role.RECORDS_OFFICER, Role.REVIEWER}),
        Act.REVIEW_TRANSFER: frozenset({Role.ARCHIVIST}),
        Act.APPROVE_DISPOSAL: frozenset({Role.INFORMATION_MANAGER, Role.RECORDS_OFFICER, Role.REVIEWER}),
        Act.CANCEL_DISPOSAL: frozenset({Role.RECORDS_OFFICER, Role.INFORMATION_MANAGER}),
        Act.RUN_DISPOSAL: frozenset({Role.RECORDS_OFFICER, Role.INFORMATION_MANAGER}),
        Act.END_COPIES: frozenset({Role.RECORDS_OFFICER, Role.INFORMATION_MANAGER}),
        Act.ENTER_GIVEN_OUT: frozenset({Role.RECORDS_OFFICER, Role.INFORMATION_MANAGER}),
        Act.ROTATE_STUB_KEY: frozenset({Role.INFORMATION_MANAGER}),
        Act.FORGET_STUB_KEY: frozenset({Role.RECORDS_OFFICER, Role.INFORMATION_MANAGER}),
        Act.WRITE_STUBS: frozenset({Role.RECORDS_OFFICER, Role.INFORMATION_MANAGER}),
        Act.FILTER_RESTORED: frozenset({Role.RECORDS_OFFICER, Role.INFORMATION_MANAGER}),
        Act.REREAD: frozenset({Role.RECORDS_OFFICER, Role.INFORMATION_MANAGER}),
        Act.ADOPT_REGISTER: frozenset({Role.INFORMATION_MANAGER}),
    }
)
"""Who may do what. More may place a hold than release one: a hold too many is mended at its review."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts. `login` is the operating system's word, where the person told another name.

    `teams` are those that the register has the person in: they open what a schedule restricts to them.
    """

    name: str
    roles: frozenset[Role] = frozenset()
    login: str | None = None
    teams: frozenset[str] = frozenset()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A team that a person is in, from a London day to another, both included; None: without an end.

    A team is a service of the council (HR, Planning) or a partner council, by the name that schedule or
    account register gives it.
    """

    person: str
    team: str
    from_on: date
    until_on: date | None = None

    def is_in_force(self, on: date) -> bool:
        """Return whether the person is in the team on a London day."""
        return self.from_on <= on and (self.until_on is None or on <= self.until_on)


def teams_on(memberships: Iterable[Membership], person: str, on: date) -> frozenset[str]:
    """Return the teams that a person is in on a London day."""
    return frozenset(one.team for one in memberships if one.person == person and one.is_in_force(on))


def may_see(actor: Actor) -> frozenset[str]:
    """Return what `restricted_to` may say for this person to see a record: teams, and names of roles."""
    return actor.teams | {role.value for role in actor.roles}


def require_sight(actor: Actor, restricted_to: Iterable[str]) -> None:
    """Refuse who may not see a list; the system, which shows nobody anything, may work on all.

    Args:
        actor: Who wants to see it, or to have a say in it.
        restricted_to: The teams and roles that alone may; empty: all may. Who is in all of them may.

    Raises:
        NotPermittedError: The person is not in all of them.

    Source:
        records-law.md 3, G8: restricted series are invisible without the role.
    """
    wanting = sorted(set(restricted_to) - may_see(actor))
    if wanting and actor != SYSTEM:
        raise NotPermittedError(
            f"{actor.name} may not see this list: only {' and '.join(wanting)} may.",
            remedy="`muniment people list` shows who is in which team; an information manager admits people.",
        )


def require(actor: Actor, act: Act) -> None:
    """Refuse who has no role for an act.

    Raises:
        NotPermittedError: None of the person's roles may do this; the message says which may.
    """
    allowed = MAY[act]
    if actor.roles.isdisjoint(allowed):
        roles = " or ".join(sorted(allowed))
        raise NotPermittedError(
            f"{actor.name} may not {act}: that takes the role of {roles}.",
            remedy="`muniment people list` shows who has which role; an information manager gives them.",
        )


def require_another(actor: Actor, others: Iterable[str], what: str) -> None:
    """Refuse a person who has already had a hand in what needs a second pair of eyes.

    Args:
        actor: Who wants to act; the login counts too, so who acted as the login is known under another name.
        others: The names and logins of those who acted before.
        what: What the person did before, to end "..., who".

    Raises:
        NotPermittedError: It is the same person.

    Source:
        records-law.md 4.4: approved by two different people, neither of whom prepared the list.
    """
    told = set(others)
    if actor.name in told:
        raise NotPermittedError(
            f"{actor.name}, who {what}, cannot approve it too.", remedy="Another person has to do this."
        )
    if actor.login in told:
        raise NotPermittedError(
            f"{actor.name} is signed in as {actor.login}, as is who {what}: that is no second person.",
            remedy="Another person has to do this, with a login of their own (docs/operate/people.md).",
        )
