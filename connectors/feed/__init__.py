"""Any blog that has a feed: RSS or Atom, entries and the comment feeds they name.

`base_url` is the address of the feed; there is no credential. Account option `site`: the name fixed in
record ids (the register sets it at the first check).
"""

from collections.abc import Iterator, Mapping
from typing import BinaryIO, ClassVar

from typing_extensions import override

from connectors.contract import Connector, Held, Identity, Reading, Tariff
from connectors.feed.entries import head_of
from connectors.feed.pages import Pages
from connectors.feed.reader import DIGEST_RULES, Reader
from connectors.feed.walks import VERSION, Walks
from connectors.transport import Transport
from schemas.account import Account
from schemas.capture import Exhibit, MediaAddress, MediaAnswer, Response, Walk
from schemas.digests import DigestRule
from schemas.errors import MalformedItemError, StreamRefusedError
from schemas.vocabulary import Platform, Stream

__all__ = ["FeedConnector"]


class FeedConnector(Connector):
    """One feed."""

    platform: ClassVar[Platform] = "feed"
    version: ClassVar[str] = VERSION
    digest_rules: ClassVar[Mapping[int, DigestRule]] = DIGEST_RULES
    streams: ClassVar[tuple[Stream, ...]] = (Stream.PROFILE, Stream.POSTS, Stream.COMMENTS)
    edges: ClassVar[tuple[Stream, ...]] = (Stream.PROFILE, Stream.POSTS)
    tariff: ClassVar[Tariff] = Tariff(page_items=10, calls=60, per_seconds=60)
    tracking: ClassVar[bool] = True
    never: ClassVar[tuple[str, ...]] = (
        "A feed lists what its author chooses, mostly the newest ten entries: what is older is not seen.",
        "A feed tells of no deletion, and of nothing that is held, hidden, spam or in the trash.",
        "Comments only where an entry names a feed of them, and of those mostly no more than the newest ten.",
        "Quotes, mentions and private messages are not archived yet.",
        "What existed only between two of our visits.",
    )

    def __init__(self, account: Account, transport: Transport, _secrets: Mapping[str, str]) -> None:
        """Build it; see `Pages` for the settings that are refused."""
        self._account = account
        self._transport = transport
        address = (account.base_url or "").partition("://")[2]
        site = account.options.get("site") or account.native_id or _site_of(address)
        self._reader = Reader(self.platform, site)
        self._pages = Pages(account, transport, self._reader)
        self._walks = Walks(self._pages, self._reader)

    @override
    def check(self) -> Identity:
        if not self._pages.is_there():
            try:
                head_of(self._pages.first().body)
            except MalformedItemError as error:
                raise StreamRefusedError(
                    f"What account {self._account.account} names as its feed is none.",
                    remedy="Write the address of an RSS or Atom feed as base_url.",
                ) from error
        site = self._reader.site
        return Identity(native_id=site, handle=self._account.handle, name=None, site=site)

    @override
    def pages(self, walk: Walk, held: Held) -> Iterator[Response]:
        return self._walks.responses(walk, held)

    @override
    def fetch(self, address: MediaAddress, into: BinaryIO) -> MediaAnswer:
        return self._transport.download(address, into)

    @override
    def exhibits(self, response: Response) -> Iterator[Exhibit]:
        return self._reader.exhibits(response)

    @override
    def read(self, exhibit: Exhibit) -> Reading:
        return self._reader.read(exhibit)

    @override
    def addresses(self, response: Response) -> Iterator[MediaAddress]:
        return self._reader.addresses(response)


def _site_of(address: str) -> str:
    host, slash, path = address.partition("/")
    return f"{host.lower()}{slash}{path}".rstrip("/")
