"""Graph's `fields`: `a,b{c},d.type(X).limit(0).as(e)`; and which names each kind of object has.

The names are those of Meta's published field lists that page archives ask for; a test compares them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

__all__ = ["COMMENT_NODE", "PAGE_NODE", "POST_NODE", "Asked", "parsed", "picked", "unknown_field", "within"]

POST_NODE = frozenset(
    {
        *("actions", "admin_creator", "application", "attachments", "backdated_time", "call_to_action"),
        *("comments", "created_time", "event", "feed_targeting", "from", "full_picture", "icon", "id"),
        *("insights", "is_expired", "is_hidden", "is_popular", "is_published", "likes", "message"),
        *("message_tags", "parent_id", "permalink_url", "picture", "place", "privacy", "promotion_status"),
        *("properties", "reactions", "scheduled_publish_time", "sharedposts", "shares", "status_type"),
        *("story", "story_tags", "target", "targeting", "timeline_visibility", "to", "updated_time", "via"),
    }
)
COMMENT_NODE = frozenset(
    {
        *("admin_creator", "application", "attachment", "can_comment", "can_hide", "can_like", "can_remove"),
        *("can_reply_privately", "comment_count", "comments", "created_time", "from", "id", "is_hidden"),
        *("is_private", "like_count", "likes", "live_broadcast_timestamp", "message", "message_tags"),
        *("object", "parent", "permalink_url", "private_reply_conversation", "reactions", "user_likes"),
    }
)
PAGE_NODE = frozenset(
    {
        *("about", "access_token", "bio", "category", "cover", "description", "emails", "fan_count"),
        *("followers_count", "hours", "id", "instagram_business_account", "is_published", "link", "location"),
        *("name", "overall_star_rating", "phone", "picture", "published_posts", "rating_count", "username"),
        *("verification_status", "website"),
    }
)
_MODIFIER = re.compile(r"\.(\w+)\(([^)]*)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One field that was asked for. `alias` is the name it has in the answer."""

    name: str
    alias: str = ""
    modifiers: Mapping[str, str] = field(default_factory=dict)
    within: frozenset[str] = frozenset()


@lru_cache(maxsize=64)
def parsed(fields: str) -> tuple[Asked, ...]:
    """Return the fields of a `fields` parameter."""
    return tuple(_one(part) for part in _split(fields))


def unknown_field(node: frozenset[str], fields: Iterable[Asked]) -> str | None:
    """Return the first field that this kind of object has not; None if all are known."""
    return next((asked.name for asked in fields if asked.name not in node), None)


def _one(part: str) -> Asked:
    head, _, rest = part.partition("{")
    name = head.partition(".")[0]
    modifiers = dict(_MODIFIER.findall(head))
    within = (
        frozenset(each.partition("{")[0].partition(".")[0] for each in _split(rest[:-1]))
        if rest
        else frozenset()
    )
    return Asked(name=name, alias=modifiers.get("as", name), modifiers=modifiers, within=within)


def _split(text: str) -> Iterator[str]:
    depth, start = 0, 0
    for place, letter in enumerate(f"{text},"):
        depth += (letter in "{(") - (letter in "})")
        if letter == "," and depth == 0:
            if part := text[start:place].strip():
                yield part
            start = place + 1


def picked(fields: Sequence[Asked], values: dict[str, Callable[[Asked], Any]]) -> dict[str, Any]:
    """Return the fields asked for; what is empty is left out. Graph always adds the id."""
    out: dict[str, Any] = {}
    for asked in fields:
        make = values.get(asked.name)
        value = None if make is None else make(asked)
        if value or value is False or value == 0:
            out[asked.alias] = value
    return out if "id" in out else {**out, "id": values["id"](Asked(name="id"))}


def within(asked: Asked, value: dict[str, Any]) -> dict[str, Any]:
    """Return what the braces behind a field ask of an object; without braces, all of it."""
    return {k: v for k, v in value.items() if k in asked.within} if asked.within else value
