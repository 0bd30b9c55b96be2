"""A council's services whole: its store, its retention, and what captures its accounts."""

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Final
from urllib.parse import urlsplit

from typing_extensions import override

from connectors import registry
from connectors.contract import Connector, Rotate
from connectors.download import Downloader
from connectors.transport import Transport
from muniment.adapters.council_yaml import Council, CredentialSource, load
from muniment.adapters.index_process import IndexProcess
from muniment.adapters.register_asked import erasure_answers
from muniment.bootstrap.following import follow_council
from muniment.bootstrap.process import Process
from muniment.bootstrap.retention import CouncilRetention
from muniment.ports.disposal import ErasedRecords
from muniment.services.archiving import Archiving
from muniment.services.capturing import Capture
from muniment.services.retaining import Retaining
from muniment.settings import Settings
from schemas.account import Account
from schemas.errors import AccountError, BadInputError, MunimentError

__all__ = ["CouncilServices", "index_process", "read_council", "read_councils"]

_NO_SECRETS: Final = frozenset({"expires_at", "username"})
"""Values of a credential that are none: a user's name is a word, and masking it alters what people said."""


class CouncilServices(CouncilRetention):
    """The services of one council."""

    @override
    def __init__(self, process: Process, council: Council) -> None:
        super().__init__(process, council)
        self._readers: dict[tuple[str, str], Connector | None] = {}

    @cached_property
    def archiving(self) -> Archiving:
        """The verbs of the archive run."""
        capture = Capture(
            archive=self.archive,
            register=self.process.register,
            media=self.media,
            clock=self.clock,
            quarantine=self.quarantine,
            progress=self.process.progress,
            beside=self.beside,
        )
        return Archiving(
            council=self.name,
            capture=capture,
            register=self.process.register,
            clock=self.clock,
            connect=self.connect,
            allowance=self.council.allowance,
        )

    @cached_property
    def beside(self) -> IndexProcess:
        """What brings the index up while a backfill goes on."""
        return index_process(self.process.settings, self.process.register, self.retaining)

    def connect(self, account: Account, *, leaves: float = 0.0) -> Connector:
        """Build an account's connector; of its credential's budget it leaves a part to others.

        Raises:
            CredentialsRejectedError: The credential it names is not there.
        """
        source = self.council.credentials.get(account.credential or "")
        secrets = {} if source is None else self.process.credentials.find(source)
        return registry.build(
            account,
            self._transport(account, secrets, leaves),
            secrets,
            None if source is None else self._rotate(source),
        )

    def reader(self, platform: str, name: str) -> Connector | None:
        """Return a reader of what was kept of an account; without that, of another on its platform."""
        if (platform, name) not in self._readers:
            known = [one.account for one in self.process.register.ever_enrolled(self.name)]
            on_platform = [one for one in known if one.platform == platform]
            account = next((one for one in on_platform if one.account == name), next(iter(on_platform), None))
            self._readers[platform, name] = None if account is None else self._reader(account)
        return self._readers[platform, name]

    def close(self) -> None:
        """End what runs beside."""
        if "beside" in self.__dict__:
            self.beside.close()

    def _reader(self, account: Account) -> Connector | None:
        try:
            return self.connect(account)
        except (AccountError, BadInputError, MunimentError):
            return None

    def _rotate(self, source: CredentialSource) -> Rotate:
        return lambda renew: self.process.credentials.rotate(source, renew)

    def _transport(self, account: Account, secrets: Mapping[str, str], leaves: float) -> Transport:
        allowance = self.council.allowance(account)
        budget = self.process.register.budget(
            self.name,
            account.credential or account.account,
            registry.tariff(account.platform),
            usd_per_month=allowance.usd_per_month,
            calls_per_day=allowance.calls_per_day,
            leaves=leaves,
        )
        return Transport(
            account=account,
            clock=self.clock,
            secrets=tuple(value for name, value in secrets.items() if name not in _NO_SECRETS),
            budget=budget,
            quarantine=self.quarantine,
            client=self.process.client,
            downloader=Downloader(
                self.process.media_client, trusted=_trusted(account), proxied=self.process.settings.proxied
            ),
        )


def read_council(settings: Settings, name: str) -> Council:
    """Read a council's file.

    Raises:
        BadInputError: There is no such file, or it has mistakes.
    """
    path = settings.council_file(name)
    if not path.is_file():
        raise BadInputError(
            f"There is no file {path}.",
            remedy="Copy councils/example_borough.yml, or set MUNIMENT_COUNCILS.",
        )
    return load(path, registry.PLATFORMS)


def read_councils(settings: Settings) -> list[Council]:
    """Read every council's file.

    Raises:
        BadInputError: There is none, or one has mistakes.
    """
    names = sorted(path.stem for path in settings.councils.glob("*.yml"))
    if not names:
        raise BadInputError(
            f"There is no council's file in {settings.councils}.",
            remedy="Copy councils/example_borough.yml there, or set MUNIMENT_COUNCILS.",
        )
    return [read_council(settings, name) for name in names]


def index_process(settings: Settings, register: ErasedRecords, retaining: Retaining) -> IndexProcess:
    """Return what indexes a council beside capture: it asks us what it must know of the register."""
    return IndexProcess(
        partial(follow_council, settings, retaining.council),
        {
            **erasure_answers(register),
            "schedule": retaining.in_force,
            "setting": retaining.setting,
        },
    )


def _trusted(account: Account) -> frozenset[str]:
    """Return "host:port" of the site that the register names: its own media may be fetched from there."""
    if account.base_url is None:
        return frozenset()
    parts = urlsplit(account.base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return frozenset({f"{parts.hostname}:{port}"})
