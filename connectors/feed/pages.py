"""The pages of a feed: asking for one, what it lists, and which one follows.

A feed that was not changed answers 304 to the mark (ETag, or Last-Modified) of the last walk. WordPress
pages a feed by `?paged=2` until 404; others may name the next page (RFC 5005); the rest have one page.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from connectors.feed.entries import entries_of, head_of, moment_of, next_page, parsed
from connectors.feed.reader import Reader, comments_told, name_of
from connectors.transport import Answer, Expects, Transport
from connectors.walks import TokenGuard
from schemas.account import Account
from schemas.errors import BadInputError, MalformedItemError, StreamRefusedError
from schemas.vocabulary import Reason

__all__ = ["END", "CommentFeed", "Mark", "Page", "Pages", "Place", "comments_address", "following", "next_of"]

END: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_ACCEPT: Final = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.8"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a walk goes on: page and address, in the thread `index`; whether the page is asked `again`."""

    index: int = 0
    page: int = 1
    address: str | None = None
    again: bool = False


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What a signpost remembers: the mark of the feed as it was, and when that was."""

    at: datetime
    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentFeed:
    """Where an entry's comments are, nothing where it names no feed of them; how many it tells of.

    `listed`: the feed lists the entry still; else it is known from what was kept.
    """

    address: str
    total: int | None = None
    listed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page says: which entries, the oldest of them, where each one's comments are."""

    names: frozenset[str] = frozenset()
    oldest: datetime | None = None
    comments: dict[str, CommentFeed] = field(default_factory=dict)


class Pages:
    """Asks for the pages of one feed."""

    def __init__(self, account: Account, transport: Transport, reader: Reader) -> None:
        """Check that there is an address.

        Raises:
            BadInputError: The account has no base_url.
        """
        if not account.base_url:
            raise BadInputError(
                f"Account {account.account} has no base_url.", remedy="Write the address of the feed."
            )
        self._url = account.base_url
        self._account = account
        self._transport = transport
        self._reader = reader
        self._guard = TokenGuard(10_000)

    def first(self) -> Answer:
        """Ask for the feed.

        Raises:
            StreamRefusedError: There is none, or it is withheld.
        """
        answer = self.get(self._url)
        if answer.status != HTTPStatus.OK:
            raise self.refused(answer)
        return answer

    def is_there(self) -> bool:
        """Whether the server says that there is a feed, without sending it."""
        request = self._transport.client.build_request("HEAD", self._url, headers={"accept": _ACCEPT})
        answer = self._transport.send(request, expects=Expects.ANY)
        kind = answer.headers.get("content-type", "").lower()
        return answer.status == HTTPStatus.OK and "html" not in kind and "xml" in kind

    def begin(self) -> None:
        """Begin a walk: every page may come once."""
        self._guard = TokenGuard(10_000)

    def page(self, place: Place, mark: Mark | None) -> Answer:
        """Ask for a page of entries; with the mark of the last walk it may be told that nothing changed."""
        if place.page == 1:
            return self.get(self._url, mark)
        self._guard.pass_on(f"{place}")
        address = self.own(place.address or "")
        return self.get(address) if address else self.get(self._url, params={"paged": str(place.page)})

    def get(self, url: str, mark: Mark | None = None, params: dict[str, str] | None = None) -> Answer:
        """Ask for any page of the site that is to be a feed; see `Transport.get`."""
        headers = {"accept": _ACCEPT}
        if mark is not None and mark.etag:
            headers["if-none-match"] = mark.etag
        elif mark is not None and mark.modified:
            headers["if-modified-since"] = mark.modified
        answer = self._transport.get(url, params, headers=headers, expects=Expects.ANY)
        start = answer.body[:512].lstrip().lower()
        if answer.status == HTTPStatus.OK and start.startswith((b"<!doctype html", b"<html")):
            # Asked once more as what it should be, so that the page is laid aside and told of.
            return self._transport.get(url, params, headers=headers, expects=Expects.XML)
        return answer

    def read(self, answer: Answer) -> Page:
        """Return what a page of entries says; nothing where it is none."""
        if answer.status != HTTPStatus.OK:
            return Page()
        names: set[str] = set()
        times: list[datetime] = []
        comments: dict[str, CommentFeed] = {}
        try:
            head, entries = head_of(answer.body), list(entries_of(answer.body))
        except MalformedItemError:
            return Page()  # whoever cuts the response finds the same, and lays it aside
        for entry in entries:
            try:
                told = parsed(head, entry.raw, answer.headers.get("content-type", ""))
                name = self._reader.record_id(name_of(told))
            except (MalformedItemError, KeyError):
                names.add(hashlib.sha256(entry.raw).hexdigest())  # filed as unread; the others go on
                continue
            names.add(name)
            address = self.own(comments_address(told))
            comments[name] = CommentFeed(address=address, total=comments_told(told))
            with suppress(ValueError):
                times += [moment_of(told["published_parsed"])] if told.get("published_parsed") else []
        return Page(names=frozenset(names), oldest=min(times, default=None), comments=comments)

    def own(self, address: str) -> str:
        """Return an address that a feed names if it is on the feed's own site: no other is asked."""
        ours = urlsplit(self._url)
        return address if address.startswith(f"{ours.scheme}://{ours.netloc}/") else ""

    def refused(self, answer: Answer) -> StreamRefusedError:
        """Return the error for a feed that is not there, or withheld."""
        missing = (
            answer.status in END or HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST
        )
        return StreamRefusedError(
            f"The feed of account {self._account.account} cannot be read (status {answer.status}).",
            reason=Reason.UNAVAILABLE if missing else Reason.PERMISSION,
            remedy="Open base_url in a browser: it must be the address of an RSS or Atom feed.",
        )


def following(
    here: Place, answer: Answer, read: Page, seen: frozenset[str], since: datetime | None
) -> Place | None:
    """Return the page that follows, None at the end of the feed or of what was asked."""
    if answer.status != HTTPStatus.OK or (
        since is not None and read.oldest is not None and read.oldest < since
    ):
        return None
    if not read.names:
        # Once more: an empty page in the middle of a feed is a slip of the server.
        again = here.page > 1 and not here.again
        return msgspec.structs.replace(here, again=True) if again else None
    try:
        address = next_page(answer.body)
    except MalformedItemError:
        return None
    if address is not None:
        return Place(page=here.page + 1, address=address)
    paged = b"wordpress.org" in answer.body[: answer.body.find(b"<item")]
    return Place(page=here.page + 1) if paged and not read.names <= seen else None


def next_of(answer: Answer) -> str:
    """Return the next page that an answer names; nothing where it is no feed, which whoever cuts it tells."""
    with suppress(MalformedItemError):
        return next_page(answer.body) or "" if answer.status == HTTPStatus.OK else ""
    return ""


def comments_address(told: Any) -> str:
    """Return where an entry says that a feed of its comments is; nothing where it names none."""
    links = told.get("links") or ()
    replies = (
        str(link.get("href") or "")
        for link in links
        if link.get("rel") == "replies" and str(link.get("type") or "").endswith("xml")
    )
    return str(told.get("wfw_commentrss") or next(replies, ""))
