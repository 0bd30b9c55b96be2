"""What goes over the wire: X's two vocabularies, the shapes of its answers, and the time in its ids.

History of the platform's changes:
    2022-09  Edits: each edit is a new id, `edit_history_tweet_ids` lists the chain, oldest first.
    2023-02  Posts over 280 characters: the full text stands in `note_tweet`.
    2026-07  Specification 2.166: `tweet.fields`, `referenced_tweets`, `retweet_count`.
    2026-08  Specification 2.167: `post.fields`, `referenced_posts`, `repost_count`, with no changelog entry;
             `author_id`, references and edit history are expansions only. Prose and live samples of that
             summer still had the old names: both are read always, which is sent is a setting.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

__all__ = [
    "EDIT_WINDOW",
    "EPOCH",
    "POST_NAMES",
    "RECENT",
    "TIMELINE_CAP",
    "TWEET_NAMES",
    "USER_FIELDS",
    "Head",
    "Meta",
    "Names",
    "Page",
    "Problem",
    "Reference",
    "User",
    "chain_of",
    "created_at_of",
    "instant",
    "other_names",
    "references_of",
]

TIMELINE_CAP: Final = 3_200
"""A timeline shows the newest so many posts and no more (X documentation)."""
EDIT_WINDOW: Final = timedelta(hours=1)
"""Longest time after creation in which a post can be edited: 30 minutes in the prose, 60 in a sample."""
RECENT: Final = timedelta(days=7)
"""How far back `search/recent` reaches."""
EPOCH: Final = datetime(2010, 11, 6, tzinfo=UTC)
"""The API takes no `start_time` before this."""

_ID_EPOCH: Final = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
_ID_DIGITS: Final = 20  # of 64 bits
_FIRST_TIMED_ID: Final = 29_700_859_247
"""Ids below this (before November 2010) hold no time."""

_FIELDS: Final = (
    *("article", "attachments", "card_uri", "community_id", "conversation_id", "created_at"),
    *("display_text_range", "edit_controls", "entities", "geo", "lang", "media_metadata"),
    *("possibly_sensitive", "public_metrics", "reply_settings", "source", "withheld"),
)
_MEDIA_FIELDS: Final = "alt_text,duration_ms,height,media_key,preview_image_url,type,url,variants,width"
_POLL_FIELDS: Final = "duration_minutes,end_datetime,id,options,voting_status"
_AUTHOR_FIELDS: Final = "name,protected,public_metrics,username,verified,verified_type"
USER_FIELDS: Final = (
    "created_at,description,entities,location,name,profile_banner_url,profile_image_url,protected,"
    "public_metrics,url,username,verified,verified_type"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """One vocabulary: the parameters that ask for everything a post's record needs."""

    word: str
    parameters: dict[str, str]


def _names(word: str, own_fields: tuple[str, ...], expansions: tuple[str, ...]) -> Names:
    return Names(
        word=word,
        parameters={
            f"{word}.fields": ",".join(sorted((*_FIELDS, *own_fields))),
            "expansions": ",".join(
                ("author_id", "attachments.media_keys", "attachments.poll_ids", *expansions)
            ),
            "media.fields": _MEDIA_FIELDS,
            "poll.fields": _POLL_FIELDS,
            "user.fields": _AUTHOR_FIELDS,
        },
    )


TWEET_NAMES: Final = _names(
    "tweet",
    ("author_id", "edit_history_tweet_ids", "in_reply_to_user_id", "note_tweet", "referenced_tweets"),
    ("referenced_tweets.id", "referenced_tweets.id.author_id"),
)
POST_NAMES: Final = _names(
    "post", ("note_post",), ("edit_history_post_ids", "in_reply_to_user_id", "referenced_posts")
)


def other_names(names: Names) -> Names:
    """Return the vocabulary to try when X refuses this one."""
    return POST_NAMES if names is TWEET_NAMES else TWEET_NAMES


class Reference(msgspec.Struct, frozen=True):
    """What a post refers to: "replied_to", "quoted" or "retweeted"."""

    type: str
    id: str


class _Attached(msgspec.Struct, frozen=True):
    media_keys: tuple[str, ...] | None = None
    poll_ids: tuple[str, ...] | None = None


class Head(msgspec.Struct, frozen=True):
    """As much of a post as cutting and walking need; both vocabularies at once."""

    id: str
    author_id: str | None = None
    conversation_id: str | None = None
    created_at: str | None = None
    edit_history_tweet_ids: tuple[str, ...] | None = None
    edit_history_post_ids: tuple[str, ...] | None = None
    referenced_tweets: tuple[Reference, ...] | None = None
    referenced_posts: tuple[Reference, ...] | None = None
    attachments: _Attached | None = None


class Problem(msgspec.Struct, frozen=True):
    """An entry of `errors`, or a whole refusal; `kind` is the last path part of its type."""

    type: str = ""
    title: str = ""
    detail: str = ""
    value: str | None = None
    resource_id: str | None = None
    resource_type: str = ""
    parameter: str = ""
    field: str = ""
    period: str = ""

    @property
    def kind(self) -> str:
        """Return the problem's name: its host differs between the two specifications."""
        return self.type.rstrip("/").rpartition("/")[2]


class Meta(msgspec.Struct, frozen=True):
    """The paging facts of a list."""

    result_count: int | None = None
    newest_id: str | None = None
    next_token: str | None = None


class Page(msgspec.Struct, frozen=True):
    """An answer, its values left as the bytes they are."""

    data: msgspec.Raw = msgspec.Raw(b"")
    includes: msgspec.Raw = msgspec.Raw(b"")
    errors: tuple[msgspec.Raw, ...] = ()
    meta: msgspec.Raw = msgspec.Raw(b"")


class _Counts(msgspec.Struct, frozen=True):
    tweet_count: int | None = None
    post_count: int | None = None


class User(msgspec.Struct, frozen=True):
    """As much of a profile as identity needs."""

    id: str
    username: str = ""
    name: str | None = None
    protected: bool = False
    public_metrics: _Counts | None = None

    @property
    def posts(self) -> int | None:
        """Return X's own count of the account's posts, under either name."""
        counts = self.public_metrics
        if counts is None:
            return None
        return counts.post_count if counts.tweet_count is None else counts.tweet_count


def chain_of(head: Head) -> tuple[str, ...]:
    """Return the ids of a post's edit chain, oldest first; at least its own."""
    return head.edit_history_tweet_ids or head.edit_history_post_ids or (head.id,)


def references_of(head: Head) -> tuple[Reference, ...]:
    """Return what a post refers to, under either name."""
    return head.referenced_tweets or head.referenced_posts or ()


def created_at_of(native_id: str) -> datetime | None:
    """Return the instant that an id holds; None for ids older than that scheme."""
    if not native_id.isdecimal() or len(native_id) > _ID_DIGITS or int(native_id) < _FIRST_TIMED_ID:
        return None
    return _ID_EPOCH + timedelta(milliseconds=int(native_id) >> 22)


def instant(moment: datetime) -> str:
    """Return an instant as X's time parameters take it, in whole seconds, rounded down."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
