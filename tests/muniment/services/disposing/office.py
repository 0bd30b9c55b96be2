"""A records office over a real archive, register, index, media and seals, with a schedule in three lines.

Every public record that was captured is due, but for those in `kept`; the class is what `classes` says.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path, PurePath
from typing import Any

import pyarrow as pa

from muniment.adapters.delta.archive import DeltaArchive
from muniment.adapters.files import LocalFiles
from muniment.adapters.given_out_files import HomeFiles
from muniment.adapters.local_media import LocalMediaStore
from muniment.adapters.seal_chain import SealChain
from muniment.adapters.seal_key import SealKey, is_signed_by
from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.storage import Files
from muniment.adapters.stub_keys import StubKeys
from muniment.adapters.tantivy.index import TantivyIndex
from muniment.domain.disposal import ITEMS, DisposalPlan, Fate, PlanKind, Why
from muniment.domain.disposal_run import Run
from muniment.domain.holds import HoldKind, latest_review
from muniment.domain.people import Actor, Role
from muniment.domain.stub import StubKey
from muniment.ports import Kept, MediaStore, NewHold, SearchIndex
from muniment.search.answer import Order
from muniment.search.parse import parse
from muniment.services import holding
from muniment.services.certifying import Certifying
from muniment.services.destroying import Destroying
from muniment.services.disposing import Disposing
from muniment.services.giving_out import GivingOut
from muniment.services.indexing import Classes, catch_up, rebuild
from muniment.services.restoring import Restored
from muniment.services.verifying import Verdict, verify
from schemas.capture import Attachment
from tests.muniment.adapters.delta.council import COUNCIL, Said, StandingClock, batch_of
from tests.muniment.domain.retention.council import adopted

ANN = Actor(name="ann", roles=frozenset({Role.RECORDS_OFFICER}))
BEN = Actor(name="ben", roles=frozenset({Role.REVIEWER}))
CAT = Actor(name="cat", roles=frozenset({Role.REVIEWER}))
IVY = Actor(name="ivy", roles=frozenset({Role.INFORMATION_MANAGER}))
ART = Actor(name="art", roles=frozenset({Role.ARCHIVIST}))
KEY = StubKey.of(b"a key of stubs that is 32 bytes.")
SERIES = ("public", "own", "unread", "observation", "attachment")


@dataclass(kw_only=True)
class Office:
    """One council's office; `reopen` is a new process over the same disk."""

    root: Path
    files: Files = field(default_factory=LocalFiles)
    clock: StandingClock = field(default_factory=StandingClock)
    kept: dict[str, Why] = field(default_factory=dict)
    fates: dict[str, Fate] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    restricted: dict[str, str] = field(default_factory=dict)
    schedule: bytes = b"\x01" * 32
    index_is_down: bool = False
    waiting: timedelta = timedelta(days=7)

    def __post_init__(self) -> None:
        self.open()

    @property
    def place(self) -> PurePath:
        """Where the archive lies."""
        return self.root / COUNCIL

    @property
    def seal_files(self) -> Files:
        """A disk of the seals' own: that of the archive may be one that fails."""
        return LocalFiles()

    def made_media(self) -> MediaStore:
        assert isinstance(self.files, LocalFiles)
        return LocalMediaStore(self.root / COUNCIL, self.files)

    def made_index(self) -> SearchIndex:
        return TantivyIndex(self.root / "index", heap_bytes=15_000_000)

    def open(self) -> None:
        self.register = SqlRegister.open(f"sqlite:///{self.root / 'register.db'}", StubKeys(None, [KEY]))
        self.media = self.made_media()
        self.archive = DeltaArchive(
            COUNCIL,
            self.place,
            register=self.register,
            media=self.media,
            clock=self.clock,
            files=self.files,
            sealing=self._seal,
        )
        key = SealKey.of(None, self.root / "seal.pem")
        self.seals = SealChain(
            council=COUNCIL,
            root=self.place,
            archive=self.archive,
            files=self.seal_files,
            key=key,
            clock=self.clock,
            locked=self.archive.locked,
        )
        self.index: SearchIndex = self.made_index()
        self.key = key
        self.certificates: dict[str, bytes] = {}
        self.certifying = Certifying(
            council=COUNCIL,
            register=self.register,
            clock=self.clock,
            sign=key.sign,
            public_key=key.public,
            is_signed=is_signed_by,
            file=self.certificates.__setitem__,
            software="muniment under test",
            reference=lambda person: f"person {person[0]}",
            backups_days=35,
        )
        self.disposing = Disposing(
            council=COUNCIL,
            register=self.register,
            clock=self.clock,
            planners={PlanKind.SCHEDULE: self.plan, PlanKind.HONOUR: self.honour_plan},
            waiting=self.waiting,
            schedule=adopted,
        )
        home = HomeFiles(self.root)
        self.giving_out = GivingOut(
            council=COUNCIL,
            register=self.register,
            files=home,
            place_of=home.place_of,
            clock=self.clock,
        )
        self.destroying = Destroying(
            council=COUNCIL,
            archive=self.archive,
            register=self.register,
            indexes={"search index": self.index},
            giving_out=self.giving_out,
            certifying=self.certifying,
            clock=self.clock,
            foresight={
                PlanKind.SCHEDULE: lambda on, record_ids: partial(self.plan, on, record_ids),
                PlanKind.HONOUR: lambda on, record_ids: partial(self.honour_plan, on, record_ids),
            },
        )

    def _seal(self, cleaned: Collection[str]) -> None:
        self.seals.seal_held(cleaned)

    def reopen(self) -> None:
        self.register.close()
        self.open()

    def keep(self, *said: Said, attachments: Sequence[Attachment] = ()) -> Kept:
        return self.archive.keep(batch_of(*said, attachments=attachments))

    def picture(self, said: Said, content: bytes) -> Attachment:
        with self.media.incoming() as incoming:
            incoming.file().write(content)
        return said.attachment(incoming.digest(), incoming.name)

    def settle(self, numbers: int = 6) -> None:
        """Keep posts 1 to `numbers`, 2 edited, 1 and 2 with pictures; index them."""
        said = [Said(number=number) for number in range(1, numbers + 1)]
        pictures = [self.picture(said[0], b"of one"), self.picture(said[1], b"of two")]
        self.keep(*said, attachments=pictures)
        self.keep(Said(number=2, text="The bins were collected after all."))
        self.catch_up()

    def catch_up(self) -> None:
        catch_up(self.archive, self.index, COUNCIL, erased=self.register)

    def restored(self, classes: Classes | None = None) -> Restored:
        """Return what filters this office's archive once an older one was put in its place."""
        return Restored(
            council=COUNCIL,
            archive=self.archive,
            register=self.register,
            seals=self.seals,
            index=self.index,
            clock=self.clock,
            sign=self.key.sign,
            public_key=self.key.public,
            is_signed=is_signed_by,
            classes=classes,
        )

    def copied(self) -> dict[PurePath, bytes]:
        """Return every file of the archive, as a backup has it."""
        walked = [path for path, _ in self.files.walk(self.place) if path.name != "lock"]
        return {path: self.files.read(path) for path in walked}

    def put_back(self, copy: Mapping[PurePath, bytes]) -> None:
        """Put an older archive in the place of this one, and an index that was made of it then."""
        evidence = self.place / "seals"
        now = [path for path, _ in self.files.walk(self.place) if path.name != "lock"]
        self.files.remove_all([path for path in now if evidence not in path.parents])
        for path, content in copy.items():
            if not self.files.exists(path):
                self.files.folder(path.parent)
                self.files.put(path, content)
        rebuild(self.archive, self.index, COUNCIL)

    def plan(self, as_of: date, record_ids: Sequence[str] | None = None) -> DisposalPlan:
        columns = ["record_id", "thread_id", "commit_no", "account", "platform", "kind", "series"]
        newest: dict[str, dict[str, Any]] = {}
        for batch in self.archive.scan(series=["public", "own"], columns=columns):
            for row in batch.to_pylist():
                if row["commit_no"] >= newest.get(row["record_id"], row)["commit_no"]:
                    newest[row["record_id"]] = row
        wanted = sorted(newest if record_ids is None else newest.keys() & set(record_ids))
        rows = []
        for one in wanted:
            why = self.kept.get(one)
            row = newest[one]
            rows.append(
                {
                    **{name: row[name] for name in columns if name != "commit_no"},
                    "fate": (Fate.KEPT if why else self.fates.get(one, Fate.DUE)).value,
                    "why": why.value if why else None,
                    "class": self.classes.get(one, "PUB-COMMENT"),
                    "rule": "comments",
                    "action": "destroy",
                    "event": "published",
                    "event_on": date(2020, 1, 1),
                    "due_from": date(2022, 1, 2),
                    "review_on": None,
                    "case_id": None,
                    "restricted_to": self.restricted.get(one),
                    "filed_on": date(2020, 1, 1),
                    "first_captured_on": date(2020, 1, 2),
                    "last_captured_on": date(2024, 3, 1),
                    "last_commit": row["commit_no"],
                }
            )
        return DisposalPlan(
            council=COUNCIL,
            kind=PlanKind.SCHEDULE,
            as_of=as_of,
            commit_no=self.archive.commit_no(),
            schedule="2024-01",
            schedule_digest=self.schedule,
            basis="",
            items=pa.Table.from_pylist(rows, schema=ITEMS),
        )

    def honour_plan(self, as_of: date, record_ids: Sequence[str] | None = None) -> DisposalPlan:
        """Return the same plan, as a platform's deletions would ask for it."""
        found = self.plan(as_of, record_ids)
        return replace(
            found, kind=PlanKind.HONOUR, schedule=None, schedule_digest=None, basis="terms of the platform"
        )

    def hold(self, typed: str) -> frozenset[str]:
        """Place a hold; return what was too late for it."""
        new = NewHold(
            kind=HoldKind.FOI,
            reference="FOI/1",
            reason="a request",
            typed=typed,
            case_id=None,
            placed_by=ANN.name,
            review_on=latest_review(self.clock.now().date()),
        )
        placed = holding.place(
            COUNCIL, new, archive=self.archive, register=self.register, actor=ANN, now=self.clock.now()
        )
        return placed.too_late

    def proposed(self) -> str:
        run = self.disposing.propose(actor=ANN)
        assert run is not None
        return run.run

    def approved(self) -> str:
        """Propose all that is due, review, approve by two, wait."""
        run = self.proposed()
        self.disposing.send_on(run, actor=BEN)
        return self.approve(run)

    def approve(self, run: str) -> str:
        self.disposing.approve(run, actor=BEN)
        self.disposing.approve(run, actor=IVY)
        self.clock.wait(self.waiting.total_seconds())
        return run

    def run(self, run: str) -> Run:
        return self.register.disposal_run(COUNCIL, run)

    def held(self) -> set[str]:
        """Return the records of which the archive has any row."""
        batches = self.archive.scan(series=SERIES, columns=["record_id"])
        return {one for batch in batches for one in batch["record_id"].to_pylist()}

    def searched(self, typed: str = "bins") -> int:
        return self.index.search(COUNCIL, parse(typed), order=Order.NEWEST).records

    def verdict(self) -> Verdict:
        return verify(
            COUNCIL,
            archive=self.archive,
            seals=self.seals,
            media=self.media,
            presence=self.register,
            coverage=self.register,
            audit=self.register,
        )


def ids(*numbers: int) -> set[str]:
    return {f"facebook:{number}" for number in numbers}
