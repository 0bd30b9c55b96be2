"""Compiles a query tree for tantivy; its traps, and what guards against each, are told in search.md 5.

A person's text never reaches tantivy's own query parser. Phrases have slop 0: words near each other are one
positional phrase for each distance, since tantivy's slop counts wrongly.
"""

import re
from typing import Any, assert_never

import tantivy

from muniment.search.errors import QueryError
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

__all__ = ["FLAGS", "compile_tree"]

FLAGS = frozenset({"edited", "current", "multi", "mark"})
"""Integers asked for by value; of the others only ranges are asked, which need no list of terms."""

_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")  # to escape more, such as < or >, is an error there
_WILDCARDS = {"*": ".*", "?": "."}

_Tantivy = Any  # tantivy ships no usable types: its classes are named here by role only


def compile_tree(node: Node, schema: _Tantivy) -> _Tantivy:
    """Compile a tree. Fields and ranges narrow but do not score, as in Elasticsearch's filters.

    Raises:
        QueryError: A pattern that is too costly.
    """
    make = tantivy.Query
    match node:
        case Everything():
            mark = make.term_query(schema, "mark", 1, "basic")
            query = make.boolean_query(
                [(tantivy.Occur.Must, make.all_query()), (tantivy.Occur.MustNot, mark)]
            )
        case Word() | Phrase() | Near() | Wildcard() | Fuzzy():
            query = _leaf(node, schema)
        case Records(ids):
            query = make.const_score_query(make.term_set_query(schema, "record", sorted(ids)), 0.0)
        case Keyword(field, value):
            query = make.const_score_query(make.term_query(schema, field, value, "basic"), 0.0)
        case Range(field, low, high) if field in FLAGS and low is not None and low == high:
            query = make.const_score_query(make.term_query(schema, field, low, "basic"), 0.0)
        case Range(field, low, high):
            whole = tantivy.FieldType.Integer
            query = make.const_score_query(make.range_query(schema, field, whole, low, high), 0.0)
        case And(nodes):
            query = _all_of(nodes, schema)
        case Or(nodes):
            query = _any_of([compile_tree(child, schema) for child in nodes])
        case Not():
            query = _all_of((node,), schema)
        case _:
            assert_never(node)
    return query


def _leaf(leaf: Leaf, schema: _Tantivy) -> _Tantivy:
    make = tantivy.Query
    exact = Stream.EXACT.value
    match leaf:
        case Word(stream, token):
            return make.term_query(schema, stream.value, token, "position")
        case Phrase(stream, tokens):
            return make.phrase_query(schema, stream.value, list(tokens), 0)
        case Near():
            return _near(leaf, schema)
        case Wildcard(pattern):
            try:
                found = make.regex_query(schema, exact, _expression(pattern))
            except ValueError as fault:
                remedy = "Write it with fewer wildcards."
                raise QueryError(f"{pattern} stands for too much", position=0, remedy=remedy) from fault
            return make.const_score_query(found, 1.0)
        case Fuzzy(token, edits):
            found = make.fuzzy_term_query(schema, exact, token, edits, True, False)  # noqa: FBT003 -- a swap is one edit; the whole word
            return make.const_score_query(found, 1.0)
        case _:
            assert_never(leaf)


def _near(near: Near, schema: _Tantivy) -> _Tantivy:
    placed = []
    for first, second in ((near.left, near.right), (near.right, near.left)):
        for apart in range(1, near.distance + 1):
            at = len(first) - 1 + apart
            words = [*enumerate(first), *enumerate(second, start=at)]
            placed.append(tantivy.Query.phrase_query(schema, near.stream.value, words, 0))
    return _any_of(placed)


def _expression(pattern: str) -> str:
    return "".join(_WILDCARDS.get(sign) or _SPECIAL.sub(r"\\\g<0>", sign) for sign in pattern)


def _any_of(queries: list[_Tantivy]) -> _Tantivy:
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])


def _all_of(nodes: tuple[Node, ...], schema: _Tantivy) -> _Tantivy:
    clauses = []
    for child in nodes:
        if isinstance(child, Not):
            clauses.append((tantivy.Occur.MustNot, compile_tree(child.node, schema)))
        else:
            clauses.append((tantivy.Occur.Must, compile_tree(child, schema)))
    if all(isinstance(child, Not) for child in nodes):
        clauses.append((tantivy.Occur.Must, compile_tree(Everything(), schema)))
    return tantivy.Query.boolean_query(clauses)
