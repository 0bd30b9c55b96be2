"""The certificate of a disposal: what was destroyed, who decided, where it was proved, what remains. Pure.

It is canonical JSON with an Ed25519 signature beside it, and its SHA-256 stands in the audit chain, whose
head every seal covers. It holds no personal data of residents; officers are named by role and by the
reference under which the register knows them. Source: records-law.md 4.6.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec

from schemas.digests import canonical

__all__ = [
    "NO_CERTIFICATE",
    "REMAINS",
    "Copy",
    "Proof",
    "certificate_body",
    "certificate_digest",
    "certificate_file",
    "certificate_from",
]

NO_CERTIFICATE: Final = bytes(32)
"""What the first certificate of a council names as the one before it."""

REMAINS: Final = (
    "Unlinking a file is not overwriting it: what a disk's free space holds is protected by its encryption.",
    "Commit files of the log keep names, counts and dates of removed files for 7 days; no id and no text.",
    "PostgreSQL frees the space of deleted rows for reuse and does not overwrite it; SQLite overwrites it.",
)
"""What every certificate says remains, whatever else does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What one store showed. `pending` says why it could not prove yet; counts are of what was looked at."""

    store: str
    proved: bool
    counts: Mapping[str, int]
    pending: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy that cannot be purged from here; `ends_on` None: nobody told. `ended_on`: somebody saw it go."""

    what: str
    ends_on: date | None = None
    ended_on: date | None = None


def certificate_body(
    *,
    council: str,
    number: int,
    run: str,
    kind: str,
    schedule: str | None,
    schedule_digest: bytes | None,
    basis: str,
    prepared_by: str,
    prepared_at: datetime,
    approved_by: Sequence[Mapping[str, str]],
    decisions: Mapping[str, int],
    holds_checked_at: datetime,
    erased_at_commit: int,
    certified_at: datetime,
    records: int,
    ids_digest: bytes,
    key_id: str,
    items: Sequence[Mapping[str, Any]],
    dropped: Mapping[str, int],
    counts: Mapping[str, int],
    proofs: Sequence[Proof],
    copies: Sequence[Copy],
    given_out: Sequence[Mapping[str, Any]],
    tries: int,
    software: str,
    previous: bytes,
    sandbox_clock: bool,
) -> dict[str, Any]:
    """Return what the certificate says, as JSON values; `items` are counts by class, account and year."""
    return {
        "format": "muniment disposal certificate 1",
        "council": council,
        "number": number,
        "run": run,
        "kind": kind,
        "authority": {
            "schedule": schedule,
            "schedule_sha256": None if schedule_digest is None else schedule_digest.hex(),
            "basis": basis,
        },
        "prepared": {"by": prepared_by, "at": _instant(prepared_at)},
        "approved": [dict(one) for one in approved_by],
        "decisions": dict(decisions),
        "holds_checked_at": _instant(holds_checked_at),
        "certified_at": _instant(certified_at),
        "sandbox_clock": sandbox_clock,
        "method": "erased: files rewritten without the rows, old files unlinked",
        "records": records,
        "ids_hmac_sha256": ids_digest.hex(),
        "key": key_id,
        "items": [dict(one) for one in items],
        "dropped_out": dict(dropped),
        "erased": {"commit": erased_at_commit, **counts},
        "proofs": [msgspec.to_builtins(one) for one in proofs],
        "remaining_copies": [msgspec.to_builtins(one) for one in copies],
        "given_out": [dict(one) for one in given_out],
        "remains": list(REMAINS),
        "tries": tries,
        "software": software,
        "previous_sha256": previous.hex(),
    }


def certificate_file(body: Mapping[str, Any], *, public_key: bytes, signature: bytes) -> bytes:
    """Return a certificate's file: the body's line, then the key's and the signature's."""
    return canonical(body) + b"\n" + public_key.hex().encode() + b"\n" + signature.hex().encode() + b"\n"


def certificate_from(raw: bytes) -> tuple[dict[str, Any], bytes, bytes, bytes]:
    """Read a certificate's file: what it says, the bytes that are signed, public key, signature.

    Raises:
        ValueError: It is no certificate as it was written.
    """
    try:
        signed, key, signature, rest = raw.split(b"\n")
        told: dict[str, Any] = msgspec.json.decode(signed)
        found = told, signed, bytes.fromhex(key.decode()), bytes.fromhex(signature.decode())
    except (msgspec.DecodeError, ValueError) as error:
        raise ValueError("not a certificate of disposal") from error
    if rest or canonical(told) != signed:
        raise ValueError("not a certificate as it was written")
    return found


def certificate_digest(raw: bytes) -> bytes:
    """Return what the next certificate and the audit chain name it by, 32 bytes."""
    return hashlib.sha256(raw).digest()


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
