"""Compiles a query tree for Elasticsearch; the rules, and what was measured behind each, are in search.md 4.

Fields and ranges narrow but do not score. Scores are those of the embedded engine: Elasticsearch's BM25 keeps
the factor of 2.2 (k1 + 1) that tantivy's has and bare Lucene leaves out, so a constant is 1 in both. A
person's text never reaches `query_string`.
"""

from typing import Any, Final, TypeAlias, assert_never

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

__all__ = ["compile_tree", "upto_commit"]

Clause: TypeAlias = dict[str, Any]

_MANY: Final = 50_000
"""Ids in one `terms` clause; the server refuses more than 65,536."""


def compile_tree(node: Node) -> Clause:  # noqa: PLR0911 -- one for each kind of node
    """Return the clause of a tree; it may match the watermark's document, which `upto_commit` leaves out."""
    match node:
        case Everything():
            return {"match_all": {}}
        case Word() | Phrase() | Near() | Wildcard() | Fuzzy():
            return _leaf(node)
        case Records(ids):
            wanted = sorted(ids)
            parts = [wanted[at : at + _MANY] for at in range(0, max(len(wanted), 1), _MANY)]
            return _narrows(_any_of([{"terms": {"record": part}} for part in parts]))
        case Keyword(field, value):
            return _narrows({"term": {field: value}})
        case Range(field, low, high):
            ends = {"gte": low, "lte": high}
            return _narrows({"range": {field: {name: end for name, end in ends.items() if end is not None}}})
        case And(nodes):
            return _all_of(nodes)
        case Or(nodes):
            return _any_of([compile_tree(child) for child in nodes])
        case Not():
            return _all_of((node,))
        case _:
            assert_never(node)


def upto_commit(node: Node, watermark: int) -> Clause:
    """Return the query of a search: no version of a commit that the watermark does not vouch for.

    A bulk that was broken off may leave such versions, and a restarted server shows them.
    """
    return {
        "bool": {
            "must": [compile_tree(node)],
            "filter": [{"range": {"commit_no": {"lte": watermark}}}],
        }
    }


def _leaf(leaf: Leaf) -> Clause:
    exact = Stream.EXACT.value
    match leaf:
        case Word(stream, token):
            return {"term": {stream.value: token}}
        case Phrase(stream, tokens):
            text = {"query": " ".join(tokens), "slop": 0, "analyzer": "whitespace"}
            return {"match_phrase": {stream.value: text}}
        case Near():
            return _near(leaf)
        case Wildcard(pattern):
            # A backslash would shield the sign after it there; to us it is a sign like any other.
            shielded = {"value": pattern.replace("\\", "\\\\"), "rewrite": "constant_score"}
            return {"wildcard": {exact: shielded}}
        case Fuzzy(token, edits):
            # The default rewrite keeps the 50 likeliest words and loses the hits of all others.
            return {
                "fuzzy": {
                    exact: {
                        "value": token,
                        "fuzziness": edits,
                        "prefix_length": 0,
                        "transpositions": True,
                        "rewrite": "constant_score",
                    }
                }
            }
        case _:
            assert_never(leaf)


def _near(near: Near) -> Clause:
    """Two ordered rules: a single unordered one lets the two sides overlap.

    They narrow; what scores are the words: each engine scores distance in a way of its own.
    """
    sides = [_run(near.left), _run(near.right)]
    rules = [
        {"all_of": {"ordered": True, "max_gaps": near.distance - 1, "intervals": order}}
        for order in (sides, sides[::-1])
    ]
    narrows = _narrows(_any_of([{"intervals": {near.stream.value: rule}} for rule in rules]))
    scores = [{"term": {word.stream.value: word.token}} for word in words_of(near)]
    return {"bool": {"must": [narrows, *scores]}}


def _run(tokens: tuple[str, ...]) -> Clause:
    text = {"query": " ".join(tokens), "ordered": True, "max_gaps": 0, "analyzer": "whitespace"}
    return {"match": text}


def _narrows(clause: Clause) -> Clause:
    return {"constant_score": {"filter": clause, "boost": 0.0}}


def _any_of(clauses: list[Clause]) -> Clause:
    return clauses[0] if len(clauses) == 1 else {"bool": {"should": clauses, "minimum_should_match": 1}}


def _all_of(nodes: tuple[Node, ...]) -> Clause:
    without = [compile_tree(child.node) for child in nodes if isinstance(child, Not)]
    must = [compile_tree(child) for child in nodes if not isinstance(child, Not)]
    return {"bool": {"must": must or [compile_tree(Everything())], "must_not": without}}
