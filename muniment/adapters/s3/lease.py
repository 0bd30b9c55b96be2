"""The archive's lock in a bucket: a lease, one small object that is only ever written on condition.

    <root>/lock   {"owner": "<uuid>", "counter": 7, "expires": 1780000000}; owner "" and expires 0: free

Taken by a PUT that only makes a new object, or only over the one that was read: a free one, or one past
its end. Renewed at a third of the term, by a thread. A refused PUT (412) means that the lease is lost.
When it ends is judged by the server's own `Date` alone, which counts whole seconds and may lag by one:
we give it up two seconds early, and others wait one second longer. In between we reckon by a clock of this
machine that goes on while it sleeps: a writer that wakes after its term holds nothing. (A virtual machine
that is stopped from outside sees no time pass on any clock: the server is asked before each commit and each
lot of deletions, unless it answered within the last second, and the fence refuses what was overtaken.)
One call of the table's library, `scan`, holds Python's lock for as long as the bucket is silent (measured,
deltalake 1.6.6), so no renewal comes through: a lease that ends meanwhile is lost like any other.

It is freed by writing over it, not by deleting it: on a bucket with versions a mark of deletion stands
where the object was, and one server (versitygw 1.8) refuses every "only new" over such a mark. Deleting
on condition is also younger than writing on condition, and a server that ignores the condition would
delete another's lease.
"""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from typing_extensions import override

from muniment.adapters.s3.bucket import Bucket, ChangedError, Stored, Version
from muniment.adapters.storage import Lock
from schemas.errors import StorageError, WriteConflictError

__all__ = ["TERM_SECONDS", "Lease", "leased"]

TERM_SECONDS: Final = 30.0
_EARLY_SECONDS: Final = 2.0
_LATE_SECONDS: Final = 1.0
_POLL_SECONDS: Final = (0.05, 1.0)
_RECENT_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """What the lock's object says."""

    owner: str
    counter: int
    expires: float

    def body(self) -> bytes:
        told = {"owner": self.owner, "counter": self.counter, "expires": self.expires}
        return json.dumps(told).encode("ascii")


def _read(body: bytes) -> _Written:
    try:
        told = json.loads(body)
        return _Written(
            owner=str(told["owner"]), counter=int(told["counter"]), expires=float(told["expires"])
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StorageError(
            "The object `lock` of the archive is no lease of muniment's.",
            remedy="Make sure that nothing writes to the archive, then delete every version of it.",
        ) from error


class Lease(Lock):
    """A lease that is held. Made by `leased` only."""

    def __init__(
        self, bucket: Bucket, key: str, *, owner: str, term: float, clock: Callable[[], float]
    ) -> None:
        self._bucket = bucket
        self._key = key
        self._owner = owner
        self._term = term
        self._clock = clock
        self._guard = threading.Lock()
        self._counter = 0
        self._held: Stored | None = None
        self._until = 0.0  # by our own clock that never jumps
        self._confirmed = 0.0
        self._lost = False
        self._superseded: list[Version] = []
        self._marked = False
        self._abandoned = False

    @property
    @override
    def abandoned(self) -> bool:
        return self._abandoned

    @override
    def mark(self) -> None:
        self._marked = True

    @override
    def clear(self) -> None:
        self._marked = False

    def check(self) -> None:
        """Make sure, with the server, that the lease is ours still.

        Raises:
            WriteConflictError: It is lost: stop at once.
        """
        with self._guard:
            if self._is_over():
                raise _lost()
            if self._clock() - self._confirmed > _RECENT_SECONDS:
                self._renew()
            if self._is_over():
                raise _lost()

    def renew(self) -> None:
        """Write the lease anew for another term; what the renewing thread does."""
        with self._guard:
            if not self._is_over():
                self._renew()

    def take(self) -> bool:
        """Try once to take the lease; return whether it is ours now.

        Raises:
            StorageError: The lock's object is not a lease, or the server fails.
        """
        asked = self._clock()
        try:
            now = self._bucket.get(self._key)
        except FileNotFoundError:
            return self._take_new()
        said = _read(now.body)
        ours = said.owner == self._owner  # a PUT of ours whose answer was lost
        if not ours and said.expires and now.at.timestamp() <= said.expires + _LATE_SECONDS:
            return False
        self._counter = said.counter + 1
        if not ours:
            self._abandoned = bool(said.expires)
        if not self._write(now.at.timestamp(), asked, over=now):
            return False
        if self._abandoned:
            self._tidy()
        return True

    def free(self) -> None:
        """Give the lease back; with the mark standing it is left as one past its end."""
        with self._guard:
            if self._held is None or self._is_over():
                return
            expires = 1.0 if self._marked else 0.0
            owner = self._owner if self._marked else ""
            freed = _Written(owner=owner, counter=self._counter + 1, expires=expires)
            try:
                self._supersede(self._held)
                self._bucket.put(self._key, freed.body(), only_over=self._held.etag)
                self._lost = True
                self._bucket.delete(self._superseded)
            except (ChangedError, FileNotFoundError, StorageError):
                # It ends by itself, and the next owner puts right what we left.
                self._lost = True

    @property
    def lost(self) -> bool:
        """Whether another may have it by now."""
        return self._is_over()

    def _is_over(self) -> bool:
        return self._lost or self._held is None or self._clock() > self._until

    def _take_new(self) -> bool:
        asked = self._clock()
        self._counter = 1
        if self._write(self._bucket.clock().timestamp(), asked, over=None):
            return True
        self._unmark()
        return False

    def _renew(self) -> None:
        held = self._held
        if held is None:
            raise _lost()
        asked = self._clock()
        self._counter += 1
        try:
            if not self._write(self._server_now(asked), asked, over=held) and not self._again(asked, held):
                self._lost = True
        except StorageError:
            return  # the server fails: we try again, as long as the lease lasts
        if self._lost:
            raise _lost()

    def _again(self, asked: float, held: Stored) -> bool:
        """Write once more where the first PUT was refused for one of ours whose answer never came."""
        try:
            now = self._bucket.get(self._key)
        except FileNotFoundError:
            return False
        if _read(now.body).owner != self._owner:
            return False
        self._supersede(held)
        return self._write(self._server_now(asked), asked, over=now)

    def _server_now(self, asked: float) -> float:
        held = self._held
        return 0.0 if held is None else held.at.timestamp() + (asked - self._confirmed)

    def _write(self, now: float, asked: float, *, over: Stored | None) -> bool:
        written = _Written(owner=self._owner, counter=self._counter, expires=now + self._term)
        try:
            if over is None:
                stored = self._bucket.put(self._key, written.body(), only_new=True)
            else:
                stored = self._bucket.put(self._key, written.body(), only_over=over.etag)
        except (ChangedError, FileNotFoundError):
            return False
        if over is not None:
            self._supersede(over)
        self._hold(stored, asked)
        return True

    def _hold(self, stored: Stored, asked: float) -> None:
        self._held = stored
        self._confirmed = asked
        self._until = asked + self._term - _EARLY_SECONDS

    def _supersede(self, over: Stored) -> None:
        if over.version is not None and over.version != "null":
            self._superseded.append(Version(key=self._key, version=over.version, latest=False, marker=False))

    def _unmark(self) -> None:
        """Take a mark of deletion off the lock: somebody deleted it by hand, and no server makes it anew."""
        found = [one for one in self._bucket.versions(self._key) if one.key == self._key]
        if any(one.latest and one.marker for one in found):
            self._bucket.delete(one for one in found if not one.latest)
            self._bucket.delete(one for one in found if one.latest)

    def _tidy(self) -> None:
        """Take away what a dead owner's renewals left, on a bucket with versions."""
        self._superseded += [
            one for one in self._bucket.versions(self._key) if one.key == self._key and not one.latest
        ]


def _while_asleep_too() -> float:
    """Return seconds of a clock that never jumps, and goes on while the machine sleeps where there is one."""
    boot_time: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


def _lost() -> WriteConflictError:
    return WriteConflictError("The archive's lease was lost to another process.")


@contextmanager
def leased(
    bucket: Bucket,
    key: str,
    *,
    term: float = TERM_SECONDS,
    clock: Callable[[], float] = _while_asleep_too,
) -> Iterator[Lease]:
    """Wait for the lease and hold it; a thread renews it at a third of its term."""
    lease = Lease(bucket, key, owner=uuid.uuid4().hex, term=term, clock=clock)
    wait, longest = _POLL_SECONDS
    while not lease.take():
        time.sleep(wait)
        wait = min(longest, wait * 1.5)
    ended = threading.Event()

    def keep() -> None:
        while not ended.wait(term / 3):
            try:
                lease.renew()
            except WriteConflictError:
                return

    renewing = threading.Thread(target=keep, name="lease", daemon=True)
    renewing.start()
    try:
        yield lease
    finally:
        ended.set()
        renewing.join()
        lease.free()
