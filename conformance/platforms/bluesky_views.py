"""How Bluesky shows posts, threads and profiles: views around the records, as the lexicons have them."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from conformance.item import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.fake import Fake, Json
    from conformance.item import Account, Item, Media, Version

__all__ = ["POST", "Views", "cid", "did_document", "serves"]

POST: Final = "app.bsky.feed.post"
GATE: Final = "app.bsky.feed.threadgate"
RAW: Final = 0x55
CBOR: Final = 0x71
FIRST_DAY: Final = datetime(2023, 7, 1, tzinfo=UTC)


def serves(item: Item) -> bool:
    """Whether the public view shows this post: hiding is for replies, in the root's threadgate."""
    return item.is_live and not item.author.suspended and (item.parent is not None or item.shown == PUBLIC)


class Views:
    """Renders for one fake, and notes what it showed."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake
        self._world = fake.world

    def post(self, item: Item, *, noted: bool = True) -> Json:
        """Return a post's view. Not `noted`: it stands in the answer as context of another one only."""
        if noted:
            self._fake.show(item)
        version = item.current
        told: Json = {
            "uri": item.native_id,
            "cid": record_cid(item, version),
            "author": author(item.author),
            "record": record(item, version),
        }
        if version.media:
            images = [self._image(item, media) for media in version.media]
            told["embed"] = {"images": images, "$type": "app.bsky.embed.images#view"}
        told |= {
            "bookmarkCount": item.metrics.get("bookmarks", 0),
            "replyCount": sum(serves(each) for each in self._world.children(item)),
            "repostCount": item.metrics.get("shares", 0),
            "likeCount": item.metrics.get("likes", 0),
            "quoteCount": item.metrics.get("quotes", 0),
            "indexedAt": iso(item.appeared_at),
            "labels": [],
        }
        gate = None if item.parent is not None else self.threadgate(item)
        return told if gate is None else {**told, "threadgate": gate}

    def feed_entry(self, item: Item) -> Json:
        """Return an entry of a feed: a reply stands with its thread's root and what it answers."""
        told: Json = {"post": self.post(item)}
        if item.parent is not None:
            told["reply"] = {"root": self._context(item.root), "parent": self._context(item.parent)}
            if item.parent.parent is not None:
                told["reply"]["grandparentAuthor"] = author(item.parent.parent.author)
        return told

    def node(self, item: Item, *, depth: int, whole: bool = False) -> Json:
        """Return a thread from this post down, newest answer first.

        Args:
            item: The post.
            depth: Levels below it.
            whole: All its answers, also where knob `inline_replies` cuts them further down.
        """
        told: Json = {"post": self.post(item)}
        if depth > 0:
            answers = [each for each in reversed(self._world.children(item)) if serves(each)]
            given = answers if whole else self._fake.cut(answers, None)
            told["replies"] = [self.node(each, depth=depth - 1) for each in given]
        return {**told, "threadContext": {}, "$type": "app.bsky.feed.defs#threadViewPost"}

    def above(self, item: Item, *, height: int) -> Json:
        """Return what stands above a post, up to so many levels."""
        if not serves(item):
            return not_found(item)
        told: Json = {"post": self.post(item, noted=False)}
        if item.parent is not None and height > 1:
            told["parent"] = self.above(item.parent, height=height - 1)
        return {**told, "threadContext": {}, "$type": "app.bsky.feed.defs#threadViewPost"}

    def threadgate(self, root: Item) -> Json | None:
        """Return what a thread's author hides in it; None if nothing."""
        hidden = [item for item in self._world.below(root) if not item.is_public]
        if not hidden or not root.is_live:
            return None
        uri = root.native_id.replace(POST, GATE)
        gate = {
            "post": root.native_id,
            "$type": GATE,
            "createdAt": iso(max(item.changed_at for item in hidden)),
            "hiddenReplies": [item.native_id for item in hidden],
        }
        return {"uri": uri, "cid": cid(f"{uri} {len(hidden)}".encode()), "record": gate, "lists": []}

    def kept(self, item: Item) -> Json:
        """Return a record as the account's own server lists it."""
        self._fake.show(item)
        version = item.current
        return {"uri": item.native_id, "cid": record_cid(item, version), "value": record(item, version)}

    def profile(self, account: Account) -> Json:
        """Return a profile."""
        return author(account) | {
            "description": account.description,
            "indexedAt": iso(account.created_at or FIRST_DAY),
            "createdAt": iso(account.created_at or FIRST_DAY),
            "followersCount": account.metrics.get("followers", 0),
            "followsCount": account.metrics.get("following", 0),
            "postsCount": len(self._world.written_by(account)),
        }

    @staticmethod
    def blob_cid(media: Media) -> str:
        """Return a file's name: of its very bytes, as everywhere on the network."""
        return cid(media.body, codec=RAW)

    def _image(self, item: Item, media: Media) -> Json:
        # A real address names the blob before a query; so does this one, its signature behind it.
        address = self._fake.media_url(item, media)
        place, _, query = address.partition("?")
        shown = f"{place}/{self.blob_cid(media)}@png?{query}"
        return {
            "thumb": shown,
            "fullsize": shown,
            "alt": media.alt or "",
            "aspectRatio": {"width": media.width, "height": media.height},
        }

    def _context(self, item: Item) -> Json:
        if not serves(item):
            return not_found(item)
        return {**self.post(item, noted=False), "$type": "app.bsky.feed.defs#postView"}


def record(item: Item, version: Version) -> Json:
    """Return the record as its author's client wrote it."""
    told: Json = {"text": version.text, "$type": POST, "langs": [version.language]}
    if item.parent is not None:
        told["reply"] = {"root": strong_ref(item.root), "parent": strong_ref(item.parent)}
    if version.media:
        images = [
            {
                "alt": media.alt or "",
                "image": {
                    "ref": {"$link": Views.blob_cid(media)},
                    "size": len(media.body),
                    "$type": "blob",
                    "mimeType": media.mime,
                },
                "aspectRatio": {"width": media.width, "height": media.height},
            }
            for media in version.media
        ]
        told["embed"] = {"$type": "app.bsky.embed.images", "images": images}
    facets = list(facets_of(version))
    if facets:
        told["facets"] = facets
    return {**told, "createdAt": iso(item.created_at)}


def facets_of(version: Version) -> Iterator[Json]:
    """Yield where links stand in a text, counted in bytes of UTF-8."""
    raw = version.text.encode()
    for link in version.links:
        start = raw.find(link.url.encode())
        if start >= 0:
            yield {
                "index": {"byteStart": start, "byteEnd": start + len(link.url.encode())},
                "features": [{"uri": link.url, "$type": "app.bsky.richtext.facet#link"}],
            }


def strong_ref(item: Item) -> Json:
    """Return the name of a post as it was when it was answered: of its first version."""
    return {"cid": record_cid(item, item.versions[0]), "uri": item.native_id}


def author(account: Account) -> Json:
    """Return the short form of a profile."""
    return {"did": account.id, "handle": account.handle, "displayName": account.name, "labels": []}


def not_found(item: Item) -> Json:
    """Return what stands in place of a post that is not served."""
    return {"$type": "app.bsky.feed.defs#notFoundPost", "uri": item.native_id, "notFound": True}


def did_document(account: Account, base_url: str) -> Json:
    """Return what the directory says of an account: its handle, and the server that keeps it."""
    service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": base_url}
    return {
        "@context": ["https://www.w3.org/ns/did/v1"],
        "id": account.id,
        "alsoKnownAs": [f"at://{account.handle}"],
        "verificationMethod": [],
        "service": [service],
    }


def record_cid(item: Item, version: Version) -> str:
    """Return the cid of one version of a post."""
    return _of_version(item.native_id, version.number)


@lru_cache(maxsize=65_536)
def _of_version(uri: str, number: int) -> str:
    return cid(f"{uri} {number}".encode())


@lru_cache(maxsize=4_096)
def cid(data: bytes, codec: int = CBOR) -> str:
    """Return a CID, version 1: SHA-256 in base 32."""
    digest = hashlib.sha256(data).digest()
    raw = bytes((1, codec, 0x12, len(digest))) + digest
    return "b" + base64.b32encode(raw).decode().lower().rstrip("=")


def iso(moment: datetime) -> str:
    """Return `2026-03-02T09:00:00.000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
