"""One walk: page, cut, read, fetch media, keep, note; promote only what is whole.

State moves after data is safe (capture-lessons.md 3): each batch is kept durably, then noted with its
marker; the cursor is promoted when the whole walk ended. On any error the pages that came are kept and
noted first, then the error is raised again: page 1 survives page 2.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Final

from connectors.contract import Connector, Held
from muniment.collector import collector_paused, collector_seldom
from muniment.domain.presence import held_as_called
from muniment.ports import Archive, Batch, IndexBeside, Kept, MediaStore, Noted, Register
from muniment.services.attaching import Attached, attach
from muniment.services.kept import newest_exhibits
from muniment.services.reading import Cut, Findings, capture_row, cut, findings
from schemas.capture import CaptureRow, Edge, Ids, Listed, Response, Threads, Walk, Window
from schemas.clock import Clock
from schemas.errors import FatalError, MalformedItemError, StreamError, WriteConflictError
from schemas.observation import Look, Sighting
from schemas.report import CaptureReport
from schemas.vocabulary import Outcome, Reason

__all__ = ["BACKFILL", "STEADY", "TURN", "Capture", "Full"]

_QUEUE_AT_LATEST: Final = timedelta(hours=1)
_CONFLICTS: Final = 3
_NOTHING: Final = Attached()


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """When a batch is full: so many items, or so old."""

    items: int
    age: timedelta


STEADY: Final = Full(items=2_000, age=timedelta(seconds=5))
BACKFILL: Final = Full(items=20_000, age=timedelta(seconds=60))

TURN: Final = timedelta(minutes=5)
"""How long a walk other than an edge goes on at a stretch, so that no edge waits for it (ADR 0006)."""


@dataclass(slots=True, kw_only=True)
class _Tally:
    pages: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    unread: int = 0
    media: int = 0
    media_pending: int = 0
    disposed: int = 0
    cost_micros: int = 0
    drift: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """Runs walks of one council.

    `quarantine` lays aside a body that cannot be cut; `progress` hears how many items were kept, `beside`
    each keep, so that the index can be brought up meanwhile.
    """

    archive: Archive
    register: Register
    media: MediaStore
    clock: Clock
    quarantine: Callable[[str, bytes], None]
    progress: Callable[[int], None] = lambda _items: None
    beside: IndexBeside | None = None

    def run(self, connector: Connector, walk: Walk) -> CaptureReport:
        """Walk to the end, keep everything, promote.

        Returns:
            The report of a whole walk; or of one whose turn is over, which goes on from its marker.

        Raises:
            MunimentError: What the connector or the archive raised, after the pages before it were kept
                and noted. The caller abandons the walk by the class of the error.
        """
        tally = _Tally()
        if not walk.ended:
            with collector_seldom():
                came_to_its_end = self._page_through(connector, walk, tally)
            if not came_to_its_end:
                return _report(walk, tally, Outcome.GOES_ON)
        absent = tuple(self.register.absent(walk, now=self.clock.now()))
        if absent:
            self._keep(walk, _Parcel(sightings=absent), tally)
        lines = self.register.promote(walk, now=self.clock.now())
        unexplained = sum(max(line.short.get(Reason.UNEXPLAINED, 0), 0) for line in lines)
        return replace(_report(walk, tally, Outcome.WHOLE), promoted=True, unexplained=unexplained)

    def _page_through(self, connector: Connector, walk: Walk, tally: _Tally) -> bool:
        """Keep what comes; return whether it was all: False when the walk's turn is over before its end."""
        waiting: list[Cut] = []
        full = _full(walk)
        since = self.clock.now()
        turn_ends = None if isinstance(walk.ask, Edge | Ids) else since + TURN
        items = 0
        answered = False
        try:
            for response in connector.pages(walk, self._held(walk)):
                answered = True
                waiting.append(self._cut(connector, walk, response))
                items += len(waiting[-1].exhibits)
                if items >= full.items or self.clock.now() - since >= full.age:
                    with collector_paused():  # until what was kept is let go: else it is gone through in vain
                        self._keep_cuts(connector, walk, waiting, tally)
                        waiting, items, since = [], 0, self.clock.now()
                    # A turn takes its walk on: where the marker has not moved, it is not over yet.
                    if turn_ends and since >= turn_ends and response.marker not in (None, walk.marker):
                        return False
        except Exception:
            if waiting:
                self._keep_cuts(connector, walk, waiting, tally)
            raise
        if not answered:
            raise FatalError(
                f"The {connector.platform} connector asked nothing for account {walk.account.account}.",
                remedy="This is a fault of muniment: please report it.",
            )
        if waiting:
            self._keep_cuts(connector, walk, waiting, tally)
        return True

    def _cut(self, connector: Connector, walk: Walk, response: Response) -> Cut:
        try:
            return cut(connector, response)
        except MalformedItemError as error:
            self.quarantine(response.capture_id, response.body)
            if response.listings and all(one.refused is Reason.UNREADABLE for one in response.listings):
                return Cut(response=response, exhibits=())  # a gap of its own, and the walk goes on
            raise StreamError(
                f"An answer of {connector.platform} for account {walk.account.account} cannot be read; "
                f"it lies in quarantine as {response.capture_id}.",
                reason=Reason.UNREADABLE,
                remedy="Update muniment; the list is walked again at the next run.",
            ) from error

    def _held(self, walk: Walk) -> Held:
        council = walk.account.council
        return Held(
            ids=lambda called: held_as_called(self.register.known(council, tuple(called)), called),
            exhibits=partial(newest_exhibits, self.archive),
        )

    def _keep_cuts(self, connector: Connector, walk: Walk, cuts: Sequence[Cut], tally: _Tally) -> None:
        found = self._find(connector, walk, cuts)
        attached = self._attach(connector, walk, cuts, found)
        sandbox = self.clock.sandbox
        parcel = _Parcel(
            cuts=tuple(cuts),
            found=found,
            attached=attached,
            sightings=found.sightings,
            captures=(*(capture_row(walk, one, sandbox_clock=sandbox) for one in cuts), *attached.captures),
        )
        for attempt in range(_CONFLICTS):
            try:
                self._keep(walk, parcel, tally)
                break
            except WriteConflictError:
                if attempt == _CONFLICTS - 1:
                    raise
                again = self._find(connector, walk, cuts)
                parcel = replace(parcel, found=again, sightings=again.sightings)
        self.progress(sum(len(one.exhibits) for one in cuts))

    def _find(self, connector: Connector, walk: Walk, cuts: Sequence[Cut]) -> Findings:
        council = walk.account.council
        ids = {exhibit.record_id for one in cuts for exhibit in one.exhibits}
        known = self.register.known(council, tuple(ids))
        council_ids = self.register.council_ids(council, walk.account.platform)
        with collector_paused():
            return findings(connector, walk, cuts, known=known, council_ids=council_ids)

    def _attach(self, connector: Connector, walk: Walk, cuts: Sequence[Cut], found: Findings) -> Attached:
        return attach(
            connector,
            walk,
            [one.response for one in cuts],
            found,
            archive=self.archive,
            media=self.media,
            clock=self.clock,
        )

    def _keep(self, walk: Walk, parcel: "_Parcel", tally: _Tally) -> None:
        council = walk.account.council
        queued = self.register.queued(council)
        oldest = self.register.oldest_queued_at(council)
        now = self.clock.now()
        filings = () if parcel.found is None else parcel.found.filings
        kept = self.archive.keep(
            Batch(
                captures=parcel.captures,
                filings=filings,
                sightings=parcel.sightings,
                attachments=parcel.attached.attachments,
                queued=queued,
                flush=oldest is not None and now - oldest >= _QUEUE_AT_LATEST,
            )
        )
        if self.beside is not None:
            self.beside.hear(kept)
        noted = _noted(walk, parcel, kept, queue_taken=queued[-1][0] if queued and kept.commit_no else 0)
        self.register.note(noted, now=self.clock.now())
        tally.pages += noted.pages
        tally.new += kept.new
        tally.changed += kept.changed
        tally.unchanged += noted.unchanged
        tally.unread += noted.unread
        tally.media += noted.media
        tally.media_pending += noted.media_pending
        tally.disposed += len(kept.disposed)
        tally.cost_micros += noted.cost_micros
        if parcel.found is not None:
            tally.drift.update(parcel.found.drift)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parcel:
    """What goes into one `keep` and is noted after it."""

    cuts: tuple[Cut, ...] = ()
    found: Findings | None = None
    attached: Attached = _NOTHING
    sightings: tuple[Sighting, ...] = ()
    captures: tuple[CaptureRow, ...] = ()


def _report(walk: Walk, tally: _Tally, outcome: Outcome) -> CaptureReport:
    return CaptureReport(
        account=walk.account.account,
        stream=walk.stream,
        outcome=outcome,
        promoted=False,
        pages=tally.pages,
        new=tally.new,
        changed=tally.changed,
        unchanged=tally.unchanged,
        unread=tally.unread,
        media=tally.media,
        media_pending=tally.media_pending,
        disposed=tally.disposed,
        cost_micros=tally.cost_micros,
        drift=tuple(sorted(tally.drift)[:20]),
    )


def _noted(walk: Walk, parcel: _Parcel, kept: Kept, *, queue_taken: int) -> Noted:
    responses = [one.response for one in parcel.cuts]
    listings: list[Listed] = [listed for response in responses for listed in response.listings]
    looks: tuple[Look, ...] = () if parcel.found is None else parcel.found.looks
    filed = 0 if parcel.found is None else len(parcel.found.filings)
    last = responses[-1] if responses else None
    signpost = next((response.signpost for response in responses if response.signpost is not None), None)
    return Noted(
        walk=walk,
        marker=None if last is None else last.marker,
        ended=last is None or last.marker is None,
        signpost=signpost,
        listings=listings,
        looks=looks,
        queued=parcel.captures if kept.commit_no is None else (),
        queue_taken=queue_taken,
        kept=kept,
        unchanged=max(filed - kept.new - kept.changed, 0),
        unread=0 if parcel.found is None else parcel.found.unread,
        media=sum(1 for row in parcel.attached.attachments if row.sha256 is not None),
        media_pending=parcel.attached.pending,
        cost_micros=sum(response.cost_micros for response in responses),
        pages=len(responses),
    )


def _full(walk: Walk) -> Full:
    match walk.ask:
        case Ids():
            # Small, and judged together: a control may answer after what it is the control of.
            return Full(items=10**9, age=timedelta(days=1))
        case Window(purpose="backfill"):
            return BACKFILL
        case Window() | Edge() | Threads():
            return STEADY
