"""What many queries ask of a text, found piece by piece, without making all its tokens.

The tokeniser looks across no space but between the halves of a postcode. So a text bears a word, or what a
pattern fits, if and only if one of its pieces does; which of the words asked for a piece bears is remembered,
and texts repeat their pieces. Where a piece may end a postcode, the whole text is made into tokens.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from muniment.search.likeness import pattern_of
from muniment.search.match import holds
from muniment.search.tokens import MAX_REMEMBERED_LENGTH, may_end_postcode, streams
from muniment.search.tree import Fuzzy, Leaf, Near, Phrase, Stream, Wildcard, Word

__all__ = ["Term", "Terms", "terms_of"]

Term: TypeAlias = tuple[str, str] | Wildcard | Fuzzy
"""A token in its stream, a value in its field, or a pattern that some token fits."""

_ENDS_POSTCODE: Final = ("", "postcode")
_NOTHING: Final[frozenset[Term]] = frozenset()
_REMEMBERED: Final = 65_536


def terms_of(leaf: Leaf) -> frozenset[Term]:
    """Return the terms of which a text that matches a leaf bears every one."""
    match leaf:
        case Word(stream, token):
            return frozenset({(stream.value, token)})
        case Phrase(stream, tokens):
            return frozenset((stream.value, token) for token in tokens)
        case Near(stream, left, right):
            return frozenset((stream.value, token) for token in (*left, *right))
        case Wildcard() | Fuzzy():
            return frozenset({leaf})


class Terms(dict[str, frozenset[Term]]):
    """Which of the terms asked for each piece between spaces bears; a piece is read when it is first met."""

    def __init__(self, asked: Iterable[Term]) -> None:
        """Take the terms that are asked for."""
        super().__init__()
        words: dict[str, set[str]] = {stream.value: set() for stream in Stream}
        self._patterns: list[Wildcard | Fuzzy] = []
        for term in set(asked):
            if isinstance(term, tuple):
                words[term[0]].add(term[1])
            else:
                self._patterns.append(term)
        self._words = tuple(words.items())
        self._any_pattern = _any_of(self._patterns)

    def in_text(self, text: str) -> frozenset[Term]:
        """Return every term asked for that a text bears."""
        found = _NOTHING.union(*map(self.__getitem__, text.split()))
        return self._among(_tokens(text)) if _ENDS_POSTCODE in found else found

    def __missing__(self, piece: str) -> frozenset[Term]:
        tokens = _tokens(piece)
        found = self._among(tokens)
        if any(map(may_end_postcode, tokens[0][:1])):
            found |= {_ENDS_POSTCODE}
        if len(piece) <= MAX_REMEMBERED_LENGTH:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[piece] = found
        return found

    def _among(self, tokens: Sequence[Sequence[str]]) -> frozenset[Term]:
        found: list[Term] = []
        for (stream, asked), borne in zip(self._words, tokens, strict=True):
            if not asked.isdisjoint(borne):
                found += [(stream, token) for token in asked.intersection(borne)]
        if self._patterns:
            for token in tokens[0]:
                if self._any_pattern is None or self._any_pattern.fullmatch(token):
                    found += [one for one in self._patterns if holds(one, {Stream.EXACT: (token,)})]
        return frozenset(found) if found else _NOTHING


def _tokens(text: str) -> list[list[str]]:
    return [joined.split() for joined in streams(text)]


def _any_of(patterns: Iterable[Wildcard | Fuzzy]) -> re.Pattern[str] | None:
    """Return one expression for all patterns: most tokens fit none. None: some are no expressions."""
    told = [pattern_of(one.pattern).pattern if isinstance(one, Wildcard) else None for one in patterns]
    return None if None in told else re.compile("|".join(f"(?:{one})" for one in told))
