"""Where everything lives and what is switched on: read once from the environment, by `bootstrap`.

Every setting is documented in docs/operate/settings.md (a test compares the two).
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from schemas.errors import BadInputError

__all__ = ["SETTINGS", "SearchServer", "Settings", "StoreAddress", "from_environment"]

_STORE: Final = re.compile(
    r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/([A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*)/?"
)
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_TEN_YEARS_IN_DAYS: Final = 3653

SETTINGS: Mapping[str, str] = {
    "MUNIMENT_HOME": "The folder of archives, register, index and keys.",
    "MUNIMENT_COUNCILS": "The folder of the councils' files; default: councils in the present folder.",
    "MUNIMENT_DATABASE_URL": "The register database; default: SQLite in MUNIMENT_HOME.",
    "MUNIMENT_SECRETS": "The folder of credential files (0700); default: secrets in MUNIMENT_HOME.",
    "MUNIMENT_SEAL_KEY": "The signing key itself, PEM; default: a file in the secrets folder.",
    "MUNIMENT_STUB_KEYS": "The keys of stubs, hexadecimal, newest first; default: files among the secrets.",
    "MUNIMENT_TIMESTAMP_URLS": "Time-stamp authorities (RFC 3161), separated by spaces; default: none.",
    "MUNIMENT_CA_FILE": "A file of certificates to trust besides the usual ones, for a council's own proxy.",
    "MUNIMENT_ACTOR": "Who acts at the command line, for the audit; default: the operating system's user.",
    "MUNIMENT_STORE": "Where archives and media lie: s3://bucket/prefix; default: MUNIMENT_HOME.",
    "MUNIMENT_STORE_ENDPOINT": "The address of an S3 server other than Amazon's.",
    "MUNIMENT_STORE_REGION": "The region of the bucket; default: as for every AWS program.",
    "MUNIMENT_EVIDENCE_LOCK_DAYS": "Days that seals are locked in a bucket with Object Lock; default: 3653.",
    "MUNIMENT_SEARCH_URL": "The Elasticsearch servers, separated by spaces; default: an index of our own.",
    "MUNIMENT_SEARCH_USER": "Who signs in to Elasticsearch.",
    "MUNIMENT_SEARCH_PASSWORD": "That user's password.",
    "MUNIMENT_SEARCH_API_KEY": "An Elasticsearch API key, instead of a user.",
    "MUNIMENT_SEARCH_CA_FILE": "Certificates of Elasticsearch's own authority; default: MUNIMENT_CA_FILE.",
    "MUNIMENT_PREFECT_API": "An existing Prefect server's API; default: `muniment serve` starts one.",
}
"""Every setting of ours, with what it means. HTTPS_PROXY and NO_PROXY are obeyed too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAddress:
    """A bucket and a place in it. `endpoint` None: Amazon's own; `evidence_lock_days` 0: no locking."""

    bucket: str
    prefix: str
    endpoint: str | None
    region: str | None
    evidence_lock_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchServer:
    """Elasticsearch: its addresses, and a user with a password, or an API key, or neither."""

    urls: tuple[str, ...]
    user: str | None
    password: str | None = field(repr=False)
    api_key: str | None = field(repr=False)
    ca_file: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings in force."""

    home: Path
    councils: Path
    secrets: Path
    database_url: str = field(repr=False)
    seal_key: str | None = field(repr=False)
    stub_keys: str | None = field(repr=False)
    timestamp_urls: tuple[str, ...]
    ca_file: Path | None
    prefect_api: str | None
    store: StoreAddress | None
    search: SearchServer | None
    proxied: bool
    actor: str | None = None

    def council_folder(self, council: str) -> Path:
        """Return where a council's archive lives."""
        return self.home / "archive" / council

    def council_file(self, council: str) -> Path:
        """Return the account register file of a council."""
        return self.councils / f"{council}.yml"


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings that the environment gives.

    Raises:
        BadInputError: A variable begins with MUNIMENT_ but is no setting of ours, or a file is not there.
    """
    given = os.environ if environment is None else environment
    ours = {name for name in given if name.startswith("MUNIMENT_")}
    unknown = ours - set(SETTINGS) - {"MUNIMENT_SPECS", "MUNIMENT_RIG"}
    if unknown:
        raise BadInputError(
            f"Unknown setting {', '.join(sorted(unknown))}.", remedy=f"Settings are {', '.join(SETTINGS)}."
        )
    home = Path(given.get("MUNIMENT_HOME") or Path.home() / ".local" / "share" / "muniment").absolute()
    ca_file = _file(given, "MUNIMENT_CA_FILE")
    return Settings(
        home=home,
        councils=Path(given.get("MUNIMENT_COUNCILS") or "councils").absolute(),
        secrets=Path(given.get("MUNIMENT_SECRETS") or home / "secrets").absolute(),
        database_url=given.get("MUNIMENT_DATABASE_URL") or f"sqlite:///{home / 'register.sqlite'}",
        seal_key=given.get("MUNIMENT_SEAL_KEY") or None,
        stub_keys=given.get("MUNIMENT_STUB_KEYS") or None,
        timestamp_urls=_addresses(given, "MUNIMENT_TIMESTAMP_URLS"),
        ca_file=ca_file,
        store=_store(given),
        prefect_api=next(iter(_addresses(given, "MUNIMENT_PREFECT_API")), None),
        search=_search(given, ca_file),
        proxied=any(given.get(name) or given.get(name.lower()) for name in ("HTTPS_PROXY", "ALL_PROXY")),
        actor=(given.get("MUNIMENT_ACTOR") or "").strip() or None,
    )


def _file(given: Mapping[str, str], name: str) -> Path | None:
    path = Path(given[name]) if given.get(name) else None
    if path is not None and not path.is_file():
        raise BadInputError(
            f"{name} names {path}, which is not a file.",
            remedy="Write where the file lies, or take the setting away.",
        )
    return path


def _addresses(given: Mapping[str, str], name: str, *, instead: str = "") -> tuple[str, ...]:
    """Return the addresses that a setting names; `instead` says where a name and password belong.

    An address stands in logs, errors and seals: nothing secret may be in it.

    Raises:
        BadInputError: One is no web address, or holds a name or a password.
    """
    found = tuple(given.get(name, "").split())
    for address in found:
        try:
            parts = urlsplit(address)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if "@" in address:
            raise BadInputError(
                f"{name} holds a user name or a password, which would stand in logs.",
                remedy=instead or "Write the address without what stands before the @.",
            )
        if not usable:
            raise BadInputError(
                f"{name} is no web address.", remedy="Write it as https://host or https://host:port."
            )
    return found


def _encrypted(address: str) -> bool:
    """Return whether what is sent there travels encrypted, or does not leave this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in _LOOPBACK


def _search(given: Mapping[str, str], ca_file: Path | None) -> SearchServer | None:
    """Return the Elasticsearch to search with; None: the embedded index."""
    urls = _addresses(
        given, "MUNIMENT_SEARCH_URL", instead="Write it in MUNIMENT_SEARCH_USER and MUNIMENT_SEARCH_PASSWORD."
    )
    user, key = given.get("MUNIMENT_SEARCH_USER") or None, given.get("MUNIMENT_SEARCH_API_KEY") or None
    if not urls:
        return None
    if not all(map(_encrypted, urls)):
        raise BadInputError(
            "MUNIMENT_SEARCH_URL must begin with https://: records would travel in the clear.",
            remedy="Write it as https://host:9200; http:// is for this machine only.",
        )
    if user and key:
        raise BadInputError(
            "MUNIMENT_SEARCH_USER and MUNIMENT_SEARCH_API_KEY are both given.",
            remedy="Take one of the two away.",
        )
    return SearchServer(
        urls=urls,
        user=user,
        password=given.get("MUNIMENT_SEARCH_PASSWORD") or None,
        api_key=key,
        ca_file=_file(given, "MUNIMENT_SEARCH_CA_FILE") or ca_file,
    )


def _store(given: Mapping[str, str]) -> StoreAddress | None:
    """Return the bucket that archives lie in; None: none, they lie in MUNIMENT_HOME."""
    address = given.get("MUNIMENT_STORE")
    if not address:
        return None
    parts = _STORE.fullmatch(address)
    if parts is None or {".", ".."} & set(parts[2].split("/")):
        raise BadInputError(
            "MUNIMENT_STORE is no place in a bucket.",
            remedy="Write it as s3://bucket/prefix, such as s3://records/muniment.",
        )
    named = _addresses(
        given,
        "MUNIMENT_STORE_ENDPOINT",
        instead="Give the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile in AWS_PROFILE.",
    )
    endpoint = next(iter(named), None)
    if endpoint is not None and not _encrypted(endpoint):
        raise BadInputError(
            "MUNIMENT_STORE_ENDPOINT must begin with https://: records would travel in the clear.",
            remedy="Give the S3 server a certificate; http:// is for this machine only.",
        )
    days = given.get("MUNIMENT_EVIDENCE_LOCK_DAYS") or str(_TEN_YEARS_IN_DAYS)
    if not days.isdecimal():
        raise BadInputError(
            "MUNIMENT_EVIDENCE_LOCK_DAYS is no number of days.", remedy="Write 3653, or 0 for none."
        )
    return StoreAddress(
        bucket=parts[1],
        prefix=parts[2],
        endpoint=endpoint,
        region=given.get("MUNIMENT_STORE_REGION") or None,
        evidence_lock_days=int(days),
    )
