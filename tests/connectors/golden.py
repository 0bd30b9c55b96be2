"""Golden pairs: a scrubbed response, and the records, looks and versions that it must give, for ever.

`tests/examples/<platform>/NAME.response.json` and `NAME.records.json`. GOLDEN=1 rewrites the latter; the
difference is reviewed.
"""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from connectors.contract import Connector
from schemas.capture import Exhibit, Response
from schemas.digests import version
from schemas.errors import MalformedItemError

EXAMPLES = Path(__file__).parents[1] / "examples"


def names(platform: str) -> list[str]:
    """Return the names of a platform's pairs."""
    return sorted(
        path.name.removesuffix(".response.json") for path in (EXAMPLES / platform).glob("*.response.json")
    )


def save(response: Response, platform: str, name: str) -> None:
    """Write a response as an example; its body must be text."""
    told: dict[str, Any] = msgspec.to_builtins(response)
    told["body"] = response.body.decode()
    told["sent"] = response.sent.decode()
    told["context"] = [part.decode() for part in response.context]
    _write(EXAMPLES / platform / f"{name}.response.json", told)


def load(platform: str, name: str) -> Response:
    """Read an example. What it does not say has the value of an answer to a plain GET."""
    told = json.loads((EXAMPLES / platform / f"{name}.response.json").read_text())
    raw = {key: told.pop(key, "").encode() for key in ("body", "sent")}
    context = tuple(part.encode() for part in told.pop("context", ()))
    usual: dict[str, Any] = {
        "capture_id": "capture-1",
        "walk_id": "walk-1",
        "fetched_at": "2026-03-02T09:00:00Z",
        "server_date": None,
        "method": "GET",
        "status": 200,
        "headers": {},
        "connector_version": "1",
        "body": "",
        "sent": "",
    }
    response = msgspec.convert({**usual, **told}, Response)
    return replace(response, body=raw["body"], sent=raw["sent"], context=context)


def tell(connector: Connector, exhibit: Exhibit) -> dict[str, Any]:
    """Return what an exhibit says, as plain JSON."""
    try:
        reading = connector.read(exhibit)
    except MalformedItemError:
        return {"record_id": exhibit.record_id, "unread": True}
    newest = connector.digest_rules[max(connector.digest_rules)]
    digest = None if reading.record is None else version(newest, reading.shape, reading.items).hex()
    return {
        "record_id": exhibit.record_id,
        "record": msgspec.to_builtins(reading.record),
        "look": msgspec.to_builtins(reading.look),
        "shape": reading.shape,
        "version": digest,
        "leftover": list(reading.leftover),
    }


def check(connector: Connector, platform: str, name: str) -> list[dict[str, Any]]:
    """Compare a pair (or rewrite it, when GOLDEN is set) and return what the response says."""
    response = load(platform, name)
    found: list[dict[str, Any]] = json.loads(
        json.dumps([tell(connector, exhibit) for exhibit in connector.exhibits(response)])
    )
    path = EXAMPLES / platform / f"{name}.records.json"
    if os.environ.get("GOLDEN"):
        _write(path, found)
    assert found == json.loads(path.read_text()), f"{platform}/{name} reads otherwise than it did"
    return found


def _write(path: Path, told: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def spans(exhibit: Exhibit) -> list[list[tuple[int, int]]]:
    """Return the segments of the body that each part of an exhibit was put together from."""
    told = json.loads(exhibit.header)["spans"]
    return [[(start, end) for start, end in part] for part in told]
