"""Which of many queries an entry matches: a thousand holds are asked of every new version.

Queries that ask the same are asked once. Of each one something is known without which it cannot match: one of
some tokens, or one of some values of a field. It is filed under these, so an entry is held only against the
queries that something of its own leads to, and against the few of which nothing is known (days alone, a NOT).
Whatever is left is judged as the plain evaluator judges it; a test holds the two together.

Of few queries the fields are asked first, since what they rule out needs no tokens (`narrowing`).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Final, TypeAlias, assert_never

from muniment.search.entry import KEYWORDS, Entry
from muniment.search.likeness import pattern_of
from muniment.search.match import Reading, matches
from muniment.search.narrowing import fields_of, may_match
from muniment.search.tokens import streams
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

__all__ = ["Scopes"]

_FEW: Final = 8
_NAMES: Final = 1_000
"""More record ids than that are looked up in the query itself."""
_RECORD: Final = "record_id"
_WORDS: Final = 65_536

Term: TypeAlias = tuple[str, str] | Wildcard | Fuzzy
"""A token in its stream, a value in its field, or a pattern that some token fits."""


class Scopes:
    """Queries under numbers, to be asked of entry after entry."""

    def __init__(self, asked: Iterable[tuple[int, Node]]) -> None:
        """Sort the queries by what they cannot match without."""
        numbers: dict[Node, list[int]] = {}
        for number, tree in asked:
            numbers.setdefault(tree, []).append(number)
        self._queries = tuple(_Query(tree, told, _compiled(tree)) for tree, told in numbers.items())
        self._always: list[_Query] = []
        self._by_term: dict[Term, list[_Query]] = {}
        self._patterns: list[Wildcard | Fuzzy] = []
        self._of_token = lru_cache(maxsize=_WORDS)(self._patterns_of)
        for query in self._queries:
            needs = _needs(query.tree)
            if needs is None:
                self._always.append(query)
                continue
            for term in needs:
                if term not in self._by_term and isinstance(term, Wildcard | Fuzzy):
                    self._patterns.append(term)
                self._by_term.setdefault(term, []).append(query)
        self._any_pattern = _any_of(self._patterns)

    def matched(self, entry: Entry, states: Iterable[str] = ()) -> list[int]:
        """Return the numbers of the queries that an entry matches, as it stands or in another state."""
        fields = fields_of(entry)
        stood = [fields, *(_in_state(fields, one) for one in states if one != entry.state)]
        asked: Iterable[_Query] = self._queries
        if len(self._queries) <= _FEW:
            asked = [one for one in asked if any(may_match(one.tree, fields) for fields in stood)]
            if not asked:
                return []
        tokens = _tokens(entry)
        readings = [replace(one, tokens=tokens) for one in stood]
        if len(self._queries) > _FEW:
            asked = self._led_to(readings)
        found: list[int] = []
        for query in asked:
            if any(map(query.judge, readings)):
                found += query.numbers
        return found

    def _led_to(self, readings: Sequence[Reading]) -> Iterable["_Query"]:
        """Return each query once that something of an entry leads to."""
        found = dict.fromkeys(self._always)
        for term in _terms(readings):
            if term in self._by_term:
                found.update(dict.fromkeys(self._by_term[term]))
        if self._patterns:
            for token in set(readings[0].tokens[Stream.EXACT]):
                for pattern in self._of_token(token):
                    found.update(dict.fromkeys(self._by_term[pattern]))
        return found

    def _patterns_of(self, token: str) -> tuple[Wildcard | Fuzzy, ...]:
        """Return the patterns that a token fits; asked once for each token, since texts repeat words."""
        if self._any_pattern is not None and not self._any_pattern.fullmatch(token):
            return ()
        reading = Reading(record_id="", tokens={Stream.EXACT: (token,)}, keywords={}, integers={})
        return tuple(one for one in self._patterns if matches(one, reading))


@dataclass(frozen=True, slots=True, eq=False)
class _Query:
    """A query, the numbers it is asked under, and what judges a reading."""

    tree: Node
    numbers: Sequence[int]
    judge: Callable[[Reading], bool]


def _any_of(patterns: Sequence[Wildcard | Fuzzy]) -> re.Pattern[str] | None:
    """Return one expression for all patterns: most tokens fit none. None: some are no expressions."""
    told = [pattern_of(one.pattern).pattern for one in patterns if isinstance(one, Wildcard)]
    return re.compile("|".join(f"(?:{one})" for one in told)) if len(told) == len(patterns) else None


def _compiled(node: Node) -> Callable[[Reading], bool]:
    """Return what `match.matches` says of a tree, without walking it anew for each entry."""
    match node:
        case Word(stream, token):
            return lambda reading: token in reading.tokens[stream]
        case Keyword(field, value):
            return lambda reading: value in reading.keywords[field]
        case And(nodes):
            all_of = tuple(map(_compiled, sorted(nodes, key=_asks_text)))
            return lambda reading: all(one(reading) for one in all_of)
        case Or(nodes):
            any_of = tuple(map(_compiled, nodes))
            return lambda reading: any(one(reading) for one in any_of)
        case Not(child):
            judge = _compiled(child)
            return lambda reading: not judge(reading)
        case _:
            return partial(matches, node)


def _asks_text(node: Node) -> bool:
    return any(True for _ in leaves(node, negated=True))


def _tokens(entry: Entry) -> Mapping[Stream, tuple[str, ...]]:
    exact, stem = streams(entry.text)
    return {Stream.EXACT: tuple(exact.split()), Stream.STEM: tuple(stem.split())}


def _in_state(fields: Reading, state: str) -> Reading:
    return replace(fields, keywords={**fields.keywords, "state": (state,)})


def _terms(readings: Sequence[Reading]) -> Iterator[Term]:
    first = readings[0]
    yield _RECORD, first.record_id
    for stream, tokens in first.tokens.items():
        for token in set(tokens):
            yield stream, token
    for reading in readings:
        for name, values in reading.keywords.items():
            for value in values:
                yield name, value


def _needs(node: Node) -> frozenset[Term] | None:
    """Return terms of which whatever matches has at least one; None: none are known."""
    needs: frozenset[Term] | None = None
    match node:
        case Word(stream, token):
            needs = frozenset({(stream, token)})
        case Phrase(stream, tokens) | Near(stream, tokens):
            needs = frozenset({(stream, max(tokens, key=len))})
        case Wildcard() | Fuzzy():
            needs = frozenset({node})
        case Keyword(field, value):
            needs = frozenset({(field, value)})
        case Records(ids) if len(ids) <= _NAMES:
            needs = frozenset((_RECORD, one) for one in ids)
        case And(nodes):
            known = [one for one in map(_needs, nodes) if one is not None]
            needs = min(known, key=_breadth, default=None)
        case Or(nodes):
            parts = [_needs(child) for child in nodes]
            sure = [one for one in parts if one is not None]
            needs = frozenset().union(*sure) if len(sure) == len(parts) else None
        case Everything() | Records() | Range() | Not():
            pass
        case _:
            assert_never(node)
    return needs


def _breadth(needs: frozenset[Term]) -> tuple[bool, int]:
    """Return how many entries terms lead to, as far as can be guessed: a field has few values."""
    return any(isinstance(one, tuple) and one[0] in KEYWORDS for one in needs), len(needs)
