"""What falls due, each month; platforms' deletions that are honoured, each day; packages, each year.

Counts and class names only reach Prefect. A list that is proposed here is reviewed and approved by people
(`muniment dispose`), and nothing is proposed twice: what a list has already, no other one gets.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.events import emit_event

from flows.archive import services
from flows.progress import Progress
from muniment.domain.disposal import DisposalPlan, Fate
from muniment.domain.disposal_run import Run
from muniment.domain.forecasting import Month, forecast
from muniment.domain.honouring import conflicts
from muniment.domain.people import SYSTEM
from muniment.domain.retention import refusal
from schemas.counted import counted

__all__ = ["honour_deletions", "retention_review", "transfer_council"]

_STEPS: Final = 3
"""Of a review: the plan, the list that all see, the lists that only some may see."""
_AT_ONCE: Final = 100
"""After so many records of a package the server is told how far it has come."""


@flow(name="retention-review", flow_run_name="{council}", persist_result=False)
def retention_review(council: str) -> int:
    """Plan by the schedule in force, and propose a list of what is due; nothing due is said too.

    A run that was killed is begun anew: what it has listed already is on no second list.
    """
    of_council = services(council)
    of = of_council.retaining
    refused = refusal(of.in_force(), of.today())
    if refused is not None:
        _write(council, "retention", [refused])
        get_run_logger().warning(refused)
        return 0
    progress = Progress("reviewing", council)
    made = of.planner(of.today())
    progress.tell(1, _STEPS)
    run = of_council.disposing.enter(made, actor=SYSTEM)
    progress.tell(2, _STEPS)
    few = of_council.disposing.enter_restricted(made, actor=SYSTEM)
    progress.tell(_STEPS, _STEPS)
    _write(
        council,
        "retention",
        [
            *_proposed(made, run),
            *_restricted(few),
            "",
            *_counts(made),
            "",
            *_months(forecast(made, months=12)),
        ],
    )
    return _tell(council, "muniment.retention.due", made, run or next(iter(few), None))


@flow(name="honour-deletions", flow_run_name="{council}", persist_result=False)
def honour_deletions(council: str) -> int:
    """Propose a list of the confirmed deletions that the council honours, and tell what stops one."""
    of_council = services(council)
    if not of_council.honouring.bases:
        return 0
    made = of_council.honouring.planner(of_council.retaining.today())
    run = of_council.disposing.enter(made, actor=SYSTEM) if made.due.num_rows else None
    few = of_council.disposing.enter_restricted(made, actor=SYSTEM)
    kept = [
        f"- {counted(count, 'stays', 'stay')} against the platform's terms: {why.value}"
        for why, count in conflicts(made).items()
    ]
    _write(council, "honour", [*_proposed(made, run), *_restricted(few), *kept])
    return _tell(council, "muniment.deletions.due", made, run or next(iter(few), None))


@flow(name="transfer", flow_run_name="{council}", persist_result=False)
def transfer_council(council: str) -> int:
    """Pack what is to be offered to the record office; a run that was killed is gone on with by the next."""
    of_council = services(council)
    if refusal(of_council.retaining.in_force(), of_council.retaining.today()) is not None:
        return 0
    packing = of_council.transferring()
    offered = packing.offered().num_rows
    if not offered:
        _write(council, "transfer", ["Nothing is to be offered to the record office."])
        return 0
    progress = Progress("packing", council)

    def packed(count: int) -> None:
        if count % _AT_ONCE == 0 or count == offered:
            progress.tell(count, offered)

    made = packing.make(packing.folder(of_council.transfers_folder), progress=packed)
    _write(
        council,
        "transfer",
        [f"Transfer {made.transfer}: {counted(made.records, 'record')}, verified; its receipt is due."],
    )
    return int(made.records)


def _proposed(made: DisposalPlan, run: Run | None) -> list[str]:
    said = f"list {run.run} is under review" if run is not None else "nothing that is not on a list already"
    return [f"{made.as_of:%-d %B %Y}, {made.basis}: {said}."]


def _restricted(runs: Sequence[Run]) -> list[str]:
    return [f"List {one.run} is under review; only {one.restricted_to} may see it." for one in runs]


def _counts(made: DisposalPlan) -> list[str]:
    lines = ["| what | class | why it stays | records |", "|---|---|---|---|"]
    return lines + [_line(row) for row in made.counts("fate", "class", "why")]


def _line(row: Mapping[str, str | int | None]) -> str:
    return f"| {row['fate']} | {row['class'] or 'none'} | {row['why'] or ''} | {row['records']} |"


def _months(months: Sequence[Month]) -> Iterable[str]:
    yield "| month | to destroy | to review | to offer | of these held |"
    yield "|---|---|---|---|---|"
    for one in months:
        yield f"| {one.first_day:%B %Y} | {one.destroy} | {one.review} | {one.transfer} | {one.held} |"


def _write(council: str, what: str, lines: Iterable[str]) -> None:
    create_markdown_artifact(key=f"{what}-{council.replace('_', '-')}", markdown="\n".join(lines))


def _tell(council: str, event: str, made: DisposalPlan, run: Run | None) -> int:
    due: int = sum(made.of(fate).num_rows for fate in (Fate.DUE, Fate.REVIEW, Fate.TRANSFER))
    if run is not None:
        emit_event(
            event=event,
            resource={"prefect.resource.id": f"muniment.council.{council}"},
            payload={"records": due, "list": run.run},
        )
    get_run_logger().info("%s records are due, list %s", due, "none" if run is None else run.run)
    return due
