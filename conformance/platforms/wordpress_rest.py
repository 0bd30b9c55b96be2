"""The REST interface of one WordPress site: its lists with their filters, single records, revisions."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from conformance.fake import Refused, Trouble
from conformance.item import COMMENT, PAGE, POST
from conformance.platforms.blog import local, status_of
from conformance.platforms.wordpress_json import Shown, changed_at, error, signed_out
from conformance.wire import Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.fake import Fake
    from conformance.item import Account, Item
    from conformance.platforms.blog import Blog

__all__ = ["Rest"]

MOST = 100
KINDS = {"posts": POST, "pages": PAGE}
HOUR = timedelta(hours=1)
CAPABILITIES = ("edit_posts", "edit_others_posts", "edit_others_pages", "moderate_comments")
UNREADABLE = {"posts": "rest_forbidden", "pages": "rest_forbidden", "comments": "rest_cannot_read"}


def _dated(item: Item) -> tuple[datetime, int]:
    return item.created_at, item.serial


ORDERS: dict[str, Callable[[Item], Any]] = {
    "id": lambda item: item.serial,
    "date": _dated,
    "date_gmt": _dated,
    "modified": changed_at,
}


class Rest:
    """The REST interface of one site, for one request."""

    def __init__(self, fake: Fake, request: Request, site: Account, blog: Blog) -> None:
        self.fake = fake
        self.request = request
        self.site = site
        self.blog = blog
        self.signed_in = fake.owner(request) is site
        self.shown = Shown(fake, request, site, blog)
        self.edit = self.shown.edit

    def answer(self, route: list[str]) -> Reply:
        """Answer a route below /wp-json/."""
        if self.edit and not self.signed_in and route:
            return signed_out(self.request)
        self.request.endpoint = "/wp-json/"
        reply = self._routed(route[2:]) if route[:2] == ["wp", "v2"] else None
        if not route:
            reply = Reply(body=self._fields(self._root()))
        return reply or self.fake.refusal(Trouble.NOT_FOUND, self.request)

    def _routed(self, route: list[str]) -> Reply | None:
        match route:
            case ["users", "me"]:
                self.request.endpoint = "/wp/v2/users/me"
                return self._me()
            case [("posts" | "pages" | "comments") as collection]:
                self.request.endpoint = f"/wp/v2/{collection}"
                return self._list(collection)
            case [("posts" | "pages" | "comments") as collection, number]:
                self.request.endpoint = f"/wp/v2/{collection}/{{id}}"
                return Reply(body=self.shown.item(self._found(collection, number)))
            case [("posts" | "pages") as collection, number, "revisions"]:
                self.request.endpoint = f"/wp/v2/{collection}/{{id}}/revisions"
                return self._revisions(self._found(collection, number))
        return None

    def _root(self) -> dict[str, Any]:
        return {
            "name": self.site.name,
            "description": self.site.description,
            "url": self.blog.home,
            "home": self.blog.home,
            "gmt_offset": "0",
            "timezone_string": "Europe/London",
            "namespaces": ["oembed/1.0", "wp/v2"],
            "site_icon_url": "",
            "_links": {"help": [{"href": "https://developer.wordpress.org/rest-api/"}]},
        }

    def _fields(self, body: dict[str, Any]) -> dict[str, Any]:
        wanted = self.request.listed("_fields")
        return {k: v for k, v in body.items() if not wanted or k in wanted or k == "_links"}

    def _me(self) -> Reply:
        if not self.signed_in:
            return error(401, "rest_not_logged_in", "You are not currently logged in.")
        can = {name: True for name in CAPABILITIES if name not in self.fake.knobs.missing}
        return Reply(body={"id": 1, "name": "archivist", "slug": "archivist", "capabilities": can})

    def _list(self, collection: str) -> Reply:
        self._refuse_what_is_not_allowed(collection)
        size = self.request.number("per_page", 10)
        if not 1 <= size <= MOST:
            told = {"per_page": f"per_page must be between 1 (inclusive) and {MOST} (inclusive)"}
            return error(400, "rest_invalid_param", "Invalid parameter(s): per_page", params=told)
        items = self._wanted(collection)
        key = ORDERS[self.request.get("orderby", "date")]
        items = sorted(items, key=key, reverse=self.request.get("order", "desc") == "desc")
        start = self.request.number("offset", 0) or (self.request.number("page", 1) - 1) * size
        knobs = self.fake.knobs
        listing = f"{collection} of {self.site.id} {self.request.get('post')} {self.request.get('status')}"
        page = self.fake.page(listing, items, limit=size, start=start, name=lambda item: str(item.serial))
        total = page.total
        beyond = start >= len(items)
        if beyond and start and collection != "comments":
            if "page" in self.request.query and self.request.number("page", 1) > 1 and total:
                return error(400, "rest_post_invalid_page_number", "The page number requested is larger.")
            total = 0  # WordPress counts what an offset beyond the end finds: nothing
        per_page = min(size, knobs.page_size) if knobs.page_size else size
        headers = {"x-wp-total": str(total), "x-wp-totalpages": str(math.ceil(total / per_page))}
        return Reply(headers=headers, body=[self.shown.item(item) for item in page.items])

    def _refuse_what_is_not_allowed(self, collection: str) -> None:
        status, own = self.request.get("status"), {"", "approve" if collection == "comments" else "publish"}
        if not self.signed_in and status not in own:
            if collection == "comments":
                raise Refused(error(401, "rest_forbidden_param", "Query parameter not permitted: status"))
            raise Refused(signed_out(self.request))
        needed = "moderate_comments" if collection == "comments" else "edit_others_posts"
        if self.edit and needed in self.fake.knobs.missing:
            raise Refused(error(403, "rest_forbidden_context", "Sorry, you are not allowed to edit this."))

    def _wanted(self, collection: str) -> list[Item]:
        visible = self._visible()
        if collection != "comments":
            posts = self.fake.world.posts_of(self.site, kind=KINDS[collection])
            return [item for item in posts if visible(item) and self._in_time(item)]
        roots = [self._root_of(number) for number in self.request.listed("post")]
        if not self.request.listed("post"):
            roots = [p for kind in KINDS.values() for p in self.fake.world.posts_of(self.site, kind=kind)]
        found = (item for root in roots if root is not None for item in self.fake.world.below(root))
        return [item for item in found if visible(item) and self._in_time(item)]

    def _root_of(self, number: str) -> Item | None:
        root = next((i for kind in KINDS.values() if (i := self._item(number, kind)) is not None), None)
        if root is not None and root.is_live and status_of(root) != "publish" and not self.signed_in:
            message = "Sorry, you are not allowed to read the post for this comment."
            raise Refused(error(401, "rest_cannot_read_post", message))
        return root if root is not None and root.is_live else None

    def _visible(self) -> Callable[[Item], bool]:
        asked = set(self.request.listed("status"))
        states = {"approved" if each == "approve" else each for each in asked} or {"approved", "publish"}
        if "all" in states:
            states |= {"approved", "hold"}
        everything = "any" in states and "comments" in self.request.path
        usual = {"publish", "future", "draft", "pending", "private"} if "any" in states else set()

        def visible(item: Item) -> bool:
            status = status_of(item)
            return everything or status in states or status in usual

        return visible

    def _in_time(self, item: Item) -> bool:
        return (
            self._passes("after", item.created_at, later=True)
            and self._passes("before", item.created_at, later=False)
            and self._passes("modified_after", changed_at(item), later=True)
            and self._passes("modified_before", changed_at(item), later=False)
        )

    def _passes(self, name: str, moment: datetime, *, later: bool) -> bool:
        text = self.request.get(name)
        if not text:
            return True
        limit = datetime.fromisoformat(text)
        if limit.tzinfo is None:
            limit = limit.replace(tzinfo=UTC)
        if abs(moment - limit) > 2 * HOUR:
            return (moment > limit) is later
        here, there = local(moment), local(limit)
        return here > there if later else here < there

    def _item(self, number: str, kind: str) -> Item | None:
        item = self.fake.world.find(self.fake.platform, number, kind=kind)
        return item if item is not None and item.account is self.site else None

    def _found(self, collection: str, number: str) -> Item:
        item = self._item(number, KINDS.get(collection, COMMENT))
        if item is None or not item.is_live:
            if item is not None:
                self.fake.show_gone(item)
            what = "comment" if collection == "comments" else "post"
            raise Refused(error(404, f"rest_{what}_invalid_id", f"Invalid {what} ID."))
        hidden = status_of(item) not in ("publish", "approved") or status_of(item.root) != "publish"
        if (hidden and not self.signed_in) or number in self.fake.knobs.refused_ids:
            message = "Sorry, you are not allowed to do that."
            raise Refused(error(403 if self.signed_in else 401, UNREADABLE[collection], message))
        return item

    def _revisions(self, item: Item) -> Reply:
        if not self.signed_in:
            return error(
                401, "rest_cannot_read", "Sorry, you are not allowed to view revisions of this post."
            )
        entries = [v for v in reversed(item.versions) if v.number]
        size = min(self.request.number("per_page", 10), self.fake.knobs.page_size or MOST)
        page = self.fake.page(
            f"revisions of {item.key}",
            entries,
            limit=size,
            start=(self.request.number("page", 1) - 1) * size,
            name=lambda version: str(version.number),
        )
        for version in page.items:
            self.fake.show(item, version=version.number)
        pages = math.ceil(page.total / size)
        return Reply(
            headers={"x-wp-total": str(page.total), "x-wp-totalpages": str(pages)},
            body=[self.shown.revision(item, version.number) for version in page.items],
        )
