"""What one process has once: the register, the index, keys and clients."""

import ssl
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import httpx

from connectors.discretion import no_cookies
from muniment.adapters.credentials import Credentials, ReadBlock, WriteBlock
from muniment.adapters.seal_key import SealKey
from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.stub_keys import StubKeys
from muniment.adapters.subject_key import SubjectKey
from muniment.adapters.tantivy.index import TantivyIndex
from muniment.domain.people import SYSTEM, Actor
from muniment.ports import SearchIndex
from muniment.settings import Settings
from schemas.errors import BadInputError

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
            verify=_certificates(self.settings.ca_file),
            headers={"user-agent": "muniment"},
            cookies=no_cookies(),
        )

    @cached_property
    def media_client(self) -> httpx.Client:
        """The client of media files: no credential, no redirect by itself."""
        certificates = _certificates(self.settings.ca_file)
        return httpx.Client(timeout=_TIMEOUT, verify=certificates, cookies=no_cookies())

    @cached_property
    def index(self) -> SearchIndex:
        """The search index: our own, or that in the Elasticsearch which the settings name."""
        server = self.settings.search
        if server is None:
            return TantivyIndex(self.settings.home / "index")
        from muniment.adapters.elastic.index import ElasticIndex  # noqa: PLC0415 - slow to import
        from muniment.adapters.elastic.server import ElasticSignIn  # noqa: PLC0415

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

    def close(self) -> None:
        """Free connections and files."""
        for name in ("register", "client", "media_client", "index"):
            if name in self.__dict__:
                self.__dict__[name].close()


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
