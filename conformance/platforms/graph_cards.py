"""What Graph calls attachments: a picture, a video, an album of them, or the preview of a page elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from conformance.item import POST

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.item import Item, Media, Version

__all__ = ["WWW", "attachments", "cards"]

WWW = "https://www.facebook.com"


def attachments(post: Item, address: Callable[[Item, Media], str]) -> dict[str, Any] | None:
    """Return a post's `attachments`; None without any. `address` gives where a file can be had now."""
    found = cards(post, address)
    if len(found) < 2:  # noqa: PLR2004 - two pictures make an album
        return {"data": found} if found else None
    url = f"{WWW}/{post.account.id}/posts/{post.native_id}"
    album = {
        "media": found[0]["media"],
        "media_type": "album",
        "subattachments": {"data": found},
        "target": {"id": post.native_id, "url": url},
        "title": f"Photos from {post.account.name}'s post",
        "type": "album",
        "url": url,
    }
    return {"data": [album]}


def cards(item: Item, address: Callable[[Item, Media], str]) -> list[dict[str, Any]]:
    """Return an item's pictures and videos, one each; without any, the preview of its first link."""
    version = item.current
    if version.media:
        return [_card(item, media, address(item, media)) for media in version.media]
    return [_preview(version)] if version.links else []


def _card(item: Item, media: Media, src: str) -> dict[str, Any]:
    video = media.kind == "video"
    url = f"{WWW}/{item.account.id}/{'videos' if video else 'photos'}/{media.id}/"
    file = {"image": {"height": media.height, "src": src, "width": media.width}}
    card = {
        "media": file | ({"source": src} if video else {}),
        "target": {"id": media.id, "url": url},
        "type": "video_inline" if video else "photo",
        "url": url,
    }
    if item.kind == POST:
        card |= {"media_type": "video" if video else "photo", "unshimmed_url": url}
    return card | ({"description": media.alt} if media.alt else {})


def _preview(version: Version) -> dict[str, Any]:
    target = version.links[0].target
    shim = f"https://l.facebook.com/l.php?u={quote(target, safe='')}&h=AT0fake"
    parts = urlsplit(target)
    return {
        "media_type": "link",
        "target": {"url": shim},
        "title": f"{parts.hostname}: {parts.path.strip('/')}",
        "type": "share",
        "unshimmed_url": target,
        "url": shim,
    }
