"""Media bytes that are the same on every machine: small PNG pictures and filler of any length."""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["filler", "png"]

CHUNK_BYTES = 64 * 1024


def png(seed: str, width: int = 48, height: int = 32) -> bytes:
    """Return a PNG picture of coloured stripes; the seed decides the colours."""
    noise = hashlib.sha256(seed.encode()).digest()
    colours = [noise[n : n + 3] for n in range(0, 24, 3)]
    row = b"\x00" + b"".join(colours[x * len(colours) // width] for x in range(width))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"tEXt", b"Comment\x00" + seed.encode("latin-1", "replace")),
            _chunk(b"IDAT", zlib.compress(row * height, 6)),
            _chunk(b"IEND", b""),
        )
    )


def filler(length: int) -> Iterator[bytes]:
    """Yield so many zero bytes in chunks, without ever holding more than one chunk."""
    block = bytes(CHUNK_BYTES)
    while length > 0:
        yield block[:length]
        length -= CHUNK_BYTES


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
