"""`muniment archive`: run the walks that are due, here and now, without a server."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Self

import click
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from muniment.bootstrap.council import CouncilServices
from muniment.cli.exits import PARTLY
from muniment.cli.opening import COUNCIL, console, opened
from muniment.cli.tables import print_table
from muniment.cli.trial import write_trial
from muniment.domain.due import Job, Purpose
from muniment.domain.events import ArchiveRun
from muniment.services.archiving import Archiving
from muniment.services.finishing import finish
from schemas.errors import ConfirmationNeededError, MunimentError, RetryableError
from schemas.report import CaptureReport
from schemas.vocabulary import Outcome

__all__ = ["archive", "report_table"]

_TRIES = 3
_WELL = frozenset({Outcome.WHOLE, Outcome.GOES_ON})
_HEADINGS = ("walks", "pages", "new", "changed", "unchanged", "unread", "media", "owed", "unexplained")
_ALWAYS = frozenset({"walks", "new", "changed"})


@click.command()
@click.argument("url", required=False)
@COUNCIL
@click.option("--account", "names", multiple=True, help="Only this account; may be given more than once.")
@click.option("--yes", is_flag=True, help="Say yes to the estimate of fetching the past.")
def archive(url: str | None, council: str | None, names: tuple[str, ...], *, yes: bool) -> None:
    """Archive every account that is due, once. With a URL: try it on a public account, without any key.

    Works at once for Bluesky, Mastodon, WordPress and any blog with a feed: the account goes into
    councils/trial.yml and its archive under the council `trial`.
    """
    with _progress() as bar, opened(progress=bar.advance_items) as muniment:
        if url is not None:
            council, account = write_trial(url, muniment)
            names, yes = (account,), True
        services = muniment.council(council)
        services.refuse_unfiltered()
        only = frozenset(names) or None
        services.record(ArchiveRun(accounts=tuple(sorted(names))))
        waiting = _confirm(services, only, yes=yes)
        first_commit = services.archive.commit_no()
        reports = tuple(_run(services, only, bar))
        bar.done()
        behind: MunimentError | None = None
        try:
            finish(
                services.name,
                archive=services.archive,
                seals=services.seals,
                index=muniment.index,
                erased=muniment.register,
                classes=services.classes,
                first_commit=first_commit,
                resolve_holds=services.resolve_holds,
                beside=services.beside,
            )
        except MunimentError as error:
            behind = error  # what was archived is kept, and is told first
    if reports:
        print_table(report_table(reports))
    else:
        console.print("Nothing is due.")
    _print_remedies(reports)
    if behind is not None:
        raise behind
    if any(report.outcome not in _WELL for report in reports):
        sys.exit(PARTLY)
    if waiting:
        raise ConfirmationNeededError(
            f"The past was not fetched: {'; '.join(waiting)}.",
            remedy="Run `muniment accounts confirm ACCOUNT`, or add --yes.",
        )


def _confirm(services: CouncilServices, only: frozenset[str] | None, *, yes: bool) -> list[str]:
    """Show the estimate of each first backfill, and ask.

    Returns:
        What waits for a yes where nobody can be asked: the newest posts are archived all the same.
    """
    waiting: list[str] = []
    archiving = services.archiving
    for account in archiving.unconfirmed(accounts=only):
        if yes:
            archiving.confirm(account.account, by=services.actor)
            continue
        try:
            sentence = archiving.estimate(account).sentence()
        except MunimentError:
            continue  # the run itself will say what is wrong with this account
        if not sys.stdin.isatty():
            waiting.append(f"{account.account}, {sentence}")
        elif click.confirm(f"{account.account}: fetch its past? {sentence}"):
            archiving.confirm(account.account, by=services.actor)
    return waiting


def _run(services: CouncilServices, only: frozenset[str] | None, bar: "_Bar") -> Iterable[CaptureReport]:
    for jobs in services.archiving.rounds(accounts=only):
        bar.expect(len(jobs))
        for job in jobs:
            bar.show(job)
            yield _attempt(services.archiving, job)
            bar.advance_job()
            if services.archiving.turn_is_over():
                break


def _attempt(archiving: Archiving, job: Job) -> CaptureReport:
    """Run a job as often as its errors allow; what then still fails is a report, and others go on."""
    for attempt in range(1, _TRIES + 1):
        try:
            return archiving.run(job)
        except RetryableError as error:
            if attempt == _TRIES:
                return CaptureReport(
                    account=job.account,
                    stream=job.stream,
                    outcome=Outcome.UNFINISHED,
                    promoted=False,
                    remedy=str(error),
                )
            archiving.clock.wait(2.0**attempt)
    raise AssertionError


def report_table(reports: Iterable[CaptureReport]) -> Table:
    """Return the capture report: counts by account; what nobody has any of gets no column."""
    by_account: dict[str, list[CaptureReport]] = {}
    for report in reports:
        by_account.setdefault(report.account, []).append(report)
    counts = {account: _counts(found) for account, found in by_account.items()}
    sums = sum(counts.values(), start=Counter[str]())
    headings = [name for name in _HEADINGS if name in _ALWAYS or sums[name]]
    table = Table(title="Capture report", title_justify="left")
    table.add_column("account", no_wrap=True)
    for name in headings:
        table.add_column(name, justify="right")
    table.add_column("outcome", overflow="fold")
    for account, found in by_account.items():
        bad = [report for report in found if report.outcome not in _WELL]
        outcome = ", ".join(
            sorted({f"{one.outcome} ({one.reason})" if one.reason else one.outcome for one in bad})
        )
        table.add_row(account, *(f"{counts[account][name]:,}" for name in headings), outcome or "whole")
    if len(by_account) > 1:
        table.add_section()
        table.add_row("all", *(f"{sums[name]:,}" for name in headings), "")
    return table


def _counts(reports: Iterable[CaptureReport]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for report in reports:
        counts["walks"] += report.outcome is not Outcome.GOES_ON  # a walk may take several turns
        counts["pages"] += report.pages
        counts["new"] += report.new
        counts["changed"] += report.changed
        counts["unchanged"] += report.unchanged
        counts["unread"] += report.unread
        counts["media"] += report.media
        counts["owed"] += report.media_pending
        counts["unexplained"] += report.unexplained
    return counts


def _print_remedies(reports: Iterable[CaptureReport]) -> None:
    """Print what to do, each thing once: the walks of a stream often end for the same reason."""
    for line in dict.fromkeys(line for report in reports for line in _remedies(report)):
        console.print(line)


def _remedies(report: CaptureReport) -> Iterator[str]:
    for said in (report.remedy, *report.alarms):
        if said:
            yield f"[yellow]{report.account}, {report.stream}[/]: {escape(said)}"
    if report.drift:
        yield f"[dim]{report.account}: fields we do not know: {escape(', '.join(report.drift))}[/]"


class _Bar:
    """The progress bar: jobs done, and items kept."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("starting", total=0, items=0)
        self._items = 0

    def expect(self, count: int) -> None:
        """Expect so many more jobs, for now."""
        self._progress.update(self._task, total=self._progress.tasks[0].completed + count)

    def show(self, job: Job) -> None:
        """Say what is being walked."""
        what = job.stream.value if job.purpose is Purpose.EDGE else f"{job.stream.value}, {job.purpose.value}"
        self._progress.update(self._task, description=f"{job.account}: {what}")

    def advance_job(self) -> None:
        """Count a job."""
        self._progress.advance(self._task)

    def advance_items(self, items: int) -> None:
        """Count items kept."""
        self._items += items
        self._progress.update(self._task, items=self._items)

    def done(self) -> None:
        """Say what comes after the walks."""
        self._progress.update(self._task, description="sealing and indexing")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def _progress() -> _Bar:
    return _Bar(
        Progress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:.0f} of {task.total:.0f} walks, {task.fields[items]:,} items"),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
        )
    )
