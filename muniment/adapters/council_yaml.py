"""The council's file, `councils/<council>.yml`: its accounts, strictly checked, in an officer's words.

Every mistake is told at once, with file and line and what to write instead. The file names credentials
and never holds one: what looks like a secret is refused. docs/operate/account-register.md explains every
field; councils/example_borough.yml is a complete example.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from muniment.adapters.strict_yaml import in_words, line_of, line_of_node, read, refuse, repeated_keys
from muniment.domain.allowance import Allowance
from schemas.account import WEB_ADDRESS, Account
from schemas.vocabulary import AccountKind, OnDeletion

__all__ = ["Council", "CredentialSource", "Entry", "load"]

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]

_STRICT = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
_SECRET: Final = re.compile(
    r"AAAAAAAAAAAAAAAAAAAAA|EAA[A-Za-z0-9]{40,}|-----BEGIN|eyJ[A-Za-z0-9_-]{20,}\.|"
    r"^(?=.*\d)(?=.*[A-Z])(?=.*[a-z])[A-Za-z0-9_\-]{40,}$|^([a-zA-Z0-9]{4} ){5}[a-zA-Z0-9]{4}$"
)
_SECRET_KEYS: Final = frozenset({"password", "token", "secret", "access_token", "api_key", "app_password"})
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


class Person(BaseModel):
    """Who may post or moderate, from when until when: "who could post on that day?"."""

    model_config = _STRICT
    name: Words
    role: Literal["moderator", "user"] = "user"
    since: date = Field(alias="from")
    until: date | None = None
    declaration_on: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Person":
        if self.until is not None and self.until < self.since:
            raise ValueError("'until' is before 'from'")
        return self


class AccountEntry(BaseModel):
    """One account as the file has it."""

    model_config = _STRICT
    account: Slug
    platform: Words
    handle: Words
    native_id: Words | None = None
    base_url: Annotated[str, StringConstraints(pattern=WEB_ADDRESS)] | None = None
    kind: AccountKind = AccountKind.CORPORATE
    owner: Words | None = None
    owners: tuple[Words, ...] = ()
    lead: Words | None = None
    sponsor: Words | None = None
    deputy: Words | None = None
    people: tuple[Person, ...] = ()
    approved_by: Words | None = None
    approved_on: date | None = None
    risk_assessed_on: date | None = None
    opened_on: date | None = None
    closed_on: date | None = None
    campaign_from: date | None = None
    campaign_until: date | None = None
    guideline: Words | None = None
    expected_per_week: Annotated[int, Field(ge=0)] | None = None
    interval: Annotated[str, StringConstraints(pattern=r"^[1-9]\d*[mhd]$")] = "15m"
    backfill_from: date | None = None
    on_deletion: OnDeletion = OnDeletion.RETAIN
    legal_basis: Words | None = None
    credential: Slug | None = None
    max_media_mb: Annotated[int, Field(gt=0, le=20_000)] = 200
    options: dict[Slug, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _makes_sense(self) -> "AccountEntry":
        if self.on_deletion is OnDeletion.HONOUR and self.legal_basis is None:
            raise ValueError("'on_deletion: honour' needs a 'legal_basis': who agreed, under which rule")
        if self.closed_on and self.opened_on and self.closed_on < self.opened_on:
            raise ValueError("'closed_on' is before 'opened_on'")
        shared = self.kind is AccountKind.SHARED_SERVICE
        if shared and (self.lead not in self.owners or len(self.owners) == 1):
            raise ValueError(
                "a shared-service account needs 'owners' (two councils or more) and a 'lead' among them, "
                "who answers FOI requests and keeps the schedule"
            )
        if self.kind is AccountKind.CAMPAIGN and self.campaign_from is None:
            raise ValueError("a campaign account needs 'campaign_from'")
        if self.campaign_from and self.campaign_until and self.campaign_until < self.campaign_from:
            raise ValueError("'campaign_until' is before 'campaign_from'")
        return self


class CredentialSource(BaseModel):
    """Where a credential is found, and what may be spent with it."""

    model_config = _STRICT
    env: dict[Slug, Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]] | None = None
    file: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] | None = None
    prefect_block: Slug | None = None
    usd_per_month: Annotated[float, Field(gt=0)] | None = None
    calls_per_day: Annotated[int, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "CredentialSource":
        if sum(place is not None for place in (self.env, self.file, self.prefect_block)) != 1:
            raise ValueError("say exactly one of 'env', 'file' and 'prefect_block'")
        return self


class Sandbox(BaseModel):
    """A council of fakes, for trying muniment out; only such a council may have a clock of its own."""

    model_config = _STRICT
    clock: Annotated[str, StringConstraints(pattern=r"^http://(127\.0\.0\.1|localhost):\d+/")]


class CouncilFile(BaseModel):
    """The whole file."""

    model_config = _STRICT
    council: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]
    name: Words
    sandbox: Sandbox | None = None
    backups_kept_days: Annotated[int, Field(gt=0, le=3_650)] | None = None
    credentials: dict[Slug, CredentialSource] = Field(default_factory=dict)
    accounts: Annotated[tuple[AccountEntry, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An account, and what the register says of it beyond what capture needs."""

    account: Account
    details: AccountEntry

    @property
    def owner_service(self) -> str:
        """The owner, or the councils that share it, the lead first."""
        shared = sorted(self.details.owners, key=lambda owner: owner != self.details.lead)
        return self.details.owner or ", ".join(shared)


@dataclass(frozen=True, slots=True, kw_only=True)
class Council:
    """A council's file, checked. `digest` is the SHA-256 of its bytes."""

    council: str
    title: str
    sandbox_clock: str | None
    backups_kept_days: int | None
    entries: tuple[Entry, ...]
    credentials: Mapping[str, CredentialSource]
    digest: bytes

    def open_on(self, day: date) -> tuple[Account, ...]:
        """Return the accounts that are open on a day; one that closes on it is still asked."""
        return tuple(
            entry.account
            for entry in self.entries
            if entry.details.closed_on is None or entry.details.closed_on >= day
        )

    @property
    def campaigns(self) -> tuple[tuple[str, date, date | None], ...]:
        """The days of each campaign account."""
        return tuple(
            (entry.account.account, entry.details.campaign_from, entry.details.campaign_until)
            for entry in self.entries
            if entry.details.campaign_from is not None
        )

    @property
    def partners(self) -> Mapping[str, tuple[str, ...]]:
        """The councils with which each shared account is shared, beside its lead."""
        return {
            entry.account.account: tuple(
                sorted(one for one in entry.details.owners if one != entry.details.lead)
            )
            for entry in self.entries
            if entry.details.owners
        }

    @property
    def legal_bases(self) -> Mapping[str, str]:
        """The legal basis of each account whose platform's deletions are honoured."""
        return {
            entry.account.account: entry.details.legal_basis or ""
            for entry in self.entries
            if entry.account.on_deletion is OnDeletion.HONOUR
        }

    def allowance(self, account: Account) -> Allowance:
        """Return what may be spent with an account's credential."""
        source = self.credentials.get(account.credential or "")
        if source is None:
            return Allowance()
        return Allowance(usd_per_month=source.usd_per_month, calls_per_day=source.calls_per_day)


def load(path: Path, platforms: Collection[str]) -> Council:
    """Read and check a council's file.

    Raises:
        BadInputError: With every mistake: file, line, what is wrong, what to write instead.
    """
    told = read(path, example="Start from councils/example_borough.yml.")
    root = told.root
    mistakes = [*_secrets(root), *repeated_keys(root)]
    file: CouncilFile | None = None
    try:
        file = CouncilFile.model_validate(told.value)
    except ValidationError as error:
        found: list[dict[str, Any]] = [
            dict(one) for one in error.errors() if one["type"] != "too_short" or error.error_count() == 1
        ]
        mistakes += [(line_of(root, one["loc"]), _said(one)) for one in found]
    if file is not None:
        mistakes += _across(file, root, platforms, path)
    refuse(path, mistakes)
    if file is None:
        raise AssertionError
    return _council(file, told.digest)


def _council(file: CouncilFile, digest: bytes) -> Council:
    return Council(
        council=file.council,
        title=file.name,
        sandbox_clock=None if file.sandbox is None else file.sandbox.clock,
        backups_kept_days=file.backups_kept_days,
        entries=tuple(Entry(account=_account(file, entry), details=entry) for entry in file.accounts),
        credentials=file.credentials,
        digest=digest,
    )


def _account(file: CouncilFile, entry: AccountEntry) -> Account:
    number, unit = int(entry.interval[:-1]), _UNITS[entry.interval[-1]]
    return Account(
        account=entry.account,
        council=file.council,
        platform=entry.platform,
        handle=entry.handle.removeprefix("@"),
        native_id=entry.native_id,
        base_url=None if entry.base_url is None else entry.base_url.rstrip("/"),
        credential=entry.credential,
        kind=entry.kind,
        interval=timedelta(**{unit: number}),
        backfill_from=entry.backfill_from,
        on_deletion=entry.on_deletion,
        expected_per_week=entry.expected_per_week,
        max_media_bytes=entry.max_media_mb * 1024 * 1024,
        sandbox=file.sandbox is not None,
        options=entry.options,
    )


def _across(
    file: CouncilFile, root: yaml.Node, platforms: Collection[str], path: Path
) -> Iterator[tuple[int, str]]:
    """Yield the mistakes that no single field shows."""
    if path.stem != file.council:
        yield (
            line_of(root, ("council",)),
            f"the file is called {path.name}, so 'council' must be {path.stem}",
        )
    seen: set[str] = set()
    for number, entry in enumerate(file.accounts):
        where = ("accounts", number)
        if entry.account in seen:
            yield line_of(root, (*where, "account")), f"account '{entry.account}' is there twice"
        seen.add(entry.account)
        if entry.platform not in platforms:
            known = ", ".join(sorted(platforms))
            yield (
                line_of(root, (*where, "platform")),
                f"muniment has no platform '{entry.platform}'; write one of {known}",
            )
        if entry.credential is not None and entry.credential not in file.credentials:
            yield (
                line_of(root, (*where, "credential")),
                f"'credentials' names no '{entry.credential}'; add it there, with env, file or prefect_block",
            )


def _secrets(node: yaml.Node) -> Iterator[tuple[int, str]]:
    """Yield every value that looks like a secret: a file that officers pass around must not hold one."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "env":
                continue  # its keys name values, and its values name variables
            if isinstance(value, yaml.ScalarNode) and str(key.value).lower() in _SECRET_KEYS:
                yield (
                    line_of_node(key),
                    f"'{key.value}' must not stand in this file: name where it is found instead",
                )
            yield from _secrets(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _secrets(value)
    elif isinstance(node, yaml.ScalarNode) and _SECRET.search(str(node.value)):
        yield line_of_node(node), "this looks like a secret: take it out, and name where it is found instead"


def _said(mistake: Mapping[str, Any]) -> str:
    given = str(mistake.get("input"))
    return in_words(mistake, page=_PAGE, hints=_PATTERNS, hidden=_SECRET.search(given) is not None)


_PAGE: Final = "docs/operate/account-register.md"
_PATTERNS: Final = {
    "account": "write a short name of small letters, digits and hyphens, such as x-main",
    "council": "write small letters, digits and underscores, such as anytown",
    "credential": "write a short name of small letters, digits and hyphens",
    "interval": "write 15m, 6h or 1d",
    "base_url": "write an address that begins with https://, without a user name",
    "clock": "a sandbox clock is served on 127.0.0.1",
    "file": "write the name of a file in the secrets folder, without a path",
}
