"""Cutting exhibits out of a response, byte for byte, and their headers.

`msgspec.Raw` gives the exact bytes of an item without decoding it. A nested comment is an item of its
own and is cut out of its parent, leaving its span. Items overlap nowhere; with the rest they give the
body back (a property test).
"""

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

import msgspec

from schemas.capture import Exhibit, Response
from schemas.digests import canonical

__all__ = ["HeaderMaker", "HeaderReader", "Span", "decodable", "joined", "segments_around", "spans_of"]

Span = tuple[int, int]
Facts = TypeVar("Facts")

_encode = msgspec.json.Encoder().encode
_spans = msgspec.json.Decoder(list[list[Span]])
_RESPONSE = b',"response":'
_SPANS = b',"spans":'
_OPENING_BYTES = 32


class HeaderMaker:
    """Makes the header of each exhibit of one response; what is the same for all is encoded once.

    Header: canonical JSON {"record_id", "response": {...}, "spans": [part, ...]}; a part is the list of
    [start, end] segments of the body that it was put together from (more than one: items nested in it
    were cut out). An empty list: the part is context, from an earlier response.
    """

    def __init__(self, response: Response) -> None:
        """Encode the response's own facts."""
        self._response = response
        self._common = self._facts(response.address)

    def _facts(self, address: str) -> bytes:
        response = self._response
        return canonical(
            {
                "address": address,
                "api_version": response.api_version,
                "capture_id": response.capture_id,
                "connector_version": response.connector_version,
                "endpoint": response.endpoint,
                "fetched_at": response.fetched_at.isoformat(),
                "headers": dict(response.headers),
                "method": response.method,
                "sent": response.sent.decode("utf-8", "replace"),
                "server_date": None if response.server_date is None else response.server_date.isoformat(),
                "status": response.status,
                "walk_id": response.walk_id,
            }
        )

    def exhibit(
        self,
        record_id: str,
        parts: Sequence[bytes],
        spans: Sequence[Sequence[Span]] = (),
        *,
        address: str | None = None,
    ) -> Exhibit:
        """Return the exhibit of one record. Give `address` when the request named other records too."""
        facts = self._common if address is None else self._facts(address)
        name, where = _encode(record_id), _encode(spans)
        header = b"".join((b'{"record_id":', name, _RESPONSE, facts, _SPANS, where, b"}"))
        return Exhibit(record_id=record_id, header=header, parts=tuple(parts))


class HeaderReader(Generic[Facts]):
    """Reads headers: what is the same for all exhibits of one response is decoded once.

    A header is canonical, so its response stands between the two marks: within a record_id a quotation
    mark is escaped, and spans are numbers.
    """

    def __init__(self, facts: type[Facts]) -> None:
        """Take the type that holds what a reader wants to know of the response."""
        self._decoder = msgspec.json.Decoder(facts)
        self._last: tuple[bytes, Facts] | None = None

    def facts(self, header: bytes) -> Facts:
        """Return what a header says of its response.

        Raises:
            msgspec.DecodeError, ValueError: It is no header.
        """
        start = header.index(_RESPONSE) + len(_RESPONSE)
        last = self._last
        if last is not None and header.startswith(last[0], start):
            return last[1]
        end = header.rindex(_SPANS)
        found = self._decoder.decode(header[start:end])
        self._last = (header[start : end + len(_SPANS)], found)
        return found

    @staticmethod
    def is_whole(header: bytes) -> bool:
        """Return whether the first part surely stands in the body as it is: nothing was cut out of it."""
        start = header.rindex(_SPANS)
        second = header.find(b"],[", start)
        return second < 0 or header.find(b"]]", start, second + 1) >= 0

    @staticmethod
    def spans(header: bytes) -> list[list[Span]]:
        """Return where each part stood in the response's body."""
        return _spans.decode(header[header.rindex(_SPANS) + len(_SPANS) : -1])


def spans_of(body: bytes, items: Iterable[bytes], start: int = 0) -> list[Span]:
    """Return where each item stands in `body`; items come in the body's order.

    Raises:
        ValueError: An item does not stand in the body after the one before it.
    """
    spans: list[Span] = []
    for item in items:
        # An item starts where its opening does, or later: looking for all of it at once is ten times dearer.
        at = body.index(item[:_OPENING_BYTES], start)
        if not body.startswith(item, at):
            at = body.index(item, at)
        start = at + len(item)
        spans.append((at, start))
    return spans


def segments_around(item: Span, nested: Iterable[Span]) -> list[Span]:
    """Return the segments of the body that are left of an item when those nested in it are cut out."""
    segments: list[Span] = []
    start = item[0]
    for begin, end in nested:
        segments.append((start, begin))
        start = end
    segments.append((start, item[1]))
    return segments


def joined(body: bytes, segments: Iterable[Span]) -> bytes:
    """Return a part: its segments of the body, put together."""
    return b"".join(body[start:end] for start, end in segments)


def decodable(part: bytes, segments: Sequence[Span]) -> bytes:
    """Return a part with `null` in each hole, so that its JSON can be decoded again."""
    pieces: list[bytes] = []
    at = 0
    for start, end in segments:
        pieces.append(part[at : at + end - start])
        at += end - start
    return b"null".join(pieces)
