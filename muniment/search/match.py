"""The plain evaluator: does this entry match this tree? Read from the tree's meaning, with no engine.

It is the oracle that both engines are tested against, and what new rows are matched with where there is no
index (holds; a search as at an earlier commit).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from muniment.search.entry import INTEGERS, KEYWORDS, Entry, integers, keywords
from muniment.search.likeness import pattern_of, within_edits
from muniment.search.tokens import streams
from muniment.search.tree import (
    And,
    Everything,
    Fuzzy,
    Keyword,
    Leaf,
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
)

__all__ = ["Reading", "holds", "matches", "places_near", "read", "starts_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An entry as the engines see it: its record, tokens by stream, values by field."""

    record_id: str
    tokens: Mapping[Stream, tuple[str, ...]]
    keywords: Mapping[str, tuple[str, ...]]
    integers: Mapping[str, int]


def read(entry: Entry) -> Reading:
    """Return the reading of an entry."""
    exact, stem = streams(entry.text)
    return Reading(
        record_id=entry.record_id,
        tokens={Stream.EXACT: tuple(exact.split()), Stream.STEM: tuple(stem.split())},
        keywords=dict(zip(KEYWORDS, keywords(entry), strict=True)),
        integers=dict(zip(INTEGERS, integers(entry), strict=True)),
    )


def matches(node: Node, reading: Reading) -> bool:
    """Say whether an entry matches."""
    match node:
        case Everything():
            answer = True
        case Word() | Phrase() | Near() | Wildcard() | Fuzzy():
            answer = holds(node, reading.tokens)
        case Records(ids):
            answer = reading.record_id in ids
        case Keyword(field, value):
            answer = value in reading.keywords[field]
        case Range(field, low, high):
            number = reading.integers[field]
            answer = (low is None or low <= number) and (high is None or number <= high)
        case And(nodes):
            answer = all(matches(child, reading) for child in nodes)
        case Or(nodes):
            answer = any(matches(child, reading) for child in nodes)
        case Not(child):
            answer = not matches(child, reading)
        case _:
            assert_never(node)
    return answer


def holds(leaf: Leaf, tokens: Mapping[Stream, Sequence[str]]) -> bool:
    """Say whether a text with these tokens matches a leaf."""
    match leaf:
        case Word(stream, token):
            return token in tokens[stream]
        case Phrase(stream, phrase):
            return any(True for _ in starts_of(tokens[stream], phrase))
        case Near():
            return any(True for _ in places_near(tokens[leaf.stream], leaf))
        case Wildcard(pattern):
            whole = pattern_of(pattern).fullmatch
            return any(whole(token) for token in tokens[Stream.EXACT])
        case Fuzzy(word, edits):
            return any(within_edits(token, word, edits) for token in tokens[Stream.EXACT])
        case _:
            assert_never(leaf)


def starts_of(tokens: Sequence[str], phrase: tuple[str, ...]) -> Iterator[int]:
    """Yield each place at which the tokens of a phrase begin, in order."""
    for start, token in enumerate(tokens):
        if token == phrase[0] and tuple(tokens[start : start + len(phrase)]) == phrase:
            yield start


def places_near(tokens: Sequence[str], near: Near) -> Iterator[tuple[int, int]]:
    """Yield where the left and the right side begin, for each pair that is near enough."""
    rights = list(starts_of(tokens, near.right))
    for left in starts_of(tokens, near.left):
        for right in rights:
            apart = (
                right - (left + len(near.left) - 1) if left < right else left - (right + len(near.right) - 1)
            )
            if 1 <= apart <= near.distance:
                yield left, right
