"""Mastodon's API: what is asked, in which order, and what its errors mean. Read without a credential too.

Credential (optional, recommended): "access_token" of an application of the account's own server, with the
scopes read:accounts and read:statuses. Without one a thread is cut to 60 answers at a depth of 20.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO, ClassVar, Final
from urllib.parse import parse_qs, urlsplit

import msgspec
from typing_extensions import override

from connectors.contract import Connector, Held, Identity, Reading, Tariff
from connectors.mastodon import reading
from connectors.mastodon.reading import CONTEXT, HISTORY, PROFILE_OF, STATUS, STATUSES
from connectors.transport import Answer, TokenGuard, Transport, respond
from schemas.account import Account
from schemas.capture import (
    POSTS,
    PROFILE,
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
    comments_of,
)
from schemas.digests import DigestRule, canonical
from schemas.errors import (
    AccountSuspendedError,
    BadInputError,
    CredentialsRejectedError,
    FatalError,
    MarkerRefusedError,
    SourceUnavailableError,
    StreamRefusedError,
    WrongAccountError,
)
from schemas.vocabulary import Platform, Reason, Stream

__all__ = ["MastodonConnector"]

_PAGE: Final = 40
_CUT_ANSWERS: Final = 60
"""Without a sign-in a thread ends at 60 answers [GK]: then each branch is asked for by itself."""
_API: Final = "v1"
_UNSIGNED: Final = (
    "no access token, so long threads are cut. On the account's server open Preferences, Development, make "
    "an application with read:accounts and read:statuses, and keep its token as access_token."
)
_OK: Final = 200
_NOT_THERE: Final = frozenset({404, 410})


class _Marker(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """Where a walk goes on: the page (max_id), or how many threads or ids are done."""

    max_id: str | None = None
    done: int = 0


class MastodonConnector(Connector):
    """One account on one server."""

    platform: ClassVar[Platform] = "mastodon"
    version: ClassVar[str] = "1"
    digest_rules: ClassVar[Mapping[int, DigestRule]] = reading.DIGEST_RULES
    streams: ClassVar[tuple[Stream, ...]] = (Stream.PROFILE, Stream.POSTS, Stream.COMMENTS)
    tariff: ClassVar[Tariff] = Tariff(page_items=_PAGE, calls=300, per_seconds=300)
    never: ClassVar[tuple[str, ...]] = (
        "Answers that did not reach the account's own server, and edits of them that did not.",
        "Answers from servers that ours blocks.",
        "Who liked or shared a post, beyond the numbers.",
        "Quotes, mentions elsewhere and private messages are not archived yet.",
    )
    tracking: ClassVar[bool] = True

    def __init__(self, account: Account, transport: Transport, secrets: Mapping[str, str]) -> None:
        """Speak to the account's own server.

        Raises:
            BadInputError: The register names no server.
        """
        if account.base_url is None:
            raise BadInputError(
                f"Account {account.account} names no server.",
                remedy="Write base_url: https://the.server in the council's file.",
            )
        self._account = account
        self._transport = transport
        self._base = account.base_url.rstrip("/")
        token = secrets.get("access_token")
        self._signed_in = token is not None
        self._headers = {} if token is None else {"authorization": f"Bearer {token}"}

    @override
    def check(self) -> Identity:
        if self._signed_in:
            answer = self._get("/api/v1/accounts/verify_credentials")
        else:
            answer = self._get("/api/v1/accounts/lookup", {"acct": self._account.handle})
        if answer.status in _NOT_THERE:
            raise WrongAccountError(
                f"{self._base} knows no account {self._account.handle}.",
                remedy="Correct the handle or base_url in the council's file.",
            )
        told = self._decoded(answer)
        if told.get("suspended"):
            raise AccountSuspendedError(f"Account {self._account.account} is suspended by its server.")
        missing = () if self._signed_in else (_UNSIGNED,)
        return Identity(
            native_id=str(told["id"]),
            handle=str(told["acct"]),
            name=told.get("display_name") or None,
            missing=missing,
            posts=told.get("statuses_count"),
            site=urlsplit(self._base).netloc + urlsplit(self._base).path,
        )

    @override
    def pages(self, walk: Walk, held: Held) -> Iterator[Response]:
        marker = _Marker() if walk.marker is None else msgspec.json.decode(walk.marker, type=_Marker)
        match walk.ask:
            case Edge() if walk.stream is Stream.PROFILE:
                yield self._profile(walk)
            case Edge(since=since):
                bound = None if since is None else since.at
                yield from self._posts(walk, marker, since=bound, until=None, held=held)
            case Window(start=start, end=end):
                yield from self._posts(walk, marker, since=start, until=end, held=held)
            case Threads(threads=threads):
                yield from self._threads(walk, marker, threads)
            case Ids(wanted=wanted, controls=controls):
                yield from self._by_id(walk, marker, (*controls, *wanted))

    @override
    def fetch(self, address: MediaAddress, into: BinaryIO) -> MediaAnswer:
        return self._transport.download(address, into)

    @override
    def exhibits(self, response: Response) -> Iterator[Exhibit]:
        return reading.exhibits(response)

    @override
    def read(self, exhibit: Exhibit) -> Reading:
        return reading.read(exhibit)

    @override
    def addresses(self, response: Response) -> Iterator[MediaAddress]:
        return reading.addresses(response)

    def _profile(self, walk: Walk) -> Response:
        answer = self._get(f"/api/v1/accounts/{self._id()}")
        self._decoded(answer)
        name = reading.profile_id(urlsplit(self._base).netloc + urlsplit(self._base).path, self._id())
        ref = RecordRef(record_id=name, native_id=self._id(), thread_id=name, filed_at=answer.fetched_at)
        listed = Listed(listing=PROFILE, ended=True, reported=1)
        return self._response(walk, answer, PROFILE_OF, listings=(listed,), asked=(ref,), marker=None)

    def _posts(
        self, walk: Walk, marker: _Marker, *, since: datetime | None, until: datetime | None, held: Held
    ) -> Iterator[Response]:
        guard = TokenGuard()
        first = marker.max_id is None
        max_id = marker.max_id
        while True:
            params = {"limit": str(_PAGE), "exclude_reblogs": "true"}
            if max_id is not None:
                params["max_id"] = guard.pass_on(max_id)
            answer = self._get(f"/api/v1/accounts/{self._id()}/statuses", params, marked=max_id is not None)
            statuses: list[dict[str, Any]] = self._decoded(answer)
            self._check_author(statuses)
            following = _next_max_id(answer)
            oldest = None if not statuses else _created(statuses[-1])
            ended = following is None or (since is not None and oldest is not None and oldest < since)
            here = None if max_id is None and first else _encode(_Marker(max_id=max_id))
            told = self._parents(statuses, held)
            yield from self._histories(walk, statuses, told, marker=here or _encode(_Marker()))
            listed = Listed(
                listing=POSTS, ended=ended, absence_counts=True, since=since, until=until, shows=_SHOWS
            )
            yield self._response(
                walk,
                answer,
                STATUSES,
                listings=(listed,),
                context=(canonical(told),),
                signpost=_signpost(statuses) if first and isinstance(walk.ask, Edge) else None,
                marker=None if ended else _encode(_Marker(max_id=following)),
            )
            if ended:
                return
            max_id, first = following, False

    def _parents(self, statuses: Sequence[Mapping[str, Any]], held: Held) -> dict[str, dict[str, str]]:
        """Return thread and parent of the answers on a page, asked for where the page does not tell them."""
        answers = [status for status in statuses if status["in_reply_to_id"] is not None]
        known = held([status["id"] for status in answers])
        told: dict[str, dict[str, str]] = {}
        for status in answers:
            if status["id"] in known:
                continue
            answer = self._get(f"/api/v1/statuses/{status['id']}/context")
            if answer.status != _OK:
                continue
            above = msgspec.json.decode(answer.body)["ancestors"]
            if above:
                told[status["id"]] = {"thread": above[0]["uri"], "parent": above[-1]["uri"]}
        return told

    def _histories(
        self,
        walk: Walk,
        statuses: Sequence[Mapping[str, Any]],
        told: Mapping[str, Mapping[str, str]],
        *,
        marker: str,
    ) -> Iterator[Response]:
        """Yield the edit history of each edited status of a page, before the page itself.

        A walk that breaks off here begins again with the page, so no history is skipped.
        """
        for status in statuses:
            if status.get("edited_at") is None or status.get("visibility") == "direct":
                continue
            answer = self._get(f"/api/v1/statuses/{status['id']}/history")
            if answer.status != _OK:
                continue  # gone since the page was made: the next look finds that out
            context = (msgspec.json.encode(status), canonical(told.get(status["id"], {})))
            yield self._response(walk, answer, HISTORY, context=context, marker=marker)

    def _threads(self, walk: Walk, marker: _Marker, threads: Sequence[RecordRef]) -> Iterator[Response]:
        for number in range(marker.done, len(threads)):
            after = None if number + 1 == len(threads) else _encode(_Marker(done=number + 1))
            yield from self._thread(walk, threads[number], here=_encode(_Marker(done=number)), after=after)

    def _thread(self, walk: Walk, root: RecordRef, *, here: str, after: str | None) -> Iterator[Response]:
        """Yield a thread at every depth; a branch that the server cut is asked for by itself."""
        listing = comments_of(root.record_id)
        waiting = [(root.native_id, root.record_id)]
        asked: set[str] = set()
        found: dict[str, dict[str, Any]] = {}
        while waiting:
            native_id, uri = waiting.pop(0)
            asked.add(native_id)
            answer = self._get(f"/api/v1/statuses/{native_id}/context")
            context = canonical({"id": native_id, "uri": uri, "thread": root.record_id})
            if answer.status != _OK:
                refused = Listed(listing=listing, ended=False, refused=Reason.UNAVAILABLE)
                yield self._response(
                    walk, answer, CONTEXT, listings=(refused,), context=(context,), marker=after
                )
                return
            descendants: list[dict[str, Any]] = self._decoded(answer)["descendants"]
            found |= {status["id"]: status for status in descendants}
            if not self._signed_in and len(descendants) >= _CUT_ANSWERS:
                waiting += [pair for pair in _cut_off(found) if pair[0] not in asked]
            yield from self._histories(walk, descendants, _told(descendants, root), marker=here)
            listed = Listed(
                listing=listing, ended=not waiting, absence_counts=True, short=Reason.FILTERED, shows=_SHOWS
            )
            yield self._response(
                walk,
                answer,
                CONTEXT,
                listings=(listed,),
                context=(context,),
                marker=here if waiting else after,
            )

    def _by_id(self, walk: Walk, marker: _Marker, refs: Sequence[RecordRef]) -> Iterator[Response]:
        for number in range(marker.done, len(refs)):
            ref = refs[number]
            answer = self._get(f"/api/v1/statuses/{ref.native_id}", raises=False)
            links = canonical({"thread": ref.thread_id}) if ref.thread_id != ref.record_id else b"{}"
            last = number + 1 == len(refs)
            yield self._response(
                walk,
                answer,
                STATUS,
                asked=(ref,),
                context=(links,),
                marker=None if last else _encode(_Marker(done=number + 1)),
            )

    def _response(
        self,
        walk: Walk,
        answer: Answer,
        endpoint: str,
        *,
        marker: str | None,
        listings: Sequence[Listed] = (),
        asked: Sequence[RecordRef] = (),
        context: Sequence[bytes] = (),
        signpost: Cursor | None = None,
    ) -> Response:
        return respond(
            walk,
            answer,
            endpoint=endpoint,
            api_version=_API,
            connector_version=self.version,
            listings=listings,
            asked=asked,
            context=context,
            signpost=signpost,
            marker=marker,
        )

    def _get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        marked: bool = False,
        raises: bool = True,
    ) -> Answer:
        answer = self._transport.get(
            f"{self._base}{path}", params, headers=self._headers, wait_until=self._wait_until
        )
        if answer.status == 401:  # noqa: PLR2004 -- HTTP's own number
            raise CredentialsRejectedError(
                f"The server does not take the token of account {self._account.account}.",
                remedy="Make a new access token under Preferences, Development.",
            )
        if raises and answer.status == 403:  # noqa: PLR2004 -- HTTP's own number
            raise StreamRefusedError(
                f"The server refuses account {self._account.account} this list.",
                remedy="Its application needs the scopes read:accounts and read:statuses.",
            )
        if raises and answer.status not in {_OK, *_NOT_THERE}:
            if marked:
                raise MarkerRefusedError("The server does not know the page where this walk stopped.")
            raise FatalError(
                f"Mastodon refused a request of ours (status {answer.status}).",
                remedy="This is a fault of muniment: please report it.",
            )
        return answer

    def _decoded(self, answer: Answer) -> Any:
        if answer.status in _NOT_THERE:
            raise AccountSuspendedError(
                f"The server no longer has account {self._account.account} (status {answer.status}).",
                remedy="Ask the server's administrators, or close the account in the council's file.",
            )
        try:
            return msgspec.json.decode(answer.body)
        except msgspec.DecodeError as error:
            raise SourceUnavailableError("The server's answer broke off.") from error

    def _wait_until(self, answer: Answer) -> datetime | None:
        """Return the reset that a 429 names; Mastodon writes it as an ISO time."""
        if answer.status != 429:  # noqa: PLR2004 -- HTTP's own number
            return None
        reset = answer.headers.get("x-ratelimit-reset")
        if reset is None:
            return None
        try:
            told = datetime.fromisoformat(reset).astimezone(UTC)
        except ValueError:
            return None
        # By the server's own clock: ours may be off.
        server = answer.server_date or answer.fetched_at
        return answer.fetched_at + max(told - server, told - told)

    def _check_author(self, statuses: Sequence[Mapping[str, Any]]) -> None:
        if any(str(status["account"]["id"]) != self._id() for status in statuses):
            raise WrongAccountError(
                f"The server sent another account's posts for {self._account.account}.",
                remedy="Correct native_id in the council's file.",
            )

    def _id(self) -> str:
        if self._account.native_id is None:
            raise WrongAccountError(f"Account {self._account.account} has not been checked yet.")
        return self._account.native_id


_SHOWS: Final = frozenset({"public"})


def _next_max_id(answer: Answer) -> str | None:
    """Return the next page's max_id out of the Link header: ids are never counted with."""
    for link in answer.headers.get("link", "").split(","):
        address, _, rest = link.partition(";")
        if 'rel="next"' in rest:
            return parse_qs(urlsplit(address.strip(" <>")).query).get("max_id", [None])[0]
    return None


def _cut_off(found: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return the statuses that have more answers than were given."""
    given: dict[str, int] = {}
    for status in found.values():
        parent = status["in_reply_to_id"]
        given[parent] = given.get(parent, 0) + 1
    return [
        (status["id"], status["uri"])
        for status in found.values()
        if status["replies_count"] > given.get(status["id"], 0)
    ]


def _told(descendants: Sequence[Mapping[str, Any]], root: RecordRef) -> dict[str, dict[str, str]]:
    """Return thread and parent of each answer, by its local id."""
    uris = {status["id"]: status["uri"] for status in descendants} | {root.native_id: root.record_id}
    return {
        status["id"]: {"thread": root.record_id, "parent": uris[status["in_reply_to_id"]]}
        for status in descendants
        if status["in_reply_to_id"] in uris
    }


def _signpost(statuses: Sequence[Mapping[str, Any]]) -> Cursor | None:
    if not statuses:
        return None
    return Cursor(native_id=str(statuses[0]["id"]), at=_created(statuses[0]))


def _created(status: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(status["created_at"]).astimezone(UTC)


def _encode(marker: _Marker) -> str:
    return msgspec.json.encode(marker).decode()
