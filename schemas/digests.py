"""Digests: of a version, by a digest rule that is data; of a record's version id.

A *digest rule* says, for each shape in which a platform shows a record (the live object, an entry of
its edit history), where each content field stands (data-model.md 2). Values are the raw ones, at most
through a named transform that is frozen for ever: a better reader never changes a version.
"""

import hashlib
import html
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import msgspec

__all__ = ["TRANSFORMS", "DigestRule", "Field", "canonical", "unread_version", "version", "version_id"]

Path: TypeAlias = tuple[str | int, ...]
_ABSENT = object()
_AS_IS = "as-is"
_EACH = "*"
_LISTS = (list, tuple)  # named once: `list | tuple` is made anew each time it is met
_STRUCT = type(msgspec.Struct)  # what a class is made by: `isinstance` of a Struct takes thrice the time
_UNSET = msgspec.UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Where one content field stands: the first of `paths` that leads somewhere.

    A path is keys and indexes; "*" maps over a list. Its first step is the number of the exhibit's part.
    `absent_is_null`: whether a missing key says the same as null, which only the platform can tell.
    """

    name: str
    paths: tuple[Path, ...]
    transform: str = _AS_IS
    absent_is_null: bool = True


DigestRule: TypeAlias = Mapping[str, tuple[Field, ...]]
"""Shape -> fields. Never change a published rule: add the next number."""

_BREAKS = re.compile(r"(?i)<(?:br|/p|/div|/li|/h[1-6]|/tr|/blockquote)\b[^>]*>")
_OPENING = re.compile(r"(?i)<(script|style)\b|<!--")
_CLOSING = re.compile(r"(?i)</(script|style)\s*>")
_COMMENT_END = re.compile(r"-->")
_TAG = re.compile(r"<[^<>]*>")
_SOURCE = re.compile(
    r"""(?is)<(?:img|video|audio|source|embed|iframe)\b[^>]{0,2000}?\s(?:data-)?src\s*=\s*(["'])(.{0,4000}?)\1"""
)
_TARGET = re.compile(r"""(?is)<a\b[^>]{0,2000}?\shref\s*=\s*(["'])(.{0,4000}?)\1""")
_QUERY = re.compile(r"[?#]")
_SIZE = re.compile(r"-\d+x\d+(?=\.\w+$)")


def _visible_text_1(value: Any) -> Any:
    """Return what a reader sees of HTML. Frozen: a change is `visible-text-2`."""
    if not isinstance(value, str):
        return value
    kept = _without_scripts(value)
    closed = kept.rfind(">") + 1  # behind the last one no tag ends: looking for its end from each is endless
    text = _TAG.sub("", _BREAKS.sub("\n", kept[:closed]) + kept[closed:])
    text = unicodedata.normalize("NFC", html.unescape(text))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(filter(None, lines))


def _without_scripts(value: str) -> str:
    """Return HTML without scripts, styles and comments, in time that grows with its length alone.

    As one pattern from each opening to its closing has it, which takes an hour for a megabyte of `<!--`.
    """
    if _OPENING.search(value) is None:
        return value
    closings: dict[str, list[tuple[int, int]]] = {
        "--": [found.span() for found in _COMMENT_END.finditer(value)]
    }
    for found in _CLOSING.finditer(value):
        closings.setdefault(_lower(found[1]), []).append(found.span())
    kept: list[str] = []
    at = start = 0
    while (opening := _OPENING.search(value, at)) is not None:
        at = opening.end()
        ends = closings.get("--" if opening[1] is None else _lower(opening[1]), [])
        place = bisect_left(ends, (at, 0))
        if place < len(ends):
            kept.append(value[start : opening.start()])
            at = start = ends[place][1]
    return "".join((*kept, value[start:]))


def _lower(name: str) -> str:
    """Return a tag's name as a back-reference compares it: letter by letter, and no letter becomes two."""
    return "".join(letter.lower()[0] for letter in name)


def _references_1(value: Any) -> Any:
    """Return what HTML shows beside its words: names of its files, then where its links lead. Frozen.

    A file counts by its name without the size that a theme adds, a link without its scheme: moving a site
    to https, to another theme or behind a cache is no edit of its posts.
    """
    if not isinstance(value, str):
        return value
    sources = (_QUERY.split(html.unescape(found[1]).strip(), 1)[0] for found in _SOURCE.findall(value))
    names = (_SIZE.sub("", source.rpartition("/")[2]) for source in sources if source[:5] != "data:")
    targets = (html.unescape(found[1]).strip() for found in _TARGET.findall(value))
    leads = (target.partition("://")[2] or target for target in targets)
    return [list(dict.fromkeys(filter(None, names))), list(dict.fromkeys(filter(None, leads)))]


TRANSFORMS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {_AS_IS: lambda value: value, "visible-text-1": _visible_text_1, "references-1": _references_1}
)
"""Named, frozen transforms. A published one never changes."""


def canonical(value: Any) -> bytes:
    """Return canonical JSON: UTF-8, keys sorted, no spaces."""
    return msgspec.json.encode(value, order="deterministic")


def _follow(value: Any, path: Path) -> Any:
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, _LISTS) or step >= len(value):
                return _ABSENT
            value = value[step]
        elif step == _EACH:
            if not isinstance(value, list):
                return _ABSENT
            below = path[path.index(_EACH) + 1 :]
            found = (_follow(item, below) for item in value)
            return [None if item is _ABSENT else item for item in found]
        elif isinstance(value, dict):
            value = value.get(step, _ABSENT)
        elif type(type(value)) is _STRUCT:
            # A shape that does not have the field raises: what a rule names must be decoded.
            value = getattr(value, step)
        else:
            return _ABSENT
    return _ABSENT if value is _UNSET else value


def _value(field: Field, parts: Sequence[Any]) -> Any:
    for path in field.paths:
        found = _follow(parts, path)
        if found is not _ABSENT:
            return found if field.transform == _AS_IS else TRANSFORMS[field.transform](found)
    return None if field.absent_is_null else "\x00absent"


def version(rule: DigestRule, shape: str, parts: Sequence[Any]) -> bytes:
    """Return the digest of what a record says, 32 bytes; `parts` are an exhibit's parts, decoded."""
    fields = {field.name: _value(field, parts) for field in rule[shape]}
    return hashlib.sha256(canonical(fields)).digest()


def unread_version(record_id: str) -> bytes:
    """Return the version of an item that we cannot read: of its record_id alone."""
    return hashlib.sha256(canonical({"unread": record_id})).digest()


def version_id(record_id: str, digest: bytes) -> bytes:
    """Return the id of one version of one record, 32 bytes: SHA-256(record_id, version)."""
    return hashlib.sha256(record_id.encode() + b"\x00" + digest).digest()
