"""Which of many queries an entry matches: a thousand holds are asked of every new version.

Queries that ask the same are asked once. Of each one something is known without which it cannot match: one of
some tokens, or one of some values of a field. It is filed under these, so an entry is held only against the
queries that something of its own leads to, and against the few of which nothing is known (all but days, a
wildcard, a NOT). Whatever is left is judged by the plain evaluator: the answer is its answer.

Of few queries the fields are asked first, since what they rule out needs no tokens (`narrowing`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias, assert_never

from muniment.search.entry import Entry
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
)

__all__ = ["Scopes"]

_FEW: Final = 8
_NAMES: Final = 1_000
"""More record ids than that are looked up in the query itself."""
_RECORD: Final = "record_id"

Term: TypeAlias = tuple[str, str]
"""A token in its stream, or a value in its field."""


class Scopes:
    """Queries under numbers, to be asked of entry after entry."""

    def __init__(self, asked: Iterable[tuple[int, Node]]) -> None:
        """Sort the queries by what they cannot match without."""
        numbers: dict[Node, list[int]] = {}
        for number, tree in asked:
            numbers.setdefault(tree, []).append(number)
        self._numbers: Mapping[Node, Sequence[int]] = numbers
        self._always: list[Node] = []
        self._by_term: dict[Term, list[Node]] = {}
        self._by_token: dict[Term, list[Node]] = {}
        for tree in numbers:
            needs = _needs(tree)
            if needs is None:
                self._always.append(tree)
                continue
            for term in needs:
                where = self._by_token if term[0] in _STREAMS else self._by_term
                where.setdefault(term, []).append(tree)

    def matched(self, entry: Entry, states: Iterable[str] = ()) -> list[int]:
        """Return the numbers of the queries that an entry matches, as it stands or in one of other states."""
        fields = fields_of(entry)
        stood = [fields, *(_in_state(fields, one) for one in states if one != entry.state)]
        tokens: Mapping[Stream, tuple[str, ...]] | None = None
        if len(self._numbers) <= _FEW:
            asked: Iterable[Node] = self._numbers
        else:
            tokens = _tokens(entry)
            asked = self._led_to(stood, tokens)
        found: list[int] = []
        for tree in asked:
            may = [one for one in stood if may_match(tree, one)]
            if not may:
                continue
            if tokens is None:
                tokens = _tokens(entry)
            if any(matches(tree, replace(one, tokens=tokens)) for one in may):
                found += self._numbers[tree]
        return found

    def _led_to(self, stood: Sequence[Reading], tokens: Mapping[Stream, tuple[str, ...]]) -> Iterator[Node]:
        """Yield each query once that something of an entry leads to."""
        found: dict[Node, None] = dict.fromkeys(self._always)
        for fields in stood:
            for term in _terms(fields):
                found.update(dict.fromkeys(self._by_term.get(term, ())))
        if self._by_token:
            for stream, words in tokens.items():
                for token in set(words):
                    found.update(dict.fromkeys(self._by_token.get((stream.value, token), ())))
        return iter(found)


_STREAMS: Final = frozenset(one.value for one in Stream)


def _tokens(entry: Entry) -> Mapping[Stream, tuple[str, ...]]:
    exact, stem = streams(entry.text)
    return {Stream.EXACT: tuple(exact.split()), Stream.STEM: tuple(stem.split())}


def _in_state(fields: Reading, state: str) -> Reading:
    return replace(fields, keywords={**fields.keywords, "state": (state,)})


def _terms(fields: Reading) -> Iterator[Term]:
    yield _RECORD, fields.record_id
    for name, values in fields.keywords.items():
        for value in values:
            yield name, value


def _needs(node: Node) -> frozenset[Term] | None:
    """Return terms of which whatever matches has at least one; None: none are known."""
    needs: frozenset[Term] | None = None
    match node:
        case Word(stream, token):
            needs = frozenset({(stream.value, token)})
        case Phrase(stream, tokens) | Near(stream, tokens):
            needs = frozenset({(stream.value, max(tokens, key=len))})
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
        case Everything() | Records() | Wildcard() | Fuzzy() | Range() | Not():
            pass
        case _:
            assert_never(node)
    return needs


def _breadth(needs: frozenset[Term]) -> tuple[bool, int]:
    """Return how many entries terms lead to, as far as can be guessed: a field has few values."""
    return any(name not in _STREAMS and name != _RECORD for name, _ in needs), len(needs)
