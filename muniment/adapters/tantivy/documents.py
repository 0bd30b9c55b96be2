"""What tantivy is given of an entry: the fields of its index, and documents made many at a time.

Of the numbers of an entry only those are written that are asked for here: `sk` sorts, `id` parts what shares
a second, `day` and `ym` are searched and counted by; `record_key` tells apart only the records that have
several versions.
"""

from collections.abc import Iterable, Iterator
from copy import copy
from itertools import islice
from operator import itemgetter
from typing import Any, Final

import tantivy

from muniment.adapters.tantivy.query import FLAGS
from muniment.adapters.tantivy.reading import KEYWORD_FACETS
from muniment.search.entry import KEYWORDS, Entry, authors, keywords, record_key
from muniment.search.entry_columns import own_numbers
from muniment.search.tokens import PIECES, Pieces, streams

__all__ = ["LAYOUT_VERSION", "documents_of", "index_schema", "mark_document"]

LAYOUT_VERSION: Final = 2
"""Any change of the fields below needs a new one, and then a reindex."""

_NUMBERS: Final = ("id", "day", "ym", "sk", "record_key", "edited", "current", "multi", "mark", "watermark")
_FACETS: Final = frozenset(map(str, KEYWORD_FACETS))
_AT_ONCE: Final = 5_000
_MOST_SHARED: Final = 10_000
"""A million entries of fifty accounts have some 7,000 such documents, of about a kilobyte."""
_SHARED: Final = (
    *("platform", "accounts", "author_role", "kind", "series", "language"),
    *("state", "record_class", "edited", "current", "multi"),
)
_shared_values: Final = itemgetter(*map(Entry._fields.index, _SHARED))

_Tantivy = Any  # tantivy ships no usable types: its classes are named here by role only

_shared: dict[tuple[object, ...], _Tantivy] = {}
"""Documents made before, by what they share; remembered for all, from commit to commit."""


def index_schema() -> _Tantivy:
    """Return the fields of an index."""
    builder = tantivy.SchemaBuilder()
    for name in _NUMBERS:
        builder.add_integer_field(name, indexed=name in FLAGS, fast=True)
    for name in KEYWORDS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=name in _FACETS)
    builder.add_text_field("record", tokenizer_name="raw", index_option="basic", stored=True)
    builder.add_bytes_field("version", stored=True)
    for name in ("x", "s"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    return builder.build()


def mark_document(watermark: int) -> _Tantivy:
    """Return the one document that is no entry: it says how far the index stands."""
    mark = tantivy.Document()
    mark.add_integer("mark", 1)
    mark.add_integer("watermark", watermark)
    return mark


def documents_of(entries: Iterable[Entry], pieces: Pieces = PIECES) -> Iterator[tuple[Entry, _Tantivy]]:
    """Yield each entry with its document, in order. Their numbers are reckoned by the portion."""
    coming = iter(entries)
    while some := list(islice(coming, _AT_ONCE)):
        for entry, id_, day, month, sort_key in zip(some, *own_numbers(some), strict=True):
            document = _with_shared(entry)
            document.add_integer("id", id_)
            document.add_integer("day", day)
            document.add_integer("ym", month)
            document.add_integer("sk", sort_key)
            if entry.multi:
                document.add_integer("record_key", record_key(entry.record_id))
            for author in authors(entry):
                document.add_text("author", author)
            document.add_text("record", entry.record_id)
            document.add_bytes("version", entry.version_id)
            exact, stem = streams(entry.text, pieces)
            document.add_text("x", exact)
            document.add_text("s", stem)
            yield entry, document


def _with_shared(entry: Entry) -> _Tantivy:
    """Return a document with what many entries share, copied from one made before: half the calls."""
    key = _shared_values(entry)
    known = _shared.get(key)
    if known is None:
        if len(_shared) >= _MOST_SHARED:
            _shared.clear()
        known = tantivy.Document()
        for name in ("edited", "current", "multi"):
            known.add_integer(name, int(getattr(entry, name)))
        for name, values in zip(KEYWORDS, keywords(entry), strict=True):
            for value in values if name != "author" else ():
                known.add_text(name, value)
        _shared[key] = known  # once it is whole: another thread may file another council's entries
    return copy(known)
