"""What the settings of a bucket mean for an archive: pure, from what the server says of itself.

Two things are looked for: what would keep bytes that were disposed of, and what would let bytes go that
must stay. A rule that covers only part of the archive counts as one that covers it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from muniment.ports import Finding

__all__ = [
    "of_encryption",
    "of_lifecycle",
    "of_object_lock",
    "of_policy",
    "of_public_access",
    "of_replication",
]

Setting = Mapping[str, Any] | None
_MOST_DAYS: Final = 7


def of_object_lock(setting: Setting) -> Iterator[Finding]:
    """Judge Object Lock: evidence can be locked, and records are not."""
    told = (setting or {}).get("ObjectLockConfiguration", {})
    if told.get("ObjectLockEnabled") != "Enabled":
        yield Finding.warning(
            "Object Lock",
            "is off: seals and certificates can be deleted by whoever may delete. It is chosen when a "
            "bucket is made.",
        )
        return
    retention = (told.get("Rule") or {}).get("DefaultRetention")
    if retention:
        unit = "Days" if retention.get("Days") else "Years"
        period = f"{retention.get(unit)} {unit.lower()}, {str(retention.get('Mode', '')).lower()}"
        yield Finding.warning(
            "Object Lock",
            f"locks every new object ({period}): records that "
            "are disposed of meanwhile would stay. Take the default retention away.",
        )
    else:
        yield Finding.fine("Object Lock", "is on, and locks only what asks for it.")


def of_replication(setting: Setting, place: str) -> Iterator[Finding]:
    """Judge replication: a copy elsewhere is not deleted with its original."""
    rules = ((setting or {}).get("ReplicationConfiguration") or {}).get("Rules", ())
    copied = [rule for rule in _in_force(rules) if _touches(_prefix(rule), place)]
    if copied:
        yield Finding.warning(
            "replication",
            "copies records to another bucket, where a disposal does not reach: versions that are deleted "
            "here stay there. Exclude the archive, or name that bucket in the certificate.",
        )
    else:
        yield Finding.fine("replication", "is off for the archive.")


def of_lifecycle(setting: Setting, place: str) -> Iterator[Finding]:
    """Judge the rules by which the server itself deletes and moves."""
    rules = [rule for rule in _in_force((setting or {}).get("Rules", ())) if _touches(_prefix(rule), place)]
    if any(_aborts(rule, place) for rule in rules):
        yield Finding.fine("unfinished uploads", "are taken away by a lifecycle rule.")
    else:
        yield Finding.warning(
            "unfinished uploads",
            "are kept for ever: no lifecycle rule with AbortIncompleteMultipartUpload covers the archive "
            "(infra/s3/lifecycle.json).",
        )
    for name, meaning in (
        ("Expiration", "deletes objects by their age, without a schedule or an approval"),
        ("Transitions", "moves objects to where they may not be read at once"),
        ("NoncurrentVersionTransitions", "keeps older versions elsewhere"),
    ):
        if any(_acts(rule.get(name)) for rule in rules):
            yield Finding.warning(f"lifecycle: {name}", f"{meaning}. Take the rule away.")


def of_public_access(setting: Setting) -> Iterator[Finding]:
    """Judge whether the bucket can be opened to the public."""
    told = (setting or {}).get("PublicAccessBlockConfiguration", {})
    wanted = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    missing = [name for name in wanted if told.get(name) is not True]
    if missing:
        yield Finding.warning(
            "public access",
            f"is not blocked wholly: {', '.join(missing)} should be on.",
        )
    else:
        yield Finding.fine("public access", "is blocked.")


def of_encryption(setting: Setting) -> Iterator[Finding]:
    """Judge encryption at rest: deleting is not overwriting."""
    rules = ((setting or {}).get("ServerSideEncryptionConfiguration") or {}).get("Rules", ())
    if rules:
        yield Finding.fine("encryption", "is on by default.")
    else:
        yield Finding.warning(
            "encryption",
            "is not on by default: what is deleted may be read from a disk that is thrown away.",
        )


def of_policy(policy: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Judge the bucket's policy: who may delete, who may unlock, who may listen."""
    denied: set[str] = set()
    for statement in _listed((policy or {}).get("Statement", ())):
        if statement.get("Effect") != "Deny":
            continue
        actions = set(_listed(statement.get("Action", ())))
        secure = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
        if str(secure).lower() == "false":
            denied.add("clear")
        elif _is_of_persons(statement.get("Condition", {})):
            denied |= actions
    for action, meaning in (
        (
            "s3:DeleteObjectVersion",
            "forbids nobody to delete records: whoever in the account has rights to S3 may",
        ),
        ("s3:BypassGovernanceRetention", "lets locked seals be deleted by whoever may bypass the lock"),
        ("clear", "lets records travel unencrypted"),
    ):
        known = action in denied or "s3:*" in denied
        if not known:
            yield Finding.warning(
                "bucket policy",
                f"{meaning} (infra/s3/bucket-policy.json).",
            )
    if not denied.isdisjoint({"s3:DeleteObjectVersion", "s3:*"}):
        yield Finding.fine("bucket policy", "says who may delete.")


def _is_of_persons(condition: Mapping[str, Any]) -> bool:
    """Return whether a condition, if any, only says for whom: all but the archive's own user, say."""
    return all(set(test) <= {"aws:PrincipalArn"} for test in condition.values())


def _in_force(rules: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return (rule for rule in rules if rule.get("Status") == "Enabled")


def _prefix(rule: Mapping[str, Any]) -> str:
    filters = rule.get("Filter") or {}
    found = filters.get("Prefix", (filters.get("And") or {}).get("Prefix", rule.get("Prefix", "")))
    return str(found or "")


def _touches(prefix: str, place: str) -> bool:
    return place.startswith(prefix) or prefix.startswith(place)


def _aborts(rule: Mapping[str, Any], place: str) -> bool:
    filters = rule.get("Filter") or {}
    days = (rule.get("AbortIncompleteMultipartUpload") or {}).get("DaysAfterInitiation", _MOST_DAYS + 1)
    whole = place.startswith(_prefix(rule)) and not {"And", "Tag"} & filters.keys()
    return whole and int(days) <= _MOST_DAYS


def _acts(part: Any) -> bool:
    """Return whether a part of a rule does anything to objects: cleaning up marks of deletion does not."""
    return bool(part) and part != {"ExpiredObjectDeleteMarker": True}


def _listed(told: Any) -> list[Any]:
    return list(told) if isinstance(told, (list, tuple)) else [told]
