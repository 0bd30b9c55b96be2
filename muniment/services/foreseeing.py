"""A plan made before the transaction that executes it, and brought up to date inside it.

Making a plan reads the facts of every record: seconds at a million, for which neither a hold nor a capture
may have to wait. So it is made outside; inside, whatever it rests on is asked for again, at the price of what
came since: versions of newer commits, holds placed or added to, everything that people decided or recorded.
Where nothing differs the plan stands; where something does it is made again, of the facts in memory.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.columns import words_of
from muniment.domain.disposal import DisposalPlan
from muniment.domain.holdings import HOLDING_COLUMNS, holdings
from muniment.services.held import HeldThen, look, look_again
from muniment.services.retaining import Held, Retaining
from schemas.arrow import RECORD_SERIES
from schemas.errors import WriteConflictError

__all__ = ["Foresee", "Foreseeing", "Foreseen"]

Foreseen: TypeAlias = Callable[[], DisposalPlan]
"""Returns the plan as it is now. Called under the archive's lock and inside `register.begin` it is exact."""

Foresee: TypeAlias = Callable[[date, Sequence[str]], Foreseen]
"""Makes the plan of some records, and what belongs to their threads, as of a London day."""

_TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseeing:
    """Foresees plans of one kind.

    `basis` returns everything that a plan rests on beside the records and the day, as a value that equals
    another when the plans would; it is given what is held. `make` makes the plan.
    """

    retaining: Retaining
    basis: Callable[[date, frozenset[str]], object]
    make: Callable[[date, Held, frozenset[str]], DisposalPlan]

    def __call__(self, on: date, record_ids: Sequence[str]) -> Foreseen:
        """Make the plan; return what brings it up to date.

        Raises:
            BadInputError: No schedule is in force, or the one that is may dispose of nothing.
            WriteConflictError: The archive was rewritten whenever it was read: run it again.
        """
        for _ in range(_TRIES - 1):
            with suppress(WriteConflictError):  # outside the lock an erasure or a merge may take files away
                return self._seen(on, record_ids).now
        return self._seen(on, record_ids).now

    def _seen(self, on: date, record_ids: Sequence[str]) -> "_Seen":
        of = self.retaining
        records = of.held_with(record_ids)
        held = look(of.council, _ids(records), archive=of.archive, register=of.register)
        return _Seen(
            by=self,
            on=on,
            record_ids=record_ids,
            records=records,
            held=held,
            basis=self.basis(on, held.ids),
            plan=self.make(on, records, held.ids),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A plan, and what it was made of."""

    by: Foreseeing
    on: date
    record_ids: Sequence[str]
    records: Held
    held: HeldThen
    basis: object
    plan: DisposalPlan

    def now(self) -> DisposalPlan:
        of = self.by.retaining
        records = self._records_now()
        if records.records is self.records.records:
            held = look_again(self.held, of.council, archive=of.archive, register=of.register)
            if self.by.basis(self.on, held.ids) == self.basis:
                return replace(self.plan, commit_no=records.commit_no)
        else:
            held = look(of.council, _ids(records), archive=of.archive, register=of.register)
        return self.by.make(self.on, records, held.ids)

    def _records_now(self) -> Held:
        """Return the facts of the same records and of all else in their threads, as at the last commit."""
        of, then = self.by.retaining, self.records
        upto = of.archive.commit_no()
        if upto == then.commit_no:
            return then
        if of.register.last_closed_erasure(of.council) > then.commit_no or any(
            True for _ in of.register.erasures(of.council, after=then.commit_no)
        ):
            return of.held_with(self.record_ids)
        columns = ["record_id", "thread_id"]
        newer = of.archive.scan(series=RECORD_SERIES, columns=columns, after=then.commit_no, upto=upto)
        rows = pa.Table.from_batches(newer, schema=_KEYS)
        ids, threads = _ids(then), words_of(then.records, "thread_id")
        new = pc.or_(pc.is_in(rows["record_id"], ids), pc.is_in(rows["thread_id"], pc.unique(threads)))
        rows = rows.filter(new)
        if not len(rows):
            return Held(records=then.records, commit_no=upto)
        touched = pa.concat_arrays(
            [
                ids.filter(pc.is_in(threads, rows["thread_id"].combine_chunks())),
                rows["record_id"].combine_chunks(),
            ]
        ).unique()
        again = of.archive.scan(
            series=RECORD_SERIES, columns=HOLDING_COLUMNS, record_ids=touched.to_pylist(), upto=upto
        )
        untouched = then.records.filter(pc.invert(pc.is_in(ids, touched)))
        return Held(records=pa.concat_tables([untouched, holdings(again)]), commit_no=upto)


_KEYS: Final = pa.schema([pa.field("record_id", pa.string()), pa.field("thread_id", pa.string())])


def _ids(held: Held) -> pa.Array:
    return held.records["record_id"].combine_chunks()
