"""A WordPress for every site of the world, each under its own path: `/{site}/wp-json/…` and `/{site}/feed/`.

What it answers, and how it refuses, was read off a real WordPress 6.1.9; `tests/rig` holds it to that. A site
is an account, its slug the account's id. Signed in is who sends the password `sandbox-{site}` by basic auth.
Site time is Europe/London: the filters by date compare that, as the real one's database does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from conformance.fake import Reply, Request, Trouble
from conformance.platforms.blog import Blog
from conformance.platforms.blog_feed import FeedRoutes
from conformance.platforms.wordpress_json import error, signed_out
from conformance.platforms.wordpress_rest import Rest

if TYPE_CHECKING:
    from conformance.item import Account

__all__ = ["FeedFake", "WordPressFake"]


class WordPressFake(FeedRoutes):
    """Every site at once. It sends JSON with escaped slashes, as PHP does."""

    platform: ClassVar[str] = "wordpress"
    text_field: ClassVar[str] = "content"
    escaped: ClassVar[bool] = True

    @override
    def address(self, account: Account) -> str:
        return self.url(f"/{account.id}")

    @override
    def refusal(self, trouble: Trouble, request: Request) -> Reply:
        match trouble:
            case Trouble.EXPIRED | Trouble.REVOKED:
                return signed_out(request)
            case Trouble.MISSING_PERMISSION:
                return error(403, "rest_forbidden_context", "Sorry, you are not allowed to edit comments.")
            case Trouble.SUSPENDED:
                return error(410, "wp_die", "This site has been archived or suspended.")
            case Trouble.RATE_LIMITED | Trouble.QUOTA_SPENT:
                wait = str(self.knobs.retry_after if trouble is Trouble.RATE_LIMITED else 3600)
                page = "<html><head><title>429 Too Many Requests</title></head></html>"
                return Reply(status=429, headers={"retry-after": wait}, body=page)
            case Trouble.UNAVAILABLE:
                return Reply(status=503, body="<!DOCTYPE html><p>Briefly unavailable for maintenance.</p>")
            case Trouble.NOT_FOUND:
                return error(404, "rest_no_route", "No route was found matching the URL and request method.")

    @override
    def handle(self, request: Request) -> Reply:
        site = self.account(request.parts[0]) if request.parts else None
        if site is None:
            return Reply(status=404, body="<!DOCTYPE html><title>Page not found</title>")
        if site.suspended:
            return self.refusal(Trouble.SUSPENDED, request)
        blog = Blog(self.address(site), self.media_url)
        match request.parts[1:]:
            case ["wp-json", *route]:
                reply = Rest(self, request, site, blog).answer(route)
                reply.headers.setdefault("content-type", "application/json; charset=UTF-8")
                return reply
            case rest:
                return self.blog_page(request, site, blog, rest)


class FeedFake(WordPressFake):
    """A blog of another make, of which only feeds can be read: `/{site}/feed/`."""

    platform: ClassVar[str] = "feed"

    @override
    def address(self, account: Account) -> str:
        return self.url(f"/{account.id}/feed/")

    @override
    def handle(self, request: Request) -> Reply:
        site = self.account(request.parts[0]) if request.parts else None
        if site is None or request.parts[1:2] == ["wp-json"]:
            return Reply(status=404, body="<!DOCTYPE html><title>Page not found</title>")
        blog = Blog(self.url(f"/{site.id}"), self.media_url)
        return self.blog_page(request, site, blog, request.parts[1:])
