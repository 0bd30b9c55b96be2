"""The base of every fake platform: a renderer of the world, with faults, paging traps and logs in the core.

A platform author writes `handle` (routes and rendering) and `refusal` (the platform's own words for each
`Trouble`), pages every list through `page`, and calls `show` for each item a reply holds. The rest is here.
"""

from __future__ import annotations

import base64
import json
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from conformance import picture
from conformance.drift import drifted
from conformance.journal import Journal
from conformance.knobs import Drift, Fault, Knobs, Trouble
from conformance.wire import Json, Reply, Request, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.item import Account, Item, Media
    from conformance.world import World

__all__ = [
    "Drift",
    "Fake",
    "Fault",
    "Json",
    "Knobs",
    "Page",
    "Refused",
    "Reply",
    "Request",
    "Stream",
    "Trouble",
]

T = TypeVar("T")

LOGIN_PAGE = (
    "<!doctype html><html><head><title>Log in</title></head><body><h1>Log in to continue</h1>"
    '<form method="post"><input name="email"><input name="password" type="password"></form></body></html>'
)
SANDBOX_TOKEN = "sandbox-"  # noqa: S105 - not a secret: every sandbox token is this and the account's id
LAST_IDS = 5


class Refused(Exception):  # noqa: N818 - not an error of ours: the platform says no
    """Raised inside `handle` to answer with this reply at once."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        items: What this page shows.
        next: An opaque token of the next page; None on the last.
        next_start: The same as an offset, for platforms that count pages.
        total: How many items the list really has: what the platform reports.
    """

    items: list[T]
    next: str | None
    next_start: int | None
    total: int


class Fake(ABC):
    """One platform under one path prefix.

    `base_url` is given on mounting and may lead anywhere: never assume a root.

    Class attributes tell platform-neutral scenarios what the fields are called here.
    """

    platform: ClassVar[str]
    text_field: ClassVar[str] = "text"
    escaped: ClassVar[bool] = False  # JSON as Meta sends it: \u00e9 and \/

    def __init__(self, world: World, *, name: str = "") -> None:
        self.world = world
        self.name = name or self.platform
        self.base_url = ""
        self.knobs = Knobs()
        self.journal = Journal(self.name)
        self.grants: dict[str, Account] = {}
        self._pages: Counter[str] = Counter()

    # ---- for the author to write --------------------------------------------------------------------------

    @abstractmethod
    def handle(self, request: Request) -> Reply:
        """Answer one request. Runs alone (the core holds the world's lock) and may raise `Refused`."""

    def refusal(self, trouble: Trouble, request: Request) -> Reply:  # noqa: ARG002 - platforms look at it
        """Say no in the platform's own words. This default serves platforms without any."""
        status = {
            Trouble.EXPIRED: 401,
            Trouble.REVOKED: 401,
            Trouble.MISSING_PERMISSION: 403,
            Trouble.SUSPENDED: 403,
            Trouble.RATE_LIMITED: 429,
            Trouble.QUOTA_SPENT: 429,
            Trouble.UNAVAILABLE: 503,
            Trouble.NOT_FOUND: 404,
        }[trouble]
        headers = {"retry-after": str(self.knobs.retry_after)} if trouble is Trouble.RATE_LIMITED else {}
        return Reply(status=status, headers=headers, body={"error": trouble.value})

    # ---- for the author to use ----------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The time of the world."""
        return self.world.now

    @property
    def server_now(self) -> datetime:
        """The time by the platform's own clock, which may be wrong: for `Date` and absolute reset times."""
        return self.world.now + timedelta(seconds=self.knobs.clock_skew)

    def url(self, path: str) -> str:
        """Return an absolute address of this fake."""
        return self.base_url + path

    def address(self, account: Account) -> str:  # noqa: ARG002 - a platform with a site per account looks at it
        """Return the base URL under which this account is asked: a site of its own on WordPress and feeds."""
        return self.base_url

    def show(self, item: Item, *, version: int | None = None, shown: str | None = None) -> None:
        """Note that the reply holds this item's content: its newest version, or the one of this number."""
        number = item.current.number if version is None else version
        self.journal.show(item, number, item.shown if shown is None else shown)

    def show_gone(self, item: Item) -> None:
        """Note that the reply says this item, asked for by id, is gone."""
        self.journal.show(item, None, "gone")

    def drifts(self, how: str) -> list[Drift]:
        """Return what a scenario switches on: the text field `renamed`, `retyped`, or one `added` to it."""
        field = self.text_field
        changes = {
            "renamed": Drift(field=field, to=f"{field}_v2"),
            "retyped": Drift(field=field, retype="list"),
            "added": Drift(field=field, add={"mood_v2": "cheerful"}),
        }
        return [changes[how]]

    def grant(self, token: str, account: Account) -> str:
        """Let a token act for an account. Without any, `sandbox-` and the account's id does."""
        self.grants[token] = account
        return token

    def owner(self, request: Request) -> Account | None:
        """Return whose credential the request carries: None without one, or if nobody granted it."""
        token = request.token
        if token in self.grants:
            return self.grants[token]
        if token.startswith(SANDBOX_TOKEN):
            return self.world.find_account(self.platform, token.removeprefix(SANDBOX_TOKEN))
        return None

    def account(self, asked: str) -> Account | None:
        """Return the account of an id or handle, or the one that knob `wrong_account` puts in its place."""
        return self.world.find_account(self.platform, self.knobs.wrong_account or asked)

    def cut(self, replies: Sequence[T], usual: int | None) -> Sequence[T]:
        """Cut embedded replies: at knob `inline_replies`, else at the platform's usual number (None: not)."""
        most = usual if self.knobs.inline_replies is None else self.knobs.inline_replies
        return replies if most is None else replies[:most]

    def page(
        self,
        listing: str,
        items: Sequence[T],
        *,
        limit: int,
        token: str = "",
        start: int | None = None,
        name: Callable[[T], str] = lambda item: getattr(item, "key", str(item)),
    ) -> Page[T]:
        """Cut one page out of a list, with every paging trap that is switched on.

        Args:
            listing: Names the list (`posts of 12`), so that its pages are counted apart.
            items: The whole list, in the order in which the platform shows it.
            limit: Most items that were asked for; knob `page_size` may lower it.
            token: What an earlier page gave as `next`; empty for the first page.
            start: The offset instead, for platforms that count pages or name the last id seen.
            name: What identifies an item, so that a token finds its place again when the list has changed.

        Raises:
            Refused: The token is not ours (400), or knob `fail_page` strikes.
        """
        knobs = self.knobs
        if token or start:
            items = self._vanished(items)
        size = max(1, min(limit, knobs.page_size) if knobs.page_size else limit)
        by_token = start is None
        if start is None:
            start = self._place(token, items, name) if token else 0
        if start == 0:
            self._pages[listing] = 0
        self._pages[listing] += 1
        number = self._pages[listing]
        if knobs.fail_page == number and knobs.fail_times > 0:
            knobs.fail_times -= 1
            self._pages[listing] -= 1
            raise Refused(self.refusal(knobs.fail_with, Request(method="GET", path=listing)))
        total = len(items)
        end = min(total, knobs.stop_after) if knobs.stop_after else total
        if by_token and knobs.empty_page == number:
            shown: list[T] = []
            stop = start
        else:
            again = knobs.repeat_at_seam if start else 0
            stop = min(start + size, end)
            shown = list(items[max(0, start - again) : stop])
        more = stop < end
        if more and knobs.loop_after and number >= knobs.loop_after:
            stop = min(size, stop)
        last = [name(each) for each in items[max(0, stop - LAST_IDS) : stop]]
        token_next = self._token(stop, last, salt="" if shown else "again")
        return Page(
            items=shown, next=token_next if more else None, next_start=stop if more else None, total=total
        )

    def media_url(self, item: Item, media: Media) -> str:
        """Return a signed address of a media file that lapses after knob `media_ttl`; the core answers it."""
        expiry = int(self.now.timestamp() + self.knobs.media_ttl)
        return self.url(
            f"/media/{item.platform}-{item.account.serial}-{item.kind}-{item.serial}/{media.id}?oe={expiry:x}"
        )

    # ---- the core -----------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Reply:
        """Answer a request with every fault that is switched on, and log it. The server calls this."""
        with self.world.lock:
            self.world.sync()
            owner = self.owner(request)
            try:
                reply = self._faulty(request) or self._media(request) or self._barred(request)
                if reply is None:
                    reply = self.handle(request)
                    if isinstance(reply.body, (dict, list)) and self.knobs.drift:
                        reply.body = drifted(reply.body, self.knobs.drift)
            except Refused as refused:
                reply = refused.reply
            reply.escaped = reply.escaped or self.escaped
            if self.knobs.slow and self.knobs.slow_times > 0 and self.knobs.slow_match in request.target:
                self.knobs.slow_times -= 1
                reply.delay = self.knobs.slow
            self.journal.close(request, reply.status, self.now, "public" if owner is None else owner.key)
            return reply

    def _faulty(self, request: Request) -> Reply | None:
        knobs, number = self.knobs, self.journal.next_number
        if knobs.login_wall_from and number >= knobs.login_wall_from:
            return Reply(headers={"content-type": "text/html; charset=utf-8"}, body=LOGIN_PAGE)
        for fault in knobs.faults:
            if fault.times > 0 and fault.match in f"{request.method} {request.target}":
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if fault.trouble is not None:
                    return self.refusal(fault.trouble, request)
                return Reply(status=fault.status, headers=dict(fault.headers), body=fault.body)
        if knobs.rate_limit_every and number % knobs.rate_limit_every == 0:
            return self.refusal(Trouble.RATE_LIMITED, request)
        return None

    def _barred(self, request: Request) -> Reply | None:
        knobs = self.knobs
        if (
            knobs.bad_token is not None
            and request.token
            and request.token != knobs.fresh_token
            and self.journal.next_number >= knobs.bad_token_from
            and knobs.bad_token_match in request.target
        ):
            return self.refusal(knobs.bad_token, request)
        return self.refusal(Trouble.SUSPENDED, request) if knobs.suspended else None

    def _media(self, request: Request) -> Reply | None:
        parts = request.parts
        if len(parts) != 3 or parts[0] != "media":  # noqa: PLR2004 - /media/{item}/{media}
            return None
        request.endpoint = "/media"
        item = self.world.item(parts[1].replace("-", "/"))
        found = (m for v in item.versions for m in v.media if m.id == parts[2])
        media = next(found, None)
        if media is None or not item.is_live:
            return Reply(status=404, headers={"content-type": "text/plain"}, body=b"not found")
        if int(request.get("oe", "0"), 16) <= self.now.timestamp():
            return Reply(status=403, headers={"content-type": "text/plain"}, body=b"URL signature expired")
        if self.knobs.media_redirect:
            return Reply(status=302, headers={"location": self.knobs.media_redirect})
        if self.knobs.media_huge:
            length = self.knobs.media_huge
            body = Stream(chunks=picture.filler(length), length=length)
            return Reply(headers={"content-type": media.mime}, body=body)
        self.journal.show(item, item.current.number, item.shown, media)
        return Reply(headers={"content-type": media.mime}, body=media.body)

    def _place(self, token: str, items: Sequence[T], name: Callable[[T], str]) -> int:
        try:
            offset, last, _ = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            place = int(offset)
        except (ValueError, TypeError):
            raise Refused(Reply(status=400, body={"error": "invalid page token"})) from None
        if self.knobs.offset_paging or not last:
            return place
        if place <= len(items) and name(items[place - 1]) == last[-1]:
            return place
        where = {name(item): n for n, item in enumerate(items)}
        return next((where[each] + 1 for each in reversed(last) if each in where), min(place, len(items)))

    @staticmethod
    def _token(offset: int, last: list[str], *, salt: str) -> str:
        return base64.urlsafe_b64encode(json.dumps([offset, last, salt]).encode()).decode().rstrip("=")

    def _vanished(self, items: Sequence[T]) -> Sequence[T]:
        if not self.knobs.vanish:
            return items
        item = self.world.find(self.platform, self.knobs.vanish)
        self.knobs.vanish = ""
        if item is None:
            return items
        self.world.delete(item, at=self.now)
        return [each for each in items if each is not item]
