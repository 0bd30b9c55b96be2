"""The walks of a WordPress site: its posts and pages, its comments, single records, and what it is."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import msgspec

from connectors.decoding import Decoder, place_of
from connectors.headers import count_told
from connectors.transport import Answer
from connectors.walks import TokenGuard, respond
from connectors.wordpress.client import Site
from connectors.wordpress.cutter import ROOT, Names, cut_list
from connectors.wordpress.paging import (
    Place,
    Turn,
    bounds,
    comment_filter,
    newest,
    onward,
    post_filter,
    total_of,
)
from schemas.capture import (
    POSTS,
    PROFILE,
    Edge,
    Ids,
    Listed,
    RecordRef,
    Response,
    Threads,
    Walk,
    Window,
    comments_of,
)
from schemas.errors import MalformedItemError, WrongAccountError
from schemas.observation import PUBLIC
from schemas.vocabulary import Reason, Stream

__all__ = ["VERSION", "Walks"]

VERSION: Final = "1"
_API: Final = "wp/v2"
_TOGETHER: Final = 20
_COLLECTIONS: Final = ("posts", "pages")
_COMMENTS: Final = "/wp/v2/comments"
_UNREADABLE_POST: Final = frozenset({"rest_cannot_read_post"})
_NO_REVISIONS: Final = frozenset(
    {"rest_cannot_read", "rest_post_invalid_parent", "rest_post_invalid_id", "rest_no_route"}
)
Json: TypeAlias = Any


class _Item(msgspec.Struct):
    id: int | str = 0
    post: int | str = 0
    links: dict[str, list[dict[str, Json]]] = msgspec.field(name="_links", default_factory=dict)


_ITEM: Final = Decoder(_Item)


class Walks:
    """The walks of one account."""

    def __init__(self, site: Site, names: Names) -> None:
        """Keep what every walk needs."""
        self._site = site
        self._names = names
        self._guard = TokenGuard()

    def responses(self, walk: Walk) -> Iterator[Response]:
        """Yield a walk's responses; see `Connector.pages`."""
        place = place_of(walk, Place())
        match walk.ask:
            case Threads(threads=threads):
                return self._threads(walk, threads, place)
            case Ids() as ids:
                return self._ids(walk, (*ids.wanted, *ids.controls), place)
            case Edge() | Window() as ask if walk.stream is Stream.PROFILE:
                return self._profile(walk, ask)
            case Edge() | Window() as ask if walk.stream is Stream.POSTS:
                return self._posts(walk, ask, place)
            case Edge() | Window() as ask:
                return self._comments(walk, ask, place)

    def _profile(self, walk: Walk, ask: Edge | Window) -> Iterator[Response]:
        answer = self._site.root()
        signpost = newest(answer) if isinstance(ask, Edge) else None
        yield _respond(
            walk, answer, ROOT, None, listings=(Listed(listing=PROFILE, ended=True),), signpost=signpost
        )

    def _posts(self, walk: Walk, ask: Edge | Window, start: Place) -> Iterator[Response]:
        changed = post_filter(walk, ask)
        params = {**self._posting_view(), **changed, "orderby": "id", "order": "desc"}
        since, until = bounds(walk, ask)
        with_revisions = self._site.signed_in and (isinstance(ask, Edge) or ask.purpose == "backfill")
        place: Place | None = start
        while place is not None:
            here = place
            endpoint = f"/wp/v2/{_COLLECTIONS[here.index]}"
            answer = self._page(endpoint, params, here)
            items = self._items(answer)
            turn = onward(here, answer, len(items), self._site.page_size)
            place = turn.next or _next_collection(here, answer, turn)
            ended = place is None
            listed = Listed(
                listing=POSTS,
                ended=ended,
                reported=_sum(here, answer) if ended and not changed else None,
                absence_counts="modified_after" not in changed and here.whole and turn.whole,
                since=since,
                until=until,
                shows=self._posting_states(),
            )
            edited = [item for item in items if with_revisions and _is_edited(item)]
            signpost = (
                newest(answer) if isinstance(ask, Edge) and walk.marker is None and here == start else None
            )
            then = here if edited else place
            yield _respond(walk, answer, endpoint, then, listings=(listed,), signpost=signpost)
            for number, item in enumerate(edited, start=1):
                yield from self._revisions(
                    walk, endpoint, item, here, place if number == len(edited) else here
                )

    def _revisions(
        self, walk: Walk, endpoint: str, item: bytes, here: Place, then: Place | None
    ) -> Iterator[Response]:
        route = f"{endpoint}/{_item(item).id}/revisions"
        page, pages = 1, 1
        while page <= pages:
            asked = {"context": "edit", "page": str(page)}
            answer = self._site.listed(route, asked, refusable=_NO_REVISIONS)
            told = count_told(answer.headers.get("x-wp-totalpages"))
            pages = told if answer.status == HTTPStatus.OK and told is not None else 1
            yield _respond(
                walk, answer, f"{endpoint}/{{id}}/revisions", here if page < pages else then, context=(item,)
            )
            page += 1

    def _comments(self, walk: Walk, ask: Edge | Window, start: Place) -> Iterator[Response]:
        """Walk the comments of the whole site: it speaks of many threads, and ends none of them."""
        params = {**self._comment_view(), **comment_filter(walk, ask)}
        place: Place | None = start
        while place is not None:
            here = place
            answer = self._page(_COMMENTS, params, here)
            place = onward(here, answer, len(self._items(answer)), self._site.page_size).next
            first = isinstance(ask, Edge) and walk.marker is None and here == start
            yield _respond(walk, answer, _COMMENTS, place, signpost=newest(answer) if first else None)

    def _threads(self, walk: Walk, threads: Sequence[RecordRef], start: Place) -> Iterator[Response]:
        """Walk threads, quiet ones together: an answer that holds a group's whole total ends them all."""
        place: Place | None = start if start.index < len(threads) else None
        while place is not None:
            here = place
            many = 1 if here.index < here.alone or here.offset else _TOGETHER
            group = threads[here.index : here.index + many]
            since = _oldest_since(group)
            after = comment_filter(walk, Window(start=since, end=since)).get("after") if since else None
            params = {"post": ",".join(map(_number, group)), **self._comment_view()}
            answer = self._page(
                _COMMENTS, {**params, "after": after} if after else params, here, refusable=_UNREADABLE_POST
            )
            items = self._items(answer)
            turn = onward(here, answer, len(items), self._site.page_size)
            beyond = Place(index=here.index + len(group), alone=here.alone)
            following = beyond if beyond.index < len(threads) else None
            refused = answer.status != HTTPStatus.OK
            listings: tuple[Listed, ...] = ()
            if len(group) > 1 and (refused or turn.next is not None or not turn.whole):
                place = Place(index=here.index, alone=beyond.index)
            elif refused:
                place = following
                listings = (Listed(listing=_listing(group[0]), ended=False, refused=Reason.PERMISSION),)
            elif len(group) > 1:
                place, listings = following, self._ended_together(group, items, since)
            else:
                place, listings = turn.next or following, (self._listed(group[0], answer, turn, since),)
            yield _respond(walk, answer, _COMMENTS, place, listings=listings)

    def _listed(self, ref: RecordRef, answer: Answer, turn: Turn, since: datetime | None) -> Listed:
        return Listed(
            listing=_listing(ref),
            ended=turn.next is None,
            reported=total_of(answer) if turn.next is None and since is None else None,
            absence_counts=turn.whole,
            since=since,
            shows=self._comment_states(),
        )

    def _ended_together(
        self, group: Sequence[RecordRef], items: Sequence[bytes], since: datetime | None
    ) -> tuple[Listed, ...]:
        posts = [str(_item(item).post) for item in items]
        return tuple(
            Listed(
                listing=_listing(ref),
                ended=True,
                reported=posts.count(_number(ref)) if since is None else None,
                absence_counts=True,
                since=since,
                shows=self._comment_states(),
            )
            for ref in group
        )

    def _ids(self, walk: Walk, refs: Sequence[RecordRef], start: Place) -> Iterator[Response]:
        """Ask for records by id; items that never had an id cannot be asked for."""
        known = [ref for ref in refs if _number(ref)]
        if not known:
            yield _respond(walk, self._site.root(), ROOT, None)
        for index in range(start.index, len(known)):
            ref = known[index]
            then = Place(index=index + 1) if index + 1 < len(known) else None
            if ":comment:" in ref.record_id:
                answer = self._one(f"{_COMMENTS}/{_number(ref)}", "author")
                yield _respond(walk, answer, f"{_COMMENTS}/{{id}}", then, asked=(ref,))
            else:
                yield from self._posting(walk, ref, index, then)

    def _posting(self, walk: Walk, ref: RecordRef, index: int, then: Place | None) -> Iterator[Response]:
        """Ask for a post or page: they share their numbers, so only both answers say that one is gone."""
        embedded = "author,wp:featuredmedia"
        answer = self._one(f"/wp/v2/posts/{_number(ref)}", embedded)
        if answer.status != HTTPStatus.NOT_FOUND:
            yield _respond(walk, answer, "/wp/v2/posts/{id}", then, asked=(ref,))
            return
        yield _respond(walk, answer, "/wp/v2/posts/{id}", Place(index=index))
        second = self._one(f"/wp/v2/pages/{_number(ref)}", embedded)
        context = (answer.body,) if second.status == HTTPStatus.NOT_FOUND else ()
        yield _respond(walk, second, "/wp/v2/pages/{id}", then, asked=(ref,), context=context)

    def _one(self, route: str, embedded: str) -> Answer:
        view = {"context": "edit"} if self._site.signed_in else {}
        answer = self._site.by_id(route, {**view, "_embed": embedded})
        if answer.status == HTTPStatus.OK:
            self._refuse_another(answer.body)
        return answer

    def _page(
        self, route: str, params: dict[str, str], here: Place, *, refusable: frozenset[str] = frozenset()
    ) -> Answer:
        self._guard.pass_on(f"{route} {here}")
        paged = {**params, "offset": str(here.offset)} if here.offset else params
        return self._site.listed(route, paged, refusable=refusable)

    def _items(self, answer: Answer) -> list[bytes]:
        if answer.status != HTTPStatus.OK:
            return []
        try:
            items = cut_list(answer.body)
        except MalformedItemError:
            return []  # whoever cuts the response finds the same, and lays it aside
        if items:
            self._refuse_another(items[0])
        return items

    def _refuse_another(self, item: bytes) -> None:
        found = _item(item).links.get("self") or [{}]
        address = found[0].get("href")
        if not isinstance(address, str):
            return
        there = address.partition("://")[2].lower().removeprefix("www.")
        if not there.startswith(f"{self._names.site.removeprefix('www.')}/"):
            raise WrongAccountError(
                "The site at base_url is not the one that the register names.",
                remedy="If the council's site has moved, close this account and register the new address.",
            )

    def _posting_view(self) -> dict[str, str]:
        signed_in = {"context": "edit", "status": "any,trash"} if self._site.signed_in else {}
        return {**signed_in, "_embed": "author,wp:featuredmedia"}

    def _comment_view(self) -> dict[str, str]:
        signed_in = {"context": "edit", "status": "any"} if self._site.signed_in else {}
        return {**signed_in, "_embed": "author", "orderby": "id", "order": "desc"}

    def _posting_states(self) -> frozenset[str]:
        hidden = ("draft", "pending", "future", "private", "trash") if self._site.signed_in else ()
        return frozenset((PUBLIC, "protected", *hidden))

    def _comment_states(self) -> frozenset[str]:
        hidden = ("held", "spam", "trash", "post-trashed") if self._site.signed_in else ()
        return frozenset((PUBLIC, *hidden))


def _respond(walk: Walk, answer: Answer, endpoint: str, then: Place | None, **more: Any) -> Response:
    marker = None if then is None else msgspec.json.encode(then).decode()
    return respond(
        walk, answer, endpoint=endpoint, api_version=_API, connector_version=VERSION, marker=marker, **more
    )


def _next_collection(here: Place, answer: Answer, turn: Turn) -> Place | None:
    if here.index + 1 == len(_COLLECTIONS):
        return None
    return Place(index=here.index + 1, earlier=_sum(here, answer), whole=here.whole and turn.whole)


def _sum(here: Place, answer: Answer) -> int | None:
    total = total_of(answer)
    return None if total is None or here.earlier is None else here.earlier + total


def _item(item: bytes) -> _Item:
    try:
        return _ITEM.decode(item)
    except msgspec.MsgspecError:
        return _Item()


def _is_edited(item: bytes) -> bool:
    history = _item(item).links.get("version-history") or [{}]
    return bool(history[0].get("count"))


def _number(ref: RecordRef) -> str:
    number = ref.record_id.rpartition(":")[2]
    return number if number.isdigit() else ""


def _listing(ref: RecordRef) -> str:
    return comments_of(ref.record_id)


def _oldest_since(group: Sequence[RecordRef]) -> datetime | None:
    times = [ref.since.at for ref in group if ref.since is not None and ref.since.at is not None]
    return min(times) if len(times) == len(group) else None
