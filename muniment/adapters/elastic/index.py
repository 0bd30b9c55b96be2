"""The search index in production: one Elasticsearch index for each council, behind an alias.

Written in bulk by one writer at a time, nothing of it visible before its watermark is (`mapping`);
rebuilt aside and swapped by moving the alias, in one step that also removes the old index.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from elasticsearch import ApiError, BadRequestError, Elasticsearch, TransportError
from typing_extensions import override

from muniment.adapters.elastic.answers import every_hit, facet_counts, words
from muniment.adapters.elastic.bulk import BulkWriter
from muniment.adapters.elastic.lease import Lease, leased
from muniment.adapters.elastic.mapping import (
    alias_of,
    building_of,
    generation_name,
    generation_number,
    index_body,
)
from muniment.adapters.elastic.purge import Purge
from muniment.adapters.elastic.reading import ElasticReader
from muniment.adapters.elastic.server import REINDEX, ElasticSignIn, asking, check_settings, connect
from muniment.ports import SearchIndex
from muniment.search.answer import EveryHit, FacetCounts, Order, PurgeProof, SearchPage
from muniment.search.entry import Entry
from muniment.search.tree import Query
from muniment.search.watermark import refuse_gap
from schemas.errors import IntegrityError, SchemaMismatchError

__all__ = ["ElasticIndex"]

_EXISTS: Final = "resource_already_exists_exception"


class ElasticIndex(SearchIndex):
    """Search over Elasticsearch 8.19 or 9. One writer at a time for each council, any number of readers."""

    def __init__(
        self,
        sign_in: ElasticSignIn,
        *,
        patience_seconds: float = 60.0,
        lease_seconds: float = 60.0,
        purge_seconds: float = 300.0,
    ) -> None:
        """Keep how to get there; nothing is asked before the first call.

        Args:
            sign_in: Servers and account.
            patience_seconds: How long a write waits for another writer, or for a busy server.
            lease_seconds: After how long a killed writer no longer keeps others from writing.
            purge_seconds: How long a purge waits for deleted entries to leave every file, before it makes
                the index anew.
        """
        self._client: Elasticsearch = connect(sign_in)
        self._patience_seconds = patience_seconds
        self._lease_seconds = lease_seconds
        self._purge_seconds = purge_seconds
        self._reader = ElasticReader(self._client)
        self._checked = False

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @override
    def watermark(self, council: str) -> int:
        alias_of(council)
        self._check_settings()
        mark = self._reader.mark(council)
        return -1 if mark is None else mark.watermark

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
        self._check_settings()
        if self._reader.mark(council) is None:
            refuse_gap(-1, after)
            # There is nothing to replace in, and half an index is none.
            without = frozenset(erased)
            self.rebuild(council, upto, (entry for entry in entries if entry.record_id not in without))
            return
        with self._leased(council) as lease:
            mark = self._reader.mark(council)
            refuse_gap(-1 if mark is None else mark.watermark, after)
            if mark is None or upto < mark.watermark:
                return  # another process has gone further meanwhile: what it wrote is newer
            alias = alias_of(council)
            gone = tuple(erased)
            if gone:
                # What a writer that was broken off left of these records must be seen, to be taken out.
                with asking():
                    self._client.indices.refresh(index=alias)
            writer = self._writer(alias, upto, standing=mark.watermark)
            writer.write(entries, gone)
            lease.check()
            writer.mark()
            with asking():
                self._client.indices.refresh(index=alias)

    @override
    def rebuild(self, council: str, upto: int, entries: Iterable[Entry]) -> None:
        self._check_settings()
        with self._leased(council) as lease:
            name = self._new(council)
            try:
                writer = self._writer(building_of(council), upto)
                count = writer.write(entries, ())
                writer.mark()
                self._verify(name, count)
                lease.check()
                self._swap(council, name)
            except BaseException:
                self._drop(council, name)
                raise

    @override
    def search(
        self, council: str, query: Query, *, order: Order, after: str | None = None, size: int = 50
    ) -> SearchPage:
        self._check_settings()
        page = self._reader.page(council, query, order=order, after=after, size=size)
        return page or SearchPage(records=0, versions=0, watermark=-1, hits=(), after=None)

    @override
    def facets(self, council: str, query: Query) -> FacetCounts:
        self._check_settings()
        return facet_counts(self._reader, council, query)

    @override
    def every_hit(self, council: str, query: Query, *, scored: bool = False) -> EveryHit:
        self._check_settings()
        return every_hit(self._client, self._reader, council, query, scored=scored)

    @override
    def words(self, council: str) -> Mapping[str, int]:
        return words(self._client, self._reader, council)

    @override
    def purge(
        self,
        council: str,
        upto: int,
        entries: Iterable[Entry],
        erased: Sequence[str],
        words: Sequence[str] = (),
    ) -> PurgeProof:
        purge = Purge(self._client, council, self._purge_seconds)
        mark = self._reader.mark(council)
        if mark is None or mark.watermark < upto:
            self.rebuild(council, upto, entries)
        else:
            with self._leased(council):
                # The watermark stays. What a bulk that was broken off left must be seen, to be taken out;
                # of a rebuild that was broken off nothing may be left at all.
                with asking():
                    self._sweep(council)
                    self._client.indices.refresh(index=alias_of(council))
                writer = self._writer(alias_of(council), mark.watermark, standing=mark.watermark)
                writer.write((), erased)
            if not purge.expunge():
                # A shard copy that is away may keep its leases for 12 hours: leave all copies behind.
                self.rebuild(council, upto, entries)
        mark = self._reader.mark(council)
        return purge.proof(-1 if mark is None else mark.watermark, erased, words)

    def size_bytes(self, council: str) -> int:
        """Return what one copy of a council's index takes on the servers' disks."""
        with asking():
            told = self._client.indices.stats(index=alias_of(council), metric="store")
        return int(told["_all"]["primaries"]["store"]["size_in_bytes"])

    @contextmanager
    def _leased(self, council: str) -> Iterator[Lease]:
        alias_of(council)
        with leased(
            self._client,
            council,
            seconds=self._lease_seconds,
            patience_seconds=self._patience_seconds,
        ) as lease:
            yield lease

    def _writer(self, alias: str, upto: int, *, standing: int | None = None) -> BulkWriter:
        patience = self._patience_seconds
        return BulkWriter(self._client, alias, upto, standing=standing, patience_seconds=patience)

    def _check_settings(self) -> None:
        """Look once in the life of this process whether the cluster allows what searches need."""
        if not self._checked:
            with asking():
                check_settings(self._client)
            self._checked = True

    def _new(self, council: str) -> str:
        """Make an empty generation, once what a killed rebuild left is gone; return its name."""
        alias = alias_of(council)
        with asking():
            if self._client.indices.exists(index=alias) and not self._client.indices.exists_alias(name=alias):
                raise SchemaMismatchError(
                    f"An index is named {alias}, and muniment did not make it.",
                    remedy="Give it another name, or remove it: muniment needs this name for its own.",
                )
            try:
                return self._made(council)
            except BadRequestError as error:
                if error.error != _EXISTS:
                    raise
                # The answer was lost and the client asked again: what stands there now is swept away.
                return self._made(council)

    def _made(self, council: str) -> str:
        """Make the next generation, once those that are in nobody's use are gone."""
        made = generation_name(council, max(self._sweep(council), default=0) + 1)
        self._client.indices.create(index=made, aliases={building_of(council): {}}, **index_body())
        return made

    def _sweep(self, council: str) -> list[int]:
        """Remove every generation that is in nobody's use; return the numbers of all that there were."""
        found = self._generations(council)
        for name, aliases in found.items():
            if alias_of(council) not in aliases:
                self._client.indices.delete(index=name, ignore_unavailable=True)
        return [generation_number(name, council) or 0 for name in found]

    def _generations(self, council: str) -> dict[str, frozenset[str]]:
        """Return every generation of this council, with its aliases."""
        found = self._client.indices.get_alias(index=f"{alias_of(council)}-v*-g*")
        return {
            name: frozenset(told["aliases"])
            for name, told in found.items()
            if generation_number(name, council) is not None
        }

    def _verify(self, name: str, count: int) -> None:
        with asking():
            self._client.indices.refresh(index=name)
            found = self._client.count(index=name)["count"] - 1  # the watermark's document
        if found != count:
            message = f"{count} entries were written, {found} are in the search index."
            raise IntegrityError(message, remedy=REINDEX)

    def _swap(self, council: str, name: str) -> None:
        """Put a generation in use and remove all others, in one step; only while it is being built."""
        with asking():
            others = [other for other in self._generations(council) if other != name]
            try:
                self._client.indices.update_aliases(
                    actions=[
                        {"add": {"index": name, "alias": alias_of(council)}},
                        self._built(council, name),
                        *({"remove_index": {"index": other}} for other in others),
                    ]
                )
            except (ApiError, TransportError):
                # It may have been done all the same: its answer was lost or late, and what the client
                # asked once more was refused, since nothing was left to do.
                if self._generations(council) != {name: {alias_of(council)}}:
                    raise

    def _drop(self, council: str, name: str) -> None:
        """Remove a generation that came to nothing; what a swap has put in use meanwhile stays."""
        with suppress(ApiError, TransportError):  # the next rebuild removes it
            self._client.indices.update_aliases(actions=[self._built(council, name)])
            self._client.indices.delete(index=name, ignore_unavailable=True)

    def _built(self, council: str, name: str) -> dict[str, Any]:
        """Return the step that ends the building of a generation: it is granted once, to a swap or a drop."""
        return {"remove": {"index": name, "alias": building_of(council), "must_exist": True}}
