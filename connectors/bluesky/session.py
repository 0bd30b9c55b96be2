"""Asking a Bluesky server, and what its errors mean: the one place where they become ours."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from connectors.bluesky.cutting import PROFILE_OF
from connectors.decoding import Decoder
from connectors.headers import count_told, pause_of
from connectors.transport import Answer, Transport
from schemas.account import Account
from schemas.errors import (
    AccountSuspendedError,
    CredentialsRejectedError,
    FatalError,
    MarkerRefusedError,
    SourceUnavailableError,
    StreamError,
    StreamRefusedError,
    WrongAccountError,
)
from schemas.vocabulary import Reason

__all__ = ["APPVIEW", "Actor", "Session", "actor_of", "read_or_stop"]

T = TypeVar("T")

APPVIEW: Final = "https://public.api.bsky.app"
_DIRECTORY: Final = "https://plc.directory"
_FIND: Final = "find"
_RESOLVE: Final = "com.atproto.identity.resolveHandle"
_OK: Final = 200
_SIGN_IN: Final = frozenset({"AuthMissing", "AuthenticationRequired", "ExpiredToken", "InvalidToken"})
_STATES: Final = frozenset(
    {
        *("AccountTakedown", "AccountDeactivated", "AccountSuspended"),
        *("RepoTakendown", "RepoSuspended", "RepoDeactivated", "RepoNotFound"),
    }
)
_UNKNOWN_ACTOR: Final = ("profile not found", "could not find repo", "actor not found")


class _Problem(msgspec.Struct):
    error: str = ""
    message: str = ""


class Actor(msgspec.Struct, rename="camel"):
    """An account, as far as identity needs."""

    did: str
    handle: str = ""
    display_name: str | None = None
    posts_count: int | None = None


class _Resolved(msgspec.Struct):
    did: str


class _Service(msgspec.Struct, rename="camel"):
    id: str = ""
    service_endpoint: Any = None  # of other services: a list, or an object


class _Document(msgspec.Struct):
    service: list[_Service] = []


_PROBLEM: Final = Decoder(_Problem)

actor_of: Final = Decoder(Actor).decode
_resolved: Final = Decoder(_Resolved).decode
_document: Final = Decoder(_Document).decode


def read_or_stop(source: Answer | bytes | msgspec.Raw, decode: Callable[[bytes], T]) -> T:
    """Decode an answer, or a piece of one, that the walk cannot go on without.

    Raises:
        StreamError: It has another shape than this endpoint gives.
        SourceUnavailableError: It broke off.
    """
    body = source.body if isinstance(source, Answer) else bytes(source)
    try:
        return decode(body)
    except msgspec.ValidationError as error:
        raise StreamError(
            "Bluesky's answer has another shape than muniment knows.",
            reason=Reason.UNREADABLE,
            remedy="Update muniment; until then this stream has a gap.",
        ) from error
    except msgspec.DecodeError as error:
        raise SourceUnavailableError("Bluesky's answer broke off.") from error


class Session:
    """The servers that one account is read from."""

    def __init__(self, account: Account, transport: Transport) -> None:
        """Take addresses from the account; its own server is looked up when it is first needed."""
        self._account = account
        self._transport = transport
        self._appview = (account.base_url or APPVIEW).rstrip("/")
        self._wants_pds = account.options.get("pds", "")
        self.known_pds = None if self._wants_pds in ("", _FIND) else self._wants_pds.rstrip("/")

    def ask(self, nsid: str, params: Mapping[str, str | Sequence[str]], *, refusable: bool = False) -> Answer:
        """Ask the AppView. With `refusable`, a refusal of what was asked for is an answer too."""
        answer = self._send(f"{self._appview}/xrpc/{nsid}", params)
        if answer.status != _OK and not refusable:
            raise self._fault(answer)
        return answer

    def ask_own(
        self, nsid: str, params: Mapping[str, str], *, base: str | None = None, marked: bool = False
    ) -> Answer:
        """Ask for something of the account itself.

        Raises:
            AccountSuspendedError: The server does not serve this account, or has it no longer.
            MarkerRefusedError: `marked`, and the server does not take the cursor.
        """
        answer = self._send(f"{base or self._appview}/xrpc/{nsid}", params)
        if answer.status == _OK:
            return answer
        problem = _problem(answer)
        if problem.error in _STATES or problem.message.casefold().startswith(_UNKNOWN_ACTOR):
            raise self._suspended(problem)
        if marked:
            raise MarkerRefusedError("The server does not know the page where this walk stopped.")
        raise self._fault(answer)

    def resolve(self, handle: str) -> str:
        """Return the DID that a handle names now.

        Raises:
            WrongAccountError: It names none.
        """
        answer = self._send(f"{self._appview}/xrpc/{_RESOLVE}", {"handle": handle})
        if answer.status != _OK:
            raise WrongAccountError(
                f"Bluesky knows no account {handle}.",
                remedy="Correct the handle in the council's file, or write the account's DID there.",
            )
        return read_or_stop(answer, _resolved).did

    def find_pds(self, did: str) -> str | None:
        """Return the server that keeps the account's records, if its options ask for that."""
        if self._wants_pds == _FIND and self.known_pds is None:
            answer = self._transport.get(self._document_address(did))
            document = read_or_stop(answer, _document) if answer.status == _OK else _Document()
            for service in document.service:
                if service.id.endswith("#atproto_pds") and isinstance(service.service_endpoint, str):
                    self.known_pds = service.service_endpoint.rstrip("/")
            if self.known_pds is None:
                raise SourceUnavailableError(
                    f"The directory does not say where account {self._account.account} is kept.",
                    remedy="Write the server's address as option pds, or take the option away.",
                )
        return self.known_pds

    def trouble_of(self, did: str) -> str | None:
        """Return the platform's word if an account is not served at present; None if it is, or is no more.

        Raises:
            AccountSuspendedError: It is the account itself.
        """
        answer = self._send(f"{self._appview}/xrpc/{PROFILE_OF}", {"actor": did})
        problem = _problem(answer)
        if answer.status == _OK or problem.error not in _STATES - {"RepoNotFound"}:
            return None
        if did == self._account.native_id:
            raise self._suspended(problem)
        return problem.error

    def why_refused(self, answer: Answer, uri: str) -> Reason:
        """Return why a thread was withheld.

        Raises:
            AccountSuspendedError: The account itself is not served.
        """
        problem, did = _problem(answer), uri.split("/", 3)[2]
        if problem.error in _STATES:
            if did == self._account.native_id:
                raise self._suspended(problem)
            return Reason.SUSPENDED
        if problem.error == "NotFound":
            # A thread is not found either while its author's account is not served.
            return Reason.UNAVAILABLE if self.trouble_of(did) is None else Reason.SUSPENDED
        raise self._fault(answer)

    def _document_address(self, did: str) -> str:
        if did.startswith("did:web:"):
            return f"https://{did.removeprefix('did:web:')}/.well-known/did.json"
        return f"{self._account.options.get('plc', _DIRECTORY).rstrip('/')}/{did}"

    def _send(self, url: str, params: Mapping[str, str | Sequence[str]]) -> Answer:
        answer = self._transport.get(url, params, wait_until=_wait_until)
        problem = _problem(answer) if answer.status != _OK else _Problem()
        if answer.status == 401 or problem.error in _SIGN_IN:  # noqa: PLR2004 -- HTTP's own number
            raise CredentialsRejectedError(
                f"The server wants a sign-in to show account {self._account.account}.",
                remedy="Read the public AppView: take base_url out of the council's file.",
            )
        if answer.status == 403:  # noqa: PLR2004 -- HTTP's own number
            raise StreamRefusedError(
                f"The server refuses account {self._account.account} this list.",
                remedy="No permission exists for public posts: ask whoever runs the server at base_url.",
            )
        return answer

    def _fault(self, answer: Answer) -> FatalError | StreamRefusedError:
        """Return the error for a refusal of no record and no account: XRPC tells one of ours by 400."""
        if answer.status == 400:  # noqa: PLR2004 -- HTTP's own number
            return FatalError(
                f"Bluesky refused a request of ours (status {answer.status}).",
                remedy="This is a fault of muniment: please report it.",
            )
        return StreamRefusedError(
            f"The server of account {self._account.account} does not answer for it (status {answer.status}).",
            reason=Reason.UNAVAILABLE,
            remedy="Check base_url and the option pds in the council's file, or take them away.",
        )

    def _suspended(self, problem: _Problem) -> AccountSuspendedError:
        word = problem.error if problem.error in _STATES else "it is not there"
        return AccountSuspendedError(
            f"Bluesky does not serve account {self._account.account} ({word}).",
            remedy="Sign in to Bluesky to see why, or close the account in the council's file.",
        )


def _problem(answer: Answer) -> _Problem:
    """Return what an error says; a body without words says nothing."""
    try:
        return _PROBLEM.decode(answer.body)
    except msgspec.DecodeError:
        return _Problem()


def _wait_until(answer: Answer) -> datetime | None:
    """Return the reset that a 429 names: seconds since 1970 by the server's own clock, which may be off."""
    if answer.status != 429:  # noqa: PLR2004 -- HTTP's own number
        return None
    reset = count_told(answer.headers.get("ratelimit-reset"))
    if reset is None:
        return None
    server = answer.server_date or answer.fetched_at
    return answer.fetched_at + pause_of(max(reset - server.timestamp(), 0.0))
