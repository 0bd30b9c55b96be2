"""Marks in a text what a query found there, read by the same tokeniser, for a terminal or a web page."""

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, assert_never

from muniment.search.likeness import pattern_of, within_edits
from muniment.search.match import places_near, starts_of
from muniment.search.tokens import Span, spans
from muniment.search.tree import Fuzzy, Leaf, Near, Node, Phrase, Stream, Wildcard, Word, leaves

__all__ = ["Piece", "excerpt", "harmless", "highlight", "to_html", "to_terminal"]

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
# A resident's text must not steer the officer's terminal, nor turn its direction.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Piece(NamedTuple):
    """A run of text; `hit` when the query found it."""

    text: str
    hit: bool


def highlight(text: str, tree: Node) -> tuple[Piece, ...]:
    """Return the whole text in pieces; joined they are the text."""
    found = list(spans(text))
    marked = sorted({at for leaf in leaves(tree) for at in _spans_hit(found, leaf)})
    pieces: list[Piece] = []
    done = 0
    for at in marked:
        span = found[at]
        if span.start < done:  # an uncomposed piece is marked whole, once
            continue
        pieces += [Piece(text[done : span.start], hit=False), Piece(text[span.start : span.end], hit=True)]
        done = span.end
    pieces.append(Piece(text[done:], hit=False))
    return tuple(piece for piece in pieces if piece.text)


def excerpt(pieces: Sequence[Piece], width: int) -> tuple[Piece, ...]:
    """Return about `width` characters around the first hit, with … where text was left out."""
    length = sum(len(piece.text) for piece in pieces)
    if length <= width:
        return tuple(pieces)
    before = 0
    for piece in pieces:
        if piece.hit:
            break
        before += len(piece.text)
    else:
        before = 0
    start = max(0, min(before - width // 3, length - width))
    cut = [Piece("…", hit=False)] if start else []
    place = 0
    for piece in pieces:
        inside = piece.text[max(0, start - place) : max(0, start + width - place)]
        place += len(piece.text)
        if inside:
            cut.append(Piece(inside, piece.hit))
    if start + width < length:
        cut.append(Piece("…", hit=False))
    return tuple(cut)


def harmless(text: str) -> str:
    """Return a text without the control and direction characters that would steer a terminal."""
    return _UNSAFE.sub("", text)


def to_terminal(pieces: Iterable[Piece]) -> str:
    """Return pieces for a terminal: hits bold, control characters taken out."""
    safe = (Piece(harmless(piece.text), piece.hit) for piece in pieces)
    return "".join(f"{_BOLD}{piece.text}{_PLAIN}" if piece.hit else piece.text for piece in safe)


def to_html(pieces: Iterable[Piece]) -> str:
    """Return pieces for a web page, escaped one by one; hits stand in <mark>."""
    safe = (Piece(html.escape(piece.text), piece.hit) for piece in pieces)
    return "".join(f"<mark>{piece.text}</mark>" if piece.hit else piece.text for piece in safe)


def _spans_hit(found: Sequence[Span], leaf: Leaf) -> Iterator[int]:
    match leaf:
        case Word(stream, token):
            yield from _spans_with(found, token.__eq__, _which(stream))
            yield from _postcode(found, token)
        case Wildcard(pattern):
            whole = pattern_of(pattern).fullmatch
            yield from _spans_with(found, lambda token: whole(token) is not None, 0)
        case Fuzzy(word, edits):
            yield from _spans_with(found, lambda token: within_edits(token, word, edits), 0)
        case Phrase(stream, phrase):
            words, places = _placed(found, _which(stream))
            for start in starts_of(words, phrase):
                yield from places[start : start + len(phrase)]
            for at, span in enumerate(found):
                if span.split and any(True for _ in starts_of(span.split[_which(stream)], phrase)):
                    yield at
        case Near():
            words, places = _placed(found, _which(leaf.stream))
            for left, right in places_near(words, leaf):
                yield from places[left : left + len(leaf.left)]
                yield from places[right : right + len(leaf.right)]
        case _:
            assert_never(leaf)


def _which(stream: Stream) -> int:
    return 0 if stream is Stream.EXACT else 1


def _spans_with(found: Sequence[Span], test: Callable[[str], bool], which: int) -> Iterator[int]:
    for at, span in enumerate(found):
        if any(map(test, _tokens(span, which))) or any(map(test, _beside(span, which))):
            yield at


def _postcode(found: Sequence[Span], token: str) -> Iterator[int]:
    if token.isalpha():
        return
    for at, (one, next_one) in enumerate(pairwise(found)):
        if token == "".join(one.exact + next_one.exact):
            yield from (at, at + 1)


def _placed(found: Sequence[Span], which: int) -> tuple[list[str], list[int]]:
    """Return the main tokens in order, and the span of each."""
    placed = [(token, at) for at, span in enumerate(found) for token in _tokens(span, which)]
    return [token for token, _ in placed], [at for _, at in placed]


def _tokens(span: Span, which: int) -> tuple[str, ...]:
    return span.stem if which else span.exact


def _beside(span: Span, which: int) -> tuple[str, ...]:
    extra = (span.extra[which],) if span.extra else ()
    return (*extra, *span.split[which]) if span.split else extra
