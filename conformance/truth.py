"""The truth log folded into what was true when: who had which item, in which state, at any instant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.clock import from_iso
from conformance.item import PUBLIC, visible

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Truth", "TruthItem"]

Line = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class TruthItem:
    """One item through its life. `texts` are visible texts by version number."""

    key: str
    platform: str
    kind: str
    ids: list[str]
    account: str
    parent: TruthItem | None
    created_at: datetime
    appeared_at: datetime
    texts: list[str]
    shown: list[tuple[datetime, str]]
    media: set[str] = field(default_factory=set)
    deleted_at: datetime | None = None

    @property
    def root(self) -> TruthItem:
        """The post on top of its thread."""
        item = self
        while item.parent is not None:
            item = item.parent
        return item

    def words(self) -> set[str]:
        """Return every word under which it was ever shown."""
        return {word for _, word in self.shown}

    def is_deleted(self, at: datetime) -> bool:
        """Whether the platform had deleted it by then."""
        return self.deleted_at is not None and self.deleted_at <= at

    def is_public(self, start: datetime, end: datetime) -> bool:
        """Whether every reader could see it, and what it hangs under, from the start to the end."""
        if self.appeared_at > start or self.is_deleted(end):
            return False
        before = [word for at, word in self.shown if at <= start][-1:]
        within = [word for at, word in self.shown if start < at <= end]
        if any(word != PUBLIC for word in before + within):
            return False
        return self.parent is None or self.parent.is_public(start, end)


class Truth:
    """The whole log, indexed."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.items: dict[str, TruthItem] = {}
        self.by_account: dict[str, list[TruthItem]] = defaultdict(list)
        self._names: dict[tuple[str, str], str] = {}
        self._by_id: dict[tuple[str, str, str], TruthItem] = {}
        self._suspended: dict[str, list[tuple[datetime, bool]]] = {}
        for line in lines:
            self._read(line, from_iso(line["at"]))

    def find(self, platform: str, kind: str, native_id: str) -> TruthItem | None:
        """Return the item that bears any such id; pages and posts count as one kind."""
        return self._by_id.get((platform, "comment" if kind == "comment" else "post", native_id))

    def account(self, platform: str, name: str) -> str:
        """Return an account's key by its id, any handle it ever had, its key, or the address of its site.

        Raises:
            ValueError: The world never had it: nothing that follows from it could be scored.
        """
        plain = name.removeprefix("@").rstrip("/").lower()
        for each in (plain, plain.split("@")[0], plain.rsplit("/", 1)[-1]):
            if (platform, each) in self._names:
                return self._names[platform, each]
        raise ValueError(f"no such account on {platform}: {name}")

    def is_suspended(self, account: str, start: datetime, end: datetime) -> bool:
        """Whether the account was suspended at any time from the start to the end."""
        spans = self._suspended.get(account, [])
        before = [on for at, on in spans if at <= start][-1:]
        return any(before) or any(on for at, on in spans if start < at <= end)

    def _read(self, line: Line, at: datetime) -> None:
        match line["act"]:
            case "account" | "rename":
                for name in (line["id"], line["handle"], line["account"]):
                    self._names[line["platform"], name.lower()] = line["account"]
            case "suspend":
                self._suspended.setdefault(line["account"], []).append((at, line["suspended"]))
            case "create":
                self._create(line, at)
            case "edit":
                item = self.items[line["item"]]
                item.texts.append(_text(line))
                item.media.update(line["media"])
                self._name(item, line["ids"])
            case "delete":
                for key in (line["item"], *line["with"]):
                    self.items[key].deleted_at = at
            case "show":
                self.items[line["item"]].shown.append((at, line["shown"]))

    def _create(self, line: Line, at: datetime) -> None:
        item = TruthItem(
            key=line["item"],
            platform=line["platform"],
            kind=line["kind"],
            ids=[],
            account=line["account"],
            parent=None if line["parent"] is None else self.items[line["parent"]],
            created_at=from_iso(line["created_at"]),
            appeared_at=at,
            texts=[_text(line)],
            shown=[(at, line["shown"])],
            media=set(line["media"]),
        )
        self.items[item.key] = item
        self.by_account[item.account].append(item)
        self._name(item, line["ids"])

    def _name(self, item: TruthItem, ids: Iterable[str]) -> None:
        for each in ids:
            self._by_id[item.platform, "comment" if item.kind == "comment" else "post", each] = item
        item.ids = list(ids)


def _text(line: Line) -> str:
    return visible(f"{line.get('title') or ''} {line.get('text') or ''}")
