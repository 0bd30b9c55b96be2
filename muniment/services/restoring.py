"""A restored archive is filtered through the stubs before anyone may read it (data-model.md 8).

    register: shut (presence ahead of the archive: every reader and writer refuses), stubs of a file taken
    -> ids that stand in the archive and among the stubs -> forgotten, erased in one numbered commit, sealed
    -> index built anew and looked through -> presence taken in anew: open

Killed anywhere it stays shut, and running it again does all of it: the stubs themselves say what is to go.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.certificate import certificate_file, certificate_from
from muniment.domain.disposal_events import RestoredFiltered, RestoredShut, StubsWritten
from muniment.domain.people import Act, Actor, require
from muniment.domain.stub_file import FORMAT, StubFile
from muniment.ports import Archive, PresenceView, Register, Seals, SearchIndex
from muniment.services.checking import check_reason
from muniment.services.index_upkeep import purge_index
from muniment.services.indexing import Classes, rebuild
from schemas.arrow import RECORD_SERIES, RowKind
from schemas.clock import Clock
from schemas.digests import canonical
from schemas.errors import BadInputError, IntegrityError

__all__ = ["Filtered", "Restored", "refuse_unfiltered"]

_NAMING: Final = (*RECORD_SERIES, RowKind.OBSERVATION.value, RowKind.ATTACHMENT.value)
"""Series whose rows name a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtered:
    """What filtering came to. `lost_commits`: the register knew that many more than the archive has."""

    run: str
    records: int
    stubs_taken: int
    lost_commits: int
    commit_no: int


def refuse_unfiltered(council: str, *, archive: Archive, register: PresenceView) -> None:
    """Refuse an archive that ends before what the register knows of.

    Raises:
        IntegrityError: It was restored from an older backup, or is being filtered.
    """
    known = register.watermark(council)  # first: a commit is in the archive before it is in the register
    if known and known > (ends := archive.commit_no()):
        raise IntegrityError(
            f"The register knows commit {known} of {council}, but the archive ends at {ends}: "
            "what was destroyed since may stand in it, so nobody reads it.",
            remedy="Restore the archive of the register's own backup, or run "
            "`muniment store filter-restored` (docs/operate/backup.md).",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The archive and register of one council, of which either may come from an older backup."""

    council: str
    archive: Archive
    register: Register
    seals: Seals
    index: SearchIndex
    clock: Clock
    sign: Callable[[bytes], bytes]
    public_key: bytes
    is_signed: Callable[[bytes, bytes, bytes], bool]
    classes: Classes | None = None

    def write_stubs(self, *, actor: Actor) -> tuple[bytes, int]:
        """Return the signed file of all stubs, and how many there are.

        Raises:
            NotPermittedError: The person has no role for it.
        """
        require(actor, Act.WRITE_STUBS)
        now = self.clock.now()
        told = self.register.stub_file(self.council, now=now)
        body = msgspec.to_builtins(told)
        signature = self.sign(canonical(body))
        raw = certificate_file(body, public_key=self.public_key, signature=signature)
        with self.register.begin(self.council, actor, now=now) as trail:
            trail.record(StubsWritten(stubs=len(told.stubs), sha256=hashlib.sha256(raw).hexdigest()))
        return raw, len(told.stubs)

    def read_stubs(self, raw: bytes) -> StubFile:
        """Read such a file.

        Raises:
            BadInputError: It is none, or another council's.
            IntegrityError: It is not as it was signed, or with another key than ours.
        """
        try:
            body, signed, key, signature = certificate_from(raw)
            told = msgspec.convert(body, StubFile)
        except (ValueError, msgspec.ValidationError) as error:
            raise BadInputError(
                "This is no file of stubs.", remedy="`muniment dispose stubs` writes one."
            ) from error
        if told.format != FORMAT or told.council != self.council:
            raise BadInputError(f"This is no file of stubs of {self.council}.")
        if key != self.public_key or not self.is_signed(key, signature, signed):
            raise IntegrityError(
                "The file of stubs is not signed with the seal key.",
                remedy="Restore the seal key of the secrets, or take another copy of the file.",
            )
        return told

    def filter(self, *, actor: Actor, reason: str, stubs: bytes | None = None) -> Filtered:
        """Let a person erase again what the stubs say was destroyed; then the archive may be read.

        Raises:
            NotPermittedError: The person has no role for it: in a register without people,
                `muniment people add` makes the first information manager.
            BadInputError: No reason, or no file of stubs.
            IntegrityError: A key of stubs is missing, or something is left: the archive stays shut.
            SearchUnavailableError: The search server is away: the archive stays shut.
        """
        require(actor, Act.FILTER_RESTORED)
        check_reason(reason)
        return self.erase_again(actor=actor, reason=reason, stubs=stubs)

    def erase_again(self, *, actor: Actor, reason: str, stubs: bytes | None = None) -> Filtered:
        """Erase again what was decided before, whoever has a hand in it: two people have approved it once.

        Raises:
            BadInputError: No file of stubs.
            IntegrityError: A key of stubs is missing, or something is left: the archive stays shut.
            SearchUnavailableError: The search server is away: the archive stays shut.
        """
        told = None if stubs is None else self.read_stubs(stubs)
        now = self.clock.now()
        before, ends = self.register.watermark(self.council), self.archive.commit_no()
        with self.register.begin(self.council, actor, now=now) as trail:
            taken = 0 if told is None else self.register.take_stubs(told)
            number = self.register.shut(self.council, archive_commit=ends)
            sha256 = None if stubs is None else hashlib.sha256(stubs).hexdigest()
            trail.record(
                RestoredShut(
                    reason=reason,
                    archive_commit=ends,
                    register_commit=before,
                    stubs_taken=taken,
                    sha256=sha256,
                )
            )
        run = f"restored-{number}"
        ids = self._destroyed_before()
        words: list[str] = ids.to_pylist()
        self.register.forget(self.council, words)
        erasure = self.archive.erase(run, ids, number=number)
        self._index_anew(words)
        left = self.archive.remains(ids)
        if left.rows or left.stray_files or left.unnamed_media:
            raise IntegrityError(
                "Something is left of records that were destroyed: the archive stays shut.",
                remedy="Run `muniment verify`, then `muniment store filter-restored` again.",
            )
        counts = {f"rows_{name}": rows for name, rows in erasure.rows.items()} | {"media": erasure.media}
        with self.register.begin(self.council, actor, now=now) as trail:
            trail.record(RestoredFiltered(run=run, records=len(ids), commit_no=number, counts=counts))
            observations = self.archive.scan(series=[RowKind.OBSERVATION.value], upto=number)
            self.register.reopen(self.council, number, observations, step_back=before > ends)
        self.seals.seal()
        return Filtered(
            run=run,
            records=len(ids),
            stubs_taken=taken,
            lost_commits=max(0, before - ends),
            commit_no=number,
        )

    def _destroyed_before(self) -> pa.Array:
        """Return the records of the archive that stubs know, but for those of open intents: runs go on."""
        found: set[str] = set()
        for batch in self.archive.scan(series=_NAMING, columns=["record_id"]):
            named = pc.unique(batch["record_id"].drop_null()).to_pylist()
            found |= self.register.disposed(self.council, named)
        for intent in self.register.intents(self.council):
            found -= set(intent.record_ids.to_pylist())
        return pa.array(sorted(found), pa.string())

    def _index_anew(self, words: list[str]) -> None:
        rebuild(self.archive, self.index, self.council, erased=self.register, classes=self.classes)
        if not words:
            return
        purged = purge_index(
            self.archive, self.index, self.council, words, erased=self.register, classes=self.classes
        )
        if not purged.proved:
            raise IntegrityError(
                "The search index still knows records that were destroyed: the archive stays shut.",
                remedy="Run `muniment store filter-restored` again.",
            )
