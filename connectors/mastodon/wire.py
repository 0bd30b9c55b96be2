"""Mastodon's answers as the walks need them: few fields, typed, so that a changed shape is told at once.

Ids are strings: their form differs from server to server, and they are never counted with.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

import msgspec

from connectors.decoding import Decoder, instant
from connectors.transport import Answer
from schemas.capture import Cursor, RecordRef
from schemas.errors import StreamRefusedError
from schemas.vocabulary import Reason

__all__ = [
    "AROUND",
    "CONTEXT",
    "HISTORY",
    "MESSAGES",
    "PAGE",
    "PROFILE_OF",
    "ROOT",
    "STATUS",
    "STATUSES",
    "Account",
    "Lines",
    "Marker",
    "Page",
    "Seen",
    "Thread",
    "Tree",
    "account_of",
    "page_of",
    "seen_of",
    "tree_of",
]

STATUSES: Final = "/api/v1/accounts/{id}/statuses"
PROFILE_OF: Final = "/api/v1/accounts/{id}"
CONTEXT: Final = "/api/v1/statuses/{id}/context"
STATUS: Final = "/api/v1/statuses/{id}"
HISTORY: Final = "/api/v1/statuses/{id}/history"
AROUND: Final = f"{CONTEXT}, for where it stands"
ROOT: Final = f"{STATUS}, for its number of answers"
"""Asked for something else than the records in them: what they show is kept too, but is no look."""

PAGE: Final = 40
"""The most statuses that a page holds."""
MESSAGES: Final = frozenset({"direct", "limited", "list"})
"""Visibilities of what is written to named people: `limited` is Mastodon's own, `list` Pleroma's."""
_COUNTED: Final = frozenset({"public", "unlisted"})
"""What `replies_count` counts."""

Lines: TypeAlias = dict[str, str]
"""Names of thread and parent of one answer: what its `links` part says."""


class Marker(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """Where a walk goes on: the page (max_id), or how many threads or ids are done.

    `told`: the statuses of the thread after those whose edit history came already.
    """

    max_id: str | None = None
    done: int = 0
    told: tuple[str, ...] = ()

    @property
    def encoded(self) -> str:
        """The marker as the register keeps it."""
        return msgspec.json.encode(self).decode()


class Author(msgspec.Struct):
    """Who wrote a status."""

    id: str


class Seen(msgspec.Struct):
    """A status, as far as walking goes.

    Its times are text: the server of a stranger who answers may state one that is in no calendar.
    """

    id: str
    uri: str
    created_at: str
    account: Author
    visibility: str
    in_reply_to_id: str | None = None
    edited_at: str | None = None
    replies_count: int = 0

    @property
    def is_message(self) -> bool:
        """Whether it is written to named people."""
        return self.visibility in MESSAGES


class Account(msgspec.Struct):
    """An account, as its server tells of it."""

    id: str
    username: str
    acct: str
    display_name: str = ""
    statuses_count: int | None = None
    suspended: bool = False


class _Tree(msgspec.Struct):
    ancestors: list[msgspec.Raw]
    descendants: list[msgspec.Raw]


_account: Final = Decoder(Account)
_list: Final = Decoder(list[msgspec.Raw])
_seen: Final = Decoder(Seen)
_tree: Final = Decoder(_Tree)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Statuses with their exact bytes, in the server's order; `following` is the next page's max_id.

    `newest` is the first status, `oldest` the time of the last; None on an empty page.
    """

    statuses: Sequence[tuple[Seen, bytes]]
    following: str | None
    newest: Cursor | None
    oldest: datetime | None

    def reaches_back_to(self, moment: datetime | None) -> bool:
        """Whether the last status is older than this."""
        return moment is not None and self.oldest is not None and self.oldest < moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What stands above a status and below it, at every depth."""

    ancestors: Sequence[Seen]
    descendants: Sequence[tuple[Seen, bytes]]


class Thread:
    """A thread while it is read: what was given so far, and what the server's own counts say is missing."""

    def __init__(self, root: RecordRef, answers: int) -> None:
        """Begin with the root, and how many direct answers its server counts."""
        self._root = root
        self._uris = {root.native_id: root.record_id}
        self._counts = {root.native_id: answers}
        self._given: dict[str, int] = {}
        self._shown = 0

    def add(self, statuses: Iterable[tuple[Seen, bytes]]) -> None:
        """Take in what one answer gave."""
        for status, _ in statuses:
            if status.id in self._uris:
                continue
            self._uris[status.id] = status.uri
            self._counts[status.id] = status.replies_count
            if status.visibility in _COUNTED:
                self._shown += 1
                parent = status.in_reply_to_id or ""
                self._given[parent] = self._given.get(parent, 0) + 1

    @property
    def lacking(self) -> int:
        """How many answers the counts tell of that were not given."""
        return sum(max(count - self._given.get(each, 0), 0) for each, count in self._counts.items())

    @property
    def reported(self) -> int:
        """How many public answers the server tells of: those it gave, and those it only counts."""
        return self._shown + self.lacking

    def cut_off(self) -> list[str]:
        """Return the local ids of answers that have more answers than were given; never the root's."""
        return [
            each
            for each, count in self._counts.items()
            if count > self._given.get(each, 0) and each != self._root.native_id
        ]

    def uri_of(self, native_id: str) -> str:
        """Return the lasting name of a status that was given."""
        return self._uris[native_id]

    def line_of(self, status: Seen) -> Lines:
        """Return thread and parent of an answer."""
        parent = self._uris.get(status.in_reply_to_id or "")
        line = {"thread": self._root.record_id}
        return line if parent is None else {**line, "parent": parent}


def account_of(answer: Answer) -> Account:
    """Decode an account."""
    try:
        return _account.decode(answer.body)
    except msgspec.DecodeError as error:
        raise _unreadable("account") from error


def page_of(answer: Answer) -> Page:
    """Decode a page of statuses.

    A page that holds anything names its neighbours; where a proxy took that header away, the last id leads
    on, and an empty page is the end.
    """
    try:
        pieces = _list.decode(answer.body)
        statuses = [(_seen.decode(piece), bytes(piece)) for piece in pieces]
        times = [instant(status.created_at) for status, _ in statuses]
    except (msgspec.DecodeError, ValueError) as error:
        raise _unreadable("list of posts") from error
    following = _next_max_id(answer.headers)
    if following is None and statuses and ("link" not in answer.headers or len(statuses) >= PAGE):
        following = statuses[-1][0].id
    return Page(
        statuses=statuses,
        following=following,
        newest=Cursor(native_id=statuses[0][0].id, at=times[0]) if statuses else None,
        oldest=times[-1] if times else None,
    )


def seen_of(answer: Answer) -> Seen:
    """Decode one status."""
    try:
        return _seen.decode(answer.body)
    except msgspec.DecodeError as error:
        raise _unreadable("post") from error


def tree_of(answer: Answer) -> Tree:
    """Decode what stands around a status."""
    try:
        tree = _tree.decode(answer.body)
        return Tree(
            ancestors=[_seen.decode(piece) for piece in tree.ancestors],
            descendants=[(_seen.decode(piece), bytes(piece)) for piece in tree.descendants],
        )
    except msgspec.DecodeError as error:
        raise _unreadable("thread") from error


def _next_max_id(headers: Mapping[str, str]) -> str | None:
    """Return the next page's max_id out of the Link header."""
    for link in headers.get("link", "").split(","):
        address, _, rest = link.partition(";")
        if 'rel="next"' in rest:
            told = parse_qs(urlsplit(address.strip(" <>")).query).get("max_id")
            if not told:
                raise _unreadable("link to the next page")
            return told[0]
    return None


def _unreadable(what: str) -> StreamRefusedError:
    return StreamRefusedError(
        f"The server's {what} has another shape than muniment knows.",
        reason=Reason.UNREADABLE,
        remedy="Update muniment; the list is walked again at the next run.",
    )
