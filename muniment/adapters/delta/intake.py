"""What of a batch is news: the sorting-out that `keep` does under the archive's lock.

Nothing here reads or writes. It asks for what it must know of the archive through `Held`, and only for
the few versions of known records that presence cannot settle: most of a batch is new to presence, or is
the version that presence names as current.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeAlias

from muniment.domain.presence import FirstSight, observe, stands
from muniment.ports import Batch, Filing
from schemas.capture import Attachment, CaptureRow, Exhibit
from schemas.errors import IntegrityError, WriteConflictError
from schemas.observation import Observation, Presence, Sighting
from schemas.vocabulary import Series

__all__ = ["Held", "Intake", "Known", "Unread", "attachment_key", "sort_out"]

Known: TypeAlias = Mapping[str, tuple[Presence, ...]]
_Key: TypeAlias = tuple[str, str, str]
_UNREAD_AGAIN: Final = timedelta(days=1)
_INDEX_ID_BYTES: Final = 8  # data-model.md 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """The newest filing of an item that could not be read."""

    captured_at: datetime
    parts: tuple[bytes, ...]


class Held(Protocol):
    """What only the archive's own rows can say."""

    def versions(self, wanted: Iterable[tuple[str, int, str, bytes]]) -> set[bytes]:
        """Return which of these (series, year, record_id, version_id) are held."""
        ...

    def attachments(self, record_ids: Iterable[str]) -> set[tuple[object, ...]]:
        """Return the `attachment_key` of each attachment row of these records."""
        ...

    def unread(self, record_ids: Iterable[str]) -> Mapping[str, Unread]:
        """Return the newest unread filing of each of these records."""
        ...

    def strangers(self, record_ids: Iterable[str]) -> tuple[Mapping[str, FirstSight], set[bytes]]:
        """Return facts and versions of records that were filed without ever being seen."""
        ...


@dataclass(slots=True, kw_only=True)
class Intake:
    """What a batch brings. `proofs` stand beside `observations`: the exhibit a row is to hold."""

    filings: list[Filing] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    proofs: list[Exhibit | None] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    captures: list[CaptureRow] = field(default_factory=list)
    disposed: frozenset[str] = frozenset()
    new: int = 0
    changed: int = 0
    unseen: int = 0
    queue_taken: int | None = None

    @property
    def is_news(self) -> bool:
        """Whether there is anything that only a commit can keep."""
        return bool(self.filings or self.observations or self.attachments)

    @property
    def is_wanted(self) -> bool:
        """Whether a commit is to be made: news, or queued capture rows that have waited long enough."""
        return self.is_news or bool(self.captures)


def attachment_key(row: Attachment) -> tuple[object, ...]:
    """Return what makes two attachment rows one: what was had; for what was not, when we asked."""
    outcome = (row.sha256, row.target) if row.why_not is None else (row.why_not.value, row.fetched_at)
    return (row.record_id, row.version_id, row.ref, *outcome)


def sort_out(
    batch: Batch,
    *,
    known: Known,
    disposed: frozenset[str],
    held: Held,
    queue_taken: int,
) -> Intake:
    """Return what is to be filed.

    Args:
        batch: What was captured.
        known: Presence of every record of the batch that has any.
        disposed: Records of the batch that were destroyed or are about to be.
        held: The archive's own answers.
        queue_taken: Number of the last queued capture row that is filed.

    Raises:
        WriteConflictError: A filing's digest rule is not the one its record is kept by.
    """
    intake = Intake(disposed=disposed)
    sorter = _Sorter(batch, known, disposed, held, intake)
    sorter.file_versions()
    sorter.observe()
    sorter.attach()
    queued = [(number, row) for number, row in batch.queued if number > queue_taken]
    if intake.is_news or (batch.flush and queued):
        intake.captures = [*batch.captures, *(row for _, row in queued)]
        intake.queue_taken = max((number for number, _ in queued), default=None)
    return intake


class _Sorter:
    """One pass over one batch."""

    def __init__(
        self, batch: Batch, known: Known, disposed: frozenset[str], held: Held, intake: Intake
    ) -> None:
        self._batch = batch
        self._known = known
        self._disposed = disposed
        self._held = held
        self._intake = intake
        self._current = {one.version_id for ones in known.values() for one in ones}
        self._facts: dict[str, FirstSight] = dict(_readable(known))
        self._versions: set[bytes] = set()  # held, or filed by this batch
        self._filed: dict[bytes, Filing] = {}
        self._first: dict[str, Filing] = {}  # of records that neither presence nor the archive knew
        self._strangers: set[str] = set()
        self._index_ids = {one[:_INDEX_ID_BYTES]: one for one in self._current if one is not None}

    def file_versions(self) -> None:
        """File each version once, under the facts of its record's first sight."""
        self._meet_strangers()
        doubtful: list[Filing] = []
        for offered in self._batch.filings:
            record_id = offered.record.record_id
            if record_id in self._disposed:
                continue
            filing = self._under_known_facts(offered)
            if filing.version_id in self._versions:
                continue
            if record_id not in self._known:
                self._file(filing)
            elif filing.series is Series.UNREAD or filing.version_id not in self._current:
                doubtful.append(filing)
            else:
                self._versions.add(filing.version_id)
        self._settle(doubtful)

    def _meet_strangers(self) -> None:
        """Learn of records that were filed without a look: presence cannot know them."""
        offered = {one.record.record_id for one in self._batch.filings}
        facts, versions = self._held.strangers(offered - self._known.keys())
        self._facts.update(facts)
        self._strangers.update(facts)
        self._versions |= versions

    def _under_known_facts(self, filing: Filing) -> Filing:
        record_id = filing.record.record_id
        facts = self._facts.get(record_id)
        if filing.series is Series.UNREAD:
            first = facts.filed_at if facts is not None else self._unread_filed_at(record_id)
            return filing if first in (None, filing.filed_at) else replace(filing, filed_at=first)
        if facts is None:
            self._facts[record_id] = filing
            return filing
        if facts.digest_rule != filing.digest_rule:
            raise WriteConflictError(
                "A record is kept by another digest rule than it was read with.",
                remedy="Read the response again with the rule that presence names.",
            )
        if (facts.series, facts.filed_at) == (filing.series, filing.filed_at):
            return filing
        return replace(filing, series=facts.series, filed_at=facts.filed_at)

    def _unread_filed_at(self, record_id: str) -> datetime | None:
        return next((one.filed_at for one in self._known.get(record_id, ())), None)

    def _settle(self, doubtful: list[Filing]) -> None:
        """Ask the archive for the versions of known records that are not the current one."""
        unread = [one for one in doubtful if one.series is Series.UNREAD]
        readable = [one for one in doubtful if one.series is not Series.UNREAD]
        if readable:
            self._versions |= self._held.versions(
                (one.series, one.filed_at.year, one.record.record_id, one.version_id) for one in readable
            )
        before = self._held.unread({one.record.record_id for one in unread}) if unread else {}
        for filing in readable:
            if filing.version_id not in self._versions:
                self._file(filing)
        for filing in unread:
            if _is_unread_news(filing, before.get(filing.record.record_id)):
                self._file(filing)
            else:
                self._versions.add(filing.version_id)

    def _file(self, filing: Filing) -> None:
        version_id = filing.version_id
        if version_id in self._filed:
            return
        if self._index_ids.setdefault(version_id[:_INDEX_ID_BYTES], version_id) != version_id:
            raise IntegrityError(
                "Two versions would share one number in the search index: nothing was filed.",
                remedy="This happens by chance about once in 10^19 versions: please report it.",
            )
        record_id = filing.record.record_id
        if self._is_held(record_id):
            self._intake.changed += 1
        else:
            self._intake.new += 1
            self._first[record_id] = filing
        self._filed[version_id] = filing
        self._versions.add(version_id)
        self._intake.filings.append(filing)

    def _is_held(self, record_id: str) -> bool:
        return record_id in self._known or record_id in self._first or record_id in self._strangers

    def observe(self) -> None:
        """Turn looks into observations, each against what the one before it led to."""
        self._settle_sightings()
        before = {(rid, one.account, one.stream): one for rid, ones in self._known.items() for one in ones}
        after: dict[_Key, tuple[Presence | None, Observation]] = {}
        for sighting in self._batch.sightings:
            record_id = sighting.look.record_id
            if record_id in self._disposed or not self._has_version(sighting):
                continue
            facts = self._facts_for(record_id)
            if facts is None:
                continue
            key = (record_id, sighting.account, sighting.stream)
            earlier = after.get(key)
            past = before.get(key) if earlier is None else stands(*earlier)
            observation = observe(past, facts, sighting)
            if observation is None:
                continue
            after[key] = (past, observation)
            self._intake.observations.append(observation)
            self._intake.proofs.append(self._proof(observation))
        seen = {record_id for record_id, _, _ in after}
        self._intake.unseen = len(self._first.keys() - seen)

    def _facts_for(self, record_id: str) -> FirstSight | None:
        """Return the facts of a record; None: it is neither held nor in the batch."""
        first = self._first.get(record_id)
        if first is not None:
            return self._facts.get(record_id, first)
        if not self._is_held(record_id):
            return None
        return self._facts.get(record_id) or self._known[record_id][0]

    def _settle_sightings(self) -> None:
        """Ask the archive for versions that a look names and the batch does not bring."""
        wanted = []
        named = {one.version_id for one in self._batch.sightings}
        if named <= self._versions:
            return
        for one in self._batch.sightings:
            facts = self._facts.get(one.look.record_id)
            if one.version_id is not None and facts is not None and not self._has_version(one):
                wanted.append((facts.series, facts.filed_at.year, one.look.record_id, one.version_id))
        if wanted:
            self._versions |= self._held.versions(wanted)

    def _has_version(self, sighting: Sighting) -> bool:
        wanted = sighting.version_id
        return wanted in self._versions or wanted is None or wanted in self._current

    def _proof(self, observation: Observation) -> Exhibit | None:
        """Return the exhibit that the observation's row holds: none that a version's row holds already."""
        exhibit = observation.exhibit
        if exhibit is None or observation.version_id is None:
            return exhibit
        filed = self._filed.get(observation.version_id)
        if filed is None:
            return exhibit
        return None if filed.exhibit is exhibit or filed.exhibit == exhibit else exhibit

    def attach(self) -> None:
        """Take in attachments of records that are held or filed, each once."""
        offered = [
            one
            for one in self._batch.attachments
            if one.record_id not in self._disposed and self._is_held(one.record_id)
        ]
        old = {one.record_id for one in offered if one.record_id not in self._first}
        taken = self._held.attachments(old) if old else set()
        for one in offered:
            key = attachment_key(one)
            if key not in taken:
                taken.add(key)
                self._intake.attachments.append(one)


def _readable(known: Known) -> Iterator[tuple[str, Presence]]:
    for record_id, ones in known.items():
        for one in ones:
            if one.series is not Series.UNREAD:
                yield record_id, one
                break


def _is_unread_news(filing: Filing, before: Unread | None) -> bool:
    if before is None:
        return True
    return filing.exhibit.parts != before.parts and filing.captured_at - before.captured_at >= _UNREAD_AGAIN
