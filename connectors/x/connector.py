"""The walks over X: timeline, conversation search, edit chains, answers by id, profile.

Options of the account: `x_names` ("tweet" or "post": which field names are sent; both are read always;
X refusing one is answered with the other and a warning in the log); `x_search` ("recent": the last seven
days, any credential; "all": everything, needs `bearer_token` and a plan that includes it).

A post costs $0.001 on one's own timeline with the account's own token, else $0.005; a profile $0.010.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import BinaryIO, ClassVar, Final

import msgspec
from typing_extensions import override

from connectors.contract import Connector, Held, Identity, Reading, Rotate, Tariff
from connectors.decoding import place_of
from connectors.transport import Answer, Transport
from connectors.walks import TokenGuard, respond
from connectors.x import cutting, media, reading
from connectors.x.asking import USER_COST, Asking
from connectors.x.cutting import ALL, LOOKUP, PROFILE_ENDPOINT, RECENT_SEARCH, TIMELINE, Cut
from connectors.x.plan import (
    PAGE,
    Place,
    asked_for,
    grouped,
    interleaved,
    listed_threads,
    newest_of,
    query_of,
    reach_of,
    turned,
)
from connectors.x.problems import unreadable
from connectors.x.session import Session
from connectors.x.wire import POST_NAMES, TWEET_NAMES, chain_of, created_at_of
from schemas.account import Account
from schemas.capture import (
    PROFILE,
    Ask,
    Cursor,
    Edge,
    Exhibit,
    Ids,
    Listed,
    MediaAddress,
    MediaAnswer,
    RecordRef,
    Response,
    Threads,
    Walk,
    Window,
)
from schemas.digests import DigestRule
from schemas.errors import BadInputError, StreamRefusedError, WrongAccountError
from schemas.vocabulary import Platform, Stream

__all__ = ["XConnector"]

_OWN_POST: Final = 1_000
_POST: Final = 5_000


class XConnector(Connector):
    """X for one account. Credential values: see `session`."""

    platform: ClassVar[Platform] = "x"
    version: ClassVar[str] = "1"
    digest_rules: ClassVar[Mapping[int, DigestRule]] = reading.DIGEST_RULES
    streams: ClassVar[tuple[Stream, ...]] = (Stream.PROFILE, Stream.POSTS, Stream.COMMENTS)
    edges: ClassVar[tuple[Stream, ...]] = (Stream.PROFILE, Stream.POSTS)
    tariff: ClassVar[Tariff] = Tariff(page_items=PAGE, calls=300, per_seconds=900, item_micros=_POST)
    never: ClassVar[tuple[str, ...]] = (
        "Posts beyond the newest 3,200 of an account: X's timeline ends there.",
        "Replies older than seven days, unless the plan has the full archive search (x_search: all).",
        "Replies by protected or suspended accounts, and which replies were hidden: X tells neither.",
        "Earlier versions of a post whose edit chain was deleted, and who voted in a poll.",
        "Quotes, mentions and reposts by others are not archived yet.",
        "Private messages are not archived yet; X itself gives the last 30 days only, encrypted ones never.",
    )
    tracking: ClassVar[bool] = True

    def __init__(
        self,
        account: Account,
        transport: Transport,
        secrets: Mapping[str, str],
        rotate: Rotate | None = None,
    ) -> None:
        """Keep what a walk needs; `rotate` is where a credential that X rotates is kept.

        Raises:
            BadInputError: An option has no such value.
            CredentialsRejectedError: The credential is empty.
        """
        names = account.options.get("x_names", "tweet")
        search = account.options.get("x_search", "recent")
        if names not in ("tweet", "post") or search not in ("recent", "all"):
            raise BadInputError(
                f"Account {account.account}: an option of X has no such value.",
                remedy="Write x_names: tweet or post, and x_search: recent or all.",
            )
        self._account = account
        self._transport = transport
        self._session = Session(transport, secrets, rotate)
        self._asking = Asking(transport, self._session, POST_NAMES if names == "post" else TWEET_NAMES)
        self._search_all = search == "all"
        self._own_id = account.native_id

    # ---- who ----------------------------------------------------------------------------------------------

    @override
    def check(self) -> Identity:
        """Ask X whose credential this is, and try what it may read; costs one profile."""
        _, user = self._asking.profile("/2/users/me" if self._session.as_user else self._profile_route())
        missing: list[str] = []
        if user.protected and not self._session.as_user:
            missing.append("The account is protected: sign in as the account itself (OAuth) to read it.")
        try:
            self._search(f"conversation_id:{user.id}", {"max_results": "10"})
        except StreamRefusedError as error:
            missing.append(f"Replies cannot be searched. {error.remedy}")
        return Identity(
            native_id=user.id, handle=user.username, name=user.name, missing=tuple(missing), posts=user.posts
        )

    def _profile_route(self) -> str:
        if self._own_id is not None:
            return f"/2/users/{self._own_id}"
        return f"/2/users/by/username/{self._account.handle.removeprefix('@')}"

    def _identified(self) -> str:
        if self._own_id is None:
            _, user = self._asking.profile(self._profile_route())
            self._own_id = user.id
        return self._own_id

    # ---- walks --------------------------------------------------------------------------------------------

    @override
    def pages(self, walk: Walk, held: Held) -> Iterator[Response]:
        """Yield a walk's responses; an edited post's earlier versions come before the page that shows it."""
        place = place_of(walk, Place())
        match walk.ask:
            case Edge() | Window() if walk.stream is Stream.PROFILE:
                yield self._profile(walk)
            case Edge() | Window() if walk.stream is Stream.POSTS:
                yield from self._timeline(walk, walk.ask, held, place)
            case Threads() if walk.stream is Stream.COMMENTS:
                yield from self._threads(walk, walk.ask.threads, held, place)
            case Ids():
                yield from self._ids(walk, walk.ask, held, place)
            case _:
                raise ValueError(f"X has no {type(walk.ask).__name__} over {walk.stream}")

    def _profile(self, walk: Walk) -> Response:
        answer, user = self._asking.profile(self._profile_route())
        self._refuse_others(user.id)
        listed = Listed(listing=PROFILE, ended=True)
        return self._response(walk, answer, PROFILE_ENDPOINT, marker=None, cost=USER_COST, listings=(listed,))

    def _timeline(self, walk: Walk, ask: Edge | Window, held: Held, place: Place) -> Iterator[Response]:
        own_id = self._identified()
        since, until = self._period(ask)
        first = not place.opened
        if first:
            place = Place.of_period(since, until, self._transport.clock.now())
        guard = TokenGuard()
        while True:
            answer, cut = self._asking.posts(
                f"/2/users/{own_id}/tweets", asked_for(_passed(guard, place), "pagination_token")
            )
            yield from self._stopped_by(walk, answer, cut, TIMELINE, place)
            if cut is None:
                return
            self._refuse_other_authors(cut)
            signpost = newest_of(cut) if first and isinstance(ask, Edge) else None
            yield from self._chains(walk, cut, held, place, signpost=signpost)
            listed, after = turned(place, cut, own_id, since=since, until=until)
            yield self._response(
                walk,
                answer,
                TIMELINE,
                marker=None if listed.ended else after.marker(),
                cost=self._cost_of(cut, own=self._session.as_user),
                listings=(listed,),
                signpost=signpost,
            )
            if listed.ended:
                return
            place, first = after, False

    def _threads(
        self, walk: Walk, threads: Sequence[RecordRef], held: Held, place: Place
    ) -> Iterator[Response]:
        groups = grouped(threads)
        endpoint = ALL if self._search_all else RECENT_SEARCH
        guard = TokenGuard()
        while place.group < len(groups):
            group = groups[place.group]
            reach = None if self._search_all else reach_of(self._transport.clock.now())
            if not place.opened:
                place = place.for_threads(group, reach)
            answer, cut = self._search(query_of(group), asked_for(_passed(guard, place), "next_token"))
            yield from self._stopped_by(walk, answer, cut, endpoint, place)
            if cut is None:
                return
            yield from self._chains(walk, cut, held, place, endpoint=endpoint)
            token = cut.meta.next_token
            after = (
                Place(group=place.group + 1) if token is None else msgspec.structs.replace(place, token=token)
            )
            yield self._response(
                walk,
                answer,
                endpoint,
                marker=None if after.group == len(groups) else after.marker(),
                cost=self._cost_of(cut),
                listings=listed_threads(group, ended=token is None, reach=reach),
            )
            place = after

    def _ids(self, walk: Walk, ask: Ids, held: Held, place: Place) -> Iterator[Response]:
        refs = interleaved(ask.wanted, ask.controls)
        batches = [refs[at : at + PAGE] for at in range(0, len(refs), PAGE)]
        for number in range(place.group, len(batches)):
            here, after = Place(group=number), Place(group=number + 1)
            batch = batches[number]
            answer, cut = self._asking.posts(LOOKUP, {"ids": ",".join(ref.native_id for ref in batch)})
            yield from self._stopped_by(walk, answer, cut, LOOKUP, here)
            if cut is None:
                return
            yield from self._chains(walk, cut, held, here, asked=batch)
            yield self._response(
                walk,
                answer,
                LOOKUP,
                marker=None if after.group == len(batches) else after.marker(),
                cost=self._cost_of(cut),
                asked=batch,
            )

    def _chains(
        self,
        walk: Walk,
        cut: Cut,
        held: Held,
        place: Place,
        *,
        endpoint: str = TIMELINE,
        asked: Sequence[RecordRef] = (),
        signpost: Cursor | None = None,
    ) -> Iterator[Response]:
        """Yield the other versions of edited posts, before the page that shows the newest.

        So whoever holds the newest id holds the whole chain, also when a walk breaks off in between.
        """
        heads = [
            head
            for _, head in cut.items
            if head is not None and not cutting.is_own_root(endpoint, head, self._account.native_id)
        ]
        chains = {cutting.record_id(head): chain for head in heads if len(chain := chain_of(head)) > 1}
        known = held.ids({name: chain[-1] for name, chain in chains.items()}) if chains else frozenset()
        shown = {head.id for head in heads}
        wanted = [
            native_id
            for name, chain in chains.items()
            for native_id in (chain[-1:] if name in known else chain)
            if native_id not in shown
        ]
        wanted = list(dict.fromkeys(wanted))
        for at in range(0, len(wanted), PAGE):
            answer, found = self._asking.posts(LOOKUP, {"ids": ",".join(wanted[at : at + PAGE])})
            yield from self._stopped_by(walk, answer, found, LOOKUP, place)
            if found is not None:
                yield self._response(
                    walk,
                    answer,
                    LOOKUP,
                    marker=place.marker(),
                    cost=self._cost_of(found),
                    asked=asked,
                    signpost=signpost,
                )

    def _stopped_by(
        self, walk: Walk, answer: Answer, cut: Cut | None, endpoint: str, place: Place
    ) -> Iterator[Response]:
        """Hand on an answer that cannot be paged further, so that it is kept or quarantined, and stop."""
        if cut is None:
            yield self._response(walk, answer, endpoint, marker=place.marker())
            raise unreadable("the body is no list of posts")
        if cut.strange and cut.meta.next_token is None:
            yield self._response(walk, answer, endpoint, marker=place.marker(), cost=self._cost_of(cut))
            raise unreadable("meta has fields that are new, and names no next page")

    # ---- requests -----------------------------------------------------------------------------------------

    def _search(self, query: str, params: Mapping[str, str]) -> tuple[Answer, Cut | None]:
        if self._search_all:
            self._transport.clock.wait(1.0)  # the whole archive is served once a second
        route = ALL if self._search_all else RECENT_SEARCH
        return self._asking.posts(route, {"query": query, **params}, app_only=self._search_all)

    def _response(
        self,
        walk: Walk,
        answer: Answer,
        endpoint: str,
        *,
        marker: str | None,
        cost: int = 0,
        listings: Sequence[Listed] = (),
        asked: Sequence[RecordRef] = (),
        signpost: Cursor | None = None,
    ) -> Response:
        return respond(
            walk,
            answer,
            endpoint=endpoint,
            api_version=f"2 ({self._asking.names.word})",
            connector_version=self.version,
            listings=listings,
            asked=asked,
            signpost=signpost,
            marker=marker,
            cost_micros=cost,
        )

    def _cost_of(self, cut: Cut, *, own: bool = False) -> int:
        cost = len(cut.items) * (_OWN_POST if own else _POST)
        self._transport.add_cost(cost)
        return cost

    def _period(self, ask: Ask) -> tuple[datetime | None, datetime | None]:
        match ask:
            case Window():
                return ask.start, ask.end
            case Edge(since=Cursor(native_id=native_id, at=at)):
                return at or (None if native_id is None else created_at_of(native_id)), None
            case _:
                return self._account.backfill_starts_at, None

    def _refuse_other_authors(self, cut: Cut) -> None:
        for _, head in cut.items:
            if head is not None and head.author_id is not None:
                self._refuse_others(head.author_id)

    def _refuse_others(self, author_id: str) -> None:
        if self._own_id is not None and author_id != self._own_id:
            raise WrongAccountError(
                f"X answered account {self._account.account} with what another account wrote.",
                remedy="Check the account's native_id and handle in the council's file; nothing was kept.",
            )

    # ---- pure, and media ----------------------------------------------------------------------------------

    @override
    def fetch(self, address: MediaAddress, into: BinaryIO) -> MediaAnswer:
        """Stream a media file, or resolve a short link."""
        return self._transport.download(address, into)

    @override
    def exhibits(self, response: Response) -> Iterator[Exhibit]:
        """Cut a response; see `cutting`."""
        return cutting.exhibits(response, self._account.native_id)

    @override
    def read(self, exhibit: Exhibit) -> Reading:
        """Read an exhibit; see `reading`."""
        return reading.read(exhibit)

    @override
    def addresses(self, response: Response) -> Iterator[MediaAddress]:
        """Yield where a response's media can be had; see `media`."""
        return media.addresses(response, self._account.native_id)


def _passed(guard: TokenGuard, place: Place) -> Place:
    if place.token is not None:
        guard.pass_on(place.token)
    return place
