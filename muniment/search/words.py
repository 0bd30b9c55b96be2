"""One typed piece, and what it asks for: a word, a tag, an address, a pattern, a misspelt word, a phrase.

The word rule of the tokeniser is applied to patterns too, since they are compared with tokens: `don't*`
looks for what begins with "dont", `fly-tip*` for what begins with "flytip", the joined form.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from muniment.search.errors import QueryError
from muniment.search.tokens import Span, fold, is_address, spans
from muniment.search.tree import (
    MAX_NEAR,
    And,
    Everything,
    Fuzzy,
    Near,
    Node,
    Or,
    Phrase,
    Stream,
    Wildcard,
    Word,
)

__all__ = ["Side", "all_of", "any_of", "loose_phrase", "near_node", "phrase_node", "side_of", "word_node"]

MAX_WILDCARDS = 8
MAX_PATTERN_CHARACTERS = 64
LEAST_LETTERS = 2
_LETTERS_FOR_EDITS = {1: 3, 2: 5}
_LONG_WORD = 6

_TRAILING = ".,;:!?)]}…'\u2019"
_FUZZY = re.compile(r"([#@]?\w[\w'\u2019\u02bc-]*)~(\d*)")
_POSSESSIVE = re.compile(r"'s(?=$|[*?])")
_STARS = re.compile(r"\*+")
_WILDCARD = re.compile(r"[*?]")
_SCHEME = re.compile(r"(?:https?://)?(?:www\.)?", re.IGNORECASE)
_LIKE_ADDRESS = re.compile(r"[^\s.@/]+@|.*[^\W\d*?][\w-]*\.[^\W\d]|\*\.\w|.*\w\.\*|.*\.\w+/", re.DOTALL)
_PIECE = re.compile(
    r"[#\uff03@\uff20£$€]?(?:[\w*?'\u2019\u02bc-]|(?<=\d)[.,:](?=[\d*?])|[^\W_]|[\U0001f000-\U0001faff\u2600-\u27bf])+"
)


class Side(NamedTuple):
    """One side of a NEAR, in both forms: should either side be quoted, both are looked for as written."""

    exact: tuple[str, ...]
    stem: tuple[str, ...]
    as_written: bool
    typed: str
    at: int


def word_node(text: str, at: int) -> Node | None:
    """Return the node of one unquoted piece; None when it holds no token.

    Raises:
        QueryError: A pattern that is too short or too long, or a slip that is too large for its word.
    """
    stream = Stream.EXACT if text.startswith("=") else Stream.STEM
    text = text.removeprefix("=")
    if is_address(text) and "*" not in text:
        return _address_node(text)
    core = text.rstrip(_TRAILING).lstrip("([{'¿")
    if any(map(str.isalnum, core)):
        fuzzy = _FUZZY.fullmatch(core)
        if fuzzy:
            return _fuzzy_node(fuzzy[1], fuzzy[2], at)
        if _WILDCARD.search(core):
            return all_of(list(_pattern_nodes(core, stream, at)))
    nodes = list(_plain_nodes(text, stream))
    return all_of(nodes) if nodes else None


def phrase_node(body: str) -> Node | None:
    """Return the node of a quoted text: its main tokens in order; None when it holds none."""
    tokens = _main_tokens(body)
    return _phrase(Stream.EXACT, tokens, body) if tokens else None


def loose_phrase(body: str, between: int, at: int) -> Node | None:
    """Return the node of `"a b"~n`: neighbours with at most so many words between them, in either order.

    Raises:
        QueryError: Too far, or a word beside itself.
    """
    if between >= MAX_NEAR:
        remedy = f"Write a number from 0 to {MAX_NEAR - 1}."
        raise QueryError(f"~{between} is too far apart", position=at, remedy=remedy)
    tokens = _main_tokens(body)
    if len(tokens) < LEAST_LETTERS or not between:
        return phrase_node(body)
    sides = [Side((token,), (token,), as_written=True, typed=token, at=at) for token in tokens]
    pairs = pairwise(sides)
    return all_of([near_node(one, other, between + 1, at) for one, other in pairs])


def side_of(text: str, *, quoted: bool, at: int, operator: str) -> Side:
    """Return one side of a NEAR.

    Raises:
        QueryError: It is neither a word nor a phrase.
    """
    as_written = quoted or text.startswith("=")
    body = text if quoted else text.removeprefix("=")
    core = body.rstrip(_TRAILING)
    if not quoted and (_WILDCARD.search(core) or _FUZZY.fullmatch(core)):
        remedy = "Write a whole word or a quoted phrase on each side."
        raise _not_a_side(text, operator, at, remedy)
    found = [span for span in spans(body) if span.kind != "gap"]
    if not quoted and (is_address(body) or any(span.kind not in ("w", "emoji") for span in found)):
        raise _not_a_side(text, operator, at, f'To look for its words write "{text}" in quotation marks.')
    if not found:
        raise _not_a_side(text, operator, at, "Write a word or a quoted phrase on each side.")
    exact = tuple(token for span in found for token in span.exact)
    stems = tuple(token for span in found for token in span.stem)
    return Side(exact, stems, as_written=as_written, typed=body.strip(), at=at)


def near_node(left: Side, right: Side, distance: int, at: int) -> Node:
    """Return the node of two sides near each other.

    Raises:
        QueryError: Both sides are the same.
    """
    as_written = left.as_written or right.as_written
    stream = Stream.EXACT if as_written else Stream.STEM
    first, second = (left.exact, right.exact) if as_written else (left.stem, right.stem)
    if first == second:
        remedy = f"Write two different words, or {left.typed} alone."
        raise QueryError(f"“{left.typed}” stands on both sides", position=at, remedy=remedy)
    return Near(stream, first, second, distance, (left.typed, right.typed))


def any_of(nodes: Sequence[Node]) -> Node:
    """Return the one node, or an Or."""
    return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))


def all_of(nodes: Sequence[Node]) -> Node:
    """Return the one node, or an And of them, without And inside And."""
    flat = [child for node in nodes for child in (node.nodes if isinstance(node, And) else (node,))]
    if not flat:
        return Everything()
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def _not_a_side(text: str, operator: str, at: int, remedy: str) -> QueryError:
    return QueryError(
        f"{operator} stands between words or phrases, and {text} is neither", position=at, remedy=remedy
    )


def _main_tokens(body: str) -> tuple[str, ...]:
    return tuple(token for span in spans(body) if span.kind != "gap" for token in span.exact)


def _plain_nodes(text: str, stream: Stream) -> Iterator[Node]:
    for span in spans(text):
        if span.kind != "gap":
            yield _span_node(span, stream, text[span.start : span.end])


def _phrase(stream: Stream, tokens: tuple[str, ...], typed: str) -> Word | Phrase:
    return Word(stream, tokens[0], typed) if len(tokens) == 1 else Phrase(stream, tokens, typed)


def _span_node(span: Span, stream: Stream, typed: str) -> Node:
    which = 0 if stream is Stream.EXACT else 1
    tokens = span.exact if stream is Stream.EXACT else span.stem
    if span.extra and (span.kind in ("tag", "money", "mail", "url") or (span.kind == "emoji" and which == 0)):
        return Word(Stream.EXACT, span.extra[0], typed)
    if span.kind == "emoji" or len(tokens) == 1:
        return Word(stream, tokens[0], typed)
    together = _phrase(stream, tokens, typed)
    return any_of([together, Word(stream, span.extra[which], typed)]) if span.extra else together


def _address_node(text: str) -> Node | None:
    """Return the node of an address: whole when it has a path; a host also where it was written bare."""
    has_scheme = "://" in text[:8]
    found = next(spans(text if has_scheme or text[:4].lower() == "www." else f"https://{text}"), None)
    if found is None:
        return None
    if found.extra and has_scheme:
        return Word(Stream.EXACT, found.extra[0], text)
    whole = found.extra[0] if found.extra else found.exact[0]
    bare = tuple(token for span in spans(whole) for token in span.exact)
    nodes: list[Node] = [Word(Stream.EXACT, whole, text)]
    if bare and bare != (whole,):
        nodes.append(_phrase(Stream.EXACT, bare, text))
    return any_of(nodes)


def _fuzzy_node(word: str, number: str, at: int) -> Node:
    token = _without_apostrophes(fold(word)).replace("-", "")
    letters = sum(map(str.isalnum, token))
    edits = int(number) if number else (1 if letters < _LONG_WORD else 2)
    if edits not in _LETTERS_FOR_EDITS:
        remedy = f"Write {word}~1 or {word}~2."
        raise QueryError(f"{word}~{number} is not 1 or 2 letters away", position=at, remedy=remedy)
    if letters < _LETTERS_FOR_EDITS[edits]:
        least = _LETTERS_FOR_EDITS[edits]
        remedy = f"Write a word of {least} letters or more, or the spellings with OR between them."
        raise QueryError(
            f"{word} is too short for ~{edits}: it would find most words", position=at, remedy=remedy
        )
    return Fuzzy(token, edits, word)


def _pattern_nodes(core: str, stream: Stream, at: int) -> Iterator[Node]:
    """Yield a pattern; where other marks stand between, each piece by itself, as with words."""
    bare = _SCHEME.sub("", core, count=1)
    if _LIKE_ADDRESS.match(bare):
        yield _wildcard(fold(bare), core, at)
        return
    for piece in _PIECE.findall(core):
        if not _WILDCARD.search(piece.rstrip("?")):
            yield from _plain_nodes(piece, stream)
        elif any(map(str.isalnum, piece)):
            yield _wildcard(_worded(piece), piece, at)


def _wildcard(pattern: str, typed: str, at: int) -> Node:
    pattern = _STARS.sub("*", "".join(pattern.split()))
    letters = len(_WILDCARD.sub("", pattern))
    wildcards = len(pattern) - letters
    if letters < LEAST_LETTERS:
        remedy = f"Write at least {LEAST_LETTERS} letters beside * and ?, or put it in quotation marks."
        raise QueryError(f"{typed} would find most words", position=at, remedy=remedy)
    if wildcards > MAX_WILDCARDS or len(pattern) > MAX_PATTERN_CHARACTERS:
        remedy = (
            f"Write at most {MAX_WILDCARDS} signs * and ? and {MAX_PATTERN_CHARACTERS} letters in one word."
        )
        raise QueryError(f"{typed} is too long for a pattern", position=at, remedy=remedy)
    return Wildcard(pattern, typed)


def _worded(piece: str) -> str:
    """Return a pattern as the tokeniser would file the words it stands for."""
    pattern = _without_apostrophes(fold(piece))
    sigil = pattern[:1] if pattern[:1] in "#@£$€" else ""
    if sigil:
        return sigil + pattern[1:].replace(",", "")
    return pattern.replace("-", "").replace(",", "")


def _without_apostrophes(folded: str) -> str:
    return _POSSESSIVE.sub("", folded).replace("'", "")
