"""The real S3 server of the rig: buckets of a test's own, and what lies in its folders on the disk."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq

from muniment.adapters.delta.archive import DeltaArchive
from muniment.adapters.s3.bucket import Bucket, Version
from muniment.adapters.s3.files import S3Files
from muniment.adapters.s3.lease import TERM_SECONDS as USUAL_TERM_SECONDS
from muniment.adapters.s3.media import S3MediaStore
from tests.muniment.adapters.delta.council import COUNCIL, PresenceInMemory, StandingClock, Town

__all__ = [
    "PLACE",
    "SECRET",
    "TERM_SECONDS",
    "S3Bucket",
    "active",
    "data_files",
    "end_the_lease",
    "hidden",
    "make_bucket",
    "plant_what_no_listing_shows",
    "s3_town",
    "stray_bytes",
]

SECRET = "Marmaduke Featherstonehaugh complains"
PLACE = PurePosixPath("records/exampleborough")
TERM_SECONDS = 24.0
"""The lease of an owner whose end is waited for: a machine that stands still for 14 seconds keeps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Bucket:
    """An empty bucket. Its credentials are in the environment of the test."""

    endpoint: str
    name: str
    folder: Path

    def open(self) -> Bucket:
        return Bucket(self.name, endpoint=self.endpoint)

    def files(self, *, term: float = USUAL_TERM_SECONDS) -> S3Files:
        return S3Files(self.open(), term=term)

    def settings(self) -> dict[str, str]:
        """Return what muniment is told to archive into it."""
        return {"MUNIMENT_STORE": f"s3://{self.name}/records", "MUNIMENT_STORE_ENDPOINT": self.endpoint}

    def on_disk(self) -> Iterator[Path]:
        """Yield every file that the server keeps of this bucket: newest versions, older ones, parts."""
        for half in ("data", "versions"):
            yield from (path for path in (self.folder / half / self.name).rglob("*") if path.is_file())

    def objects(self) -> set[str]:
        """Return the names of the newest versions, as they lie on the disk."""
        root = self.folder / "data" / self.name
        found = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
        return {name for name in found if not name.startswith(".sgwtmp")}

    def holds(self, secret: bytes) -> list[Path]:
        """Return the files on the server's disk in which these bytes stand."""
        return [path for path in self.on_disk() if secret in path.read_bytes()]


def make_bucket(endpoint: str, folder: Path, *, object_lock: bool) -> S3Bucket:
    made = S3Bucket(endpoint=endpoint, name=f"council-{uuid.uuid4().hex[:12]}", folder=folder)
    made.open().client.create_bucket(Bucket=made.name, ObjectLockEnabledForBucket=object_lock)
    return made


def s3_town(
    bucket: S3Bucket,
    spool: Path,
    *,
    presence: PresenceInMemory | None = None,
    files: S3Files | None = None,
) -> Town:
    """Return an archive in the bucket; `root` is the local folder where media wait."""
    files = files or bucket.files()
    presence = presence or PresenceInMemory()
    clock = StandingClock()
    media = S3MediaStore(PLACE, files, spool=spool)
    archive = DeltaArchive(COUNCIL, PLACE, register=presence, media=media, clock=clock, files=files)
    return Town(root=spool, archive=archive, presence=presence, media=media, clock=clock)


def hidden(bucket: S3Bucket) -> list[Version]:
    """Return what no listing shows: versions behind the newest, and marks of deletion."""
    return [one for one in bucket.open().versions("") if not one.latest or one.marker]


def active(borough: Town) -> set[str]:
    """Return the names of the data files that the table's log names."""
    table = borough.archive._home.open()
    return {uri.partition("://")[2].partition("/")[2] for uri in table.file_uris()}


def data_files(bucket: S3Bucket) -> set[str]:
    return {name for name in bucket.objects() if name.endswith(".parquet") and "_delta_log" not in name}


def end_the_lease(bucket: S3Bucket) -> None:
    """Let the term of an owner that is dead be over: what is tested is who comes after, not the waiting."""
    files, lock = bucket.files(), PLACE / "lock"
    told = json.loads(files.read(lock))
    if told["owner"]:
        files.put(lock, json.dumps({**told, "expires": 1.0}).encode())


def plant_what_no_listing_shows(bucket: S3Bucket) -> None:
    """What hands and broken uploads leave: an older version, a mark over one, parts of an upload."""
    client, name = bucket.open().client, bucket.name
    folder = str(PLACE / "table" / "series=public" / "year=2024")
    client.put_object(Bucket=name, Key=f"{folder}/part-old.parquet", Body=SECRET.encode())
    client.delete_object(Bucket=name, Key=f"{folder}/part-old.parquet")
    upload = client.create_multipart_upload(Bucket=name, Key=f"{folder}/part-parts.parquet")["UploadId"]
    client.upload_part(
        Bucket=name, Key=f"{folder}/part-parts.parquet", UploadId=upload, PartNumber=1, Body=SECRET.encode()
    )


def stray_bytes(bucket: S3Bucket, secrets: list[bytes]) -> list[Path]:
    """Return the files on the server's disk that hold any of these, also inside what Parquet compressed."""
    found = []
    for path in bucket.on_disk():
        content = path.read_bytes()
        if content[:4] == b"PAR1":
            table = pq.read_table(pa.BufferReader(content))
            content += repr(table.to_pydict()).encode()
        if any(secret in content for secret in secrets):
            found.append(path)
    return found
