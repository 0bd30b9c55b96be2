"""One writer at a time for each council's index, over however many machines: a lease kept in the cluster.

Who writes holds a document that names a time; a thread puts the time off while the work goes on. A killed
writer's lease ends by itself. Should a writer lose its lease without noticing (a machine that slept), its
writes are refused all the same: each carries its commit as the document's version (`bulk`).
"""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from elasticsearch import ApiError, ConflictError, Elasticsearch, NotFoundError, TransportError

from muniment.adapters.elastic.mapping import LEASES, leases_body
from muniment.adapters.elastic.server import asking
from schemas.errors import WriteConflictError

__all__ = ["Lease", "leased"]

_PAUSE_SECONDS = 0.2


class Lease:
    """The right to write; `check` before what cannot be taken back."""

    def __init__(self, client: Elasticsearch, council: str, seconds: float) -> None:
        self._client = client
        self._council = council
        self._seconds = seconds
        self._holder = secrets.token_hex(8)
        self._seen: tuple[int, int] | None = None
        self._lost = threading.Event()
        self._ended = threading.Event()

    def take(self, patience_seconds: float) -> None:
        """Wait for the lease.

        Raises:
            WriteConflictError: Another process held it all the time.
        """
        deadline = time.monotonic() + patience_seconds
        while not self._try():
            if time.monotonic() > deadline:
                raise WriteConflictError(f"Another process writes the search index of {self._council}.")
            time.sleep(_PAUSE_SECONDS)

    def keep(self) -> None:
        """Put the lease's end off until `end` is called; runs in a thread of its own."""
        while not self._ended.wait(self._seconds / 4):
            try:
                self._write(self._seen)
            except (ConflictError, NotFoundError):  # another's, or one that has ended
                self._lost.set()
                return
            except (ApiError, TransportError):
                continue  # as long as the server cannot be asked, nobody else can take the lease either

    def check(self) -> None:
        """Make sure that the lease is still ours.

        Raises:
            WriteConflictError: It ended, and another process has taken it.
        """
        if self._lost.is_set():
            raise WriteConflictError("This process was away too long: another writes the search index now.")

    def end(self, keeper: threading.Thread) -> None:
        """Give the lease back, once `keeper` writes it no more."""
        self._ended.set()
        keeper.join()
        if self._seen is not None and not self._lost.is_set():
            term, number = self._seen
            with suppress(ApiError, TransportError):  # then it ends by itself
                self._client.delete(
                    index=LEASES, id=self._council, if_primary_term=term, if_seq_no=number, refresh=False
                )

    def _try(self) -> bool:
        with asking():
            try:
                found = self._client.get(index=LEASES, id=self._council)
            except NotFoundError as error:
                if error.error == "index_not_found_exception":
                    _make_leases(self._client)  # takes seconds on a fresh server: nobody waits for a writer
                found = None
            if found is not None and found["_source"]["until"] > _now():
                return False
            before = None if found is None else (found["_primary_term"], found["_seq_no"])
            try:
                self._write(before)
            except (ConflictError, NotFoundError):
                return False
        return True

    def _write(self, before: tuple[int, int] | None) -> None:
        given: dict[str, Any] = {"op_type": "create"}
        if before is not None:
            given = {"if_primary_term": before[0], "if_seq_no": before[1]}
        document = {"holder": self._holder, "until": _now() + int(self._seconds * 1000)}
        try:
            written = self._client.index(index=LEASES, id=self._council, document=document, **given)
        except ConflictError:
            # When an answer is lost the client sends the same again, and the second meets the first.
            written = self._client.get(index=LEASES, id=self._council)
            if written["_source"]["holder"] != self._holder:
                raise
        self._seen = (written["_primary_term"], written["_seq_no"])


@contextmanager
def leased(
    client: Elasticsearch, council: str, *, seconds: float, patience_seconds: float
) -> Iterator[Lease]:
    """Hold a council's lease for the length of a block."""
    lease = Lease(client, council, seconds)
    lease.take(patience_seconds)
    keeper = threading.Thread(target=lease.keep, daemon=True)
    keeper.start()
    try:
        yield lease
    finally:
        lease.end(keeper)


def _make_leases(client: Elasticsearch) -> None:
    with suppress(ApiError):  # another process made it meanwhile
        client.indices.create(index=LEASES, **leases_body())


def _now() -> int:
    return int(time.time() * 1000)
