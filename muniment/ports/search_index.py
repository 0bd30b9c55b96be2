"""The search index: a view of the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from muniment.ports.archive import Kept
    from muniment.search.answer import EveryHit, FacetCounts, Order, PurgeProof, SearchPage
    from muniment.search.entry import Entry
    from muniment.search.tree import Query

__all__ = ["IndexBeside", "SearchIndex"]


class SearchIndex(Protocol):
    """A view of the archive that can be searched; behind it by whatever its watermark says."""

    def watermark(self, council: str) -> int:
        """Return the last commit applied; -1 when there is no index.

        Raises:
            SchemaMismatchError: Another tokeniser made this index: rebuild it.
            IntegrityError: The index cannot be read: rebuild it.
        """
        ...

    def apply(
        self,
        council: str,
        upto: int,
        entries: Iterable[Entry],
        erased: Iterable[str],
        *,
        after: int | None = None,
    ) -> None:
        """Replace the records in `entries` whole, drop those in `erased`, and be current to `upto`.

        All versions of a record come together. Entries and watermark change in one commit; twice is once;
        when another process has gone further, nothing is done. `after` is the commit that the entries were
        made from: an index that stands before it, since one was built anew meanwhile, would miss what lies
        between.

        Raises:
            WriteConflictError: Another process writes this index, or the index stands before `after`.
            StorageError: The disk is full; the index stands at its last commit.
        """
        ...

    def search(
        self, council: str, query: Query, *, order: Order, after: str | None = None, size: int = 50
    ) -> SearchPage:
        """Return exact totals and one page; `after` is the `after` of the page before."""
        ...

    def facets(self, council: str, query: Query) -> FacetCounts:
        """Return exact counts of matching versions by every facet."""
        ...

    def every_hit(self, council: str, query: Query, *, scored: bool = False) -> EveryHit:
        """Return all hits of one state of the index, with no limit; `scored`: by what relevance goes by."""
        ...

    def words(self, council: str) -> Mapping[str, int]:
        """Return the vocabulary: each token of the exact stream, and in how many versions it stands.

        For suggestions only: what was replaced lately may be counted still.
        """
        ...

    def rebuild(self, council: str, upto: int, entries: Iterable[Entry]) -> None:
        """Build a new index aside, swap it in, remove the old one; searches go on meanwhile."""
        ...

    def purge(
        self,
        council: str,
        upto: int,
        entries: Iterable[Entry],
        erased: Sequence[str],
        words: Sequence[str] = (),
    ) -> PurgeProof:
        """Destroy every physical trace of erased records, and prove it; slow: a minute for a million entries.

        Deleting hides an entry at once, and leaves its words in the engine's files; this takes them out.

        Args:
            council: Whose index.
            upto: The commit that `entries` stand at; the watermark afterwards.
            entries: Every entry of the archive without the erased records. An engine that can drop what is
                deleted from its files does not read them.
            erased: Record ids that must be gone. Ids that were never held count as gone.
            words: Tokens that stood in erased records only, if the caller knows some: they must be gone too.

        Returns:
            Counts, from the engine's own dictionaries and files. The caller asks `proved`, and tries again
            later when it is False: another process may have had the old files open.

        Raises:
            WriteConflictError: Another process writes this index.
            StorageError: The disk is full; the index stands as it was.
        """
        ...


class IndexBeside(Protocol):
    """Brings the index up beside capture, where that is worth it; whatever it leaves, `catch_up` does."""

    def hear(self, kept: Kept) -> None:
        """Learn of a keep. Safe for threads; never waits."""
        ...

    def settle(self) -> None:
        """Wait until every commit heard of is indexed, or the attempt has ended."""
        ...

    def close(self) -> None:
        """End the work and free what it holds."""
        ...
