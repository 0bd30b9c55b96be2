"""Cutting Mastodon's answers: a status is an item of its own, and the rest of the page is nobody's.

Beside a status stands a small part of ours, `links`, which names thread and parent by their lasting uris:
a status names its parent by a local id only. An entry of an edit history has no id: the live status is its
context. What is written to named people is a private message, and is never cut out.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from connectors.cutting import HeaderMaker, Span, spans_of
from connectors.mastodon.wire import CONTEXT, HISTORY, MESSAGES, PROFILE_OF, STATUS
from schemas.capture import POSTS, Exhibit, MediaAddress, Response, comments_of
from schemas.digests import canonical
from schemas.errors import MalformedItemError

__all__ = ["addresses", "exhibits", "media_kind"]

_OK: Final = 200
_NO_LINKS: Final = b"{}"
_POST_LINKS: Final = canonical({"listing": POSTS})


class _Stub(msgspec.Struct):
    """The least that names a status."""

    id: str
    uri: str
    visibility: str
    in_reply_to_id: str | None = None
    reblog: msgspec.Raw | None = None


class _Shown(msgspec.Struct):
    visibility: str


class _Tree(msgspec.Struct):
    descendants: msgspec.Raw


class _File(msgspec.Struct):
    id: str
    type: str
    url: str | None = None
    remote_url: str | None = None


class _WithFiles(msgspec.Struct):
    media_attachments: list[_File]


_raw_list: Final = msgspec.json.Decoder(list[msgspec.Raw])
_stub: Final = msgspec.json.Decoder(_Stub)
_shown: Final = msgspec.json.Decoder(_Shown)
_tree: Final = msgspec.json.Decoder(_Tree)
_with_files: Final = msgspec.json.Decoder(_WithFiles)
_any: Final = msgspec.json.Decoder()


def exhibits(response: Response) -> Iterator[Exhibit]:
    """Cut a response into exhibits.

    Raises:
        MalformedItemError: The body is not what this endpoint gives, or does not tell what is private.
    """
    if response.endpoint in (STATUS, PROFILE_OF):
        # Without a record that was asked for, the answer told a count only.
        return iter([_whole(response)] if response.asked else [])
    if response.status != _OK:
        return iter(())
    try:
        if response.endpoint == HISTORY:
            return iter(_entries(response))
        if response.endpoint == CONTEXT:
            return iter(_descendants(response))
        return iter(_own(response))
    except (msgspec.DecodeError, ValueError) as error:
        raise MalformedItemError("Mastodon's answer is not of the form that was asked for.") from error


def addresses(response: Response) -> Iterator[MediaAddress]:
    """Yield where the media of a response's statuses, and of their earlier versions, can be had."""
    if response.endpoint == PROFILE_OF or response.status != _OK:
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
        if stub is not None and stub.reblog is not None and stub.reblog != b"null":
            continue  # somebody else's post that the account only shared
        lines = None if stub is None else told.get(stub.id)
        links = _POST_LINKS if lines is None else canonical({"listing": POSTS, **lines})
        found.append(maker.exhibit(record_id, (piece, links), ((span,), ())))
    return found


def _descendants(response: Response) -> list[Exhibit]:
    """Cut a thread: context[0] names the status asked for and the thread's root."""
    asked: Mapping[str, str] = _any.decode(response.context[0])
    array = bytes(_tree.decode(response.body).descendants)
    statuses = list(_statuses(response.body, array, response.body.index(array)))
    uris = {stub.id: stub.uri for _, _, _, stub in statuses if stub is not None}
    uris[asked["id"]] = asked["uri"]
    thread = asked["thread"]
    same = {"listing": comments_of(thread), "thread": thread}
    maker = HeaderMaker(response)
    found: list[Exhibit] = []
    for record_id, piece, span, stub in statuses:
        parent = None if stub is None else uris.get(stub.in_reply_to_id or "")
        links = canonical(same if parent is None else {**same, "parent": parent})
        found.append(maker.exhibit(record_id, (piece, links), ((span,), ())))
    return found


def _entries(response: Response) -> list[Exhibit]:
    live, links = response.context
    uri = _stub.decode(live).uri
    maker = HeaderMaker(response)
    pieces = [bytes(item) for item in _raw_list.decode(response.body)]
    return [
        maker.exhibit(uri, (piece, links, live), ((span,), (), ()))
        for piece, span in zip(pieces, spans_of(response.body, pieces), strict=True)
    ]


def _statuses(body: bytes, array: bytes, start: int) -> Iterator[tuple[str, bytes, Span, _Stub | None]]:
    """Yield record_id, bytes, span and name of each status that is no private message."""
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
