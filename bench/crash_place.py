"""Where the archive of the kill test lies: a folder of this disk, or a bucket of the rig's S3 server."""

from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Final

from bench.disposal_site import LOCAL, S3, Server, bucket_of
from muniment.adapters.files import LocalFiles
from muniment.adapters.local_media import LocalMediaStore
from muniment.adapters.s3.bucket import Bucket
from muniment.adapters.s3.files import S3Files
from muniment.adapters.s3.media import S3MediaStore
from muniment.adapters.storage import Files
from muniment.ports import MediaStore

__all__ = ["STORES", "Place", "make_place"]

STORES: Final = (LOCAL, S3)
_TERM_SECONDS: Final = 4.5
"""A killed owner's lease ends soon, so that a round need not wait for long: 30 seconds in the product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place by its root, which is a folder of this disk in any case; `server` None: all lies there."""

    root: Path
    council: str
    server: Server | None

    @property
    def council_root(self) -> PurePath:
        """The archive's folder, in its files."""
        return self.root / self.council if self.server is None else PurePosixPath("records", self.council)

    @property
    def spool(self) -> Path:
        """Where media wait on this disk."""
        return self.root / self.council

    def files(self) -> Files:
        """Open the files."""
        if self.server is None:
            return LocalFiles()
        return S3Files(Bucket(self.server.bucket, endpoint=self.server.endpoint), term=_TERM_SECONDS)

    def media(self, files: Files) -> MediaStore:
        """Open the media."""
        if isinstance(files, S3Files):
            return S3MediaStore(self.council_root, files, spool=self.spool)
        return LocalMediaStore(self.spool, LocalFiles())


def make_place(root: Path, council: str, store: str) -> Place:
    """Return the place of a root, made when it is new; in a bucket it signs in first."""
    return Place(root=root, council=council, server=bucket_of(root) if store == S3 else None)
