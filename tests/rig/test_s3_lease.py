"""The lease: one owner at a time by the server's word, taken over from the dead, never lost unseen."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from typing_extensions import override

from muniment.adapters.s3.bucket import Bucket, Stored
from muniment.adapters.s3.files import S3Files
from schemas.errors import StorageError, WriteConflictError
from tests.rig.s3_server import TERM_SECONDS, S3Bucket
from tests.waiting import until

pytestmark = pytest.mark.rig

LOCK = PurePosixPath("records/exampleborough/lock")


def test_two_owners_never_hold_it_at_once(s3_bucket: S3Bucket) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        files = s3_bucket.files()
        for _ in range(3):
            with files.lock(LOCK) as lock:
                assert not lock.abandoned
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.05)
                inside.pop()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert most == [1] * 9


def test_threads_that_share_the_files_take_turns(s3_bucket: S3Bucket) -> None:
    files = s3_bucket.files()
    done: list[int] = []

    def work(number: int) -> None:
        with files.lock(LOCK):
            done.append(number)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert sorted(done) == [0, 1, 2, 3]


def test_it_outlives_its_term_while_its_owner_lives(s3_bucket: S3Bucket) -> None:
    mine, other = s3_bucket.files(term=TERM_SECONDS), s3_bucket.files()
    taken = threading.Event()

    def wait() -> None:
        with other.lock(LOCK):
            taken.set()

    waiting = threading.Thread(target=wait)
    with mine.lock(LOCK):
        waiting.start()
        assert not taken.wait(TERM_SECONDS + 4)
        mine.check()
    waiting.join()
    assert taken.is_set()


def told(bucket: S3Bucket) -> dict[str, Any]:
    """Return what the lock's object says."""
    found: dict[str, Any] = json.loads(bucket.files().read(LOCK))
    return found


_HOLDING = """
import sys, time
from pathlib import PurePosixPath
from muniment.adapters.s3.bucket import Bucket
from muniment.adapters.s3.files import S3Files
endpoint, name, lock, term = sys.argv[1:]
with S3Files(Bucket(name, endpoint=endpoint), term=float(term)).lock(PurePosixPath(lock)) as held:
    held.mark()
    print("held", flush=True)
    time.sleep(120)
"""


def test_a_killed_owner_is_waited_for_until_its_term_ends_and_then_put_right(s3_bucket: S3Bucket) -> None:
    command = [
        sys.executable,
        "-c",
        _HOLDING,
        s3_bucket.endpoint,
        s3_bucket.name,
        str(LOCK),
        str(TERM_SECONDS),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "held\n"
        until(lambda: told(s3_bucket)["counter"] > 1)  # it has renewed
        os.kill(owner.pid, signal.SIGKILL)
    until_then = told(s3_bucket)["expires"]

    with s3_bucket.files().lock(LOCK) as lock:
        assert lock.abandoned
        assert s3_bucket.open().clock().timestamp() > until_then
    with s3_bucket.files().lock(LOCK) as lock:
        assert not lock.abandoned


def test_an_owner_that_failed_at_work_leaves_it_to_be_put_right_at_once(s3_bucket: S3Bucket) -> None:
    def fail() -> None:
        with s3_bucket.files(term=120).lock(LOCK) as lock:
            lock.mark()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    began = time.monotonic()

    with s3_bucket.files().lock(LOCK) as lock:
        assert lock.abandoned
    assert time.monotonic() - began < 60


def steal(bucket: S3Bucket) -> None:
    told = {"owner": "another", "counter": 99, "expires": time.time() + 60}
    bucket.open().put(str(LOCK), json.dumps(told).encode())


def test_an_owner_that_lost_it_is_told_before_it_does_anything(s3_bucket: S3Bucket) -> None:
    files = s3_bucket.files()
    kept = LOCK.with_name("kept")
    files.put(kept, b"1")
    with files.lock(LOCK):
        steal(s3_bucket)
        time.sleep(1.1)
        with pytest.raises(WriteConflictError):
            files.check()
        with pytest.raises(WriteConflictError):
            files.remove_all([kept])
        with pytest.raises(WriteConflictError):
            files.purge(LOCK.parent)
    assert files.read(kept) == b"1"
    assert json.loads(files.read(LOCK))["owner"] == "another"


def test_a_lock_that_somebody_deleted_can_be_taken_again(s3_bucket: S3Bucket) -> None:
    """This server refuses every "only new" over a mark of deletion."""
    with s3_bucket.files().lock(LOCK):
        pass
    bucket = s3_bucket.open()
    bucket.client.delete_object(Bucket=bucket.name, Key=str(LOCK))

    with s3_bucket.files().lock(LOCK) as lock:
        assert not lock.abandoned


def test_its_renewals_leave_no_versions_behind(s3_bucket: S3Bucket) -> None:
    for _ in range(4):
        with s3_bucket.files().lock(LOCK):
            pass
    assert len(list(s3_bucket.open().versions(str(LOCK)))) == 1


def test_an_object_that_is_no_lease_is_not_written_over(s3_bucket: S3Bucket) -> None:
    files = s3_bucket.files()
    files.put(LOCK, b"minutes of the council")
    with pytest.raises(StorageError, match="no lease"), files.lock(LOCK):
        pass
    assert files.read(LOCK) == b"minutes of the council"


class ForgetfulBucket(Bucket):
    """A server as some are: it writes, whatever the condition."""

    @override
    def put(self, *arguments: Any, **asked: Any) -> Stored:
        return super().put(*arguments, **{**asked, "only_new": False, "only_over": None})


def test_a_server_that_ignores_conditions_is_refused(s3_bucket: S3Bucket) -> None:
    forgetful = S3Files(ForgetfulBucket(s3_bucket.name, endpoint=s3_bucket.endpoint))
    with pytest.raises(StorageError, match="ignores the conditions"):
        forgetful.probe(LOCK.parent)
    assert list(s3_bucket.open().versions("")) == []


def test_a_server_that_keeps_them_is_taken_and_nothing_stays_of_the_trial(
    s3_bucket: S3Bucket, plain_bucket: S3Bucket
) -> None:
    for bucket in (s3_bucket, plain_bucket):
        bucket.files().probe(LOCK.parent)
        assert list(bucket.open().versions("")) == []


def test_many_try_a_server_at_the_same_moment(s3_bucket: S3Bucket) -> None:
    with ThreadPoolExecutor(8) as pool:
        trials = [pool.submit(s3_bucket.files().probe, LOCK.parent) for _ in range(24)]
    assert [one.result() for one in trials] == [None] * 24
    assert list(s3_bucket.open().versions("")) == []


def test_many_sweep_the_same_leavings_and_none_is_told_that_something_stayed(s3_bucket: S3Bucket) -> None:
    bucket = s3_bucket.open()
    for number in range(40):
        bucket.put(f"left/{number % 10}", str(number).encode())
    doomed = list(bucket.versions("left/"))
    with ThreadPoolExecutor(8) as pool:
        sweeps = [pool.submit(s3_bucket.open().delete, doomed) for _ in range(8)]
    assert [one.result() for one in sweeps] == [40] * 8
    assert list(bucket.versions("")) == []


def test_what_a_dead_writer_left_of_its_trial_goes_with_a_later_one(s3_bucket: S3Bucket) -> None:
    bucket = s3_bucket.open()
    bucket.put(f"{LOCK.parent}/.probe-dead", b"1")
    s3_bucket.files().probe(LOCK.parent)
    assert [one.key for one in bucket.versions("")] == [f"{LOCK.parent}/.probe-dead"]

    def swept() -> bool:
        """Whether it is old by the server's clock, which counts whole seconds and lags."""
        s3_bucket.files(term=0.05).probe(LOCK.parent)
        return not list(bucket.versions(""))

    until(swept)


class DeafBucket(Bucket):
    """A server whose answers to some PUTs are lost on the way, though it did as asked."""

    deaf = 0

    @override
    def put(self, *arguments: Any, **asked: Any) -> Stored:
        stored = super().put(*arguments, **asked)
        if self.deaf:
            self.deaf -= 1
            raise StorageError("The answer was lost.", remedy="Try again.")
        return stored


def test_a_renewal_whose_answer_was_lost_is_no_loss(s3_bucket: S3Bucket) -> None:
    bucket = DeafBucket(s3_bucket.name, endpoint=s3_bucket.endpoint)
    files = S3Files(bucket)
    with files.lock(LOCK):
        bucket.deaf = 1
        time.sleep(1.1)
        files.check()
        time.sleep(1.1)
        files.check()
        assert bucket.deaf == 0


def test_credentials_show_nowhere(s3_bucket: S3Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = os.environ["AWS_SECRET_ACCESS_KEY"]
    assert secret not in repr(s3_bucket.open().credentials())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", f"{secret}x")
    with pytest.raises(StorageError) as refused, ExitStack() as stack:
        stack.enter_context(s3_bucket.files().lock(LOCK))
    assert "SignatureDoesNotMatch" in str(refused.value)
    assert secret not in f"{refused.value!r} {refused.value.__cause__!r}"


def test_missing_credentials_and_a_missing_bucket_are_errors_a_person_can_act_on(
    s3_bucket: S3Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    absent = S3Files(Bucket("no-such-bucket-anywhere", endpoint=s3_bucket.endpoint))
    with pytest.raises(StorageError, match="NoSuchBucket") as missing:
        absent.put(LOCK, b"")
    assert "MUNIMENT_STORE" in (missing.value.remedy or "")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(StorageError, match="credentials"):
        s3_bucket.files().options()
