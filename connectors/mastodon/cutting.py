"""Cutting Mastodon's answers: a status is an item of its own, and the rest of the page is nobody's.

Beside a status stands a small part of ours, `links`, which names thread and parent by their lasting uris:
a status names its parent by a local id only. An entry of an edit history has no id: the live status is its
context. What is written to named people is a private message, and is never cut out.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from connectors.cutting import HeaderMaker, Span, spans_of
from connectors.decoding import Decoder
from connectors.mastodon.wire import (
    AROUND,
    CONTEXT,
    HISTORY,
    MESSAGES,
    PROFILE_OF,
    ROOT,
    STATUS,
    STATUSES,
)
from schemas.capture import POSTS, Exhibit, MediaAddress, Response, comments_of
from schemas.digests import canonical
from schemas.errors import MalformedItemError

__all__ = ["addresses", "exhibits", "media_kind"]

_OK: Final = 200
_FILES: Final = b'"media_attachments"'
_NO_FILES: Final = b'"media_attachments":[]'
_NOT_SHARED: Final = (b"null", b"")
_NO_LINKS: Final = b"{}"
_POST_LINKS: Final = canonical({"listing": POSTS})


class _Stub(msgspec.Struct):
    """The least that names a status."""

    id: str
    uri: str
    visibility: str
    in_reply_to_id: str | None = None
    reblog: msgspec.Raw = msgspec.Raw()


class _Shown(msgspec.Struct):
    visibility: str


class _Tree(msgspec.Struct):
    ancestors: msgspec.Raw
    descendants: msgspec.Raw


class _Asked(msgspec.Struct):
    """What a thread was asked for: the status, and the thread's root."""

    id: str
    uri: str
    thread: str


class _File(msgspec.Struct):
    id: str
    type: str
    url: str | None = None
    remote_url: str | None = None


class _WithFiles(msgspec.Struct):
    media_attachments: list[_File]


_Cut: TypeAlias = tuple[str, bytes, Span, _Stub | None]
"""record_id, bytes, where they stand, and names; None: it has none that we can read."""

_asked: Final = Decoder(_Asked)
_raw_list: Final = Decoder(list[msgspec.Raw])
_stub: Final = Decoder(_Stub)
_shown: Final = Decoder(_Shown)
_tree: Final = Decoder(_Tree)
_with_files: Final = Decoder(_WithFiles)
_any: Final = Decoder()


def exhibits(response: Response) -> Iterator[Exhibit]:
    """Cut a response into exhibits.

    Raises:
        MalformedItemError: The body is not what this endpoint gives, or does not tell what is private.
    """
    if response.endpoint in (STATUS, PROFILE_OF):
        return iter([_whole(response)])
    if response.status != _OK:
        return iter(())
    try:
        return iter(_CUTTERS[response.endpoint](response))
    except (msgspec.DecodeError, ValueError) as error:
        raise MalformedItemError("Mastodon's answer is not of the form that was asked for.") from error


def addresses(response: Response) -> Iterator[MediaAddress]:
    """Yield where the media of a response's statuses, and of their earlier versions, can be had."""
    body = response.body
    bare = body.count(_NO_FILES) == body.count(_FILES)
    if bare or response.endpoint == PROFILE_OF or response.status != _OK:
        return
    for exhibit in exhibits(response):
        try:
            files = _with_files.decode(exhibit.parts[0]).media_attachments
        except msgspec.DecodeError:
            continue  # filed as unread
        for file in files:
            url = file.url or file.remote_url
            if url:
                yield MediaAddress(
                    record_id=exhibit.record_id, ref=file.id, kind=media_kind(file.type), url=url
                )


def media_kind(told: str) -> str:
    """Return the kind of a file, in our words."""
    return {"gifv": "video", "unknown": "document"}.get(told, told)


def _whole(response: Response) -> Exhibit:
    (ref,) = response.asked
    body = response.body
    links = response.context[0] if response.context else _NO_LINKS
    if response.status == _OK and response.endpoint == STATUS and _is_message(body):
        raise MalformedItemError("A private message was answered where a post was asked for.")
    whole: tuple[Span, ...] = ((0, len(body)),)
    return HeaderMaker(response).exhibit(ref.record_id, (body, links), (whole, ()))


def _own(response: Response) -> list[Exhibit]:
    """Cut a page of an account's statuses; where an answer's parent was looked up, the context tells it."""
    told: Mapping[str, Mapping[str, str]] = _any.decode(response.context[0]) if response.context else {}
    maker = HeaderMaker(response)
    found: list[Exhibit] = []
    for record_id, piece, span, stub in _statuses(response.body, response.body, 0):
        if stub is not None and bytes(stub.reblog) not in _NOT_SHARED:
            continue  # somebody else's post that the account only shared
        lines = None if stub is None else told.get(stub.id)
        links = _POST_LINKS if lines is None else canonical({"listing": POSTS, **lines})
        found.append(maker.exhibit(record_id, (piece, links), ((span,), ())))
    return found


def _descendants(response: Response) -> list[Exhibit]:
    """Cut a thread: context[0] names the status asked for and the thread's root."""
    asked = _asked.decode(response.context[0])
    below = _statuses_in(response.body, _tree.decode(response.body).descendants)
    return _hung_up(response, asked, below, {"listing": comments_of(asked.thread)})


def _around(response: Response) -> list[Exhibit]:
    """Cut what stands above a status, up to the thread's root, and below it."""
    asked = _asked.decode(response.context[0])
    tree = _tree.decode(response.body)
    parts = sorted((tree.ancestors, tree.descendants), key=response.body.index)
    return _hung_up(
        response, asked, [each for part in parts for each in _statuses_in(response.body, part)], {}
    )


def _hung_up(
    response: Response, asked: _Asked, statuses: Sequence[_Cut], same: Mapping[str, str]
) -> list[Exhibit]:
    """Name thread and parent of each status."""
    uris = {stub.id: stub.uri for _, _, _, stub in statuses if stub is not None} | {asked.id: asked.uri}
    maker = HeaderMaker(response)
    found: list[Exhibit] = []
    links_below: dict[str | None, bytes] = {}
    for record_id, piece, span, stub in statuses:
        parent = None if stub is None else uris.get(stub.in_reply_to_id or "")
        links = links_below.get(parent)
        if links is None:
            lines = {**same, "thread": asked.thread}
            links = canonical(lines if parent is None else {**lines, "parent": parent})
            links_below[parent] = links
        found.append(maker.exhibit(record_id, (piece, links), ((span,), ())))
    return found


def _root(response: Response) -> list[Exhibit]:
    body = response.body
    if _is_message(body):
        return []
    (links,) = response.context
    return [HeaderMaker(response).exhibit(_stub.decode(body).uri, (body, links), (((0, len(body)),), ()))]


def _entries(response: Response) -> list[Exhibit]:
    live, links = response.context
    uri = _stub.decode(live).uri
    maker = HeaderMaker(response)
    pieces = [bytes(item) for item in _raw_list.decode(response.body)]
    return [
        maker.exhibit(uri, (piece, links, live), ((span,), (), ()))
        for piece, span in zip(pieces, spans_of(response.body, pieces), strict=True)
    ]


def _statuses_in(body: bytes, part: msgspec.Raw) -> list[_Cut]:
    array = bytes(part)
    return list(_statuses(body, array, body.index(array)))


def _statuses(body: bytes, array: bytes, start: int) -> Iterator[_Cut]:
    """Yield each status of an array that is no private message; the array stands in the body at `start`."""
    pieces = [bytes(item) for item in _raw_list.decode(array)]
    for piece, span in zip(pieces, spans_of(body, pieces, start), strict=True):
        try:
            stub = _stub.decode(piece)
        except msgspec.ValidationError:
            if not _is_message(piece):
                yield f"mastodon:unread:{hashlib.sha256(piece).hexdigest()}", piece, span, None
            continue
        if stub.visibility not in MESSAGES:
            yield stub.uri, piece, span, stub


def _is_message(status: bytes) -> bool:
    """Tell a private message from a post.

    Raises:
        MalformedItemError: It does not say, so that it must not be kept.
    """
    try:
        return _shown.decode(status).visibility in MESSAGES
    except msgspec.DecodeError as error:
        raise MalformedItemError("A status does not say who may read it.") from error


_CUTTERS: Final[Mapping[str, Callable[[Response], list[Exhibit]]]] = MappingProxyType(
    {AROUND: _around, CONTEXT: _descendants, HISTORY: _entries, ROOT: _root, STATUSES: _own}
)
