"""Which of many queries an entry matches: a thousand holds are asked of every new version.

Queries that ask the same are asked once. Of each one something is known without which it cannot match: one of
some terms of the text, or one of some values of a field. It is filed under these, so an entry is held only
against the queries that something of its own leads to, and against the few of which nothing is known (days
alone, a NOT). Of few queries each is asked. Fields come first, since what they rule out needs nothing of the
text; then words and patterns, which `terms` finds without tokens; tokens are made for phrases and NEAR only,
when all their words are there. A test holds all of it to the plain evaluator.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias, assert_never

from muniment.search.entry import INTEGERS, KEYWORDS, Entry, day_of, integers, keywords
from muniment.search.match import holds
from muniment.search.terms import Term, Terms, terms_of
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

_Judge: TypeAlias = Callable[[Entry], bool]


class Scopes:
    """Queries under numbers, to be asked of entry after entry."""

    def __init__(self, asked: Iterable[tuple[int, Node]]) -> None:
        """Sort the queries by what they cannot match without."""
        numbers: dict[Node, list[int]] = {}
        for number, tree in asked:
            numbers.setdefault(tree, []).append(number)
        terms = Terms(
            term for tree in numbers for leaf in leaves(tree, negated=True) for term in terms_of(leaf)
        )
        # A text is asked for by every query, and again for each state its record stood in.
        self._in_text = lru_cache(maxsize=1)(terms.in_text)
        self._queries = [_Query(told, self._compiled(tree)) for tree, told in numbers.items()]
        self._always: list[_Query] = []
        self._by_term: dict[Term, list[_Query]] = {}
        for tree, query in zip(numbers, self._queries, strict=True):
            needs = _needs(tree)
            for filed in (
                [self._always] if needs is None else [self._by_term.setdefault(one, []) for one in needs]
            ):
                filed.append(query)

    def matched(self, entry: Entry, states: Iterable[str] = ()) -> list[int]:
        """Return the numbers of the queries that an entry matches, as it stands or in another state."""
        stood = [entry, *(entry._replace(state=one) for one in states if one != entry.state)]
        asked = self._queries if len(self._queries) <= _FEW else self._led_to(stood)
        found: list[int] = []
        for query in asked:
            if any(map(query.judge, stood)):
                found += query.numbers
        return found

    def _led_to(self, stood: Sequence[Entry]) -> Iterable["_Query"]:
        """Return each query once that something of an entry leads to."""
        found = dict.fromkeys(self._always)
        for terms in (self._in_text(stood[0].text), *map(_values, stood)):
            for term in terms:
                if term in self._by_term:
                    found.update(dict.fromkeys(self._by_term[term]))
        return found

    def _compiled(self, node: Node) -> _Judge:
        """Return what `match.matches` says of a tree, asking as little of an entry as tells it."""
        match node:
            case Word() | Wildcard() | Fuzzy():
                (term,) = terms_of(node)
                return lambda entry: term in self._in_text(entry.text)
            case Phrase() | Near():
                terms = terms_of(node)
                return lambda entry: terms <= self._in_text(entry.text) and holds(node, _tokens(entry.text))
            case And(nodes):
                all_of = [self._compiled(one) for one in sorted(nodes, key=_cost)]
                return lambda entry: all(judge(entry) for judge in all_of)
            case Or(nodes):
                any_of = [self._compiled(one) for one in sorted(nodes, key=_cost)]
                return lambda entry: any(judge(entry) for judge in any_of)
            case Not(child):
                judge = self._compiled(child)
                return lambda entry: not judge(entry)
            case _:
                return _of_fields(node)


@dataclass(frozen=True, slots=True, eq=False)
class _Query:
    """The numbers that a query is asked under, and what judges an entry."""

    numbers: Sequence[int]
    judge: _Judge


def _of_fields(node: Everything | Records | Keyword | Range) -> _Judge:
    match node:
        case Everything():
            return lambda _: True
        case Records(ids):
            return lambda entry: entry.record_id in ids
        case Keyword(field, value):
            values = KEYWORDS.index(field)
            return lambda entry: value in keywords(entry)[values]
        case Range(field, low, high):
            return _between(field, low, high)
        case _:
            assert_never(node)


def _between(field: str, low: int | None, high: int | None) -> _Judge:
    least = float("-inf") if low is None else low
    most = float("inf") if high is None else high
    if field == "day":  # nearly every range: the other numbers of an entry are not worked out for it
        return lambda entry: least <= day_of(entry.ts) <= most
    place = INTEGERS.index(field)
    return lambda entry: least <= integers(entry)[place] <= most


def _cost(node: Node) -> int:
    """Return what a tree asks for: 0 fields, 1 words or patterns, 2 tokens in their order."""
    return max((1 + isinstance(leaf, Phrase | Near) for leaf in leaves(node, negated=True)), default=0)


@lru_cache(maxsize=1)
def _tokens(text: str) -> Mapping[Stream, Sequence[str]]:
    return {stream: joined.split() for stream, joined in zip(Stream, streams(text), strict=True)}


def _values(entry: Entry) -> Iterator[Term]:
    yield _RECORD, entry.record_id
    for field, values in zip(KEYWORDS, keywords(entry), strict=True):
        for value in values:
            yield field, value


def _needs(node: Node) -> frozenset[Term] | None:
    """Return terms of which whatever matches has at least one; None: none are known."""
    needs: frozenset[Term] | None = None
    match node:
        case Word() | Wildcard() | Fuzzy():
            needs = terms_of(node)
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
        case Everything() | Records() | Range() | Not():
            pass
        case _:
            assert_never(node)
    return needs


def _breadth(needs: frozenset[Term]) -> tuple[bool, int]:
    """Return how many entries terms lead to, as far as can be guessed: a field has few values."""
    return any(isinstance(one, tuple) and one[0] in KEYWORDS for one in needs), len(needs)
