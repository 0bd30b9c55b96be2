"""The contract that every platform keeps: read this first when adding one.

A connector has three verbs that touch the network (`check`, `pages`, `fetch`), all through its
transport. Everything else is pure: it reads exhibits and records from bytes that were kept, today or in
twenty years. Adding a platform is one module with such a class, one line in `registry.py`, golden pairs
under `tests/examples/<platform>/`, a fake in the conformance kit, and a page in `docs/platforms/`.

How a walk goes: the service opens it, `pages` yields responses in the platform's order. Each response
carries the marker where the next run would go on (None on the last only), what it says of each listing
it pages, and on an Edge's first page the signpost. An error is raised as a class of `schemas.errors`
after the pages before it were yielded: page 1 survives page 2. Never return False or None for failure.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, ClassVar, Protocol, TypeAlias

from schemas.account import Account
from schemas.capture import Exhibit, MediaAddress, MediaAnswer, Response, Walk
from schemas.digests import DigestRule
from schemas.observation import Look
from schemas.record import CouncilRecord
from schemas.values import swift
from schemas.vocabulary import Platform, Stream

__all__ = ["Budget", "Connector", "Held", "Identity", "Reading", "Rotate", "Tariff"]

Rotate: TypeAlias = Callable[[Callable[[Mapping[str, str]], Mapping[str, str]]], Mapping[str, str]]
"""Where a credential that its platform rotates is kept. Under the credential's lock: read the stored
values afresh, hand them to the function, store durably what it returns, return that. The function returns
its argument when another process has renewed meanwhile. Nothing new is used before it is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the archive holds already, to be asked in the middle of a walk.

    `ids`: which of these records (record_id -> native id) it holds as they stand, by just that native id, so
    that they need no second fetch. `exhibits`: the newest of what was kept of each of these records, by their
    record_id; nothing for those of which nothing is held.
    """

    ids: Callable[[Mapping[str, str]], frozenset[str]]
    exhibits: Callable[[Collection[str]], Iterable[Exhibit]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose account a credential speaks for, and what it may not do.

    `missing` are permissions that are lacking, each with how to get it, in an officer's words.
    `posts` and `comments` are totals for the estimate, None where the platform tells none. `site` is
    the fixed name in record ids where a platform has instances (WordPress: host and path of `home`).
    """

    native_id: str
    handle: str
    name: str | None
    missing: tuple[str, ...] = ()
    posts: int | None = None
    comments: int | None = None
    site: str | None = None

    def is_of(self, account: Account) -> bool:
        """Return whether this is the register's account: by its id, or by its handle until that is known.

        A handle may change later; an id does not.
        """
        if account.native_id is not None:
            return account.native_id == self.native_id
        return _plain(account.handle) in (_plain(self.handle), _plain(self.native_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What reading costs, for the estimate before a backfill and for the budget of each run.

    `calls` in `per_seconds` is the rate that we keep to; `item_micros` the price of one item in
    millionths of a US dollar; `page_items` how many items a full page brings.
    """

    page_items: int
    calls: int
    per_seconds: int
    item_micros: int = 0


class Budget(Protocol):
    """What one credential may still spend, kept in the register so that every process obeys it."""

    def take(self, now: datetime, cost_micros: int) -> datetime | None:
        """Count one call; return when to make it instead, if the rate says to wait.

        Raises:
            BudgetSpentError: The calls or the money of the period are spent.
        """
        ...

    def pause(self, until: datetime) -> None:
        """Remember that the platform wants no call before `until`."""
        ...

    def add_cost(self, now: datetime, cost_micros: int) -> None:
        """Add what an answer turned out to cost beyond what was taken for it."""
        ...


@swift
@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an exhibit says.

    `record` None: it shows no content (a 404). `look` None: an entry of an edit history says nothing
    of now. `shape` and `items` (the exhibit's parts, decoded) are what a digest rule reads: JSON, or a
    `msgspec.Struct` that has every field which a rule names.
    `leftover`: fields of the item that this reader does not know (drift).
    """

    record: CouncilRecord | None
    look: Look | None
    shape: str = "live"
    items: tuple[Any, ...] = ()
    leftover: tuple[str, ...] = ()


class Connector(Protocol):
    """One platform, for one account. `registry.py` builds it from account, secrets and transport.

    Attributes:
        platform: Its name, as in the registry.
        version: The connector's own version; raised when what it asks or reads changes.
        digest_rules: By number, never changed once published; a new record gets the highest.
        streams: The streams it can walk.
        edges: Those of them whose newest can be asked for; of the others records come by thread alone.
        tariff: What reading costs.
        never: What this platform can never give us, one plain sentence each, for `coverage`.
        tracking: True when posts pages carry comment totals, so quiet threads need no call.
    """

    platform: ClassVar[Platform]
    version: ClassVar[str]
    digest_rules: ClassVar[Mapping[int, DigestRule]]
    streams: ClassVar[tuple[Stream, ...]]
    edges: ClassVar[tuple[Stream, ...]]
    tariff: ClassVar[Tariff]
    never: ClassVar[tuple[str, ...]]
    tracking: ClassVar[bool]

    def check(self) -> Identity:
        """Ask whose credential this is. Raises AccountError; WrongAccountError is the service's to raise."""
        ...

    def pages(self, walk: Walk, held: Held) -> Iterator[Response]:
        """Yield the walk's responses, from its marker on.

        Every Ask: an Edge or a Window over POSTS or PROFILE; Threads over COMMENTS; Ids over either; an
        Edge over COMMENTS where `edges` names it.
        Every page's own author ids are checked against the account's native_id: WrongAccountError.
        """
        ...

    def fetch(self, address: MediaAddress, into: BinaryIO) -> MediaAnswer:
        """Stream a media file into `into`, or resolve a short link; never with a credential."""
        ...

    def exhibits(self, response: Response) -> Iterator[Exhibit]:
        """Cut a response into exhibits, one for each record it speaks of. Pure.

        Raises MalformedItemError only for a body that cannot be cut at all; the service quarantines it.
        """
        ...

    def read(self, exhibit: Exhibit) -> Reading:
        """Read one exhibit. Pure, and for ever able to read what any earlier version of it kept.

        Raises MalformedItemError for an item it does not understand: it is filed as `unread`.
        """
        ...

    def addresses(self, response: Response) -> Iterator[MediaAddress]:
        """Yield where the media of a response's records can be had. Pure.

        Asked of responses with a record that names media only.
        """
        ...


def _plain(handle: str) -> str:
    return handle.removeprefix("@").partition("@")[0].casefold()
