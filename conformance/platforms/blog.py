"""How a blog shows the world: its addresses, its HTML, and which of its states a reader may see."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from conformance.item import COMMENT, PAGE, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from conformance.item import Item, Media

__all__ = ["COMMENT_STATUS", "Blog", "local", "stamp", "status_of"]

LONDON = ZoneInfo("Europe/London")
COMMENT_STATUS = {PUBLIC: "approved", "held": "hold", "spam": "spam", "trash": "trash"}
POST_STATUS = {PUBLIC: "publish", "held": "pending", "spam": "private", "hidden": "private"}
TEXTURE = (("'", "&#8217;"), ("...", "&#8230;"), (" -- ", " &#8212; "))


def stamp(moment: datetime) -> str:
    """Return a time as WordPress writes it: to the second, without its zone."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def local(moment: datetime) -> datetime:
    """Return the site's own clock face: Europe/London, without a zone, as its database keeps it."""
    return moment.astimezone(LONDON).replace(tzinfo=None)


def status_of(item: Item) -> str:
    """Return the word that WordPress has for how an item stands."""
    if item.kind != COMMENT:
        return POST_STATUS.get(item.shown, item.shown)
    word = COMMENT_STATUS.get(item.shown, "hold")
    return "post-trashed" if status_of(item.root) == "trash" and word in ("approved", "hold") else word


class Blog:
    """One site's addresses and HTML."""

    def __init__(self, home: str, media_url: Callable[[Item, Media], str]) -> None:
        self.home = home
        self.media_url = media_url

    def link(self, item: Item) -> str:
        """Return the address that a reader opens."""
        if item.kind == COMMENT:
            return f"{self.link(item.root)}#comment-{item.serial}"
        return f"{self.home}/{'page' if item.kind == PAGE else 'notice'}-{item.serial}/"

    def guid(self, item: Item) -> str:
        """Return the name for life that the site gave an item."""
        if item.platform == "feed":
            return item.native_id
        if item.kind == COMMENT:
            return f"{self.link(item.root)}#comment-{item.serial}"
        return f"{self.home}/?{'page_id' if item.kind == PAGE else 'p'}={item.serial}"

    def html(self, item: Item, number: int) -> str:
        """Return a version as HTML, as WordPress renders it: paragraphs, curly quotes, links, pictures."""
        version = item.versions[number]
        text = html.escape(version.text, quote=False)
        for plain, curly in TEXTURE:
            text = text.replace(plain, curly)
        for link in version.links:
            shown = html.escape(link.url, quote=False)
            text = text.replace(shown, f'<a href="{html.escape(link.url)}">{shown}</a>')
        pieces = [f"<p>{part}</p>" for part in re.split(r"\n{2,}", text) if part]
        body = "\n".join(piece.replace("\n", "<br />\n") for piece in pieces)
        return "\n".join([body, *(self.picture(item, media) for media in version.media)]) + "\n"

    def picture(self, item: Item, media: Media) -> str:
        """Return a picture in the text."""
        source, alt = html.escape(self.media_url(item, media)), html.escape(media.alt or "")
        return f'<figure class="wp-block-image"><img src="{source}" alt="{alt}"/></figure>'

    def title(self, item: Item, number: int) -> str:
        """Return a version's title as HTML."""
        return html.escape(item.versions[number].title or "", quote=False).replace("'", "&#8217;")
