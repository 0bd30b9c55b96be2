"""WordPress through its REST interface: posts, pages and comments, signed in or as anybody.

Credential: `application_password`, with `username` (or the account's option `username`: it is no secret).
Account options: `site`, the name fixed in record ids (the register sets it at the first check);
`api`, where the REST interface is not at base_url + /wp-json/ (such as https://example.gov.uk/?rest_route=).
"""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, ClassVar, TypeVar

import msgspec
from typing_extensions import override

from connectors.contract import Connector, Held, Identity, Reading, Tariff
from connectors.decoding import decoded
from connectors.transport import Answer, Transport
from connectors.wordpress.client import Site, site_of
from connectors.wordpress.cutter import BOM, Cutter, Names
from connectors.wordpress.paging import total_of
from connectors.wordpress.reader import DIGEST_RULES, Reader
from connectors.wordpress.walks import VERSION, Walks
from schemas.account import Account
from schemas.capture import Exhibit, MediaAddress, MediaAnswer, Response, Walk
from schemas.digests import DigestRule
from schemas.errors import StreamRefusedError, WrongAccountError
from schemas.vocabulary import Platform, Reason, Stream

__all__ = ["WordPressConnector"]

T = TypeVar("T")

_NEEDED = {
    "edit_others_posts": "the history and the trash of posts by others",
    "edit_others_pages": "the history and the trash of pages by others",
    "moderate_comments": "comments that are held, spam or in the trash",
}


class _Root(msgspec.Struct):
    name: str = ""
    home: str = ""
    namespaces: list[str] = []


class _User(msgspec.Struct):
    capabilities: dict[str, Any] | list[Any] = {}


class WordPressConnector(Connector):
    """One site."""

    platform: ClassVar[Platform] = "wordpress"
    version: ClassVar[str] = VERSION
    digest_rules: ClassVar[Mapping[int, DigestRule]] = DIGEST_RULES
    streams: ClassVar[tuple[Stream, ...]] = (Stream.PROFILE, Stream.POSTS, Stream.COMMENTS)
    edges: ClassVar[tuple[Stream, ...]] = (Stream.PROFILE, Stream.POSTS, Stream.COMMENTS)
    tariff: ClassVar[Tariff] = Tariff(page_items=100, calls=60, per_seconds=60)
    tracking: ClassVar[bool] = False
    never: ClassVar[tuple[str, ...]] = (
        "Without a sign-in we see no held, spam or trashed comment, no trashed post and no history of posts.",
        "WordPress keeps no first text of a post published in one step, and no earlier text of a comment.",
        "Pingbacks and trackbacks, and content of other types than posts and pages, are not archived.",
        "Quotes, mentions and private messages are not archived yet.",
        "No site tells what existed only between two of our visits, nor who deleted or hid a record.",
    )

    def __init__(self, account: Account, transport: Transport, secrets: Mapping[str, str]) -> None:
        """Build it; see `Site` for the settings that are refused."""
        self._account = account
        self._transport = transport
        self._site = Site(account, transport, secrets)
        self._fixed = account.options.get("site") or account.native_id
        self._names = Names(self._fixed or site_of(self._site.home))
        self._cutter = Cutter(self._names)
        self._reader = Reader(self.platform, self._names)

    @override
    def check(self) -> Identity:
        root = self._told(self._site.root(), _Root)
        if "wp/v2" not in root.namespaces:
            raise StreamRefusedError(
                f"The site of account {self._account.account} does not offer its posts (wp/v2).",
                remedy="Ask the site's owner, or register its feed instead: platform: feed.",
            )
        missing: tuple[str, ...] = ()
        if self._site.signed_in:
            user = self._told(self._site.by_id("/wp/v2/users/me", {"context": "edit"}), _User)
            can = user.capabilities if isinstance(user.capabilities, dict) else {}
            missing = tuple(
                f"{name}: {why}. Give the user the role Editor."
                for name, why in _NEEDED.items()
                if not can.get(name)
            )
        totals = [self._count(route) for route in ("posts", "pages", "comments")]
        posts = None if totals[0] is None or totals[1] is None else totals[0] + totals[1]
        home = site_of(root.home or self._site.home)
        site = self._fixed or home
        expected = self._fixed or site_of(self._site.home)
        if expected.removeprefix("www.") != home.removeprefix("www."):
            raise WrongAccountError(
                f"The site of account {self._account.account} calls itself {root.home}.",
                remedy="If that is the council's site, register it under this address.",
            )
        self._names.site = site
        return Identity(
            native_id=site,
            handle=self._account.handle,
            name=root.name or None,
            missing=missing,
            posts=posts,
            comments=totals[2],
            site=site,
        )

    def _told(self, answer: Answer, shape: type[T]) -> T:
        try:
            return decoded(answer.body.removeprefix(BOM), shape)
        except msgspec.DecodeError as error:
            raise StreamRefusedError(
                f"The site of account {self._account.account} tells of itself in a way that nobody can read.",
                reason=Reason.UNREADABLE,
                remedy="Open base_url + /wp-json/ in a browser, and show its administrator what it says.",
            ) from error

    def _count(self, route: str) -> int | None:
        view: dict[str, str] = {"_fields": "id"}
        if self._site.signed_in:
            view |= {"status": "any" if route == "comments" else "any,trash"}
        try:
            return total_of(self._site.listed(f"/wp/v2/{route}", view))
        except StreamRefusedError:
            return None

    @override
    def pages(self, walk: Walk, held: Held) -> Iterator[Response]:
        return Walks(self._site, self._names).responses(walk)

    @override
    def fetch(self, address: MediaAddress, into: BinaryIO) -> MediaAnswer:
        return self._transport.download(address, into)

    @override
    def exhibits(self, response: Response) -> Iterator[Exhibit]:
        return self._cutter.exhibits(response)

    @override
    def read(self, exhibit: Exhibit) -> Reading:
        return self._reader.read(exhibit)

    @override
    def addresses(self, response: Response) -> Iterator[MediaAddress]:
        return self._reader.addresses(response.endpoint, self._cutter.exhibits(response))
