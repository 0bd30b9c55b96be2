"""Takes deleted entries out of the files of every shard copy, and proves it by the server's own counts.

A deleted entry stays in its segment until a merge, and is not merged away before the copies' retention
leases have moved on: about 30 seconds after the delete, whatever is set (measured on 8.19 with one node and
with two). So the merge is asked for again until `_segments` counts no deleted entry in any copy.
"""

import time
from collections.abc import Sequence
from typing import Final

from elasticsearch import ApiError, Elasticsearch

from muniment.adapters.elastic.mapping import alias_of, generation_number
from muniment.adapters.elastic.server import asking
from muniment.search.answer import PurgeProof

__all__ = ["Purge"]

_PAUSE_SECONDS: Final = 2.0
_MERGE_SECONDS: Final = 300.0
_MANY: Final = 10_000


class Purge:
    """The purge of one council's index."""

    def __init__(self, client: Elasticsearch, council: str, seconds: float) -> None:
        """Take the client, and how long deleted entries may take to leave."""
        self._client = client
        self._council = council
        self._alias = alias_of(council)
        self._seconds = seconds

    def expunge(self) -> bool:
        """Merge until no copy holds a deleted entry; False: after all the time given one still does."""
        deadline = time.monotonic() + self._seconds
        patient = self._client.options(request_timeout=_MERGE_SECONDS)
        while True:
            with asking():
                self._settle()
                patient.indices.forcemerge(index=self._alias, only_expunge_deletes=True)
                self._settle()
            if not self._unclean_copies():
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE_SECONDS)

    def proof(self, watermark: int, erased: Sequence[str], words: Sequence[str]) -> PurgeProof:
        """Return what is found now: entries, words and copies, as the server counts them."""
        with asking():
            entries = self._client.count(index=self._alias)["count"] - 1  # the watermark's document
            left = 0
            for start in range(0, len(erased), _MANY):
                some = list(erased[start : start + _MANY])
                counted = self._client.search(
                    index=self._alias,
                    size=0,
                    query={"terms": {"record": some}},
                    aggs={"left": {"terms": {"field": "record", "size": _MANY}}},
                )
                left += len(counted["aggregations"]["left"]["buckets"])
            for word in words:
                either = [{"term": {stream: word}} for stream in ("x", "s")]
                found = self._client.count(index=self._alias, query={"bool": {"should": either}})
                left += found["count"] > 0
            older = self._client.indices.get_alias(index=f"{self._alias}-v*-g*").body
        ours = [name for name in older if generation_number(name, self._council) is not None]
        return PurgeProof(
            engine=f"Elasticsearch {self._version()}",
            watermark=watermark,
            records=len(erased),
            entries=entries,
            terms_left=left,
            copies_left=self._unclean_copies() + len(ours) - 1,
            elsewhere=self._elsewhere(),
        )

    def _settle(self) -> None:
        """Make what was written visible and durable, and let go of the translog."""
        self._client.indices.refresh(index=self._alias)
        self._client.indices.flush(index=self._alias, force=True, wait_if_ongoing=True)

    def _unclean_copies(self) -> int:
        """Count the shard copies that hold a deleted entry, and those that cannot be looked at."""
        with asking():
            told = self._client.indices.segments(index=self._alias)
        unclean: int = told["_shards"]["total"] - told["_shards"]["successful"]
        for index in told["indices"].values():
            for copies in index["shards"].values():
                for copy in copies:
                    unclean += any(one["deleted_docs"] for one in copy["segments"].values())
        return unclean

    def _version(self) -> str:
        with asking():
            nodes = self._client.nodes.info(filter_path=["nodes.*.version"])
        return ", ".join(sorted({str(node["version"]) for node in nodes["nodes"].values()}))

    def _elsewhere(self) -> tuple[str, ...]:
        """Name what may hold copies that we cannot reach: they go when the cluster's owner removes them."""
        try:
            found = self._client.snapshot.get_repository()
        except ApiError:
            return ("snapshots, which this account may not list",)
        return tuple(f"snapshots in repository {name}" for name in sorted(found))
