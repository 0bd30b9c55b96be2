"""Media in a bucket: objects named by the SHA-256 of their bytes, which the server checks as they come.

    <root>/objects/ab/abcdef…   an object; its name is its digest

Bytes wait on the local disk (incoming.py) and are put in place under the archive's lock. They are put also
when the name is there: what a listing or a look shows may be on its way out, by whoever had the lock before.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path, PurePath
from typing import BinaryIO

from typing_extensions import override

from muniment.adapters.files import LocalFiles
from muniment.adapters.incoming import IncomingFolder
from muniment.adapters.s3.files import S3Files
from muniment.ports import Incoming, MediaStore
from muniment.ports.media import object_path
from schemas.errors import IntegrityError

__all__ = ["S3MediaStore"]


class S3MediaStore(MediaStore):
    """The media of one council. `spool` is a local folder, where bytes wait."""

    def __init__(self, root: PurePath, files: S3Files, *, spool: Path) -> None:
        self._files = files
        self._root = root
        self._waiting = IncomingFolder(spool, LocalFiles())

    @override
    def incoming(self) -> AbstractContextManager[Incoming]:
        return self._waiting.incoming()

    @override
    def place(self, name: str, sha256: bytes) -> None:
        target = self._object(sha256)
        try:
            with self._waiting.path(name).open("rb") as file:
                was_there = self._files.exists(target)
                self._files.bucket.put(str(target), file, sha256=sha256)
            if was_there:
                self._files.forget_older(target)
        except FileNotFoundError as error:
            if not self._files.exists(target):
                raise IntegrityError(
                    f"The media file {sha256.hex()} is neither waiting nor in its place.",
                    remedy="Capture the record again: its media will be fetched afresh.",
                ) from error

    @override
    def discard(self, name: str) -> None:
        self._waiting.discard(name)

    @override
    def remove(self, sha256: bytes) -> None:
        self._files.remove(self._object(sha256))

    @override
    def open(self, sha256: bytes) -> BinaryIO:
        return self._files.open(self._object(sha256))

    @override
    def names(self) -> Iterator[tuple[bytes, int]]:
        # by versions: an object under a mark of deletion is in no listing, and must go with the unnamed
        sizes: dict[bytes, int] = {}
        for one in self._files.bucket.versions(f"{self._root}/objects/"):
            name = bytes.fromhex(PurePath(one.key).name)
            sizes[name] = sizes.get(name, 0) + one.size
        yield from sizes.items()

    @override
    def sweep(self) -> int:
        return self._waiting.sweep()

    def _object(self, sha256: bytes) -> PurePath:
        return self._root / object_path(sha256)
