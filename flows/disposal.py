"""`dispose`: by night, the disposals whose waiting is over are executed, and what was interrupted goes on."""

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.events import emit_event

from flows.archive import services
from schemas.errors import NotApprovedError

__all__ = ["dispose_council"]


@flow(name="dispose", flow_run_name="{council}", persist_result=False)
def dispose_council(council: str) -> int:
    """Destroy what two people approved and waited for; nothing due is said too. Only counts are told."""
    of_council = services(council)
    done = list(of_council.destroying.go_on())
    refused: list[str] = []
    for run in of_council.destroying.due():
        try:
            done.append(of_council.destroying.execute(run))
        except NotApprovedError as error:
            refused.append(f"| {run} | back to review | 0 | {'; '.join(error.faults)} |")
    lines = ["| run | state | records | waits for |", "|---|---|---|---|"]
    lines += [
        f"| {one.run} | {one.state} | {one.records} | {'; '.join(one.pending) or 'nothing'} |" for one in done
    ]
    lines += refused or ([] if done else ["| none is due | | | |"])
    create_markdown_artifact(
        key=f"disposal-{council.replace('_', '-')}", markdown="\n".join(lines), description="Disposal"
    )
    waiting = [one for one in done if one.pending]
    if waiting or refused:
        emit_event(
            event="muniment.disposal.waits",
            resource={"prefect.resource.id": f"muniment.council.{council}"},
            payload={"pending": len(waiting), "back_to_review": len(refused)},
        )
    get_run_logger().info(
        "%s runs executed or gone on with, %s wait for a proof, %s sent back",
        *(len(done), len(waiting), len(refused)),
    )
    return len(done)
