"""What a reader sees of HTML, what it links to, which files it shows. Nothing here renders or fetches.

HTML of a blog or a feed is hostile input: only plain text and addresses are taken out of it, and an
address counts only when it is http or https.
"""

import html
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urljoin

from schemas.digests import TRANSFORMS
from schemas.record import MediaRef

__all__ = ["attributes_of", "files_in", "links_in", "plain"]

_FILE: Final = re.compile(r"(?i)<(img|video|audio|source)\b")
_ANCHOR: Final = re.compile(r"(?i)<(a)\b")
_LONGEST_TAG: Final = 4000
_ATTRIBUTE: Final = re.compile(r"""(?is)([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_DOCUMENT: Final = re.compile(r"(?i)\.(?:pdf|docx?|xlsx?|pptx?|odt|ods|odp|csv|rtf)$")
_KINDS: Final = {"img": "image", "video": "video", "audio": "audio"}
_SMILEY: Final = re.compile(r"\b(?:emoji|wp-smiley)\b")
_VIDEO: Final = re.compile(r"(?i)\.(?:mp4|m4v|webm|ogv|mov)$")


def plain(markup: str) -> str:
    """Return the visible text: tags, scripts and comments gone, entities decoded."""
    return str(TRANSFORMS["visible-text-1"](markup))


def links_in(markup: str, base: str) -> tuple[str, ...]:
    """Return where the links lead, absolute, each once, in their order."""
    if "<a" not in markup and "<A" not in markup:
        return ()
    found = (_address(attributes_of(tag).get("href", ""), base) for _, tag in _tags(_ANCHOR, markup))
    return tuple(dict.fromkeys(filter(None, found)))


def files_in(markup: str, base: str) -> Iterator[tuple[MediaRef, str]]:
    """Yield pictures, video, sound and linked documents, each with its address.

    A file is known by its address without scheme, query and fragment, which a cache or a theme may add.
    """
    if "<" not in markup:
        return
    seen: set[str] = set()
    for tag, inner in _tags(_FILE, markup):
        attributes = attributes_of(inner)
        address = _address(attributes.get("src", ""), base) or _address(attributes.get("data-src", ""), base)
        name = _name(address)
        if not address or name in seen or _SMILEY.search(attributes.get("class", "")):
            continue
        seen.add(name)
        kind = _KINDS.get(tag.lower()) or ("video" if _VIDEO.search(name) else "audio")
        yield MediaRef(native_id=name, kind=kind, alt_text=attributes.get("alt") or None), address
    for address in links_in(markup, base):
        name = _name(address)
        if _DOCUMENT.search(name) and name not in seen:
            seen.add(name)
            yield MediaRef(native_id=name, kind="document", alt_text=None), address


def attributes_of(inner: str) -> dict[str, str]:
    """Return the attributes of a tag, from what stands between its name and its end."""
    return {
        name.lower(): html.unescape(double or single).strip()
        for name, double, single in _ATTRIBUTE.findall(inner)
    }


def _tags(opening: re.Pattern[str], markup: str) -> Iterator[tuple[str, str]]:
    """Yield each tag's name and what stands between that and its end; the time grows with the length alone.

    One pattern for both would look for the end anew from each of a hundred thousand tags that have none.
    """
    end, closing = 0, -1
    for found in opening.finditer(markup):
        if found.start() < end:
            continue  # within the tag before
        if closing < found.end():
            closing = markup.find(">", found.end())
            if closing == -1:
                return
        if closing - found.end() <= _LONGEST_TAG:
            yield found[1], markup[found.end() : closing]
            end = closing + 1


def _address(value: str, base: str) -> str:
    if not value:
        return ""
    try:
        address = urljoin(base, value)
    except ValueError:
        return ""
    return address if address[:7].lower() == "http://" or address[:8].lower() == "https://" else ""


def _name(address: str) -> str:
    return re.split(r"[?#]", address.partition("://")[2], maxsplit=1)[0]
