"""The proof of one record: its exhibits, salts, paths to the sealed roots, the seals and the public key.

A stranger checks it with `muniment/check_proof.py`, which needs nothing of ours (data-model.md 7).
"""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from muniment.domain.evidence import Seal, attachment_exhibit, leaf, merkle_path, seal_body
from muniment.ports import Archive, Seals
from muniment.services.showing import not_held
from schemas.capture import Exhibit

__all__ = ["proof"]

_COLUMNS = ["record_id", "captured_at", "salt", "header", "parts", "commit_no"]


def proof(
    record_id: str,
    *,
    council: str,
    archive: Archive,
    seals: Seals,
    public_key: bytes,
    also_named: Iterable[str] = (),
) -> dict[str, Any]:
    """Return the proof as JSON values; what was kept of the record under its other names is part of it.

    Raises:
        BadInputError: The archive holds no such record.
    """
    chain = tuple(seals.seals())
    exhibits: list[dict[str, Any]] = []
    used: dict[int, Seal] = {}
    names = [record_id, *sorted(also_named)]
    for what, salt, exhibit, commit_no in _evidence(names, archive):
        seal = next((one for one in chain if one.first_commit <= commit_no <= one.last_commit), None)
        path: tuple[tuple[str, bytes], ...] = ()
        if seal is not None:
            used[seal.number] = seal
            path = merkle_path(_leaves(archive, seal), leaf(salt, exhibit))
        exhibits.append(
            {
                "what": what,
                "header": base64.b64encode(exhibit.header).decode(),
                "parts": [base64.b64encode(part).decode() for part in exhibit.parts],
                "salt": salt.hex(),
                "seal": None if seal is None else seal.number,
                "path": [[side, beside.hex()] for side, beside in path],
            }
        )
    if not exhibits:
        raise not_held(council, record_id)
    return {
        "format": "muniment proof 1",
        "council": council,
        "record_id": record_id,
        "also_named": names[1:],
        "public_key": public_key.hex(),
        "exhibits": exhibits,
        "seals": [
            {"body": seal_body(seal).decode(), "signature": seal.signature.hex()} for seal in used.values()
        ],
    }


def _evidence(names: Sequence[str], archive: Archive) -> Iterator[tuple[str, bytes, Exhibit, int]]:
    """Yield each exhibit once, with the commit it was captured in: read again, it is the same evidence."""
    found: list[tuple[int, str, bytes, Exhibit]] = []
    for name in names:
        for series, what in (("own", "version"), ("public", "version"), ("message", "version")):
            found += _exhibits(archive, name, series, what)
        found += _exhibits(archive, name, "unread", "version")
        found += _exhibits(archive, name, "observation", "observation")
    for batch in archive.scan(series=["attachment"], record_ids=names):
        for row in batch.to_pylist():
            found.append((row["commit_no"], f"attachment {row['ref']}", row["salt"], _attachment(row)))
    told: set[bytes] = set()
    for commit_no, what, salt, exhibit in sorted(found, key=lambda one: one[0]):
        if salt not in told:
            told.add(salt)
            yield what, salt, exhibit, commit_no


def _exhibits(
    archive: Archive, record_id: str, series: str, what: str
) -> Iterator[tuple[int, str, bytes, Exhibit]]:
    columns = [name for name in _COLUMNS if name != "captured_at" or series != "observation"]
    for batch in archive.scan(series=[series], columns=columns, record_ids=[record_id]):
        for row in batch.to_pylist():
            if row["header"] is not None:
                exhibit = Exhibit(record_id=record_id, header=row["header"], parts=tuple(row["parts"]))
                yield row["commit_no"], what, row["salt"], exhibit


def _attachment(row: Mapping[str, Any]) -> Exhibit:
    names = ("record_id", "version_id", "ref", "sha256", "why_not", "target", "fetched_at")
    return attachment_exhibit(**{name: row[name] for name in names})


def _leaves(archive: Archive, seal: Seal) -> list[bytes]:
    scan = archive.scan(
        series=["capture"], columns=["leaves"], after=seal.first_commit - 1, upto=seal.last_commit
    )
    return [one for batch in scan for leaves in batch.column("leaves").to_pylist() for one in leaves]
