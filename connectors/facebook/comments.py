"""Comments as Graph tells them: most of a council's items, so they are decoded to a shape of their own.

A decoder that knows the shape makes no value of what nobody reads, which takes half the time.
"""

from functools import lru_cache
from typing import Any, Final

import msgspec

from connectors.decoding import Decoder
from connectors.facebook.attachments import Card, Item, links_of, media_of
from connectors.facebook.fields import KNOWN
from connectors.facebook.wire import moment, permalink_ids, record_id
from schemas.errors import MalformedItemError
from schemas.record import CouncilRecord
from schemas.vocabulary import Kind

__all__ = ["Comment", "comment_from", "comment_of", "comment_record"]


class _Named(msgspec.Struct):
    id: str | None = None
    name: str | None = None


class Comment(msgspec.Struct):
    """What is read of a comment; what its digest rule names stands here as Graph told it."""

    id: str | None = None
    parent: _Named | None = None
    object: _Named | None = None
    created_time: str | None = None
    author: _Named | None = msgspec.field(name="from", default=None)
    message: str | msgspec.UnsetType | None = msgspec.UNSET
    attachment: Card | msgspec.UnsetType | None = msgspec.UNSET
    link: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    is_hidden: Any = None
    is_private: Any = None
    like_count: Any = None
    comment_count: Any = None
    permalink_url: str | None = None

    @property
    def has_content(self) -> bool:
        """Whether anything but a message stands for what was said."""
        return self.attachment is not msgspec.UNSET or self.link is not msgspec.UNSET


_UNREAD: Final = sorted(KNOWN["comment"].difference(Comment.__struct_encode_fields__))
_Known: Final[type[Any]] = msgspec.defstruct(
    "_Known",
    [(name, msgspec.Raw, msgspec.field(default=msgspec.Raw())) for name in _UNREAD],
    bases=(Comment,),
    forbid_unknown_fields=True,
)
_known: Final = Decoder(_Known)


def comment_of(part: bytes) -> Comment | None:
    """Return a comment that has the fields and shapes we know, and no others; None for anything else."""
    try:
        comment: Comment = _known.decode(part)
    except msgspec.DecodeError:
        return None
    return comment


def comment_from(item: Item) -> Comment:
    """Return a comment with fields that we do not know.

    Raises:
        msgspec.ValidationError: A field that we know has another shape.
    """
    return msgspec.convert(item, Comment)


@lru_cache(maxsize=64)  # a page of comments asks for the same
def thread_of(listed_at: str) -> str:
    """Return the record_id of the post whose comments stand at this address."""
    return record_id(listed_at.partition("?")[0].rsplit("/", 2)[1])


def comment_record(name: str, comment: Comment, *, listed_at: str | None) -> CouncilRecord:
    """Return the record of a comment.

    Args:
        name: Its record_id.
        comment: What Graph told.
        listed_at: The address of the list that it stood in; None: it was asked for by id.

    Raises:
        MalformedItemError: It bears no id.
    """
    permalink = comment.permalink_url or None
    native_id = comment.id or None
    parent = comment.parent and comment.parent.id
    linked_post = ""
    if native_id is None or listed_at is None or (not parent and "reply_comment_id=" in (permalink or "")):
        linked_post, linked_parent, linked_id = permalink_ids(permalink)
        native_id = native_id or linked_id
        parent = parent or linked_parent
    if not native_id:
        raise MalformedItemError("A comment has no id.")
    if listed_at is not None:
        thread_id = thread_of(listed_at)
    else:
        thread = linked_post or native_id.rpartition("_")[0] or (comment.object and comment.object.id) or ""
        thread_id = record_id(thread)
    author = comment.author
    message = comment.message or ""
    cards = (comment.attachment,) if comment.attachment else ()
    return CouncilRecord(
        record_id=name,
        native_id=native_id,
        platform="facebook",
        kind=Kind.COMMENT,
        thread_id=thread_id,
        parent_id=record_id(parent) if parent else thread_id,
        author_id=None if author is None else author.id or None,
        author_handle=None,
        author_name=None if author is None else author.name or None,
        title=None,
        text=message,
        url=permalink,
        created_at=moment(comment.created_time),
        media=tuple(ref for _, ref in media_of(cards)) if cards else (),
        links=links_of(message, cards),
    )
