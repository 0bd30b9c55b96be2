"""What a bucket's settings mean: what would keep disposed bytes, or let kept ones go, is a warning."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from muniment.adapters.s3.settings import (
    of_encryption,
    of_lifecycle,
    of_object_lock,
    of_policy,
    of_public_access,
    of_replication,
)
from muniment.ports import Finding, Judgement

INFRA = Path(__file__).resolve().parents[3] / "infra" / "s3"
PLACE = "records/anytown"


def warned(found: Iterator[Finding]) -> list[str]:
    return [one.why for one in found if one.judgement is Judgement.WARNING]


def file(name: str) -> Any:
    return json.loads((INFRA / name).read_text(encoding="utf-8"))


def test_the_policies_and_rules_that_we_ship_give_no_warning() -> None:
    assert warned(of_policy(file("bucket-policy.json"))) == []
    assert warned(of_lifecycle(file("lifecycle.json"), PLACE)) == []


def test_the_archives_own_user_may_do_nothing_at_large_and_unlock_nothing() -> None:
    actions = [action for part in file("user-policy.json")["Statement"] for action in part["Action"]]
    assert not [
        action for action in actions if "*" in action or "Bypass" in action or "Policy" in action[6:9]
    ]
    assert not [action for action in actions if action.startswith("s3:Put") and "Bucket" in action]
    assert {part["Effect"] for part in file("user-policy.json")["Statement"]} == {"Allow"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda told: told["Statement"].pop(0), "forbids nobody"),
        (lambda told: told["Statement"].pop(1), "bypass"),
        (lambda told: told["Statement"].pop(3), "unencrypted"),
        (lambda told: told["Statement"][1].update(Effect="Allow"), "bypass"),
        (
            lambda told: told["Statement"][1].update(
                Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}
            ),
            "bypass",
        ),
    ],
)
def test_a_policy_that_lacks_one_of_its_parts_is_a_warning(change: Any, said: str) -> None:
    told = file("bucket-policy.json")
    change(told)
    assert [why for why in warned(of_policy(told)) if said in why]


def test_no_policy_at_all_is_three_warnings() -> None:
    assert len(warned(of_policy(None))) == 3


def locking(**rule: Any) -> dict[str, Any]:
    return {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", **rule}}


def test_a_lock_on_every_new_object_would_defeat_disposal() -> None:
    default = {"Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 7}}}
    assert "7 years, compliance" in warned(of_object_lock(locking(**default)))[0]
    assert warned(of_object_lock(locking())) == []
    assert warned(of_object_lock(locking(Rule={}))) == []


def test_no_object_lock_leaves_evidence_open() -> None:
    assert "whoever may delete" in warned(of_object_lock(None))[0]


def replicating(**rule: Any) -> dict[str, Any]:
    return {"ReplicationConfiguration": {"Rules": [{"Status": "Enabled", **rule}]}}


@pytest.mark.parametrize(
    ("setting", "count"),
    [
        (None, 0),
        (replicating(), 1),
        (replicating(Prefix=""), 1),
        (replicating(Filter={"Prefix": "records/"}), 1),
        (replicating(Filter={"And": {"Prefix": "records/anytown/objects", "Tags": []}}), 1),
        (replicating(Filter={"Prefix": "other/"}), 0),
        (replicating(Status="Disabled"), 0),
    ],
)
def test_a_copy_of_any_part_of_the_archive_is_a_warning(setting: Any, count: int) -> None:
    assert len(warned(of_replication(setting, PLACE))) == count


ABORT = {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}


def rules(*told: dict[str, Any]) -> dict[str, Any]:
    return {"Rules": [{"Status": "Enabled", "Filter": {"Prefix": ""}, **one} for one in told]}


@pytest.mark.parametrize(
    ("setting", "count"),
    [
        (rules(ABORT), 0),
        (rules({**ABORT, "Filter": {"Prefix": "records/"}}), 0),
        (None, 1),
        (rules({**ABORT, "Filter": {"Prefix": "records/anytown/table"}}), 1),
        (rules({**ABORT, "Filter": {"And": {"Prefix": "", "Tags": [{"Key": "a", "Value": "b"}]}}}), 1),
        (rules({**ABORT, "Status": "Disabled"}), 1),
        (rules({"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 30}}), 1),
        (rules(ABORT, {"Expiration": {"Days": 365}}), 1),
        (rules(ABORT, {"Expiration": {"ExpiredObjectDeleteMarker": True}}), 0),
        (rules(ABORT, {"Expiration": {"Days": 1}, "Filter": {"Prefix": "logs/"}}), 0),
        (rules(ABORT, {"Transitions": [{"Days": 30, "StorageClass": "GLACIER"}]}), 1),
        (rules(ABORT, {"NoncurrentVersionTransitions": [{"NoncurrentDays": 1}]}), 1),
        (rules(ABORT, {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}}), 0),
    ],
)
def test_rules_by_which_the_server_deletes_or_moves_by_itself_are_warnings(setting: Any, count: int) -> None:
    assert len(warned(of_lifecycle(setting, PLACE))) == count


def test_a_bucket_that_could_be_opened_to_all_is_a_warning() -> None:
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    whole = dict.fromkeys(names, True)
    assert warned(of_public_access({"PublicAccessBlockConfiguration": whole})) == []
    for name in names:
        partly = {"PublicAccessBlockConfiguration": {**whole, name: False}}
        assert name in warned(of_public_access(partly))[0]
    assert len(warned(of_public_access(None))) == 1


def test_a_bucket_without_encryption_is_a_warning() -> None:
    on: dict[str, Any] = {
        "ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": {}}]}
    }
    assert warned(of_encryption(on)) == []
    assert len(warned(of_encryption(None))) == 1
