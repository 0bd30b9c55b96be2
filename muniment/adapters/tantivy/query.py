"""Compiles a query tree for tantivy; its traps, and what guards against each, are told in search.md 5.

A person's text never reaches tantivy's own query parser. Phrases have slop 0: words near each other are one
positional phrase for each distance, since tantivy's slop counts wrongly.
"""

import re
from typing import Any, assert_never

import tantivy

from muniment.adapters.tantivy.vocabulary import Vocabulary
from muniment.search.errors import QueryError
from muniment.search.relevance import words_of
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

__all__ = ["FLAGS", "Compiler"]

FLAGS = frozenset({"edited", "current", "multi", "mark"})
"""Integers asked for by value; of the others only ranges are asked, which need no list of terms."""

_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")  # to escape more, such as < or >, is an error there
_WILDCARDS = {"*": ".*", "?": "."}
_MOST_PATTERNS = 16

_Tantivy = Any  # tantivy ships no usable types: its classes are named here by role only


class Compiler:
    """Makes queries for one searcher: its schema, and the words it holds."""

    def __init__(self, schema: _Tantivy, vocabulary: Vocabulary) -> None:
        """Keep both."""
        self._schema = schema
        self._vocabulary = vocabulary
        self._patterns: dict[str, _Tantivy] = {}
        self._records: tuple[frozenset[str], _Tantivy] | None = None

    def compile(self, node: Node) -> _Tantivy:
        """Compile a tree. Fields and ranges narrow but do not score, as in Elasticsearch's filters.

        Raises:
            QueryError: A pattern that is too costly.
        """
        make = tantivy.Query
        match node:
            case Everything():
                mark = make.term_query(self._schema, "mark", 1, "basic")
                query = make.boolean_query(
                    [(tantivy.Occur.Must, make.all_query()), (tantivy.Occur.MustNot, mark)]
                )
            case Word() | Phrase() | Near() | Wildcard() | Fuzzy():
                query = self._leaf(node)
            case Records(ids):
                query = self._any_record(ids)
            case Keyword(field, value):
                query = make.const_score_query(make.term_query(self._schema, field, value, "basic"), 0.0)
            case Range(field, low, high) if field in FLAGS and low is not None and low == high:
                query = make.const_score_query(make.term_query(self._schema, field, low, "basic"), 0.0)
            case Range(field, low, high):
                whole = tantivy.FieldType.Integer
                query = make.const_score_query(make.range_query(self._schema, field, whole, low, high), 0.0)
            case And(nodes):
                query = self._all_of(nodes)
            case Or(nodes):
                query = _any_of([self.compile(child) for child in nodes])
            case Not():
                query = self._all_of((node,))
            case _:
                assert_never(node)
        return query

    def _any_record(self, ids: frozenset[str]) -> _Tantivy:
        """Compile a set of records; the last is kept, since each part of an answer leaves out the same."""
        known = self._records
        if known is None or known[0] is not ids:
            found = tantivy.Query.term_set_query(self._schema, "record", sorted(ids))
            known = self._records = (ids, tantivy.Query.const_score_query(found, 0.0))
        return known[1]

    def _leaf(self, leaf: Leaf) -> _Tantivy:
        make = tantivy.Query
        exact = Stream.EXACT.value
        match leaf:
            case Word(stream, token):
                return make.term_query(self._schema, stream.value, token, "position")
            case Phrase(stream, tokens):
                return make.phrase_query(self._schema, stream.value, list(tokens), 0)
            case Near():
                return _near(leaf, self._schema)
            case Wildcard(pattern):
                found = self._like(pattern)
                return make.const_score_query(found, 1.0)
            case Fuzzy(token, edits):
                found = make.fuzzy_term_query(self._schema, exact, token, edits, True, False)  # noqa: FBT003 -- a swap is one edit; the whole word
                return make.const_score_query(found, 1.0)
            case _:
                assert_never(leaf)

    def _like(self, pattern: str) -> _Tantivy:
        """Compile a pattern; the last few are kept, since each part of an answer asks for the same."""
        known = self._patterns.get(pattern)
        if known is None:
            if len(self._patterns) >= _MOST_PATTERNS:
                self._patterns.clear()
            known = self._patterns[pattern] = self._pattern(pattern)
        return known

    def _pattern(self, pattern: str) -> _Tantivy:
        leads = pattern[:1] in _WILDCARDS and bool(pattern.strip("*?"))
        if leads and pattern.lstrip("?").startswith("*"):
            words = self._vocabulary.few_like(pattern)
            if words is not None:
                return self._any_word(words)
        try:
            return tantivy.Query.regex_query(self._schema, Stream.EXACT.value, _expression(pattern))
        except ValueError as fault:
            if leads:
                return self._any_word(self._vocabulary.like(pattern))
            remedy = "Write it with fewer wildcards."
            raise QueryError(f"{pattern} stands for too much", position=0, remedy=remedy) from fault

    def _any_word(self, words: frozenset[str]) -> _Tantivy:
        return tantivy.Query.term_set_query(self._schema, Stream.EXACT.value, list(words))

    def _all_of(self, nodes: tuple[Node, ...]) -> _Tantivy:
        clauses = []
        for child in nodes:
            if isinstance(child, Not):
                clauses.append((tantivy.Occur.MustNot, self.compile(child.node)))
            else:
                clauses.append((tantivy.Occur.Must, self.compile(child)))
        if all(isinstance(child, Not) for child in nodes):
            clauses.append((tantivy.Occur.Must, self.compile(Everything())))
        return tantivy.Query.boolean_query(clauses)


def _near(near: Near, schema: _Tantivy) -> _Tantivy:
    """Return what finds the words near each other; it scores as the words do, in both engines alike."""
    placed = []
    for first, second in ((near.left, near.right), (near.right, near.left)):
        for apart in range(1, near.distance + 1):
            at = len(first) - 1 + apart
            words = [*enumerate(first), *enumerate(second, start=at)]
            placed.append(tantivy.Query.phrase_query(schema, near.stream.value, words, 0))
    narrows = tantivy.Query.const_score_query(_any_of(placed), 0.0)
    scores = [
        tantivy.Query.term_query(schema, word.stream.value, word.token, "position") for word in words_of(near)
    ]
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, one) for one in (narrows, *scores)])


def _expression(pattern: str) -> str:
    return "".join(_WILDCARDS.get(sign) or _SPECIAL.sub(r"\\\g<0>", sign) for sign in pattern)


def _any_of(queries: list[_Tantivy]) -> _Tantivy:
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])
