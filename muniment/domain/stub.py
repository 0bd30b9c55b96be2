"""Stubs: what remains of a record that was destroyed, without personal data. Pure.

A stub keeps the process (class, schedule, event, dates, certificate) and, of the record's identity, only a
keyed digest: it answers "did you ever hold X?" for whoever can name X, and leads nobody back to an author.
A plain digest would not do, since ids can be guessed. Ids are digested with their council, so that stubs of
two councils cannot be compared. Source: records-law.md 4.6; ISO 15489 on metadata that survives the record.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

__all__ = ["KEY_BYTES", "Stub", "StubKey", "ids_digest", "stub_digest"]

KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class StubKey:
    """A key of stubs. `key_id` tells keys apart and says nothing of the key."""

    key_id: str
    key: bytes

    @classmethod
    def of(cls, key: bytes) -> "StubKey":
        """Name a key by a digest of it."""
        return cls(key_id=hashlib.sha256(b"muniment stub key\x00" + key).hexdigest()[:16], key=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stub:
    """What remains. `parent` is the stub of the thread's first record, when that was destroyed too.

    Dates are Europe/London's. `retention_class`, `schedule` and the event are None for a disposal that no
    schedule asked for (a platform's deletion that the council honours).
    """

    stub_id: str
    platform: str
    account: str
    kind: str
    retention_class: str | None
    schedule: str | None
    event: str | None
    event_on: date | None
    first_captured_on: date
    last_captured_on: date
    disposed_on: date
    run: str
    parent: str | None


def stub_digest(key: StubKey, council: str, record_id: str) -> bytes:
    """Return the keyed digest by which a destroyed record is known again, 32 bytes."""
    return hmac.digest(key.key, b"record\x00" + council.encode() + b"\x00" + record_id.encode(), "sha256")


def ids_digest(key: StubKey, council: str, record_ids: Iterable[str]) -> bytes:
    """Return the keyed digest of a run's sorted ids, 32 bytes: what the certificate says was destroyed."""
    told = hmac.new(key.key, b"run\x00" + council.encode(), "sha256")
    for record_id in sorted(record_ids):
        told.update(b"\x00" + record_id.encode())
    return told.digest()
