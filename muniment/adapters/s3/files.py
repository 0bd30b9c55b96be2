"""A bucket as the archive's home (storage.Files): a path is a name in it.

A data file is put together in memory (64 MB at most) and written by one PUT, which the server checks
against the file's SHA-256: it is there whole or not at all, and a writer that dies leaves no parts of an
upload behind. Files are read through pyarrow's own file system; the table's log is delta-rs'.

Removing is removing every version and every mark of deletion, and unfinished uploads of that name; then
the versions are listed again, and what is still there is an error.
"""

import secrets
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from itertools import groupby
from os.path import commonprefix
from pathlib import PurePath, PurePosixPath
from typing import BinaryIO, Final, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import pyarrow.fs
from typing_extensions import override

from muniment.adapters.s3.bucket import Bucket, ChangedError, Credentials, Version
from muniment.adapters.s3.check import findings
from muniment.adapters.s3.lease import TERM_SECONDS, Lease, leased
from muniment.adapters.storage import Files, Lock
from muniment.ports import Finding
from schemas.errors import StorageError

__all__ = ["S3Files"]

_SETTLED_TERMS: Final = 10
_LOT: Final = 100
_PROBE: Final = ".probe-"
_CONDITIONS: Final = "Use a server that knows If-None-Match and If-Match for PUT, as Amazon S3 does."


class S3Files(Files):
    """The files of one archive in a bucket. Safe for threads; one lock is held at a time.

    `evidence_locked_for` is how long seals and certificates are locked against deletion, in governance
    mode, where the bucket has Object Lock; None: not at all.
    """

    def __init__(
        self,
        bucket: Bucket,
        *,
        evidence_locked_for: timedelta | None = None,
        term: float = TERM_SECONDS,
    ) -> None:
        self.bucket = bucket
        self._locked_for = evidence_locked_for
        self._term = term
        self._turn = threading.Lock()
        self._lease: Lease | None = None
        self._reading: tuple[Credentials, pyarrow.fs.S3FileSystem] | None = None
        self._can_lock: bool | None = None

    @property
    @override
    def syncs(self) -> bool:
        return False

    @property
    @override
    def leased(self) -> bool:
        return True

    @override
    def probe(self, folder: PurePath) -> None:
        self._sweep_probes(folder)
        key = f"{folder}/{_PROBE}{secrets.token_hex(8)}"  # others may be trying at the same moment
        try:
            first = self.bucket.put(key, b"1", only_new=True)
            self.bucket.put(key, b"2", only_over=first.etag)
            new, over = self._is_refused(key, only_new=True), self._is_refused(key, only_over=first.etag)
        except ChangedError as error:
            raise StorageError(
                "The S3 server refuses what it should do: a PUT over the object that it just told us of.",
                remedy=_CONDITIONS,
            ) from error
        finally:
            self._purge_key(key)
        if not (new and over):
            raise StorageError(
                "The S3 server ignores the conditions of a PUT: two writers would lose records.",
                remedy=_CONDITIONS,
            )

    @override
    def findings(self, folder: PurePath) -> Iterator[Finding]:
        try:
            self.probe(folder)
            yield Finding.fine("conditions", "of a PUT are kept: tried.")
        except StorageError as error:
            yield Finding.warning("conditions", f"of a PUT could not be tried: {error}")
        yield from findings(self.bucket, folder)

    @override
    @contextmanager
    def lock(self, path: PurePath) -> Iterator[Lock]:
        with self._turn, leased(self.bucket, str(path), term=self._term) as lease:
            self._lease = lease
            try:
                yield lease
            finally:
                self._lease = None

    @override
    def check(self) -> None:
        lease = self._lease
        if lease is not None:
            lease.check()

    @override
    def folder(self, path: PurePath) -> None:
        return  # a bucket has none

    @override
    @contextmanager
    def writing(self, path: PurePath) -> Iterator[BinaryIO]:
        with BytesIO() as sink:
            yield sink
            self.bucket.put(str(path), sink.getvalue())

    @override
    def put(self, path: PurePath, content: bytes) -> None:
        self.bucket.put(str(path), content)

    @override
    def put_evidence(self, path: PurePath, content: bytes) -> None:
        until = None
        if self._locked_for is not None and self._has_object_lock():
            until = self.bucket.clock() + self._locked_for
        self.bucket.put(str(path), content, locked_until=until)

    @override
    def move(self, path: PurePath, target: PurePath) -> None:
        self.bucket.copy(str(path), str(target))
        self.remove(path)

    @override
    def sync(self, path: PurePath) -> None:
        return  # what a PUT has answered is safe

    @override
    def remove(self, path: PurePath) -> None:
        self.remove_all([path])

    @override
    def remove_all(self, paths: Iterable[PurePath]) -> int:
        keys = sorted({str(path) for path in paths})
        for start in range(0, len(keys), _LOT):
            self.check()
            lot = keys[start : start + _LOT]
            for beginning, ours in _by_folder(lot):
                self.bucket.delete(self._versions(beginning, ours))
                for key, upload in list(self.bucket.uploads(beginning)):
                    if key in ours:
                        self.bucket.abort(key, upload)
                if self._versions(beginning, ours):
                    raise StorageError(
                        "The S3 server still has a version of an object that was deleted.",
                        remedy="Run it again; when it stays, look at Object Lock and replication.",
                    )
        return len(keys)

    @override
    def purge(self, folder: PurePath) -> int:
        self.check()
        hidden, uploads = self._hidden(f"{folder}/")
        # what lies behind goes first: a mark that went before it would bring it back
        self.bucket.delete(sorted(hidden, key=lambda one: one.latest))
        for key, upload in uploads:
            self.bucket.abort(key, upload)
        return len(hidden) + len(uploads)

    @override
    def hidden(self, folder: PurePath) -> int:
        hidden, uploads = self._hidden(f"{folder}/")
        return len(hidden) + len(uploads)

    @override
    def settled(self, path: PurePath) -> bool:
        try:
            _, written_at, now = self.bucket.head(str(path))
        except FileNotFoundError:
            return True
        return (now - written_at).total_seconds() > _SETTLED_TERMS * self._term

    @override
    def read(self, path: PurePath) -> bytes:
        return self.bucket.get(str(path)).body

    @override
    def open(self, path: PurePath) -> BinaryIO:
        return cast("BinaryIO", self._file_system().open_input_file(f"{self.bucket.name}/{path}"))

    @override
    def size(self, path: PurePath) -> int:
        return self.bucket.head(str(path))[0]

    @override
    def modified_at(self, path: PurePath) -> float:
        return self.bucket.head(str(path))[1].timestamp()

    @override
    def exists(self, path: PurePath) -> bool:
        try:
            self.bucket.head(str(path))
        except FileNotFoundError:
            return False
        return True

    @override
    def walk(self, folder: PurePath) -> Iterator[tuple[PurePosixPath, int]]:
        for one in self.bucket.listed(f"{folder}/"):
            yield PurePosixPath(one.key), one.size

    @override
    def uri(self, path: PurePath) -> str:
        return f"s3://{self.bucket.name}/{path}"

    @override
    def options(self) -> Mapping[str, str]:
        now = self.bucket.credentials()
        options = {
            "aws_access_key_id": now.access_key,
            "aws_secret_access_key": now.secret_key,
            "aws_region": self.bucket.region,
            "aws_conditional_put": "etag",
            "aws_checksum_algorithm": "sha256",
        }
        if now.token is not None:
            options["aws_session_token"] = now.token
        if self.bucket.endpoint is not None:
            options["aws_endpoint"] = self.bucket.endpoint
            options["aws_virtual_hosted_style_request"] = "false"
            options["allow_http"] = str(self.bucket.endpoint.startswith("http://")).lower()
        return options

    def _sweep_probes(self, folder: PurePath) -> None:
        """Remove what was left by those who died while they tried."""
        left = {one.key for one in self.bucket.versions(f"{folder}/{_PROBE}")}
        for key in filter(lambda one: self.settled(PurePosixPath(one)), left):
            self._purge_key(key)

    def _is_refused(self, key: str, *, only_new: bool = False, only_over: str | None = None) -> bool:
        try:
            self.bucket.put(key, b"3", only_new=only_new, only_over=only_over)
        except ChangedError:
            return True
        return False

    def _hidden(self, prefix: str) -> tuple[list[Version], list[tuple[str, str]]]:
        hidden = [one for one in self.bucket.versions(prefix) if not one.latest or one.marker]
        return hidden, list(self.bucket.uploads(prefix))

    def forget_older(self, path: PurePath) -> None:
        """Remove the versions behind a file's newest one."""
        key = str(path)
        self.bucket.delete(one for one in self._versions(key, {key}) if not one.latest)

    def _versions(self, beginning: str, keys: Collection[str]) -> Sequence[Version]:
        found = [one for one in self.bucket.versions(beginning) if one.key in keys]
        return sorted(found, key=lambda one: one.latest)

    def _purge_key(self, key: str) -> None:
        self.bucket.delete(self._versions(key, {key}))

    def _has_object_lock(self) -> bool:
        if self._can_lock is None:
            self._can_lock = self.bucket.has_object_lock()
        return self._can_lock

    def _file_system(self) -> pyarrow.fs.S3FileSystem:
        """Return pyarrow's file system, made anew when the credentials were renewed."""
        now = self.bucket.credentials()
        if self._reading is None or self._reading[0] != now:
            self._reading = (now, _file_system(self.bucket, now))
        return self._reading[1]


def _by_folder(keys: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the names of each folder with how they all begin: one listing serves them all."""
    for _, found in groupby(sorted(keys), key=lambda key: key.rpartition("/")[0]):
        ours = frozenset(found)
        yield commonprefix(sorted(ours)), ours  # noqa: RUF071  # a listing asks for letters, not for folders


def _file_system(bucket: Bucket, credentials: Credentials) -> pyarrow.fs.S3FileSystem:
    address = urlsplit(bucket.endpoint or f"https://s3.{bucket.region}.amazonaws.com")
    proxy = getproxies().get(address.scheme)
    if proxy is not None and proxy_bypass(address.hostname or ""):
        proxy = None
    return pyarrow.fs.S3FileSystem(
        access_key=credentials.access_key,
        secret_key=credentials.secret_key,
        session_token=credentials.token,
        region=bucket.region,
        scheme=address.scheme,
        endpoint_override=None if bucket.endpoint is None else address.netloc,
        proxy_options=proxy,
        request_timeout=60,
        connect_timeout=10,
        background_writes=False,
    )
