"""What keeps a council to its schedule: plans, disposal, certificates, transfer to the record office."""

import importlib.metadata
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from muniment.adapters.bagit_packages import BagItPackages
from muniment.adapters.given_out_files import HomeFiles
from muniment.adapters.schedule_yaml import read_schedule
from muniment.adapters.seal_key import is_signed_by
from muniment.bootstrap.store import CouncilStore
from muniment.domain.disposal import PlanKind
from muniment.domain.disposal_events import StubKeyRotated
from muniment.domain.disposal_run import WAITING
from muniment.domain.given_out import GivenKind
from muniment.domain.people import Act, require
from muniment.domain.period import Unit
from muniment.services.certifying import Certifying
from muniment.services.classing_entries import classes_under
from muniment.services.destroying import Destroying
from muniment.services.disposing import Disposing
from muniment.services.foreseeing import Foresee, Foreseeing
from muniment.services.forgetting_keys import ForgettingKeys
from muniment.services.giving_out import GivingOut
from muniment.services.honouring import Honouring
from muniment.services.indexing import gone_from_sight
from muniment.services.restoring import Restored, refuse_unfiltered
from muniment.services.restricting import out_of_sight, teams_left_out
from muniment.services.retaining import Retaining, campaign_windows
from muniment.services.showing import not_held
from muniment.services.transferring import Transferring
from schemas.errors import BadInputError

__all__ = ["CouncilRetention"]

_LONGEST_DAYS: Final = {Unit.DAYS: 1, Unit.MONTHS: 31, Unit.YEARS: 366}


class CouncilRetention(CouncilStore):
    """The verbs of retention over one council's archive."""

    def classes(self) -> Mapping[str, str]:
        """Return the retention class of each record, for the index to count by; none without a schedule."""
        schedule = self.retaining.in_force()
        return {} if schedule is None else classes_under(schedule, self.retaining.setting(), self.archive)

    @cached_property
    def retaining(self) -> Retaining:
        """Plans, simulations and forecasts of what falls due."""
        return Retaining(
            council=self.name,
            title=self.council.title,
            archive=self.archive,
            register=self.process.register,
            clock=self.clock,
            read=cache(
                read_schedule
            ),  # adopted versions never change; to parse one takes a tenth of a second
            accounts=tuple(entry.account for entry in self.council.entries),
            campaigns=campaign_windows(self.council.campaigns),
        )

    @cached_property
    def honouring(self) -> Honouring:
        """Platforms' deletions that this council honours."""
        return Honouring(retaining=self.retaining, bases=self.council.legal_bases)

    @cached_property
    def disposing(self) -> Disposing:
        """The way of a disposal list to its execution."""
        return Disposing(
            council=self.name,
            register=self.process.register,
            clock=self.clock,
            planners={
                PlanKind.SCHEDULE: self.retaining.planner,
                PlanKind.HONOUR: self.honouring.planner,
            },
            waiting=self._waiting(),
            schedule=self.retaining.in_force,
            partners=self.council.partners,
        )

    @cached_property
    def certifying(self) -> Certifying:
        """Certificates of disposal."""
        key = self.process.seal_key
        return Certifying(
            council=self.name,
            register=self.process.register,
            clock=self.clock,
            sign=key.sign,
            public_key=key.public,
            is_signed=is_signed_by,
            file=self._file_certificate,
            software=_software(),
            reference=self.person_reference,
            backups_days=self.council.backups_kept_days,
        )

    @cached_property
    def destroying(self) -> Destroying:
        """The execution of disposals."""
        return Destroying(
            council=self.name,
            archive=self.archive,
            register=self.process.register,
            indexes={"search index": self.process.index},
            certifying=self.certifying,
            clock=self.clock,
            foresight=self._foresight,
            classes=self.classes,
            giving_out=self.giving_out,
            actor=self.actor,
        )

    @cached_property
    def giving_out(self) -> GivingOut:
        """What leaves the archive as files."""
        files = HomeFiles(self.process.settings.home)
        return GivingOut(
            council=self.name,
            register=self.process.register,
            files=files,
            place_of=files.place_of,
            clock=self.clock,
        )

    def give_out(self, kind: GivenKind, record_ids: Sequence[str], path: Path) -> None:
        """Enter what this person is about to write into a file."""
        self.giving_out.enter(kind, record_ids, actor=self.actor, path=path)

    def _waiting(self) -> timedelta:
        """Return how long an approved disposal waits: what the schedule in force says, in whole days."""
        schedule = self.retaining.in_force()
        if schedule is None:
            return WAITING
        waits = schedule.defaults.waiting_period
        return timedelta(days=waits.count * _LONGEST_DAYS[waits.unit])

    @cached_property
    def restored(self) -> Restored:
        """Archive and register, of which either may come from an older backup."""
        key = self.process.seal_key
        return Restored(
            council=self.name,
            archive=self.archive,
            register=self.process.register,
            seals=self.seals,
            index=self.process.index,
            clock=self.clock,
            sign=key.sign,
            public_key=key.public,
            is_signed=is_signed_by,
            classes=self.classes,
        )

    def refuse_unfiltered(self) -> None:
        """Refuse an archive that was restored and may hold what was destroyed since.

        Raises:
            IntegrityError: It is one.
        """
        refuse_unfiltered(self.name, archive=self.archive, register=self.process.register)

    def not_shown(self) -> frozenset[str]:
        """Return the records that this person does not find: being destroyed, or restricted.

        Destroyed ones are among them until each store has proved it: an index may lag behind.
        """
        destroyed = gone_from_sight(self.process.register, self.name)
        return frozenset({*destroyed, *out_of_sight(self.retaining, self.actor)})

    def left_out(self) -> tuple[str, ...]:
        """Return the teams and roles whose restricted series this person is not shown."""
        return teams_left_out(self.retaining, self.actor)

    def refuse_unseen(self, record_id: str) -> None:
        """Refuse to show what was destroyed, is being destroyed though it stands in files, or is restricted.

        Raises:
            BadInputError: It is such a record; a restricted one is refused like one that is not held.
        """
        if record_id in out_of_sight(self.retaining, self.actor):
            raise not_held(self.name, record_id)
        if self.process.register.disposed(self.name, [record_id]):
            raise BadInputError(
                f"{record_id} was destroyed, or is being destroyed.",
                remedy=f"`muniment why {record_id}` says when, and under which schedule.",
            )

    def person_reference(self, person: str) -> str:
        """Return what a certificate calls a person."""
        return self.process.subject_key.person_reference(self.name, person)

    def certificate_pdf(self, told: Mapping[str, Any], raw: bytes) -> bytes:
        """Return the PDF of a certificate."""
        from muniment.adapters.certificate_pdf import certificate_pdf  # noqa: PLC0415 - slow to import

        return certificate_pdf(told, raw)

    @property
    def forgetting_keys(self) -> ForgettingKeys:
        """Keys of stubs whose last stub has ended, by the person who acts."""
        keys = self.process.stub_keys
        return ForgettingKeys(
            council=self.name,
            register=self.process.register,
            keys=keys.all,
            check_destroyable=keys.check_destroyable,
            destroy=keys.destroy,
            schedule=self.retaining.in_force,
            clock=self.clock,
            actor=self.actor,
        )

    def rotate_stub_key(self) -> str:
        """Take a new key of stubs; return its id.

        Raises:
            NotPermittedError: Only an information manager does.
            BadInputError: The keys are given by hand.
        """
        require(self.actor, Act.ROTATE_STUB_KEY)
        keys = self.process.stub_keys
        before = keys.all()
        after = keys.rotate()
        self.record(StubKeyRotated(before=before[0].key_id if before else None, after=after.key_id))
        return after.key_id

    def _file_certificate(self, name: str, raw: bytes) -> None:
        path = self.place / "certificates" / f"{name}.json"
        if not self.files.exists(path):
            self.files.put_evidence(path, raw)

    @property
    def transfers_folder(self) -> Path:
        """Where the yearly flow packs what is offered to the record office."""
        return self.process.settings.home / "transfers" / self.name

    def transferring(self) -> Transferring:
        """Packages for the record office, by the person who acts."""
        return Transferring(
            retaining=self.retaining,
            media=self.media,
            seals=self.seals,
            public_key=self.process.seal_key.public,
            packages=BagItPackages(),
            actor=self.actor,
            giving_out=self.giving_out,
            title=self.council.title,
        )

    @property
    def _foresight(self) -> Mapping[PlanKind, Foresee]:
        of = self.retaining
        return {
            PlanKind.SCHEDULE: Foreseeing(retaining=of, basis=of.basis, make=of.made),
            PlanKind.HONOUR: Foreseeing(retaining=of, basis=self.honouring.basis, make=self.honouring.made),
        }


def _software() -> str:
    """Return what a certificate calls this program."""
    try:
        return f"muniment {importlib.metadata.version('muniment')}"
    except importlib.metadata.PackageNotFoundError:
        return "muniment, from a checkout"
