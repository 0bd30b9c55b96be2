"""Cutting Graph's answers into exhibits, one for each post, comment or profile: pure, byte for byte."""

import hashlib
from collections.abc import Iterator

from connectors.cutting import HeaderMaker, Span, joined, segments_around, spans_of
from connectors.facebook.problems import problem_of
from connectors.facebook.wire import (
    LISTS,
    PROFILE_ENDPOINT,
    decode_named,
    decode_page,
    permalink_ids,
    profile_id,
    record_id,
)
from schemas.capture import Exhibit, Response
from schemas.errors import MalformedItemError

__all__ = ["exhibits"]


def exhibits(response: Response) -> Iterator[Exhibit]:
    """Cut a response.

    Raises:
        MalformedItemError: The body is no page and no object of Graph's.
    """
    body = response.body
    maker = HeaderMaker(response)
    if problem_of(body) is not None:
        for ref in response.asked:
            yield maker.exhibit(ref.record_id, (body,), (((0, len(body)),),))
        return
    if response.endpoint in LISTS:
        page = decode_page(body)
        if page is None:
            raise MalformedItemError("Facebook's answer is no page of a list.")
        items = [bytes(raw) for raw in page.data]
        for item, span in zip(items, spans_of(body, items), strict=True):
            yield _exhibit(maker, body, item, span)
        return
    named = decode_named(body)
    if named is None:
        raise MalformedItemError("Facebook's answer is no object.")
    whole = (0, len(body))
    if response.asked:
        yield maker.exhibit(response.asked[0].record_id, (body,), ((whole,),))
    elif response.endpoint == PROFILE_ENDPOINT and named.id is not None:
        yield maker.exhibit(profile_id(named.id), (body,), ((whole,),))
    else:
        yield _exhibit(maker, body, body, whole)


def _exhibit(maker: HeaderMaker, body: bytes, item: bytes, span: Span) -> Exhibit:
    """Cut one item; comments that Graph put inside a post against our asking stay out of it."""
    named = decode_named(item)
    if named is None:
        return maker.exhibit(_unnamed(item), (item,), ((span,),))
    native_id = named.id or permalink_ids(named.permalink_url)[-1]
    name = record_id(native_id) if native_id else _unnamed(item)
    if named.comments is None or not named.comments.data:
        return maker.exhibit(name, (item,), ((span,),))
    nested = spans_of(body, [bytes(raw) for raw in named.comments.data], span[0])
    segments = segments_around(span, nested)
    return maker.exhibit(name, (joined(body, segments),), (segments,))


def _unnamed(item: bytes) -> str:
    return f"facebook:unread:{hashlib.sha256(item).hexdigest()}"
