"""The archive that the proof of disposal destroys from, with register, indexes, media and seals beside it."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import pyarrow as pa
from typing_extensions import override

from bench.clock import RealTime
from bench.comments import COUNCIL, items
from bench.disposal_office import OFFICER, Office
from bench.disposal_site import Site
from muniment.adapters.delta.archive import DeltaArchive
from muniment.adapters.seal_chain import SealChain
from muniment.adapters.seal_key import SealKey
from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.storage import Files
from muniment.adapters.stub_keys import StubKeys
from muniment.domain.holds import HoldKind, latest_review
from muniment.domain.stub import StubKey
from muniment.ports import Erasure, Filing, MediaStore, NewHold, SearchIndex
from muniment.services.indexing import catch_up, rebuild
from schemas.capture import Attachment
from schemas.london import london_date

__all__ = ["Erased", "Town", "id_of", "number_of"]

_BACKFILL: Final = 20_000
_FIRST: Final = 100_000_000_000_000
_SHARED: Final = b"a poster that two residents put up"


def id_of(number: int) -> str:
    """Return the id of a numbered record of `bench.comments.items`."""
    return f"facebook:{_FIRST + number}"


def number_of(record_id: str) -> int:
    """Return its number again."""
    return int(record_id.removeprefix("facebook:")) - _FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How long an erasure took: to read again what it rests on and write the intent, and to rewrite."""

    decided_seconds: float
    seconds: float
    cpu_seconds: float


class TimedArchive(DeltaArchive):
    """An archive whose erasures are timed. `erased` None: nothing was erased yet."""

    erased: Erased | None = None
    then: Callable[[], None] = staticmethod(lambda: None)
    """Called after an erasure, its lock being free again."""

    @override
    def erase(
        self, run: str, record_ids: pa.Array | Callable[[], pa.Array], *, number: int | None = None
    ) -> Erasure:
        decided = decided_cpu = 0.0

        def decide() -> pa.Array:
            nonlocal decided, decided_cpu
            since, cpu = time.perf_counter(), time.process_time()
            ids = record_ids() if callable(record_ids) else record_ids
            decided, decided_cpu = time.perf_counter() - since, time.process_time() - cpu
            return ids

        since, cpu = time.perf_counter(), time.process_time()
        found = super().erase(run, decide, number=number)
        self.erased = Erased(
            decided_seconds=decided,
            seconds=time.perf_counter() - since - decided,
            cpu_seconds=time.process_time() - cpu - decided_cpu,
        )
        self.then()
        return found


@dataclass(slots=True, kw_only=True)
class Town:
    """What lies at a site, opened by one process."""

    site: Site
    register: SqlRegister = field(init=False)
    files: Files = field(init=False)
    media: MediaStore = field(init=False)
    archive: TimedArchive = field(init=False)
    seals: SealChain = field(init=False)
    indexes: Mapping[str, SearchIndex] = field(init=False)
    office: Office = field(init=False)
    _clock: RealTime = field(init=False)

    def __post_init__(self) -> None:
        """Open everything."""
        self._clock = RealTime()
        keys = StubKeys(None, [StubKey.of(b"the key of stubs of a benchmark.")])
        self.register = SqlRegister.open(f"sqlite:///{self.site.root / 'register.db'}", keys)
        self.files = self.site.files()
        self.media = self.site.media(self.files)
        self.archive = TimedArchive(
            COUNCIL,
            self.site.place,
            register=self.register,
            media=self.media,
            clock=self._clock,
            files=self.files,
            sealing=self._seal,
        )
        self.seals = SealChain(
            council=COUNCIL,
            root=self.site.place,
            archive=self.archive,
            files=self.files,
            key=SealKey.of(None, self.site.root / "seal.pem"),
            clock=self._clock,
            locked=self.archive.locked,
            audit_head=lambda: self.register.audit_head(COUNCIL),
        )
        self.indexes = self.site.indexes()
        self.office = Office(
            council=COUNCIL,
            archive=self.archive,
            register=self.register,
            indexes=self.indexes,
            clock=self._clock,
            root=self.site.root,
            file=self._file_certificate,
        )

    def _seal(self, cleaned: Collection[str]) -> None:
        self.seals.seal_held(cleaned)

    def _file_certificate(self, name: str, raw: bytes) -> None:
        self.files.put_evidence(self.site.place / "certificates" / f"{name}.json", raw)

    def fill(self, records: int, progress: Callable[[str], None]) -> None:
        """Keep so many records, some with pictures; merge and seal."""
        for start in range(0, records, _BACKFILL):
            batch = items(start, min(_BACKFILL, records - start))
            self.archive.keep(replace(batch, attachments=self._pictures(batch.filings)))
            progress(f"{start:,} of {records:,} records")
        self.archive.compact()
        self.seals.seal()

    def index(self, progress: Callable[[str], None]) -> None:
        """Build every index anew: whatever a server holds of an earlier proof goes."""
        for name, index in self.indexes.items():
            rebuild(self.archive, index, COUNCIL, erased=self.register)
            progress(f"indexed: {name}")

    def bring_up(self, names: Collection[str]) -> None:
        """Let some indexes follow the archive, as every run of the archive does."""
        for name in names:
            catch_up(self.archive, self.indexes[name], COUNCIL, erased=self.register)

    def _pictures(self, filings: Sequence[Filing]) -> list[Attachment]:
        """Return pictures for some of each thousand's records, the last, and one that two records share."""
        own = [*filings[7::10_000], *filings[1_000::10_000], filings[-1]]
        made = [self._picture(one, one.record.record_id.encode() * 100) for one in own]
        return [*made, *(self._picture(one, _SHARED) for one in filings[107:109])]

    def _picture(self, filing: Filing, content: bytes) -> Attachment:
        with self.media.incoming() as incoming:
            incoming.file().write(content)
        return Attachment(
            record_id=filing.record.record_id,
            version_id=filing.version_id,
            ref="picture",
            kind="image",
            media_type="image/png",
            sha256=incoming.digest(),
            size_bytes=len(content),
            why_not=None,
            target=None,
            fetched_at=filing.captured_at,
            account="main",
            capture_id=filing.capture_id,
            incoming=incoming.name,
        )

    def place_holds(self, numbers: Sequence[int]) -> None:
        """Place so many holds, each of one record."""
        now = self._clock.now()
        for place, number in enumerate(numbers):
            new = NewHold(
                kind=HoldKind.FOI,
                reference=f"FOI/{place}",
                reason="a request",
                typed=None,
                case_id=None,
                placed_by=OFFICER.name,
                review_on=latest_review(london_date(now)),
            )
            with self.register.begin(COUNCIL, OFFICER, now=now):
                hold = self.register.place_hold(COUNCIL, new, now=now)
                self.register.add_to_hold(COUNCIL, hold.hold_id, [id_of(number)])
