"""A site's posts, comments and refusals as WordPress's REST interface writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.item import COMMENT, PAGE, PUBLIC
from conformance.platforms.blog import local, stamp, status_of
from conformance.wire import Reply, Request

if TYPE_CHECKING:
    from datetime import datetime

    from conformance.fake import Fake
    from conformance.item import Account, Item
    from conformance.platforms.blog import Blog

__all__ = ["Shown", "changed_at", "error", "signed_out"]

REVISION_BASE = 500_000_000
STAFF = 2


def error(status: int, code: str, message: str, **more: Any) -> Reply:
    """Return a refusal in WordPress's words."""
    data = {"status": status, **more}
    return Reply(status=status, body={"code": code, "message": message, "data": data})


def signed_out(request: Request) -> Reply:
    """Answer a request whose password is not taken: WordPress goes on as for anybody, and then minds."""
    if request.parts[-1:] == ["me"]:
        return error(401, "rest_not_logged_in", "You are not currently logged in.")
    if "status" in request.query and request.parts[-1] != "comments":
        told = {"code": "rest_forbidden_status", "message": "Status is forbidden.", "data": {"status": 401}}
        return error(
            400,
            "rest_invalid_param",
            "Invalid parameter(s): status",
            params={"status": "Status is forbidden."},
            details={"status": told},
        )
    return error(401, "rest_forbidden_context", "Sorry, you are not allowed to edit this.")


def changed_at(item: Item) -> datetime:
    """Return when a post was last changed: a new one dated in the past counts as changed then."""
    return item.current.at


class Shown:
    """Shows the items of one site in one answer, with what its request may see."""

    def __init__(self, fake: Fake, request: Request, site: Account, blog: Blog) -> None:
        self.fake = fake
        self.request = request
        self.site = site
        self.blog = blog
        self.edit = request.get("context") == "edit"

    def item(self, item: Item) -> dict[str, Any]:
        """Return a post, page or comment as it is now."""
        wanted = self.request.listed("_fields")
        body = self._comment(item) if item.kind == COMMENT else self._posting(item)
        if wanted and "content" not in wanted:
            return {name: body[name] for name in wanted if name in body}
        word = status_of(item) if item.shown == PUBLIC else item.shown
        self.fake.show(item, shown=PUBLIC if word in ("publish", "approved") else word)
        embedded = self._embedded(item)
        return {**body, "_embedded": embedded} if embedded else body

    def _text(self, rendered: str, raw: str, **more: Any) -> dict[str, Any]:
        return {"rendered": rendered, **({"raw": raw, **more} if self.edit else {})}

    def _posting(self, item: Item) -> dict[str, Any]:
        number, now = item.current.number, changed_at(item)
        collection = "pages" if item.kind == PAGE else "posts"
        address = f"{self.blog.home}/wp-json/wp/v2/{collection}/{item.serial}"
        text = self.blog.html(item, number)
        page = {"parent": 0, "menu_order": 0}
        post = {"sticky": False, "format": "standard", "categories": [1], "tags": []}
        links: dict[str, Any] = {
            "self": [{"href": address}],
            "collection": [{"href": f"{self.blog.home}/wp-json/wp/v2/{collection}"}],
            "author": [{"embeddable": True, "href": f"{self.blog.home}/wp-json/wp/v2/users/{STAFF}"}],
            "version-history": [{"count": number, "href": f"{address}/revisions"}],
        }
        if number:
            entry = _revision_id(item, number)
            links["predecessor-version"] = [{"id": entry, "href": f"{address}/revisions/{entry}"}]
        lead = item.facts.get("lead_picture")
        return {
            "id": item.serial,
            "date": stamp(local(item.created_at)),
            "date_gmt": stamp(item.created_at),
            "guid": self._text(self.blog.guid(item), self.blog.guid(item)),
            "modified": stamp(local(now)),
            "modified_gmt": stamp(now),
            "slug": self.blog.link(item).rstrip("/").rpartition("/")[2],
            "status": status_of(item),
            "type": item.kind,
            "link": self.blog.link(item),
            "title": self._text(self.blog.title(item, number), item.current.title or ""),
            "content": {
                **self._text(text, item.current.text, block_version=0),
                "protected": bool(item.facts.get("password")),
            },
            "excerpt": {**self._text(text[:120], ""), "protected": False},
            "author": STAFF,
            "featured_media": 0 if lead is None else item.serial + 1,
            "comment_status": "open",
            "ping_status": "closed",
            "template": "",
            "meta": [],
            **(page if item.kind == PAGE else post),
            **({"password": "", "permalink_template": "", "generated_slug": ""} if self.edit else {}),
            "_links": links,
        }

    def revision(self, item: Item, number: int) -> dict[str, Any]:
        """Return an entry of a post's history."""
        version = item.versions[number]
        collection = "pages" if item.kind == PAGE else "posts"
        entry = _revision_id(item, number)
        parent = f"{self.blog.home}/wp-json/wp/v2/{collection}/{item.serial}"
        return {
            "author": STAFF,
            "date": stamp(local(version.at)),
            "date_gmt": stamp(version.at),
            "id": entry,
            "modified": stamp(local(version.at)),
            "modified_gmt": stamp(version.at),
            "parent": item.serial,
            "slug": f"{item.serial}-revision-v1",
            "guid": self._text(f"{self.blog.home}/?p={entry}", f"{self.blog.home}/?p={entry}"),
            "title": self._text(self.blog.title(item, number), version.title or ""),
            "content": self._text(self.blog.html(item, number), version.text),
            "excerpt": self._text("", ""),
            "_links": {"parent": [{"href": parent}]},
        }

    def _comment(self, item: Item) -> dict[str, Any]:
        parent = item.parent.serial if item.parent is not None and item.parent.kind == COMMENT else 0
        private = {"author_email": "", "author_ip": "", "author_user_agent": ""} if self.edit else {}
        base = f"{self.blog.home}/wp-json/wp/v2"
        links: dict[str, Any] = {
            "self": [{"href": f"{base}/comments/{item.serial}"}],
            "collection": [{"href": f"{base}/comments"}],
            "up": [{"embeddable": True, "post_type": "post", "href": f"{base}/posts/{item.root.serial}"}],
        }
        if parent:
            links["in-reply-to"] = [{"embeddable": True, "href": f"{base}/comments/{parent}"}]
        return {
            "id": item.serial,
            "post": item.root.serial,
            "parent": parent,
            "author": STAFF if item.author is self.site else 0,
            "author_name": item.author.name,
            "author_url": "",
            **private,
            "date": stamp(local(item.created_at)),
            "date_gmt": stamp(item.created_at),
            "content": self._text(self.blog.html(item, item.current.number), item.text),
            "link": self.blog.link(item),
            "status": status_of(item),
            "type": "comment",
            "author_avatar_urls": {},
            "meta": [],
            "_links": links,
        }

    def _embedded(self, item: Item) -> dict[str, Any]:
        wanted = self.request.listed("_embed")
        found: dict[str, Any] = {}
        if "author" in wanted and (item.kind != COMMENT or item.author is self.site):
            name = self.site.name
            found["author"] = [{"id": STAFF, "name": name, "slug": self.site.handle, "link": self.blog.home}]
        lead = item.facts.get("lead_picture")
        if "wp:featuredmedia" in wanted and lead is not None:
            source = self.fake.media_url(item, lead)
            found["wp:featuredmedia"] = [
                {
                    "id": item.serial + 1,
                    "alt_text": lead.alt or "",
                    "mime_type": lead.mime,
                    "source_url": source,
                }
            ]
        return found


def _revision_id(item: Item, number: int) -> int:
    return REVISION_BASE + item.serial * 100 + number
