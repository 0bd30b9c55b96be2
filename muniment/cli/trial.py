"""`muniment archive URL`: a public account, tried at once under the council `trial`, without any key."""

import hashlib
import re
from pathlib import Path
from typing import Any

import yaml

from connectors.discover import Found, discover
from connectors.download import host_of
from muniment.bootstrap.opening import Muniment

__all__ = ["write_trial"]

_TRIAL = "trial"
_LONGEST_NAME = 60


def write_trial(url: str, muniment: Muniment) -> tuple[str, str]:
    """Find out what a URL is, add it to councils/trial.yml, and return council and account.

    Raises:
        BadInputError: It is no public account that can be read without a credential.
    """
    found = discover(url, muniment.client)
    path = muniment.settings.council_file(_TRIAL)
    told: dict[str, Any] = {"council": _TRIAL, "name": "Trial", "accounts": []}
    if path.is_file():
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    account = _name_of(found)
    others = [one for one in told["accounts"] if one["account"] != account]
    entry: dict[str, Any] = {"account": account, "platform": found.platform, "handle": found.handle}
    if found.base_url is not None:
        entry["base_url"] = found.base_url
    if found.options:
        entry["options"] = dict(found.options)
    told["accounts"] = [*others, entry]
    _write(path, told)
    return _TRIAL, account


def _name_of(found: Found) -> str:
    """Return the account's name in the file; with its server, where another may have an account so called."""
    server = host_of(found.base_url or "") if found.platform == "mastodon" else ""
    plain = re.sub(r"[^a-z0-9]+", "-", f"{found.handle} {server}".lower()).strip("-")
    name = f"{found.platform}-{plain}"
    if len(name) <= _LONGEST_NAME:
        return name
    # What was cut off must still tell two long addresses apart.
    return f"{name[: _LONGEST_NAME - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _write(path: Path, told: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = "# Written by `muniment archive URL`: public accounts, tried without a credential.\n"
    path.write_text(head + yaml.safe_dump(told, sort_keys=False, allow_unicode=True), encoding="utf-8")
