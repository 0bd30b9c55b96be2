"""Evidence: leaves, Merkle roots, seals and their chain (data-model.md 3 and 7). Pure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.capture import Attachment, Exhibit
from schemas.digests import canonical

__all__ = ["SALT_BYTES", "Seal", "attachment_leaf", "leaf", "merkle_path", "merkle_root"]

SALT_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """One link of the chain: what was added and removed since the last, and the root over its leaves.

    `added` maps each data and log file to its SHA-256; `removed` each file taken away to why (compact,
    erase and run, log cleanup). `tokens` are time-stamp tokens; `pending` says that one is still owed.
    """

    council: str
    number: int
    previous: bytes
    first_commit: int
    last_commit: int
    sealed_at: datetime
    sandbox_clock: bool
    added: Mapping[str, str]
    removed: Mapping[str, str]
    leaves: int
    root: bytes
    audit_head: bytes
    public_key: bytes
    signature: bytes
    tokens: tuple[bytes, ...] = ()
    pending: bool = False


def leaf(salt: bytes, exhibit: Exhibit) -> bytes:
    """Return the leaf digest of an exhibit: SHA-256(0x00, salt, length-prefixed header and parts)."""
    digest = hashlib.sha256(b"\x00" + salt)
    for piece in (exhibit.header, *exhibit.parts):
        digest.update(len(piece).to_bytes(8, "big"))
        digest.update(piece)
    return digest.digest()


def attachment_leaf(salt: bytes, attachment: Attachment) -> bytes:
    """Return the leaf digest of an attachment row: of which version, which bytes or why not, and when."""
    told = canonical(
        {
            "record_id": attachment.record_id,
            "version_id": attachment.version_id.hex(),
            "ref": attachment.ref,
            "sha256": None if attachment.sha256 is None else attachment.sha256.hex(),
            "why_not": attachment.why_not,
            "target": attachment.target,
            "fetched_at": attachment.fetched_at.isoformat(),
        }
    )
    return leaf(salt, Exhibit(record_id=attachment.record_id, header=told, parts=()))


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """Return the root over the sorted leaf digests; of none: SHA-256 of nothing."""
    level = sorted(leaves)
    if not level:
        return hashlib.sha256(b"").digest()
    while len(level) > 1:
        level = _level_above(level)
    return level[0]


def merkle_path(leaves: Iterable[bytes], wanted: bytes) -> tuple[tuple[str, bytes], ...]:
    """Return the digests from a leaf to the root, each with the side ("left", "right") it stands on.

    Raises:
        KeyError: The leaf is not among them.
    """
    level = sorted(leaves)
    if wanted not in level:
        raise KeyError(wanted.hex())
    at = level.index(wanted)
    path: list[tuple[str, bytes]] = []
    while len(level) > 1:
        beside = at ^ 1
        if beside < len(level):
            path.append(("left" if beside < at else "right", level[beside]))
        level = _level_above(level)
        at //= 2
    return tuple(path)


def _level_above(level: Sequence[bytes]) -> list[bytes]:
    pairs = [
        hashlib.sha256(b"\x01" + level[at] + level[at + 1]).digest() for at in range(0, len(level) - 1, 2)
    ]
    return pairs if len(level) % 2 == 0 else [*pairs, level[-1]]
