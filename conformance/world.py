"""The truth: one platform-neutral, mutable model of accounts, posts and comment trees.

Every change is an event with a time. The world shows what is true at `clock.now`: events up to now are
applied, later ones wait, so a whole dated script can be written down first and played by moving the clock.
What has been shown is never changed afterwards: an event earlier than the last applied one is refused.

A change without a time happens now, one `tick` later, so that a small test needs no dates.
"""

from __future__ import annotations

import heapq
import itertools
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from conformance import naming
from conformance.clock import Clock, iso
from conformance.item import COMMENT, POST, PUBLIC, Account, Item, Link, Media, Version
from conformance.shelf import Shelf

__all__ = ["World"]

MINUTE = timedelta(minutes=1)
Facts = Mapping[str, Any]


class World:
    """What the platforms really hold. Fakes read it, tests and scripts change it.

    Lists come oldest first and hold what is live now, hidden items included (`item.shown` tells); they are
    the world's own lists: read them, never change them. Hold `lock` while reading from several threads.
    """

    def __init__(self, clock: Clock | None = None, *, tick: timedelta = MINUTE) -> None:
        self.clock = clock or Clock()
        self.tick = tick
        self.lock = threading.RLock()
        self._pending: list[tuple[datetime, int, Callable[[], Facts]]] = []
        self._order = itertools.count()
        self._serials = itertools.count(1000)
        self._account_serials = itertools.count(1)
        self._site_serials: dict[tuple[str, str], Iterator[int]] = {}
        self._applied_to: datetime | None = None
        self._log: list[Facts] = []
        self._accounts: dict[tuple[str, str], Account] = {}
        self._handles: dict[tuple[str, str], Account] = {}
        self._shelf = Shelf()

    # ---- time ---------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The sandbox time."""
        return self.clock.now

    def sync(self) -> None:
        """Apply what has become due. A fake's core calls it before each request, queries call it too."""
        if self._pending and self._pending[0][0] <= self.clock.now:
            with self.lock:
                while self._pending and self._pending[0][0] <= self.clock.now:
                    at, _, act = heapq.heappop(self._pending)
                    self._applied_to = at
                    self._log.append({"at": iso(at), **act()})

    def _plan(self, at: datetime | None, act: Callable[[], Facts]) -> None:
        at = self._moment(at)
        with self.lock:
            if self._applied_to is not None and at < self._applied_to:
                raise ValueError("this time has been shown already: the past does not change")
            heapq.heappush(self._pending, (at, next(self._order), act))

    def _moment(self, at: datetime | None) -> datetime:
        return self.clock.now if at is None else at

    def _due(self, at: datetime | None) -> datetime:
        return self.clock.wait(self.tick.total_seconds()) if at is None else at

    # ---- changes ------------------------------------------------------------------------------------------

    def account(
        self,
        platform: str,
        handle: str,
        name: str = "",
        *,
        id: str | None = None,  # noqa: A002 - the word of every platform
        owned: bool = False,
        at: datetime | None = None,
        **more: Any,
    ) -> Account:
        """Open an account, the council's (`owned`) or anybody's. `more`: further fields of `Account`."""
        serial = next(self._account_serials)
        account = Account(
            platform=platform,
            id=id or naming.account_id(platform, serial, handle),
            handle=handle,
            name=name or handle,
            serial=serial,
            owned=owned,
            created_at=self._moment(at),
            **more,
        )
        if (platform, account.id) in self._accounts:
            raise ValueError("an account of this id exists already")
        self._accounts[platform, account.id] = account

        def act() -> Facts:
            account.exists = True
            self._handles[platform, account.handle.lower()] = account
            return {"act": "account", "account": account.key, **account.told(), "owned": owned}

        self._plan(at, act)
        return account

    def post(self, account: Account, text: str, *, kind: str = POST, **more: Any) -> Item:
        """Publish a post (or `kind="page"`) on an account. `more` as in `comment`; `author` if another's."""
        return self._create(account, more.pop("author", account), None, kind, text, more)

    def comment(self, parent: Item, text: str, *, author: Account, **more: Any) -> Item:
        """Answer an item, at any depth.

        Args:
            parent: What is answered.
            text: The first version.
            author: Who writes.
            more: `at` (when it appears), `created_at` (the time it tells, if another: backdated), `title`,
                `media`, `links`, `language`, `shown` (born `held` or `spam`), `native_id`, `metrics`,
                `facts`.
        """
        return self._create(parent.account, author, parent, COMMENT, text, more)

    def edit(
        self,
        item: Item,
        text: str | None = None,
        *,
        at: datetime | None = None,
        title: str | None = None,
        media: Sequence[Media] | None = None,
        links: Sequence[Link] | None = None,
    ) -> None:
        """Make a new version; what is not named stays as it was."""
        when = self._due(at)

        def act() -> Facts:
            if not item.is_live:
                return {"act": "void", "item": item.key}
            old, number = item.current, len(item.versions)
            native = ""
            if item.platform == "x":
                native = naming.item_id(
                    "x", kind=item.kind, serial=next(self._serials), owner_id=item.author.id, at=when
                )
            version = Version(
                number=number,
                at=when,
                text=old.text if text is None else text,
                title=old.title if title is None else title,
                media=old.media if media is None else tuple(media),
                links=old.links if links is None else tuple(links),
                language=old.language,
                native_id=native,
            )
            item.versions.append(version)
            item.changed_at = when
            self._shelf.name(item)
            return {"act": "edit", "item": item.key, "ids": item.ids, **version.told()}

        self._plan(when, act)

    def delete(self, item: Item, *, at: datetime | None = None, subtree: bool = True) -> None:
        """Take an item away for good, and all below it unless `subtree` is false (X, Bluesky, Mastodon)."""
        when = self._due(at)

        def act() -> Facts:
            if not item.is_live:
                return {"act": "void", "item": item.key}
            gone = [item, *(self._shelf.below(item) if subtree else ())]
            for each in gone:
                each.deleted_at = each.changed_at = when
                self._shelf.take(each)
            return {"act": "delete", "item": item.key, "with": [each.key for each in gone[1:]]}

        self._plan(when, act)

    def hide(self, item: Item, word: str = "hidden", *, at: datetime | None = None) -> None:
        """Let the platform show an item as hidden, held, spam, trash or is_hidden: its own word."""
        when = self._due(at)

        def act() -> Facts:
            if not item.is_live or item.shown == word:
                return {"act": "void", "item": item.key}
            item.shown = word
            return {"act": "show", "item": item.key, "shown": word}

        self._plan(when, act)

    def unhide(self, item: Item, *, at: datetime | None = None) -> None:
        """Show an item to the public again."""
        self.hide(item, PUBLIC, at=at)

    def count(self, item: Item | Account, *, at: datetime | None = None, **metrics: int) -> None:
        """Set counters: likes, shares, views, followers. Never a version."""

        def act() -> Facts:
            item.metrics.update(metrics)
            return {"act": "count", "item": item.key, "metrics": metrics}

        self._plan(self._moment(at), act)

    def rename(
        self,
        account: Account,
        *,
        handle: str | None = None,
        name: str | None = None,
        at: datetime | None = None,
    ) -> None:
        """Give an account another handle or name; its id stays."""

        def act() -> Facts:
            self._handles.pop((account.platform, account.handle.lower()), None)
            account.handle = handle or account.handle
            self._handles[account.platform, account.handle.lower()] = account
            account.name = name or account.name
            return {"act": "rename", "account": account.key, **account.told()}

        self._plan(self._due(at), act)

    def suspend(self, account: Account, *, suspended: bool = True, at: datetime | None = None) -> None:
        """Let the platform suspend an account, or restore it. Its items are not deleted."""

        def act() -> Facts:
            account.suspended = suspended
            return {"act": "suspend", "account": account.key, "suspended": suspended}

        self._plan(self._due(at), act)

    # ---- questions ----------------------------------------------------------------------------------------

    def accounts(self, platform: str | None = None, *, owned: bool | None = None) -> tuple[Account, ...]:
        """Return the accounts that exist now."""
        self.sync()
        return tuple(
            a
            for a in self._accounts.values()
            if a.exists and platform in (None, a.platform) and owned in (None, a.owned)
        )

    def find_account(self, platform: str, name: str) -> Account | None:
        """Return the account of this id, or of this handle as it is now; handles ignore case."""
        self.sync()
        by_id = self._accounts.get((platform, name))
        if by_id is not None and by_id.exists:
            return by_id
        return self._handles.get((platform, name.removeprefix("@").lower()))

    def find(self, platform: str, native_id: str, *, kind: str | None = None) -> Item | None:
        """Return the item that ever bore this id, deleted ones too (`is_live` tells); None if never seen.

        WordPress counts posts and comments apart: name the kind there.
        """
        self.sync()
        return self._shelf.find(platform, native_id, kind)

    def item(self, key: str) -> Item:
        """Return the item of this key of the truth log, or raise KeyError."""
        return self._shelf.by_key[key]

    def items(self, platform: str | None = None) -> Iterator[Item]:
        """Yield every live item, in the order in which they were made."""
        self.sync()
        return (i for i in self._shelf.by_key.values() if i.is_live and platform in (None, i.platform))

    def posts_of(self, account: Account, *, kind: str = POST) -> Sequence[Item]:
        """Return the posts (or pages) on an account, oldest first."""
        self.sync()
        return self._shelf.posts(account, kind)

    def written_by(self, account: Account) -> Sequence[Item]:
        """Return everything an account wrote, replies too (a timeline), oldest first."""
        self.sync()
        return self._shelf.written(account)

    def children(self, item: Item) -> Sequence[Item]:
        """Return the direct answers to an item, oldest first."""
        self.sync()
        return self._shelf.children(item)

    def below(self, item: Item) -> Sequence[Item]:
        """Return all answers below an item at every depth, oldest first."""
        self.sync()
        return self._shelf.below(item)

    def log(self) -> list[Facts]:
        """Return the log of what has happened so far: see FORMAT.md."""
        self.sync()
        with self.lock:
            return list(self._log)

    def truth(self) -> Iterator[str]:
        """Yield the same as JSON Lines."""
        return (json.dumps(line, ensure_ascii=False) for line in self.log())

    # ---- inside -------------------------------------------------------------------------------------------

    def _create(  # noqa: PLR0917 - private, called twice
        self,
        account: Account,
        author: Account,
        parent: Item | None,
        kind: str,
        text: str,
        more: dict[str, Any],
    ) -> Item:
        when = self._due(more.pop("at", None))
        created_at = more.pop("created_at", None) or when
        serial = self._serial(account, kind)
        item = Item(
            key=f"{account.platform}/{account.serial}/{kind}/{serial}",
            platform=account.platform,
            kind=kind,
            serial=serial,
            native_id=more.pop("native_id", None)
            or naming.item_id(
                account.platform,
                kind=kind,
                serial=serial,
                owner_id=account.id if account.platform == "feed" else author.id,
                at=created_at,
            ),
            account=account,
            author=author,
            parent=parent,
            created_at=created_at,
            appeared_at=when,
            shown=more.pop("shown", PUBLIC),
            metrics=dict(more.pop("metrics", {})),
            facts=dict(more.pop("facts", {})),
        )
        first = Version(
            number=0,
            at=created_at,
            text=text,
            title=more.pop("title", None),
            media=tuple(more.pop("media", ())),
            links=tuple(more.pop("links", ())),
            language=more.pop("language", "en"),
            native_id=item.native_id,
        )
        if more:
            raise TypeError(f"unknown: {', '.join(more)}")
        self._plan(when, lambda: self._appear(item, first))
        return item

    def _serial(self, account: Account, kind: str) -> int:
        if account.platform not in ("wordpress", "feed"):
            return next(self._serials)
        counter = self._site_serials.setdefault(
            (account.key, COMMENT if kind == COMMENT else POST),
            itertools.count(naming.site_base(account.serial) + 1),
        )
        return next(counter)

    def _appear(self, item: Item, first: Version) -> Facts:
        if item.parent is not None and not item.parent.is_live:
            return {"act": "void", "item": item.key}
        item.exists = True
        item.versions.append(first)
        self._shelf.put(item)
        return {
            "act": "create",
            "item": item.key,
            "platform": item.platform,
            "kind": item.kind,
            "ids": item.ids,
            "account": item.account.key,
            "author": item.author.key,
            "own": item.author.owned,
            "parent": None if item.parent is None else item.parent.key,
            "root": item.root.key,
            "created_at": iso(item.created_at),
            "shown": item.shown,
            **first.told(),
        }
