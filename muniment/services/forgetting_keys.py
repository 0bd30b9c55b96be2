"""Ending stubs: a sealed key is destroyed with the last stubs under it, by two people.

The ids are gone, so stubs cannot be digested anew: a key stays, sealed, until its last stub ends. Its stubs
go with it; what they hid is unknown from then on, and could be captured again. Source: records-law.md 4.6,
data-model.md 8.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from muniment.domain.audit import Act as Told
from muniment.domain.audit import act_of
from muniment.domain.disposal_events import StubKeyForgetAsked, StubKeyForgotten
from muniment.domain.disposal_run import hands, signed
from muniment.domain.event import Tag, Term
from muniment.domain.floors import class_ending
from muniment.domain.people import Act, Actor, Role, require, require_another
from muniment.domain.period import TRIGGER
from muniment.domain.retention import Schedule
from muniment.domain.stub import StubKey
from muniment.ports import Register
from muniment.services.checking import check_reason
from schemas.clock import Clock
from schemas.counted import counted
from schemas.errors import BadInputError, NotPermittedError
from schemas.london import london_date

__all__ = ["ForgettingKeys", "KeyTold"]

_ASKED_LASTS: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTold:
    """A key of stubs: whether it is in use, how many stubs of this council stand under it, and until when."""

    key_id: str
    in_use: bool
    stubs: int
    ends_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgettingKeys:
    """The acts of one person on a council's keys of stubs. `keys` gives all, the one in use first.

    `check_destroyable` raises BadInputError where `destroy` would.
    """

    council: str
    register: Register
    keys: Callable[[], tuple[StubKey, ...]]
    check_destroyable: Callable[[str], None]
    destroy: Callable[[str], None]
    schedule: Callable[[], Schedule | None]
    clock: Clock
    actor: Actor

    def all(self) -> tuple[KeyTold, ...]:
        """Return every key, the one in use first."""
        counts = self.register.stub_counts(self.council)
        return tuple(
            KeyTold(
                key_id=key.key_id,
                in_use=place == 0,
                stubs=counts.get(key.key_id, 0),
                ends_on=self._ends_on(key.key_id),
            )
            for place, key in enumerate(self.keys())
        )

    def forget(self, key_id: str, *, reason: str) -> bool:
        """Ask that a key be destroyed, or agree to what another person asked; return whether it is gone.

        Raises:
            NotPermittedError: The person has no role for it, asked for it, or neither is information manager.
            BadInputError: There is no such sealed key, a stub under it has not ended, or no reason is given.
        """
        require(self.actor, Act.FORGET_STUB_KEY)
        check_reason(reason)
        now = self.clock.now()
        with self.register.begin(self.council, self.actor, now=now) as trail:
            stubs = self._check(key_id)
            asked = self._asked(key_id)
            if asked is None or self._is_mine(asked):
                trail.record(StubKeyForgetAsked(key_id=key_id, reason=reason))
                return False
            require_another(self.actor, hands(signed(asked.actor)), "asked for it")
            if Role.INFORMATION_MANAGER not in self.actor.roles | asked.actor.roles:
                raise NotPermittedError("One of the two who destroy a key is information manager.")
            self.register.end_stubs(self.council, key_id)
            trail.record(StubKeyForgotten(key_id=key_id, stubs=stubs, reason=reason))
        # Only once that is written: stubs under a key that is gone would stop every capture, while a key
        # without stubs waits for the same two people to say it again.
        self.destroy(key_id)
        return True

    def _check(self, key_id: str) -> int:
        """Refuse a key that must stay; return how many stubs end with it."""
        told = next((one for one in self.all() if one.key_id == key_id), None)
        if told is None or told.in_use:
            raise BadInputError(
                f"There is no sealed key {key_id} of stubs.", remedy="`muniment dispose keys` lists them."
            )
        self.check_destroyable(key_id)
        others = self.register.councils_under(key_id) - {self.council}
        if others:
            raise BadInputError(
                f"Stubs of {', '.join(sorted(others))} stand under the key {key_id} too.",
                remedy="Their stubs have to end first.",
            )
        if told.stubs and (told.ends_on is None or told.ends_on > london_date(self.clock.now())):
            ends = "never ends" if told.ends_on is None else f"ends on {told.ends_on:%-d %B %Y}"
            raise BadInputError(
                f"{counted(told.stubs, 'stub stands', 'stubs stand')} under the key {key_id}; "
                f"the period {ends}.",
                remedy=f"The class {Term.FOR_EVER.value} of the schedule says how long stubs are kept.",
            )
        return told.stubs

    def _ends_on(self, key_id: str) -> date | None:
        """Return from which day the last stub under a key may end; None: it never does, or there is none."""
        last = self.register.last_stub_on(self.council, key_id)
        schedule = self.schedule()
        one = None if schedule is None else schedule.classes.get(Term.FOR_EVER.value)
        if last is None or schedule is None or one is None:
            return None
        return class_ending(
            one, {TRIGGER: last, one.event: last}, current_year=schedule.current_year
        ).eligible_from

    def _asked(self, key_id: str) -> Told | None:
        """Return the newest asking that stands."""
        since = self.clock.now() - _ASKED_LASTS
        found: Told | None = None
        for entry in self.register.audit_entries(
            self.council, since=since, tags=(Tag.STUB_KEY_FORGET_ASKED.value,)
        ):
            told = None if entry.text is None else act_of(entry.tag, entry.text)
            if (
                told is not None
                and isinstance(told.event, StubKeyForgetAsked)
                and told.event.key_id == key_id
            ):
                found = told
        return found

    def _is_mine(self, asked: Told) -> bool:
        return signed(asked.actor) == signed(self.actor)
