"""The ids that each platform would give: of its own form, from serial number and time, alike on every run.

`aliases` lists every id by which an archive may name an item, so that a scorer does not have to know which of
them an archiver chose.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

__all__ = ["account_id", "aliases", "item_id", "site_base"]

X_EPOCH_MS = 1_288_834_974_657
TID_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
SITE_STEP = 100_000


def account_id(platform: str, serial: int, handle: str) -> str:
    """Return an account's id: the part of an account that no rename changes.

    WordPress and feeds have no account id: their handle (the site's slug) stands for it.
    """
    match platform:
        case "x":
            return str(2_200_000_000 + serial * 7919)
        case "facebook":
            return str(100_000_000_000_000 + serial * 104_729)
        case "mastodon":
            return str(109_000_000_000_000_000 + serial * 65_537)
        case "bluesky":
            digest = hashlib.sha256(f"did {serial}".encode()).digest()
            return "did:plc:" + base64.b32encode(digest[:15]).decode().lower()
        case _:
            return handle


def item_id(platform: str, *, kind: str, serial: int, owner_id: str, at: datetime) -> str:
    """Return a new item's id.

    Args:
        platform: `x`, `facebook`, `bluesky`, `mastodon`, `wordpress`, `feed`; others get the serial number.
        kind: `post`, `page` or `comment`.
        serial: Unique in the world; on WordPress unique within the site and the kind.
        owner_id: The author's account id (Bluesky), or the slug of the feed.
        at: When it is created.
    """
    ms = int(at.astimezone(UTC).timestamp() * 1000)
    match platform:
        case "x":
            return str(((ms - X_EPOCH_MS) << 22) | (serial & 0x3FFFFF))
        case "mastodon":
            return str((ms << 16) | (serial & 0xFFFF))
        case "bluesky":
            return f"at://{owner_id}/app.bsky.feed.post/{_tid(ms * 1000 + serial % 1000, serial // 1000)}"
        case "facebook":
            return str(700_000_000_000_000 + serial * 31 + (ms // 1000 % 31))
        case "feed":
            return f"tag:{owner_id}.example,{at.year}:{kind}-{serial}"
        case _:
            return str(serial)


def site_base(serial: int) -> int:
    """Return the number after which a WordPress site counts, so that no two sites of one world share ids."""
    return serial * SITE_STEP


def aliases(
    platform: str, *, native_id: str, home_id: str, root_id: str, is_comment: bool
) -> tuple[str, ...]:
    """Return every id that names the same item, the plain one first.

    Facebook: a post is `{page}_{post}` or `{post}`; a comment `{post}_{comment}` or `{comment}`.
    """
    if platform != "facebook":
        return (native_id,)
    return (native_id, f"{root_id if is_comment else home_id}_{native_id}")


def _tid(micros: int, clock: int) -> str:
    number = (micros << 10) | (clock & 0x3FF)
    letters = []
    for _ in range(13):
        letters.append(TID_LETTERS[number & 31])
        number >>= 5
    return "".join(reversed(letters))
