"""`muniment store check` on a real server: what it does not tell is said, and what can be tried is tried."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from muniment.ports import Finding, Judgement
from tests.flows.council import small_council
from tests.muniment.adapters.delta.council import Said, batch_of
from tests.muniment.adapters.delta.test_erasing import erase, settle
from tests.rig.s3_server import PLACE, S3Bucket, s3_town

pytestmark = pytest.mark.rig

CHECKOUT = Path(__file__).resolve().parents[2]
INFRA = CHECKOUT / "infra" / "s3"
Serving = Callable[..., None]


@pytest.fixture
def as_the_archives_user(
    s3_bucket: S3Bucket, rig_env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> Serving:
    """Go on as a user with the rights of infra/s3/user-policy.json, less some."""

    def go_on(*without: str) -> None:
        user = rig_env["RIG_S3_USER_ACCESS_KEY"]
        text = (INFRA / "user-policy.json").read_text(encoding="utf-8")
        told: dict[str, Any] = json.loads(text.replace("BUCKET", s3_bucket.name).replace("PREFIX", "records"))
        for part in told["Statement"]:
            part["Principal"] = {"AWS": [user]}
            part["Action"] = [action for action in part["Action"] if action not in without]
        s3_bucket.open().client.put_bucket_policy(Bucket=s3_bucket.name, Policy=json.dumps(told))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", user)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", rig_env["RIG_S3_USER_SECRET_KEY"])

    return go_on


def findings(bucket: S3Bucket) -> dict[str, Finding]:
    return {one.what: one for one in bucket.files().findings(PLACE)}


def test_what_the_server_does_not_tell_is_said_to_be_unknown(s3_bucket: S3Bucket) -> None:
    found = findings(s3_bucket)
    for what in ("replication", "lifecycle rules", "public access", "encryption"):
        assert found[what].judgement is Judgement.UNKNOWN
        assert "could not be read (NotImplemented)" in found[what].why


def test_nothing_stays_of_its_trials(s3_bucket: S3Bucket, plain_bucket: S3Bucket) -> None:
    for bucket in (s3_bucket, plain_bucket):
        assert findings(bucket)["removal"].judgement is Judgement.FINE
        assert list(bucket.open().versions("")) == []


def test_a_user_who_may_pass_over_locks_is_a_warning(s3_bucket: S3Bucket) -> None:
    """The server's own administrator may."""
    assert findings(s3_bucket)["locked evidence"].judgement is Judgement.WARNING


def test_with_the_rights_that_we_ship_the_archive_does_all_its_work_and_unlocks_nothing(
    s3_bucket: S3Bucket, tmp_path: Path, as_the_archives_user: Serving
) -> None:
    as_the_archives_user()
    borough = s3_town(s3_bucket, tmp_path)
    settle(borough)
    assert erase(borough, 2).records == 1
    for number in range(10, 15):
        borough.archive.keep(batch_of(Said(number=number)))
    assert borough.archive.compact() > 0
    borough.archive.maintain()
    found = findings(s3_bucket)
    for what in ("conditions", "versions", "removal", "Object Lock", "locked evidence", "hidden bytes"):
        assert found[what].judgement is Judgement.FINE, found[what]


def test_without_the_right_to_delete_versions_disposal_would_not_work_and_that_is_said(
    s3_bucket: S3Bucket, as_the_archives_user: Serving
) -> None:
    as_the_archives_user("s3:DeleteObjectVersion")
    found = findings(s3_bucket)["removal"]
    assert found.judgement is Judgement.WARNING
    assert "AccessDenied" in found.why


def test_a_lock_on_every_new_object_is_a_warning(s3_bucket: S3Bucket) -> None:
    s3_bucket.open().client.put_object_lock_configuration(
        Bucket=s3_bucket.name,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
        },
    )
    found = findings(s3_bucket)
    assert "1 days, governance" in found["Object Lock"].why
    assert found["removal"].judgement is Judgement.WARNING


def test_the_command_ends_with_a_code_of_its_own_when_it_warns(s3_bucket: S3Bucket, tmp_path: Path) -> None:
    with small_council(tmp_path) as stage:
        for settings, code in ((s3_bucket.settings(), 6), ({}, 0)):
            done = subprocess.run(
                [sys.executable, "-m", "muniment", "store", "check"],
                env={**stage.environment(), **settings},
                cwd=CHECKOUT,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == code, done.stdout + done.stderr
            assert ("WARNING" in done.stdout) == bool(code)


def test_hidden_bytes_are_counted_and_the_next_compaction_takes_them_away(
    s3_bucket: S3Bucket, tmp_path: Path
) -> None:
    borough = s3_town(s3_bucket, tmp_path)
    for number in range(6):
        borough.archive.keep(batch_of(Said(number=number)))
    client, key = s3_bucket.open().client, str(PLACE / "table" / "series=public" / "by-hand")
    client.put_object(Bucket=s3_bucket.name, Key=key, Body=b"by hand")
    client.delete_object(Bucket=s3_bucket.name, Key=key)
    client.create_multipart_upload(Bucket=s3_bucket.name, Key=key)
    found = findings(s3_bucket)["hidden bytes"]
    assert found.judgement is Judgement.WARNING
    assert "2 older versions or marks of deletion and 1 unfinished" in found.why

    borough.archive.compact()

    assert findings(s3_bucket)["hidden bytes"].judgement is Judgement.FINE
