"""Where the archive of the proof of disposal lies, and its indexes: told to every process of it.

The archive: this disk, or a bucket of the rig's S3 server, with versions and Object Lock. The indexes: the
embedded one, and real Elasticsearch servers by the names of `infra.elasticsearch`; several at once are
several indexes of one council, each purged and proved by itself.
"""

import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePath, PurePosixPath
from typing import Final

from bench.comments import COUNCIL
from bench.engines import EMBEDDED, NotUpError, urls_of
from infra.elasticsearch.servers import SERVERS, elastic_home
from infra.rig.processes import rig_home
from muniment.adapters.elastic.index import ElasticIndex
from muniment.adapters.elastic.server import ElasticSignIn
from muniment.adapters.files import LocalFiles
from muniment.adapters.local_media import LocalMediaStore
from muniment.adapters.s3.bucket import Bucket
from muniment.adapters.s3.files import S3Files
from muniment.adapters.s3.media import S3MediaStore
from muniment.adapters.storage import Files
from muniment.adapters.tantivy.index import TantivyIndex
from muniment.ports import MediaStore, SearchIndex

__all__ = ["LOCAL", "S3", "Server", "Site", "bucket_of"]

LOCAL: Final = "local"
S3: Final = "s3"
_EVIDENCE_LOCKED: Final = timedelta(days=1)
_TIMEOUT_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The bucket of a proof on the rig's S3 server, and where that server keeps it on this machine's disk."""

    endpoint: str
    bucket: str
    disk: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that a process needs to open the archive. `server` None: it lies below `root`."""

    root: Path
    engines: Sequence[str]
    server: Server | None = None

    @property
    def place(self) -> PurePath:
        """Where the archive lies, in its files."""
        return self.root / COUNCIL if self.server is None else PurePosixPath("records", COUNCIL)

    @property
    def council_on_disk(self) -> Path:
        """Where its files lie on this disk: an S3 server over a folder keeps an object as a file."""
        if self.server is None:
            return self.root / COUNCIL
        return self.server.disk / "data" / self.server.bucket / "records" / COUNCIL

    @property
    def folders(self) -> Mapping[str, Path]:
        """Every folder on this machine in which anything of a record may lie, by what it is."""
        found = {"the machine's own disk": self.root}
        if self.server is not None:
            found["the S3 server's newest versions"] = self.server.disk / "data" / self.server.bucket
            found["the S3 server's older versions"] = self.server.disk / "versions" / self.server.bucket
        for name in self.servers:
            for node in range(1, SERVERS[name].nodes + 1):
                path = elastic_home() / name / f"node-{node}" / "data" / "indices"
                if path.is_dir():
                    found[f"node {node} of Elasticsearch {name}"] = path
        return found

    @property
    def servers(self) -> tuple[str, ...]:
        """The names of the Elasticsearch servers."""
        return tuple(name for name in self.engines if name != EMBEDDED)

    def files(self) -> Files:
        """Open the files of the archive."""
        if self.server is None:
            return LocalFiles()
        return S3Files(self.bucket(), evidence_locked_for=_EVIDENCE_LOCKED)

    def bucket(self) -> Bucket:
        """Open the bucket."""
        if self.server is None:
            raise LookupError("this archive lies on the local disk")
        return Bucket(self.server.bucket, endpoint=self.server.endpoint)

    def media(self, files: Files) -> MediaStore:
        """Open the media of the archive."""
        if isinstance(files, S3Files):
            return S3MediaStore(self.place, files, spool=self.root / COUNCIL)
        return LocalMediaStore(self.root / COUNCIL, LocalFiles())

    def indexes(self) -> Mapping[str, SearchIndex]:
        """Open every index, by what it is called in the table."""
        found: dict[str, SearchIndex] = {}
        for name in self.engines:
            if name == EMBEDDED:
                found[name] = TantivyIndex(self.root / "index")
            else:
                sign_in = ElasticSignIn(urls=urls_of(name), timeout_seconds=_TIMEOUT_SECONDS)
                found[f"Elasticsearch {name}"] = ElasticIndex(sign_in)
        return found


def bucket_of(folder: Path) -> Server:
    """Make the bucket of a proof on the rig's S3 server, or find the one that it made; sign in.

    Raises:
        NotUpError: The server is not up.
    """
    path = rig_home() / "env"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    told = dict(line.split("=", 1) for line in lines if line)
    if "RIG_S3_ENDPOINT" not in told:
        raise NotUpError("the S3 server is not up: run python -m infra.rig up s3 first")
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        os.environ.pop(name, None)
    os.environ["AWS_ACCESS_KEY_ID"] = told["RIG_S3_ACCESS_KEY"]
    os.environ["AWS_SECRET_ACCESS_KEY"] = told["RIG_S3_SECRET_KEY"]
    note = folder / "bucket"
    made = Server(
        endpoint=told["RIG_S3_ENDPOINT"],
        bucket=note.read_text() if note.exists() else f"proof-{uuid.uuid4().hex[:12]}",
        disk=Path(told["RIG_S3_FOLDER"]),
    )
    if not note.exists():
        client = Bucket(made.bucket, endpoint=made.endpoint).client
        client.create_bucket(Bucket=made.bucket, ObjectLockEnabledForBucket=True)
        note.write_text(made.bucket)
    return made
