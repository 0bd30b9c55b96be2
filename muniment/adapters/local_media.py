"""Media on the local disk: objects named by the SHA-256 of their bytes, in 256 folders.

    <root>/objects/ab/abcdef…      an object; its name is its digest
    <root>/incoming/               bytes on their way (incoming.py)

An object is a second name of its incoming file until the commit that names it is durable: a `keep` that
fails can be tried again.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from typing_extensions import override

from muniment.adapters.files import LocalFiles, storage_errors
from muniment.adapters.incoming import IncomingFolder
from muniment.ports import Incoming, MediaStore
from muniment.ports.media import object_path
from schemas.errors import IntegrityError

__all__ = ["LocalMediaStore"]


class LocalMediaStore(MediaStore):
    """The media of one council."""

    def __init__(self, root: Path, files: LocalFiles) -> None:
        self._files = files
        self._root = root
        self._waiting = IncomingFolder(root, files)

    @override
    def incoming(self) -> AbstractContextManager[Incoming]:
        return self._waiting.incoming()

    @override
    def place(self, name: str, sha256: bytes) -> None:
        source, target = self._waiting.path(name), self._object(sha256)
        if self._files.exists(target):
            return
        if self._files.exists(source):
            self._files.folder(target.parent)
            with storage_errors("Placing a media file"):
                self._files.link(source, target)
            self._files.sync(target.parent)
        else:
            raise IntegrityError(
                f"The media file {sha256.hex()} is neither waiting nor in its place.",
                remedy="Capture the record again: its media will be fetched afresh.",
            )

    @override
    def discard(self, name: str) -> None:
        self._waiting.discard(name)

    @override
    def remove(self, sha256: bytes) -> None:
        target = self._object(sha256)
        self._files.remove(target)
        if self._files.exists(target.parent):
            self._files.sync(target.parent)

    @override
    def open(self, sha256: bytes) -> BinaryIO:
        return self._files.open(self._object(sha256))

    @override
    def names(self) -> Iterator[tuple[bytes, int]]:
        for path, size in self._files.walk(self._root / "objects"):
            yield bytes.fromhex(path.name), size

    @override
    def sweep(self) -> int:
        return self._waiting.sweep()

    def _object(self, sha256: bytes) -> Path:
        return self._root / object_path(sha256)
