"""`muniment why`: why a record is not held."""

from datetime import date
from typing import Final

import click
from rich.markup import escape

from muniment.cli.opening import COUNCIL, console, opened_council
from muniment.cli.options import DAY
from muniment.domain.disposal import PlanKind
from muniment.domain.disposal_events import StubAsked
from muniment.services.accounting import Account, Found
from muniment.services.accounting import why as why_not_held
from muniment.services.restricting import classes_left_out
from schemas.counted import counted
from schemas.london import london_date

__all__ = ["why"]

_GAPS_SHOWN: Final = 10


@click.command()
@COUNCIL
@click.argument("record_or_url")
@click.option("--on", type=DAY, help="The day (London) on which it was published, if that is known.")
def why(council: str | None, record_or_url: str, on: date | None) -> None:
    """Say why a record is not held: destroyed under which schedule, or never seen, and when we were blind."""
    with opened_council(council) as services:
        told = why_not_held(
            services.name,
            record_or_url,
            archive=services.archive,
            register=services.process.register,
            on=on,
        )
        key = services.record_key(told.record_id)
        services.record(StubAsked(record_key=key, found=told.found.value))
        unseen = told.found is Found.HELD and told.record_id in services.not_shown()
        secret = classes_left_out(services.retaining, services.actor)
    for line in _unseen(told) if unseen else _lines(told, secret):
        console.print(escape(line))


def _unseen(told: Account) -> list[str]:
    return [f"No series that you may see holds {told.record_id}."]


def _lines(told: Account, secret: frozenset[str]) -> list[str]:
    match told.found:
        case Found.HELD:
            return [f"{told.record_id} is held: `muniment show` shows it."]
        case Found.NEVER_HELD:
            return [f"{told.record_id} was never held here, and never destroyed.", *_blind(told)]
        case Found.DESTROYED | Found.BEING_DESTROYED:
            return _destroyed(told, secret)


def _destroyed(told: Account, secret: frozenset[str]) -> list[str]:
    stub, run = told.stub, told.run
    if stub is None:
        return []
    was = "is being" if told.found is Found.BEING_DESTROYED else "was"
    basis = "a run that this register does not have" if run is None else run.basis
    told_class = "that you may not see" if stub.retention_class in secret else stub.retention_class
    by_schedule = stub.retention_class is not None and stub.schedule is not None
    under = f"class {told_class} of schedule {stub.schedule}" if by_schedule else basis
    lines = [
        f"It {was} destroyed on {stub.disposed_on:%-d %B %Y}, under {under}.",
        f"A {stub.kind} on {stub.platform}, account {stub.account}.",
        f"Captured from {stub.first_captured_on:%-d %B %Y} to {stub.last_captured_on:%-d %B %Y}.",
    ]
    if stub.event is not None and stub.event_on is not None:
        day = f"{stub.event_on:%-d %B %Y}"
        honoured = run is not None and run.kind == PlanKind.HONOUR
        lines.append(
            f"Its platform had deleted it, confirmed on {day}."
            if honoured
            else f"Its period began with: {stub.event}, {day}."
        )
    if run is not None and run.certificate_no is not None:
        lines.append(f"Run {run.run}, certificate {run.certificate_no}; stub {stub.stub_id}.")
    return lines


def _blind(told: Account) -> list[str]:
    if not told.gaps:
        return ["No gap in what we could see touches that time: see `muniment coverage` for what is asked."]
    lines = [f"{counted(len(told.gaps), 'gap')} in what we could see may be the reason:"]
    for gap in told.gaps[:_GAPS_SHOWN]:
        start = f"{london_date(gap.starts_at):%-d %B %Y}"
        end = "still open" if gap.ends_at is None else f"{london_date(gap.ends_at):%-d %B %Y}"
        lines.append(f"  {gap.account}, {gap.stream}: {gap.reason}, {start} to {end}")
    if len(told.gaps) > _GAPS_SHOWN:
        lines.append(
            f"  and {len(told.gaps) - _GAPS_SHOWN:,} more: `muniment coverage` tells of each account."
        )
    return lines
