"""`hold_review`: every six months, how many holds stand, and how many must be looked at now."""

from collections import Counter

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.events import emit_event

from flows.archive import services
from flows.progress import Progress
from muniment.domain.holds import HoldKind, due_for_review
from schemas.london import london_date

__all__ = ["hold_review"]


@flow(name="hold-review", flow_run_name="{council}", persist_result=False)
def hold_review(council: str) -> int:
    """Count the holds that stand and those whose day of review has come; nothing due is said too.

    The holds themselves, their references and reasons, are shown by `muniment hold list --due` only.
    """
    of_council = services(council)
    progress = Progress("reviewing-holds", council)
    of_council.resolve_holds()
    progress.tell(1, 2)
    standing = of_council.process.register.holds(of_council.name)
    due = due_for_review(standing, london_date(of_council.clock.now()))
    by_kind, overdue = Counter(hold.kind for hold in standing), Counter(hold.kind for hold in due)
    lines = ["| kind | stand | to be reviewed now |", "|---|---|---|"]
    lines += [f"| {kind} | {by_kind[kind]} | {overdue[kind]} |" for kind in HoldKind]
    lines += [f"| all | {len(standing)} | {len(due)} |"]
    create_markdown_artifact(
        key=f"holds-{council.replace('_', '-')}", markdown="\n".join(lines), description="Review of holds"
    )
    progress.tell(2, 2)
    if due:
        emit_event(
            event="muniment.holds.due",
            resource={"prefect.resource.id": f"muniment.council.{council}"},
            payload={"holds": len(due)},
        )
    get_run_logger().info("%s of %s holds are to be reviewed", len(due), len(standing))
    return len(due)
