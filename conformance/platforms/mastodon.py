"""A fake Mastodon server: statuses, threads, edit histories, as the 4.7.0 description has them.

Council accounts live here; residents may live elsewhere (`Account.server`): their statuses have another
server's uri, and a local id as all others. Ids are snowflakes in text. Without a sign-in a thread is cut to
60 answers at a depth of 20. Below a deleted status nothing is shown any more, though it stands.

What scenarios can set beside the knobs: an item's `shown` may be `private` or `direct`, which only its author
and the account that it answers can read. `facts` of items: `visibility` ("unlisted"), `poll` (titles),
`quotes` (an item); of accounts: `blocks` and `mutes` (account ids), `fields` (name and value).
"""

from __future__ import annotations

import html
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from conformance.fake import Fake, Json, Refused, Reply, Request, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from conformance.item import Account, Item, Media, Version

__all__ = ["MastodonFake"]

CUT_ANSWERS = 60
CUT_DEPTH = 20
CUT_ANCESTORS = 40
MOST_ANSWERS = 4096
MOST_STATUSES = 40
WINDOW = timedelta(minutes=5)
OF_STATUS = 2
MESSAGE = "direct"
FOLLOWERS = "private"


class MastodonFake(Fake):
    """One server with all of the world's Mastodon accounts."""

    platform: ClassVar[str] = "mastodon"
    text_field: ClassVar[str] = "content"

    @override
    def handle(self, request: Request) -> Reply:
        if request.token and self.owner(request) is None:
            return self.refusal(Trouble.REVOKED, request)
        match request.parts:
            case ["api", "v1", "accounts", *rest]:
                return self._of_accounts(request, rest)
            case ["api", "v1", "statuses", status_id, *rest] if len(rest) < OF_STATUS:
                request.endpoint = "/".join(["/api/v1/statuses/{id}", *rest])
                self._need(request, "read:statuses")
                return self._status(request, status_id, rest[0] if rest else "")
            case _:
                return not_found()

    def _need(self, request: Request, scope: str) -> None:
        if request.token and scope in self.knobs.missing:
            raise Refused(self.refusal(Trouble.MISSING_PERMISSION, request))

    def _of_accounts(self, request: Request, rest: Sequence[str]) -> Reply:
        match list(rest):
            case ["verify_credentials"]:
                return self._credentials(request)
            case ["lookup"]:
                return self._account_reply(self.account(request.get("acct")))
            case [account_id]:
                request.endpoint = "/api/v1/accounts/{id}"
                return self._account_reply(self.account(account_id))
            case [account_id, "statuses"]:
                request.endpoint = "/api/v1/accounts/{id}/statuses"
                self._need(request, "read:statuses")
                return self._statuses(request, account_id)
            case _:
                return not_found()

    def _credentials(self, request: Request) -> Reply:
        self._need(request, "read:accounts")
        owner = self.owner(request)
        if owner is None:
            return self.refusal(Trouble.REVOKED, request)
        if owner.suspended:
            return Reply(status=403, body={"error": "Your login is currently disabled"})
        return self._account_reply(self.account(owner.id))

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
            return Reply(headers=self._limits(), body=[])
        viewer = self.owner(request)
        mine = [item for item in reversed(self.world.written_by(account)) if visible_to(viewer, item)]
        start = 0
        if "max_id" in request.query:
            max_id = request.number("max_id", 0)
            mine = list(self._vanished(mine))  # ids do not slip, as offsets would
            start = sum(int(item.native_id) >= max_id for item in mine)
        limit = max(1, min(request.number("limit", 20), MOST_STATUSES))
        page = self.page(f"statuses of {account.id}", mine, limit=limit, start=start)
        headers = self._limits()
        if page.items:
            # A page that holds anything names the way back too, and with that always bears the header.
            list_at = self.url(f"/api/v1/accounts/{account.id}/statuses?limit={limit}")
            links = [f'<{list_at}&min_id={page.items[0].native_id}>; rel="prev"']
            if page.next_start is not None:
                # A looping list leads back to its first page, as the knob asks for.
                after = mine[page.next_start - 1].native_id
                links.insert(0, f'<{list_at}&max_id={after}>; rel="next"')
            headers["link"] = ", ".join(links)
        return Reply(headers=headers, body=[self.render(item) for item in page.items])

    def _status(self, request: Request, status_id: str, what: str) -> Reply:
        item = self.world.find("mastodon", status_id)
        if item is None or item.author.suspended or not visible_to(self.owner(request), item):
            if item is not None and not what and not item.is_live:
                self.show_gone(item)
            return not_found()
        if status_id in self.knobs.refused_ids:
            return Reply(status=403, body={"error": "This action is not allowed"})
        if what == "context":
            return Reply(headers=self._limits(), body=self._context(request, item))
        if what == "history":
            return Reply(headers=self._limits(), body=self._history(item))
        if what:
            return not_found()
        return Reply(headers=self._limits(), body=self.render(item))

    def _context(self, request: Request, item: Item) -> Json:
        viewer = self.owner(request)
        above: list[Item] = []
        parent = item.parent
        while parent is not None and parent.is_live:
            above.insert(0, parent)
            parent = parent.parent
        if viewer is None:
            above = above[-CUT_ANCESTORS:]
            below: Sequence[Item] = self.cut(list(self._tree(item, CUT_DEPTH)), CUT_ANSWERS)
        else:
            below = list(self._tree(item, None))[:MOST_ANSWERS]
        # What a reader may not see is left out after the cut; what hangs below it is not.
        return {
            "ancestors": [self.render(each) for each in above if listed_for(viewer, each)],
            "descendants": [self.render(each) for each in below if listed_for(viewer, each)],
        }

    def _tree(self, top: Item, depth: int | None) -> Iterator[Item]:
        """Yield the answers below, each followed by its own."""
        waiting = [(each, 1) for each in reversed(self.world.children(top))]
        while waiting:
            item, level = waiting.pop()
            yield item
            if depth is None or level < depth:
                waiting += [(each, level + 1) for each in reversed(self.world.children(item))]

    def _history(self, item: Item) -> Json:
        entries: list[Json] = []
        for version in item.versions:
            self.show(item, version=version.number)
            entries.append(
                {
                    "content": content(version),
                    "spoiler_text": version.title or "",
                    "sensitive": bool(version.title),
                    "created_at": iso(version.at if version.number else item.created_at),
                    "account": self._account(item.author),
                    "media_attachments": self._media_of(item, version.media),
                    "emojis": [],
                    "poll": poll_options(item),
                    "quote": None,
                }
            )
        return entries

    def render(self, item: Item) -> Json:
        """Return a status, and note that it was shown."""
        self.show(item)
        version = item.current
        edited = item.versions[-1].at if item.is_edited else None
        parent = item.parent
        address = f"{self._home(item.author)}/@{item.author.handle}/{item.native_id}"
        told: Json = {
            "id": item.native_id,
            "created_at": iso(item.created_at),
            "in_reply_to_id": None if parent is None or not parent.is_live else parent.native_id,
            "in_reply_to_account_id": None if parent is None else parent.author.id,
            "sensitive": bool(version.title),
            "spoiler_text": version.title or "",
            "visibility": item.facts.get("visibility", item.shown),
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
            "quote": self._quote(item),
            "card": None,
            "poll": poll(item),
        }
        return told

    def _quote(self, item: Item) -> Json:
        quoted = item.facts.get("quotes")
        if quoted is None:
            return None
        if not quoted.is_public:
            return {"state": "deleted", "quoted_status": None}
        return {"state": "accepted", "quoted_status": self.render(quoted)}

    def _home(self, account: Account) -> str:
        return f"https://{account.server}" if account.server else self.base_url

    def uri(self, item: Item) -> str:
        """Return the lasting name of a status."""
        number = item.serial if item.author.server else item.native_id
        return f"{self._home(item.author)}/ap/users/{item.author.id}/statuses/{number}"

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
        told = self._account(account)
        if account.suspended:
            told |= {"suspended": True, "display_name": "", "note": "", "fields": []}
        return Reply(headers=self._limits(), body=told)

    def _account(self, account: Account) -> Json:
        created = account.created_at or datetime(2019, 1, 1, tzinfo=UTC)
        home = self._home(account)
        fields = account.facts.get("fields", {})
        return {
            "id": account.id,
            "username": account.handle,
            "acct": f"{account.handle}@{account.server}" if account.server else account.handle,
            "display_name": account.name,
            "locked": False,
            "bot": False,
            "discoverable": True,
            "indexable": True,
            "group": False,
            "created_at": iso(created),
            "note": markup(account.description),
            "url": f"{home}/@{account.handle}",
            "uri": f"{home}/ap/users/{account.id}",
            "avatar": f"{self.base_url}/avatars/missing.png",
            "avatar_static": f"{self.base_url}/avatars/missing.png",
            "header": f"{self.base_url}/headers/missing.png",
            "header_static": f"{self.base_url}/headers/missing.png",
            "followers_count": account.metrics.get("followers", 0),
            "following_count": account.metrics.get("following", 0),
            "statuses_count": account.metrics.get("posts", 0),
            "last_status_at": None,
            "emojis": [],
            "fields": [{"name": name, "value": value} for name, value in fields.items()],
        }

    def _limits(self, *, reset: datetime | None = None, remaining: int = 299) -> dict[str, str]:
        return {
            "x-ratelimit-limit": "300",
            "x-ratelimit-remaining": str(remaining),
            "x-ratelimit-reset": iso(reset or self.server_now + WINDOW),
        }


def visible_to(viewer: Account | None, item: Item) -> bool:
    """Return whether a reader may see an item: whom its author has blocked sees less than the public."""
    if not item.is_live or (viewer is not None and viewer.id in item.author.facts.get("blocks", ())):
        return False
    return item.is_public or (item.shown in {MESSAGE, FOLLOWERS} and viewer in {item.author, item.account})


def listed_for(viewer: Account | None, item: Item) -> bool:
    """Return whether threads show a reader an item: nothing of whom the reader blocks or mutes."""
    ignored = () if viewer is None else viewer.facts.get("mutes", ())
    return item.author.id not in ignored and visible_to(viewer, item)


def poll_options(item: Item) -> Json:
    """Return a poll as an entry of a history has it."""
    return (
        {"options": [{"title": each} for each in item.facts.get("poll", ())]}
        if "poll" in item.facts
        else None
    )


def poll(item: Item) -> Json:
    """Return a status's poll."""
    titles = item.facts.get("poll")
    if titles is None:
        return None
    return {
        "id": item.native_id,
        "expires_at": iso(item.created_at + timedelta(days=1)),
        "expired": False,
        "multiple": False,
        "votes_count": 0,
        "voters_count": 0,
        "options": [{"title": each, "votes_count": 0} for each in titles],
        "emojis": [],
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
