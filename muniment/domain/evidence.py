"""Evidence: leaves, Merkle roots, seals and their chain. Pure.

The design is docs/adr/0003-evidence.md; each leaf is of one exhibit, each root of one seal.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from schemas.capture import Attachment, Exhibit
from schemas.digests import canonical

__all__ = [
    "ATTACHMENT_TELLS",
    "NO_SEAL",
    "SALT_BYTES",
    "MerkleTree",
    "Seal",
    "attachment_exhibit",
    "attachment_leaf",
    "leaf",
    "merkle_root",
    "seal_body",
    "seal_digest",
    "seal_file",
    "seal_from",
    "told_by_row",
]

SALT_BYTES = 32

ATTACHMENT_TELLS: Final = ("record_id", "version_id", "ref", "sha256", "why_not", "target", "fetched_at")
"""The columns of an attachment's row that its leaf is taken of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """One link of the chain: what was added and removed since the last, and the root over its leaves.

    `added` maps each data and log file, by its path in the table, to its SHA-256 (hexadecimal);
    `removed` maps each file taken away to why (compact, erase and run, log cleanup). `log_version` is the
    newest entry of the table's log that it covers. A seal's file is exactly `seal_file(seal)`: one bit
    changed is another file.
    """

    council: str
    number: int
    previous: bytes
    first_commit: int
    last_commit: int
    log_version: int
    sealed_at: datetime
    sandbox_clock: bool
    added: Mapping[str, str]
    removed: Mapping[str, str]
    leaves: int
    root: bytes
    audit_head: bytes
    public_key: bytes
    signature: bytes = b""


NO_SEAL = bytes(32)
"""What the first seal names as the one before it."""


def seal_body(seal: Seal) -> bytes:
    """Return what is signed: canonical JSON of everything but the signature."""
    return canonical(
        {
            "format": "muniment seal 1",
            "council": seal.council,
            "number": seal.number,
            "previous": seal.previous.hex(),
            "first_commit": seal.first_commit,
            "last_commit": seal.last_commit,
            "log_version": seal.log_version,
            "sealed_at": seal.sealed_at.isoformat(),
            "sandbox_clock": seal.sandbox_clock,
            "added": dict(seal.added),
            "removed": dict(seal.removed),
            "leaves": seal.leaves,
            "root": seal.root.hex(),
            "audit_head": seal.audit_head.hex(),
            "public_key": seal.public_key.hex(),
        }
    )


def seal_digest(seal: Seal) -> bytes:
    """Return what the next seal names as the one before it, and what is time-stamped."""
    return hashlib.sha256(seal_body(seal)).digest()


def seal_file(seal: Seal) -> bytes:
    """Return the bytes of a seal's file: its body's line, then its signature's."""
    return seal_body(seal) + b"\n" + seal.signature.hex().encode() + b"\n"


def seal_from(raw: bytes) -> Seal:
    """Read a seal's file.

    Raises:
        ValueError: It is not, byte for byte, what `seal_file` writes.
    """
    body, _, rest = raw.partition(b"\n")
    try:
        told = msgspec.json.decode(body)
        seal = Seal(
            council=told["council"],
            number=told["number"],
            previous=bytes.fromhex(told["previous"]),
            first_commit=told["first_commit"],
            last_commit=told["last_commit"],
            log_version=told["log_version"],
            sealed_at=datetime.fromisoformat(told["sealed_at"]),
            sandbox_clock=told["sandbox_clock"],
            added=told["added"],
            removed=told["removed"],
            leaves=told["leaves"],
            root=bytes.fromhex(told["root"]),
            audit_head=bytes.fromhex(told["audit_head"]),
            public_key=bytes.fromhex(told["public_key"]),
            signature=bytes.fromhex(rest.decode().strip()),
        )
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise ValueError("not a seal") from error
    if seal_file(seal) != raw:
        raise ValueError("not a seal as it was written")
    return seal


def leaf(salt: bytes, exhibit: Exhibit) -> bytes:
    """Return the leaf digest of an exhibit: SHA-256(0x00, salt, length-prefixed header and parts)."""
    header = exhibit.header
    digest = hashlib.sha256(b"\x00" + salt + len(header).to_bytes(8, "big") + header)
    for part in exhibit.parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def attachment_exhibit(
    *,
    record_id: str,
    version_id: bytes,
    ref: str,
    sha256: bytes | None,
    why_not: str | None,
    target: str | None,
    fetched_at: datetime,
) -> Exhibit:
    """Return what an attachment row says, in the form that its leaf is taken of."""
    told = canonical(
        {
            "record_id": record_id,
            "version_id": version_id.hex(),
            "ref": ref,
            "sha256": None if sha256 is None else sha256.hex(),
            "why_not": why_not,
            "target": target,
            "fetched_at": fetched_at.astimezone(UTC).isoformat(),
        }
    )
    return Exhibit(record_id=record_id, header=told, parts=())


def told_by_row(row: Mapping[str, Any]) -> Exhibit:
    """Return what an attachment's row says, read back from the archive."""
    return attachment_exhibit(**{name: row[name] for name in ATTACHMENT_TELLS})


def attachment_leaf(salt: bytes, attachment: Attachment) -> bytes:
    """Return the leaf digest of an attachment row: of which version, which bytes or why not, and when."""
    exhibit = attachment_exhibit(
        record_id=attachment.record_id,
        version_id=attachment.version_id,
        ref=attachment.ref,
        sha256=attachment.sha256,
        why_not=attachment.why_not,
        target=attachment.target,
        fetched_at=attachment.fetched_at,
    )
    return leaf(salt, exhibit)


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """Return the root over the sorted leaf digests; of none: SHA-256 of nothing."""
    level = sorted(leaves)
    if not level:
        return hashlib.sha256(b"").digest()
    while len(level) > 1:
        level = _level_above(level)
    return level[0]


class MerkleTree:
    """The digests of one seal, level by level: the path of each leaf is read off them."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        """Build every level over the sorted leaves: about twice their memory."""
        self._levels = [sorted(leaves)]
        while len(self._levels[-1]) > 1:
            self._levels.append(_level_above(self._levels[-1]))

    def path(self, wanted: bytes) -> tuple[tuple[str, bytes], ...]:
        """Return the digests from a leaf to the root, each with the side ("left", "right") it stands on.

        Raises:
            KeyError: The leaf is not among them.
        """
        at = bisect_left(self._levels[0], wanted)
        if wanted not in self._levels[0][at : at + 1]:
            raise KeyError(wanted.hex())
        path: list[tuple[str, bytes]] = []
        for level in self._levels[:-1]:
            beside = at ^ 1
            if beside < len(level):
                path.append(("left" if beside < at else "right", level[beside]))
            at //= 2
        return tuple(path)


def _level_above(level: Sequence[bytes]) -> list[bytes]:
    pairs = [
        hashlib.sha256(b"\x01" + level[at] + level[at + 1]).digest() for at in range(0, len(level) - 1, 2)
    ]
    return pairs if len(level) % 2 == 0 else [*pairs, level[-1]]
