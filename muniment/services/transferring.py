"""Transfer to the record office: a package of what is to be offered, verified, and its receipt entered.

The package is a copy: nothing leaves the archive by it. Once the receipt is entered, the record's class says
whether it is kept here too or may be destroyed, which the next plan then proposes like any other disposal.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.check_proof import check as check_proof
from muniment.domain.columns import words_of
from muniment.domain.disposal import Fate, matching
from muniment.domain.given_out import GivenKind
from muniment.domain.people import SYSTEM, Act, Actor, may_see, require
from muniment.domain.retention import Schedule
from muniment.domain.retention_events import TransferMade, TransferReceived
from muniment.ports import AuditTrail, MediaStore, Seals
from muniment.ports.packages import OpenPackage, Packages
from muniment.ports.retention import Transfer
from muniment.services.checking import check_reason, one_of
from muniment.services.giving_out import GivingOut
from muniment.services.packaging import CHECK, SCHEMA, packed_records, proof_name, readme
from muniment.services.proving import Proofs
from muniment.services.retaining import Retaining
from schemas.counted import counted
from schemas.errors import BadInputError, IntegrityError

__all__ = ["Transferring"]

_AT_ONCE: Final = 500
_PIECE: Final = 1 << 20
_RECORDS: Final = "records.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferring:
    """Packages of one council, made and received by one person."""

    retaining: Retaining
    media: MediaStore
    seals: Seals
    public_key: bytes
    packages: Packages
    actor: Actor
    giving_out: GivingOut
    title: str

    def offered(self, retention_class: str | None = None) -> pa.Table:
        """Return what the schedule says is to be offered now, but for what is in a package already.

        What is restricted is offered by an archivist who may see it.
        """
        made = self.retaining.plan(may_see=may_see(self.actor))
        items = made.of(Fate.TRANSFER)
        if retention_class is not None:
            items = matching(items, "class", [retention_class])
        register, council = self.retaining.register, self.retaining.council
        waiting = [one.transfer for one in register.transfers(council) if one.receipt is None]
        taken = [record for one in waiting for record in register.transfer_records(council, one)]
        return items.filter(pc.invert(pc.is_in(items["record_id"], pa.array(taken, pa.string()))))

    def make(
        self,
        folder: Path,
        *,
        retention_class: str | None = None,
        progress: Callable[[int], None] = lambda _records: None,
    ) -> Transfer:
        """Write, verify and enter a package of all that is to be offered; killed, it goes on.

        Raises:
            NotPermittedError: Only an archivist makes packages.
            BadInputError: Nothing is to be offered, there is no such class, the folder is there, or another
                process packs into it.
            IntegrityError: The archive, or the package, is not what its evidence says.
        """
        if self.actor != SYSTEM:  # the yearly flow packs too: a copy is no decision
            require(self.actor, Act.MAKE_TRANSFER)
        schedule = self.retaining.schedule()
        if retention_class is not None:
            known = "`muniment schedule show` lists the classes."
            one_of(retention_class, tuple(schedule.classes), "class", known)
        items = self.offered(retention_class)
        if not items.num_rows:
            raise BadInputError(
                "Nothing is to be offered to the record office.",
                remedy="`muniment schedule forecast` shows when something will be.",
            )
        transfer = self._name()
        self.seals.seal()  # so that every proof reaches a seal
        ids = sorted(items["record_id"].to_pylist())
        classes = dict(zip(items["record_id"].to_pylist(), words_of(items, "class").to_pylist(), strict=True))
        with self.packages.open(folder) as package:
            package.write(_RECORDS, self._lines(package, ids, classes, progress))
            self._describe(package, transfer, len(ids), schedule)
            digest = package.finish(self._information(transfer, len(ids)))
        self._check(folder, len(ids))
        return self._enter(transfer, schedule, ids, digest, folder)

    def folder(self, beneath: Path) -> Path:
        """Return where a flow packs: what an earlier run left unfinished, else a folder of today's name."""
        left = sorted(beneath.glob("*.partial")) if beneath.is_dir() else []
        return left[0].with_suffix("") if left else beneath / self._name()

    def verify(self, folder: Path) -> int:
        """Check every file and every proof of a package; return how many records it holds.

        Raises:
            BadInputError: The folder is no package.
            IntegrityError: Something in it was altered.
        """
        self.packages.verify(folder)
        return self._check(folder, None)

    def receive(self, transfer: str, *, receipt: str) -> None:
        """Enter the record office's receipt: its accession number, or its words.

        Raises:
            NotPermittedError: Only an archivist enters receipts.
            BadInputError: There is no such package that waits, or the receipt says nothing.
        """
        require(self.actor, Act.RECEIVE_TRANSFER)
        check_reason(receipt)
        council, now = self.retaining.council, self.retaining.clock.now()
        with self._begin() as trail:
            self.retaining.register.receive_transfer(
                council, transfer, receipt=receipt, by=self.actor.name, at=now
            )
            trail.record(TransferReceived(transfer=transfer, receipt=receipt))

    def _begin(self) -> AbstractContextManager[AuditTrail]:
        of = self.retaining
        return of.register.begin(of.council, self.actor, now=of.clock.now())

    def _name(self) -> str:
        of = self.retaining
        known = {one.transfer for one in of.register.transfers(of.council)}
        number = 1
        while f"{of.today().isoformat()}-{number}" in known:
            number += 1
        return f"{of.today().isoformat()}-{number}"

    def _lines(
        self,
        package: OpenPackage,
        ids: Sequence[str],
        classes: dict[str, str],
        progress: Callable[[int], None],
    ) -> Iterator[bytes]:
        """Yield the records as lines, and write each one's media and proof on the way."""
        of = self.retaining
        proofs = Proofs(council=of.council, archive=of.archive, seals=self.seals, public_key=self.public_key)
        number = 0
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            lacking = {
                one: of.register.aliases_of(of.council, [one])
                for one in some
                if not package.has(proof_name(one))
            }
            for told in proofs.of(lacking):
                proved = json.dumps(told, indent=1, sort_keys=True).encode()
                package.write(proof_name(told["record_id"]), [proved])
            for packed in packed_records(of.archive, some, classes):
                number += 1
                for sha256 in packed.media:
                    if not package.has(f"media/{sha256.hex()}"):
                        package.write(f"media/{sha256.hex()}", _pieces(self.media.open(sha256)))
                yield packed.line
                progress(number)

    def _describe(self, package: OpenPackage, transfer: str, records: int, schedule: Schedule) -> None:
        text = readme(
            council=self.title,
            transfer=transfer,
            records=records,
            schedule=schedule.version,
            made_on=f"{self.retaining.today():%-d %B %Y}",
        )
        of = self.retaining
        adopted = next(one for one in of.register.schedules(of.council) if one.version == schedule.version)
        package.write("readme.txt", [text.encode()])
        package.write("schema.json", [json.dumps(SCHEMA, indent=2).encode()])
        package.write("schedule.yml", [adopted.text.encode()])
        package.write("check_proof.py", [CHECK.encode()])

    def _information(self, transfer: str, records: int) -> dict[str, str]:
        return {
            "Source-Organization": self.title,
            "External-Identifier": transfer,
            "External-Description": f"{counted(records, 'record')} of {self.title} on social media",
            "Bagging-Date": self.retaining.today().isoformat(),
        }

    def _check(self, folder: Path, expected: int | None) -> int:
        """Read the package back: as many records, every file that they name, every proof sound."""
        faults: list[str] = []
        records = 0
        with self.packages.read(folder, _RECORDS) as lines:
            for records, line in enumerate(lines, 1):
                said = json.loads(line)
                for file in said["files"]:
                    if file["sha256"] is not None:
                        self.packages.read(folder, f"media/{file['sha256']}").close()
                with self.packages.read(folder, said["proof"]) as source:
                    proved = json.load(source)
                faults += check_proof(proved)
                if proved["record_id"] != said["record_id"]:
                    faults.append(f"line {records} names another record's proof")
        if faults or expected not in (None, records):
            why = faults[0] if faults else f"it holds {counted(records, 'record')}, not {expected:,}"
            raise IntegrityError(
                f"The package {folder.name} does not prove: {why}.",
                remedy="Run `muniment verify`; then make the package anew.",
            )
        return records

    def _refuse_taken(self, transfer: str, ids: Sequence[str], folder: Path) -> None:
        """Refuse to enter a package whose name or records another one has, made while this one was."""
        register, council = self.retaining.register, self.retaining.council
        waiting = [one.transfer for one in register.transfers(council) if one.receipt is None]
        taken = {record for one in waiting for record in register.transfer_records(council, one)}
        if transfer in waiting or not taken.isdisjoint(ids):
            raise BadInputError(
                "Another package of these records was made while this one was.",
                remedy=f"Remove {folder.name}: `muniment transfer list` names the other one.",
            )

    def _enter(
        self, transfer: str, schedule: Schedule, ids: Sequence[str], digest: bytes, folder: Path
    ) -> Transfer:
        of = self.retaining
        made = Transfer(
            transfer=transfer,
            schedule=schedule.version,
            records=len(ids),
            manifest_digest=digest,
            by=self.actor.name,
            at=of.clock.now(),
        )
        with self._begin() as trail:
            self._refuse_taken(transfer, ids, folder)
            of.register.add_transfer(of.council, made, ids)
            self.giving_out.enter(GivenKind.TRANSFER, ids, actor=self.actor, path=folder, reference=transfer)
            trail.record(
                TransferMade(
                    transfer=transfer,
                    schedule=schedule.version,
                    records=len(ids),
                    manifest_sha256=digest.hex(),
                )
            )
        return made


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    with source:
        while piece := source.read(_PIECE):
            yield piece
