"""By night: small files merged, the index brought up, the archive held against its evidence."""

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact

from flows.archive import services
from muniment.services.index_upkeep import reconcile
from muniment.services.indexing import catch_up, rebuild
from muniment.services.verifying import verify
from schemas.counted import counted
from schemas.errors import IntegrityError

__all__ = ["reconcile_council", "reindex_council", "tidy_council", "verify_council"]


@flow(name="reindex", flow_run_name="{council}", persist_result=False)
def reindex_council(council: str, *, whole: bool = False) -> None:
    """Bring the index up to the archive; `whole` builds it anew, aside, and swaps.

    Where a schedule is in force it is always built anew: classes change by themselves.
    """
    of_council = services(council)
    index, classes = of_council.process.index, of_council.classes()
    bring_up = rebuild if whole or classes else catch_up
    bring_up(
        of_council.archive,
        index,
        of_council.name,
        erased=of_council.process.register,
        classes=lambda: classes,
    )
    get_run_logger().info("index current to commit %s", index.watermark(of_council.name))


@flow(name="reconcile", flow_run_name="{council}", persist_result=False)
def reconcile_council(council: str) -> None:
    """Count the index against the archive, by month and class; a difference fails the run."""
    of_council = services(council)
    index, register = of_council.process.index, of_council.process.register
    classes = of_council.classes
    catch_up(of_council.archive, index, of_council.name, erased=register, classes=classes)
    found = reconcile(of_council.archive, index, of_council.name, erased=register, classes=classes)
    get_run_logger().info(
        "%s versions as at commit %s, %s counts differ",
        found.versions,
        found.commit_no,
        len(found.differences),
    )
    if not found.agrees:
        raise IntegrityError(
            f"The search index of {council} differs from its archive.", remedy="Run `muniment index rebuild`."
        )


@flow(name="tidy", flow_run_name="{council}", persist_result=False)
def tidy_council(council: str) -> None:
    """Merge small files and clean the log, sealed before and after."""
    of_council = services(council)
    merged = of_council.archive.compact()
    cleaned = of_council.archive.maintain()
    of_council.seals.seal()
    get_run_logger().info("%s files merged, %s log files cleaned away", merged, cleaned)


@flow(name="verify", flow_run_name="{council}", persist_result=False)
def verify_council(council: str) -> None:
    """Hold everything against its evidence; a fault fails the run."""
    of_council = services(council)
    verdict = verify(
        of_council.name,
        archive=of_council.archive,
        seals=of_council.seals,
        media=of_council.media,
        presence=of_council.process.register,
        coverage=of_council.process.register,
        audit=of_council.process.register,
    )
    lines = [
        f"- seals: {verdict.seals}, up to commit {verdict.sealed_upto} of {verdict.commit_no}",
        f"- exhibits: {verdict.exhibits}",
        f"- media files: {verdict.media_files}",
        f"- audit entries: {verdict.audit_entries}",
        f"- time stamps pending: {verdict.stamps_pending}",
        f"- faults: {len(verdict.faults)}",
    ]
    create_markdown_artifact(key=f"verify-{council.replace('_', '-')}", markdown="\n".join(lines))
    if verdict.faults:
        raise IntegrityError(
            f"{counted(len(verdict.faults), 'fault')} in the archive of {council}.",
            remedy="`muniment verify` names them; restore those files from the backup.",
        )
