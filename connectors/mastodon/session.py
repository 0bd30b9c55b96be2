"""Asking one Mastodon server, and what its refusals mean.

A status that may not be seen is answered as one that is not there: 404. Whom an author has blocked sees
less than the public, so what a sign-in does not find is asked for once more without one.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from connectors.contract import Identity
from connectors.mastodon.wire import PROFILE_OF, STATUS, STATUSES, account_of
from connectors.transport import Answer, Transport
from schemas.account import Account
from schemas.errors import (
    AccountSuspendedError,
    BadInputError,
    CredentialsRejectedError,
    FatalError,
    MarkerRefusedError,
    StreamRefusedError,
    WrongAccountError,
)
from schemas.vocabulary import Reason

__all__ = ["NOT_THERE", "OK", "SCOPES", "Session"]

OK: Final = 200
NOT_THERE: Final = frozenset({404, 410})
SCOPES: Final = "read:accounts and read:statuses"
_UNSIGNED: Final = (
    "no access token, so long threads are cut. On the account's server open Preferences, Development, make "
    f"an application with {SCOPES}, and keep its token as access_token."
)
_UNSCOPED: Final = f"its access token does not cover {SCOPES}: make one that does."
_UNAUTHORISED: Final = 401
_FORBIDDEN: Final = 403
_LEGAL: Final = 451
_TOO_MANY: Final = 429
_UNPROCESSABLE: Final = 422
_OUR_FAULT: Final = frozenset({400, _UNPROCESSABLE})
_OF_THE_TOKEN: Final = {
    _UNAUTHORISED: b"",
    _FORBIDDEN: b"your login",
    _UNPROCESSABLE: b"authenticated user",  # it is the application's own, and nobody's
}
"""Refusals of the token itself, with the words that tell them from others of their status."""
_SHORTEST: Final = timedelta(seconds=1)
_LONGEST: Final = timedelta(hours=6)
"""Mastodon's longest period of a limit is three hours; what says more is no answer to plan by."""


class Session:
    """One account's way to its server."""

    def __init__(self, account: Account, transport: Transport, token: str | None) -> None:
        """Speak with a token, or as the public.

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
        self._headers = {} if token is None else {"authorization": f"Bearer {token}"}
        self.signed_in = token is not None

    @property
    def site(self) -> str:
        """The server's name, as it stands in record ids."""
        parts = urlsplit(self._base)
        return parts.netloc + parts.path

    @property
    def own_id(self) -> str:
        """The account's local id."""
        if self._account.native_id is None:
            raise WrongAccountError(f"Account {self._account.account} has not been checked yet.")
        return self._account.native_id

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        marked: bool = False,
        refusable: bool = False,
    ) -> Answer:
        """Ask, and stop at a refusal.

        Args:
            path: Below the server's address.
            params: The query.
            marked: The query holds a marker, which the server may no longer take.
            refusable: A refusal of this one object is an answer.

        Returns:
            An answer of status 200, 404 or 410; where it is refusable, 403 and 451 too.
        """
        answer = self._send(path, params, self._headers)
        if answer.status != OK and answer.status not in NOT_THERE:
            self._judge(answer, marked=marked, refusable=refusable)
        return answer

    def status(self, native_id: str) -> Answer:
        """Ask for one status by its local id: as the account, then as the public."""
        path = STATUS.format(id=native_id)
        answer = self.get(path, refusable=True)
        if answer.status in NOT_THERE and self.signed_in:
            public = self._send(path, None, {})
            return public if public.status == OK else answer
        return answer

    def identity(self) -> Identity:
        """Tell who the token speaks for; without one, or where it may not tell, who bears the handle.

        Raises:
            WrongAccountError: Nobody bears it; or at the first check the token is somebody else's.
        """
        missing: tuple[str, ...] = () if self.signed_in else (_UNSIGNED,)
        answer: Answer | None = None
        if self.signed_in:
            try:
                answer = self.get("/api/v1/accounts/verify_credentials")
            except StreamRefusedError:
                missing = (_UNSCOPED,)
        if answer is None:
            answer = self.get("/api/v1/accounts/lookup", {"acct": self._account.handle})
        if answer.status in NOT_THERE:
            raise WrongAccountError(
                f"{self.site} knows no account {self._account.handle}.",
                remedy="Correct the handle or base_url in the council's file.",
            )
        told = account_of(answer)
        if told.suspended:
            raise self.suspended()
        if self._account.native_id is None and not _is_called(told.username, self._account.handle):
            raise self.wrong_account()
        return Identity(
            native_id=told.id,
            handle=told.acct,
            name=told.display_name or None,
            missing=missing or self._missing_for(told.id),
            posts=told.statuses_count,
            site=self.site,
        )

    def own_profile(self) -> Answer:
        """Ask for the account itself.

        Raises:
            AccountSuspendedError: It is gone, or suspended, which the server says with status 200.
            WrongAccountError: Another one was answered.
        """
        answer = self.get(PROFILE_OF.format(id=self.own_id))
        if answer.status in NOT_THERE or account_of(answer).suspended:
            raise self.suspended()
        if account_of(answer).id != self.own_id:
            raise self.wrong_account()
        return answer

    def suspended(self) -> AccountSuspendedError:
        """Return the error for an account that its server no longer shows."""
        return AccountSuspendedError(
            f"The server has suspended or deleted account {self._account.account}.",
            remedy="Ask the server's administrators, or close the account in the council's file.",
        )

    def wrong_account(self) -> WrongAccountError:
        """Return the error for an answer about somebody else."""
        return WrongAccountError(
            f"The server answered for another account than {self._account.account}.",
            remedy="Make the access token as the council's account, or correct handle and native_id.",
        )

    def _missing_for(self, native_id: str) -> tuple[str, ...]:
        """Try the second scope; no status is older than the first, so that none is shown."""
        try:
            self.get(STATUSES.format(id=native_id), {"limit": "1", "max_id": "1"})
        except StreamRefusedError:
            return (_UNSCOPED,)
        return ()

    def _send(self, path: str, params: Mapping[str, str] | None, headers: Mapping[str, str]) -> Answer:
        return self._transport.get(f"{self._base}{path}", params, headers=headers, wait_until=_told_to_wait)

    def _judge(self, answer: Answer, *, marked: bool, refusable: bool) -> None:
        """Raise what a refusal means; return where it is an answer about one object."""
        said = answer.body.lower()
        words = _OF_THE_TOKEN.get(answer.status)
        if words is not None and words in said:
            raise self._rejected()
        if answer.status == _FORBIDDEN and (b"scope" in said or not refusable):
            raise StreamRefusedError(
                f"The access token of account {self._account.account} lacks a permission.",
                remedy=f"Make one with {SCOPES}: on the account's server under Preferences, Development.",
            )
        if answer.status in {_FORBIDDEN, _LEGAL} and refusable:
            return
        if answer.status in _OUR_FAULT and marked:
            raise MarkerRefusedError("The server does not know the page where this walk stopped.")
        if answer.status in _OUR_FAULT:
            raise FatalError(
                f"Mastodon refused a request of ours (status {answer.status}).",
                remedy="This is a fault of muniment: please report it.",
            )
        raise StreamRefusedError(
            f"The server of account {self._account.account} does not answer for it (status {answer.status}).",
            reason=Reason.UNAVAILABLE,
            remedy="See whether the account has moved; correct base_url in the council's file.",
        )

    def _rejected(self) -> CredentialsRejectedError:
        if self.signed_in:
            return CredentialsRejectedError(
                f"The server does not take the access token of account {self._account.account}.",
                remedy="Make a new one: on the account's server under Preferences, Development.",
            )
        return CredentialsRejectedError(
            f"The server shows account {self._account.account} to nobody without a sign-in.",
            remedy=f"Make an access token with {SCOPES}: on the server under Preferences, Development.",
        )


def _is_called(username: str, handle: str) -> bool:
    return username.casefold() == handle.removeprefix("@").partition("@")[0].casefold()


def _told_to_wait(answer: Answer) -> datetime | None:
    """Return the reset that a 429 names, by the server's own clock: ours may be off, and so may theirs."""
    reset = answer.headers.get("x-ratelimit-reset")
    if answer.status != _TOO_MANY or reset is None:
        return None
    try:
        told = datetime.fromtimestamp(int(reset), UTC) if reset.isdigit() else datetime.fromisoformat(reset)
    except (ValueError, OverflowError, OSError):
        return None
    told = told if told.tzinfo is not None else told.replace(tzinfo=UTC)
    wait = told - (answer.server_date or answer.fetched_at)
    return answer.fetched_at + min(max(wait, _SHORTEST), _LONGEST)
