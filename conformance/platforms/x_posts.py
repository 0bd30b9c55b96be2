"""Posts and profiles as X renders them, in either vocabulary, with what they share beside them."""

from __future__ import annotations

import hashlib
import html
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from conformance.clock import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.fake import Fake, Request
    from conformance.item import Account, Item, Media, Version
    from conformance.platforms.x_words import Words

__all__ = ["LONG", "Rendering"]

LONG: Final = 280
"""A longer text is cut in `text`, and whole in the note."""


class Rendering:
    """One reply in the making: the fields and expansions that were asked for, and what the posts share."""

    def __init__(self, fake: Fake, words: Words, request: Request) -> None:
        self.fake = fake
        self.words = words
        self.asked = {
            name: set(request.listed(name)) for name in (words.fields, "media.fields", "user.fields")
        }
        self.expansions = set(request.listed("expansions"))
        self.users: dict[str, Account] = {}
        self.posts: dict[str, tuple[Item, Version]] = {}
        self.media: dict[str, tuple[Item, Media]] = {}
        self.polls: dict[str, Item] = {}

    def body(self, found: Sequence[tuple[Item, Version]]) -> dict[str, Any]:
        """Return `data` and `includes` of these versions, and note that they were shown."""
        if not found:
            return {}
        words = self.words
        wanted = self.asked[words.fields] | {"id", "text", words.history}
        if words.author_by_expansion:
            wanted |= self.expansions & {"author_id", "in_reply_to_user_id", words.references}
        data = []
        for item, version in found:
            self.fake.show(item, version=version.number, shown="public")
            data.append(self._post(item, version, wanted))
        included = self._included()
        return {"data": data} | ({"includes": included} if included else {})

    def user(self, account: Account) -> dict[str, Any]:
        """Return a profile, as far as its fields were asked for."""
        told: dict[str, Any] = {
            "id": account.id,
            "name": account.name,
            "username": account.handle,
            "created_at": None if account.created_at is None else iso(account.created_at),
            "description": account.description,
            "protected": False,
            "verified": account.owned,
            "verified_type": "government" if account.owned else "none",
            "public_metrics": {
                "followers_count": account.metrics.get("followers", 0),
                "following_count": account.metrics.get("following", 0),
                self.words.count: account.facts.get("post_count", len(self.fake.world.written_by(account))),
                "listed_count": 0,
            },
        }
        kept = self.asked["user.fields"] | {"id", "name", "username"}
        return {name: value for name, value in told.items() if name in kept and value is not None}

    # ---- one post -----------------------------------------------------------------------------------------

    def _post(self, item: Item, version: Version, wanted: set[str]) -> dict[str, Any]:
        words = self.words
        self.users[item.author.id] = item.author
        text, urls = _text(item, version)
        told: dict[str, Any] = {
            "id": version.native_id or item.native_id,
            "text": text if len(text) <= LONG else f"{text[: LONG - 1]}…",
            words.history: [each.native_id or item.native_id for each in item.versions],
            "author_id": item.author.id,
            "conversation_id": item.root.native_id,
            "created_at": f"{iso(version.at)[:19]}.000Z",
            "lang": version.language,
            "possibly_sensitive": False,
            "reply_settings": "everyone",
            "public_metrics": self._metrics(item),
            "edit_controls": {
                "is_edit_eligible": True,
                "editable_until": iso(item.created_at + timedelta(hours=1)),
                "edits_remaining": max(0, 6 - len(item.versions)),
            },
        }
        if len(text) > LONG:
            told[words.note] = {"text": text} | ({"entities": {"urls": urls}} if urls else {})
        within = [each for each in urls if len(text) <= LONG or each["end"] < LONG]
        if within:
            told["entities"] = {"urls": within}
        attachments = self._attachments(item, version)
        if attachments:
            told["attachments"] = attachments
        references = self._references(item)
        if references:
            told[words.references] = references
        if item.parent is not None:
            told["in_reply_to_user_id"] = item.parent.author.id
        return {name: value for name, value in told.items() if name in wanted}

    def _attachments(self, item: Item, version: Version) -> dict[str, list[str]]:
        told: dict[str, list[str]] = {}
        if version.media:
            told["media_keys"] = [_media_key(media) for media in version.media]
            self.media |= {_media_key(media): (item, media) for media in version.media}
        if "poll" in item.facts:
            told["poll_ids"] = [str(item.serial)]
            self.polls[item.key] = item
        return told

    def _references(self, item: Item) -> list[dict[str, str]]:
        others: dict[str, Item | None] = {
            "replied_to": item.parent,
            "quoted": item.facts.get("quotes"),
            "retweeted": item.facts.get("reposts"),
        }
        found: list[dict[str, str]] = []
        for kind, other in others.items():
            if other is None:
                continue
            then = [each for each in other.versions if each.at <= item.created_at] or other.versions[:1]
            found.append({"type": kind, "id": then[-1].native_id or other.native_id})
            if other.is_live and not other.author.suspended:
                self.posts[other.key] = (other, then[-1])
        return found

    def _metrics(self, item: Item) -> dict[str, int]:
        told = item.metrics
        return {
            self.words.shares: told.get("shares", 0),
            "reply_count": len(self.fake.world.children(item)),
            "like_count": told.get("likes", 0),
            "quote_count": told.get("quotes", 0),
            "bookmark_count": told.get("bookmarks", 0),
            "impression_count": told.get("views", 0),
        }

    # ---- what posts share ---------------------------------------------------------------------------------

    def _included(self) -> dict[str, Any]:
        words, out = self.words, {}
        authors = dict(self.users)
        if words.expand_references in self.expansions and self.posts:
            wanted = self.asked[words.fields] | {"id", "text", words.history, "author_id"}
            out[words.posts] = [self._post(*pair, wanted) for pair in tuple(self.posts.values())]
            if words.author_by_expansion or "referenced_tweets.id.author_id" in self.expansions:
                authors = dict(self.users)
        if "author_id" in self.expansions:
            out["users"] = [self.user(each) for each in authors.values()]
        if "attachments.media_keys" in self.expansions and self.media:
            kept = self.asked["media.fields"] | {"media_key", "type"}
            told = [self._media(key, *pair) for key, pair in self.media.items()]
            out["media"] = [{k: v for k, v in each.items() if k in kept} for each in told]
        if "attachments.poll_ids" in self.expansions and self.polls:
            out["polls"] = [_poll(item) for item in self.polls.values()]
        return out

    def _media(self, key: str, item: Item, media: Media) -> dict[str, Any]:
        url = self.fake.media_url(item, media)
        told: dict[str, Any] = {
            "media_key": key,
            "type": {"image": "photo"}.get(media.kind, media.kind),
            "width": media.width,
            "height": media.height,
        }
        if media.alt is not None:
            told["alt_text"] = media.alt
        if media.kind == "image":
            return {**told, "url": url}
        variants = [
            {"bit_rate": 256_000, "content_type": "video/mp4", "url": f"{url}&small=1"},
            {"content_type": "application/x-mpegURL", "url": f"{url}&list=1"},
            {"bit_rate": 2_176_000, "content_type": "video/mp4", "url": url},
        ]
        return {**told, "duration_ms": 1000, "variants": variants}


def _text(item: Item, version: Version) -> tuple[str, list[dict[str, Any]]]:
    """Return a text as X sends it: `&`, `<` and `>` escaped, every address a t.co link."""
    text = html.escape(version.text, quote=False)
    urls: list[dict[str, Any]] = []
    for number, link in enumerate(version.links):
        short, shown = _short(item, number), html.escape(link.url, quote=False)
        if shown in text:
            text = text.replace(shown, short)
            display = link.url.partition("://")[2][:26]
            urls.append({"url": short, "expanded_url": link.url, "display_url": display})
    if version.media:
        short = _short(item, 90)
        text = f"{text} {short}"
        where = f"https://x.com/{item.author.handle}/status/{item.native_id}/photo/1"
        told = {"url": short, "expanded_url": where, "display_url": f"pic.x.com/{short[-10:]}"}
        urls += [{**told, "media_key": _media_key(media)} for media in version.media]
    for each in urls:
        start = text.index(each["url"])
        each |= {"start": start, "end": start + len(each["url"])}
    return text, urls


def _media_key(media: Media) -> str:
    return f"3_{int(hashlib.sha256(media.id.encode()).hexdigest()[:14], 16)}"


def _short(item: Item, number: int) -> str:
    return f"https://t.co/{item.serial % 10**8:08d}{number:02d}"


def _poll(item: Item) -> dict[str, Any]:
    labels: Sequence[str] = item.facts["poll"]
    return {
        "id": str(item.serial),
        "options": [{"position": n + 1, "label": label, "votes": 0} for n, label in enumerate(labels)],
        "voting_status": "open",
        "duration_minutes": 1440,
        "end_datetime": iso(item.created_at + timedelta(days=1)),
    }
