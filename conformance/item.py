"""What a world is made of: accounts, items (posts, pages, comments), their versions, media and links."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from conformance import naming, picture

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["COMMENT", "PAGE", "POST", "PUBLIC", "Account", "Item", "Link", "Media", "Version", "visible"]

POST = "post"
PAGE = "page"
COMMENT = "comment"
PUBLIC = "public"

_TAG = re.compile(r"<br\s*/?>|</?(?:p|div|li|ul|ol|h\d|blockquote)[^>]*>", re.IGNORECASE)
_OTHER_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_FOLD = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2026": "...",
        "\u2013": "-",
        "\u2014": "-",
        "\u200b": None,
    }
)


def visible(text: str) -> str:
    """Return the words a reader sees: no mark-up, single spaces, typographic quotes and dashes made plain.

    WordPress turns straight quotes into curly ones, Mastodon wraps paragraphs in HTML: neither is an edit.
    """
    bare = html.unescape(_OTHER_TAG.sub("", _TAG.sub(" ", text)))
    plain = unicodedata.normalize("NFC", bare).translate(_FOLD).replace("---", "-").replace("--", "-")
    return " ".join(plain.split())


@dataclass(frozen=True, kw_only=True)
class Media:
    """A file attached to a version. Its bytes follow from its id alone."""

    id: str
    kind: str = "image"
    alt: str | None = None
    mime: str = "image/png"
    width: int = 48
    height: int = 32

    @cached_property
    def body(self) -> bytes:
        """The file."""
        return picture.png(self.id, self.width, self.height)

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal digest of the file."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address in a text and where it leads in the end."""

    url: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One state of an item's content. Number 0 is the first; `native_id` differs by version on X only."""

    number: int
    at: datetime
    text: str
    title: str | None = None
    media: tuple[Media, ...] = ()
    links: tuple[Link, ...] = ()
    language: str = "en"
    native_id: str = ""

    def told(self) -> dict[str, Any]:
        """Return its content as the truth log tells it."""
        return {
            "version": self.number,
            "title": self.title,
            "text": self.text,
            "media": [m.sha256 for m in self.media],
            "links": [[link.url, link.target] for link in self.links],
        }


@dataclass(slots=True, kw_only=True, eq=False)
class Account:
    """Somebody who posts: a council account (`owned`), a resident, or anybody else.

    `id` never changes; `handle` and `name` may. `facts` holds whatever a fake or the sandbox wants to know.
    """

    platform: str
    id: str
    handle: str
    name: str
    serial: int
    owned: bool = False
    suspended: bool = False
    exists: bool = False
    created_at: datetime | None = None
    description: str = ""
    server: str = ""
    language: str = "en"
    metrics: dict[str, int] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Name in the truth log: platform and id."""
        return f"{self.platform}:{self.id}"

    def told(self) -> dict[str, Any]:
        """Return who it is, as the truth log tells it."""
        return {"platform": self.platform, "id": self.id, "handle": self.handle, "name": self.name}


@dataclass(slots=True, kw_only=True, eq=False)
class Item:
    """A post, page or comment through its whole life. Read it freely; change it through the world only.

    Attributes:
        account: Whose place it stands in (the council account whose post or thread this is).
        author: Who wrote it.
        root: The post on top of its thread; itself for a post.
        shown: `public`, or the platform's own word: hidden, held, spam, trash, is_hidden.
        created_at: The time the platform tells; `appeared_at` is when it could first be seen.
    """

    key: str
    platform: str
    kind: str
    serial: int
    native_id: str
    account: Account
    author: Account
    parent: Item | None
    created_at: datetime
    appeared_at: datetime
    root: Item = field(init=False)
    exists: bool = False
    versions: list[Version] = field(default_factory=list)
    shown: str = PUBLIC
    deleted_at: datetime | None = None
    changed_at: datetime = field(init=False)
    metrics: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = self if self.parent is None else self.parent.root
        self.changed_at = self.appeared_at

    @property
    def current(self) -> Version:
        """The newest version."""
        return self.versions[-1]

    @property
    def text(self) -> str:
        """The newest version's text."""
        return self.versions[-1].text

    @property
    def is_live(self) -> bool:
        """Whether it is there now, hidden or not."""
        return self.exists and self.deleted_at is None

    @property
    def is_public(self) -> bool:
        """Whether a reader without a sign-in sees it now, as far as the item itself decides."""
        return self.is_live and self.shown == PUBLIC

    @property
    def is_edited(self) -> bool:
        """Whether it has more than one version."""
        return len(self.versions) > 1

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id that names it: see `naming.aliases`; on X each edit's own id too."""
        plain = naming.aliases(
            self.platform,
            native_id=self.native_id,
            home_id=self.account.id,
            root_id=self.root.native_id,
            is_comment=self.kind == COMMENT,
        )
        edits = tuple(v.native_id for v in self.versions if v.native_id and v.native_id != self.native_id)
        return plain + edits
