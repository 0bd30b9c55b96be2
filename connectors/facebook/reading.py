"""Reading one exhibit of Graph's: pure, from kept bytes alone.

The endpoint says what an item is. A comment's thread is the post whose list was asked for; an answer by id
tells it by the comment's own id (`{post}_{comment}`) or permalink.
"""

from datetime import UTC, datetime
from typing import Final

import msgspec

from connectors.contract import Reading
from connectors.cutting import HeaderReader, decodable
from connectors.facebook.attachments import Item, cards_of, is_share, links_of, media_of, string
from connectors.facebook.fields import KNOWN, REACTIONS
from connectors.facebook.problems import Verdict, problem_of, verdict
from connectors.facebook.wire import (
    COMMENT_ENDPOINT,
    COMMENTS_ENDPOINT,
    POST_ENDPOINT,
    POSTS_ENDPOINT,
    PROFILE_ENDPOINT,
    permalink_ids,
    record_id,
)
from schemas.capture import POSTS, PROFILE, Exhibit, comments_of
from schemas.errors import MalformedItemError
from schemas.observation import PUBLIC, Look
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


class _Asked(msgspec.Struct):
    address: str
    endpoint: str
    fetched_at: datetime
    capture_id: str
    walk_id: str
    status: int


_CONTENT: Final = frozenset(
    {"attachment", "attachments", "event", "link", "parent_id", "place", "story", "story_tags"}
)
"""What an item without a message can consist of."""
_ODD: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_header: Final = HeaderReader(_Asked)
_item: Final = msgspec.json.Decoder()


def read(exhibit: Exhibit) -> Reading:
    """Read one exhibit.

    Raises:
        MalformedItemError: An item that this reader does not understand.
    """
    asked = _header.facts(exhibit.header)
    part = exhibit.parts[0]
    item = _decoded(exhibit)
    # Looking for an error in the bytes of each item would take a tenth of the time of reading it.
    problem = problem_of(part) if not isinstance(item, dict) or "error" in item else None
    if problem is not None:
        answer = Answer.GONE if verdict(problem) is Verdict.GONE else Answer.REFUSED
        return Reading(record=None, look=_look(exhibit, asked, answer, problem.name, {}, listing=""))
    if not isinstance(item, dict):
        raise MalformedItemError("An item is no object.")
    try:
        shape = _SHAPES[asked.endpoint]
        known = KNOWN[shape]
        leftover = () if known.issuperset(item) else tuple(sorted(item.keys() - known))
        match shape:
            case "post":
                record = _post(exhibit.record_id, item)
            case "comment":
                record = _comment(exhibit.record_id, item, asked)
            case _:
                record = _profile(exhibit.record_id, item)
        if shape != "profile" and "message" not in item and (leftover or not item.keys() & _CONTENT):
            # A message that was renamed or lost on the way must not look like one that was taken away.
            raise MalformedItemError("An item has no text, and fields that were not asked for or no content.")
        listing = _listing(asked.endpoint, record)
        look = _look(exhibit, asked, Answer.SEEN, _shown(item), _metrics(item, shape), listing=listing)
    except _ODD as error:
        raise MalformedItemError("An item has another shape than muniment knows.") from error
    return Reading(record=record, look=look, shape=shape, items=(item,), leftover=leftover)


def _decoded(exhibit: Exhibit) -> Item | None:
    part = exhibit.parts[0]
    if not _header.is_whole(exhibit.header):
        segments = _header.spans(exhibit.header)[0]
        part = decodable(part, segments) if len(segments) > 1 else part
    try:
        item: Item = _item.decode(part)
    except msgspec.DecodeError:
        return None
    return item


def _look(
    exhibit: Exhibit, asked: _Asked, answer: Answer, shown: str, metrics: dict[str, int], *, listing: str
) -> Look:
    return Look(
        record_id=exhibit.record_id,
        at=asked.fetched_at,
        answer=answer,
        capture_id=asked.capture_id,
        walk_id=asked.walk_id,
        shown=shown,
        listing=listing,
        metrics=metrics,
    )


def _listing(endpoint: str, record: CouncilRecord) -> str:
    if endpoint == POSTS_ENDPOINT:
        return POSTS
    if endpoint == COMMENTS_ENDPOINT:
        return comments_of(record.thread_id)
    return PROFILE if endpoint == PROFILE_ENDPOINT else ""


def _post(name: str, item: Item) -> CouncilRecord:
    native_id = string(item, "id") or permalink_ids(string(item, "permalink_url"))[-1]
    if not native_id:
        raise MalformedItemError("A post has no id.")
    cards = cards_of(item)
    message = string(item, "message")
    about = (card for card in cards if card.get("description") or card.get("title"))
    card = next(about, {})
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
        title=None if is_share(card) else string(card, "title"),
        text=message or string(item, "story") or string(card, "description") or string(card, "title") or "",
        language=None,
        url=string(item, "permalink_url") or string(item, "link"),
        created_at=_moment(item),
        version_at=None,
        media=tuple(ref for _, ref in media_of(cards)),
        links=links_of(message, cards),
    )


def _comment(name: str, item: Item, asked: _Asked) -> CouncilRecord:
    permalink = string(item, "permalink_url")
    native_id = string(item, "id")
    parent = string(item.get("parent") or {}, "id")
    linked_post = ""
    listed = asked.endpoint == COMMENTS_ENDPOINT
    if native_id is None or not listed or (parent is None and "reply_comment_id=" in (permalink or "")):
        linked_post, linked_parent, linked_id = permalink_ids(permalink)
        native_id = native_id or linked_id
        parent = parent or linked_parent
    if not native_id:
        raise MalformedItemError("A comment has no id.")
    if listed:
        thread = asked.address.partition("?")[0].rsplit("/", 2)[1]
    else:
        thread = linked_post or native_id.rpartition("_")[0] or string(item.get("object") or {}, "id") or ""
    thread_id = record_id(thread)
    author = item.get("from") or {}
    message = string(item, "message")
    cards = cards_of(item)
    return CouncilRecord(
        record_id=name,
        native_id=native_id,
        platform="facebook",
        kind=Kind.COMMENT,
        thread_id=thread_id,
        parent_id=record_id(parent) if parent else thread_id,
        author_id=string(author, "id"),
        author_handle=None,
        author_name=string(author, "name"),
        title=None,
        text=message or "",
        language=None,
        url=permalink,
        created_at=_moment(item),
        version_at=None,
        media=tuple(ref for _, ref in media_of(cards)) if cards else (),
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


def _moment(item: Item) -> datetime | None:
    told = string(item, "created_time")
    return None if told is None else datetime.fromisoformat(told).astimezone(UTC)


def _shown(item: Item) -> str:
    if item.get("is_hidden") or item.get("timeline_visibility") == "hidden":
        return "is_hidden"
    if item.get("is_private"):
        return "is_private"
    if item.get("is_expired"):
        return "is_expired"
    return "unpublished" if item.get("is_published") is False else PUBLIC


def _metrics(item: Item, shape: str) -> dict[str, int]:
    if shape == "comment":
        found = {"likes": item.get("like_count"), "comments": item.get("comment_count")}
    elif shape == "profile":
        found = {name: item.get(name) for name in ("fan_count", "followers_count", "rating_count")}
    else:
        found = {"shares": (item.get("shares") or {}).get("count"), "comments": _total(item, "comments")}
        found["reactions"] = _total(item, "reactions")
        found["likes"] = _total(item, REACTIONS[0])
        found.update((name, _total(item, name)) for name in REACTIONS[1:])
    return {name: count for name, count in found.items() if type(count) is int}


def _total(item: Item, name: str) -> int | None:
    edge = item.get(name)
    return None if edge is None else (edge.get("summary") or {}).get("total_count")
