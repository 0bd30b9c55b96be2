"""What goes into a package for the record office: records as neutral JSON, media, proofs, how to read them.

readme.txt          what this is, for a reader who has never heard of muniment
records.jsonl       one record a line: every version, every state, every file
schema.json         the JSON Schema of such a line
schedule.yml        the retention schedule under which it was offered
media/<sha-256>     pictures and videos, named by their checksum
proofs/<n>.json     the evidence of record n, in the order of records.jsonl
check_proof.py      checks a proof without muniment
"""

import hashlib
import inspect
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import muniment.check_proof
from muniment.ports import Archive
from muniment.services.kept import made_order
from schemas.arrow import RECORD_SERIES, RowKind
from schemas.counted import counted

__all__ = ["CHECK", "README", "SCHEMA", "Packed", "packed_records", "proof_name", "readme"]

README: Final = "readme.txt"
CHECK: Final = inspect.getsource(muniment.check_proof)
_VERSION: Final = (
    *("record_id", "native_id", "platform", "kind", "thread_id", "parent_id", "account", "series"),
    *("author_role", "author_id", "author_handle", "author_name", "title", "text", "language", "url"),
    *("created_at", "version_at", "captured_at", "version_id", "commit_no", "filed_at"),
)
_NOT_TOLD: Final = ("commit_no", "filed_at")
_OF_VERSION: Final = ("title", "text", "version_at", "captured_at", "version_id")
_STATE: Final = ("record_id", "at", "state", "look_shown", "commit_no")
_FILE: Final = ("record_id", "ref", "kind", "media_type", "sha256", "size_bytes", "why_not", "target")
_TEXT: Final = {"type": ["string", "null"]}

SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "One record of a council on social media",
    "type": "object",
    "required": ["record_id", "platform", "kind", "account", "versions", "states", "files", "proof"],
    "properties": {
        "record_id": {"type": "string", "description": "its name through its whole life"},
        "native_id": {"type": "string", "description": "the platform's own id"},
        "platform": {"type": "string"},
        "kind": {"enum": ["post", "page", "comment", "message", "profile", "unread"]},
        "account": {"type": "string", "description": "the council's account it was seen by"},
        "thread_id": {"type": "string"},
        "parent_id": _TEXT,
        "series": {"type": "string"},
        "author_role": {"enum": ["council", "public", "unknown"]},
        **dict.fromkeys(("author_id", "author_handle", "author_name", "language", "url"), _TEXT),
        "created_at": {"type": ["string", "null"], "format": "date-time", "description": "UTC"},
        "retention_class": _TEXT,
        "proof": {"type": "string", "description": "the file with its evidence"},
        "versions": {
            "type": "array",
            "description": "what it said, oldest first; the last is how it stood when it was last read",
            "items": {"type": "object", "required": [*_OF_VERSION]},
        },
        "states": {"type": "array", "description": "live, hidden, missing or gone at its platform"},
        "files": {
            "type": "array",
            "description": "its media; sha256 names a file under media/, why_not says why there is none",
        },
    },
}
"""The JSON Schema of a line of records.jsonl."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """One record as it goes into a package, and the media that it names."""

    record_id: str
    line: bytes
    media: tuple[bytes, ...]


def packed_records(
    archive: Archive, record_ids: Sequence[str], classes: Mapping[str, str]
) -> Iterator[Packed]:
    """Yield records in the order asked, from the archive alone."""
    versions = _rows(archive, RECORD_SERIES, _VERSION, record_ids)
    states = _rows(archive, [RowKind.OBSERVATION.value], _STATE, record_ids)
    files = _rows(archive, [RowKind.ATTACHMENT.value], _FILE, record_ids)
    for record_id in record_ids:
        found = sorted(versions.get(record_id, ()), key=made_order)
        if not found:
            continue
        newest = found[-1]
        said = {name: newest[name] for name in _VERSION if name not in (*_OF_VERSION, *_NOT_TOLD)}
        held = files.get(record_id, [])
        told = {
            **said,
            "retention_class": classes.get(record_id),
            "proof": proof_name(record_id),
            "versions": [{name: row[name] for name in _OF_VERSION} for row in found],
            "states": list(_changes(states.get(record_id, []))),
            "files": [{name: row[name] for name in _FILE if name != "record_id"} for row in held],
        }
        yield Packed(
            record_id=record_id,
            line=json.dumps(told, ensure_ascii=False, sort_keys=True, default=_plain).encode() + b"\n",
            media=tuple(sorted({row["sha256"] for row in held if row["sha256"] is not None})),
        )


def proof_name(record_id: str) -> str:
    """Return the file of a record's proof: ids of some platforms are addresses, which are no file names."""
    return f"proofs/{hashlib.sha256(record_id.encode()).hexdigest()}.json"


def _changes(rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    before: tuple[str, str] | None = None
    for row in sorted(rows, key=lambda row: (row["commit_no"], row["at"])):
        if before != (row["state"], row["look_shown"]):
            before = (row["state"], row["look_shown"])
            yield {"at": row["at"], "state": row["state"], "word": row["look_shown"]}


def _rows(
    archive: Archive, series: Sequence[str], columns: Sequence[str], record_ids: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for batch in archive.scan(series=series, columns=columns, record_ids=record_ids):
        for row in batch.to_pylist():
            found.setdefault(row["record_id"], []).append(row)
    return found


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def readme(*, council: str, transfer: str, records: int, schedule: str, made_on: str) -> str:
    """Return the words that lie beside the records."""
    return f"""Records of {council} on social media
Transfer {transfer}, made on {made_on}: {counted(records, "record")}

These are posts and other records that the council kept in its archive (muniment) and offers to the record
office under its retention schedule, version {schedule} (schedule.yml).

records.jsonl   One record a line, in JSON (UTF-8): who wrote it, where, when, each version of its text, what
                became of it at its platform, and its files. schema.json describes a line. Times are UTC.
media/          Pictures, videos and documents, each named by its SHA-256.
proofs/         The evidence of each record: what the platform's answer said, byte for byte, and the seal it
                lies under. Each line of records.jsonl names its own.
check_proof.py  Checks a proof: python check_proof.py proofs/(its name)

This folder is a BagIt package (RFC 8493): its manifests name every file with its checksum. Any BagIt tool
checks it, or: sha256sum -c manifest-sha256.txt

Exhibits hold what the platform sent, and so may name people; treat them as the records themselves.
"""
