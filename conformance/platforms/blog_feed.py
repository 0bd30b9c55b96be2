"""The pages of a blog that any reader opens: its feeds of entries and comments, and its front page."""

from __future__ import annotations

import hashlib
import html
from email.utils import format_datetime
from typing import TYPE_CHECKING

from conformance.fake import Fake, Reply, Request
from conformance.item import COMMENT, PAGE
from conformance.platforms.blog import status_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.item import Account, Item
    from conformance.platforms.blog import Blog

__all__ = ["FeedRoutes"]

PER_FEED = 10
HEAD = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
	xmlns:content="http://purl.org/rss/1.0/modules/content/"
	xmlns:wfw="http://wellformedweb.org/CommentAPI/"
	xmlns:dc="http://purl.org/dc/elements/1.1/"
	xmlns:atom="http://www.w3.org/2005/Atom"
	xmlns:slash="http://purl.org/rss/1.0/modules/slash/"
	>
"""
NOT_FOUND = "<!DOCTYPE html><html><head><title>Page not found</title></head></html>"
"""WordPress answers a feed beyond its last page with such a page, and 404."""


class FeedRoutes(Fake):
    """What `WordPressFake` and `FeedFake` have in common."""

    def blog_page(self, request: Request, site: Account, blog: Blog, route: list[str]) -> Reply:
        """Answer a route that is no REST."""
        match route:
            case []:
                return self._front(request, site, blog)
            case ["feed"]:
                request.endpoint = "/feed/"
                return self._entries(request, site, blog)
            case ["comments", "feed"]:
                request.endpoint = "/comments/feed/"
                posts = self.world.posts_of(site)
                found = [item for post in posts for item in self.world.below(post) if _public(item)]
                return self._comments(request, site, blog, found)
            case [name, "feed"]:
                request.endpoint = "/{post}/feed/"
                number = name.rpartition("-")[2]
                post = next((p for p in self.world.posts_of(site) if str(p.serial) == number), None)
                if post is None or not _public(post):
                    return Reply(status=404, body=NOT_FOUND)
                found = [item for item in self.world.below(post) if _public(item)]
                return self._comments(request, site, blog, found)
            case _:
                return Reply(status=404, body=NOT_FOUND)

    def _front(self, request: Request, site: Account, blog: Blog) -> Reply:
        request.endpoint = "/"
        api = f'<{blog.home}/wp-json/>; rel="https://api.w.org/"' if self.platform == "wordpress" else ""
        page = (
            f"<!doctype html><html><head><title>{html.escape(site.name)}</title>"
            f'<link rel="alternate" type="application/rss+xml" href="{blog.home}/feed/" />'
            f'<link rel="alternate" type="application/rss+xml" href="{blog.home}/comments/feed/" />'
            f"</head><body><h1>{html.escape(site.name)}</h1></body></html>"
        )
        return Reply(headers={"link": api} if api else {}, body=page)

    def _entries(self, request: Request, site: Account, blog: Blog) -> Reply:
        posts = sorted(filter(_public, self.world.posts_of(site)), key=_age, reverse=True)
        size = min(PER_FEED, self.knobs.page_size or PER_FEED)
        start = (max(request.number("paged", 1), 1) - 1) * size
        if start and start >= len(posts):
            return Reply(status=404, body=NOT_FOUND)
        told = self._told(request, posts)
        if told.status == 304 or request.method == "HEAD":  # noqa: PLR2004 - HTTP
            return told
        page = self.page(f"feed of {site.id}", posts, limit=size, start=start)
        items = "".join(self._entry(item, blog) for item in page.items)
        follows = self.platform == "feed" and page.next_start is not None  # WordPress feeds do not say so
        more = f"{blog.home}/feed/?paged={start // size + 2}" if follows else ""
        told.body = self._channel(site, blog, "feed/", site.name, items, more=more)
        return told

    def _comments(self, request: Request, site: Account, blog: Blog, found: Sequence[Item]) -> Reply:
        """Answer with the newest comments; what is no WordPress names the page that follows."""
        start = PER_FEED * (max(request.number("paged", 1), 1) - 1) if self.platform == "feed" else 0
        newest = sorted(found, key=_age, reverse=True)[start : start + PER_FEED]
        told = self._told(request, newest)
        if told.status != 304:  # noqa: PLR2004 - HTTP
            items = "".join(self._answer(item, blog) for item in newest)
            follows = self.platform == "feed" and start + PER_FEED < len(found)
            more = f"{self.url(request.path)}?paged={start // PER_FEED + 2}" if follows else ""
            title = f"Comments for {site.name}"
            told.body = self._channel(site, blog, "comments/feed/", title, items, more=more)
        return told

    def _told(self, request: Request, items: Sequence[Item]) -> Reply:
        newest = max((item.current.at for item in items), default=self.now)
        changed = format_datetime(newest, usegmt=True)
        mark = hashlib.sha256(f"{changed}{[(i.key, i.current.number) for i in items]}".encode()).hexdigest()[
            :32
        ]
        headers = {"etag": f'"{mark}"', "last-modified": changed}
        if request.headers.get("if-none-match") == f'"{mark}"':
            return Reply(status=304, headers=headers)
        return Reply(headers={**headers, "content-type": "application/rss+xml; charset=UTF-8"})

    def _channel(
        self, site: Account, blog: Blog, path: str, title: str, items: str, *, more: str = ""
    ) -> str:
        generator = (
            "https://wordpress.org/?v=6.1.9" if self.platform == "wordpress" else "https://blog.example/"
        )
        following = f'\t<atom:link href="{html.escape(more)}" rel="next" />\n' if more else ""
        return (
            f"{HEAD}\n<channel>\n\t<title>{html.escape(title)}</title>\n"
            f'\t<atom:link href="{blog.home}/{path}" rel="self" type="application/rss+xml" />\n{following}'
            f"\t<link>{blog.home}</link>\n\t<description>{html.escape(site.description)}</description>\n"
            f"\t<language>en-GB</language>\n\t<generator>{generator}</generator>\n{items}</channel>\n</rss>\n"
        )

    def _entry(self, item: Item, blog: Blog) -> str:
        self.show(item)
        text = blog.html(item, item.current.number)
        count = sum(_public(each) for each in self.world.below(item))
        return (
            f"\t<item>\n\t\t<title>{blog.title(item, item.current.number)}</title>\n"
            f"\t\t<link>{blog.link(item)}</link>\n\t\t<comments>{blog.link(item)}#comments</comments>\n"
            f"\t\t<dc:creator><![CDATA[{item.author.name}]]></dc:creator>\n"
            f"\t\t<pubDate>{format_datetime(item.created_at, usegmt=True)}</pubDate>\n"
            f'\t\t<guid isPermaLink="false">{html.escape(blog.guid(item))}</guid>\n'
            f"\t\t<description><![CDATA[{item.text[:80]}]]></description>\n"
            f"\t\t<content:encoded><![CDATA[{text}]]></content:encoded>\n"
            f"\t\t<wfw:commentRss>{blog.link(item)}feed/</wfw:commentRss>\n"
            f"\t\t<slash:comments>{count}</slash:comments>\n\t</item>\n"
        )

    def _answer(self, item: Item, blog: Blog) -> str:
        self.show(item)
        return (
            f"\t<item>\n\t\t<title>By: {html.escape(item.author.name)}</title>\n"
            f"\t\t<link>{blog.link(item)}</link>\n"
            f"\t\t<dc:creator><![CDATA[{item.author.name}]]></dc:creator>\n"
            f"\t\t<pubDate>{format_datetime(item.created_at, usegmt=True)}</pubDate>\n"
            f'\t\t<guid isPermaLink="false">{html.escape(blog.guid(item))}</guid>\n'
            f"\t\t<description><![CDATA[{item.text}]]></description>\n"
            f"\t\t<content:encoded><![CDATA[{blog.html(item, item.current.number)}]]></content:encoded>\n"
            f"\t</item>\n"
        )


def _public(item: Item) -> bool:
    whole = status_of(item.root) == "publish"
    return (
        item.is_live
        and item.kind != PAGE
        and whole
        and (item.kind != COMMENT or status_of(item) == "approved")
    )


def _age(item: Item) -> tuple[object, int]:
    return item.created_at, item.serial
