"""What one process has once: the register, the index, keys and clients."""

from collections.abc import Callable
from functools import cached_property

import httpx

from connectors.discretion import no_cookies
from muniment.adapters.credentials import Credentials, ReadBlock, WriteBlock
from muniment.adapters.seal_key import SealKey
from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.stub_keys import StubKeys
from muniment.adapters.subject_key import SubjectKey
from muniment.bootstrap.certificates import certificates
from muniment.bootstrap.stores import search_index
from muniment.domain.people import SYSTEM, Actor
from muniment.ports import SearchIndex
from muniment.settings import Settings

__all__ = ["Process"]

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)


class Process:
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
            timeout=_TIMEOUT,
            verify=certificates(self.settings.ca_file),
            headers={"user-agent": "muniment"},
            cookies=no_cookies(),
        )

    @cached_property
    def media_client(self) -> httpx.Client:
        """The client of media files: no credential, no redirect by itself."""
        return httpx.Client(
            timeout=_TIMEOUT, verify=certificates(self.settings.ca_file), cookies=no_cookies()
        )

    @cached_property
    def index(self) -> SearchIndex:
        """The search index: our own, or that in the Elasticsearch which the settings name."""
        return search_index(self.settings)

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

    def close(self) -> None:
        """Free connections and files."""
        for name in ("register", "client", "media_client", "index"):
            if name in self.__dict__:
                self.__dict__[name].close()
