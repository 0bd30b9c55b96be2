"""The file in which stubs outlive a register that is restored from an older backup. Pure.

It holds keyed digests and closed runs with their certificates: no id, name or text of a record. Who has the
keys of the digests can tell from it which records of a restored archive were destroyed since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

__all__ = ["FORMAT", "ClosedRun", "StubFile", "StubRow"]

FORMAT: Final = "muniment stubs 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class StubRow:
    """One stub as the register holds it; `digest` is keyed, 32 bytes."""

    digest: bytes
    key_id: str
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedRun:
    """One certified run as the register holds it; `summary`, `dropped`, `erasure` and `proofs` are JSON."""

    run: str
    kind: str
    state: str
    schedule: str | None
    schedule_digest: bytes | None
    basis: str
    as_of: date
    plan_commit: int
    prepared_by: str
    prepared_at: datetime
    summary: str
    waits_until: datetime | None
    intent_at: datetime | None
    intent_commit: int | None
    intent_count: int | None
    intent_digest: bytes | None
    key_id: str | None
    dropped: str | None
    erased_commit: int | None
    erasure: str | None
    proofs: str | None
    done_at: datetime | None
    closed_at: datetime | None
    certificate_no: int | None
    certificate: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StubFile:
    """Every stub of a council at a moment, and its certified runs."""

    format: str
    council: str
    written_at: datetime
    stubs: Sequence[StubRow]
    runs: Sequence[ClosedRun]
