"""Facebook Pages as Graph v26.0 shows them: posts, comments, errors, usage, two ways of paging.

An answer holds the fields that were asked for and no other; empty ones are left out, not null. JSON is
escaped as Meta does it. `conformance/platforms/graph.py` reads `fields`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from typing_extensions import override

from conformance.fake import Fake, Page, Refused, Reply, Request, Trouble
from conformance.item import COMMENT, POST, PUBLIC
from conformance.platforms.graph import (
    COMMENT_NODE,
    PAGE_NODE,
    POST_NODE,
    Asked,
    parsed,
    picked,
    unknown_field,
    within,
)
from conformance.platforms.graph_cards import WWW, attachments, cards

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.item import Account, Item

__all__ = ["FacebookFake"]

VERSION = "v26.0"
MOST = 100
USUAL = 25
BAD_TOKEN = {"error": "invalid page token"}
DEFAULT = {POST: "id,created_time,message", COMMENT: "id,created_time,from,message"}
CONTENT = frozenset({"message", "attachments", "attachment"})
"""Without one of these, an answer counts items and shows none."""
REACTIONS = {
    "LIKE": "likes",
    "LOVE": "loves",
    "WOW": "wows",
    "HAHA": "hahas",
    "SAD": "sads",
    "ANGRY": "angry",
    "CARE": "cares",
}


class FacebookFake(Fake):
    """Graph for every Page of the world.

    Beside the knobs, set by tests: `app_secret` (then each request needs its proof), `usage` (percent told
    in the headers), `most_items` (a larger limit gives "reduce the amount of data"), `time_paging` (posts
    page by `until` and `__paging_token`, without cursors), `page_prefix` (of post ids, where it changed),
    `limited_code` (what a rate limit is called). `item.facts["undisclosed"]`: `from` is withheld.
    """

    platform: ClassVar[str] = "facebook"
    text_field: ClassVar[str] = "message"
    escaped: ClassVar[bool] = True

    app_secret = ""
    usage = 4
    most_items = 0
    time_paging = False
    page_prefix = ""
    limited_code = 80001

    @override
    def handle(self, request: Request) -> Reply:
        parts = request.parts
        if request.method != "GET" or not parts or not parts[0].startswith("v"):
            return error(100, f"Unsupported {request.method.lower()} request.", 33)
        owner = self._checked(request)
        match parts[1:]:
            case ["me"]:
                request.endpoint = "/me"
                return self._one(request, owner)
            case [name]:
                return self._one(request, owner, self.world.find_account("facebook", name), name)
            case [name, "published_posts"]:
                request.endpoint = "/{page}/published_posts"
                return self._posts(request, owner, name)
            case [name, "comments"]:
                request.endpoint = "/{object}/comments"
                return self._comments(request, owner, name)
            case _:
                return error(2500, f"Unknown path components: /{'/'.join(parts[1:])}")

    @override
    def refusal(self, trouble: Trouble, request: Request) -> Reply:  # noqa: PLR0911 - one for each
        match trouble:
            case Trouble.EXPIRED:
                return error(190, "Error validating access token: Session has expired.", 463)
            case Trouble.REVOKED:
                return error(
                    190, "Error validating access token: The user has not authorized application.", 458
                )
            case Trouble.MISSING_PERMISSION:
                comments = request.path.endswith("/comments")
                return self._lacking("pages_read_user_content" if comments else "pages_read_engagement")
            case Trouble.SUSPENDED:
                return error(368, "The action attempted has been deemed abusive or is otherwise disallowed")
            case Trouble.RATE_LIMITED:
                reply = error(self.limited_code, "There have been too many calls to this Page account.")
                reply.headers |= self._headers("page", 100, math.ceil(self.knobs.retry_after / 60))
                return reply
            case Trouble.QUOTA_SPENT:
                reply = error(4, "Application request limit reached")
                reply.headers |= self._headers("page", 100, 12 * 60)
                return reply
            case Trouble.UNAVAILABLE:
                return error(2, "Service temporarily unavailable", status=500, transient=True)
            case Trouble.NOT_FOUND:
                return error(100, "Unsupported get request. Object does not exist, or is not loadable.", 33)

    # ---- who asks, and what for ---------------------------------------------------------------------------

    def _checked(self, request: Request) -> Account:
        """Return whose token it is, or refuse."""
        if not request.token:
            raise Refused(error(104, "An access token is required to request this resource."))
        owner = self.owner(request)
        if owner is None:
            raise Refused(error(190, "Invalid OAuth access token - Cannot parse access token"))
        if self.app_secret:
            proof = hmac.new(self.app_secret.encode(), request.token.encode(), hashlib.sha256).hexdigest()
            if not request.get("appsecret_proof"):
                raise Refused(error(100, "API calls from the server require an appsecret_proof argument"))
            if request.get("appsecret_proof") != proof:
                raise Refused(error(100, "Invalid appsecret_proof provided in the API argument"))
        if owner.suspended:
            raise Refused(self.refusal(Trouble.SUSPENDED, request))
        return owner

    def _need(self, permission: str) -> None:
        if permission in self.knobs.missing:
            raise Refused(self._lacking(permission))

    @staticmethod
    def _lacking(permission: str) -> Reply:
        return error(
            10,
            f"(#10) This endpoint requires the '{permission}' permission or the 'Page Public Content Access' "
            "feature.",
            status=403,
        )

    def _fields(self, request: Request, node: frozenset[str], default: str) -> tuple[Asked, ...]:
        fields = parsed(request.get("fields") or default)
        wrong = unknown_field(node, fields)
        if wrong is not None:
            raise Refused(error(100, f"(#100) Tried accessing nonexisting field ({wrong})"))
        return fields

    def _find(self, request: Request, name: str) -> Item:
        """Return the live item of an id, whatever its prefix, or refuse."""
        item = self.world.find("facebook", name.rpartition("_")[2])
        if item is None or not item.is_live:
            if item is not None:
                self.show_gone(item)
            raise Refused(self.refusal(Trouble.NOT_FOUND, request))
        self._need("pages_read_user_content" if item.kind == COMMENT else "pages_read_engagement")
        if self.knobs.refused_ids & set(item.ids):
            raise Refused(error(200, "(#200) Permissions error", status=403))
        return item

    # ---- routes -------------------------------------------------------------------------------------------

    def _one(self, request: Request, owner: Account, page: Account | None = None, name: str = "") -> Reply:
        if page is not None or not name:
            request.endpoint = request.endpoint or "/{page}"
            shown = self.account((page or owner).id) or owner
            fields = self._fields(request, PAGE_NODE, "id,name")
            return self._reply(owner, picked(fields, self._page_values(shown)))
        item = self._find(request, name)
        request.endpoint = "/{comment}" if item.kind == COMMENT else "/{post}"
        node = COMMENT_NODE if item.kind == COMMENT else POST_NODE
        return self._reply(owner, self._item(item, self._fields(request, node, DEFAULT[item.kind])))

    def _posts(self, request: Request, owner: Account, name: str) -> Reply:
        asked = self.world.find_account("facebook", name)
        if asked is None or not asked.owned:
            return self.refusal(Trouble.NOT_FOUND, request)
        self._need("pages_read_engagement")
        if asked is not owner:
            return self._lacking("pages_read_engagement")
        shown = self.account(asked.id) or asked
        posts = [post for post in reversed(self.world.posts_of(shown)) if self._listed(request, post)]
        fields = self._fields(request, POST_NODE, DEFAULT[POST])
        posts_in = _between(posts, request)
        page = self._page(request, f"posts of {name}", posts_in)
        body: dict[str, Any] = {"data": [self._item(post, fields) for post in page.items]}
        self._add_paging(body, request, page, by_time=self.time_paging)
        if "total_count" in request.get("summary"):
            body["summary"] = {"total_count": len(posts_in)}
        return self._reply(owner, body)

    @staticmethod
    def _listed(request: Request, post: Item) -> bool:
        return post.shown == PUBLIC or request.get("include_hidden") == "true"

    def _comments(self, request: Request, owner: Account, name: str) -> Reply:
        self._need("pages_read_user_content")
        above = self._find(request, name)
        stream = request.get("filter") == "stream"
        found = self.world.below(above) if stream else self.world.children(above)
        own = owner is above.account
        visible = [each for each in found if own or each.shown == PUBLIC]
        wanted = _between(visible, request)
        if request.get("order") != "chronological":
            wanted = wanted[::-1]
        fields = self._fields(request, COMMENT_NODE, DEFAULT[COMMENT])
        page = self._page(request, f"comments of {name}", wanted)
        body: dict[str, Any] = {"data": [self._item(each, fields) for each in page.items]}
        self._add_paging(body, request, page)
        if request.get("summary") in ("true", "1", "total_count"):
            body["summary"] = {"order": "chronological", "total_count": len(visible), "can_comment": True}
        return self._reply(owner, body)

    def _page(self, request: Request, listing: str, items: Sequence[Item]) -> Page[Item]:
        limit = min(request.number("limit", USUAL), MOST)
        if self.most_items and limit > self.most_items:
            raise Refused(
                error(1, "Please reduce the amount of data you're asking for, then retry", status=500)
            )
        try:
            token = request.get("after") or request.get("__paging_token")
            return self.page(listing, items, limit=limit, token=token)
        except Refused as refused:
            if refused.reply.body == BAD_TOKEN:
                raise Refused(error(100, "(#100) Invalid cursor")) from None
            raise

    def _add_paging(
        self, body: dict[str, Any], request: Request, page: Page[Item], *, by_time: bool = False
    ) -> None:
        """Add `paging`: `next` names the token again, as Graph does; the last page has none."""
        if not page.items and page.next is None:
            return
        paging: dict[str, Any] = (
            {} if by_time else {"cursors": {"before": "MAZDZD", "after": page.next or "LAST"}}
        )
        if page.next is not None:
            if by_time:
                oldest = page.items[-1].created_at if page.items else self.now
                mark = {"until": int(oldest.timestamp()), "__paging_token": page.next}
            else:
                mark = {"after": page.next}
            paging["next"] = self.url(request.again(pretty="0", appsecret_proof=None, **mark))
        body["paging"] = paging

    def _reply(self, owner: Account, body: dict[str, Any]) -> Reply:
        return Reply(headers=self._headers(owner.id, self.usage, 0), body=body)

    def _headers(self, name: str, percent: int, minutes: int) -> dict[str, str]:
        used = {"call_count": percent, "total_cputime": percent // 2, "total_time": percent // 2}
        business = {name: [{"type": "pages", **used, "estimated_time_to_regain_access": minutes}]}
        return {
            "facebook-api-version": VERSION,
            "x-app-usage": json.dumps(used),
            "x-business-use-case-usage": json.dumps(business),
        }

    # ---- rendering ----------------------------------------------------------------------------------------

    def _item(self, item: Item, fields: Sequence[Asked]) -> dict[str, Any]:
        if any(asked.name in CONTENT for asked in fields):
            self.show(item)
        return picked(fields, self._comment_values(item) if item.kind == COMMENT else self._post_values(item))

    def _page_values(self, page: Account) -> dict[str, Callable[[Asked], Any]]:
        return {
            "id": lambda _: page.id,
            "name": lambda _: page.name,
            "username": lambda _: page.handle,
            "about": lambda _: page.description,
            "category": lambda _: "Government organisation",
            "link": lambda _: f"{WWW}/{page.handle}",
            "website": lambda _: page.facts.get("website"),
            "is_published": lambda _: True,
            "verification_status": lambda _: "blue_verified",
            "fan_count": lambda _: page.metrics.get("fans"),
            "followers_count": lambda _: page.metrics.get("followers"),
        }

    def _shared_values(self, item: Item) -> dict[str, Callable[[Asked], Any]]:
        def author(asked: Asked) -> Any:
            who = {"name": item.author.name, "id": item.author.id}
            return None if item.facts.get("undisclosed") else within(asked, who)

        return {
            "created_time": lambda _: _iso(item.created_at),
            "message": lambda _: item.text,
            "from": author,
            "is_hidden": lambda _: item.shown != PUBLIC,
        }

    def _post_values(self, post: Item) -> dict[str, Callable[[Asked], Any]]:
        counts = post.metrics

        def reactions(asked: Asked) -> Any:
            kind = asked.modifiers.get("type")
            if kind is None:
                return _total(sum(counts.get(name, 0) for name in REACTIONS.values()))
            return _total(counts.get(REACTIONS.get(kind, ""), 0))

        def comments(asked: Asked) -> Any:
            stream = asked.modifiers.get("filter") == "stream"
            return _total(len(self.world.below(post) if stream else self.world.children(post)))

        return {
            **self._shared_values(post),
            "id": lambda _: f"{self.page_prefix or post.account.id}_{post.native_id}",
            "updated_time": lambda _: _iso(post.changed_at),
            "permalink_url": lambda _: f"{WWW}/{post.account.id}/posts/{post.native_id}",
            "status_type": lambda _: "added_photos" if post.current.media else "mobile_status_update",
            "story": lambda _: post.facts.get("story"),
            "place": lambda _: post.facts.get("place"),
            "is_published": lambda _: True,
            "is_expired": lambda _: False,
            "timeline_visibility": lambda _: "normal" if post.shown == PUBLIC else "hidden",
            "privacy": lambda _: {"allow": "", "deny": "", "description": "Public", "value": "EVERYONE"},
            "attachments": lambda _: attachments(post, self.media_url),
            "shares": lambda _: {"count": counts["shares"]} if counts.get("shares") else None,
            "comments": comments,
            "reactions": reactions,
        }

    def _comment_values(self, item: Item) -> dict[str, Callable[[Asked], Any]]:
        root = item.root
        parent = None if item.parent is None or item.parent is root else item.parent

        def permalink(_: Asked) -> str:
            named = {"comment_id": (parent or item).native_id}
            if parent is not None:
                named["reply_comment_id"] = item.native_id
            return f"{WWW}/{item.account.id}/posts/{root.native_id}/?{urlencode(named)}"

        return {
            **self._shared_values(item),
            "id": lambda _: f"{root.native_id}_{item.native_id}",
            "parent": lambda _: None if parent is None else {"id": f"{root.native_id}_{parent.native_id}"},
            "object": lambda _: {"id": f"{self.page_prefix or item.account.id}_{root.native_id}"},
            "permalink_url": permalink,
            "attachment": lambda _: next(iter(cards(item, self.media_url)), None),
            "like_count": lambda _: item.metrics.get("likes", 0),
            "comment_count": lambda _: len(self.world.children(item)),
            "is_private": lambda _: False,
            "can_comment": lambda _: True,
            "can_hide": lambda _: not item.author.owned,
            "can_remove": lambda _: True,
            "can_like": lambda _: True,
        }


def error(
    code: int, message: str, subcode: int | None = None, *, status: int = 400, transient: bool = False
) -> Reply:
    """Return an error as Graph words it."""
    told: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AFake"}
    if subcode is not None:
        told["error_subcode"] = subcode
    if transient:
        told["is_transient"] = True
    return Reply(status=status, body={"error": told})


def _total(count: int) -> dict[str, Any]:
    return {"data": [], "summary": {"total_count": count}}


def _between(items: Sequence[Item], request: Request) -> list[Item]:
    since, until = request.number("since", 0), request.number("until", 0)
    paged_by_time = bool(request.get("__paging_token"))
    return [
        item
        for item in items
        if item.created_at.timestamp() >= since
        and (not until or paged_by_time or item.created_at.timestamp() <= until)
    ]


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
