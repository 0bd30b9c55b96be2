"""One bucket of an S3 server: what the archive asks of it, and what its answers mean. boto3's one home.

Every request either gives what it promises or raises: `FileNotFoundError` when the object is not there,
`ChangedError` when a condition did not hold (412), `StorageError` for everything that a person must look at.
An error names the request and the server's own code, never a credential or a body.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO, Final

import boto3
import botocore.exceptions
from botocore.config import Config

from schemas.errors import IntegrityError, StorageError

__all__ = ["Bucket", "ChangedError", "Credentials", "Found", "Stored", "UnreadableError", "Version"]

_MISSING: Final = frozenset({"NoSuchKey", "404", "NotFound", "NoSuchVersion"})
_CHANGED: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412"})
_NOT_SET: Final = frozenset(
    {
        "NoSuchBucketPolicy",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "ObjectLockConfigurationNotFoundError",
        "ReplicationConfigurationNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
_SLIPS: Final = frozenset({"ExistingObjectIsDirectory"})
"""versitygw takes away a folder that a deletion has emptied, also from under a writer who needs it."""
_SLIP_SECONDS: Final = 0.05
_TRIES: Final = 5
_LOT: Final = 1000  # the most that one DeleteObjects takes
_REMEDIES: Final = {
    "NoSuchBucket": "Make the bucket, or correct MUNIMENT_STORE.",
    "AccessDenied": "Give the archive's user the rights of infra/s3/user-policy.json; is the object locked?",
    "InvalidAccessKeyId": "The access key is not one of this server: look at the credentials.",
    "SignatureDoesNotMatch": "The secret key does not fit the access key, or the clock is wrong.",
    "RequestTimeTooSkewed": "Set the machine's clock right.",
}
_REMEDY: Final = "Look at the S3 server and at what lies between; see docs/operate/s3.md."


class ChangedError(Exception):
    """The condition of a request did not hold: somebody else was there first."""


class UnreadableError(Exception):
    """The server does not tell a setting: it does not know it, or we may not ask. Its text is the code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What signs requests at this moment. Its text form shows nothing."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An object as a request found it, or left it. `at` is the server's clock."""

    etag: str
    version: str | None
    at: datetime
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One object of a listing."""

    key: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of an object, or a mark that it was deleted."""

    key: str
    version: str
    latest: bool
    marker: bool
    size: int = 0


class Bucket:
    """Requests to one bucket. Safe for threads."""

    def __init__(self, name: str, *, endpoint: str | None = None, region: str | None = None) -> None:
        """Name the bucket; nothing is asked yet. Credentials come from where all AWS programs find them."""
        self.name = name
        session = boto3.session.Session(region_name=region)
        self.region: str = session.region_name or "us-east-1"
        self.endpoint = endpoint
        self._session = session
        style = "auto" if endpoint is None else "path"
        self.client = session.client(
            "s3",
            region_name=self.region,
            endpoint_url=endpoint,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": style},
                retries={"mode": "standard", "max_attempts": _TRIES},
                connect_timeout=10,
                read_timeout=60,
                max_pool_connections=16,
            ),
        )
        self.client.meta.events.register("needs-retry.s3.PutObject", _seconds_to_next_try)

    def credentials(self) -> Credentials:
        """Return the credentials in force, renewed when they are near their end.

        Raises:
            StorageError: There are none.
        """
        found = self._session.get_credentials()
        if found is None:
            raise StorageError(
                "There are no credentials for the S3 store.",
                remedy="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the machine's role.",
            )
        now = found.get_frozen_credentials()
        return Credentials(access_key=now.access_key, secret_key=now.secret_key, token=now.token)

    def clock(self) -> datetime:
        """Return what time it is there."""
        with _answers("Asking for the bucket"):
            return _server_time(self.client.head_bucket(Bucket=self.name))

    def get(self, key: str) -> Stored:
        """Read a whole object, and the server's time.

        Raises:
            IntegrityError: The object is damaged, by the server's own checksum.
        """
        with _answers("Reading an object"):
            answer = self.client.get_object(Bucket=self.name, Key=key)
            try:
                return _stored(answer, answer["Body"].read())
            except botocore.exceptions.FlexibleChecksumError as error:
                raise IntegrityError(
                    "An object of the S3 store is not the one that was written: its checksum does not fit.",
                    remedy="Run `muniment verify`: it names the object.",
                ) from error

    def head(self, key: str) -> tuple[int, datetime, datetime]:
        """Return an object's size, when it was written, and what time it is there now."""
        with _answers("Looking at an object"):
            answer = self.client.head_object(Bucket=self.name, Key=key)
            return answer["ContentLength"], answer["LastModified"].astimezone(UTC), _server_time(answer)

    def put(
        self,
        key: str,
        body: bytes | BinaryIO,
        *,
        sha256: bytes | None = None,
        only_new: bool = False,
        only_over: str | None = None,
        locked_until: datetime | None = None,
    ) -> Stored:
        """Write an object, checked by the server against its SHA-256.

        Args:
            key: Its name.
            body: Its bytes.
            sha256: Their digest, when it is known already; of a file it must be.
            only_new: Only when there is none of that name.
            only_over: Only over the object with this etag.
            locked_until: Till when nobody may delete it (governance mode): the bucket must have Object Lock.

        Raises:
            ChangedError: The condition does not hold.
        """
        if sha256 is None and isinstance(body, bytes):
            sha256 = hashlib.sha256(body).digest()
        if sha256 is None:
            raise ValueError("the digest of a file must be given")
        asked: dict[str, Any] = {"ChecksumSHA256": base64.b64encode(sha256).decode("ascii")}
        if only_new:
            asked["IfNoneMatch"] = "*"
        if only_over is not None:
            asked["IfMatch"] = only_over
        if locked_until is not None:
            asked |= {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": locked_until}
        with _answers("Writing an object"):
            try:
                return _stored(self.client.put_object(Bucket=self.name, Key=key, Body=body, **asked))
            except botocore.exceptions.ClientError as error:
                was_first = not error.response["ResponseMetadata"].get("RetryAttempts")
                if was_first or _code(error) not in _CHANGED or not isinstance(body, bytes):
                    raise
                # The answer to the first try was lost, perhaps, and the second was refused for it.
                now = self.get(key)
                if now.body != body:
                    raise
                return now

    def setting(self, name: str) -> Mapping[str, Any] | None:
        """Return a setting of the bucket, as boto3's `get_<name>` gives it; None: it is not set.

        Raises:
            UnreadableError: The server does not tell.
        """
        try:
            told: Mapping[str, Any] = getattr(self.client, f"get_{name}")(Bucket=self.name)
        except botocore.exceptions.ClientError as error:
            code = _code(error)
            if code in _NOT_SET:
                return None
            raise UnreadableError(code) from error
        except botocore.exceptions.BotoCoreError as error:
            raise UnreadableError(type(error).__name__) from error
        return told

    def has_object_lock(self) -> bool:
        """Return whether objects can be locked against deletion here, as far as the server tells."""
        try:
            told = self.setting("object_lock_configuration") or {}
        except UnreadableError:
            return False
        enabled: bool = told.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled"
        return enabled

    def passes_over_lock(self, key: str, locked: Stored) -> bool:
        """Try to delete a locked version all the same; return whether that was granted."""
        try:
            self.client.delete_object(
                Bucket=self.name, Key=key, VersionId=locked.version, BypassGovernanceRetention=True
            )
        except botocore.exceptions.ClientError:
            return False
        return True

    def copy(self, key: str, target: str) -> None:
        """Write a copy of an object, made by the server."""
        with _answers("Copying an object"):
            source = {"Bucket": self.name, "Key": key}
            self.client.copy_object(Bucket=self.name, Key=target, CopySource=source)

    def listed(self, prefix: str) -> Iterator[Found]:
        """Yield the objects whose names begin so."""
        with _answers("Listing objects"):
            for page in self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=prefix
            ):
                for one in page.get("Contents", ()):
                    yield Found(key=one["Key"], size=one["Size"])

    def versions(self, prefix: str) -> Iterator[Version]:
        """Yield every version and every mark of deletion of the objects whose names begin so."""
        pages = self.client.get_paginator("list_object_versions")
        with _answers("Listing versions"):
            for page in pages.paginate(Bucket=self.name, Prefix=prefix):
                for kind in ("Versions", "DeleteMarkers"):
                    for one in page.get(kind, ()):
                        yield Version(
                            key=one["Key"],
                            version=one["VersionId"],
                            latest=one["IsLatest"],
                            marker=kind == "DeleteMarkers",
                            size=one.get("Size", 0),
                        )

    def uploads(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield the name and the number of each unfinished upload in parts."""
        pages = self.client.get_paginator("list_multipart_uploads")
        with _answers("Listing unfinished uploads"):
            for page in pages.paginate(Bucket=self.name, Prefix=prefix):
                for one in page.get("Uploads", ()):
                    yield one["Key"], one["UploadId"]

    def abort(self, key: str, upload: str) -> None:
        """Take away the parts of an unfinished upload; nothing happens when there are none."""
        try:
            with _answers("Aborting an upload"):
                self.client.abort_multipart_upload(Bucket=self.name, Key=key, UploadId=upload)
        except FileNotFoundError:
            return

    def delete(self, doomed: Iterable[Version]) -> int:
        """Destroy versions and marks, by number; return how many.

        Raises:
            StorageError: The server refuses one, such as a locked one.
        """
        waiting = [{"Key": one.key, "VersionId": one.version} for one in doomed]
        for start in range(0, len(waiting), _LOT):
            lot = waiting[start : start + _LOT]
            with _answers("Deleting objects"):
                answer = self.client.delete_objects(Bucket=self.name, Delete={"Objects": lot, "Quiet": True})
            refused = [one for one in answer.get("Errors", ()) if self._is_there(one, lot)]
            if refused:
                code = str(refused[0].get("Code"))
                raise StorageError(
                    f"The S3 server kept {len(refused)} of {len(lot)} objects that were to go ({code}).",
                    remedy=_REMEDIES.get(code, _REMEDY),
                )
        return len(waiting)

    def _is_there(self, refused: Mapping[str, object], lot: Sequence[Mapping[str, str]]) -> bool:
        """Whether something of what was to go still stands under the name that a server would not delete.

        Two owners may sweep the same leavings: what another has destroyed meanwhile is destroyed, by
        whatever code a server says so (versitygw: NoSuchVersion, or InvalidArgument at the same moment).
        """
        key = str(refused.get("Key"))
        doomed = {one["VersionId"] for one in lot if one["Key"] == key}
        return any(one.key == key and one.version in doomed for one in self.versions(key))


def _seconds_to_next_try(
    response: tuple[object, Mapping[str, Any]] | None, attempts: int, **_told: object
) -> float | None:
    """Return how long to wait before a PUT is made again that met a slip of the server; None: it met none."""
    code = None if response is None else response[1].get("Error", {}).get("Code")
    return _SLIP_SECONDS if code in _SLIPS and attempts < _TRIES else None


@contextmanager
def _answers(doing: str) -> Iterator[None]:
    """Turn what boto3 raises into what the caller does next."""
    try:
        yield
    except botocore.exceptions.ClientError as error:
        code = _code(error)
        if code in _MISSING or (code == "NoSuchUpload"):
            raise FileNotFoundError(f"{doing}: there is no such object") from error
        if code in _CHANGED:
            raise ChangedError(doing) from error
        raise StorageError(
            f"{doing} of the S3 store failed ({code}); nothing was committed.",
            remedy=_REMEDIES.get(code, _REMEDY),
        ) from error
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.HTTPClientError) as error:
        raise StorageError(
            f"{doing} of the S3 store failed ({type(error).__name__}); nothing was committed.",
            remedy=_REMEDY,
        ) from error


def _code(error: botocore.exceptions.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def _stored(answer: Any, body: bytes = b"") -> Stored:
    return Stored(etag=answer["ETag"], version=answer.get("VersionId"), at=_server_time(answer), body=body)


def _server_time(answer: Any) -> datetime:
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if said is None:
        raise StorageError(
            "The S3 server does not say what time it is: its answers have no Date.",
            remedy="A lease is judged by the server's clock: use another server, or mend the proxy.",
        )
    return parsedate_to_datetime(said).astimezone(UTC)
