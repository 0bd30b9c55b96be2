"""What the services need of the register's holds. `ports.Register` is one of these too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    import pyarrow as pa

    from muniment.domain.holds import Hold, HoldKind

__all__ = ["Holds", "NewHold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHold:
    """A hold to be placed. `typed` None: its records are given one by one."""

    kind: HoldKind
    reference: str
    reason: str
    typed: str | None
    case_id: str | None
    placed_by: str
    review_on: date


class Holds(Protocol):
    """Holds and the records under them. Every change belongs inside `begin`, which locks the council's row.

    Disposal decides what is held inside its executing transaction with `services.held`, which
    adds what newer commits brought; `held_records` alone knows only what was resolved.
    """

    def place_hold(self, council: str, new: NewHold, *, now: datetime) -> Hold:
        """Place a hold with nothing resolved yet: from here on it stops every disposal of what it covers."""
        ...

    def holds(self, council: str, *, released: bool = False) -> tuple[Hold, ...]:
        """Return the open holds, or (`released`) all there ever were, by number."""
        ...

    def hold(self, council: str, hold_id: int) -> Hold:
        """Return one hold.

        Raises:
            BadInputError: The council has no such hold.
        """
        ...

    def add_to_hold(self, council: str, hold_id: int, record_ids: Iterable[str]) -> None:
        """Put records, and the other ids that they go by, under a hold; twice is once."""
        ...

    def added_to_holds(self, council: str) -> Mapping[int, int]:
        """Return for each open hold a number that has grown whenever records were put under it."""
        ...

    def advance_holds(self, council: str, hold_ids: Sequence[int], *, upto: int) -> None:
        """Remember that what commits up to `upto` brought is resolved; a watermark never goes back."""
        ...

    def review_hold(self, council: str, hold_id: int, *, review_on: date) -> None:
        """Set the next day by which a person looks at it."""
        ...

    def release_hold(self, council: str, hold_id: int, *, by: str, reason: str, now: datetime) -> int:
        """Release a hold; return how many of its records are under no other open one.

        They stay listed under it: what was held when, and why, is history until they are erased.
        """
        ...

    def held_records(self, council: str, record_ids: pa.Array | None = None) -> pa.Table:
        """Return which records (None: of all) open holds stop, as resolved so far: a HELD table.

        A record that goes by another id too is held when either is.
        """
        ...

    def records_of_hold(self, council: str, hold_id: int) -> tuple[str, ...]:
        """Return the records of a hold, sorted."""
        ...

    def tie(self, council: str, record_id: str, other_id: str) -> None:
        """Remember that two ids are one record (data-model.md 2)."""
        ...

    def ties(self, council: str) -> frozenset[tuple[str, str]]:
        """Return every two ids that are one record, told both ways: hardly ever any."""
        ...

    def aliases_of(self, council: str, record_ids: Iterable[str]) -> frozenset[str]:
        """Return the other ids that these records go by, whatever way they were tied."""
        ...
