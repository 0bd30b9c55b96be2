"""Certificates of disposal: issued when every store has proved the absence, chained, signed, never altered.

A certificate names the backups and snapshots that still hold what was destroyed, with the day on which each
ends. When somebody has seen the last of them go, a second signed statement is added to it; the first stays
as it was.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.certificate import (
    NO_CERTIFICATE,
    Copy,
    Proof,
    certificate_body,
    certificate_digest,
    certificate_file,
    certificate_from,
)
from muniment.domain.disposal_events import CopiesEnded, DisposalCertified
from muniment.domain.disposal_run import Run
from muniment.domain.given_out import Holding, told_of
from muniment.domain.people import SYSTEM, Act, Actor, require
from muniment.ports import Register
from muniment.services.checking import check_reason
from schemas.clock import Clock
from schemas.digests import canonical
from schemas.errors import BadInputError, IntegrityError
from schemas.london import london_date

__all__ = ["Certifying"]


@dataclass(slots=True, kw_only=True)
class Certifying:
    """Issues the certificates of one council.

    `file` keeps a certificate beside the archive's evidence, under its number. `backups` says for how many
    days the council's backups are kept; None: nobody told. `reference` says what a certificate calls a
    person: it is kept for ever, so it names people by role and reference only (records-law.md 4.6); the
    audit and `muniment people list` tell who that is.
    """

    council: str
    register: Register
    clock: Clock
    sign: Callable[[bytes], bytes]
    public_key: bytes
    is_signed: Callable[[bytes, bytes, bytes], bool]
    file: Callable[[str, bytes], None]
    software: str
    reference: Callable[[str], str]
    backups_days: int | None = None

    def certify(
        self,
        run: str,
        proofs: Sequence[Proof],
        copies: Sequence[Copy],
        *,
        tries: int,
        given_out: Sequence[tuple[Holding, bool]] = (),
    ) -> bytes:
        """Issue a run's certificate and close the run; twice is once.

        Args:
            run: The run.
            proofs: What each store showed.
            copies: Copies that cannot be purged from here.
            tries: How often it was proved.
            given_out: What was given out with records of the run in it, and whether it lies here still.
        """
        now = self.clock.now()
        with self.register.begin(self.council, SYSTEM, now=now) as trail:
            found = self.register.disposal_run(self.council, run)
            raw = self.register.certificate(self.council, run)
            if raw is None:
                number = self.register.next_certificate(self.council)
                body = self._body(
                    found, number, proofs, (*self._backups(), *copies), tries=tries, given_out=given_out
                )
                raw = self._signed(body)
                self.register.close_run(self.council, run, raw, number=number, now=now)
                sha256 = certificate_digest(raw).hex()
                trail.record(DisposalCertified(run=run, certificate_no=number, sha256=sha256))
            else:
                number = found.certificate_no or 0
        self.file(f"{number:06d}", raw)
        self.register.forget(self.council, ())  # the log of the database, which close_run could not empty
        return raw

    def read(self, run: str) -> Mapping[str, Any]:
        """Return what a run's certificate says, its signature and its place in the chain checked.

        Raises:
            BadInputError: The run has none yet.
            IntegrityError: It is not the one that was signed.
        """
        raw = self.register.certificate(self.council, run)
        if raw is None:
            state = self.register.disposal_run(self.council, run).state
            raise BadInputError(
                f"The disposal run {run} has no certificate yet: it is {state}.",
                remedy="`muniment dispose status` says what it waits for.",
            )
        told: dict[str, Any] = {}
        for number, part in enumerate(_parts(raw)):
            try:
                body, signed, key, signature = certificate_from(part)
            except ValueError as error:
                raise _altered(run) from error
            if not self.is_signed(key, signature, signed):
                raise _altered(run)
            told = body if not number else {**told, "copies_ended": body}
        return told

    def signed_file(self, run: str) -> bytes:
        """Return a run's certificate as it was signed, with what was added to it later."""
        return self.register.certificate(self.council, run) or b""

    def file_again(self) -> None:
        """File every certificate beside the archive again: a restored one may lack the newest."""
        for one in self.register.disposal_runs(self.council):
            raw = self.register.certificate(self.council, one.run)
            if raw is None:
                continue
            for part, ending in zip(_parts(raw), ("", ".ended"), strict=False):
                self.file(f"{one.certificate_no:06d}{ending}", part)

    def end_copies(self, run: str, *, reason: str, actor: Actor) -> None:
        """Add to a certificate that the remaining copies which it names are gone.

        Raises:
            NotPermittedError: The person has no role in which that is said.
            BadInputError: The run has no certificate, or it was said already, or no reason is given.
        """
        require(actor, Act.END_COPIES)
        check_reason(reason)
        now = self.clock.now()
        with self.register.begin(self.council, actor, now=now) as trail:
            if "copies_ended" in self.read(run):
                raise BadInputError(f"The copies of {run} were said to be gone already.")
            found = self.register.disposal_run(self.council, run)
            raw = self.register.certificate(self.council, run) or b""
            number = found.certificate_no or 0
            added = self._signed(
                {
                    "format": "muniment disposal certificate 1, copies ended",
                    "certificate_sha256": certificate_digest(raw).hex(),
                    "ended_on": london_date(now).isoformat(),
                    "said_by": self._person(actor.name),
                    "reason": reason,
                }
            )
            whole = raw + b"\n" + added
            self.register.amend_certificate(self.council, run, whole)
            sha256 = certificate_digest(added).hex()
            trail.record(CopiesEnded(run=run, certificate_no=number, reason=reason, sha256=sha256))
        self.file(f"{number:06d}.ended", added)

    def _body(
        self,
        found: Run,
        number: int,
        proofs: Sequence[Proof],
        copies: Sequence[Copy],
        *,
        tries: int,
        given_out: Sequence[tuple[Holding, bool]],
    ) -> dict[str, Any]:
        said = self.register.decisions(self.council, found.run)
        approvals = self.register.run_approvals(self.council, found.run)
        return certificate_body(
            council=self.council,
            number=number,
            run=found.run,
            kind=found.kind,
            schedule=found.schedule,
            schedule_digest=found.schedule_digest,
            basis=found.basis,
            prepared_by=self._person(found.prepared_by),
            prepared_at=found.prepared_at,
            approved_by=[
                {"by": self._person(one.person), "role": one.role.value, "at": one.at.isoformat()}
                for one in approvals
            ],
            decisions=dict(Counter(one.decision.value for one in said)),
            holds_checked_at=found.intent_at or found.prepared_at,
            erased_at_commit=found.erased_commit or 0,
            certified_at=self.clock.now(),
            records=found.intent_count or 0,
            ids_digest=found.intent_digest or b"",
            key_id=found.key_id or "",
            items=self._items(found),
            dropped=found.dropped or {},
            counts=self.register.run_erasure(self.council, found.run),
            proofs=proofs,
            copies=copies,
            given_out=[told_of(one, by=self._person(one.given.by), lies=lies) for one, lies in given_out],
            tries=tries,
            software=self.software,
            previous=self._previous(number),
            sandbox_clock=self.clock.sandbox,
        )

    def _person(self, kept_as: str) -> str:
        """Return the reference of a person who is kept as a name, or as a name with a login in brackets."""
        if kept_as == SYSTEM.name:
            return kept_as
        known = {one.person for one in self.register.appointments(self.council)}
        name = kept_as.rpartition(" (")[0]
        return self.reference(name if kept_as not in known and name in known else kept_as)

    def _items(self, found: Run) -> list[dict[str, Any]]:
        """Return how many records there were by class, its action, account and year."""
        items = self.register.run_items(self.council, found.run)
        ids = self.register.intent_ids(self.council, found.run)
        gone = items.filter(pc.is_in(items["record_id"], ids))
        table = pa.table(
            {
                "class": gone["class"].cast(pa.string()),
                "action": gone["action"].cast(pa.string()),
                "account": gone["account"].cast(pa.string()),
                "year": pc.year(gone["filed_on"]),
            }
        )
        counted = table.group_by(["class", "action", "account", "year"]).aggregate([([], "count_all")])
        rows = [
            {
                "class": row["class"],
                "action": row["action"],
                "account": row["account"],
                "year": row["year"],
                "records": row["count_all"],
            }
            for row in counted.to_pylist()
        ]
        return sorted(rows, key=lambda row: (row["class"] or "", row["account"], row["year"]))

    def _backups(self) -> tuple[Copy, ...]:
        if self.backups_days is None:
            return (Copy(what="backups: their end is not told in the council's file"),)
        ends_on = london_date(self.clock.now()) + timedelta(days=self.backups_days)
        return (Copy(what="backups", ends_on=ends_on),)

    def _previous(self, number: int) -> bytes:
        before = [
            one for one in self.register.disposal_runs(self.council) if one.certificate_no == number - 1
        ]
        raw = self.register.certificate(self.council, before[0].run) if before else None
        return NO_CERTIFICATE if raw is None else certificate_digest(_parts(raw)[0])

    def _signed(self, body: Mapping[str, Any]) -> bytes:
        signature = self.sign(canonical(body))
        return certificate_file(body, public_key=self.public_key, signature=signature)


def _parts(raw: bytes) -> list[bytes]:
    """Return the certificate, and what was added to it."""
    first, _, rest = raw.partition(b"\n\n")
    return [first + b"\n", rest] if rest else [raw]


def _altered(run: str) -> IntegrityError:
    return IntegrityError(
        f"The certificate of the disposal run {run} is not the one that was signed.",
        remedy="Restore it from the certificates beside the archive's seals, then run `muniment verify`.",
    )
