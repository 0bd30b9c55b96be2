"""The search index: a view of the archive."""

from collections.abc import Iterable
from typing import Protocol

from muniment.search.answer import Order, SearchPage
from muniment.search.entry import Entry
from muniment.search.tree import Query

__all__ = ["SearchIndex"]


class SearchIndex(Protocol):
    """A view of the archive that can be searched; behind it by whatever its watermark says."""

    def watermark(self, council: str) -> int:
        """Return the last commit applied; -1 when there is no index.

        Raises:
            SchemaMismatchError: Another tokeniser made this index: rebuild it.
            IntegrityError: The index cannot be read: rebuild it.
        """
        ...

    def apply(self, council: str, upto: int, entries: Iterable[Entry], erased: Iterable[str]) -> None:
        """Replace the records in `entries` whole, drop those in `erased`, and be current to `upto`.

        All versions of a record come together. Entries and watermark change in one commit; twice is once;
        when another process has gone further, nothing is done.

        Raises:
            WriteConflictError: Another process writes this index.
            StorageError: The disk is full; the index stands at its last commit.
        """
        ...

    def search(
        self, council: str, query: Query, *, order: Order, after: str | None = None, size: int = 50
    ) -> SearchPage:
        """Return exact totals and one page; `after` is the `after` of the page before."""
        ...

    def rebuild(self, council: str, upto: int, entries: Iterable[Entry]) -> None:
        """Build a new index aside, swap it in, remove the old one; searches go on meanwhile."""
        ...
