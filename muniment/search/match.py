"""The plain evaluator: does this entry match this tree? Read from the tree's meaning, with no engine.

It is the oracle that both engines are tested against, and what new rows are matched with where there is no
index (holds; a search as at an earlier commit).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from muniment.search.entry import INTEGERS, KEYWORDS, Entry, integers, keywords
from muniment.search.tokens import streams
from muniment.search.tree import And, Everything, Keyword, Node, Not, Or, Phrase, Range, Stream, Word

__all__ = ["Reading", "matches", "read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An entry as the engines see it: tokens by stream, values by field."""

    tokens: Mapping[Stream, tuple[str, ...]]
    keywords: Mapping[str, tuple[str, ...]]
    integers: Mapping[str, int]


def read(entry: Entry) -> Reading:
    """Return the reading of an entry."""
    exact, stem = streams(entry.text)
    return Reading(
        tokens={Stream.EXACT: tuple(exact.split()), Stream.STEM: tuple(stem.split())},
        keywords=dict(zip(KEYWORDS, keywords(entry), strict=True)),
        integers=dict(zip(INTEGERS, integers(entry), strict=True)),
    )


def matches(node: Node, reading: Reading) -> bool:
    """Say whether an entry matches."""
    match node:
        case Everything():
            answer = True
        case Word(stream, token):
            answer = token in reading.tokens[stream]
        case Phrase(stream, tokens):
            answer = _has_phrase(reading.tokens[stream], tokens)
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


def _has_phrase(tokens: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    return any(
        tokens[start : start + len(phrase)] == phrase
        for start, token in enumerate(tokens)
        if token == phrase[0]
    )
