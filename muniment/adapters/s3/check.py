"""`muniment store check` for a bucket: its settings as the server tells them, and trials of them.

The trials write one small object beside the archive and take it away again: that every version of it goes,
and that a locked one stays although we ask for the lock to be passed over.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import PurePath
from typing import Any, Final

from muniment.adapters.s3 import settings as judged
from muniment.adapters.s3.bucket import Bucket, UnreadableError
from muniment.ports import Finding
from schemas.errors import StorageError

__all__ = ["findings"]

_LOCKED_SECONDS: Final = 4


def findings(bucket: Bucket, place: PurePath) -> Iterator[Finding]:
    """Yield what is found, the fine and the worrying; the archive at `place` is only listed."""
    where = str(place)
    yield from _of_versions(bucket)
    yield from _trial_of_removal(bucket, f"{where}/.check")
    yield from _asked(bucket, "object_lock_configuration", "Object Lock", judged.of_object_lock)
    if bucket.has_object_lock():
        yield from _trial_of_lock(bucket, f"{where}/.check")
    yield from _asked(
        bucket, "bucket_replication", "replication", lambda told: judged.of_replication(told, where)
    )
    yield from _asked(
        bucket,
        "bucket_lifecycle_configuration",
        "lifecycle rules",
        lambda told: judged.of_lifecycle(told, where),
    )
    yield from _asked(bucket, "public_access_block", "public access", judged.of_public_access)
    yield from _asked(bucket, "bucket_encryption", "encryption", judged.of_encryption)
    yield from _asked(
        bucket,
        "bucket_policy",
        "bucket policy",
        lambda told: judged.of_policy(None if told is None else json.loads(told["Policy"])),
    )
    yield from _hidden(bucket, where)


def _asked(
    bucket: Bucket, setting: str, what: str, judge: Callable[[Any], Iterator[Finding]]
) -> Iterator[Finding]:
    try:
        told = bucket.setting(setting)
    except UnreadableError as error:
        yield Finding.unknown(what, f"could not be read ({error}): look at it yourself.")
    else:
        yield from judge(told)


def _of_versions(bucket: Bucket) -> Iterator[Finding]:
    try:
        told = bucket.setting("bucket_versioning") or {}
    except UnreadableError as error:
        yield Finding.unknown("versions", f"could not be read ({error}).")
        return
    if told.get("MFADelete") == "Enabled":
        yield Finding.warning(
            "versions",
            "can be deleted with a second factor only: no disposal can be done. Turn MFA delete off.",
        )
    kept = told.get("Status") == "Enabled"
    why = "are kept, and taken away with every disposal." if kept else "are not kept: deleting is deleting."
    yield Finding.fine("versions", why)


def _trial_of_removal(bucket: Bucket, key: str) -> Iterator[Finding]:
    """Write an object twice, delete every version of it, and look again."""
    try:
        bucket.put(key, b"1")
        bucket.put(key, b"2")
        _destroy(bucket, key)
        left = sum(1 for one in bucket.versions(key) if one.key == key)
    except StorageError as error:
        yield Finding.warning(
            "removal",
            f"does not work, so disposal would not either: {error}",
        )
        return
    if left:
        yield Finding.warning(
            "removal",
            f"leaves {left} versions of an object that was deleted: disposal would not destroy.",
        )
    else:
        yield Finding.fine("removal", "leaves no version of an object: tried.")


def _trial_of_lock(bucket: Bucket, key: str) -> Iterator[Finding]:
    """Lock an object for a few seconds and try to delete it all the same."""
    until = bucket.clock() + timedelta(seconds=_LOCKED_SECONDS)
    try:
        locked = bucket.put(key, b"locked", locked_until=until)
    except StorageError as error:
        yield Finding.warning("locked evidence", f"cannot be written: {error}")
        return
    if bucket.passes_over_lock(key, locked):
        yield Finding.warning(
            "locked evidence",
            "can be deleted by the archive's own user: take s3:BypassGovernanceRetention from it.",
        )
    else:
        yield Finding.fine("locked evidence", "cannot be deleted by us: tried.")
    while bucket.clock() <= until:
        time.sleep(1)
    with suppress(StorageError):  # the trial of removal has said so
        _destroy(bucket, key)


def _hidden(bucket: Bucket, where: str) -> Iterator[Finding]:
    """Count what no listing shows of the table: the next compaction takes it away."""
    hidden = sum(1 for one in bucket.versions(f"{where}/table/") if not one.latest or one.marker)
    uploads = sum(1 for _ in bucket.uploads(f"{where}/"))
    if hidden or uploads:
        yield Finding.warning(
            "hidden bytes",
            f"{hidden} older versions or marks of deletion and {uploads} unfinished uploads lie in the "
            "archive: `muniment store compact` takes them away.",
        )
    else:
        yield Finding.fine("hidden bytes", "none lie in the archive's table.")


def _destroy(bucket: Bucket, key: str) -> None:
    found = [one for one in bucket.versions(key) if one.key == key]
    bucket.delete(sorted(found, key=lambda one: one.latest))
