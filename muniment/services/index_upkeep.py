"""Holds the index against the archive, and takes what was destroyed out of the index's own files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from muniment.collector import collector_paused
from muniment.ports import Archive, SearchIndex
from muniment.ports.disposal import ErasedRecords
from muniment.search.answer import Facet, PurgeProof
from muniment.search.entry import Entry, day_of
from muniment.search.facets import FacetCounter
from muniment.search.tree import Everything, Query, Range
from muniment.services.indexing import (
    INDEX_NAME,
    Classes,
    being_destroyed,
    catch_up,
    classed,
    every_entry,
    without,
)
from schemas.errors import IntegrityError, SchemaMismatchError

__all__ = ["Difference", "Reconciled", "purge_index", "reconcile", "reconcile_current"]

_EVERYTHING = Query(typed="", tree=Everything())
_COUNTED = tuple(facet for facet in Facet if facet not in (Facet.YEAR, Facet.MONTH))


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A month ("2024-03") in which archive and index count a value otherwise; counts are of versions."""

    month: str
    facet: Facet
    value: str
    in_archive: int
    in_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What was compared: as at which commit, how many versions, and what differs.

    `same_versions`: both hold exactly the same versions, by a sum over their ids, not only as many.
    """

    commit_no: int
    versions: int
    same_versions: bool
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        """Whether the index is a true view of the archive.

        Classes change by themselves, and the index takes them anew at night: they may differ for a day.
        """
        return self.same_versions and not any(one.facet is not Facet.CLASS for one in self.differences)


def reconcile(
    archive: Archive,
    index: SearchIndex,
    council: str,
    *,
    erased: ErasedRecords | None = None,
    classes: Classes | None = None,
) -> Reconciled:
    """Count every version of archive and index by month and each facet, as at the index's commit.

    Bring the index up first: what was erased from the archive since its commit would be a difference.

    Raises:
        SchemaMismatchError: Another tokeniser made the index: rebuild it.
    """
    upto = max(0, index.watermark(council))
    months: dict[int, FacetCounter] = {}
    versions = in_archive = 0
    with collector_paused():
        known = {} if classes is None else classes()
        entries = without(every_entry(archive, upto), being_destroyed(erased, council))
        for entry in classed(entries, known):
            months.setdefault(day_of(entry.ts) // 100, FacetCounter()).add(entry)
            in_archive ^= int.from_bytes(entry.version_id, "big")
            versions += 1
    every = index.every_hit(council, _EVERYTHING)
    in_index = 0
    for batch in every.batches:
        for hit in batch:
            in_index ^= int.from_bytes(hit.version_id, "big")
    return Reconciled(
        commit_no=upto,
        versions=versions,
        same_versions=in_archive == in_index and versions == every.versions,
        differences=tuple(_differences(index, council, months)),
    )


def reconcile_current(
    archive: Archive, index: SearchIndex, council: str, *, erased: ErasedRecords, classes: Classes
) -> Reconciled | None:
    """Count an index that stands at the archive's last commit, and still does afterwards.

    Nothing is written, so an index that is behind is left as it is.

    Returns:
        What differs; None: there is no index, it is behind, or it was written while it was counted.

    Raises:
        SearchUnavailableError: The server does not answer.
        SchemaMismatchError: Another tokeniser made the index: rebuild it.
    """
    if index.watermark(council) != archive.commit_no():
        return None
    found = reconcile(archive, index, council, erased=erased, classes=classes)
    return found if index.watermark(council) == found.commit_no else None


def purge_index(
    archive: Archive,
    index: SearchIndex,
    council: str,
    record_ids: Sequence[str],
    *,
    erased: ErasedRecords | None = None,
    classes: Classes | None = None,
    words: Sequence[str] = (),
) -> PurgeProof:
    """Take erased records out of the index's files, and say what is found there afterwards.

    Call it after the archive has erased them; the index then stands at the archive's last commit. An index
    that is only behind follows first, so that no search finds them while their words are taken out, and an
    engine that drops what is deleted from its files need not be given everything anew.

    Args:
        archive: What the index is a view of: it no longer holds the records.
        index: The index.
        council: Whose.
        record_ids: What was erased.
        erased: What the register knows of erasures; runs close after this, not during it.
        classes: Gives the retention class of every record.
        words: Tokens that stood in these records only, when the caller knows some.

    Raises:
        WriteConflictError: Another process writes this index, or files of the archive went away: try again.
        StorageError: The disk is full; the index stands as it was.
    """
    with suppress(IntegrityError, SchemaMismatchError):  # such an index is built anew below
        if index.watermark(council) >= 0:
            catch_up(archive, index, council, erased=erased, classes=classes)
    upto = archive.commit_no()
    if erased is not None:
        erased.begin_rebuild(council, INDEX_NAME, commit_no=upto)
    try:
        with collector_paused():
            hidden = being_destroyed(erased, council).union(record_ids)
            kept = without(every_entry(archive, upto), hidden)
            return index.purge(council, upto, _classed_when_read(kept, classes), record_ids, words)
    finally:
        if erased is not None:
            erased.end_rebuild(council, INDEX_NAME)


def _classed_when_read(entries: Iterator[Entry], classes: Classes | None) -> Iterator[Entry]:
    """Yield the entries with their classes, which only an engine that reads entries has to wait for."""
    yield from classed(entries, {} if classes is None else classes())


def _differences(
    index: SearchIndex, council: str, months: Mapping[int, FacetCounter]
) -> Iterator[Difference]:
    known = {int(month.replace("-", "")) for month in index.facets(council, _EVERYTHING).counts[Facet.MONTH]}
    for month in sorted(known | months.keys()):
        query = Query(typed="", tree=Range("ym", month, month))
        told = index.facets(council, query).counts
        counter = months.get(month)
        for facet in _COUNTED:
            wanted = {} if counter is None else counter.counts()[facet]
            found = told[facet]
            for value in sorted(wanted.keys() | found.keys()):
                if wanted.get(value, 0) != found.get(value, 0):
                    yield Difference(
                        month=f"{month // 100:04}-{month % 100:02}",
                        facet=facet,
                        value=value,
                        in_archive=wanted.get(value, 0),
                        in_index=found.get(value, 0),
                    )
