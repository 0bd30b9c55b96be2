"""How Elasticsearch files an entry: names, settings and mapping, all derived from `search.entry`.

    muniment-<council>                 alias, what searches ask
    muniment-<council>-v<M>-g<n>       generation n, made with mapping version M
    muniment-<council>-building        alias of a generation that is not in use yet
    muniment-leases-v1                 who writes which council's index

No other name begins with `muniment-`, so two roles of five lines are all that a cluster has to grant. The
watermark is a document of its own (`mark` = 1) in the index that it speaks of. It is written when all
entries before it are acknowledged, and becomes visible in the same refresh as they do.
"""

import re
from typing import Any, Final

import msgspec

from muniment.search.entry import INTEGERS, KEYWORDS, MAPPING_VERSION, Entry, integers, keywords
from muniment.search.tokens import ANALYSER_VERSION, STEMMER_VERSION, streams
from schemas.errors import BadInputError

__all__ = [
    "LEASES",
    "MADE_BY",
    "MARK_ID",
    "alias_of",
    "building_of",
    "document_of",
    "generation_name",
    "generation_number",
    "index_body",
    "leases_body",
    "mark_document",
]

LEASES: Final = "muniment-leases-v1"
MARK_ID: Final = "mark"
MADE_BY: Final = {"analyser": ANALYSER_VERSION, "stemmer": STEMMER_VERSION, "mapping": MAPPING_VERSION}

_FLAGS: Final = frozenset({"edited", "current", "multi"})
_ONLY_VALUES: Final = frozenset({"id", "record_key"})
"""Read from hits, never asked for: no tree of numbers is kept for them."""

_COUNCIL: Final = re.compile(r"[a-z0-9_]{1,40}")
_GENERATION: Final = re.compile(r"muniment-(?P<council>[a-z0-9_]{1,40})-v\d+-g(?P<number>\d+)")


def alias_of(council: str) -> str:
    """Return the name that searches ask for.

    Raises:
        BadInputError: The council's name cannot be part of an index's name.
    """
    if not _COUNCIL.fullmatch(council):
        raise BadInputError(
            f"{council!r} cannot name a council.", remedy="Write its short name: a-z, 0-9 and _."
        )
    return f"muniment-{council}"


def building_of(council: str) -> str:
    """Return the alias of the generation that is being built."""
    return f"{alias_of(council)}-building"


def generation_name(council: str, number: int) -> str:
    """Return the name of a generation."""
    return f"{alias_of(council)}-v{MAPPING_VERSION}-g{number}"


def generation_number(name: str, council: str) -> int | None:
    """Return which generation of this council an index is; None: it is none of them."""
    found = _GENERATION.fullmatch(name)
    return int(found["number"]) if found and found["council"] == council else None


def index_body() -> dict[str, Any]:
    """Return settings and mapping of a generation.

    One shard, so that facets and relevance are exact; nothing becomes visible but by our own refresh; a
    replica as soon as a second node is there. `expunge_deletes_allowed` 0 lets a purge reach every segment.
    """
    text = {"type": "text", "analyzer": "whitespace"}
    exact = {**text, "fielddata": True}  # for the vocabulary; costs nothing until it is asked for
    properties: dict[str, Any] = {name: _number(name) for name in INTEGERS}
    properties |= {name: {"type": "keyword"} for name in (*KEYWORDS, "record", "version")}
    properties |= {"x": exact, "s": text, "mark": {"type": "byte"}, "watermark": {"type": "long"}}
    return {
        "settings": {
            "index": {
                "number_of_shards": 1,
                "auto_expand_replicas": "0-1",
                "refresh_interval": "-1",
                "merge.policy.expunge_deletes_allowed": 0,
            }
        },
        "mappings": {
            "dynamic": "strict",
            "_meta": {"made_by": MADE_BY},
            "_source": {"excludes": ["x", "s"]},
            "properties": properties,
        },
    }


def leases_body() -> dict[str, Any]:
    """Return settings and mapping of the index of leases."""
    return {
        "settings": {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-1"}},
        "mappings": {
            "dynamic": "strict",
            "properties": {"holder": {"type": "keyword"}, "until": {"type": "long"}},
        },
    }


def document_of(entry: Entry) -> bytes:
    """Return an entry as a line of JSON; its `_id` is the version_id in hexadecimal figures."""
    exact, stem = streams(entry.text)
    fields: dict[str, Any] = dict(zip(INTEGERS, integers(entry), strict=True))
    fields.update(zip(KEYWORDS, keywords(entry), strict=True))
    fields.update(record=entry.record_id, version=entry.version_id.hex(), x=exact, s=stem)
    return msgspec.json.encode(fields)


def mark_document(upto: int) -> bytes:
    """Return the watermark as a line of JSON."""
    return msgspec.json.encode({"mark": 1, "watermark": upto})


def _number(name: str) -> dict[str, Any]:
    return {"type": "byte" if name in _FLAGS else "long", "index": name not in _ONLY_VALUES}
