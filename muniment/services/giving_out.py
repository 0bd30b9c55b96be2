"""Entering what is given out, and following it when records in it are destroyed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from muniment.domain.certificate import Proof
from muniment.domain.disposal_run import signed
from muniment.domain.given_out import GivenKind, GivenOut, Holding
from muniment.domain.people import Actor
from muniment.ports import Register
from muniment.ports.given_out import GivenOutFiles
from schemas.clock import Clock
from schemas.errors import StorageError

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

    def holding(self, record_ids: Sequence[str]) -> tuple[Holding, ...]:
        """Return what was given out that holds one of these records, oldest first."""
        return self.register.given_out_with(self.council, record_ids)

    def lies(self, given: GivenOut) -> bool:
        """Return whether it is within reach still."""
        return given.place is not None and given.removed_at is None and self.files.lies(given.place)

    def clear(self, record_ids: Sequence[str]) -> Proof:
        """Remove what lies below MUNIMENT_HOME and holds one of these records.

        A package that waits for its receipt stays, and is named. What cannot be removed is pending: the
        certificate waits for it. Twice is once.
        """
        counts = {"given_out": 0, "removed": 0, "waiting_for_receipt": 0}
        pending: str | None = None
        for one in self.holding(record_ids):
            counts["given_out"] += 1
            given, place = one.given, one.given.place
            if given.removed_at is not None:
                counts["removed"] += 1
            elif place is not None and self.files.lies(place):
                if self._waits(given):
                    counts["waiting_for_receipt"] += 1
                    continue
                try:
                    self.files.remove(place)
                except StorageError as error:
                    pending = error.message
                    continue
                self._removed(given.number, self.clock.now())
                counts["removed"] += 1
        return Proof(store="given out", proved=pending is None, counts=counts, pending=pending)

    def _removed(self, number: int, now: datetime) -> None:
        self.register.note_removed(self.council, number, now=now)

    def _waits(self, given: GivenOut) -> bool:
        if given.kind is not GivenKind.TRANSFER:
            return False
        made = self.register.transfers(self.council)
        return any(one.transfer == given.reference and one.receipt is None for one in made)
