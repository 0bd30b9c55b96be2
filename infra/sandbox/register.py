"""The sandbox council's file and credentials, written from what the conformance kit tells of its borough."""

import json
import os
import re
from pathlib import Path
from typing import Any, Final

import yaml

__all__ = ["COUNCIL", "SECRETS", "write_register"]

COUNCIL: Final = "caerwold"
_KINDS: Final = {"shared": "shared-service"}
SECRETS: Final = {
    "x": "bearer_token",
    "facebook": "page_token",
    "mastodon": "access_token",
    "wordpress": "application_password",
}
"""What each platform calls the value that the kit's token stands for; the others are read without one."""


def write_register(about: dict[str, Any], *, home: Path, councils: Path) -> Path:
    """Write `councils/caerwold.yml` and one credential file (0600) for each account that needs one.

    Args:
        about: What the kit serves at `/control/about`.
        home: MUNIMENT_HOME of the demonstration.
        councils: Where the council's file goes.
    """
    secrets = home / "secrets"
    for folder in (home, secrets):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    councils.mkdir(parents=True, exist_ok=True)
    short = about["clock"].removesuffix("clock") + "short"
    credentials: dict[str, Any] = {}
    accounts: list[dict[str, Any]] = []
    for told in about["accounts"]:
        account = _entry(told, short)
        name = SECRETS.get(told["platform"])
        if name is not None:
            _write_secret(secrets / f"{account['account']}.json", told, name)
            credentials[account["account"]] = {"file": f"{account['account']}.json"}
            account["credential"] = account["account"]
        accounts.append(account)
    council = {
        "council": COUNCIL,
        "name": about["council"],
        "sandbox": {"clock": about["clock"]},
        "credentials": credentials,
        "accounts": accounts,
    }
    path = councils / f"{COUNCIL}.yml"
    head = "# The sandbox council: fakes on this machine, by a clock of their own.\n"
    path.write_text(head + yaml.safe_dump(council, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def _entry(told: dict[str, Any], short: str) -> dict[str, Any]:
    kind = _KINDS.get(told["kind"], told["kind"])
    entry: dict[str, Any] = {
        "account": _slug(told["platform"], told["handle"]),
        "platform": told["platform"],
        "handle": told["handle"],
        "base_url": told["address"],
        "kind": kind,
        "owner": told["service"],
        "opened_on": told["opened_on"],
        "backfill_from": "2021-01-01",
        "options": {"short_links": short},
    }
    if told["platform"] == "bluesky":
        entry["handle"] = told["id"]  # a handle may change; the DID never does
    if told["platform"] == "x":
        entry["options"] |= {"x_search": "all"}
    if told["platform"] == "wordpress":
        entry["options"] |= {"username": "archivist"}
    if kind == "shared-service":
        entry |= {"owners": ["Caerwold Borough Council", told["partner"]], "lead": "Caerwold Borough Council"}
    if kind == "campaign":
        entry["campaign_from"] = told["opened_on"]
    return entry


def _slug(platform: str, handle: str) -> str:
    return f"{platform}-{re.sub(r'[^a-z0-9]+', '-', handle.lower()).strip('-')}"[:60]


def _write_secret(path: Path, told: dict[str, Any], name: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({name: told["token"]}, file)
