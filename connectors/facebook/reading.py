"""Reading one exhibit of Graph's: pure, from kept bytes alone.

The endpoint says what an item is. A comment's thread is the post whose list was asked for; an answer by id
tells it by the comment's own id (`{post}_{comment}`) or permalink.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from connectors.contract import Reading
from connectors.cutting import HeaderReader, decodable
from connectors.decoding import Decoder
from connectors.facebook.attachments import Card, Item, cards_of, is_share, links_of, media_of, string
from connectors.facebook.comments import Comment, comment_from, comment_of, comment_record
from connectors.facebook.fields import KNOWN, REACTIONS
from connectors.facebook.problems import Verdict, problem_of, verdict
from connectors.facebook.wire import (
    COMMENT_ENDPOINT,
    COMMENTS_ENDPOINT,
    POST_ENDPOINT,
    POSTS_ENDPOINT,
    PROFILE_ENDPOINT,
    moment,
    permalink_ids,
    record_id,
)
from connectors.looks import Asked, look_of
from schemas.capture import POSTS, PROFILE, Exhibit, comments_of
from schemas.errors import MalformedItemError
from schemas.observation import PUBLIC
from schemas.record import CouncilRecord
from schemas.vocabulary import Answer, Kind

__all__ = ["read"]

_SHAPES: Final = {
    PROFILE_ENDPOINT: "profile",
    POSTS_ENDPOINT: "post",
    POST_ENDPOINT: "post",
    COMMENTS_ENDPOINT: "comment",
    COMMENT_ENDPOINT: "comment",
}


class _Asked(Asked):
    address: str


_CONTENT: Final = frozenset(
    {"attachment", "attachments", "event", "link", "parent_id", "place", "story", "story_tags"}
)
"""What an item without a message can consist of."""
_ODD: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, msgspec.ValidationError)
_NO_CARD: Final = Card()
_SHAPE: Final = "An item has another shape than muniment knows."
# A message that was renamed or lost on the way must not look like one that was taken away.
_LOST: Final = "An item has no text, and fields that were not asked for or no content."
_ANOTHER: Final = "Facebook answered with another record than was asked for."
_header: Final = HeaderReader(_Asked)
_item: Final = Decoder()


def read(exhibit: Exhibit) -> Reading:
    """Read one exhibit.

    Raises:
        MalformedItemError: An item that this reader does not understand.
    """
    asked = _header.facts(exhibit.header)
    part = _decodable(exhibit)
    shape = _SHAPES.get(asked.endpoint)
    comment = comment_of(part) if shape == "comment" else None
    if comment is not None:
        return _of_comment(exhibit, asked, comment, ())
    item = _decoded(part)
    # Looking for an error in the bytes of each item would take a tenth of the time of reading it.
    problem = problem_of(exhibit.parts[0]) if not isinstance(item, dict) or "error" in item else None
    if problem is not None:
        answer = Answer.GONE if verdict(problem) is Verdict.GONE else Answer.REFUSED
        return Reading(record=None, look=look_of(exhibit.record_id, asked, answer, problem.name))
    if not isinstance(item, dict) or shape is None:
        raise MalformedItemError("An item is no object, or of an endpoint that muniment does not ask.")
    leftover = tuple(sorted(item.keys() - KNOWN[shape]))
    try:
        if shape == "comment":
            return _of_comment(exhibit, asked, comment_from(item), leftover)
        return _of_item(exhibit, asked, shape, item, leftover)
    except _ODD as error:
        raise MalformedItemError(_SHAPE) from error


def _of_comment(exhibit: Exhibit, asked: _Asked, comment: Comment, leftover: tuple[str, ...]) -> Reading:
    if comment.message is msgspec.UNSET and (leftover or not comment.has_content):
        raise MalformedItemError(_LOST)
    listed_at = asked.address if asked.endpoint == COMMENTS_ENDPOINT else None
    try:
        record = comment_record(exhibit.record_id, comment, listed_at=listed_at)
    except _ODD as error:
        raise MalformedItemError(_SHAPE) from error
    if listed_at is None and record_id(record.native_id) != record.record_id:
        raise MalformedItemError(_ANOTHER)
    shown = "is_hidden" if comment.is_hidden else "is_private" if comment.is_private else PUBLIC
    metrics = _counts((("likes", comment.like_count), ("comments", comment.comment_count)))
    listing = "" if listed_at is None else comments_of(record.thread_id)
    look = look_of(exhibit.record_id, asked, Answer.SEEN, shown, metrics=metrics, listing=listing)
    return Reading(record=record, look=look, shape="comment", items=(comment,), leftover=leftover)


def _of_item(exhibit: Exhibit, asked: _Asked, shape: str, item: Item, leftover: tuple[str, ...]) -> Reading:
    record = _post(exhibit.record_id, item) if shape == "post" else _profile(exhibit.record_id, item)
    if shape != "profile" and "message" not in item and (leftover or not item.keys() & _CONTENT):
        raise MalformedItemError(_LOST)
    if asked.endpoint == POST_ENDPOINT and record_id(record.native_id) != record.record_id:
        raise MalformedItemError(_ANOTHER)
    listing = _listing(asked.endpoint)
    look = look_of(
        exhibit.record_id, asked, Answer.SEEN, _shown(item), metrics=_metrics(item, shape), listing=listing
    )
    return Reading(record=record, look=look, shape=shape, items=(item,), leftover=leftover)


def _decodable(exhibit: Exhibit) -> bytes:
    part = exhibit.parts[0]
    if _header.is_whole(exhibit.header):
        return part
    segments = _header.spans(exhibit.header)[0]
    return decodable(part, segments) if len(segments) > 1 else part


def _decoded(part: bytes) -> Item | None:
    try:
        item: Item = _item.decode(part)
    except msgspec.DecodeError:
        return None
    return item


def _listing(endpoint: str) -> str:
    if endpoint == POSTS_ENDPOINT:
        return POSTS
    return PROFILE if endpoint == PROFILE_ENDPOINT else ""


def _post(name: str, item: Item) -> CouncilRecord:
    native_id = string(item, "id") or permalink_ids(string(item, "permalink_url"))[-1]
    if not native_id:
        raise MalformedItemError("A post has no id.")
    cards = cards_of(item)
    message = string(item, "message")
    about = (card for card in cards if card.description or card.title)
    card = next(about, _NO_CARD)
    author = item.get("from") or {}
    return CouncilRecord(
        record_id=name,
        native_id=native_id,
        platform="facebook",
        kind=Kind.POST,
        thread_id=name,
        parent_id=None,
        author_id=string(author, "id"),
        author_handle=None,
        author_name=string(author, "name"),
        title=None if is_share(card) else card.title or None,
        text=message or string(item, "story") or card.description or card.title or "",
        language=None,
        url=string(item, "permalink_url") or string(item, "link"),
        created_at=moment(string(item, "created_time")),
        version_at=None,
        media=tuple(ref for _, ref in media_of(cards)),
        links=links_of(message, cards),
    )


def _profile(name: str, item: Item) -> CouncilRecord:
    native_id = item["id"]
    told = (string(item, key) for key in ("about", "description", "bio"))
    website = string(item, "website")
    return CouncilRecord(
        record_id=name,
        native_id=native_id,
        platform="facebook",
        kind=Kind.PROFILE,
        thread_id=name,
        parent_id=None,
        author_id=native_id,
        author_handle=string(item, "username"),
        author_name=string(item, "name"),
        title=string(item, "name"),
        text="\n".join(line for line in told if line),
        language=None,
        url=string(item, "link"),
        created_at=None,
        version_at=None,
        media=(),
        links=() if website is None else (website,),
    )


def _shown(item: Item) -> str:
    if item.get("is_hidden") or item.get("timeline_visibility") == "hidden":
        return "is_hidden"
    if item.get("is_private"):
        return "is_private"
    if item.get("is_expired"):
        return "is_expired"
    return "unpublished" if item.get("is_published") is False else PUBLIC


def _metrics(item: Item, shape: str) -> dict[str, int]:
    if shape == "profile":
        return _counts((name, item.get(name)) for name in ("fan_count", "followers_count", "rating_count"))
    found = {"shares": (item.get("shares") or {}).get("count"), "comments": _total(item, "comments")}
    found["reactions"] = _total(item, "reactions")
    found["likes"] = _total(item, REACTIONS[0])
    found.update((name, _total(item, name)) for name in REACTIONS[1:])
    return _counts(found.items())


def _counts(told: Iterable[tuple[str, Any]]) -> dict[str, int]:
    return {name: count for name, count in told if type(count) is int}


def _total(item: Item, name: str) -> int | None:
    edge = item.get(name)
    return None if edge is None else (edge.get("summary") or {}).get("total_count")
