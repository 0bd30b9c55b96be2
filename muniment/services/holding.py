"""Holds: placed, resolved to records, asked for, reviewed, released (data-model.md 8).

A hold stops disposal from the moment it is placed, before anybody knows what it covers: that is found
afterwards, in the archive, by the plain evaluator, and with every new commit from then on. Disposal asks
`services.held` inside its executing transaction, which also evaluates what no resolution has reached yet, for
the records that it is about to destroy and for no others.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from muniment.domain.events import HoldPlaced, HoldReleased, HoldResolved, HoldReviewed
from muniment.domain.holds import Hold, review_day
from muniment.domain.people import SYSTEM, Act, Actor, require
from muniment.ports import Archive, NewHold, Register
from muniment.search.parse import parse
from muniment.services.checking import check_reason, refuse_unknown
from muniment.services.indexing import changed_entries, every_entry, portions, rows_of_commits
from muniment.services.scoping import in_scope, scopes_of, stood
from schemas.arrow import RECORD_SERIES
from schemas.errors import BadInputError
from schemas.london import london_date

__all__ = ["Placed", "catch_up_holds", "place", "release", "review"]

_PORTION_ROWS: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A hold as placed and resolved. `too_late` were being destroyed already, or are gone."""

    hold: Hold
    too_late: frozenset[str]


def place(
    council: str,
    new: NewHold,
    record_ids: Sequence[str] = (),
    *,
    archive: Archive,
    register: Register,
    actor: Actor,
    now: datetime,
) -> Placed:
    """Place a hold and resolve its scope; it stops disposal before the second begins.

    Args:
        council: Whose records.
        new: What is to be placed; its scope is `new.typed`, or the records given one by one.
        record_ids: A frozen set, when `new.typed` is None.
        archive: Where the scope is looked for.
        register: Where the hold is kept.
        actor: Who places it.
        now: The present.

    Raises:
        NotPermittedError: The person has no role in which holds are placed.
        QueryError: A mistake in the scope.
        BadInputError: No reason, no reference, no scope or two, an unknown record, a day of review too late.
    """
    require(actor, Act.PLACE_HOLD)
    _check(new, record_ids, today=london_date(now))
    wanted = tuple(dict.fromkeys(record_ids))
    lost = register.disposed(council, wanted)
    _check_records(archive, record_ids, lost)
    with register.begin(council, actor, now=now) as trail:
        hold = register.place_hold(council, new, now=now)
        gone = register.disposed(council, wanted)
        register.add_to_hold(council, hold.hold_id, (one for one in wanted if one not in gone))
        trail.record(
            HoldPlaced(
                hold_id=hold.hold_id,
                kind=new.kind,
                reference=new.reference,
                reason=new.reason,
                typed=new.typed,
                records=len(wanted) - len(gone),
                too_late=len(gone),
                review_on=new.review_on,
                case_id=new.case_id,
            )
        )
    if new.typed is not None:
        gone = catch_up_holds(council, archive=archive, register=register, now=now, only=hold.hold_id)
    return Placed(hold=register.hold(council, hold.hold_id), too_late=gone)


def catch_up_holds(
    council: str, *, archive: Archive, register: Register, now: datetime, only: int | None = None
) -> frozenset[str]:
    """Put what commits brought since under the open holds whose scope it falls in; twice is once.

    After each run, before each plan, and when a hold is placed (`only`). Nothing depends on its being called:
    what it has not reached is evaluated by `services.held`.

    Returns:
        The records in scope that were too late: being destroyed, or gone.
    """
    upto = archive.commit_no()
    behind = [
        hold
        for hold in register.holds(council)
        if hold.typed is not None and hold.watermark < upto and only in (None, hold.hold_id)
    ]
    too_late: set[str] = set()
    for watermark, holds in _by_watermark(behind):
        scopes = scopes_of(holds)
        start = watermark
        for end in _ends(archive, watermark, upto):
            entries = changed_entries(archive, start, end) if start else every_entry(archive, end)
            found = in_scope(entries, scopes, stood(archive, after=start, upto=end))
            too_late |= _file(council, found, register=register, upto=end, first=not watermark, now=now)
            start = end
    return frozenset(too_late)


def _ends(archive: Archive, watermark: int, upto: int) -> Iterable[int]:
    """Return the commits that end portions; the whole archive is read as one."""
    if not watermark:
        return (upto,)
    return portions(rows_of_commits(archive, watermark, upto), watermark, upto, _PORTION_ROWS)


def review(
    council: str,
    hold_id: int,
    *,
    review_on: date | None,
    reason: str,
    register: Register,
    actor: Actor,
    now: datetime,
) -> Hold:
    """Keep a hold until another day of review, six months on unless told otherwise.

    Raises:
        NotPermittedError: The person has no role in which holds are reviewed.
        BadInputError: There is no such open hold, no reason, or the day lies too far ahead.
    """
    require(actor, Act.REVIEW_HOLD)
    check_reason(reason)
    with register.begin(council, actor, now=now) as trail:
        hold = register.hold(council, hold_id)
        day = review_day(review_on, london_date(now))
        register.review_hold(council, hold_id, review_on=day)
        trail.record(HoldReviewed(hold_id=hold_id, before=hold.review_on, after=day, reason=reason))
        return register.hold(council, hold_id)


def release(
    council: str, hold_id: int, *, reason: str, register: Register, actor: Actor, now: datetime
) -> int:
    """Release a hold; return how many of its records are under no other hold now.

    Raises:
        NotPermittedError: The person has no role in which holds are released.
        BadInputError: There is no such open hold, or no reason.
    """
    require(actor, Act.RELEASE_HOLD)
    check_reason(reason)
    with register.begin(council, actor, now=now) as trail:
        hold = register.hold(council, hold_id)
        freed = register.release_hold(council, hold_id, by=actor.name, reason=reason, now=now)
        trail.record(
            HoldReleased(
                hold_id=hold_id,
                reference=hold.reference,
                records=hold.records,
                freed=freed,
                reason=reason,
            )
        )
    return freed


def _check(new: NewHold, record_ids: Sequence[str], *, today: date) -> None:
    check_reason(new.reason)
    if not new.reference.strip():
        raise BadInputError("A hold needs the reference of its request or case.", remedy="Give --reference.")
    if (new.typed is None) == (not record_ids):
        raise BadInputError(
            "A hold covers a search or a set of records: one of the two.",
            remedy="Give a query, or --records with a file of record ids.",
        )
    if new.typed is not None:
        parse(new.typed, classed=False)
    review_day(new.review_on, today)


def _check_records(archive: Archive, record_ids: Sequence[str], lost: Collection[str]) -> None:
    if not record_ids:
        return
    known = set(lost)
    for batch in archive.scan(series=RECORD_SERIES, columns=["record_id"], record_ids=record_ids):
        known.update(batch["record_id"].to_pylist())
    refuse_unknown([one in known for one in record_ids])


def _by_watermark(holds: Iterable[Hold]) -> list[tuple[int, list[Hold]]]:
    found: dict[int, list[Hold]] = {}
    for hold in holds:
        found.setdefault(hold.watermark, []).append(hold)
    return sorted(found.items())


def _file(
    council: str,
    found: Mapping[int, set[str]],
    *,
    register: Register,
    upto: int,
    first: bool,
    now: datetime,
) -> set[str]:
    """Put what was found under its holds, in one transaction; return what was too late."""
    too_late: set[str] = set()
    with register.begin(council, SYSTEM, now=now) as trail:
        lost = register.disposed(council, sorted(set().union(*found.values())))
        for hold_id, ids in found.items():
            if not ids and not first:  # of a thousand holds a commit concerns few
                continue
            before = register.hold(council, hold_id)
            if not before.is_open:
                continue
            gone = ids & lost
            register.add_to_hold(council, hold_id, sorted(ids - gone))
            added = register.hold(council, hold_id).records - before.records
            if first or added:
                trail.record(HoldResolved(hold_id=hold_id, records=added, too_late=len(gone), commit_no=upto))
            too_late |= gone
        register.advance_holds(council, list(found), upto=upto)
    return too_late
