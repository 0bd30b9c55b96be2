"""Answers a search: exact totals, the hits with their texts marked, and a statement of what was searched.

The index says which versions match; what they say, and how they stood at the index's commit, is read from
the archive, which is the truth.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, TextIO
from zoneinfo import ZoneInfo

import pyarrow as pa

from muniment.ports import Archive, SearchIndex
from muniment.search.answer import Hit, Order, SearchPage
from muniment.search.entry import Entry
from muniment.search.explain import explain
from muniment.search.highlight import Piece, highlight
from muniment.search.parse import parse
from muniment.search.tree import Leaf, Near, Node, Query, leaves
from muniment.services.indexing import ENTRY_COLUMNS, OBSERVATION_COLUMNS, entries_of
from schemas.arrow import RECORD_SERIES, TABLE
from schemas.errors import IntegrityError, WriteConflictError

__all__ = [
    "CSV_COLUMNS",
    "FoundVersion",
    "SearchAnswer",
    "SearchFilters",
    "SearchStatement",
    "export",
    "search",
]

_EXPORT_PAGE: Final = 20_000
_LONDON: Final = ZoneInfo("Europe/London")
_EXTRA_COLUMNS: Final = ("author_name", "url", "captured_at", "thread_id", "capture_id")
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

CSV_COLUMNS: Final = (
    *(
        "record_id",
        "version_id",
        "platform",
        "kind",
        "accounts",
        "author_role",
        "author_handle",
        "author_name",
    ),
    *("dated", "filed_at_utc", "captured_at_utc", "state", "current", "edited", "title", "text", "url"),
    *("thread_id", "capture_id", "commit_no"),
)
"""The columns of an export. `dated` is the Europe/London date; `version_id` is in hexadecimal figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilters:
    """What narrows a search beside its words; dates are whole Europe/London days, ends included."""

    platforms: Sequence[str] = ()
    accounts: Sequence[str] = ()
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchStatement:
    """What was searched, word for word, for the reply to a request.

    `words` are the words and phrases searched for; `ignored` what was typed but holds no letter or figure.
    `archive_commit` is the archive's last commit when the search was made.
    """

    typed: str
    explained: str
    words: tuple[str, ...]
    ignored: tuple[str, ...]
    order: Order
    records: int
    versions: int
    watermark: int
    archive_commit: int

    @property
    def behind(self) -> int:
        """How many commits the index has not yet taken in."""
        return max(0, self.archive_commit - max(0, self.watermark))

    def totals(self) -> str:
        """Return the exact totals and how fresh they are, as one line."""
        found = f"{_counted(self.records, 'record')}, {_counted(self.versions, 'version')}"
        if self.watermark < 0:
            return f"{found}; nothing is indexed yet, {self.behind} behind"
        return f"{found}; index current to commit {self.watermark}, {self.behind} behind"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundVersion:
    """A version that matches, as it stood at the index's commit; `title` and `text` in marked pieces."""

    entry: Entry
    author_name: str | None
    url: str | None
    thread_id: str
    capture_id: str
    filed_at: datetime
    captured_at: datetime
    title: tuple[Piece, ...]
    text: tuple[Piece, ...]

    @property
    def dated(self) -> date:
        """The Europe/London date that searches go by."""
        return self.filed_at.astimezone(_LONDON).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAnswer:
    """One page of an answer; `after` asks for the next, None: this is the last."""

    statement: SearchStatement
    found: tuple[FoundVersion, ...]
    after: str | None


def search(
    archive: Archive,
    index: SearchIndex,
    council: str,
    typed: str,
    *,
    filters: SearchFilters = SearchFilters(),
    order: Order = Order.NEWEST,
    after: str | None = None,
    size: int = 50,
) -> SearchAnswer:
    """Return a page of what matches.

    Raises:
        QueryError: A mistake in `typed`, with its position and what to write instead.
        SchemaMismatchError: The index must be built anew first.
        IntegrityError: The index names a version that the archive does not hold.
    """
    query = _parse(typed, filters)
    page = index.search(council, query, order=order, after=after, size=size)
    statement = _statement(query, page, order, archive)
    found = _found(archive, page.hits, page.watermark, query.tree)
    return SearchAnswer(statement=statement, found=tuple(found), after=page.after)


def export(
    archive: Archive,
    index: SearchIndex,
    council: str,
    typed: str,
    into: TextIO,
    *,
    filters: SearchFilters = SearchFilters(),
    page_rows: int = _EXPORT_PAGE,
) -> SearchStatement:
    """Write every hit as CSV, newest first, with no limit; return the statement, whose totals it matches.

    A cell that a spreadsheet would run as a formula (it begins with = + - @, a tab or a line break, or the
    full-width form of a sign) gets an apostrophe before it: take it off to have the text as it was. Open
    `into` with newline="" and encoding "utf-8-sig", so that spreadsheets read Welsh letters and emoji.

    Raises:
        WriteConflictError: The index moved on while it was read: run the search again.
    """
    query = _parse(typed, filters)
    page = first = index.search(council, query, order=Order.NEWEST, size=page_rows)
    writer = csv.writer(into)
    writer.writerow(CSV_COLUMNS)
    written = 0
    while True:
        for found in _found(archive, page.hits, page.watermark, None):
            writer.writerow([_cell(value) for value in _row(found)])
            written += 1
        if page.after is None:
            break
        page = index.search(council, query, order=Order.NEWEST, after=page.after, size=page_rows)
    if (written, page.watermark) != (first.versions, first.watermark):
        message = f"{written} versions were written, the search found {first.versions}."
        raise WriteConflictError(message, remedy="New records came in meanwhile: run the search again.")
    return _statement(query, first, Order.NEWEST, archive)


def _statement(query: Query, page: SearchPage, order: Order, archive: Archive) -> SearchStatement:
    return SearchStatement(
        typed=query.typed,
        explained=f"Every version that {explain(query.tree)}.",
        words=tuple(dict.fromkeys(word for leaf in leaves(query.tree) for word in _words(leaf))),
        ignored=query.ignored,
        order=order,
        records=page.records,
        versions=page.versions,
        watermark=page.watermark,
        archive_commit=archive.commit_no(),
    )


def _words(leaf: Leaf) -> tuple[str, ...]:
    return leaf.typed if isinstance(leaf, Near) else (leaf.typed,)


def _parse(typed: str, filters: SearchFilters) -> Query:
    return parse(
        typed,
        platforms=filters.platforms,
        accounts=filters.accounts,
        since=filters.since,
        until=filters.until,
    )


def _found(archive: Archive, hits: Sequence[Hit], upto: int, tree: Node | None) -> Iterator[FoundVersion]:
    """Yield the hits in order, each as at the index's commit; without a tree nothing is marked."""
    if not hits:
        return
    record_ids = sorted({hit.record_id for hit in hits})
    columns = [*ENTRY_COLUMNS, *_EXTRA_COLUMNS]
    rows = _read(archive, RECORD_SERIES, columns, record_ids, upto)
    observations = _read(archive, ["observation"], OBSERVATION_COLUMNS, record_ids, upto)
    entries = {entry.version_id: entry for entry in entries_of(rows, observations)}
    said = {row["version_id"]: row for row in _plain_rows(rows)}
    for hit in hits:
        entry, row = entries.get(hit.version_id), said.get(hit.version_id)
        if entry is None or row is None:
            message = f"The index names a version of {hit.record_id} that the archive does not hold."
            raise IntegrityError(message, remedy="Run `muniment reindex`.")
        yield FoundVersion(
            entry=entry,
            author_name=row["author_name"],
            url=row["url"],
            thread_id=row["thread_id"],
            capture_id=row["capture_id"],
            filed_at=_utc(row["filed_at"]),
            captured_at=_utc(row["captured_at"]),
            title=_marked(row["title"] or "", tree),
            text=_marked(row["text"], tree),
        )


def _marked(text: str, tree: Node | None) -> tuple[Piece, ...]:
    return (Piece(text, hit=False),) if tree is None else highlight(text, tree)


def _read(
    archive: Archive, series: Sequence[str], columns: Sequence[str], record_ids: Sequence[str], upto: int
) -> pa.Table:
    batches = archive.scan(series=series, columns=columns, record_ids=record_ids, upto=upto)
    return pa.Table.from_batches(batches, schema=pa.schema([TABLE.field(name) for name in columns]))


def _plain_rows(rows: pa.Table) -> Iterator[dict[str, Any]]:
    wanted = rows.select(["version_id", "title", "text", "filed_at", *_EXTRA_COLUMNS])
    for batch in wanted.to_batches(max_chunksize=1_000):
        yield from batch.to_pylist()


def _row(found: FoundVersion) -> tuple[object, ...]:
    entry = found.entry
    return (
        entry.record_id,
        entry.version_id.hex(),
        entry.platform,
        entry.kind,
        " ".join(entry.accounts),
        entry.author_role,
        entry.author_handle,
        found.author_name,
        found.dated.isoformat(),
        found.filed_at.isoformat(),
        found.captured_at.isoformat(),
        entry.state,
        "yes" if entry.current else "no",
        "yes" if entry.edited else "no",
        "".join(piece.text for piece in found.title),
        "".join(piece.text for piece in found.text),
        found.url,
        found.thread_id,
        found.capture_id,
        entry.commit_no,
    )


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
