"""Asking a WordPress site: its REST routes, the sign-in, and what its refusals mean.

Dated history: 6.1 (Debian 12, November 2026) is what this was tried on. `modified_after` came with 5.7,
the list form of `_embed` with 5.4; an older site ignores both, which costs calls and loses nothing.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from connectors.decoding import decoded
from connectors.transport import Answer, Expects, Transport
from schemas.account import Account
from schemas.errors import (
    AccountSuspendedError,
    BadInputError,
    CredentialsRejectedError,
    FatalError,
    SourceChallengedError,
    StreamRefusedError,
)
from schemas.vocabulary import Reason

__all__ = ["GONE", "REFUSED", "Site", "site_of"]

GONE: Final = frozenset({"rest_post_invalid_id", "rest_comment_invalid_id"})
"""What a site answers, with 404, for a record that was deleted for good."""
REFUSED: Final = frozenset(
    {"rest_forbidden", "rest_cannot_read", "rest_cannot_read_post", "rest_forbidden_context"}
)
"""What it answers, with 401 or 403, for a record that is there but not for us: trashed, held, private."""

_CLOSED: Final = frozenset({401, 403, 404, 410})
_SMALL_PAGE: Final = 10
_BEYOND: Final = frozenset({"rest_post_invalid_page_number", "rest_revision_invalid_page_number"})
"""A page beyond the end of a list: an empty one."""
_ROLE: Final = "Give the archiving user the role Editor on this site; then `muniment accounts check`."
_FEED: Final = (
    "If the site's owner closed /wp-json/ (a security plug-in does this), ask for an exception, or register "
    "the site's feed instead: platform: feed, base_url: the address of its feed."
)


class _Fault(msgspec.Struct):
    code: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Details(msgspec.Struct):
    status: int = 0
    params: dict[str, Any] = {}
    details: dict[str, Any] = {}


class Site:
    """One site's REST interface, signed in or not.

    Secrets: `application_password`, and `username` (or the account's option `username`).
    """

    def __init__(self, account: Account, transport: Transport, secrets: Mapping[str, str]) -> None:
        """Check that the settings can work.

        Raises:
            BadInputError: No base_url, a password without a user, or a password over plain http.
        """
        if not account.base_url:
            raise BadInputError(
                f"Account {account.account} has no base_url.",
                remedy="Write the address of the site's front page, such as https://news.example.gov.uk.",
            )
        self.transport = transport
        self.home = account.base_url.rstrip("/")
        self._api = account.options.get("api", f"{self.home}/wp-json/")
        self._name = account.account
        self.page_size = 100
        password = secrets.get("application_password", "")
        user = account.options.get("username") or secrets.get("username", "")
        if password and not user:
            raise BadInputError(
                f"The credential of account {account.account} has an application_password but no username.",
                remedy="Add username to the credential, or to the account's options.",
            )
        parts = urlsplit(self._api)
        if password and parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise BadInputError(
                f"Account {account.account} would send its password over http, readable on the way.",
                remedy="Write https:// in base_url.",
            )
        self._auth = (user, password) if password else None

    @property
    def signed_in(self) -> bool:
        """Whether we sign in: only then held, spam and trashed items, and revisions, are shown."""
        return self._auth is not None

    def root(self) -> Answer:
        """Ask what the site is.

        Raises:
            StreamRefusedError: Its REST interface is closed, or it has moved.
        """
        fields = {"_fields": "name,description,url,home,namespaces,site_icon_url"}
        answer = self._send("/", fields, expects=Expects.ANY)
        if answer.status != HTTPStatus.OK or _first_sign(answer.body) != b"{":
            self._refuse_root(answer)
        return answer

    def listed(
        self, route: str, params: Mapping[str, str], *, refusable: frozenset[str] = frozenset()
    ) -> Answer:
        """Ask for a list, at most `page_size` items of it.

        Args:
            route: Such as /wp/v2/posts.
            params: Its parameters; the number of items is added.
            refusable: Codes with which a site withholds this one list only: such an answer is handed on.
        """
        while True:
            answer = self._get(route, {**params, "per_page": str(self.page_size)})
            if answer.status == HTTPStatus.OK and _first_sign(answer.body) != b"{":
                return answer
            fault, details = _fault_of(answer)
            if fault.code in _BEYOND or (fault.code in refusable and not self._is_signed_out(answer)):
                return answer
            too_many = fault.code == "rest_invalid_param" and "per_page" in details.params
            if not too_many or self.page_size == _SMALL_PAGE:
                raise self._meaning(answer, fault, details)
            self.page_size = _SMALL_PAGE

    def by_id(self, route: str, params: Mapping[str, str]) -> Answer:
        """Ask for one record; "gone" and "refused" are answers too."""
        answer = self._get(route, params)
        if answer.status == HTTPStatus.OK:
            return answer
        fault, details = _fault_of(answer)
        gone = fault.code in GONE and answer.status == HTTPStatus.NOT_FOUND
        if gone or (fault.code in REFUSED and not self._is_signed_out(answer)):
            return answer
        raise self._meaning(answer, fault, details)

    def _is_signed_out(self, answer: Answer) -> bool:
        """Whether our sign-in was not taken: to those who are signed in, WordPress refuses with 403."""
        return self.signed_in and answer.status == HTTPStatus.UNAUTHORIZED

    def _get(self, route: str, params: Mapping[str, str]) -> Answer:
        try:
            return self._send(route, params, expects=Expects.JSON)
        except SourceChallengedError:
            self.root()  # closed or moved says so, with a better remedy
            raise

    def _send(self, route: str, params: Mapping[str, str], *, expects: str) -> Answer:
        url, mark, query = self._api.partition("?rest_route=")
        asked = {"rest_route": query.rstrip("/") + route, **params} if mark else dict(params)
        return self.transport.get(
            url if mark else url.rstrip("/") + route,
            asked,
            headers={"accept": "application/json"},
            auth=self._auth,
            expects=expects,
        )

    def _refuse_root(self, answer: Answer) -> None:
        fault, details = _fault_of(answer)
        if answer.status in _CLOSED or fault.code or _leads_elsewhere(answer):
            raise self._meaning(answer, fault, details)
        raise SourceChallengedError(
            f"The site of account {self._name} answered with a web page where data was due.",
            remedy="Sign in as a person would and look for a question to answer. " + _FEED,
        )

    def _meaning(self, answer: Answer, fault: _Fault, details: _Details) -> Exception:
        """Return the error that a refusal means (platforms.md 0.3)."""
        status = details.status if answer.status == HTTPStatus.OK else answer.status
        told = f"({status} {fault.code or 'no code'})"
        odd = None if fault.code else self._no_refusal(answer)
        if odd is not None:
            return odd
        if status == HTTPStatus.GONE:
            return AccountSuspendedError(
                f"The site of account {self._name} has been archived or suspended {told}.",
                remedy="Ask who hosts it; what was captured stays.",
            )
        if self.signed_in and (status == HTTPStatus.UNAUTHORIZED or _is_refused_as_nobody(details)):
            return CredentialsRejectedError(
                f"The site does not take the application password of account {self._name} {told}.",
                remedy="Make a new one under Users > Profile > Application Passwords. If it is right, the "
                "web server may drop the Authorization header: its administrator can let it through.",
            )
        forbidden = fault.code in ("rest_forbidden_status", "rest_forbidden_param") or (
            fault.code == "rest_invalid_param" and "status" in details.params
        )
        if self.signed_in and (status == HTTPStatus.FORBIDDEN or forbidden):
            return StreamRefusedError(
                f"The user of account {self._name} may not see all of this site {told}.", remedy=_ROLE
            )
        if status in _CLOSED:
            return StreamRefusedError(
                f"The site of account {self._name} does not let us read this {told}.", remedy=_FEED
            )
        return FatalError(
            f"The site of account {self._name} does not understand our request {told}.",
            remedy="This is a fault of muniment, or an unusual plug-in: please report it with this message.",
        )

    def _no_refusal(self, answer: Answer) -> StreamRefusedError | None:
        """Return the error for an answer that refuses nothing, and is not what was asked for either."""
        if _leads_elsewhere(answer):
            return StreamRefusedError(
                f"The site of account {self._name} sends us elsewhere.",
                reason=Reason.UNAVAILABLE,
                remedy="Open base_url in a browser and write the address it ends at as base_url.",
            )
        if answer.status != HTTPStatus.OK:
            return None
        return StreamRefusedError(
            f"The site of account {self._name} answers in another shape than muniment knows.",
            reason=Reason.UNREADABLE,
            remedy="Update muniment; until then this list has a gap.",
        )


def _leads_elsewhere(answer: Answer) -> bool:
    return HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST


def _first_sign(body: bytes) -> bytes:
    return body.lstrip(b"\xef\xbb\xbf \r\n\t")[:1]


def _is_refused_as_nobody(details: _Details) -> bool:
    """Whether `status=` was refused because nobody is signed in: told as 400, with the reason inside."""
    try:
        return bool(details.details["status"]["data"]["status"] == HTTPStatus.UNAUTHORIZED)
    except (KeyError, TypeError):
        return False


def site_of(home: str) -> str:
    """Return the name of a site in record ids: host and path of its home, without scheme."""
    parts = urlsplit(home)
    return f"{parts.netloc.rpartition('@')[2].lower()}{parts.path}".rstrip("/")


def _fault_of(answer: Answer) -> tuple[_Fault, _Details]:
    try:
        fault = decoded(answer.body, _Fault)
        return fault, decoded(fault.data, _Details)
    except msgspec.MsgspecError:
        try:
            return decoded(answer.body, _Fault), _Details()
        except msgspec.MsgspecError:
            return _Fault(), _Details()
