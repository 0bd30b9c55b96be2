"""The order by relevance in plain Python: where there is no index. The formula is that of both engines.

It is BM25 (k1 1.2, b 0.75): a word counts for more the rarer it is, the oftener it stands in a text, and the
shorter the text. A phrase counts by the rareness of its words together; words near each other count as the
words that they are; a pattern, a misspelt word and "everything" count 1; fields and dates narrow, and count
nothing. Lengths are rounded as the engines round them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log
from typing import Final, assert_never

from muniment.search.match import Reading, matches, starts_of
from muniment.search.tree import (
    And,
    Everything,
    Fuzzy,
    Keyword,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Range,
    Records,
    Stream,
    Wildcard,
    Word,
    leaves,
)

__all__ = ["Relevance", "Weighed", "is_scored", "words_of"]

_K1: Final = 1.2
_B: Final = 0.75
_EXACT_LENGTHS: Final = 24
_FIGURES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What one entry has of what was asked: how often each word or phrase; lengths by stream; constants."""

    found: tuple[tuple[Word | Phrase, int], ...]
    lengths: Mapping[Stream, int]
    constant: float


class Relevance:
    """Sees every entry once, then tells scores: how rare a word is is known at the end only."""

    def __init__(self, tree: Node) -> None:
        """Take what is asked."""
        self._tree = tree
        self._entries = 0
        self._tokens = dict.fromkeys(Stream, 0)
        self._having = {(word.stream, word.token): 0 for word in _scored_words(tree)}

    def see(self, reading: Reading) -> None:
        """Count an entry, whether it matches or not."""
        self._entries += 1
        for stream in Stream:
            self._tokens[stream] += len(reading.tokens[stream])
        for stream, token in self._having:
            self._having[stream, token] += token in reading.tokens[stream]

    def weigh(self, reading: Reading) -> Weighed:
        """Return what an entry that matches has, in little: its text is not needed any more."""
        found: list[tuple[Word | Phrase, int]] = []
        constant = _gather(self._tree, reading, found)
        lengths = {stream: _rounded(len(tokens)) for stream, tokens in reading.tokens.items()}
        return Weighed(found=tuple(found), lengths=lengths, constant=constant)

    def score(self, weighed: Weighed) -> float:
        """Return the score of an entry, once all were seen."""
        score = weighed.constant
        for leaf, times in weighed.found:
            average = self._tokens[leaf.stream] / self._entries
            length = weighed.lengths[leaf.stream] / average
            share = times * (_K1 + 1) / (times + _K1 * (1 - _B + _B * length))
            tokens = (leaf.token,) if isinstance(leaf, Word) else leaf.tokens
            score += share * sum(self._rareness(leaf.stream, token) for token in tokens)
        return score

    def _rareness(self, stream: Stream, token: str) -> float:
        having = self._having[stream, token]
        return log(1 + (self._entries - having + 0.5) / (having + 0.5))


def is_scored(tree: Node) -> bool:
    """Say whether anything scores; where nothing does all scores are alike, and the order is that of time."""
    return any(True for _ in leaves(tree))


def words_of(near: Near) -> tuple[Word, ...]:
    """Return what words near each other are scored by: each of them once."""
    return tuple(Word(near.stream, token) for token in dict.fromkeys((*near.left, *near.right)))


def _gather(node: Node, reading: Reading, found: list[tuple[Word | Phrase, int]]) -> float:
    """Add what scores in an entry that matches this node; return the sum of what scores a constant."""
    match node:
        case Everything() | Wildcard() | Fuzzy():
            return 1.0
        case Word(stream, token):
            found.append((node, reading.tokens[stream].count(token)))
        case Phrase(stream, tokens):
            found.append((node, sum(1 for _ in starts_of(reading.tokens[stream], tokens))))
        case Near():
            return sum(_gather(word, reading, found) for word in words_of(node))
        case And(nodes):
            wanted = [child for child in nodes if not isinstance(child, Not)]
            return sum(_gather(child, reading, found) for child in wanted or [Everything()])
        case Or(nodes):
            return sum(_gather(child, reading, found) for child in nodes if matches(child, reading))
        case Not():
            return 1.0
        case Records() | Keyword() | Range():
            pass
        case _:
            assert_never(node)
    return 0.0


def _scored_words(node: Node) -> Iterator[Word]:
    match node:
        case Word():
            yield node
        case Phrase(stream, tokens):
            yield from (Word(stream, token) for token in tokens)
        case Near():
            yield from words_of(node)
        case And(nodes) | Or(nodes):
            for child in nodes:
                yield from _scored_words(child)
        case _:
            return


def _rounded(length: int) -> int:
    """Return a length as an index keeps it, in one byte: above 39 its first four binary figures."""
    over = length - _EXACT_LENGTHS
    shift = max(over.bit_length() - _FIGURES, 0) if over > 0 else 0
    return _EXACT_LENGTHS + (over >> shift << shift) if over > 0 else length
