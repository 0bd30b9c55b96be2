"""What posts and comments carry: pictures, videos, cards and links; and where their files can be had now."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

import msgspec

from connectors.decoding import Decoder
from connectors.download import host_of
from connectors.facebook.exhibits import exhibits
from connectors.facebook.problems import problem_of
from schemas.capture import MediaAddress, Response
from schemas.record import MediaRef

__all__ = ["Card", "Item", "addresses", "cards_of", "is_share", "links_of", "media_of", "string"]

Item: TypeAlias = dict[str, Any]
_URL: Final = re.compile(r"https?://[^\s<>\"'()\[\]]+")
_PLAIN_HOST: Final = re.compile(r"https?://([a-z0-9.-]+)(?=[/?#]|$)")
"""A host that stands as it will be read: nine in ten, and taking one apart costs as much as its item."""
_TRAILING: Final = ".,;:!?…"
_SHIM: Final = frozenset({"l.facebook.com", "lm.facebook.com"})
_item: Final = Decoder()


class _Target(msgspec.Struct):
    id: str | None = None


class _Image(msgspec.Struct):
    src: str | None = None


class _Media(msgspec.Struct):
    image: _Image | None = None
    source: str | None = None


class _Album(msgspec.Struct):
    data: "list[Card] | None" = None


class Card(msgspec.Struct):
    """One attachment, as far as it is read: a file of Facebook's, or the preview of a page elsewhere."""

    type: str | None = None
    media_type: str | None = None
    title: str | None = None
    description: str | None = None
    url: str | None = None
    unshimmed_url: str | None = None
    target: _Target | None = None
    media: _Media | None = None
    subattachments: _Album | None = None


def string(item: Item, key: str) -> str | None:
    """Return a text; None where it is absent or empty. Raises TypeError for anything but a text."""
    value = item.get(key)
    if value is not None and not isinstance(value, str):
        raise TypeError(key)
    return value or None


def cards_of(item: Item) -> list[Card]:
    """Return the attachments of a post, or the one of a comment, albums opened.

    Raises:
        msgspec.ValidationError: One has another shape than Graph documents.
    """
    if "attachment" in item:
        return [msgspec.convert(item["attachment"], Card)]
    found: list[Card] = []
    for card in msgspec.convert(item.get("attachments") or {}, _Album).data or ():
        found += (card.subattachments and card.subattachments.data) or [card]
    return found


def is_share(card: Card) -> bool:
    """Return whether a card shows a page elsewhere: title and picture are that page's, not the post's."""
    kind = card.type or ""
    return kind == "share" or kind.startswith("video_share") or card.media_type in ("link", "share")


def media_of(cards: Sequence[Card]) -> Iterator[tuple[str, MediaRef]]:
    """Yield the files of attachments that have an id: address ("" where none is offered) and file.

    The preview of a page elsewhere has none: it is that site's picture, fetched and shown by Facebook.
    Graph tells no alternative text here; a picture's own caption stands in for it.
    """
    for card in cards:
        media = card.media
        if card.target is None or card.target.id is None or media is None or is_share(card):
            continue
        video = "video" in (card.media_type or card.type or "")
        url = media.source if video else media.image and media.image.src
        alt_text = None if video else card.description or None
        kind = "video" if video else "image"
        yield url or "", MediaRef(native_id=card.target.id, kind=kind, alt_text=alt_text)


def _expiry(url: str) -> datetime | None:
    """Return when a signed address lapses: `oe` is hexadecimal seconds."""
    try:
        told = parse_qs(urlsplit(url).query).get("oe")
        return datetime.fromtimestamp(int(told[0], 16), UTC) if told else None
    except (ValueError, OverflowError):
        return None


def links_of(message: str | None, cards: Sequence[Card]) -> tuple[str, ...]:
    """Return the addresses in the text, as they stand, and those that attached cards lead to."""
    found: dict[str, None] = {}
    if message is not None and "://" in message:
        found.update((url.rstrip(_TRAILING), None) for url in _URL.findall(message))
    for card in cards:
        target = _unshimmed(card.unshimmed_url or card.url)
        if target is not None:
            found[target] = None
    return tuple(found)


def _unshimmed(url: str | None) -> str | None:
    """Return where a card leads, if it leaves Facebook: `l.facebook.com/l.php?u=...` names the target."""
    if not url:
        return None
    plain = _PLAIN_HOST.match(url)
    host = plain[1] if plain else host_of(url)
    if host in _SHIM:
        return next(iter(parse_qs(urlsplit(url).query).get("u", ())), None)
    return None if host == "facebook.com" or host.endswith(".facebook.com") else url


def addresses(response: Response) -> Iterator[MediaAddress]:
    """Yield where the files of a response's records can be had now."""
    if problem_of(response.body) is not None:
        return
    for exhibit in exhibits(response):
        try:
            item = _item.decode(exhibit.parts[0])
            files = list(media_of(cards_of(item)))
        except (AttributeError, LookupError, TypeError, ValueError, msgspec.DecodeError):
            continue
        for url, ref in files:
            if url and isinstance(url, str):
                yield MediaAddress(
                    record_id=exhibit.record_id,
                    ref=ref.native_id,
                    kind=ref.kind,
                    url=url,
                    expires_at=_expiry(url),
                )
