"""Where a council's archive lies, on a disk or in a bucket; its media and seals; who acts on it."""

from collections.abc import Collection
from dataclasses import replace
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING

from muniment.adapters.council_yaml import Council
from muniment.adapters.delta.archive import DeltaArchive
from muniment.adapters.files import LocalFiles
from muniment.adapters.local_media import LocalMediaStore
from muniment.adapters.quarantine import Quarantine
from muniment.adapters.rfc3161 import TimestampAuthority
from muniment.adapters.sandbox_clock import SandboxClock
from muniment.adapters.seal_chain import SealChain
from muniment.adapters.storage import Files
from muniment.adapters.system_clock import SystemClock
from muniment.bootstrap.process import Process
from muniment.bootstrap.stores import archive_place, bucket_files
from muniment.domain.events import Event
from muniment.domain.people import SYSTEM, Actor, roles_on, teams_on
from muniment.ports import MediaStore
from muniment.services.holding import catch_up_holds
from schemas.clock import Clock
from schemas.london import london_date

if TYPE_CHECKING:
    from muniment.adapters.s3.files import S3Files

__all__ = ["CouncilStore"]


class CouncilStore:
    """Where one council's archive lies, what proves it, and who acts on it."""

    def __init__(self, process: Process, council: Council) -> None:
        """Take the council's file in; the register keeps its history."""
        self.process = process
        self.council = council
        self.name = council.council
        self.root = process.settings.council_folder(self.name)
        """The local folder: of the archive, or of what waits on its way to the store."""
        process.register.enrol(
            self.name,
            council.open_on(london_date(self.clock.now())),
            source_digest=council.digest,
            now=self.clock.now(),
            actor=process.person,
        )

    @cached_property
    def clock(self) -> Clock:
        """The machine's clock, or a sandbox's: only a council marked `sandbox` may have one."""
        if self.council.sandbox_clock is None:
            return SystemClock()
        return SandboxClock(self.council.sandbox_clock, self.process.client)

    @property
    def actor(self) -> Actor:
        """Who acts, with the roles and teams that the register gives them today."""
        person = self.process.person
        if person == SYSTEM:
            return person
        register, today = self.process.register, london_date(self.clock.now())
        return replace(
            person,
            roles=roles_on(register.appointments(self.name), person.name, today),
            teams=teams_on(register.memberships(self.name), person.name, today),
        )

    def record(self, event: Event) -> None:
        """Write what a person did or read into the audit chain; no fact of the register goes with it."""
        with self.process.register.begin(self.name, self.actor, now=self.clock.now()) as trail:
            trail.record(event)

    def resolve_holds(self) -> None:
        """Put what the last commits brought under the holds whose scope it falls in."""
        register, now = self.process.register, self.clock.now()
        catch_up_holds(self.name, archive=self.archive, register=register, now=now)

    def record_key(self, record_id: str) -> str:
        """Return what the audit calls a record."""
        return self.process.subject_key.record_key(self.name, record_id)

    @property
    def place(self) -> PurePath:
        """Where the archive lies: the local folder, or a place in the bucket."""
        return archive_place(self.process.settings, self.name)

    @cached_property
    def files(self) -> Files:
        """The files of table, seals and media: a local disk's, or a bucket's."""
        return LocalFiles() if self.bucket_files is None else self.bucket_files

    @cached_property
    def bucket_files(self) -> "S3Files | None":
        """The files in the bucket; None: the archive is on the local disk."""
        return bucket_files(self.process.settings)

    @cached_property
    def media(self) -> MediaStore:
        """The media store."""
        if self.bucket_files is not None:
            from muniment.adapters.s3.media import S3MediaStore  # noqa: PLC0415

            return S3MediaStore(self.place, self.bucket_files, spool=self.root)
        return LocalMediaStore(self.root, LocalFiles())

    @cached_property
    def archive(self) -> DeltaArchive:
        """The archive."""
        return DeltaArchive(
            self.name,
            self.place,
            register=self.process.register,
            media=self.media,
            clock=self.clock,
            files=self.files,
            sealing=self._seal_held,
            admit=self._admit,
        )

    def _seal_held(self, cleaned: Collection[str]) -> None:
        # Chain and archive each need the other: this is asked for only when the archive does upkeep.
        self.seals.seal_held(cleaned)

    def _admit(self) -> None:
        self.seals.admit()

    @cached_property
    def seals(self) -> SealChain:
        """The chain of seals."""
        authorities = [
            TimestampAuthority(url, self.process.client) for url in self.process.settings.timestamp_urls
        ]
        return SealChain(
            council=self.name,
            root=self.place,
            archive=self.archive,
            files=self.files,
            key=self.process.seal_key,
            clock=self.clock,
            authorities=authorities,
            locked=self.archive.locked,
            audit_head=lambda: self.process.register.audit_head(self.name),
            knows_audit_head=lambda head: self.process.register.knows_audit_head(self.name, head),
        )

    @cached_property
    def quarantine(self) -> Quarantine:
        """Where bodies lie that cannot be used."""
        return Quarantine(self.root / "quarantine")
