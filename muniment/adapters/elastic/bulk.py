"""Writes entries in bulk: bounded memory, one request under way while the next is made ready.

Every write carries its commit as the document's version: what another process has taken further is not
undone by who comes late. A busy server (429) is asked again later, item by item; a full one is not.
"""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import msgspec
from elasticsearch import Elasticsearch

from muniment.adapters.elastic.mapping import MARK_ID, document_of, mark_document
from muniment.adapters.elastic.server import asking, fault_of, patiently
from muniment.search.entry import Entry
from schemas.errors import SearchUnavailableError

__all__ = ["BulkWriter"]

_ENTRIES: Final = 1_000
_BYTES: Final = 4_000_000
_LOOK_UP: Final = 10_000
_BUSY, _NOT_THERE = 429, 404

_Line = tuple[str, bytes | None]
"""A document's `_id` with its JSON; None: it is to go."""


class _Portion:
    """Whole records that go into one request."""

    def __init__(self) -> None:
        self.replaced: list[str] = []
        """Records of which the index may hold versions that are not among the lines."""
        self.lines: list[_Line] = []
        self.bytes = 0

    def add(self, entry: Entry, *, replaces: bool) -> None:
        if replaces and (not self.replaced or self.replaced[-1] != entry.record_id):
            self.replaced.append(entry.record_id)
        document = document_of(entry)
        self.lines.append((entry.version_id.hex(), document))
        self.bytes += len(document)

    @property
    def full(self) -> bool:
        return len(self.lines) >= _ENTRIES or self.bytes >= _BYTES


class BulkWriter:
    """Writes one commit's worth of entries to one index, named by an alias that must be there."""

    def __init__(
        self,
        client: Elasticsearch,
        alias: str,
        upto: int,
        *,
        standing: int | None,
        patience_seconds: float,
    ) -> None:
        """Take where to write.

        Args:
            client: The client.
            alias: Names the index; were it missing, the server would make an index of that name.
            upto: The commit; the version of every document.
            standing: The commit that the index stands at; None: it is new, and holds nothing to replace.
            patience_seconds: How long a busy server is asked again.
        """
        self._client = client
        self._alias = alias
        self._upto = upto
        self._standing = standing
        self._patience_seconds = patience_seconds

    def write(self, entries: Iterable[Entry], erased: Iterable[str]) -> int:
        """Replace records whole and take out the erased; return how many entries were written.

        Raises:
            ValueError: The versions of a record did not come together.
            MunimentError: As `server.fault_of` says; the watermark has not moved.
        """
        count = 0
        with ThreadPoolExecutor(max_workers=1) as pool:
            waiting: Future[int] | None = None
            for portion in self._portions(entries, erased):
                if waiting is not None:
                    count += waiting.result()
                waiting = pool.submit(self._send, portion)
            if waiting is not None:
                count += waiting.result()
        return count

    def mark(self) -> None:
        """Write the watermark: all that came before is acknowledged."""
        self._bulk([(MARK_ID, mark_document(self._upto))])

    def _portions(self, entries: Iterable[Entry], erased: Iterable[str]) -> Iterator[_Portion]:
        portion = _Portion()
        done: set[str] = set()
        record = ""
        for entry in entries:
            if entry.record_id != record:
                if entry.record_id in done:
                    raise ValueError("the versions of a record must come together")
                if self._standing is not None:
                    done.add(entry.record_id)
                record = entry.record_id
                if portion.full:
                    yield portion
                    portion = _Portion()
            portion.add(entry, replaces=self._standing is not None and entry.new_after < self._standing)
        for gone in erased:
            if len(portion.replaced) >= _ENTRIES:
                yield portion
                portion = _Portion()
            portion.replaced.append(gone)
        if portion.lines or portion.replaced:
            yield portion

    def _send(self, portion: _Portion) -> int:
        lines = portion.lines
        if portion.replaced:
            kept = {id_ for id_, _ in lines}
            lines = [*lines, *((id_, None) for id_ in self._held(portion.replaced) if id_ not in kept)]
        if lines:
            self._bulk(lines)
        return len(portion.lines)

    def _held(self, records: list[str]) -> Iterator[str]:
        """Yield the ids of all versions that the index holds of these records."""
        after: list[Any] | None = None
        while True:
            with asking():
                found = patiently(
                    lambda after=after: self._client.search(  # type: ignore[misc]
                        index=self._alias,
                        query={"terms": {"record": records}},
                        sort="version",
                        search_after=after,
                        size=_LOOK_UP,
                        source=False,
                        stored_fields="_none_",
                        docvalue_fields=[{"field": "version"}],
                        track_total_hits=False,
                        allow_partial_search_results=False,
                    ),
                    patience_seconds=self._patience_seconds,
                )
            hits = found["hits"]["hits"]
            yield from (hit["fields"]["version"][0] for hit in hits)
            if len(hits) < _LOOK_UP:
                return
            after = hits[-1]["sort"]

    def _bulk(self, lines: list[_Line]) -> None:
        deadline, pause = time.monotonic() + self._patience_seconds, 0.1
        while lines:
            busy = self._once(lines)
            if len(busy) < len(lines):
                deadline, pause = time.monotonic() + self._patience_seconds, 0.1
            elif time.monotonic() + pause > deadline:
                raise SearchUnavailableError("The search server is too busy to take what it is given.")
            lines = busy
            if lines:
                time.sleep(pause)
                pause = min(pause * 2, 5.0)

    def _once(self, lines: list[_Line]) -> list[_Line]:
        """Send one request; return what the server was too busy for."""
        version = {"version": self._upto, "version_type": "external_gte"}
        operations: list[Any] = []  # lines of JSON: the client passes them on as they are
        for id_, document in lines:
            action = "index" if document is not None else "delete"
            operations.append(msgspec.json.encode({action: {"_id": id_, **version}}))
            if document is not None:
                operations.append(document)
        with asking():
            answer = patiently(
                lambda: self._client.bulk(
                    index=self._alias,
                    operations=operations,
                    require_alias=True,
                    filter_path=["errors", "items.*.status", "items.*.error"],
                ),
                patience_seconds=self._patience_seconds,
            )
        if not answer["errors"]:
            return []
        busy = []
        for line, item in zip(lines, answer["items"], strict=True):
            ((action, told),) = item.items()
            status, error = told["status"], told.get("error")
            if error is None or (action == "delete" and status == _NOT_THERE):
                continue
            fault = fault_of(status, error)
            if status != _BUSY or not isinstance(fault, SearchUnavailableError):
                raise fault
            busy.append(line)
        return busy
