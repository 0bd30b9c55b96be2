"""`dispose`: by night, the disposals whose waiting is over are executed, and what was interrupted goes on."""

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.events import emit_event

from flows.archive import services
from flows.progress import Progress
from muniment.services.working_off import work_off
from schemas.counted import counted

__all__ = ["dispose_council"]

_HEADING_LINES = 2


@flow(name="dispose", flow_run_name="{council}", persist_result=False)
def dispose_council(council: str) -> int:
    """Destroy what two people approved and waited for; nothing due is said too. Only counts are told.

    Each run is tried, whatever becomes of the others; when one failed, so has the flow.
    """
    of_council = services(council)
    progress = Progress("disposing", council)
    worked = work_off(of_council.destroying, progress.tell)
    progress.tell(1, 1)
    lines = ["| run | state | records | waits for |", "|---|---|---|---|"]
    lines += [
        f"| {one.run} | {one.state} | {one.records} | {'; '.join(one.pending) or 'nothing'} |"
        for one in worked.done
    ]
    lines += [f"| {run} | back to review | 0 | {'; '.join(why.faults)} |" for run, why in worked.refused]
    lines += [f"| {run} | failed | | {type(error).__name__} |" for run, error in worked.failed]
    if len(lines) == _HEADING_LINES:
        lines.append("| none is due | | | |")
    create_markdown_artifact(
        key=f"disposal-{council.replace('_', '-')}", markdown="\n".join(lines), description="Disposal"
    )
    waiting = [one for one in worked.done if one.pending]
    if waiting or worked.refused or worked.failed:
        emit_event(
            event="muniment.disposal.waits",
            resource={"prefect.resource.id": f"muniment.council.{council}"},
            payload={
                "pending": len(waiting),
                "back_to_review": len(worked.refused),
                "failed": len(worked.failed),
            },
        )
    get_run_logger().info(
        "%s runs executed or gone on with, %s wait for a proof, %s sent back, %s failed",
        *(len(worked.done), len(waiting), len(worked.refused), len(worked.failed)),
    )
    if worked.failed:
        failed = counted(len(worked.failed), "disposal")
        told = f"{failed} failed: see `muniment audit --what system:disposal:stop`."
        raise RuntimeError(told) from worked.failed[0][1]
    return len(worked.done)
