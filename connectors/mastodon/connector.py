"""Mastodon's API: what is asked, in which order. Read without a credential too.

Credential (optional, recommended): "access_token" of an application of the account's own server, with the
scopes read:accounts and read:statuses. Without one the server cuts threads to 60 answers at a depth of 20.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import BinaryIO, ClassVar, Final

from typing_extensions import override

from connectors.contract import Connector, Held, Identity, Reading, Tariff
from connectors.decoding import place_of
from connectors.mastodon import cutting, reading
from connectors.mastodon.session import NOT_THERE, OK, Session
from connectors.mastodon.wire import (
    AROUND,
    CONTEXT,
    HISTORY,
    PAGE,
    PROFILE_OF,
    ROOT,
    STATUS,
    STATUSES,
    Lines,
    Marker,
    Page,
    Seen,
    Thread,
    page_of,
    seen_of,
    tree_of,
)
from connectors.transport import Answer, Transport
from connectors.walks import TokenGuard, respond
from schemas.account import Account
from schemas.capture import (
    POSTS,
    PROFILE,
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
from schemas.errors import StreamRefusedError
from schemas.observation import PUBLIC
from schemas.vocabulary import Platform, Reason, Stream

__all__ = ["MastodonConnector"]

_API: Final = "v1"
_MOST_ANSWERS: Final = 4096
"""A thread ends here with a sign-in; without one at 60 answers, and at a depth of 20."""
_MOST_BRANCHES: Final = 200
"""So many of a thread's branches are asked for by themselves: fewer than the calls that the server gives at
once, since a thread that has to wait begins again, but for the histories that came."""


class MastodonConnector(Connector):
    """One account on one server."""

    platform: ClassVar[Platform] = "mastodon"
    version: ClassVar[str] = "1"
    digest_rules: ClassVar[Mapping[int, DigestRule]] = reading.DIGEST_RULES
    streams: ClassVar[tuple[Stream, ...]] = (Stream.PROFILE, Stream.POSTS, Stream.COMMENTS)
    edges: ClassVar[tuple[Stream, ...]] = (Stream.PROFILE, Stream.POSTS)
    tariff: ClassVar[Tariff] = Tariff(page_items=PAGE, calls=300, per_seconds=300)
    never: ClassVar[tuple[str, ...]] = (
        "Answers that did not reach the account's own server, and edits of them that did not.",
        "Answers from servers that ours blocks or limits.",
        "Answers by people whom the account blocks or mutes, or who block it, before they were captured.",
        "New answers below an answer that was deleted.",
        "Posts of others that the account only shared; who liked or shared a post, beyond the numbers.",
        "Quotes, mentions elsewhere and private messages are not archived yet.",
    )
    tracking: ClassVar[bool] = True

    def __init__(self, account: Account, transport: Transport, secrets: Mapping[str, str]) -> None:
        """Speak to the account's own server.

        Raises:
            BadInputError: The register names no server.
        """
        self._account = account
        self._transport = transport
        self._response = partial(respond, api_version=_API, connector_version=self.version)
        self._session = Session(account, transport, secrets.get("access_token"))

    @override
    def check(self) -> Identity:
        return self._session.identity()

    @override
    def pages(self, walk: Walk, held: Held) -> Iterator[Response]:
        marker = place_of(walk, Marker())
        match walk.stream, walk.ask:
            case Stream.PROFILE, Edge():
                yield self._profile(walk)
            case Stream.POSTS, Edge(since=since):
                bound = self._account.backfill_starts_at if since is None else since.at
                yield from self._posts(walk, marker, since=bound, until=None, held=held)
            case Stream.POSTS, Window(start=start, end=end):
                yield from self._posts(walk, marker, since=start, until=end, held=held)
            case Stream.COMMENTS, Threads(threads=threads):
                yield from self._threads(walk, marker, threads)
            case Stream.POSTS | Stream.COMMENTS, Ids(wanted=wanted, controls=controls):
                yield from self._by_id(walk, marker, (*controls, *wanted), controls=len(controls))
            case _:
                raise ValueError(f"Mastodon has no {type(walk.ask).__name__} over {walk.stream}")

    @override
    def fetch(self, address: MediaAddress, into: BinaryIO) -> MediaAnswer:
        return self._transport.download(address, into)

    @override
    def exhibits(self, response: Response) -> Iterator[Exhibit]:
        return cutting.exhibits(response)

    @override
    def read(self, exhibit: Exhibit) -> Reading:
        return reading.read(exhibit)

    @override
    def addresses(self, response: Response) -> Iterator[MediaAddress]:
        return cutting.addresses(response)

    def _profile(self, walk: Walk) -> Response:
        answer = self._session.own_profile()
        native_id = self._session.own_id
        name = reading.profile_id(self._session.site, native_id)
        ref = RecordRef(record_id=name, native_id=native_id, thread_id=name, filed_at=answer.fetched_at)
        listed = Listed(listing=PROFILE, ended=True, reported=1)
        return self._response(walk, answer, PROFILE_OF, listings=(listed,), asked=(ref,), marker=None)

    def _posts(
        self, walk: Walk, marker: Marker, *, since: datetime | None, until: datetime | None, held: Held
    ) -> Iterator[Response]:
        """Page the account's statuses, newest first, until one is older than `since`.

        The histories of a page come before it: a walk that breaks off there begins with the page again.
        """
        guard = TokenGuard()
        max_id = marker.max_id
        shows = frozenset({PUBLIC, "private"}) if self._session.signed_in else frozenset({PUBLIC})
        while True:
            here = Marker(max_id=max_id).encoded
            answer = self._posts_page(None if max_id is None else guard.pass_on(max_id))
            listed = Listed(
                listing=POSTS, ended=False, absence_counts=True, since=since, until=until, shows=shows
            )
            try:
                page = page_of(answer)
            except StreamRefusedError:
                yield self._response(walk, answer, STATUSES, listings=(listed,), marker=here)
                raise
            self._check(page, first=max_id is None)
            told = yield from self._parents(walk, page.statuses, held, marker=here)
            yield from self._histories(walk, page.statuses, lambda each: told.get(each.id), marker=here)  # noqa: B023 -- used up before the next page
            ended = page.following is None or page.reaches_back_to(since)
            yield self._response(
                walk,
                answer,
                STATUSES,
                listings=(replace(listed, ended=ended),),
                context=(canonical(told),),
                signpost=page.newest if max_id is None and isinstance(walk.ask, Edge) else None,
                marker=None if ended else Marker(max_id=page.following).encoded,
            )
            if ended:
                return
            max_id = page.following

    def _posts_page(self, max_id: str | None) -> Answer:
        params = {"limit": str(PAGE), "exclude_reblogs": "true"}
        if max_id is not None:
            params["max_id"] = max_id
        path = STATUSES.format(id=self._session.own_id)
        answer = self._session.get(path, params, marked=max_id is not None)
        if answer.status in NOT_THERE:
            raise self._session.suspended()
        return answer

    def _check(self, page: Page, *, first: bool) -> None:
        """Refuse what is no page of this account: another's posts, or the empty list of a suspended one."""
        if any(status.account.id != self._session.own_id for status, _ in page.statuses):
            raise self._session.wrong_account()
        if first and not page.statuses:
            self._session.own_profile()

    def _parents(
        self, walk: Walk, statuses: Sequence[tuple[Seen, bytes]], held: Held, *, marker: str
    ) -> Generator[Response, None, dict[str, Lines]]:
        """Return thread and parent of answers, asked for where the archive cannot know them.

        What is held already keeps the thread it was filed with; a new version of it is a row of its own.
        """
        answers = [status for status, _ in statuses if status.in_reply_to_id and not status.is_message]
        known = held.ids({status.uri: status.id for status in answers})
        told: dict[str, Lines] = {}
        for status in answers:
            if status.uri in known and status.edited_at is None:
                continue
            lines = yield from self._lines_of(walk, status, marker=marker)
            if lines is not None:
                told[status.id] = lines
        return told

    def _lines_of(self, walk: Walk, status: Seen, *, marker: str) -> Generator[Response, None, Lines | None]:
        """Return where an answer stands; what else the server shows for it is handed on, to be kept."""
        answer = self._session.get(CONTEXT.format(id=status.id), refusable=True)
        above = tree_of(answer).ancestors if answer.status == OK else ()
        if not above:
            return None
        thread = above[0].uri
        context = (canonical({"id": status.id, "uri": status.uri, "thread": thread}),)
        yield self._response(walk, answer, AROUND, context=context, marker=marker)
        return {"thread": thread, "parent": above[-1].uri}

    def _histories(
        self,
        walk: Walk,
        statuses: Iterable[tuple[Seen, bytes]],
        lines_of: Callable[[Seen], Lines | None],
        *,
        marker: str,
    ) -> Iterator[Response]:
        """Yield the edit history of each edited status."""
        for status, live in statuses:
            if status.edited_at is None or status.is_message:
                continue
            answer = self._session.get(HISTORY.format(id=status.id), refusable=True)
            if answer.status == OK:  # else it went since the page was made: the next look finds that out
                context = (live, canonical(lines_of(status) or {}))
                yield self._response(walk, answer, HISTORY, context=context, marker=marker)

    def _threads(self, walk: Walk, marker: Marker, threads: Sequence[RecordRef]) -> Iterator[Response]:
        for number in range(marker.done, len(threads)):
            after = None if number + 1 == len(threads) else Marker(done=number + 1).encoded
            here = marker if number == marker.done else Marker(done=number)
            yield from self._thread(walk, threads[number], here=here, after=after)

    def _thread(self, walk: Walk, root: RecordRef, *, here: Marker, after: str | None) -> Iterator[Response]:
        """Yield a thread at every depth; a branch that the server cut is asked for by itself, once.

        Only an answer to the root's own address tells how many direct answers it has. Where the counts
        tell of more than was given (a cut, a block, a limited server), an absence proves nothing.
        """
        listing = comments_of(root.record_id)
        answer = self._session.get(STATUS.format(id=root.native_id), refusable=True)
        try:
            thread = None if answer.status != OK else Thread(root, seen_of(answer).replies_count)
        except StreamRefusedError:
            yield self._refused(walk, answer, ROOT, listing, Reason.UNREADABLE, marker=after)
            return
        if thread is None:
            reason = Reason.UNAVAILABLE if answer.status in NOT_THERE else Reason.PERMISSION
            yield self._refused(walk, answer, ROOT, listing, reason, marker=after)
            return
        yield self._response(
            walk, answer, ROOT, context=(canonical({"thread": root.thread_id}),), marker=here.encoded
        )
        waiting, asked = [root.native_id], set[str]()
        short = Reason.FILTERED if self._session.signed_in else Reason.PAGED_OUT
        while waiting:
            native_id = waiting.pop(0)
            asked.add(native_id)
            answer = self._session.get(CONTEXT.format(id=native_id), refusable=True)
            uri = thread.uri_of(native_id)
            context = (canonical({"id": native_id, "uri": uri, "thread": root.record_id}),)
            if answer.status == OK:
                try:
                    found = tree_of(answer).descendants
                except StreamRefusedError:
                    reason = Reason.UNREADABLE
                    yield self._refused(walk, answer, CONTEXT, listing, reason, marker=after, context=context)
                    return
                thread.add(found)
                if not self._session.signed_in or len(found) >= _MOST_ANSWERS:
                    waiting += [each for each in thread.cut_off() if each not in {*asked, *waiting}]
                if len(asked) > _MOST_BRANCHES:
                    waiting, short = [], Reason.PAGED_OUT
                here = yield from self._untold(walk, found, thread, here)
            elif native_id == root.native_id:
                yield self._refused(walk, answer, CONTEXT, listing, Reason.UNAVAILABLE, marker=after)
                return
            listed = Listed(
                listing=listing,
                ended=not waiting,
                reported=None if waiting else thread.reported,
                short=short,
                absence_counts=thread.lacking == 0,
            )
            marker = here.encoded if waiting else after
            yield self._response(walk, answer, CONTEXT, listings=(listed,), context=context, marker=marker)

    def _untold(
        self, walk: Walk, found: Iterable[tuple[Seen, bytes]], thread: Thread, here: Marker
    ) -> Generator[Response, None, Marker]:
        """Yield the histories that did not come yet of a thread's answers; return where the walk goes on."""
        for status, live in found:
            if status.edited_at is not None and status.id not in here.told:
                here = Marker(done=here.done, told=(*here.told, status.id))
                yield from self._histories(walk, [(status, live)], thread.line_of, marker=here.encoded)
        return here

    def _refused(
        self,
        walk: Walk,
        answer: Answer,
        endpoint: str,
        listing: str,
        reason: Reason,
        *,
        marker: str | None,
        context: Sequence[bytes] = (),
    ) -> Response:
        listed = Listed(listing=listing, ended=False, refused=reason)
        return self._response(walk, answer, endpoint, listings=(listed,), context=context, marker=marker)

    def _by_id(
        self, walk: Walk, marker: Marker, refs: Sequence[RecordRef], *, controls: int
    ) -> Iterator[Response]:
        """Ask for each record, controls first.

        Raises:
            AccountSuspendedError: A control is not there, because the whole account is not.
        """
        for number in range(marker.done, len(refs)):
            ref = refs[number]
            answer = self._session.status(ref.native_id)
            if answer.status in NOT_THERE and number < controls:
                self._session.own_profile()
            links: Lines = {"thread": ref.thread_id} if ref.thread_id != ref.record_id else {}
            status = _readable(answer)
            if status is not None:
                here = Marker(done=number).encoded
                if number >= controls:
                    links |= yield from self._standing(walk, ref, status, marker=here)
                yield from self._histories(walk, [(status, answer.body)], lambda _: links, marker=here)  # noqa: B023 -- used up before the next record
            last = number + 1 == len(refs)
            yield self._response(
                walk,
                answer,
                STATUS,
                asked=(ref,),
                context=(canonical(links),),
                marker=None if last else Marker(done=number + 1).encoded,
            )

    def _standing(
        self, walk: Walk, ref: RecordRef, status: Seen, *, marker: str
    ) -> Generator[Response, None, Lines]:
        """Return what an answer that its thread did not show hangs below, if it still hangs in the thread."""
        if ref.thread_id == ref.record_id:
            return {}
        lines: Lines | None = None
        if status.in_reply_to_id is not None:
            lines = yield from self._lines_of(walk, status, marker=marker)
        parent: Lines = {} if lines is None else {"parent": lines["parent"]}
        if walk.stream is Stream.COMMENTS and (lines is None or lines["thread"] != ref.thread_id):
            return {**parent, "listing": reading.orphans_of(ref.thread_id)}
        return parent


def _readable(answer: Answer) -> Seen | None:
    """Return the status of an answer by id; what cannot be read is filed as it came."""
    try:
        return seen_of(answer) if answer.status == OK else None
    except StreamRefusedError:
        return None
