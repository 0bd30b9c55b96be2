"""The embedded search index: one tantivy folder for each council, fed with ready-made token streams.

    <root>/<council>/lock       held by whoever writes or rebuilds
                     current    names the generation in use; replaced by rename
                     gen-1/     tantivy's files, and made-by.json: which tokeniser made the tokens

The watermark is a document of its own (`mark` = 1), written in the same tantivy commit as the entries it
speaks of, so after a kill both are old or both are new. tantivy's traps, and what guards against each, are
in search.md 5: ids are signed, values are added by typed calls, a person's text never reaches tantivy's own
query parser, phrases have slop 0.
"""

import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import tantivy
from typing_extensions import override

from muniment.adapters.generations import current, keep_only, locked, next_number, point_at, sync
from muniment.adapters.tantivy_query import FLAGS, compile_tree
from muniment.ports import SearchIndex
from muniment.search.answer import Hit, Order, SearchPage
from muniment.search.entry import INTEGERS, KEYWORDS, MAPPING_VERSION, Entry, integers, keywords
from muniment.search.tokens import ANALYSER_VERSION, STEMMER_VERSION, streams
from muniment.search.tree import And, Node, Or, Query, Range, leaves
from schemas.errors import (
    BadInputError,
    IntegrityError,
    SchemaMismatchError,
    StorageError,
    WriteConflictError,
)

__all__ = ["TantivyIndex"]

_HEAP_BYTES = 128_000_000
_FACETS = frozenset({"platform", "account", "author_role", "kind", "class", "language", "state"})
_MADE_BY = {"analyser": ANALYSER_VERSION, "stemmer": STEMMER_VERSION, "mapping": MAPPING_VERSION}
_REINDEX = "Run `muniment reindex`: it builds the index anew from the archive."

_Tantivy = Any  # tantivy ships no usable types: its classes are named here by role only


class _Place(NamedTuple):
    """A hit's place in the order asked for; later places are smaller. By time the score is 0."""

    score: float
    sk: int
    id: int


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
        self._schema = _schema()
        self._opened: dict[str, tuple[str, _Tantivy]] = {}
        self._guard = threading.Lock()
        self._counted: tuple[tuple[str, int, Node], tuple[int, int]] | None = None

    @override
    def watermark(self, council: str) -> int:
        found = self._reader(council)
        return -1 if found is None else _watermark(found[1], self._schema)

    @override
    def apply(self, council: str, upto: int, entries: Iterable[Entry], erased: Iterable[str]) -> None:
        with self._locked(council) as folder:
            generation = current(folder)
            if generation is None:
                generation = self._make(folder, 1)
                point_at(folder, generation)
            if upto < self.watermark(council):
                return  # another process has gone further meanwhile: what it wrote is newer
            index = self._open(folder, generation)
            writer = self._writer(index)
            touched = self._write(writer, upto, entries, erased, fresh=index.searcher().num_docs == 0)
            self._check(index, touched)

    @override
    def rebuild(self, council: str, upto: int, entries: Iterable[Entry]) -> None:
        with self._locked(council) as folder:
            generation = self._make(folder, next_number(folder))
            index = self._open(folder, generation)
            self._write(self._writer(index), upto, entries, (), fresh=True)
            sync(folder / generation)
            point_at(folder, generation)
            keep_only(folder, generation)

    @override
    def search(
        self, council: str, query: Query, *, order: Order, after: str | None = None, size: int = 50
    ) -> SearchPage:
        reader = self._reader(council)
        if reader is None:
            return SearchPage(records=0, versions=0, watermark=-1, hits=(), after=None)
        generation, searcher = reader
        watermark = _watermark(searcher, self._schema)
        records, versions = self._count(searcher, (generation, watermark, query.tree))
        # Where nothing is scored all scores are alike, and the order is that of time.
        ranked = order is Order.RELEVANT and any(True for _ in leaves(query.tree))
        start = _read_cursor(after) if after else None
        if ranked:
            found = self._most_relevant(searcher, query.tree, start, size + 1, versions)
        else:
            found = self._newest(searcher, query.tree, start, size + 1)
        return SearchPage(
            records=records,
            versions=versions,
            watermark=watermark,
            hits=tuple(_hit(searcher.doc(address), place) for place, address in found[:size]),
            after=_write_cursor(found[size - 1][0]) if len(found) > size else None,
        )

    def _newest(
        self, searcher: _Tantivy, tree: Node, start: _Place | None, size: int
    ) -> list[tuple[_Place, _Tantivy]]:
        """Return the next hits by time; entries of one sort key come in the order of their ids."""
        query = tree
        if start is not None:
            same_time = And((Range("sk", start.sk, start.sk), Range("id", None, start.id - 1)))
            query = And((tree, Or((Range("sk", None, start.sk - 1), same_time))))
        found = self._run(searcher, query, limit=size, by="sk")
        if len(found) == size:
            # The last sort key may be shared by entries that did not fit: take all of them, then cut.
            last = searcher.fast_field_values("sk", found[-1:])[0]
            found = [
                *self._run(searcher, And((query, Range("sk", last + 1, None))), limit=size, by="sk"),
                *self._run(searcher, And((query, Range("sk", last, last))), limit=searcher.num_docs, by="sk"),
            ]
        return _in_order(searcher, [(0.0, address) for address in found], None, size)

    def _most_relevant(
        self, searcher: _Tantivy, tree: Node, start: _Place | None, size: int, versions: int
    ) -> list[tuple[_Place, _Tantivy]]:
        """Return the next hits by score, then time. Scores tie often, so look until the last is sure."""
        query = compile_tree(tree, self._schema)
        limit = size * 4
        while True:
            found = searcher.search(query, min(limit, max(versions, 1)), count=False).hits
            last_score = found[-1][0] if found else 0.0
            whole = len(found) >= versions
            sure = found if whole else [(score, address) for score, address in found if score > last_score]
            placed = _in_order(searcher, sure, start, size)
            if whole or len(placed) == size:
                return placed
            limit *= 4

    def _run(self, searcher: _Tantivy, tree: Node, *, limit: int, by: str) -> list[_Tantivy]:
        query = compile_tree(tree, self._schema)
        found = searcher.search(query, max(limit, 1), count=False, order_by_field=by)
        return [address for _, address in found.hits]

    def _count(self, searcher: _Tantivy, asked: tuple[str, int, Node]) -> tuple[int, int]:
        """Return exact records and versions; the last answer is remembered, since pages ask again."""
        remembered = self._counted
        if remembered is not None and remembered[0] == asked:
            return remembered[1]
        tree = asked[2]
        versions = _total(searcher, compile_tree(tree, self._schema))
        several = compile_tree(And((tree, Range("multi", 1, 1))), self._schema)
        in_several = _total(searcher, several)
        keys: set[int] = set()
        if in_several:
            found = searcher.search(tantivy.Query.const_score_query(several, 1.0), in_several, count=False)
            keys.update(searcher.fast_field_values("record_key", [address for _, address in found.hits]))
        counted = (versions - in_several + len(keys), versions)
        self._counted = (asked, counted)
        return counted

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
        path.mkdir()
        tantivy.Index(self._schema, path=str(path))
        (path / "made-by.json").write_text(json.dumps(_MADE_BY))
        sync(path)
        return generation

    def _open(self, folder: Path, generation: str) -> _Tantivy:
        path = folder / generation
        try:
            made_by = json.loads((path / "made-by.json").read_text())
            index = tantivy.Index.open(str(path))
        except (OSError, ValueError) as fault:
            raise IntegrityError(f"The search index {path} cannot be read.", remedy=_REINDEX) from fault
        if made_by != _MADE_BY:
            message = f"The search index was made by {made_by}, this muniment reads {_MADE_BY}."
            raise SchemaMismatchError(message, remedy=_REINDEX)
        return index

    def _reader(self, council: str) -> tuple[str, _Tantivy] | None:
        """Return the generation in use and a searcher that sees its last commit; None: there is no index."""
        folder = self._folder(council)
        with self._guard:
            for last_try in (False, True):
                generation = current(folder)
                if generation is None:
                    return None
                opened = self._opened.get(council)
                try:
                    if opened is None or opened[0] != generation:
                        opened = (generation, self._open(folder, generation))
                        self._opened[council] = opened
                    opened[1].reload()
                    return generation, opened[1].searcher()
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
        self, writer: _Tantivy, upto: int, entries: Iterable[Entry], erased: Iterable[str], *, fresh: bool
    ) -> dict[str, int]:
        """Write one commit; return how many entries each record touched must have after it."""
        touched: dict[str, int] = {}
        record = ""
        try:
            for entry in entries:
                if entry.record_id != record:
                    record = entry.record_id
                    if not fresh:
                        if record in touched:
                            raise ValueError("the versions of a record must come together")  # noqa: TRY301
                        touched[record] = 0
                        writer.delete_documents_by_term("record", record)
                if not fresh:
                    touched[record] += 1
                writer.add_document(_document(entry))
            for record in erased:
                touched[record] = 0
                writer.delete_documents_by_term("record", record)
            writer.delete_documents_by_term("mark", 1)
            mark = tantivy.Document()
            mark.add_integer("mark", 1)
            mark.add_integer("watermark", upto)
            writer.add_document(mark)
            _commit(writer)
        except BaseException:
            with suppress(ValueError):  # the writer may be dead already
                writer.rollback()
            raise
        finally:
            writer.wait_merging_threads()  # frees the lock, and lets merges end that would else be lost
        return touched

    def _check(self, index: _Tantivy, touched: dict[str, int]) -> None:
        """Count what was replaced: tantivy reports no error when a delete finds nothing."""
        if not touched:
            return
        index.reload()
        query = tantivy.Query.term_set_query(self._schema, "record", list(touched))
        found = _total(index.searcher(), query)
        if found != sum(touched.values()):
            message = f"{sum(touched.values())} entries were written, {found} are in the search index."
            raise IntegrityError(message, remedy=_REINDEX)


def _schema() -> _Tantivy:
    builder = tantivy.SchemaBuilder()
    for name in (*INTEGERS, "mark", "watermark"):
        builder.add_integer_field(name, indexed=name in FLAGS, fast=True)
    for name in KEYWORDS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=name in _FACETS)
    builder.add_text_field("record", tokenizer_name="raw", index_option="basic", stored=True)
    builder.add_bytes_field("version", stored=True)
    for name in ("x", "s"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    return builder.build()


def _document(entry: Entry) -> _Tantivy:
    document = tantivy.Document()
    for name, number in zip(INTEGERS, integers(entry), strict=True):
        document.add_integer(name, number)
    for name, values in zip(KEYWORDS, keywords(entry), strict=True):
        for value in values:
            document.add_text(name, value)
    document.add_text("record", entry.record_id)
    document.add_bytes("version", entry.version_id)
    exact, stem = streams(entry.text)
    document.add_text("x", exact)
    document.add_text("s", stem)
    return document


def _commit(writer: _Tantivy) -> None:
    try:
        writer.commit()
    except (OSError, ValueError) as fault:
        remedy = "Free some space or mend the volume; the next run goes on from the last commit."
        raise StorageError("The search index could not be written.", remedy=remedy) from fault


def _watermark(searcher: _Tantivy, schema: _Tantivy) -> int:
    found = searcher.search(tantivy.Query.term_query(schema, "mark", 1, "basic"), 1).hits
    return int(searcher.fast_field_values("watermark", [found[0][1]])[0]) if found else -1


def _total(searcher: _Tantivy, query: _Tantivy) -> int:
    return int(searcher.search(tantivy.Query.const_score_query(query, 0.0), 1, count=True).count)


def _in_order(
    searcher: _Tantivy, found: list[tuple[float, _Tantivy]], start: _Place | None, size: int
) -> list[tuple[_Place, _Tantivy]]:
    """Return at most `size` hits after `start`, by score, sort key and id, largest first."""
    addresses = [address for _, address in found]
    sort_keys = searcher.fast_field_values("sk", addresses)
    ids = searcher.fast_field_values("id", addresses)
    scores = [score for score, _ in found]
    placed = sorted(
        zip(map(_Place, scores, sort_keys, ids), addresses, strict=True), key=_place, reverse=True
    )
    if start is not None:
        placed = [pair for pair in placed if pair[0] < start]
    return placed[:size]


def _place(placed: tuple[_Place, _Tantivy]) -> _Place:
    return placed[0]


def _hit(document: _Tantivy, place: _Place) -> Hit:
    return Hit(
        version_id=bytes(document.get_first("version")), record_id=document.get_first("record"), sk=place.sk
    )


def _write_cursor(place: _Place) -> str:
    return f"{place.score!r}:{place.sk}:{place.id}"


def _read_cursor(cursor: str) -> _Place:
    try:
        score, sk, id_ = cursor.split(":")
        return _Place(float(score), int(sk), int(id_))
    except ValueError:
        remedy = "Begin again with the first page."
        raise BadInputError("This is not a place in a list of results.", remedy=remedy) from None
