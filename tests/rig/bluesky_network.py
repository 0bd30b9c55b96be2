"""Make things happen on the rig's real Bluesky network, as the people who use it would."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Self

import httpx

from tests.waiting import until

__all__ = ["BlueskyAccount", "BlueskyNetwork", "Post"]

_POST = "app.bsky.feed.post"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One version of a post: `cid` changes with each edit, `uri` never does."""

    uri: str
    cid: str
    root: "Post | None" = None
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.uri.rsplit("/", 1)[1]

    @property
    def ref(self) -> dict[str, str]:
        return {"uri": self.uri, "cid": self.cid}


class BlueskyAccount:
    """An account on the PDS: its calls return when the PDS has them, the AppView follows shortly after."""

    def __init__(self, client: httpx.Client, *, did: str, handle: str, token: str) -> None:
        self.did = did
        self.handle = handle
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}

    def post(
        self,
        text: str,
        *,
        reply_to: Post | None = None,
        embed: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> Post:
        record: dict[str, Any] = {"$type": _POST, "text": text, "createdAt": _stamp(at)}
        root = None
        if reply_to is not None:
            root = reply_to.root or reply_to
            record["reply"] = {"root": root.ref, "parent": reply_to.ref}
        if embed is not None:
            record["embed"] = dict(embed)
        made = self._call("repo.createRecord", repo=self.did, collection=_POST, record=record)
        return Post(uri=made["uri"], cid=made["cid"], root=root, record=record)

    def post_with_image(self, text: str, data: bytes, *, mime: str = "image/png", alt: str = "") -> Post:
        image = {"image": self.upload_blob(data, mime=mime), "alt": alt}
        return self.post(text, embed={"$type": "app.bsky.embed.images", "images": [image]})

    def upload_blob(self, data: bytes, *, mime: str) -> dict[str, Any]:
        """Upload bytes; the PDS keeps them once a record names the blob that this returns."""
        reply = self._client.post(
            "com.atproto.repo.uploadBlob", content=data, headers={**self._headers, "Content-Type": mime}
        )
        return dict(_json(reply)["blob"])

    def edit(self, post: Post, text: str) -> Post:
        """Overwrite the record in place, as clients that offer editing do."""
        record = {**post.record, "text": text}
        made = self._call("repo.putRecord", repo=self.did, collection=_POST, rkey=post.key, record=record)
        return Post(uri=made["uri"], cid=made["cid"], root=post.root, record=record)

    def delete(self, post: Post) -> None:
        self._call("repo.deleteRecord", repo=self.did, collection=_POST, rkey=post.key)

    def like(self, post: Post) -> None:
        kind = "app.bsky.feed.like"
        record = {"$type": kind, "subject": post.ref, "createdAt": _stamp(None)}
        self._call("repo.createRecord", repo=self.did, collection=kind, record=record)

    def hide_replies(self, root: Post, *replies: Post) -> None:
        """Hide replies under a post of one's own by its threadgate; no replies shows all of them again."""
        kind = "app.bsky.feed.threadgate"
        record = {"$type": kind, "post": root.uri, "createdAt": _stamp(None)}
        hidden = {**record, "hiddenReplies": [reply.uri for reply in replies]}
        self._call("repo.putRecord", repo=self.did, collection=kind, rkey=root.key, record=hidden)

    def set_profile(self, *, name: str, description: str = "") -> None:
        kind = "app.bsky.actor.profile"
        record = {"$type": kind, "displayName": name, "description": description}
        self._call("repo.putRecord", repo=self.did, collection=kind, rkey="self", record=record)

    def app_password(self) -> str:
        name = uuid.uuid4().hex[:12]
        return str(self._call("server.createAppPassword", name=name)["password"])

    def _call(self, method: str, /, **body: Any) -> Any:
        return _json(self._client.post(f"com.atproto.{method}", json=body, headers=self._headers))


class BlueskyNetwork:
    """The network: `pds_url` keeps the records, `appview_url` answers the public questions."""

    def __init__(self, *, pds_url: str, appview_url: str, plc_url: str) -> None:
        self.pds_url = pds_url
        self.appview_url = appview_url
        self.plc_url = plc_url
        self._pds = httpx.Client(base_url=f"{pds_url}/xrpc/", timeout=60)
        self._appview = httpx.Client(base_url=f"{appview_url}/xrpc/", timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pds.close()
        self._appview.close()

    def create_account(self, name: str = "town") -> BlueskyAccount:
        """Make an account with a handle of its own: `name` (9 letters at most), a number and `.test`."""
        handle = f"{name}-{uuid.uuid4().hex[:8]}.test"
        body = {"handle": handle, "email": f"{handle}@example.org", "password": uuid.uuid4().hex}
        made = _json(self._pds.post("com.atproto.server.createAccount", json=body))
        did = made["did"]

        def is_known() -> bool:
            found = self.public("app.bsky.actor.getProfile", actor=did)
            return found.is_success and found.json()["handle"] == handle

        self.wait(f"{handle} is known", is_known)
        return BlueskyAccount(self._pds, did=did, handle=handle, token=made["accessJwt"])

    def public(self, method: str, **params: Any) -> httpx.Response:
        """Ask the AppView as anybody may, for example `public("app.bsky.feed.getPosts", uris=[...])`."""
        return self._appview.get(method, params=params)

    def author_feed(self, account: BlueskyAccount) -> list[dict[str, Any]]:
        reply = self.public("app.bsky.feed.getAuthorFeed", actor=account.did, limit=100)
        return [item["post"] for item in _json(reply)["feed"]]

    def thread(self, post: Post, *, depth: int = 10) -> dict[str, Any]:
        reply = self.public("app.bsky.feed.getPostThread", uri=post.uri, depth=depth)
        return dict(_json(reply)["thread"])

    def seen(self, post: Post) -> dict[str, Any] | None:
        """Return what the AppView shows of a post, or None when it knows none."""
        posts = _json(self.public("app.bsky.feed.getPosts", uris=[post.uri]))["posts"]
        return dict(posts[0]) if posts else None

    def wait_until_indexed(self, *posts: Post) -> None:
        """Wait until the AppView shows these very versions."""
        for post in posts:
            self.wait(f"{post.uri} is indexed", partial(self._is_indexed, post))

    def wait_until_gone(self, *posts: Post) -> None:
        for post in posts:
            self.wait(f"{post.uri} is gone", partial(self._is_gone, post))

    def _is_indexed(self, post: Post) -> bool:
        return (self.seen(post) or {}).get("cid") == post.cid

    def _is_gone(self, post: Post) -> bool:
        return self.seen(post) is None

    def wait(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait for something to show on the AppView.

        Raises:
            TimeoutError: It does not in two minutes.
        """
        until(holds, what=f"{what}, on the AppView")


def _stamp(at: datetime | None) -> str:
    return (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(reply: httpx.Response) -> Any:
    if reply.is_error:
        raise AssertionError(f"{reply.request.url} answered {reply.status_code}: {reply.text}")
    return reply.json()
