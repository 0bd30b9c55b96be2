"""Where a world keeps its items: lists by account, author, parent and thread; no request scans them all."""

from __future__ import annotations

import bisect
from collections import defaultdict
from typing import TYPE_CHECKING

from conformance.item import COMMENT, PAGE, POST, Account, Item

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

__all__ = ["Shelf"]


def _age(item: Item) -> tuple[datetime, int]:
    return item.created_at, item.serial


class Shelf:
    """Live items in lists, oldest first; every item that ever was by key and by each of its ids."""

    def __init__(self) -> None:
        self.by_key: dict[str, Item] = {}
        self._by_id: dict[tuple[str, str, str], Item] = {}
        self._posts: dict[str, list[Item]] = defaultdict(list)
        self._written: dict[str, list[Item]] = defaultdict(list)
        self._children: dict[str, list[Item]] = defaultdict(list)
        self._threads: dict[str, list[Item]] = defaultdict(list)

    def put(self, item: Item) -> None:
        """Put a new item into its lists."""
        self.by_key[item.key] = item
        self.name(item)
        for line in self._lists(item):
            bisect.insort(line, item, key=_age)

    def name(self, item: Item) -> None:
        """Make an item known by all its ids."""
        for each in item.ids:
            self._by_id[item.platform, item.kind, each] = item

    def take(self, item: Item) -> None:
        """Take a deleted item out of its lists; it is still found by its ids."""
        for line in self._lists(item):
            place = bisect.bisect_left(line, _age(item), key=_age)
            if place < len(line) and line[place] is item:
                del line[place]

    def find(self, platform: str, native_id: str, kind: str | None) -> Item | None:
        """Return the item of this id; without a kind, a post before a comment before a page."""
        kinds = (POST, COMMENT, PAGE) if kind is None else (kind,)
        found = (self._by_id.get((platform, each, native_id)) for each in kinds)
        return next((item for item in found if item is not None), None)

    def posts(self, account: Account, kind: str) -> Sequence[Item]:
        """Return what stands on an account."""
        return self._posts[f"{account.key} {kind}"]

    def written(self, account: Account) -> Sequence[Item]:
        """Return what an account wrote."""
        return self._written[account.key]

    def children(self, item: Item) -> Sequence[Item]:
        """Return the direct answers."""
        return self._children[item.key]

    def below(self, item: Item) -> list[Item]:
        """Return the answers at every depth."""
        if item.parent is None:
            return [each for each in self._threads[item.key] if each is not item]
        found: list[Item] = []
        waiting = [item]
        while waiting:
            answers = self._children[waiting.pop().key]
            found += answers
            waiting += answers
        return sorted(found, key=_age)

    def _lists(self, item: Item) -> Iterator[list[Item]]:
        if item.parent is None:
            yield self._posts[f"{item.account.key} {item.kind}"]
        else:
            yield self._children[item.parent.key]
        yield self._written[item.author.key]
        yield self._threads[item.root.key]
