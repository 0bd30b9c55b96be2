"""What a public address is: which platform, which account there, and where to ask.

For `muniment archive URL`, which takes only what anybody may read without a credential. A guess is checked
against the site itself where the address alone does not tell: https://example.org/@name may be a Mastodon
account, or a page of something else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec

from connectors.bluesky.cutting import PROFILE_OF
from connectors.bluesky.session import APPVIEW, Actor
from connectors.deadline import answered_within, keep_deadlines
from connectors.decoding import decoded
from connectors.download import NO_ANSWER, host_of, unpacked
from connectors.feed.entries import head_of
from connectors.html import attributes_of
from connectors.wordpress.client import site_of
from schemas.account import WEB_ADDRESS
from schemas.errors import BadInputError, MalformedItemError
from schemas.vocabulary import Platform

__all__ = ["Found", "discover"]

_MOST_BYTES: Final = 2 * 1024 * 1024
_CLOSED: Final[Mapping[str, str]] = {
    "x.com": "X",
    "twitter.com": "X",
    "facebook.com": "Facebook",
    "fb.com": "Facebook",
    "instagram.com": "Instagram",
    "threads.net": "Threads",
    "threads.com": "Threads",
    "linkedin.com": "LinkedIn",
    "youtube.com": "YouTube",
    "tiktok.com": "TikTok",
    "nextdoor.co.uk": "Nextdoor",
}
_READABLE: Final = frozenset({"X", "Facebook"})
_MASTODON: Final = re.compile(r"^/(?:@|users/)([\w.-]+)(?:@([\w.-]+\.[\w-]+))?/?$")
_BLUESKY: Final = re.compile(r"^/profile/((?:did:[a-z]+:)?[\w.:-]+)/?")
_LINK: Final = re.compile(r"(?is)<link\b([^>]{0,2000})>")
_WORDPRESS: Final = "https://api.w.org/"
_HEADERS: Final = {"accept": "text/html, application/rss+xml, application/atom+xml, */*;q=0.5"}
_ADDRESS: Final = re.compile(WEB_ADDRESS)
_MOST_SECONDS: Final = 60.0

T = TypeVar("T")


class _Account(msgspec.Struct):
    id: str
    username: str


class _Root(msgspec.Struct):
    home: str
    namespaces: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An account as far as an address tells it; `options` are those that the account then needs."""

    platform: Platform
    handle: str
    base_url: str | None = None
    native_id: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


def discover(url: str, client: httpx.Client) -> Found:
    """Return what account an address is of.

    Args:
        url: As copied from a browser; https:// may be missing.
        client: Asks the site, without a credential.

    Raises:
        BadInputError: It needs a credential, cannot be reached, or is nothing that we can archive.
    """
    address = url.strip() if "://" in url else f"https://{url.strip()}"
    if not _is_address(address):
        raise BadInputError(
            "That is no address of a web page, or it holds a user name.",
            remedy="Copy it from the browser, without a name or a password in it.",
        )
    parts = urlsplit(address)
    host = host_of(address).removeprefix("www.").removeprefix("m.")
    _refuse_closed(host)
    bluesky = _BLUESKY.match(parts.path) if host == "bsky.app" else None
    if bluesky is not None:
        return _bluesky(client, bluesky.group(1))
    named = _MASTODON.match(parts.path)
    mastodon = None if named is None else _mastodon(client, parts.scheme, parts.netloc, *named.groups())
    return mastodon or _blog(client, address)


def _refuse_closed(host: str) -> None:
    name = next((name for site, name in _CLOSED.items() if host == site or host.endswith(f".{site}")), None)
    if name in _READABLE:
        raise BadInputError(
            f"{name} answers nobody without a credential.",
            remedy="Add the account to councils/<council>.yml with the name of its credential; "
            f"docs/platforms/{name.lower()}.md says how to get one.",
        )
    if name is not None:
        raise BadInputError(f"{name} cannot be archived yet.", remedy="docs/platforms/ lists what can be.")


def _mastodon(client: httpx.Client, scheme: str, netloc: str, user: str, home: str | None) -> Found | None:
    """Ask the server whether it knows such an account; an account of another server is asked for there."""
    base = f"https://{home}" if home else f"{scheme}://{netloc}"
    told = _told(client, f"{base}/api/v1/accounts/lookup", {"acct": user}, _Account)
    if told is None:
        return None
    return Found(platform="mastodon", handle=told.username, base_url=base, native_id=told.id)


def _bluesky(client: httpx.Client, name: str) -> Found:
    """Ask the public view whether it knows such an account."""
    told = _told(client, f"{APPVIEW}/xrpc/{PROFILE_OF}", {"actor": name}, Actor)
    if told is None:
        raise BadInputError(
            f"Bluesky shows no account {name}, or {APPVIEW} cannot be reached.",
            remedy="Open the address in a browser; then check HTTPS_PROXY.",
        )
    return Found(platform="bluesky", handle=name, native_id=told.did)


def _blog(client: httpx.Client, address: str) -> Found:
    answer, body = _page(client, address)
    address = str(answer.url)
    try:
        head_of(body)
    except MalformedItemError:
        pass
    else:
        return Found(platform="feed", handle=site_of(address), base_url=address)
    links = [attributes_of(tag) for tag in _LINK.findall(body.decode("utf-8", "replace"))]
    api = answer.links.get(_WORDPRESS, {}).get("url") or _first(links, rel=_WORDPRESS)
    api = None if api is None else _onward(address, api)
    found = None if api is None else _wordpress(client, api)
    if found is not None:
        return found
    feed = _first(links, rel="alternate", type="application/rss+xml") or _first(
        links, rel="alternate", type="application/atom+xml"
    )
    if feed is None:
        raise BadInputError(
            f"{address} is neither a WordPress site nor does it name a feed.",
            remedy="Give the address of an account on Bluesky or Mastodon, of a blog, or of a feed.",
        )
    base_url = _onward(address, feed)
    if base_url is None:
        raise BadInputError(
            f"{address} names a feed at what is no address of the web.",
            remedy="Look for the feed in a browser, and give its own address.",
        )
    return Found(platform="feed", handle=site_of(base_url), base_url=base_url)


def _wordpress(client: httpx.Client, api: str) -> Found | None:
    """Ask a WordPress site's own interface for its home; closed, its feed remains."""
    url, mark, route = api.partition("?rest_route=")
    params = {"_fields": "home,namespaces"} | ({"rest_route": route or "/"} if mark else {})
    told = _told(client, url, params, _Root)
    home = None if told is None or "wp/v2" not in told.namespaces else _onward(api, told.home)
    if home is None:
        return None
    usual = api.rstrip("/") == f"{home.rstrip('/')}/wp-json"
    options = {} if usual else {"api": api}
    return Found(platform="wordpress", handle=site_of(home), base_url=home.rstrip("/"), options=options)


def _onward(address: str, told: str) -> str | None:
    """Return where a page leads, if that is an address which a council's file takes."""
    try:
        found = urljoin(address, told)
    except ValueError:
        return None
    return found if _is_address(found) else None


def _is_address(told: str) -> bool:
    """Whether a council's file takes this as an address, and it leads somewhere."""
    try:
        return bool(_ADDRESS.match(told) and host_of(told) and urlsplit(told).port != 0)
    except ValueError:
        return False


def _told(client: httpx.Client, url: str, params: Mapping[str, str], shape: type[T]) -> T | None:
    """Return what a site tells in JSON; None where it tells nothing of that shape."""
    try:
        answer, body = _streamed(client, url, params)
        return decoded(body, shape) if answer.status_code == httpx.codes.OK else None
    except (*NO_ANSWER, httpx.InvalidURL, httpx.TooManyRedirects, msgspec.DecodeError):
        return None


def _streamed(
    client: httpx.Client, url: str, params: Mapping[str, str] | None = None
) -> tuple[httpx.Response, bytes]:
    """Return an answer with as much of its body as anybody needs to know what it is."""
    stream = keep_deadlines(client).stream
    with (
        answered_within(_MOST_SECONDS),
        stream("GET", url, params=params, headers=_HEADERS, follow_redirects=True) as answer,
    ):
        body = b""
        for piece in unpacked(answer):
            body += piece
            if len(body) > _MOST_BYTES:
                break
    return answer, body


def _page(client: httpx.Client, address: str) -> tuple[httpx.Response, bytes]:
    try:
        answer, body = _streamed(client, address)
    except (*NO_ANSWER, httpx.TooManyRedirects, httpx.InvalidURL) as error:
        raise BadInputError(
            f"{address} cannot be reached.", remedy="Open it in a browser, and check HTTPS_PROXY."
        ) from error
    if answer.is_error:
        raise BadInputError(
            f"{address} answers with status {answer.status_code}.", remedy="Check the address."
        )
    return answer, body


def _first(links: list[dict[str, str]], **wanted: str) -> str | None:
    """Return where the first link of a kind leads; a site names its entries' feed before its comments'."""
    for link in links:
        if all(wanted[name] in link.get(name, "").lower().split() for name in wanted) and link.get("href"):
            return link["href"]
    return None
