"""What a public address is: which platform, which account there, and where to ask.

For `muniment archive URL`, which takes only what anybody may read without a credential. A guess is checked
against the site itself where the address alone does not tell: https://example.org/@name may be a Mastodon
account, or a page of something else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx

from connectors.feed.entries import head_of
from connectors.html import attributes_of
from connectors.wordpress.client import site_of
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
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInputError(f"{url} is no address of a web page.", remedy="Copy it from the browser.")
    host = parts.hostname.removeprefix("www.").removeprefix("m.")
    _refuse_closed(host)
    bluesky = _BLUESKY.match(parts.path) if host == "bsky.app" else None
    if bluesky is not None:
        name = bluesky.group(1)
        return Found(platform="bluesky", handle=name, native_id=name if name.startswith("did:") else None)
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
    try:
        answer = client.get(f"{base}/api/v1/accounts/lookup", params={"acct": user})
        told: Any = answer.json() if answer.status_code == httpx.codes.OK else {}
    except (httpx.TransportError, ValueError):
        return None
    if not isinstance(told, dict) or not isinstance(told.get("id"), str) or "username" not in told:
        return None
    return Found(platform="mastodon", handle=str(told["username"]), base_url=base, native_id=told["id"])


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
    found = None if api is None else _wordpress(client, urljoin(address, api))
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
    base_url = urljoin(address, feed)
    return Found(platform="feed", handle=site_of(base_url), base_url=base_url)


def _wordpress(client: httpx.Client, api: str) -> Found | None:
    """Ask a WordPress site's own interface for its home; closed, its feed remains."""
    url, mark, route = api.partition("?rest_route=")
    params = {"_fields": "home,namespaces"} | ({"rest_route": route or "/"} if mark else {})
    try:
        answer = client.get(url, params=params)
        told: Any = answer.json() if answer.status_code == httpx.codes.OK else {}
    except (httpx.TransportError, ValueError):
        return None
    home = told.get("home") if isinstance(told, dict) else None
    if not isinstance(home, str) or "wp/v2" not in told.get("namespaces", ()):
        return None
    usual = api.rstrip("/") == f"{home.rstrip('/')}/wp-json"
    options = {} if usual else {"api": api}
    return Found(platform="wordpress", handle=site_of(home), base_url=home.rstrip("/"), options=options)


def _page(client: httpx.Client, address: str) -> tuple[httpx.Response, bytes]:
    try:
        with client.stream("GET", address, headers=_HEADERS, follow_redirects=True) as answer:
            body = b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > _MOST_BYTES:
                    break
    except (httpx.TransportError, httpx.TooManyRedirects, httpx.InvalidURL) as error:
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
