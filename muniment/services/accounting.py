"""Why a record is not held: destroyed (by which certificate), never seen (and when we were blind), or held.

The answer goes to whoever asks a council for a record that it does not have: "we destroyed it under our
schedule on 3 March" and "we never had it" are different answers, and each must be shown.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import pyarrow.compute as pc

from muniment.domain.disposal_run import Run
from muniment.domain.naming import may_mean
from muniment.domain.stub import Stub
from muniment.ports import Archive, Register
from schemas.arrow import RECORD_SERIES
from schemas.errors import BadInputError
from schemas.report import Gap

__all__ = ["Account", "Found", "why"]


class Found(StrEnum):
    """What is known of a record that somebody named."""

    HELD = "held"
    BEING_DESTROYED = "being destroyed"
    DESTROYED = "destroyed"
    NEVER_HELD = "never held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The answer. `record_id` is what was found, else what was asked; `gaps` touch the day asked about.

    A stub that came from a file may name a `run` that this register does not have: None.
    """

    record_id: str
    found: Found
    stub: Stub | None = None
    run: Run | None = None
    gaps: tuple[Gap, ...] = ()


def why(council: str, asked: str, *, archive: Archive, register: Register, on: date | None = None) -> Account:
    """Return why a record is not held, or that it is.

    Args:
        council: Whose archive.
        asked: A record id or a web address.
        archive: Where it would be.
        register: Where stubs and gaps are.
        on: The London day on which it was published, when known: gaps of that day may be the reason.

    Raises:
        BadInputError: Nothing is named.
    """
    if not asked.strip():
        raise BadInputError("No record is named.", remedy="Give its id or its web address.")
    names = may_mean(asked)
    for record_id in names:
        stub = register.stub(council, record_id)
        if stub is not None:
            run = next((one for one in register.disposal_runs(council) if one.run == stub.run), None)
            underway = run is not None and run.closed_at is None
            found = Found.BEING_DESTROYED if underway else Found.DESTROYED
            return Account(record_id=record_id, found=found, stub=stub, run=run)
    for batch in archive.scan(series=RECORD_SERIES, columns=["record_id"], record_ids=names):
        for record_id in batch["record_id"].to_pylist():
            return Account(record_id=record_id, found=Found.HELD)
    by_address = _by_address(archive, names[0])
    if by_address is not None:
        return Account(record_id=by_address, found=Found.HELD)
    gaps = register.gaps(council, since=on, until=on)
    return Account(record_id=names[-1], found=Found.NEVER_HELD, gaps=gaps)


def _by_address(archive: Archive, asked: str) -> str | None:
    """Return the record that stands at an address: held records know theirs."""
    if not asked.startswith(("http://", "https://")):
        return None
    for batch in archive.scan(series=RECORD_SERIES, columns=["record_id", "url"]):
        place = pc.index(batch["url"], asked).as_py()
        if place >= 0:
            return str(batch["record_id"][place])
    return None
