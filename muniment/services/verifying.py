"""Verification: everything that is held against its evidence; the first broken thing is named.

Files and seals first (ports.Seals), then the audit chain against the heads that the seals name, then what
lies in the files: every exhibit's leaf against the capture it came with, every media file against its name
and its row. Last the register, which knows of each record that was seen, and whose ledger adds up. What is
newer than the last seal is "not yet sealed", not faulty. The search index is a view, counted by
`index_upkeep.reconcile_current`.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow.compute as pc

from muniment.domain.audit import Entry, chain_faults
from muniment.domain.evidence import ATTACHMENT_TELLS, leaf, told_by_row
from muniment.ports import Archive, Fault, MediaStore, PresenceView, Seals
from muniment.ports.audit import AuditChain
from muniment.ports.coverage import Coverage
from muniment.ports.media import object_path
from schemas.capture import Exhibit
from schemas.errors import IntegrityError

__all__ = ["Verdict", "verify"]

_PIECE: Final = 1 << 20
_WITH_EXHIBIT: Final = ["own", "public", "message", "unread", "observation"]
_EVIDENCE: Final = ["record_id", "capture_id", "salt", "header", "parts", "commit_no"]
_FETCHED: Final = ["capture_id", "salt", "commit_no", *ATTACHMENT_TELLS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a verification found."""

    faults: tuple[Fault, ...]
    seals: int
    stamps_pending: int
    exhibits: int
    media_files: int
    audit_entries: int
    commit_no: int
    sealed_upto: int

    @property
    def not_yet_sealed(self) -> int:
        """How many commits are newer than the last seal."""
        return self.commit_no - self.sealed_upto


def verify(
    council: str,
    *,
    archive: Archive,
    seals: Seals,
    media: MediaStore,
    presence: PresenceView,
    coverage: Coverage,
    audit: AuditChain,
    most_faults: int = 20,
    progress: Callable[[str], None] = lambda _what: None,
) -> Verdict:
    """Check everything; stop after `most_faults`."""
    faults: list[Fault] = []
    counts = {"exhibits": 0, "media": 0, "audit": 0}
    try:
        for fault in _faults(
            council,
            archive=archive,
            seals=seals,
            media=media,
            presence=presence,
            coverage=coverage,
            audit=audit,
            counts=counts,
            progress=progress,
        ):
            faults.append(fault)
            if len(faults) >= most_faults:
                break
    except (IntegrityError, OSError, ValueError) as error:
        # A file so broken that it cannot be read is a finding, and it ends the search.
        if not faults:
            faults.append(Fault(what=council, why=f"cannot be read to its end: {type(error).__name__}"))
    try:
        chain = list(seals.seals())
    except IntegrityError:
        chain = []
    return Verdict(
        faults=tuple(faults),
        seals=len(chain),
        stamps_pending=seals.pending(),
        exhibits=counts["exhibits"],
        media_files=counts["media"],
        audit_entries=counts["audit"],
        commit_no=0 if faults else archive.commit_no(),
        sealed_upto=0 if faults else chain[-1].last_commit if chain else 0,
    )


def _faults(
    council: str,
    *,
    archive: Archive,
    seals: Seals,
    media: MediaStore,
    presence: PresenceView,
    coverage: Coverage,
    audit: AuditChain,
    counts: dict[str, int],
    progress: Callable[[str], None],
) -> Iterator[Fault]:
    progress("files and seals")
    broken = False
    for fault in seals.faults():
        broken = True
        yield fault
    if broken:
        return  # what lies in a broken file proves nothing more
    progress("the audit chain")
    yield from _audit_faults(council, audit, seals, counts)
    progress("exhibits")
    yield from _leaf_faults(archive, counts)
    progress("media")
    yield from _media_faults(archive, media, counts)
    progress("the register")
    yield from _register_faults(council, archive, presence, coverage)


def _audit_faults(council: str, audit: AuditChain, seals: Seals, counts: dict[str, int]) -> Iterator[Fault]:
    for number, why in chain_faults(council, _counted(audit.audit_entries(council), counts)):
        yield Fault(what=f"audit entry {number}", why=why)
    for seal in seals.seals():
        if not audit.knows_audit_head(council, seal.audit_head):
            yield Fault(
                what="register",
                why=f"is older than seal {seal.number}: audit entries that it covers are missing",
            )
            return


def _counted(entries: Iterator[Entry], counts: dict[str, int]) -> Iterator[Entry]:
    for entry in entries:
        counts["audit"] += 1
        yield entry


def _leaf_faults(archive: Archive, counts: dict[str, int]) -> Iterator[Fault]:
    leaves: dict[str, set[bytes]] = {}
    for batch in archive.scan(series=["capture"], columns=["capture_id", "leaves"]):
        for capture_id, kept in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            leaves.setdefault(capture_id, set()).update(kept)
    for batch in archive.scan(series=_WITH_EXHIBIT, columns=_EVIDENCE):
        for row in batch.to_pylist():
            if row["header"] is None:
                continue
            counts["exhibits"] += 1
            exhibit = Exhibit(record_id=row["record_id"], header=row["header"], parts=tuple(row["parts"]))
            if leaf(row["salt"], exhibit) not in leaves.get(row["capture_id"], ()):
                yield Fault(
                    what=f"record {row['record_id']} (commit {row['commit_no']})",
                    why="its exhibit is not the one that was captured",
                )
    for batch in archive.scan(series=["attachment"], columns=_FETCHED):
        for row in batch.to_pylist():
            if leaf(row["salt"], told_by_row(row)) not in leaves.get(row["capture_id"], ()):
                yield Fault(
                    what=f"attachment of record {row['record_id']} (commit {row['commit_no']})",
                    why="is not what was captured",
                )


def _register_faults(
    council: str, archive: Archive, presence: PresenceView, coverage: Coverage
) -> Iterator[Fault]:
    if presence.watermark(council) > archive.commit_no():
        yield Fault(what="register", why="knows of commits that the archive does not have")
    for batch in archive.scan(series=["observation"], columns=["record_id", "commit_no"]):
        ids = pc.unique(batch.filter(pc.field("commit_no") <= presence.watermark(council))["record_id"])
        known = presence.known(council, ids.to_pylist())
        for record_id in ids.to_pylist():
            if record_id not in known:
                yield Fault(
                    what=f"record {record_id}", why="was seen, and the register's presence has lost it"
                )
    for line in coverage.ledger(council):
        if line.reported is not None and line.reported != line.captured + sum(line.short.values()):
            yield Fault(what=f"ledger of {line.account}, {line.stream}", why="does not add up")


def _media_faults(archive: Archive, media: MediaStore, counts: dict[str, int]) -> Iterator[Fault]:
    wanted: dict[bytes, str] = {}
    for batch in archive.scan(series=["attachment"], columns=["record_id", "sha256"]):
        rows: list[Mapping[str, object]] = batch.to_pylist()
        for row in rows:
            if isinstance(row["sha256"], bytes):
                wanted[row["sha256"]] = str(row["record_id"])
    for sha256, _ in media.names():
        counts["media"] += 1
        wanted.pop(sha256, None)
        digest = hashlib.sha256()
        try:
            with media.open(sha256) as file:
                while piece := file.read(_PIECE):
                    digest.update(piece)
        except OSError:
            yield Fault(what=str(object_path(sha256)), why="cannot be read whole")
            continue
        if digest.digest() != sha256:
            yield Fault(what=str(object_path(sha256)), why="its bytes are not those that were captured")
    for sha256, record_id in wanted.items():
        yield Fault(what=str(object_path(sha256)), why=f"belongs to record {record_id}, but is not there")
