"""`archive_council`: the walks of a council that are due, one Prefect task for each stream.

A task for each stream, not a subflow for each account: 160 tasks took 1.3 s, 40 subflows 38 to 65 s.
Parameters, results and artifacts hold counts and account names only.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from time import monotonic
from typing import Any

from prefect import State, Task, flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import TaskRun
from prefect.events import emit_event
from prefect.futures import wait
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.tasks import exponential_backoff

from flows.blocks import read_block, write_block
from flows.limits import limit_name, limits
from muniment.bootstrap.council import CouncilServices
from muniment.bootstrap.opening import Muniment
from muniment.domain.due import Job, Purpose, waves
from muniment.services.finishing import finish
from muniment.settings import from_environment
from schemas.counted import counted
from schemas.errors import RetryableError
from schemas.report import CaptureReport
from schemas.vocabulary import Outcome, Stream

__all__ = ["archive_council", "capture_stream", "services"]

_MINUTES = 8.0  # and a turn of five begun before that: it is over when the next run is due
_WORKERS = 16  # most of a task is waiting: for Prefect, the platform, the limit of its credential


@cache
def _muniment() -> Muniment:
    return Muniment(from_environment(), read_block=read_block, write_block=write_block)


def services(council: str) -> CouncilServices:
    """Return a council's services, built once in this process.

    Raises:
        IntegrityError: The archive was restored and is not filtered yet.
    """
    found = _muniment().council(council)
    found.refuse_unfiltered()
    return found


def _is_retryable(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    try:
        state.result()
    except RetryableError:
        return True
    except Exception:  # noqa: BLE001 -- whatever else it is, running it again does not mend it
        return False
    return False


@task(
    retries=3,
    retry_delay_seconds=exponential_backoff(10),
    retry_condition_fn=_is_retryable,
    task_run_name="{account} {stream} {purpose}",
    persist_result=False,
)
def capture_stream(council: str, account: str, stream: str, purpose: str) -> CaptureReport:
    """Run one walk, under the global limit of its credential."""
    of_council = services(council)
    job = Job(account=account, stream=Stream(stream), purpose=Purpose(purpose))
    with _limit(of_council, account):
        report = of_council.archiving.run(job)
    if report.reason is not None:
        _emit("muniment.blind", council, job, reason=report.reason.value)
    if report.alarms:
        _emit("muniment.alarm", council, job, alarms=list(report.alarms))
    return report


def _emit(event: str, council: str, job: Job, **told: Any) -> None:
    """Send an event of an account: names, reasons and counts only."""
    resource = {"prefect.resource.id": f"muniment.account.{council}.{job.account}"}
    emit_event(event=event, resource=resource, payload={"stream": job.stream.value, **told})


@flow(
    name="archive-council",
    flow_run_name="{council}",
    task_runner=ThreadPoolTaskRunner(max_workers=_WORKERS),  # type: ignore[arg-type] # generic over results
    persist_result=False,
)
def archive_council(council: str, accounts: list[str] | None = None, minutes: float = _MINUTES) -> None:
    """Archive what is due of a council, then seal it and bring the index up to it.

    After `minutes` only edges are begun: the next run goes on with the rest.
    """
    of_council = services(council)
    first_commit = of_council.archive.commit_no()
    reports: list[CaptureReport] = []
    failed: list[Job] = []
    for wave in _waves(of_council, frozenset(accounts) if accounts else None, minutes):
        futures = [
            capture_stream.submit(council, job.account, job.stream.value, job.purpose.value) for job in wave
        ]
        wait(futures)
        for job, future in zip(wave, futures, strict=True):
            if future.state.is_completed():
                reports.append(future.result())
            else:
                failed.append(job)
                _emit("muniment.blind", council, job, reason=of_council.archiving.not_walked(job).value)
    try:
        finish(
            council,
            archive=of_council.archive,
            seals=of_council.seals,
            index=of_council.process.index,
            erased=of_council.process.register,
            classes=of_council.classes,
            first_commit=first_commit,
            resolve_holds=of_council.resolve_holds,
            beside=of_council.beside,
        )
    finally:
        # What was archived is kept and told, whatever keeps the index from following.
        _write_artifact(council, reports, failed)
    if failed:
        # The others went on; the run still says that it was not whole.
        raise RuntimeError(
            f"{len(failed)} of {counted(len(failed) + len(reports), 'walk')} failed: see the task runs."
        )


def _waves(
    of_council: CouncilServices, only: frozenset[str] | None, minutes: float
) -> Iterator[tuple[Job, ...]]:
    archiving, leave_at = of_council.archiving, monotonic() + minutes * 60
    for jobs in archiving.rounds(accounts=only):
        for wave in waves(jobs, lambda job: archiving.one(job.account).credential or job.account):
            if wave[0].purpose is not Purpose.EDGE and monotonic() >= leave_at:
                return
            yield wave
            if archiving.turn_is_over():
                break


@contextmanager
def _limit(of_council: CouncilServices, account: str) -> Iterator[None]:
    credential = of_council.archiving.one(account).credential
    taken = nullcontext() if credential is None else limits().taken(limit_name(of_council.name, credential))
    with taken:
        yield


def _write_artifact(council: str, reports: Iterable[CaptureReport], failed: Iterable[Job]) -> None:
    lines = [
        "| account | stream | outcome | pages | new | changed | same | unread | media owed | unexplained |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in reports:
        outcome = one.outcome.value if one.reason is None else f"{one.outcome.value}: {one.reason.value}"
        counts = (
            one.pages,
            one.new,
            one.changed,
            one.unchanged,
            one.unread,
            one.media_pending,
            one.unexplained,
        )
        lines.append(
            f"| {one.account} | {one.stream.value} | {outcome} | " + " | ".join(map(str, counts)) + " |"
        )
    lines += [f"| {job.account} | {job.stream.value} | failed | | | | | | | |" for job in failed]
    walks = len(lines) - 2 - sum(one.outcome is Outcome.GOES_ON for one in reports)
    alarms = [f"- {one.account}, {one.stream.value}: {alarm}" for one in reports for alarm in one.alarms]
    lines += ["", "Alarms:", "", *alarms] if alarms else []
    create_markdown_artifact(
        key=f"archive-{council.replace('_', '-')}", markdown="\n".join(lines), description="Capture report"
    )
    whole = sum(one.outcome is Outcome.WHOLE for one in reports)
    get_run_logger().info("%s of %s walks whole", whole, walks)
