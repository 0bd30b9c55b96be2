"""A fake Mastodon server: statuses, threads, edit histories, as the 4.7.0 description has them.

Every account lives on one server, so each status is local; ids are snowflakes in text. A thread read
without a sign-in is cut to 60 answers, as the real one does.
"""

from __future__ import annotations

import html
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from conformance.fake import Fake, Json, Reply, Request, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.item import Account, Item, Media, Version

__all__ = ["MastodonFake"]

CUT_ANSWERS = 60
MOST_STATUSES = 40
WINDOW = timedelta(minutes=5)
OF_STATUS = 2


class MastodonFake(Fake):
    """One server with all of the world's Mastodon accounts."""

    platform: ClassVar[str] = "mastodon"
    text_field: ClassVar[str] = "content"

    @override
    def handle(self, request: Request) -> Reply:
        match request.parts:
            case ["api", "v1", "accounts", *rest]:
                return self._of_accounts(request, rest)
            case ["api", "v1", "statuses", status_id, *rest] if len(rest) < OF_STATUS:
                request.endpoint = "/".join(["/api/v1/statuses/{id}", *rest])
                return self._status(request, status_id, rest[0] if rest else "")
            case _:
                return not_found()

    def _of_accounts(self, request: Request, rest: Sequence[str]) -> Reply:
        match list(rest):
            case ["verify_credentials"]:
                owner = self.owner(request)
                if owner is None:
                    return self.refusal(Trouble.REVOKED, request)
                return self._account_reply(self.account(owner.id))
            case ["lookup"]:
                return self._account_reply(self.account(request.get("acct")))
            case [account_id]:
                request.endpoint = "/api/v1/accounts/{id}"
                return self._account_reply(self.account(account_id))
            case [account_id, "statuses"]:
                request.endpoint = "/api/v1/accounts/{id}/statuses"
                return self._statuses(request, account_id)
            case _:
                return not_found()

    @override
    def refusal(self, trouble: Trouble, request: Request) -> Reply:
        status, words = {
            Trouble.EXPIRED: (401, "The access token expired"),
            Trouble.REVOKED: (401, "The access token is invalid"),
            Trouble.MISSING_PERMISSION: (403, "This action is outside the authorized scopes"),
            Trouble.SUSPENDED: (410, "Gone"),
            Trouble.RATE_LIMITED: (429, "Too many requests"),
            Trouble.QUOTA_SPENT: (429, "Too many requests"),
            Trouble.UNAVAILABLE: (503, "There was a problem processing your request. Please try again"),
            Trouble.NOT_FOUND: (404, "Record not found"),
        }[trouble]
        reset = self.server_now + timedelta(seconds=self.knobs.retry_after)
        headers = self._limits(reset=reset, remaining=0) if status == 429 else {}  # noqa: PLR2004 - HTTP's own
        return Reply(status=status, headers=headers, body={"error": words})

    def _statuses(self, request: Request, account_id: str) -> Reply:
        account = self.account(account_id)
        if account is None:
            return not_found()
        if account.suspended:
            return self.refusal(Trouble.SUSPENDED, request)
        mine = [item for item in reversed(self.world.written_by(account)) if item.is_public]
        start = 0
        if max_id := request.get("max_id"):
            start = sum(int(item.native_id) >= int(max_id) for item in mine)
        limit = max(1, min(request.number("limit", 20), MOST_STATUSES))
        page = self.page(f"statuses of {account.id}", mine, limit=limit, start=start)
        headers = self._limits()
        if page.next_start is not None and page.items:
            # A looping list leads back to its first page, as the knob asks for.
            after = mine[page.next_start - 1].native_id
            address = self.url(f"/api/v1/accounts/{account.id}/statuses?limit={limit}&max_id={after}")
            headers["link"] = f'<{address}>; rel="next"'
        return Reply(headers=headers, body=[self.render(item) for item in page.items])

    def _status(self, request: Request, status_id: str, what: str) -> Reply:
        item = self.world.find("mastodon", status_id)
        if item is None or not item.is_live or not item.is_public:
            if item is not None and not what and not item.is_live:
                self.show_gone(item)
            return not_found()
        if item.account.suspended or status_id in self.knobs.refused_ids:
            return (
                not_found() if item.account.suspended else self.refusal(Trouble.MISSING_PERMISSION, request)
            )
        if what == "context":
            return Reply(headers=self._limits(), body=self._context(request, item))
        if what == "history":
            return Reply(headers=self._limits(), body=self._history(item))
        if what:
            return not_found()
        return Reply(headers=self._limits(), body=self.render(item))

    def _context(self, request: Request, item: Item) -> Json:
        above: list[Item] = []
        parent = item.parent
        while parent is not None:
            if parent.is_live and parent.is_public:
                above.insert(0, parent)
            parent = parent.parent
        below = [each for each in self.world.below(item) if each.is_public]
        if self.owner(request) is None:
            below = list(self.cut(below, CUT_ANSWERS))
        return {
            "ancestors": [self.render(each) for each in above],
            "descendants": [self.render(each) for each in below],
        }

    def _history(self, item: Item) -> Json:
        entries: list[Json] = []
        for version in item.versions:
            self.show(item, version=version.number)
            entries.append(
                {
                    "content": markup(version.text),
                    "spoiler_text": version.title or "",
                    "sensitive": False,
                    "created_at": iso(version.at if version.number > 1 else item.created_at),
                    "account": self._account(item.author),
                    "media_attachments": self._media_of(item, version.media),
                    "emojis": [],
                    "poll": None,
                    "quote": None,
                }
            )
        return entries

    def render(self, item: Item) -> Json:
        """Return a status, and note that it was shown."""
        self.show(item)
        version = item.current
        edited = item.versions[-1].at if item.is_edited else None
        parent = None if item.parent is None or not item.parent.is_live else item.parent
        address = f"{self.base_url}/@{item.author.handle}/{item.native_id}"
        told: Json = {
            "id": item.native_id,
            "created_at": iso(item.created_at),
            "in_reply_to_id": None if parent is None else parent.native_id,
            "in_reply_to_account_id": None if parent is None else parent.author.id,
            "sensitive": False,
            "spoiler_text": version.title or "",
            "visibility": "public",
            "language": version.language,
            "uri": self.uri(item),
            "url": address,
            "replies_count": sum(each.is_public for each in self.world.children(item)),
            "reblogs_count": item.metrics.get("shares", 0),
            "favourites_count": item.metrics.get("likes", 0),
            "quotes_count": item.metrics.get("quotes", 0),
            "edited_at": None if edited is None else iso(edited),
            "content": content(version),
            "reblog": None,
            "application": None,
            "account": self._account(item.author),
            "media_attachments": self._media_of(item, version.media),
            "mentions": [],
            "tags": [],
            "emojis": [],
            "quote": None,
            "card": None,
            "poll": None,
        }
        return told

    def uri(self, item: Item) -> str:
        """Return the lasting name of a status."""
        return f"{self.base_url}/users/{item.author.id}/statuses/{item.native_id}"

    def _media_of(self, item: Item, media: Iterable[Media]) -> list[Json]:
        return [
            {
                "id": each.id,
                "type": each.kind,
                "url": self.media_url(item, each),
                "preview_url": self.media_url(item, each),
                "remote_url": None,
                "description": each.alt,
                "blurhash": None,
                "meta": {"original": {"width": each.width, "height": each.height}},
            }
            for each in media
        ]

    def _account_reply(self, account: Account | None) -> Reply:
        if account is None:
            return not_found()
        if account.suspended:
            return Reply(status=410, body={"error": "Gone"})
        return Reply(headers=self._limits(), body=self._account(account))

    def _account(self, account: Account) -> Json:
        created = account.created_at or datetime(2019, 1, 1, tzinfo=UTC)
        return {
            "id": account.id,
            "username": account.handle,
            "acct": account.handle,
            "display_name": account.name,
            "locked": False,
            "bot": False,
            "discoverable": True,
            "group": False,
            "created_at": iso(created),
            "note": markup(account.description),
            "url": f"{self.base_url}/@{account.handle}",
            "uri": f"{self.base_url}/users/{account.id}",
            "avatar": f"{self.base_url}/avatars/missing.png",
            "avatar_static": f"{self.base_url}/avatars/missing.png",
            "header": f"{self.base_url}/headers/missing.png",
            "header_static": f"{self.base_url}/headers/missing.png",
            "followers_count": account.metrics.get("followers", 0),
            "following_count": account.metrics.get("following", 0),
            "statuses_count": account.metrics.get("posts", 0),
            "last_status_at": None,
            "emojis": [],
            "fields": [],
        }

    def _limits(self, *, reset: datetime | None = None, remaining: int = 299) -> dict[str, str]:
        return {
            "x-ratelimit-limit": "300",
            "x-ratelimit-remaining": str(remaining),
            "x-ratelimit-reset": iso(reset or self.server_now + WINDOW),
        }


def not_found() -> Reply:
    """Return what Mastodon says of anything that is not there."""
    return Reply(status=404, body={"error": "Record not found"})


def content(version: Version) -> str:
    """Return a text as Mastodon's HTML, its links as anchors."""
    told = markup(version.text)
    for link in version.links:
        escaped = html.escape(link.url)
        anchor = f'<a href="{escaped}" target="_blank" rel="nofollow noopener">{escaped}</a>'
        told = told.replace(escaped, anchor, 1)
    return told


def markup(text: str) -> str:
    """Return plain text as paragraphs."""
    parts: Sequence[str] = [html.escape(part).replace("\n", "<br />") for part in text.split("\n\n")]
    return "".join(f"<p>{part}</p>" for part in parts)


def iso(moment: datetime) -> str:
    """Return `2026-03-02T09:00:00.000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
