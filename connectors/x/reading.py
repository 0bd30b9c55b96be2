"""Reading X's exhibits: pure, and for ever able to read what any earlier version kept."""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from connectors.contract import Reading
from connectors.cutting import HeaderReader
from connectors.decoding import Decoder
from connectors.looks import Asked, look_of
from connectors.x.cutting import ALL, LOOKUP, PROFILE_ENDPOINT, RECENT_SEARCH
from connectors.x.problems import GONE
from connectors.x.wire import Problem, Reference, created_at_of
from schemas.capture import POSTS, PROFILE, Exhibit, comments_of
from schemas.digests import DigestRule, Field
from schemas.errors import MalformedItemError
from schemas.observation import PUBLIC
from schemas.record import CouncilRecord, MediaRef
from schemas.vocabulary import Answer, Kind

__all__ = ["DIGEST_RULES", "KNOWN_POST", "KNOWN_USER", "read"]

_Json = Mapping[str, Any]


def _field(name: str, *paths: tuple[str | int, ...]) -> Field:
    return Field(name=name, paths=tuple((0, *path) for path in paths))


DIGEST_RULES: Final[Mapping[int, DigestRule]] = {
    1: {
        "live": (
            _field("text", ("note_tweet", "text"), ("note_post", "text"), ("text",)),
            _field("article_title", ("article", "title")),
            _field("article_text", ("article", "plain_text")),
            _field("media", ("attachments", "media_keys")),
            _field("polls", ("attachments", "poll_ids")),
            _field("refers_to", ("referenced_tweets", "*", "id"), ("referenced_posts", "*", "id")),
        ),
        "profile": (
            _field("name", ("name",)),
            _field("username", ("username",)),
            _field("description", ("description",)),
            _field("location", ("location",)),
            _field("url", ("url",)),
        ),
    }
}

_METRICS: Final = {
    "bookmark_count": "bookmarks",
    "followers_count": "followers",
    "following_count": "following",
    "impression_count": "views",
    "like_count": "likes",
    "listed_count": "listed",
    "media_count": "media",
    "post_count": "posts",
    "quote_count": "quotes",
    "reply_count": "comments",
    "repost_count": "shares",
    "retweet_count": "shares",
    "tweet_count": "posts",
}
_KINDS: Final = {"photo": "image", "video": "video", "animated_gif": "video"}
_PICTURE: Final = re.compile(r"/status/(\d+)/(?:photo|video)/\d")
_NO_LANGUAGE: Final = frozenset({"und", "zxx", "art"})
KNOWN_POST: Final = frozenset(
    {
        *("article", "article_title", "attachments", "author_id", "card_uri", "community_id"),
        *("context_annotations", "conversation_id", "created_at", "display_text_range", "edit_controls"),
        *("edit_history_post_ids", "edit_history_tweet_ids", "entities", "geo", "id", "in_reply_to_user_id"),
        *("lang", "matched_media_notes", "media_metadata", "non_public_metrics", "note_post"),
        *("note_request_suggestions", "note_tweet", "organic_metrics", "paid_partnership"),
        *("possibly_sensitive", "promoted_metrics", "public_metrics", "referenced_posts"),
        *("referenced_tweets", "reply_settings", "scopes", "source", "suggested_source_links"),
        *("suggested_source_links_with_counts", "text", "username", "withheld"),
    }
)
KNOWN_USER: Final = frozenset(
    {
        *("affiliation", "confirmed_email", "connection_status", "created_at", "description", "entities"),
        *("id", "is_identity_verified", "location", "most_recent_post_id", "most_recent_tweet_id", "name"),
        *("parody", "pinned_post_id", "pinned_tweet_id", "profile_banner_url", "profile_image_url"),
        *("protected", "public_metrics", "receives_your_dm", "subscribes_to_you", "subscription"),
        *("subscription_type", "url", "username", "verified", "verified_followers_count"),
        *("verified_type", "withheld"),
    }
)


class _Link(msgspec.Struct, frozen=True):
    url: str
    expanded_url: str | None = None
    unwound_url: str | None = None
    media_key: str | None = None


class _Entities(msgspec.Struct, frozen=True):
    urls: tuple[_Link, ...] | None = None


class _Note(msgspec.Struct, frozen=True):
    text: str
    entities: _Entities | None = None


class _Attached(msgspec.Struct, frozen=True):
    media_keys: tuple[str, ...] | None = None


class _Post(msgspec.Struct, frozen=True):
    id: str
    text: str
    author_id: str | None = None
    conversation_id: str | None = None
    created_at: datetime | None = None
    lang: str | None = None
    edit_history_tweet_ids: tuple[str, ...] | None = None
    edit_history_post_ids: tuple[str, ...] | None = None
    referenced_tweets: tuple[Reference, ...] | None = None
    referenced_posts: tuple[Reference, ...] | None = None
    attachments: _Attached | None = None
    entities: _Entities | None = None
    note_tweet: _Note | None = None
    note_post: _Note | None = None


class _User(msgspec.Struct, frozen=True):
    id: str
    name: str
    username: str
    description: str | None = None
    location: str | None = None
    url: str | None = None
    created_at: datetime | None = None
    entities: dict[str, _Entities] | None = None


_HEADER: Final = HeaderReader(Asked)
_ANY: Final = Decoder()
_ODD: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def read(exhibit: Exhibit) -> Reading:
    """Read one exhibit.

    Raises:
        MalformedItemError: It is no post, profile or problem that we understand.
    """
    asked = _HEADER.facts(exhibit.header)
    try:
        parts = tuple(_ANY.decode(part) for part in exhibit.parts)
        item = parts[0]
        if not isinstance(item, dict):
            raise MalformedItemError("An item of X is no object.")
        if asked.endpoint == PROFILE_ENDPOINT:
            return _profile(exhibit.record_id, asked, parts)
        if "title" in item and "type" in item and "text" not in item:
            return _not_there(exhibit.record_id, asked, msgspec.convert(item, Problem))
        return _post(exhibit.record_id, asked, parts)
    except (*_ODD, msgspec.DecodeError) as error:
        raise MalformedItemError("An item of X has another shape than muniment knows.") from error


def _post(record_id: str, asked: Asked, parts: tuple[Any, ...]) -> Reading:
    item = parts[0]
    post = msgspec.convert(item, _Post)
    chain = post.edit_history_tweet_ids or post.edit_history_post_ids or (post.id,)
    shared = _Shared(parts)
    references = post.referenced_tweets or post.referenced_posts or ()
    answered = next((each.id for each in references if each.type == "replied_to"), None)
    author = shared.users.get(post.author_id or "", {})
    handle = _string(author, "username")
    note = post.note_tweet or post.note_post
    entities = post.entities if note is None or note.entities is None else note.entities
    urls = () if entities is None else entities.urls or ()
    pictures = tuple(url for url in urls if _is_media(url, chain))
    text = _plain(post.text if note is None else note.text, urls, pictures)
    article = item.get("article")
    title = _string(article, "title")
    text = _string(article, "plain_text") or text
    reposted = next((shared.posts.get(each.id) for each in references if each.type == "retweeted"), None)
    if reposted is not None:
        text = _whole_repost(text, reposted)
    thread_id = record_id if answered is None else shared.named(post.conversation_id or answered)
    record = CouncilRecord(
        record_id=record_id,
        native_id=post.id,
        platform="x",
        kind=Kind.POST if answered is None else Kind.COMMENT,
        thread_id=thread_id,
        parent_id=None if answered is None else shared.named(answered),
        author_id=post.author_id,
        author_handle=handle,
        author_name=_string(author, "name"),
        title=title,
        text=text,
        language=_language(post.lang),
        url=f"https://x.com/{handle or 'i'}/status/{post.id}",
        # X cuts its own created_at to the second, and an edit has another: the first id holds the time.
        created_at=created_at_of(chain[0]) or post.created_at,
        version_at=None if chain[0] == post.id else created_at_of(post.id),
        media=_media(post, shared),
        links=_expanded(url for url in urls if url not in pictures),
    )
    look = None
    if post.id == chain[-1]:
        listing = _listing(asked.endpoint, thread_id)
        look = look_of(record_id, asked, Answer.SEEN, PUBLIC, listing=listing, metrics=_counted(item))
    leftover = sorted(item.keys() - KNOWN_POST)
    leftover += [f"user.{name}" for name in sorted(author.keys() - KNOWN_USER)]
    return Reading(record=record, look=look, items=parts, leftover=tuple(leftover))


def _profile(record_id: str, asked: Asked, parts: tuple[Any, ...]) -> Reading:
    item = parts[0]
    user = msgspec.convert(item, _User)
    entities = user.entities or {}
    urls = tuple(url for each in entities.values() for url in each.urls or ())
    website = _plain(user.url or "", urls)
    told = (_plain(user.description or "", urls), user.location or "", website)
    record = CouncilRecord(
        record_id=record_id,
        native_id=user.id,
        platform="x",
        kind=Kind.PROFILE,
        thread_id=record_id,
        parent_id=None,
        author_id=user.id,
        author_handle=user.username,
        author_name=user.name,
        title=user.name,
        text="\n".join(line for line in told if line),
        language=None,
        url=f"https://x.com/{user.username}",
        created_at=user.created_at,
        version_at=None,
        media=(),
        links=_expanded(urls),
    )
    look = look_of(record_id, asked, Answer.SEEN, PUBLIC, listing=PROFILE, metrics=_counted(item))
    leftover = tuple(f"user.{name}" for name in sorted(item.keys() - KNOWN_USER))
    return Reading(record=record, look=look, shape="profile", items=parts, leftover=leftover)


def _not_there(record_id: str, asked: Asked, problem: Problem) -> Reading:
    """Read "not there". X calls a suspended author's post "not found" too, under the title Forbidden."""
    gone = problem.kind == GONE and problem.title.casefold() != "forbidden"
    answer = Answer.GONE if gone else Answer.REFUSED
    look = look_of(record_id, asked, answer, problem.kind or "refused")
    return Reading(record=None, look=look, shape="problem")


class _Shared:
    """The further parts of an exhibit, told apart by their shape."""

    def __init__(self, parts: Sequence[Any]) -> None:
        self.users: dict[str, _Json] = {}
        self.media: dict[str, _Json] = {}
        self.posts: dict[str, _Json] = {}
        self._first: dict[str, str] = {}
        for part in parts[1:]:
            if isinstance(part, list):
                self._first.update((str(each), str(part[0])) for each in part)
            elif "media_key" in part:
                self.media[part["media_key"]] = part
            elif "username" in part and "name" in part:
                self.users[part["id"]] = part
            elif "text" in part:
                self.posts[part["id"]] = part

    def named(self, native_id: str) -> str:
        """Return the record that an id belongs to: a later edit's id leads back to the first."""
        return f"x:{self._first.get(native_id, native_id)}"


def _listing(endpoint: str, thread_id: str) -> str:
    if endpoint in (RECENT_SEARCH, ALL):
        return comments_of(thread_id)
    return "" if endpoint == LOOKUP else POSTS


def _plain(text: str, urls: Sequence[_Link], pictures: Sequence[_Link] = ()) -> str:
    """Return the words a reader sees: X's short t.co links give way to what they stand for."""
    text = html.unescape(text)
    for url in urls:
        text = text.replace(url.url, "" if url in pictures else url.expanded_url or url.url)
    return text.strip()


def _is_media(url: _Link, chain: Sequence[str]) -> bool:
    """Whether a link only stands for a picture of the post itself."""
    found = _PICTURE.search(url.expanded_url or "")
    return url.media_key is not None or (found is not None and found[1] in chain)


def _expanded(urls: Iterable[_Link]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(url.unwound_url or url.expanded_url or url.url for url in urls))


def _whole_repost(text: str, reposted: _Json) -> str:
    """Return a repost with all of its text: X cuts it after 140 characters."""
    note = reposted.get("note_tweet") or reposted.get("note_post") or reposted
    whole = note.get("text") if isinstance(note, dict) else None
    head, colon, _ = text.partition(": ")
    return f"{head}{colon}{html.unescape(whole)}" if isinstance(whole, str) and colon else text


def _media(post: _Post, shared: _Shared) -> tuple[MediaRef, ...]:
    keys = () if post.attachments is None else post.attachments.media_keys or ()
    found: list[MediaRef] = []
    for key in keys:
        part = shared.media.get(key, {})
        alt = part.get("alt_text")
        kind = _KINDS.get(part.get("type", ""), "document")
        found.append(MediaRef(native_id=key, kind=kind, alt_text=alt if isinstance(alt, str) else None))
    return tuple(found)


def _counted(item: _Json) -> dict[str, int]:
    metrics = item.get("public_metrics")
    if not isinstance(metrics, dict):
        return {}
    return {_METRICS.get(name) or str(name): count for name, count in metrics.items() if type(count) is int}


def _language(code: str | None) -> str | None:
    return None if code is None or code in _NO_LANGUAGE or code.startswith("q") else code


def _string(item: Any, name: str) -> str | None:
    value = item.get(name) if isinstance(item, dict) else None
    return value if isinstance(value, str) else None
