"""Entering what is given out, and following it when records in it are destroyed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from muniment.domain.certificate import Proof
from muniment.domain.disposal_events import GivenOutEntered
from muniment.domain.disposal_run import signed
from muniment.domain.given_out import GivenKind, GivenOut, Holding
from muniment.domain.people import Act, Actor, require
from muniment.ports import Register
from muniment.ports.given_out import GivenOutFiles
from muniment.services.checking import check_reason
from schemas.clock import Clock
from schemas.errors import BadInputError, StorageError
from schemas.london import LONDON, london_date

__all__ = ["GivingOut"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivingOut:
    """What one council gave out; `place_of` says where a path is below MUNIMENT_HOME, None: elsewhere."""

    council: str
    register: Register
    files: GivenOutFiles
    place_of: Callable[[Path], str | None]
    clock: Clock

    def enter(
        self,
        kind: GivenKind,
        record_ids: Sequence[str],
        *,
        actor: Actor,
        path: Path,
        reference: str | None = None,
    ) -> None:
        """Enter what is about to be written: rather one too many than one that nobody knows of."""
        given = GivenOut(
            kind=kind,
            by=signed(actor),
            at=self.clock.now(),
            records=len(record_ids),
            reference=reference,
            place=self.place_of(path),
        )
        self.register.add_given_out(self.council, given, record_ids)

    def enter_earlier(
        self, kind: GivenKind, record_ids: Sequence[str], *, on: date, reason: str, actor: Actor
    ) -> int:
        """Enter what was given out on a London day, of which this register does not know; return its size.

        It is out of reach: a certificate names it, and nothing is removed.

        Raises:
            NotPermittedError: The person has no role in which this is entered.
            BadInputError: No record, a day to come, no reason.
        """
        require(actor, Act.ENTER_GIVEN_OUT)
        check_reason(reason)
        now, ids = self.clock.now(), sorted(set(record_ids))
        if not ids:
            raise BadInputError("No record is named.", remedy="Write one record id on each line.")
        if on > london_date(now):
            raise BadInputError(
                f"{on:%-d %B %Y} is still to come.", remedy="Give the day on which it was given out."
            )
        at = datetime.combine(on, time(12), LONDON).astimezone(UTC)
        given = GivenOut(kind=kind, by=signed(actor), at=at, records=len(ids))
        with self.register.begin(self.council, actor, now=now) as trail:
            self.register.add_given_out(self.council, given, ids)
            trail.record(GivenOutEntered(kind=kind.value, on=on, records=len(ids), reason=reason))
        return len(ids)

    def holding(self, record_ids: Sequence[str]) -> tuple[Holding, ...]:
        """Return what was given out that holds one of these records, oldest first."""
        return self.register.given_out_with(self.council, record_ids)

    def lies(self, given: GivenOut) -> bool:
        """Return whether it is within reach still."""
        return given.place is not None and given.removed_at is None and self.files.lies(given.place)

    def clear(self, record_ids: Sequence[str]) -> Proof:
        """Remove what lies below MUNIMENT_HOME and holds one of these records.

        A package that waits for its receipt stays, and is named. A file that was written anew in the place of
        an earlier one is removed for both. What cannot be removed is pending: the certificate waits for it.
        Twice is once.
        """
        counts = {"given_out": 0, "removed": 0, "waiting_for_receipt": 0}
        pending: str | None = None
        cleared: dict[str, datetime] = {}
        for one in self.holding(record_ids):
            counts["given_out"] += 1
            given, place = one.given, one.given.place
            if given.removed_at is None and place in cleared and given.at <= cleared[place]:
                self._removed(given.number, cleared[place])
                counts["removed"] += 1
            elif given.removed_at is not None:
                counts["removed"] += 1
                if place is not None:
                    cleared[place] = given.removed_at
            elif place is not None and self.files.lies(place):
                if self._waits(given):
                    counts["waiting_for_receipt"] += 1
                    continue
                try:
                    self.files.remove(place)
                except StorageError as error:
                    pending = error.message
                    continue
                cleared[place] = self.clock.now()
                self._removed(given.number, cleared[place])
                counts["removed"] += 1
        return Proof(store="given out", proved=pending is None, counts=counts, pending=pending)

    def _removed(self, number: int, now: datetime) -> None:
        self.register.note_removed(self.council, number, now=now)

    def _waits(self, given: GivenOut) -> bool:
        if given.kind is not GivenKind.TRANSFER:
            return False
        made = self.register.transfers(self.council)
        return any(one.transfer == given.reference and one.receipt is None for one in made)
