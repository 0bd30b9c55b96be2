"""What is held against a reviewer's word before it is kept, and what it files for the next plan."""

from datetime import date
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.disposal_run import FACETS, Decision, Said
from muniment.domain.retention import Level, Schedule
from muniment.domain.triggers import Scope
from muniment.ports import Register
from muniment.ports.retention import NewDecision
from muniment.services.checking import check_reason, check_until
from schemas.errors import BadInputError

__all__ = ["check_said", "file_decisions"]

_AT_ONCE: Final = 10_000


def check_said(said: Said, *, today: date, schedule: Schedule | None) -> None:
    """Refuse a word that is not whole, or gives a class that no record can have.

    Raises:
        BadInputError: The reason, the day or the class is missing, or is none.
    """
    check_reason(said.reason)
    if said.facet not in FACETS:
        raise BadInputError(
            f"Items are not chosen by {said.facet}.", remedy=f"Choose by {', '.join(FACETS)}."
        )
    if (said.decision is Decision.EXTEND) != (said.until_on is not None):
        raise BadInputError(
            "An extension, and nothing else, needs the day until which it holds.",
            remedy="Give --until with extend, and with nothing else.",
        )
    check_until(said.until_on, today)
    if (said.decision is Decision.RECLASSIFY) != (said.retention_class is not None):
        raise BadInputError(
            "A reclassification, and nothing else, needs the class it is to have.",
            remedy="Give --class with reclassify, and with nothing else.",
        )
    if said.retention_class is not None:
        one = None if schedule is None else schedule.classes.get(said.retention_class)
        if one is None or one.level is Level.CASE:
            raise BadInputError(
                f"The schedule in force has no class {said.retention_class} for records.",
                remedy="`muniment schedule show` lists them; `muniment class link` is for cases.",
            )


def file_decisions(register: Register, council: str, items: pa.Table, said: Said) -> None:
    """File extensions and other classes as the officer's decisions, which the next plan goes by.

    A class that a reviewer gives counts once another person has approved it, since it may end sooner.

    Raises:
        BadInputError: The items are too many.
    """
    chosen = items.filter(pc.equal(items[said.facet].cast(pa.string()), said.value))
    if len(chosen) > _AT_ONCE:
        raise BadInputError(
            f"{len(chosen):,} items are too many to extend or reclassify one by one.",
            remedy="Change the schedule, or the rule that gives them their class.",
        )
    for record_id in chosen["record_id"].to_pylist():
        decision = NewDecision(
            scope=Scope.RECORD,
            name=record_id,
            retention_class=said.retention_class,
            until_on=said.until_on,
            reason=said.reason,
            shortens=said.retention_class is not None,
        )
        register.add_decision(council, decision, by=said.person, at=said.at)
