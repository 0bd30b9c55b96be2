"""The archive as neutral JSON Lines, in the format that the conformance kit scores (conformance/FORMAT.md).

One line for each record, with versions, states and media; one for each walk, each shortfall, and each time
in which we could not see. Content leaves the archive here: who asks for it is answerable for the file.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from muniment.ports import Archive, PastWalk, Register
from schemas.account import Account
from schemas.arrow import RECORD_SERIES
from schemas.report import Gap
from schemas.vocabulary import Kind, Outcome, Reason

__all__ = ["export_lines", "write_lines"]

_EXPORTED: Final = frozenset({Kind.POST.value, Kind.PAGE.value, Kind.COMMENT.value})
_ENDED: Final = "ended"
_LATER: Final = "retry-later"
_OUTCOMES: Final[Mapping[Reason, str]] = {
    Reason.NO_CREDENTIAL: "needs-authorisation",
    Reason.PERMISSION: "needs-permission",
    Reason.BUDGET: "budget-spent",
    Reason.CHALLENGED: "not-an-api-reply",
    Reason.UNREADABLE: "not-an-api-reply",
    Reason.SUSPENDED: "suspended",
    Reason.WRONG_ACCOUNT: "wrong-account",
    Reason.LOOPED: "looped",
}
"""Our reasons in the format's words; all others wait and are tried again."""
_VERSION: Final = [
    *("record_id", "native_id", "platform", "kind", "parent_id", "account", "title", "text", "captured_at"),
    *("version_at", "version_id", "commit_no"),
]


def write_lines(
    into: TextIO, *, council: str, archive: Archive, register: Register, hidden: frozenset[str]
) -> int:
    """Write every line; return how many records they tell of. `hidden` ones are left out."""
    items = 0
    for line in export_lines(council, archive=archive, register=register, hidden=hidden):
        items += line["line"] == "item"
        into.write(json.dumps(line, ensure_ascii=False) + "\n")
    return items


def export_lines(
    council: str, *, archive: Archive, register: Register, hidden: frozenset[str]
) -> Iterator[dict[str, Any]]:
    """Yield the lines as JSON values; of `hidden` records (being destroyed, restricted) none is told."""
    accounts = {one.account.account: one.account for one in register.ever_enrolled(council)}
    records = {name: rows for name, rows in _versions(archive).items() if name not in hidden}
    native_ids = {record_id: max(row["native_id"] for row in found) for record_id, found in records.items()}
    states = _states(archive)
    media = _media(archive)
    for record_id, found in records.items():
        last = found[-1]
        account = accounts.get(last["account"])
        common = {
            "line": "item",
            "platform": last["platform"],
            "account": last["account"] if account is None else account.handle,
        }
        if last["kind"] == Kind.UNREAD:
            yield {**common, "kind": "unread", "native_id": last["native_id"] or record_id, "versions": []}
        readable = [row for row in found if row["kind"] in _EXPORTED]
        if not readable:
            continue
        last = readable[-1]
        parent = last["parent_id"]
        yield {
            **common,
            "kind": last["kind"],
            "native_id": last["native_id"],
            "parent": None if parent is None else native_ids.get(parent, parent),
            "versions": [_version(row) for row in readable],
            "states": states.get(record_id, []),
            "media": sorted(media.get(record_id, ())),
        }
    gaps = register.gaps(council)
    yield from _walks(council, register, accounts, gaps)
    yield from _shortfalls(council, register, accounts, native_ids)
    yield from _gaps(accounts, gaps)


def _walks(
    council: str, register: Register, accounts: Mapping[str, Account], gaps: Sequence[Gap]
) -> Iterator[dict[str, Any]]:
    for walk in register.walk_history(council):
        account = accounts.get(walk.account)
        if account is not None:
            yield {
                "line": "walk",
                "platform": account.platform,
                "account": account.handle,
                "stream": walk.stream.value,
                "started_at": _iso(walk.started_at),
                "ended_at": _iso(walk.ended_at),
                "whole": walk.whole,
                "outcome": _ENDED if walk.outcome == Outcome.WHOLE else _outcome(walk, gaps),
                "covers_from": None if walk.covers_from is None else _iso(walk.covers_from),
                "covers_to": None if walk.covers_to is None else _iso(walk.covers_to),
                "threads": None if walk.threads is None else list(walk.threads),
            }


def _outcome(walk: PastWalk, gaps: Sequence[Gap]) -> str:
    """Return why a walk did not end: the reason of the newest gap of its stream that it left open."""
    left = [
        gap
        for gap in gaps
        if gap.account == walk.account
        and gap.stream is walk.stream
        and gap.listing is None
        and gap.starts_at <= walk.ended_at
        and (gap.ends_at is None or gap.ends_at >= walk.ended_at)
    ]
    if not left:
        return _LATER
    newest = max(left, key=lambda gap: gap.starts_at)
    return _OUTCOMES.get(newest.reason, _LATER)


def _gaps(accounts: Mapping[str, Account], gaps: Iterable[Gap]) -> Iterator[dict[str, Any]]:
    for gap in gaps:
        account = accounts.get(gap.account)
        if account is not None:
            yield {
                "line": "gap",
                "platform": account.platform,
                "account": account.handle,
                "stream": gap.stream.value,
                "opened_at": _iso(gap.starts_at),
                "closed_at": None if gap.ends_at is None else _iso(gap.ends_at),
                "reason": _OUTCOMES.get(gap.reason, _LATER),
            }


def _shortfalls(
    council: str, register: Register, accounts: Mapping[str, Account], native_ids: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    for line in register.ledger(council):
        account = accounts.get(line.account)
        if account is None:
            continue
        listing = line.listing.removeprefix("comments:")
        for reason, count in line.short.items():
            if count > 0:
                yield {
                    "line": "short",
                    "platform": account.platform,
                    "account": account.handle,
                    "listing": native_ids.get(listing, "posts"),
                    "reason": reason.value,
                    "count": count,
                }


def _versions(archive: Archive) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(archive, RECORD_SERIES, _VERSION):
        found.setdefault(row["record_id"], []).append(row)
    for rows in found.values():
        rows.sort(key=lambda row: (row["commit_no"], row["captured_at"]))
    return found


def _version(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": row["title"],
        "text": row["text"],
        "captured_at": _iso(row["captured_at"]),
        "version_at": None if row["version_at"] is None else _iso(row["version_at"]),
    }


def _states(archive: Archive) -> dict[str, list[dict[str, Any]]]:
    columns = ["record_id", "at", "state", "shown", "commit_no"]
    rows = sorted(_rows(archive, ["observation"], columns), key=lambda row: (row["commit_no"], row["at"]))
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        states = found.setdefault(row["record_id"], [])
        said = {"state": row["state"], "at": _iso(row["at"]), "word": row["shown"]}
        if not states or (states[-1]["state"], states[-1]["word"]) != (said["state"], said["word"]):
            states.append(said)
    return found


def _media(archive: Archive) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in _rows(archive, ["attachment"], ["record_id", "sha256"]):
        if row["sha256"] is not None:
            found.setdefault(row["record_id"], set()).add(row["sha256"].hex())
    return found


def _rows(archive: Archive, series: Iterable[str], columns: list[str]) -> Iterator[dict[str, Any]]:
    for batch in archive.scan(series=list(series), columns=columns):
        yield from batch.to_pylist()


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
