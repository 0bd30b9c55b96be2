"""What is asked of Graph, which of it makes a version, and which fields our reader knows.

Graph answers with the fields named in a request and no others, so an unknown one is drift.
"""

from types import MappingProxyType
from typing import Final

from schemas.digests import DigestRule, Field

__all__ = [
    "API_VERSION",
    "COMMENT_FIELDS",
    "DIGEST_RULES",
    "KNOWN",
    "POST_FIELDS",
    "PROFILE_FIELDS",
    "REACTIONS",
]

API_VERSION: Final = "v26.0"

_CARD: Final = "media_type,type,title,description,url,unshimmed_url,target,media"
REACTIONS: Final = ("like", "love", "wow", "haha", "sad", "angry", "care")
_TOTALS: Final = (
    "shares",
    "comments.filter(stream).limit(0).summary(total_count)",
    "reactions.limit(0).summary(total_count)",
    *(f"reactions.type({each.upper()}).limit(0).summary(total_count).as({each})" for each in REACTIONS),
)
POST_FIELDS: Final = ",".join(
    (
        *("id", "created_time", "updated_time", "backdated_time", "message", "message_tags", "story"),
        *("status_type", "permalink_url", "from", "to", "admin_creator", "application", "parent_id"),
        *("is_published", "is_hidden", "is_expired", "timeline_visibility", "privacy", "place", "event"),
        f"attachments{{{_CARD},subattachments.limit(100){{{_CARD}}}}}",
        *_TOTALS,
    )
)
COMMENT_FIELDS: Final = ",".join(
    (
        *("id", "parent{id}", "object{id}", "created_time", "from{id,name}", "message", "message_tags"),
        *("attachment", "is_hidden", "is_private", "like_count", "comment_count", "permalink_url"),
        *("admin_creator", "application", "live_broadcast_timestamp"),
    )
)
PROFILE_FIELDS: Final = ",".join(
    (
        *("id", "name", "username", "about", "bio", "description", "category", "emails", "phone", "website"),
        *("location", "hours", "link", "fan_count", "followers_count", "rating_count"),
        *("overall_star_rating", "is_published", "verification_status"),
    )
)

_OLDER: Final = frozenset({"link", "name", "can_comment", "can_hide", "can_like", "can_remove"})
"""Fields of recordings made by others, and of photos: known, so that they are not taken for drift."""


def _names(fields: str) -> frozenset[str]:
    """Return the names that an answer to these fields has: of `reactions.type(LIKE).as(like)` `like`."""
    names: set[str] = set()
    depth = 0
    name = ""
    for letter in f"{fields},":
        depth += (letter in "{(") - (letter in "})")
        if letter == "," and depth == 0:
            head = name.partition("{")[0]
            alias = head.rpartition(".as(")[2].rstrip(")") if ".as(" in head else ""
            names.add(alias or head.partition(".")[0])
            name = ""
        else:
            name += letter
    return frozenset(names)


KNOWN: Final = MappingProxyType(
    {
        "post": _names(POST_FIELDS) | _OLDER,
        "comment": _names(COMMENT_FIELDS) | _OLDER | {"can_reply_privately"},
        "profile": _names(PROFILE_FIELDS),
    }
)
"""Shape -> the top-level fields that our reader knows."""

_CARDS: Final = (0, "attachments", "data", "*")
_FIRST: Final = (0, "attachments", "data", 0)
_ALBUM: Final = (*_CARDS, "subattachments", "data", "*")


def _profile(name: str) -> Field:
    return Field(name=name, paths=((0, name),))


_RULE_1: Final[DigestRule] = MappingProxyType(
    {
        # `story` is Facebook's own sentence and names the Page: a rename would look like an edit of each
        # post. What a person can set of it is the place. Addresses are signed or shimmed: ids instead.
        "post": (
            Field(name="message", paths=((0, "message"),)),
            Field(name="place", paths=((0, "place", "id"),)),
            Field(name="cards", paths=((*_CARDS, "target", "id"),)),
            # Facebook makes an album's title of the Page's name, so of an album its pictures' titles count.
            Field(
                name="title", paths=((*_FIRST, "subattachments", "data", "*", "title"), (*_FIRST, "title"))
            ),
            Field(name="descriptions", paths=((*_CARDS, "description"),)),
            Field(name="album", paths=((*_ALBUM, "target", "id"),)),
            Field(name="captions", paths=((*_ALBUM, "description"),)),
        ),
        # A comment's link preview is added by Facebook a moment later: only what a person attached counts.
        "comment": (
            Field(name="message", paths=((0, "message"),)),
            Field(name="attachment", paths=((0, "attachment", "target", "id"),)),
        ),
        "profile": tuple(
            _profile(name)
            for name in (
                *("name", "username", "about", "bio", "description", "category", "emails", "phone"),
                *("website", "location", "hours"),
            )
        ),
    }
)
DIGEST_RULES: Final = MappingProxyType({1: _RULE_1})
"""By number. A published rule is never changed: add the next."""
