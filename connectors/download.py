"""Fetching files that posts point to: without credentials, never from a private network, capped.

An address in a post is hostile input. Only http and https; the name is looked up here and every address
it has must be public; the connection goes to the very address that was checked (a second look-up could
answer otherwise); each redirect is checked again. Size and time are capped. A host that the council's
own register names (a blog on the intranet) is trusted as far as that host and port.
"""

import ipaddress
import socket
from collections.abc import Callable, Collection, Iterator
from typing import BinaryIO, Final
from urllib.parse import urljoin

import httpx

from connectors.deadline import answered_within, keep_deadlines
from schemas.capture import MediaAnswer
from schemas.errors import MediaLapsedError
from schemas.vocabulary import Reason

__all__ = ["NO_ANSWER", "SHORTENERS", "Downloader", "host_of", "resolve", "unpacked"]

SHORTENERS: Final = frozenset(
    {
        *("bit.ly", "bitly.com", "j.mp", "buff.ly", "ow.ly", "tinyurl.com", "t.co", "goo.gl", "is.gd"),
        *("lnkd.in", "fb.me", "youtu.be", "dlvr.it", "orlo.uk", "trib.al", "rb.gy", "shorturl.at", "wp.me"),
    }
)
"""Shorteners whose targets are kept; Dacorum and Cannock recommend bitly (council-requirements.md 14)."""

NO_ANSWER: Final = (httpx.TransportError, httpx.DecodingError, UnicodeError)
"""What httpx raises where nothing usable came; UnicodeError: it will not take the host of a redirect."""

_MOST_REDIRECTS: Final = 5
_GONE: Final = frozenset({401, 403, 404, 410})
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_UNICAST: Final = ipaddress.ip_network("2000::/3")
"""What IPv6 gives out to the world: outside it lie site-local addresses, and old ways to write IPv4 ones."""
_HYPERVISORS: Final = frozenset({ipaddress.ip_address("168.63.129.16")})
"""Looks public, and is Azure's own door to the machine that we run on."""

Resolve = Callable[[str, int], Collection[str]]


def resolve(host: str, port: int) -> Collection[str]:
    """Return the addresses of a host, as text.

    Raises:
        OSError: The name is not known.
    """
    return {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}


class Downloader:
    """Streams media into a file, or tells where a short link leads. One for all accounts.

    `trusted` are "host:port" of the sites that the council's own register names. With a proxy set, the
    proxy looks the name up again, after our check.
    """

    def __init__(
        self,
        client: httpx.Client,
        *,
        trusted: Collection[str] = (),
        proxied: bool = False,
        look_up: Resolve = resolve,
        most_seconds: float = 120.0,
    ) -> None:
        """Keep a client of its own: no cookie, no credential, no redirect by itself."""
        self._client = keep_deadlines(client)
        self._trusted = frozenset(trusted)
        self._proxied = proxied
        self._look_up = look_up
        self._most_seconds = most_seconds

    def download(self, url: str, into: BinaryIO, *, most_bytes: int) -> MediaAnswer:
        """Write the file at `url` into `into`.

        Returns:
            The answer; `why_not` tells why nothing was kept: too-large, forbidden-address, lapsed.

        Raises:
            MediaLapsedError: The address answers no more: ask for the record afresh.
        """
        with answered_within(self._most_seconds):
            return self._download(url, into, most_bytes)

    def _download(self, url: str, into: BinaryIO, most_bytes: int) -> MediaAnswer:
        for _ in range(_MOST_REDIRECTS + 1):
            request = self._checked(url)
            if request is None:
                return _refused(Reason.FORBIDDEN_ADDRESS)
            try:
                answer = self._client.send(request, stream=True)
            except NO_ANSWER as error:
                raise MediaLapsedError("A media file could not be reached.") from error
            try:
                if answer.is_redirect:
                    url = _onward(url, answer)
                    continue
                if answer.status_code in _GONE:
                    return _refused(Reason.LAPSED, answer.status_code)
                if answer.is_error:
                    raise MediaLapsedError(f"A media file answered with status {answer.status_code}.")
                return self._stream(answer, into, most_bytes)
            except NO_ANSWER as error:
                raise MediaLapsedError("A media file broke off.") from error
            finally:
                answer.close()
        return _refused(Reason.UNAVAILABLE)

    def expand(self, url: str) -> MediaAnswer:
        """Return where a short link leads, in `target`; nothing of the target itself is read."""
        with answered_within(self._most_seconds):
            return self._expand(url)

    def _expand(self, url: str) -> MediaAnswer:
        first = url
        status = 0
        for _ in range(_MOST_REDIRECTS):
            request = self._checked(url)
            if request is None:
                return _refused(Reason.FORBIDDEN_ADDRESS)
            try:
                answer = self._client.send(request, stream=True)
            except NO_ANSWER as error:
                raise MediaLapsedError("A short link could not be reached.") from error
            answer.close()
            status = answer.status_code
            if not answer.is_redirect:
                break
            url = _onward(url, answer)
            if host_of(url) not in SHORTENERS:
                break
        if url == first:
            return _refused(Reason.LAPSED, status)
        return MediaAnswer(status=status, media_type=None, size_bytes=0, target=url)

    def _checked(self, url: str) -> httpx.Request | None:
        """Return the request to the address that was checked, or None where we must not go."""
        host = host_of(url)
        if not host:
            return None
        parsed = httpx.URL(url)
        if parsed.scheme not in ("http", "https") or parsed.userinfo:
            return None
        port = parsed.port or (443 if parsed.scheme == "https" else 80)
        headers = {"host": parsed.netloc.decode(), "accept": "*/*", "user-agent": "muniment"}
        if f"{host}:{port}" in self._trusted:
            return self._client.build_request("GET", parsed, headers=headers)
        try:
            addresses = sorted(self._look_up(host, port))
        except (OSError, UnicodeError) as error:  # a name with an empty or overlong part is no name
            raise MediaLapsedError("The host of a media file is not known.") from error
        if not addresses or not all(_is_public(address) for address in addresses):
            return None
        if self._proxied:
            return self._client.build_request("GET", parsed, headers=headers)
        pinned = parsed.copy_with(host=addresses[0])
        return self._client.build_request("GET", pinned, headers=headers, extensions={"sni_hostname": host})

    def _stream(self, answer: httpx.Response, into: BinaryIO, most_bytes: int) -> MediaAnswer:
        declared = answer.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > most_bytes:
            return _refused(Reason.TOO_LARGE, answer.status_code)
        size = 0
        for piece in unpacked(answer):
            size += len(piece)
            if size > most_bytes:
                return _refused(Reason.TOO_LARGE, answer.status_code)
            into.write(piece)
        return MediaAnswer(
            status=answer.status_code,
            media_type=answer.headers.get("content-type"),
            size_bytes=size,
        )


def unpacked(answer: httpx.Response) -> Iterator[bytes]:
    """Yield a body as it comes: gathered into larger pieces, one that drips would never meet its deadline.

    Raises:
        httpx.DecodingError: It is packed more than once, as no server does: one step of unpacking a thousand
            times a thousandfold would fill the memory before anybody could count.
    """
    if "," in answer.headers.get("content-encoding", ""):
        raise httpx.DecodingError("packed more than once", request=answer.request)
    yield from answer.iter_bytes()


def host_of(url: str) -> str:
    """Return the host that an address names; empty where it is no address, or names none."""
    try:
        return httpx.URL(url).host
    except (httpx.InvalidURL, ValueError):  # a name that says it is encoded, and is not, is a ValueError
        return ""


def _onward(url: str, answer: httpx.Response) -> str:
    """Return where an answer leads, as it was told where that is no address."""
    told = str(answer.headers.get("location", ""))
    try:
        return urljoin(url, told)
    except ValueError:
        return told


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        found = _inside(found) or found
    if isinstance(found, ipaddress.IPv6Address) and found not in _UNICAST:
        return False
    return found.is_global and not found.is_multicast and found not in _HYPERVISORS


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 one leads to: mapped, by 6to4 or by NAT64 (RFC 6052)."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def _refused(reason: Reason, status: int = 0) -> MediaAnswer:
    return MediaAnswer(status=status, media_type=None, size_bytes=0, why_not=reason)
