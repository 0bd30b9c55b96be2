"""X, API v2: timeline, conversation search, posts by id, profiles, token renewal.

Held to X's own specification, in both vocabularies (`names`): "tweet" (2.166), "post" (2.167), or "any"
(each parameter is taken, and answered in its own words). `strict` refuses a parameter of the other
vocabulary with 400; without it the parameter is ignored, as X's specification would allow.

What no specification says, and this fake assumes: an edited post stands in a timeline at the time of its
newest edit; a reply names its root's first id as its conversation; hidden replies are found like others.

Facts that it reads: `quotes` and `reposts` (an item), `poll` (labels); of an account, `post_count` (a total
that X tells in place of what there is).
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from conformance.clock import from_iso
from conformance.fake import Fake, Refused, Reply, Request, Trouble
from conformance.item import COMMENT, POST
from conformance.platforms.x_posts import Rendering
from conformance.platforms.x_words import FORBIDDEN, GONE, WITHHELD, Words, refusal_of, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from conformance.item import Account, Item, Version
    from conformance.world import World

__all__ = ["XFake"]

TIMELINE_CAP: Final = 3_200
RECENT: Final = timedelta(days=7)
QUERY_CHARACTERS: Final = {"recent": 512, "all": 1_024}
SEARCH_ITEMS: Final = {"recent": (10, 100), "all": (10, 500)}
TIMELINE_ITEMS: Final = (5, 100)
MOST_IDS: Final = 100
TOKEN_SECONDS: Final = 7_200
TERM: Final = re.compile(r"conversation_id:(\d+)")


class XFake(Fake):
    """X for every account of a world. `refresh_tokens` are those that still work, once each."""

    platform: ClassVar[str] = "x"
    text_field: ClassVar[str] = "text"

    def __init__(self, world: World, *, name: str = "", names: str = "any", strict: bool = True) -> None:
        super().__init__(world, name=name)
        self.names = names
        self.strict = strict
        self.refresh_tokens: dict[str, Account] = {}
        self._renewed = 0

    @override
    def handle(self, request: Request) -> Reply:  # noqa: PLR0911 - one line a route
        if request.parts[:3] == ["2", "oauth2", "token"]:
            return self._renew(request)
        if self.owner(request) is None:
            return self.refusal(Trouble.REVOKED, request)
        words = self._words(request)
        match request.parts[1:]:
            case ["users", "me"]:
                request.endpoint = "/2/users/me"
                owner = self.owner(request)
                return self._profile(words, request, "" if owner is None else owner.id, "id")
            case ["users", "by", "username", handle]:
                request.endpoint = "/2/users/by/username/{username}"
                return self._profile(words, request, handle, "username")
            case ["users", user_id]:
                request.endpoint = "/2/users/{id}"
                return self._profile(words, request, user_id, "id")
            case ["users", user_id, "tweets"]:
                request.endpoint = "/2/users/{id}/tweets"
                return self._timeline(words, request, user_id)
            case ["tweets"]:
                request.endpoint = "/2/tweets"
                return self._by_ids(words, request)
            case ["tweets", "search", "recent" | "all" as reach]:
                request.endpoint = f"/2/tweets/search/{reach}"
                return self._search(words, request, reach)
            case _:
                return self.refusal(Trouble.NOT_FOUND, request)

    @override
    def refusal(self, trouble: Trouble, request: Request) -> Reply:
        words = words_of("tweet" if self.names != "post" else "post")
        ids = request.listed("ids")
        if trouble is Trouble.SUSPENDED and ids:
            return self._json({"errors": [words.problem(WITHHELD, "tweet", "ids", each) for each in ids]})
        if trouble is Trouble.SUSPENDED and request.parts[1:2] == ["users"]:
            asked = request.parts[-1] if request.parts[-1] != "tweets" else request.parts[2]
            kind = WITHHELD if request.parts[-1] == "tweets" else FORBIDDEN
            return self._json({"errors": [words.problem(kind, "user", "id", asked)]})
        return refusal_of(trouble, words, reset=int(self.server_now.timestamp()) + self.knobs.retry_after)

    # ---- routes -------------------------------------------------------------------------------------------

    def _profile(self, words: Words, request: Request, asked: str, parameter: str) -> Reply:
        account = self.account(asked)
        if account is None:
            return self._json({"errors": [words.problem(GONE, "user", parameter, asked)]})
        if account.suspended:
            return self._json({"errors": [words.problem(FORBIDDEN, "user", parameter, asked)]})
        return self._json({"data": Rendering(self, words, request).user(account)})

    def _timeline(self, words: Words, request: Request, user_id: str) -> Reply:
        account = self.account(user_id)
        if account is None or account.suspended:
            kind = GONE if account is None else WITHHELD
            return self._json({"errors": [words.problem(kind, "user", "id", user_id)]})
        shown = self.world.written_by(account)[-TIMELINE_CAP:]
        start, end = self._time(words, request, "start_time"), self._time(words, request, "end_time")
        return self._posts(
            words,
            request,
            f"timeline of {account.id}",
            _within(shown, start, end),
            bounds=TIMELINE_ITEMS,
            paging="pagination_token",
        )

    def _search(self, words: Words, request: Request, reach: str) -> Reply:
        if f"search/{reach}" in self.knobs.missing:
            return self.refusal(Trouble.MISSING_PERMISSION, request)
        query = request.get("query")
        ids = TERM.findall(query)
        if (
            not ids
            or len(query) > QUERY_CHARACTERS[reach]
            or TERM.sub("", query).replace("OR", "").strip(" ()")
        ):
            raise Refused(words.bad_request("query", query))
        start, end = self._time(words, request, "start_time"), self._time(words, request, "end_time")
        earliest = self.now - (RECENT if reach == "recent" else timedelta(days=30))
        if reach == "recent" and start is not None and start < earliest:
            raise Refused(words.bad_request("start_time", request.get("start_time")))
        found: dict[str, Item] = {}
        for root in (self._find(each) for each in dict.fromkeys(ids)):
            if root is not None:
                found |= {item.key: item for item in (*self.world.below(root), root) if item.is_live}
        items = [item for item in found.values() if not item.author.suspended]
        return self._posts(
            words,
            request,
            f"search {query}",
            _within(items, start or earliest, end),
            bounds=SEARCH_ITEMS[reach],
            paging="next_token",
        )

    def _by_ids(self, words: Words, request: Request) -> Reply:
        ids = request.listed("ids")
        if not ids or len(ids) > MOST_IDS:
            raise Refused(words.bad_request("ids", ",".join(ids)))
        found: list[tuple[Item, Version]] = []
        errors: list[Any] = []
        for each in ids:
            item = self._find(each)
            if item is None or not item.is_live:
                errors.append(words.problem(GONE, "tweet", "ids", each))
                if item is not None:
                    self.show_gone(item)
            elif item.author.suspended or self.knobs.refused_ids & set(item.ids):
                errors.append(words.problem(WITHHELD, "tweet", "ids", each))
            else:
                found.append((item, _version_of(item, each)))
        return self._json(
            Rendering(self, words, request).body(found) | ({"errors": errors} if errors else {})
        )

    def _renew(self, request: Request) -> Reply:
        request.endpoint = "/2/oauth2/token"
        account = self.refresh_tokens.pop(request.form().get("refresh_token", ""), None)
        if account is None:
            told = "Value passed for the token was invalid."
            return Reply(status=400, body={"error": "invalid_request", "error_description": told})
        self._renewed += 1
        access = self.grant(self.knobs.fresh_token or f"access-{self._renewed}-{account.id}", account)
        refresh = f"refresh-{self._renewed}-{account.id}"
        self.refresh_tokens[refresh] = account
        return Reply(
            body={
                "token_type": "bearer",
                "expires_in": TOKEN_SECONDS,
                "access_token": access,
                "refresh_token": refresh,
                "scope": "tweet.read users.read offline.access",
            }
        )

    # ---- lists --------------------------------------------------------------------------------------------

    def _posts(
        self,
        words: Words,
        request: Request,
        listing: str,
        items: Sequence[Item],
        *,
        bounds: tuple[int, int],
        paging: str,
    ) -> Reply:
        limit = request.number("max_results", 10)
        if not bounds[0] <= limit <= bounds[1]:
            raise Refused(words.bad_request("max_results", str(limit)))
        token = request.get("next_token") or request.get("pagination_token")
        try:
            page = self.page(listing, items, limit=limit, token=token)
        except Refused as refused:
            if refused.reply.status != 400:  # noqa: PLR2004 - the core's own word for a bad token
                raise
            raise Refused(words.bad_request(paging, token)) from None
        body = Rendering(self, words, request).body([(item, item.current) for item in page.items])
        meta: dict[str, Any] = {"result_count": len(page.items)}
        if page.items:
            ids = [int(item.current.native_id or item.native_id) for item in page.items]
            meta |= {"newest_id": str(max(ids)), "oldest_id": str(min(ids))}
        if page.next is not None:
            meta["next_token"] = page.next
        return self._json(body | {"meta": meta})

    def _time(self, words: Words, request: Request, name: str) -> datetime | None:
        told = request.get(name)
        if not told:
            return None
        try:
            moment = from_iso(told)
        except ValueError:
            raise Refused(words.bad_request(name, told)) from None
        if name == "end_time" and moment > self.now - timedelta(seconds=10):
            raise Refused(words.bad_request(name, told))
        return moment

    def _words(self, request: Request) -> Words:
        """Return the vocabulary to answer in; a parameter of the other one is refused, or ignored."""
        asked = [name for name in ("tweet", "post") if f"{name}.fields" in request.query]
        if self.names == "any":
            return words_of(asked[0] if asked else "tweet")
        words = words_of(self.names)
        for name in asked:
            if name != self.names and self.strict:
                raise Refused(words.unknown_parameter(f"{name}.fields", request.get(f"{name}.fields")))
        return words

    def _find(self, native_id: str) -> Item | None:
        return self.world.find("x", native_id, kind=POST) or self.world.find("x", native_id, kind=COMMENT)

    def _json(self, body: dict[str, Any]) -> Reply:
        reset = str(int(self.server_now.timestamp()) + 900)
        limits = {"x-rate-limit-limit": "900", "x-rate-limit-remaining": "899", "x-rate-limit-reset": reset}
        return Reply(headers=limits, body=body)


def _newest_id(item: Item) -> int:
    return int(item.current.native_id or item.native_id)


def _version_of(item: Item, native_id: str) -> Version:
    return next((each for each in item.versions if each.native_id == native_id), item.versions[0])


def _within(items: Sequence[Item], start: datetime | None, end: datetime | None) -> list[Item]:
    """Return what was posted in a period, newest first; an edited post stands at its newest edit."""
    inside = [
        item
        for item in items
        if (start is None or _posted_at(item) >= start) and (end is None or _posted_at(item) < end)
    ]
    return sorted(inside, key=_newest_id, reverse=True)


def _posted_at(item: Item) -> datetime:
    return item.current.at if item.is_edited else item.created_at
