"""The archive that the proof of disposal destroys from, with register, index, media and seals beside it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from bench.comments import COUNCIL, items
from bench.crash_work import RealTime
from bench.disposal_office import OFFICER, Office
from muniment.adapters.delta_archive import DeltaArchive
from muniment.adapters.files import LocalFiles
from muniment.adapters.local_media import LocalMediaStore
from muniment.adapters.seal_chain import SealChain
from muniment.adapters.seal_key import SealKey
from muniment.adapters.sql_register import SqlRegister
from muniment.adapters.stub_keys import StubKeys
from muniment.adapters.tantivy_index import TantivyIndex
from muniment.domain.holds import HoldKind, latest_review
from muniment.domain.people import london_date
from muniment.domain.stub import StubKey
from muniment.ports import Filing, NewHold
from muniment.services.indexing import catch_up
from schemas.capture import Attachment

__all__ = ["Town", "id_of", "number_of"]

_BACKFILL: Final = 20_000
_FIRST: Final = 100_000_000_000_000


def id_of(number: int) -> str:
    """Return the id of a numbered record of `bench.comments.items`."""
    return f"facebook:{_FIRST + number}"


def number_of(record_id: str) -> int:
    """Return its number again."""
    return int(record_id.removeprefix("facebook:")) - _FIRST


@dataclass(slots=True, kw_only=True)
class Town:
    """What lies in a folder, opened by one process."""

    root: Path
    register: SqlRegister = field(init=False)
    media: LocalMediaStore = field(init=False)
    archive: DeltaArchive = field(init=False)
    seals: SealChain = field(init=False)
    index: TantivyIndex = field(init=False)
    office: Office = field(init=False)
    _clock: RealTime = field(init=False)

    def __post_init__(self) -> None:
        """Open everything."""
        self._clock = RealTime()
        keys = StubKeys(None, [StubKey.of(b"the key of stubs of a benchmark.")])
        self.register = SqlRegister.open(f"sqlite:///{self.root / 'register.db'}", keys)
        self.media = LocalMediaStore(self.root / COUNCIL, LocalFiles())
        self.archive = DeltaArchive(
            COUNCIL,
            self.root / COUNCIL,
            register=self.register,
            media=self.media,
            clock=self._clock,
            sealing=self._seal,
        )
        self.seals = SealChain(
            council=COUNCIL,
            root=self.root / COUNCIL,
            archive=self.archive,
            files=LocalFiles(),
            key=SealKey.of(None, self.root / "seal.pem"),
            clock=self._clock,
            locked=self.archive.locked,
            audit_head=lambda: self.register.audit_head(COUNCIL),
        )
        self.index = TantivyIndex(self.root / "index")
        self.office = Office(
            council=COUNCIL,
            archive=self.archive,
            register=self.register,
            index=self.index,
            clock=self._clock,
            root=self.root,
        )

    def _seal(self, cleaned: Collection[str]) -> None:
        self.seals.seal_held(cleaned)

    def fill(self, records: int, progress: Callable[[str], None]) -> None:
        """Keep so many records, some with pictures; merge, seal and index."""
        for start in range(0, records, _BACKFILL):
            batch = items(start, min(_BACKFILL, records - start))
            pictures = [self._picture(filing) for filing in batch.filings[:: _BACKFILL // 4]]
            self.archive.keep(replace(batch, attachments=pictures))
            progress(f"{start:,} of {records:,} records")
        self.archive.compact()
        self.seals.seal()
        catch_up(self.archive, self.index, COUNCIL, erased=self.register)
        progress("indexed")

    def _picture(self, filing: Filing) -> Attachment:
        with self.media.incoming() as incoming:
            incoming.file().write(filing.record.record_id.encode() * 100)
        return Attachment(
            record_id=filing.record.record_id,
            version_id=filing.version_id,
            ref="picture",
            kind="image",
            media_type="image/png",
            sha256=incoming.digest(),
            size_bytes=100 * len(filing.record.record_id),
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
