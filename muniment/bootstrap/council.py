"""A council's services whole: its store, its retention, and what captures its accounts."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from typing_extensions import override

from connectors import registry
from connectors.contract import Connector, Rotate
from connectors.download import Downloader
from connectors.transport import Transport
from muniment.adapters.council_yaml import Council, CredentialSource
from muniment.adapters.index_process import IndexProcess
from muniment.bootstrap.retention import CouncilRetention
from muniment.ports import IndexBeside
from muniment.services.archiving import Archiving
from muniment.services.capturing import Capture
from schemas.account import Account
from schemas.errors import AccountError, BadInputError

if TYPE_CHECKING:
    from muniment.bootstrap.process import Muniment

__all__ = ["CouncilServices"]

_NO_SECRETS: Final = frozenset({"expires_at", "username"})
"""Values of a credential that are none: a user's name is a word, and masking it alters what people said."""


class CouncilServices(CouncilRetention):
    """The services of one council."""

    @override
    def __init__(self, muniment: "Muniment", council: Council) -> None:
        """Take the council's file in; the register keeps its history."""
        super().__init__(muniment, council)
        self._readers: dict[tuple[str, str], Connector | None] = {}

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
        return IndexProcess(self.muniment.following(self.name))

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
        except (AccountError, BadInputError):
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
            secrets=tuple(value for name, value in secrets.items() if name not in _NO_SECRETS),
            budget=budget,
            quarantine=self.quarantine,
            client=self.muniment.client,
            downloader=Downloader(
                self.muniment.media_client, trusted=_trusted(account), proxied=self.muniment.settings.proxied
            ),
        )


def _trusted(account: Account) -> frozenset[str]:
    """Return "host:port" of the site that the register names: its own media may be fetched from there."""
    if account.base_url is None:
        return frozenset()
    parts = urlsplit(account.base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return frozenset({f"{parts.hostname}:{port}"})
