"""tweepy's one home: it signs and sends, through our Transport, and renews tokens that rotate.

Credential values (each platform documents its own):

    bearer_token                                                 app-only; the only one that search/all takes
    api_key, api_secret, access_token, access_secret             OAuth 1.0a, as a user
    client_id, [client_secret], access_token, refresh_token,     OAuth 2.0 with PKCE, as a user;
        [expires_at]                                             tokens live 2 hours and rotate

A user's tokens come before the bearer token where both are there: own posts then cost a fifth.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final, TypeAlias

import httpx
import msgspec
import requests
import tweepy
from requests.adapters import BaseAdapter
from typing_extensions import override

from connectors.contract import Rotate
from connectors.decoding import decoded, instant
from connectors.headers import pause_of
from connectors.transport import MARK, Answer, Transport
from connectors.x.problems import refuse, wait_until
from schemas.errors import CredentialsRejectedError, StreamRefusedError

__all__ = ["HOME", "Session", "saving_with"]

HOME: Final = "https://api.x.com"
"""X's API; tweepy's own `https://api.twitter.com` is replaced on the way out."""

Secrets: TypeAlias = Mapping[str, str]
_SOON: Final = timedelta(seconds=60)
_OAUTH1: Final = ("api_key", "api_secret", "access_token", "access_secret")
_REMEDY: Final = (
    "Give the credential bearer_token; or api_key, api_secret, access_token and access_secret; or "
    "client_id, access_token and refresh_token."
)

# tweepy and the OAuth libraries write whole headers, tokens included, to their debug logs.
for _name in ("tweepy", "tweepy.client", "oauthlib", "requests_oauthlib"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def saving_with(secrets: Secrets, save: Callable[[Secrets], None]) -> Rotate:
    """Return a `Rotate` for a store without a lock: `save` has the values durable when it returns."""
    kept = dict(secrets)

    def rotate(renew: Callable[[Secrets], Secrets]) -> Secrets:
        fresh = renew(dict(kept))
        save(fresh)
        kept.clear()
        kept.update(fresh)
        return fresh

    return rotate


class Session:
    """Sends signed GETs for one account, and knows as whom."""

    def __init__(self, transport: Transport, secrets: Secrets, rotate: Rotate | None) -> None:
        """Keep the credential.

        Raises:
            CredentialsRejectedError: It holds none of the three kinds.
        """
        self._transport = transport
        self._base = (transport.account.base_url or HOME).rstrip("/")
        self._secrets = dict(secrets)
        self._rotate = rotate
        self.by_oauth1 = all(secrets.get(name) for name in _OAUTH1)
        self.as_user = self.by_oauth1 or bool(secrets.get("access_token"))
        self.has_bearer = bool(secrets.get("bearer_token"))
        if not (self.as_user or self.has_bearer):
            raise CredentialsRejectedError("The credential for X is empty.", remedy=_REMEDY)
        self._client = tweepy.Client(
            consumer_key=secrets.get("api_key"),
            consumer_secret=secrets.get("api_secret"),
            access_token=secrets.get("access_token"),
            access_token_secret=secrets.get("access_secret"),
            return_type=requests.Response,
        )
        self._client.session.trust_env = False  # no .netrc entry may take the place of our token
        self._client.session.mount("https://", _Adapter(transport, self._base, self._signer()))

    def _signer(self) -> Any:
        if not self.by_oauth1:
            return None
        return tweepy.OAuth1UserHandler(*(self._secrets[name] for name in _OAUTH1)).apply_auth()

    def get(self, route: str, params: Mapping[str, str], *, app_only: bool = False) -> Answer:
        """Send a GET to a route such as `/2/tweets`; a rejected OAuth 2 token is renewed once.

        Raises:
            MunimentError: As `problems.refuse` and `Transport.send`.
        """
        if app_only:
            if not self.has_bearer:
                raise StreamRefusedError(
                    "Searching X's whole archive needs the app's own token.",
                    remedy="Add bearer_token to the credential, or set x_search to recent.",
                )
            return self._send(route, params, bearer=self._secrets["bearer_token"])
        if self.by_oauth1:
            return self._send(route, params, bearer=None)
        if not self.as_user:
            return self._send(route, params, bearer=self._secrets["bearer_token"])
        if self._lapses_soon():
            self._renew()
        try:
            return self._send(route, params, bearer=self._secrets["access_token"])
        except CredentialsRejectedError:
            if not self._secrets.get("refresh_token"):
                raise
        self._renew()
        return self._send(route, params, bearer=self._secrets["access_token"])

    def _send(self, route: str, params: Mapping[str, str], *, bearer: str | None) -> Answer:
        self._client.bearer_token = bearer
        return _answer_of(self._client.request("GET", route, params=dict(params), user_auth=bearer is None))

    # ---- renewal ------------------------------------------------------------------------------------------

    def _lapses_soon(self) -> bool:
        try:
            lapses_at = instant(self._secrets.get("expires_at", ""))
        except ValueError:
            return False  # untold, or by hand: X says so when it has
        return lapses_at - self._transport.clock.now() <= _SOON

    def _renew(self) -> None:
        """Take a fresh pair of tokens into use, after it was stored: the old refresh token is dead by then.

        Raises:
            CredentialsRejectedError: There is nowhere to store it, or X refuses: a person must sign in.
        """
        if self._rotate is None:
            raise CredentialsRejectedError(
                "X's access token has lapsed, and this credential cannot be renewed in place.",
                remedy="Keep it as a file or a block that muniment may write, then sign in again.",
            )
        stored = self._rotate(self._renewed)
        for name in ("access_token", "refresh_token"):
            self._transport.learn_secret(stored.get(name, ""))
        self._secrets = dict(stored)

    def _renewed(self, stored: Secrets) -> Secrets:
        if stored.get("access_token") != self._secrets.get("access_token"):
            return stored
        form = {"grant_type": "refresh_token", "refresh_token": stored.get("refresh_token", "")}
        client_id, client_secret = stored.get("client_id", ""), stored.get("client_secret")
        request = self._transport.client.build_request(
            "POST", f"{self._base}/2/oauth2/token", data={**form, "client_id": client_id}
        )
        if client_secret:
            next(httpx.BasicAuth(client_id, client_secret).sync_auth_flow(request))
        answer = self._transport.send(request, wait_until=wait_until)
        try:
            token = decoded(answer.body, _Token)
        except msgspec.DecodeError:
            raise CredentialsRejectedError(
                f"X does not renew the access token (status {answer.status}).",
                remedy="Sign in to X again for this account; a refresh token works once only.",
            ) from None
        lapses_at = self._transport.clock.now() + pause_of(token.expires_in)
        # A token that X did not exchange comes back masked, as every secret that we know does.
        new = {"access_token": token.access_token, "refresh_token": token.refresh_token or MARK}
        return {
            **stored,
            **{name: value for name, value in new.items() if value != MARK},
            "expires_at": lapses_at.isoformat(),
        }


class _Token(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str | None = None
    expires_in: int = 7200


class _Carried(requests.Response):
    """A response as tweepy wants to see it, with our own answer inside."""

    def __init__(self, answer: Answer, request: requests.PreparedRequest) -> None:
        super().__init__()
        self.answer = answer
        self.status_code = answer.status
        self.request = request
        self.url = request.url or ""
        self.encoding = "utf-8"
        self._content = answer.body


def _answer_of(carried: Any) -> Answer:
    if not isinstance(carried, _Carried):  # pragma: no cover - only our adapter is mounted
        raise TypeError("tweepy went past our adapter")
    return carried.answer


class _Adapter(BaseAdapter):
    """Lets requests (and so tweepy) speak through Transport: same budgets, scrubbing, guards and waits."""

    def __init__(self, transport: Transport, base: str, sign: Any) -> None:
        super().__init__()
        self._transport = transport
        self._base = base
        self._sign = sign

    @override
    def send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        """Send to our base URL; a refusal is raised as our own error, before tweepy makes one of it."""
        answer = self._transport.send(lambda: self._built(request), wait_until=wait_until)
        refuse(answer)
        return _Carried(answer, request)

    @override
    def close(self) -> None:
        """Nothing is held open here: the connections are the transport's."""

    def _built(self, request: requests.PreparedRequest) -> httpx.Request:
        """Build one attempt. OAuth 1 signs the very address and a nonce: tweepy signed for another host."""
        url = f"{self._base}{request.path_url}"
        authorization = request.headers["Authorization"]
        if self._sign is not None and authorization.startswith("OAuth"):
            authorization = self._sign(requests.Request("GET", url).prepare()).headers["Authorization"]
        return self._transport.client.build_request(
            "GET", url, headers={"authorization": authorization, "accept": "application/json"}
        )
