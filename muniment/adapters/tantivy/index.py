"""The embedded search index: one tantivy folder for each council, fed with ready-made token streams.

    <root>/<council>/lock       held by whoever writes or rebuilds
                     current    names the generation in use; replaced by rename
                     gen-1/     tantivy's files; made-by.json: which tokeniser made the tokens; and the
                                list of its words (`listed`)

The watermark is a document of its own (`mark` = 1), written in the same tantivy commit as the entries it
speaks of, so after a kill both are old or both are new. tantivy's traps, and what guards against each, are
in search.md 5: ids are signed, values are added by typed calls, a person's text never reaches tantivy's own
query parser, phrases have slop 0.
"""

import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import tantivy
from typing_extensions import override

from muniment.adapters.generations import (
    current,
    keep_only,
    locked,
    next_number,
    others,
    point_at,
    put,
    sync,
)
from muniment.adapters.tantivy.documents import LAYOUT_VERSION, documents_of, index_schema, mark_document
from muniment.adapters.tantivy.listed import ListedWords, Listing
from muniment.adapters.tantivy.reading import IndexState, total
from muniment.ports import SearchIndex
from muniment.search.answer import EveryHit, Facet, FacetCounts, Order, PurgeProof, SearchPage
from muniment.search.entry import MAPPING_VERSION, Entry
from muniment.search.tokens import ANALYSER_VERSION, GAP, PIECES, STEMMER_VERSION
from muniment.search.tree import Query
from muniment.search.watermark import refuse_gap
from schemas.errors import (
    BadInputError,
    IntegrityError,
    SchemaMismatchError,
    StorageError,
    WriteConflictError,
)

__all__ = ["TantivyIndex"]

_HEAP_BYTES = 128_000_000
_MADE_BY = {
    "analyser": ANALYSER_VERSION,
    "stemmer": STEMMER_VERSION,
    "mapping": MAPPING_VERSION,
    "layout": LAYOUT_VERSION,
}
_LISTS_WORDS = {**_MADE_BY, "words": 1}
"""What signs an index with a list of its words, so that no version of muniment writes to it that keeps none.
An index signed otherwise gets its list when it is written next."""
_REINDEX = "Run `muniment reindex`: it builds the index anew from the archive."

_EMPTY = -2
_RECORDS_AT_ONCE = 10_000

_Tantivy = Any  # tantivy ships no usable types: its classes are named here by role only


class _Opened:
    """A generation that is open, and the last state of it that was read."""

    def __init__(self, generation: str, index: _Tantivy, listed: ListedWords | None) -> None:
        self.generation = generation
        self._index = index
        self._listed = listed
        self._state: IndexState | None = None

    def newest(self, schema: _Tantivy) -> IndexState:
        """Return what the last commit holds; as long as nothing was written it is the same state."""
        self._index.reload()
        state = IndexState(self._index.searcher(), schema, self._listed)
        if self._state is None or self._state.signature != state.signature:
            self._state = state
        return self._state


class TantivyIndex(SearchIndex):
    """Search over tantivy, embedded. One writer at a time for each council, any number of readers."""

    def __init__(self, root: Path, *, heap_bytes: int = _HEAP_BYTES, patience_seconds: float = 60.0) -> None:
        """Keep where the councils' folders lie; nothing is made before the first write.

        Args:
            root: Folder of the indexes; made when missing.
            heap_bytes: Memory of a writer.
            patience_seconds: How long a write waits for another writer.
        """
        self._root = root
        self._heap_bytes = heap_bytes
        self._patience_seconds = patience_seconds
        self._schema = index_schema()
        self._opened: dict[str, _Opened] = {}
        self._listing: Listing | None = None
        self._guard = threading.Lock()

    def close(self) -> None:
        """Let go of what is open."""
        self._opened.clear()

    @override
    def watermark(self, council: str) -> int:
        state = self._state(council)
        return -1 if state is None else state.watermark

    @override
    def apply(
        self,
        council: str,
        upto: int,
        entries: Iterable[Entry],
        erased: Iterable[str],
        *,
        after: int | None = None,
    ) -> None:
        with self._locked(council) as folder:
            stands_at = self.watermark(council)
            refuse_gap(stands_at, after)
            generation = current(folder)
            if generation is None:
                generation = self._make(folder, 1)
                point_at(folder, generation)
            if upto < stands_at:
                return  # another process has gone further meanwhile: what it wrote is newer
            index, listed = self._open(folder, generation)
            listing = self._goes_on(folder / generation, index, listed)
            writer = self._writer(index)
            stands_at = max(stands_at, 0) if index.searcher().num_docs else _EMPTY
            touched = self._write(writer, upto, entries, erased, stands_at=stands_at, listing=listing)
            self._check(index, touched)

    @override
    def rebuild(self, council: str, upto: int, entries: Iterable[Entry]) -> None:
        with self._locked(council) as folder:
            generation = self._make(folder, next_number(folder))
            index, _ = self._open(folder, generation)
            self._write(self._writer(index), upto, entries, (), stands_at=_EMPTY)
            with _stored():
                _list_all(index, folder / generation)
                sync(folder / generation)
                point_at(folder, generation)
            keep_only(folder, generation)

    @override
    def search(
        self, council: str, query: Query, *, order: Order, after: str | None = None, size: int = 50
    ) -> SearchPage:
        state = self._state(council)
        if state is None:
            return SearchPage(records=0, versions=0, watermark=-1, hits=(), after=None)
        return state.page(query, order=order, after=after, size=size)

    @override
    def facets(self, council: str, query: Query) -> FacetCounts:
        state = self._state(council)
        if state is None:
            return FacetCounts(watermark=-1, counts={facet: {} for facet in Facet})
        return state.facets(query)

    @override
    def every_hit(self, council: str, query: Query, *, scored: bool = False) -> EveryHit:
        # Opened for itself, and nothing kept beside it: of 200,000 entries tantivy remembers 50 MB.
        self._opened.pop(council, None)
        state = self._state(council, apart=True)
        if state is None:
            return EveryHit(versions=0, watermark=-1, batches=iter(()))
        return state.every_hit(query, scored=scored)

    @override
    def words(self, council: str) -> Mapping[str, int]:
        state = self._state(council)
        return {} if state is None else state.words()

    @override
    def purge(
        self,
        council: str,
        upto: int,
        entries: Iterable[Entry],
        erased: Sequence[str],
        words: Sequence[str] = (),
    ) -> PurgeProof:
        from importlib.metadata import version  # noqa: PLC0415 - slow to import, and seldom asked

        self.rebuild(council, upto, entries)
        with self._locked(council) as folder:
            # Opened afresh, so that the proof is of what lies on the disk.
            index, listed = self._open(folder, current(folder) or "")
            state = IndexState(index.searcher(), self._schema, listed)
            return PurgeProof(
                engine=f"tantivy {version('tantivy')}",
                watermark=state.watermark,
                records=len(erased),
                entries=state.searcher.num_docs - 1,
                terms_left=state.terms_left(erased, words),
                copies_left=len(others(folder, current(folder))),
            )

    def _folder(self, council: str) -> Path:
        if council in ("", ".", "..") or Path(council).name != council:
            raise BadInputError(f"{council!r} cannot name a council.", remedy="Write its short name.")
        return self._root / council

    @contextmanager
    def _locked(self, council: str) -> Iterator[Path]:
        folder = self._folder(council)
        with locked(folder, patience_seconds=self._patience_seconds):
            keep_only(folder, current(folder))  # a killed rebuild may have left its half
            yield folder

    def _make(self, folder: Path, number: int) -> str:
        generation = f"gen-{number}"
        path = folder / generation
        with _stored():
            path.mkdir()
            tantivy.Index(self._schema, path=str(path))
            ListedWords(path).make((GAP.encode(),))  # which no text need bring
            _sign(path)
            sync(path)
        return generation

    def _goes_on(self, path: Path, index: _Tantivy, listed: ListedWords | None) -> Listing:
        """Return what this process met on its way into a generation, and make its list if it has none yet."""
        if listed is None:
            with _stored():
                listed = _list_all(index, path)
                _sign(path)
        if self._listing is None or not self._listing.goes_on(listed):
            self._listing = Listing(listed)
        return self._listing

    def _open(self, folder: Path, generation: str) -> tuple[_Tantivy, ListedWords | None]:
        """Open a generation, and the list of its words; None: none is kept."""
        path = folder / generation
        try:
            made_by = json.loads((path / "made-by.json").read_text())
            index = tantivy.Index.open(str(path))
            # Each look reloads by itself; tantivy's own thread would make locks in folders that go.
            index.config_reader("manual")
        except (OSError, ValueError) as fault:
            raise IntegrityError(f"The search index {path} cannot be read.", remedy=_REINDEX) from fault
        if made_by not in (_LISTS_WORDS, _MADE_BY):
            message = f"The search index was made by {made_by}, this muniment reads {_LISTS_WORDS}."
            raise SchemaMismatchError(message, remedy=_REINDEX)
        listed = ListedWords(path)
        return index, listed if made_by == _LISTS_WORDS and listed.stands() else None

    def _state(self, council: str, *, apart: bool = False) -> IndexState | None:
        """Return what the last commit of the generation in use holds; None: there is no index.

        `apart`: for this caller alone; else it is the one that all share, as long as nothing is written.
        """
        folder = self._folder(council)
        with self._guard:
            for last_try in (False, True):
                generation = current(folder)
                if generation is None:
                    return None
                opened = None if apart else self._opened.get(council)
                try:
                    if opened is None or opened.generation != generation:
                        opened = _Opened(generation, *self._open(folder, generation))
                        if not apart:
                            self._opened[council] = opened
                    return opened.newest(self._schema)
                except (IntegrityError, ValueError, OSError):
                    # A rebuild may have swapped the folders between two of our steps.
                    self._opened.pop(council, None)
                    if last_try or generation == current(folder):
                        raise
        return None

    def _writer(self, index: _Tantivy) -> _Tantivy:
        deadline = time.monotonic() + self._patience_seconds
        while True:
            try:
                writer = index.writer(self._heap_bytes, 1)
            except ValueError as fault:
                if "LockBusy" not in str(fault):
                    raise StorageError("The search index cannot be written.", remedy=_REINDEX) from fault
                if time.monotonic() > deadline:
                    raise WriteConflictError("Another process writes this search index.") from fault
                time.sleep(0.05)
            else:
                # A killed commit leaves its deletion file, and the next commit would use that name again.
                writer.garbage_collect_files()
                return writer

    def _write(
        self,
        writer: _Tantivy,
        upto: int,
        entries: Iterable[Entry],
        erased: Iterable[str],
        *,
        stands_at: int,
        listing: Listing | None = None,
    ) -> dict[str, int]:
        """Write one commit; return how many entries each record touched must have after it.

        `stands_at` is the watermark of what is there; below -1 in an empty index, where nothing is replaced.
        `listing`: what lists the words met before the commit; None: the caller lists all of them after it.
        """
        touched: dict[str, int] = {}
        record = ""
        try:
            for entry, document in documents_of(entries, PIECES if listing is None else listing.met):
                if entry.new_after < stands_at:
                    if entry.record_id != record:
                        record = entry.record_id
                        if record in touched:
                            raise ValueError("the versions of a record must come together")  # noqa: TRY301
                        touched[record] = 0
                        writer.delete_documents_by_term("record", record)
                    touched[record] += 1
                writer.add_document(document)
            gone = list(erased)
            touched.update(dict.fromkeys(gone, 0))
            for of_some in self._of_records(gone):
                writer.delete_documents_by_query(of_some)
            writer.delete_documents_by_term("mark", 1)
            writer.add_document(mark_document(upto))
            with _stored():
                if listing is not None:
                    listing.write()
                writer.commit()
        except BaseException:
            self._listing = None  # some of what it met may not be listed
            with suppress(ValueError):  # the writer may be dead already
                writer.rollback()
            raise
        finally:
            writer.wait_merging_threads()  # frees the lock, and lets merges end that would else be lost
        return touched

    def _of_records(self, record_ids: Sequence[str]) -> Iterator[_Tantivy]:
        """Yield queries that find these records, many with each: a deletion by one term takes a kilobyte."""
        for start in range(0, len(record_ids), _RECORDS_AT_ONCE):
            some = list(record_ids[start : start + _RECORDS_AT_ONCE])
            yield tantivy.Query.term_set_query(self._schema, "record", some)

    def _check(self, index: _Tantivy, touched: dict[str, int]) -> None:
        """Count what was replaced: tantivy reports no error when a delete finds nothing."""
        if not touched:
            return
        index.reload()
        searcher = index.searcher()
        found = sum(total(searcher, of_some) for of_some in self._of_records(list(touched)))
        if found != sum(touched.values()):
            message = f"{sum(touched.values())} entries were written, {found} are in the search index."
            raise IntegrityError(message, remedy=_REINDEX)


@contextmanager
def _stored() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as fault:
        remedy = "Free some space or mend the volume; the next run goes on from the last commit."
        raise StorageError("The search index could not be written.", remedy=remedy) from fault


def _list_all(index: _Tantivy, path: Path) -> ListedWords:
    """List every word of an index as it stands."""
    index.reload()
    listed = ListedWords(path)
    listed.make(word.encode() for word, _ in index.searcher().terms_with_prefix("x", ""))
    return listed


def _sign(path: Path) -> None:
    put(path / "made-by.json", json.dumps(_LISTS_WORDS).encode())
