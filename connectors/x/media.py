"""Where the media of X's posts can be had: pure."""

from collections.abc import Iterator

import httpx
import msgspec

from connectors.decoding import decoded
from connectors.x.cutting import exhibits
from schemas.capture import MediaAddress, Response

__all__ = ["addresses"]


class _Variant(msgspec.Struct, frozen=True):
    content_type: str | None = None
    url: str | None = None
    bit_rate: int | None = None


class _Media(msgspec.Struct, frozen=True):
    media_key: str
    type: str
    url: str | None = None
    variants: tuple[_Variant, ...] | None = None


def addresses(response: Response, own_id: str | None) -> Iterator[MediaAddress]:
    """Yield where media can be had: the best quality that X offers."""
    for exhibit in exhibits(response, own_id):
        for raw in exhibit.parts[1:]:
            address = _address(exhibit.record_id, raw) if b'"media_key"' in raw else None
            if address is not None:
                yield address


def _address(record_id: str, raw: bytes) -> MediaAddress | None:
    """Return the address of a media part; None where X offers none, or it is no media part."""
    try:
        media = decoded(raw, _Media)
        kind, url = "image", media.url
        if media.type == "photo" and url is not None:
            url = str(httpx.URL(url).copy_set_param("name", "orig"))
    except (msgspec.DecodeError, httpx.InvalidURL, ValueError):
        return None
    if media.type != "photo":
        films = [each for each in media.variants or () if each.content_type == "video/mp4" and each.url]
        best = max(films, key=lambda each: each.bit_rate or 0, default=None)
        kind, url = "video", None if best is None else best.url
    return None if url is None else MediaAddress(record_id=record_id, ref=media.media_key, kind=kind, url=url)
