"""Bluesky as the public reads it: an AppView, the accounts' own server and the directory of DIDs, in one.

Held to the lexicons, and (tests/rig) to the real server: the same questions give the same shapes. One base
URL answers `/xrpc/…` of all three and `/{did}`, so an archiver may be given it as each of them.

A cid names a version, as it should; a real one would be computed otherwise. A hidden reply is named in its
root's threadgate. Replies below a deleted one are reached by id only. A suspended author's posts are left
out, without a word, of every answer but the profile's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from typing_extensions import override

from conformance.fake import Fake, Json, Refused, Reply, Request, Trouble
from conformance.platforms.bluesky_views import POST, Views, did_document, serves

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.item import Account, Item

__all__ = ["BlueskyFake"]

MOST_POSTS: Final = 100
MOST_URIS: Final = 25
MOST_LEVELS: Final = 1_000
USUAL_LEVELS: Final = 6
USUAL_PARENTS: Final = 80
REQUESTS: Final = 3_000
WINDOW_SECONDS: Final = 300
BAD_REQUEST: Final = 400
TOO_MANY: Final = 429


class BlueskyFake(Fake):
    """The whole network, for every account of a world.

    Attributes:
        most_levels: Levels of replies that a thread has at most in one answer, whatever was asked for.
    """

    platform: ClassVar[str] = "bluesky"
    text_field: ClassVar[str] = "text"
    most_levels: int = MOST_LEVELS

    @property
    def views(self) -> Views:
        """What renders posts and profiles at this address."""
        return Views(self)

    @override
    def handle(self, request: Request) -> Reply:
        match request.parts:
            case ["xrpc", method]:
                request.endpoint = f"/xrpc/{method}"
                return self._method(method, request)
            case ["media", item, media, _]:
                # A view's address ends in the file's cid; the core's in the file's id.
                path = f"/media/{item}/{media}"
                return self._media(Request(method="GET", path=path, query=request.query)) or not_there()
            case [did] if did.startswith("did:"):
                request.endpoint = "/{did}"
                return self._document(did)
            case _:
                return not_there()

    @override
    def refusal(self, trouble: Trouble, request: Request) -> Reply:
        if trouble is Trouble.SUSPENDED:
            return self._suspended(request)
        status, error, message = {
            Trouble.EXPIRED: (BAD_REQUEST, "ExpiredToken", "Token has expired"),
            Trouble.REVOKED: (401, "InvalidToken", "Token could not be verified"),
            Trouble.MISSING_PERMISSION: (403, "Forbidden", "Forbidden"),
            Trouble.RATE_LIMITED: (TOO_MANY, "RateLimitExceeded", "Rate Limit Exceeded"),
            Trouble.QUOTA_SPENT: (TOO_MANY, "RateLimitExceeded", "Rate Limit Exceeded"),
            Trouble.UNAVAILABLE: (502, "UpstreamFailure", "Upstream Failure"),
            Trouble.NOT_FOUND: (BAD_REQUEST, "NotFound", "Post not found"),
        }[trouble]
        headers: dict[str, str] = {}
        if status == TOO_MANY:
            reset = int(self.server_now.timestamp()) + self.knobs.retry_after
            headers = {
                "ratelimit-limit": str(REQUESTS),
                "ratelimit-remaining": "0",
                "ratelimit-reset": str(reset),
                "ratelimit-policy": f"{REQUESTS};w={WINDOW_SECONDS}",
                "retry-after": str(self.knobs.retry_after),
            }
        return Reply(status=status, headers=headers, body={"error": error, "message": message})

    def _method(self, method: str, request: Request) -> Reply:
        methods: dict[str, Callable[[Request], Json]] = {
            "app.bsky.actor.getProfile": self._profile,
            "app.bsky.feed.getAuthorFeed": self._author_feed,
            "app.bsky.feed.getPostThread": self._thread,
            "app.bsky.feed.getPosts": self._posts,
            "com.atproto.identity.resolveHandle": self._resolve,
            "com.atproto.repo.listRecords": self._records,
            "com.atproto.sync.getBlob": self._blob,
        }
        if method not in methods:
            return Reply(
                status=501, body={"error": "MethodNotImplemented", "message": "Method Not Implemented"}
            )
        answer = methods[method](request)
        return answer if isinstance(answer, Reply) else Reply(body=answer)

    # ---- the AppView --------------------------------------------------------------------------------------

    def _profile(self, request: Request) -> Json:
        account = self.account(request.get("actor"))
        if account is None:
            raise bad_request("Profile not found")
        if account.suspended:
            raise refused("AccountTakedown", "Account has been suspended")
        if self._is_deactivated(account):
            raise refused("AccountDeactivated", "Account is deactivated")
        return self.views.profile(account)

    def _resolve(self, request: Request) -> Json:
        account = self.account(request.get("handle"))
        if account is None:
            raise bad_request("Unable to resolve handle")
        return {"did": account.id}

    def _author_feed(self, request: Request) -> Json:
        account = self.account(request.get("actor"))
        if account is None or account.suspended:
            raise bad_request("Profile not found")
        limit = checked(request, "limit", 50, 1, MOST_POSTS)
        mine = [item for item in self._newest_first(account) if serves(item)]
        page = self.page(f"feed of {account.id}", mine, limit=limit, token=request.get("cursor"))
        told: Json = {"feed": [self.views.feed_entry(item) for item in page.items]}
        return told if page.next is None else {**told, "cursor": page.next}

    def _thread(self, request: Request) -> Json:
        depth = checked(request, "depth", USUAL_LEVELS, 0, MOST_LEVELS)
        height = checked(request, "parentHeight", USUAL_PARENTS, 0, MOST_LEVELS)
        uri = request.get("uri")
        item = self.world.find(self.platform, uri)
        if item is None or not serves(item) or uri in self.knobs.refused_ids:
            if item is not None and not item.is_live:
                self.show_gone(item)
            raise refused("NotFound", f"Post not found: {uri}")
        thread = self.views.node(item, depth=min(depth, self.most_levels), whole=True)
        if item.parent is not None and height:
            thread["parent"] = self.views.above(item.parent, height=height)
        gate = self.views.threadgate(item.root)
        return {"thread": thread} if gate is None else {"thread": thread, "threadgate": gate}

    def _posts(self, request: Request) -> Json:
        uris = list(request.query.get("uris", ()))
        if len(uris) > MOST_URIS:
            raise bad_request(f"array too big (maximum {MOST_URIS}, got {len(uris)})")
        posts: list[Json] = []
        for uri in dict.fromkeys(uris):
            item = self.world.find(self.platform, uri)
            if item is None or uri in self.knobs.refused_ids:
                continue
            if serves(item):
                posts.append(self.views.post(item))
            elif not item.is_live:
                self.show_gone(item)
        return {"posts": posts}

    # ---- the accounts' own server, and the directory ------------------------------------------------------

    def _records(self, request: Request) -> Json:
        account = self.account(request.get("repo"))
        if account is None:
            raise bad_request(f"Could not find repo: {request.get('repo')}")
        if account.suspended:
            raise refused("RepoTakendown", f"Repo has been takendown: {account.id}")
        limit = checked(request, "limit", 50, 1, MOST_POSTS)
        mine = self._newest_first(account) if request.get("collection") == POST else []
        # A cursor is a key: what comes after it is listed. The last one leads to an empty page.
        cursor = request.get("cursor")
        start = sum(key_of(item) >= cursor for item in mine) if cursor else 0
        page = self.page(f"records of {account.id}", mine, limit=limit, start=start)
        told: Json = {"records": [self.views.kept(item) for item in page.items]}
        if page.items:
            told["cursor"] = key_of(page.items[-1] if page.next_start is None else mine[page.next_start - 1])
        return told

    def _blob(self, request: Request) -> Reply:
        account = self.account(request.get("did"))
        for item in () if account is None else self.world.written_by(account):
            for media in item.current.media:
                if self.views.blob_cid(media) == request.get("cid"):
                    self.journal.show(item, item.current.number, item.shown, media)
                    return Reply(headers={"content-type": media.mime}, body=media.body)
        raise bad_request("Blob not found")

    def _document(self, did: str) -> Reply:
        account = self.account(did)
        if account is None:
            return Reply(status=404, body={"message": f"DID not registered: {did}"})
        return Reply(body=did_document(account, self.base_url))

    # ---- what is served -----------------------------------------------------------------------------------

    def _newest_first(self, account: Account) -> Sequence[Item]:
        return self.world.written_by(account)[::-1]

    def _is_deactivated(self, account: Account) -> bool:
        """Whether knob `refused_ids` names a post of a resident: the network refuses accounts, not posts."""
        if account.owned:
            return False
        items = (self.world.find(self.platform, uri) for uri in self.knobs.refused_ids)
        return any(item is not None and item.author is account for item in items)

    def _suspended(self, request: Request) -> Reply:
        """Answer as if whatever is asked for were an account's that is taken down."""
        method = request.parts[-1] if request.parts else ""
        if method == "app.bsky.feed.getPosts":
            return Reply(body={"posts": []})
        error, message = {
            "app.bsky.feed.getAuthorFeed": ("InvalidRequest", "Profile not found"),
            "app.bsky.feed.getPostThread": ("NotFound", "Post not found"),
            "com.atproto.repo.listRecords": ("RepoTakendown", "Repo has been takendown"),
        }.get(method, ("AccountTakedown", "Account has been suspended"))
        return Reply(status=BAD_REQUEST, body={"error": error, "message": message})


def not_there() -> Reply:
    """Return the answer for an address that leads nowhere."""
    return Reply(status=404, body={"error": "NotFound", "message": "Not Found"})


def refused(error: str, message: str) -> Refused:
    """Return a refusal in XRPC's form."""
    return Refused(Reply(status=BAD_REQUEST, body={"error": error, "message": message}))


def bad_request(message: str) -> Refused:
    """Return the refusal of a request that makes no sense."""
    return refused("InvalidRequest", message)


def key_of(item: Item) -> str:
    """Return the last part of a post's name."""
    return item.native_id.rpartition("/")[2]


def checked(request: Request, name: str, usual: int, least: int, most: int) -> int:
    """Return a number of the query within its bounds, or refuse it as the server does."""
    number = request.number(name, usual)
    if number > most:
        raise bad_request(f"Invalid params: integer too big (maximum {most}, got {number}) at {name}")
    if number < least:
        raise bad_request(f"Invalid params: integer too small (minimum {least}, got {number}) at {name}")
    return number
