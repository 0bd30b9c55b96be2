"""Cutting a WordPress site's answers into exhibits, byte for byte. Pure.

Record ids: `wordpress:SITE:post:12` for posts and pages (one range of numbers), `wordpress:SITE:comment:12`
for comments (another).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import msgspec

from connectors.cutting import HeaderMaker, spans_of
from connectors.decoding import Decoder
from schemas.capture import Exhibit, Response
from schemas.errors import MalformedItemError

__all__ = ["BOM", "ROOT", "Cutter", "Names", "cut_list", "endpoint_of"]

ROOT: Final = "/"
"""The endpoint of the site itself; the others are /wp/v2/{collection}, .../{id} and .../{id}/revisions."""

BOM: Final = b"\xef\xbb\xbf"


class _Id(msgspec.Struct):
    id: Any = None
    post: Any = None
    slug: Any = None
    date_gmt: Any = None
    modified_gmt: Any = None


_ID: Final = Decoder(_Id)
_ITEMS: Final = Decoder(list[msgspec.Raw])


@dataclass(slots=True)
class Names:
    """How the records of a site are named: by its host and path, fixed by the register at the first check."""

    site: str

    def post(self, number: int | str) -> str:
        """Return the record id of a post or page."""
        return f"wordpress:{self.site}:post:{number}"

    def comment(self, number: int | str) -> str:
        """Return the record id of a comment."""
        return f"wordpress:{self.site}:comment:{number}"


class Cutter:
    """Cuts the answers of one site."""

    def __init__(self, names: Names) -> None:
        """Keep how records are named."""
        self._names = names

    def exhibits(self, response: Response) -> Iterator[Exhibit]:
        """Cut a response; see `Connector.exhibits`."""
        make = HeaderMaker(response)
        collection, by_id, revisions = endpoint_of(response.endpoint)
        if by_id and not revisions:
            yield from self._of_one(response, make, collection)
        elif response.status == HTTPStatus.OK:
            if response.endpoint == ROOT:
                whole = [(0, len(response.body))]
                yield make.exhibit(f"wordpress:profile:{self._names.site}", (response.body,), (whole,))
            elif revisions:
                yield from self._of_revisions(response, make)
            else:
                yield from self._of_list(response, make, collection)

    def _of_one(self, response: Response, make: HeaderMaker, collection: str) -> Iterator[Exhibit]:
        whole = [(0, len(response.body))]
        if response.status == HTTPStatus.OK:
            record_id = self._record_id(collection, response.body, _id_of(response.body))
            yield make.exhibit(record_id, (response.body,), (whole,))
        else:
            spans = (whole, *([] for _ in response.context))
            for ref in response.asked:
                yield make.exhibit(ref.record_id, (response.body, *response.context), spans)

    def _of_list(self, response: Response, make: HeaderMaker, collection: str) -> Iterator[Exhibit]:
        items = cut_list(response.body)
        together = "post=" in response.address and ("%2C" in response.address or "," in response.address)
        for item, span in zip(items, spans_of(response.body, items), strict=True):
            found = _id_of(item)
            address = _only_post(response.address, found.post) if together else None
            record_id = self._record_id(collection, item, found)
            yield make.exhibit(record_id, (item,), ([span],), address=address)

    def _of_revisions(self, response: Response, make: HeaderMaker) -> Iterator[Exhibit]:
        (live,) = response.context
        post = _id_of(live)
        items = cut_list(response.body)
        for item, span in zip(items, spans_of(response.body, items), strict=True):
            entry = _id_of(item)
            if _was_shown(entry, post):
                yield make.exhibit(self._record_id("posts", live, post), (item, live), ([span], []))

    def _record_id(self, collection: str, item: bytes, found: _Id) -> str:
        if not isinstance(found.id, int | str):
            # No id, so no name of its own: known by its bytes until a better reader understands it.
            return f"wordpress:{self._names.site}:item:{hashlib.sha256(item).hexdigest()[:32]}"
        return self._names.comment(found.id) if collection == "comments" else self._names.post(found.id)


def cut_list(body: bytes) -> list[bytes]:
    """Return the exact bytes of each item of a list.

    Raises:
        MalformedItemError: The body is no list of JSON.
    """
    try:
        return [bytes(item) for item in _ITEMS.decode(body.removeprefix(BOM))]
    except msgspec.MsgspecError as error:
        raise MalformedItemError("An answer of a WordPress site is no list.") from error


def endpoint_of(endpoint: str) -> tuple[str, bool, bool]:
    """Return collection, whether a record was asked by id, whether its revisions were."""
    collection, _, rest = endpoint.removeprefix("/wp/v2/").partition("/")
    return collection, bool(rest), rest.endswith("/revisions")


def _id_of(item: bytes) -> _Id:
    try:
        return _ID.decode(item)
    except msgspec.MsgspecError:
        return _Id()


def _was_shown(entry: _Id, post: _Id) -> bool:
    """Whether a revision was ever what readers saw: no autosave, and not older than the publication."""
    saved_at, published_at = entry.modified_gmt or entry.date_gmt, post.date_gmt
    known = isinstance(saved_at, str) and isinstance(published_at, str)
    return "-autosave-" not in str(entry.slug) and not (known and saved_at < published_at)


def _only_post(address: str, post: Any) -> str:
    head, _, rest = address.partition("post=")
    return f"{head}post={post}{rest[rest.find('&') :] if '&' in rest else ''}"
