"""Proofs of records: exhibits, salts, paths to the sealed roots, the seals and the public key.

A stranger checks one with `muniment/check_proof.py`, which needs nothing of ours (data-model.md 7).
"""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from muniment.domain.evidence import MerkleTree, Seal, leaf, seal_body, told_by_row
from muniment.ports import Archive, Seals
from muniment.services.showing import not_held
from schemas.arrow import RECORD_SERIES
from schemas.capture import Exhibit

__all__ = ["Proofs", "proof"]

_COLUMNS = ["record_id", "salt", "header", "parts", "commit_no"]


class _Evidence(NamedTuple):
    """One exhibit of a record, and the commit it was captured in."""

    commit_no: int
    what: str
    salt: bytes
    exhibit: Exhibit


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
    every = Proofs(council=council, archive=archive, seals=seals, public_key=public_key)
    return next(every.of({record_id: also_named}))


class Proofs:
    """The proofs of one archive's records; the chain, and the tree of each seal, is read once for all."""

    def __init__(self, *, council: str, archive: Archive, seals: Seals, public_key: bytes) -> None:
        """Read the chain of seals: what is sealed later has no path yet."""
        self._council = council
        self._archive = archive
        self._chain = tuple(seals.seals())
        self._public_key = public_key
        self._trees: dict[int, MerkleTree] = {}

    def of(self, records: Mapping[str, Iterable[str]]) -> Iterator[dict[str, Any]]:
        """Yield the proof of each record, as JSON values, in the order given; read in one go.

        Args:
            records: Of each record its other names: what was kept under them is part of its proof.

        Raises:
            BadInputError: The archive holds no such record.
        """
        names = {record_id: [record_id, *sorted(others)] for record_id, others in records.items()}
        found = _evidence(self._archive, sorted({one for known in names.values() for one in known}))
        for record_id, known in names.items():
            exhibits = _in_order([one for name in known for one in found.get(name, ())])
            if not exhibits:
                raise not_held(self._council, record_id)
            yield self._proof(known, exhibits)

    def _proof(self, names: Sequence[str], evidence: Sequence[_Evidence]) -> dict[str, Any]:
        exhibits: list[dict[str, Any]] = []
        used: dict[int, Seal] = {}
        for commit_no, what, salt, exhibit in evidence:
            seal = next(
                (one for one in self._chain if one.first_commit <= commit_no <= one.last_commit), None
            )
            path: tuple[tuple[str, bytes], ...] = ()
            if seal is not None:
                used[seal.number] = seal
                path = self._tree(seal).path(leaf(salt, exhibit))
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
        return {
            "format": "muniment proof 1",
            "council": self._council,
            "record_id": names[0],
            "also_named": names[1:],
            "public_key": self._public_key.hex(),
            "exhibits": exhibits,
            "seals": [
                {"body": seal_body(seal).decode(), "signature": seal.signature.hex()}
                for seal in used.values()
            ],
        }

    def _tree(self, seal: Seal) -> MerkleTree:
        if seal.number not in self._trees:
            self._trees[seal.number] = MerkleTree(_leaves(self._archive, seal))
        return self._trees[seal.number]


def _evidence(archive: Archive, names: Sequence[str]) -> dict[str, list[_Evidence]]:
    """Return what was kept under each name."""
    found: dict[str, list[_Evidence]] = {}
    for series in (*RECORD_SERIES, "observation"):
        what = "observation" if series == "observation" else "version"
        for batch in archive.scan(series=[series], columns=_COLUMNS, record_ids=names):
            for row in batch.to_pylist():
                if row["header"] is not None:
                    name, parts = row["record_id"], tuple(row["parts"])
                    exhibit = Exhibit(record_id=name, header=row["header"], parts=parts)
                    one = _Evidence(row["commit_no"], what, row["salt"], exhibit)
                    found.setdefault(name, []).append(one)
    for batch in archive.scan(series=["attachment"], record_ids=names):
        for row in batch.to_pylist():
            one = _Evidence(row["commit_no"], f"attachment {row['ref']}", row["salt"], told_by_row(row))
            found.setdefault(row["record_id"], []).append(one)
    return found


def _in_order(evidence: Iterable[_Evidence]) -> list[_Evidence]:
    """Return each exhibit once, with the commit it was captured in: read again, it is the same evidence."""
    once: dict[bytes, _Evidence] = {}
    for one in sorted(evidence, key=lambda one: one.commit_no):
        once.setdefault(one.salt, one)
    return list(once.values())


def _leaves(archive: Archive, seal: Seal) -> list[bytes]:
    scan = archive.scan(
        series=["capture"], columns=["leaves"], after=seal.first_commit - 1, upto=seal.last_commit
    )
    return [one for batch in scan for leaves in batch.column("leaves").to_pylist() for one in leaves]
