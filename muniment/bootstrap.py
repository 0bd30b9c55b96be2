"""The composition root: the only place that knows both services and adapters.

`Muniment` is what CLI and flows hold: settings in, services of one council out, made when they are needed.
"""

import importlib.metadata
import signal
import ssl
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from connectors import registry
from connectors.contract import Connector, Rotate
from connectors.download import Downloader
from connectors.transport import Transport
from muniment.adapters.bagit_packages import BagItPackages
from muniment.adapters.clocks import SandboxClock, SystemClock
from muniment.adapters.council_yaml import Council, CredentialSource, load
from muniment.adapters.credentials import Credentials, ReadBlock, WriteBlock
from muniment.adapters.delta_archive import DeltaArchive
from muniment.adapters.elastic_index import ElasticIndex
from muniment.adapters.elastic_server import ElasticSignIn
from muniment.adapters.files import LocalFiles
from muniment.adapters.index_process import IndexProcess, Pipe, commits_heard
from muniment.adapters.local_media import LocalMediaStore
from muniment.adapters.quarantine import Quarantine
from muniment.adapters.rfc3161 import TimestampAuthority
from muniment.adapters.s3_bucket import Bucket
from muniment.adapters.s3_files import S3Files
from muniment.adapters.s3_media import S3MediaStore
from muniment.adapters.schedule_yaml import read_schedule
from muniment.adapters.seal_chain import SealChain
from muniment.adapters.seal_key import SealKey, is_signed_by
from muniment.adapters.sql_register import SqlRegister
from muniment.adapters.storage import Files
from muniment.adapters.stub_keys import StubKeys
from muniment.adapters.subject_key import SubjectKey
from muniment.adapters.tantivy_index import TantivyIndex
from muniment.domain.disposal import PlanKind
from muniment.domain.disposal_events import StubKeyRotated
from muniment.domain.disposal_run import WAITING
from muniment.domain.events import Event
from muniment.domain.people import SYSTEM, Act, Actor, london_date, require, roles_on
from muniment.domain.period import Unit
from muniment.ports import IndexBeside, MediaStore
from muniment.services.archiving import Archiving
from muniment.services.capturing import Capture
from muniment.services.certifying import Certifying
from muniment.services.classing_entries import classes_of
from muniment.services.destroying import Destroying, Planner
from muniment.services.disposing import Disposing
from muniment.services.holding import catch_up_holds
from muniment.services.honouring import Honouring
from muniment.services.indexing import follow
from muniment.services.retaining import Retaining, campaign_windows
from muniment.services.transferring import Transferring
from muniment.settings import Settings
from schemas.account import Account
from schemas.clock import Clock
from schemas.errors import AccountError, BadInputError, MunimentError

__all__ = ["CouncilServices", "Muniment", "follow_council", "open_muniment"]

_LONGEST_DAYS: Final = {Unit.DAYS: 1, Unit.MONTHS: 31, Unit.YEARS: 366}
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)


@dataclass(slots=True)
class _Held:
    """What is open and must be closed."""

    councils: dict[str, "CouncilServices"] = field(default_factory=dict)


class Muniment:
    """Everything that one process needs, built when first asked for."""

    def __init__(
        self,
        settings: Settings,
        *,
        progress: Callable[[int], None] = lambda _items: None,
        read_block: ReadBlock | None = None,
        write_block: WriteBlock | None = None,
        person: Actor = SYSTEM,
    ) -> None:
        """Keep the settings; `progress` hears how many items were kept; blocks are the flows' to read.

        `person` acts through this process; where nobody does, the system does.
        """
        self.settings = settings
        self.person = person
        self.progress = progress
        self._read_block = read_block
        self._write_block = write_block
        self._held = _Held()

    @cached_property
    def register(self) -> SqlRegister:
        """The register database, upgraded to this version."""
        self.settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        return SqlRegister.open(self.settings.database_url, self.stub_keys)

    @cached_property
    def stub_keys(self) -> StubKeys:
        """The keys by which destroyed records are known again."""
        return StubKeys.of(self.settings.stub_keys, self.settings.secrets / "stub_keys")

    @cached_property
    def client(self) -> httpx.Client:
        """The client of the platforms: proxy and certificates as the council's network wants them."""
        return httpx.Client(
            timeout=_TIMEOUT, verify=_certificates(self.settings.ca_file), headers={"user-agent": "muniment"}
        )

    @cached_property
    def media_client(self) -> httpx.Client:
        """The client of media files: no credential, no redirect by itself."""
        return httpx.Client(timeout=_TIMEOUT, verify=_certificates(self.settings.ca_file))

    @cached_property
    def index(self) -> TantivyIndex | ElasticIndex:
        """The search index: our own, or that in the Elasticsearch which the settings name."""
        server = self.settings.search
        if server is None:
            return TantivyIndex(self.settings.home / "index")
        return ElasticIndex(
            ElasticSignIn(
                urls=server.urls,
                user=server.user,
                password=server.password,
                api_key=server.api_key,
                certificates=_certificates(server.ca_file),
            )
        )

    @cached_property
    def seal_key(self) -> SealKey:
        """The key that signs seals."""
        return SealKey.of(self.settings.seal_key, self.settings.secrets / "seal.pem")

    @cached_property
    def subject_key(self) -> SubjectKey:
        """The key that names records in the audit."""
        return SubjectKey.of(self.settings.secrets / "subject.key")

    @cached_property
    def credentials(self) -> Credentials:
        """Where tokens are found."""
        return Credentials(self.settings.secrets, read_block=self._read_block, write_block=self._write_block)

    def councils(self) -> tuple[str, ...]:
        """Return the councils that have a file."""
        return tuple(sorted(path.stem for path in self.settings.councils.glob("*.yml")))

    def council(self, name: str | None = None) -> "CouncilServices":
        """Return a council's services; without a name, those of the only one.

        Raises:
            BadInputError: There is no such file, or it has mistakes, or there is more than one.
        """
        chosen = name or self._only()
        if chosen not in self._held.councils:
            path = self.settings.council_file(chosen)
            if not path.is_file():
                raise BadInputError(
                    f"There is no file {path}.",
                    remedy="Copy councils/example_borough.yml, or set MUNIMENT_COUNCILS.",
                )
            self._held.councils[chosen] = CouncilServices(self, load(path, registry.PLATFORMS))
        return self._held.councils[chosen]

    def close(self) -> None:
        """Free connections and files."""
        for council in self._held.councils.values():
            if "beside" in council.__dict__:
                council.beside.close()
        for name in ("register", "client", "media_client", "index"):
            if name in self.__dict__:
                self.__dict__[name].close()

    def _only(self) -> str:
        found = self.councils()
        if len(found) == 1:
            return found[0]
        if not found:
            raise BadInputError(
                f"There is no council's file in {self.settings.councils}.",
                remedy="Copy councils/example_borough.yml there, or try `muniment archive URL`.",
            )
        raise BadInputError(
            f"There are files of {len(found)} councils.", remedy=f"Say --council {' or '.join(found)}."
        )


class CouncilServices:
    """The services of one council."""

    def __init__(self, muniment: Muniment, council: Council) -> None:
        """Take the council's file in; the register keeps its history."""
        self.muniment = muniment
        self.council = council
        self.name = council.council
        self.root = muniment.settings.council_folder(self.name)
        """The local folder: of the archive, or of what waits on its way to the store."""
        self._readers: dict[tuple[str, str], Connector | None] = {}
        muniment.register.enrol(
            self.name,
            council.accounts,
            source_digest=council.digest,
            now=self.clock.now(),
            actor=muniment.person,
        )

    @cached_property
    def clock(self) -> Clock:
        """The machine's clock, or a sandbox's: only a council marked `sandbox` may have one."""
        if self.council.sandbox_clock is None:
            return SystemClock()
        return SandboxClock(self.council.sandbox_clock, self.muniment.client)

    @property
    def actor(self) -> Actor:
        """Who acts, with the roles that the register gives them today."""
        person = self.muniment.person
        if person == SYSTEM:
            return person
        appointments = self.muniment.register.appointments(self.name)
        return replace(person, roles=roles_on(appointments, person.name, london_date(self.clock.now())))

    def record(self, event: Event) -> None:
        """Write what a person did or read into the audit chain; no fact of the register goes with it."""
        with self.muniment.register.begin(self.name, self.actor, now=self.clock.now()) as trail:
            trail.record(event)

    def resolve_holds(self) -> None:
        """Put what the last commits brought under the holds whose scope it falls in."""
        register, now = self.muniment.register, self.clock.now()
        catch_up_holds(self.name, archive=self.archive, register=register, now=now)

    def record_key(self, record_id: str) -> str:
        """Return what the audit calls a record."""
        return self.muniment.subject_key.record_key(self.name, record_id)

    @property
    def place(self) -> PurePath:
        """Where the archive lies: the local folder, or a place in the bucket."""
        store = self.muniment.settings.store
        return self.root if store is None else PurePosixPath(store.prefix, self.name)

    @cached_property
    def files(self) -> Files:
        """The files of table, seals and media: a local disk's, or a bucket's."""
        return LocalFiles() if self.bucket_files is None else self.bucket_files

    @cached_property
    def bucket_files(self) -> S3Files | None:
        """The files in the bucket; None: the archive is on the local disk."""
        store = self.muniment.settings.store
        if store is None:
            return None
        bucket = Bucket(store.bucket, endpoint=store.endpoint, region=store.region)
        locked_for = timedelta(days=store.evidence_lock_days) if store.evidence_lock_days else None
        return S3Files(bucket, evidence_locked_for=locked_for)

    @cached_property
    def media(self) -> MediaStore:
        """The media store."""
        if self.bucket_files is not None:
            return S3MediaStore(self.place, self.bucket_files, spool=self.root)
        return LocalMediaStore(self.root, LocalFiles())

    @cached_property
    def archive(self) -> DeltaArchive:
        """The archive."""
        return DeltaArchive(
            self.name,
            self.place,
            register=self.muniment.register,
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
            TimestampAuthority(url, self.muniment.client) for url in self.muniment.settings.timestamp_urls
        ]
        return SealChain(
            council=self.name,
            root=self.place,
            archive=self.archive,
            files=self.files,
            key=self.muniment.seal_key,
            clock=self.clock,
            authorities=authorities,
            locked=self.archive.locked,
            audit_head=lambda: self.muniment.register.audit_head(self.name),
            knows_audit_head=lambda head: self.muniment.register.knows_audit_head(self.name, head),
        )

    @cached_property
    def quarantine(self) -> Quarantine:
        """Where bodies lie that cannot be used."""
        return Quarantine(self.root / "quarantine")

    @cached_property
    def archiving(self) -> Archiving:
        """The verbs of the archive run."""
        capture = Capture(
            archive=self.archive,
            register=self.muniment.register,
            media=self.media,
            clock=self.clock,
            quarantine=self.quarantine,
            progress=self.muniment.progress,
            beside=self.beside,
        )
        return Archiving(
            council=self.name,
            capture=capture,
            register=self.muniment.register,
            clock=self.clock,
            connect=self.connect,
        )

    @cached_property
    def beside(self) -> IndexBeside:
        """What brings the index up while a backfill goes on."""
        return IndexProcess(partial(follow_council, self.muniment.settings, self.name))

    def classes(self) -> Mapping[str, str]:
        """Return the retention class of each record, for the index to count by."""
        return classes_of(self.retaining)

    @cached_property
    def retaining(self) -> Retaining:
        """Plans, simulations and forecasts of what falls due."""
        return Retaining(
            council=self.name,
            archive=self.archive,
            register=self.muniment.register,
            clock=self.clock,
            read=read_schedule,
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
            register=self.muniment.register,
            clock=self.clock,
            planners=self._planners,
            waiting=self._waiting(),
        )

    @cached_property
    def certifying(self) -> Certifying:
        """Certificates of disposal."""
        key = self.muniment.seal_key
        return Certifying(
            council=self.name,
            register=self.muniment.register,
            clock=self.clock,
            sign=key.sign,
            public_key=key.public,
            is_signed=is_signed_by,
            file=self._file_certificate,
            software=_software(),
            backups_days=self.council.backups_kept_days,
        )

    @cached_property
    def destroying(self) -> Destroying:
        """The execution of disposals."""
        return Destroying(
            council=self.name,
            archive=self.archive,
            register=self.muniment.register,
            indexes={"search index": self.muniment.index},
            certifying=self.certifying,
            clock=self.clock,
            planners=self._planners,
            classes=self.classes,
        )

    def _waiting(self) -> timedelta:
        """Return how long an approved disposal waits: what the schedule in force says, in whole days."""
        schedule = self.retaining.in_force()
        if schedule is None:
            return WAITING
        waits = schedule.defaults.waiting_period
        return timedelta(days=waits.count * _LONGEST_DAYS[waits.unit])

    def refuse_destroyed(self, record_id: str) -> None:
        """Refuse to show what was destroyed, or is being destroyed and stands in its files still.

        Raises:
            BadInputError: It is such a record.
        """
        if self.muniment.register.disposed(self.name, [record_id]):
            raise BadInputError(
                f"{record_id} was destroyed, or is being destroyed.",
                remedy=f"`muniment why {record_id}` says when, and under which schedule.",
            )

    def certificate_pdf(self, told: Mapping[str, Any], raw: bytes) -> bytes:
        """Return the PDF of a certificate."""
        from muniment.adapters.certificate_pdf import certificate_pdf  # noqa: PLC0415 - slow to import

        return certificate_pdf(told, raw)

    def rotate_stub_key(self) -> str:
        """Take a new key of stubs; return its id.

        Raises:
            NotPermittedError: Only an information manager does.
            BadInputError: The keys are given by hand.
        """
        require(self.actor, Act.ROTATE_STUB_KEY)
        keys = self.muniment.stub_keys
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
        return self.muniment.settings.home / "transfers" / self.name

    def transferring(self) -> Transferring:
        """Packages for the record office, by the person who acts."""
        return Transferring(
            retaining=self.retaining,
            media=self.media,
            seals=self.seals,
            public_key=self.muniment.seal_key.public,
            packages=BagItPackages(),
            actor=self.actor,
            title=self.council.title,
        )

    @property
    def _planners(self) -> Mapping[PlanKind, Planner]:
        return {PlanKind.SCHEDULE: self.retaining.planner, PlanKind.HONOUR: self.honouring.planner}

    def connect(self, account: Account) -> Connector:
        """Build an account's connector.

        Raises:
            CredentialsRejectedError: The credential it names is not there.
        """
        source = self.council.credentials.get(account.credential or "")
        secrets = {} if source is None else self.muniment.credentials.find(source)
        return registry.build(
            account,
            self._transport(account, secrets),
            secrets,
            None if source is None else self._rotate(source),
        )

    def reader(self, platform: str, name: str) -> Connector | None:
        """Return a reader of what was kept of an account; without that, of another on its platform."""
        if (platform, name) not in self._readers:
            known = [one.account for one in self.muniment.register.enrolled(self.name)]
            on_platform = [one for one in known if one.platform == platform]
            account = next((one for one in on_platform if one.account == name), next(iter(on_platform), None))
            self._readers[platform, name] = None if account is None else self._reader(account)
        return self._readers[platform, name]

    def _reader(self, account: Account) -> Connector | None:
        try:
            return self.connect(account)
        except AccountError:
            return None

    def _rotate(self, source: CredentialSource) -> Rotate:
        return lambda renew: self.muniment.credentials.rotate(source, renew)

    def _transport(self, account: Account, secrets: Mapping[str, str]) -> Transport:
        limits = self.council.limits(account)
        budget = self.muniment.register.budget(
            self.name,
            account.credential or account.account,
            registry.tariff(account.platform),
            usd_per_month=limits.usd_per_month,
            calls_per_day=limits.calls_per_day,
        )
        return Transport(
            account=account,
            clock=self.clock,
            secrets=tuple(secrets.values()),
            budget=budget,
            quarantine=self.quarantine,
            client=self.muniment.client,
            downloader=Downloader(
                self.muniment.media_client, trusted=_trusted(account), proxied=self.muniment.settings.proxied
            ),
        )


@contextmanager
def open_muniment(
    settings: Settings, *, progress: Callable[[int], None] = lambda _items: None, person: Actor = SYSTEM
) -> Iterator[Muniment]:
    """Build for the length of a block."""
    muniment = Muniment(settings, progress=progress, person=person)
    try:
        yield muniment
    finally:
        muniment.close()


def follow_council(settings: Settings, council: str, pipe: Pipe) -> None:
    """Index a council's commits as they are told: the work of `IndexProcess`, in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for the run to hear: this ends with its pipe
    with suppress(MunimentError), open_muniment(settings) as one:
        archive, commits = one.council(council).archive, commits_heard(pipe)
        follow(archive, one.index, council, commits, pipe.send, erased=one.register)


def _certificates(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except ssl.SSLError as error:
            raise BadInputError(
                f"MUNIMENT_CA_FILE names {ca_file}, which holds no certificate.",
                remedy="Write the certificates into it in PEM form: -----BEGIN CERTIFICATE----- and so on.",
            ) from error
    return context


def _software() -> str:
    """Return what a certificate calls this program."""
    try:
        return f"muniment {importlib.metadata.version('muniment')}"
    except importlib.metadata.PackageNotFoundError:
        return "muniment, from a checkout"


def _trusted(account: Account) -> frozenset[str]:
    """Return "host:port" of the site that the register names: its own media may be fetched from there."""
    if account.base_url is None:
        return frozenset()
    parts = urlsplit(account.base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return frozenset({f"{parts.hostname}:{port}"})
