"""The query language, parsed once into a tree; `docs` and error messages are the officer's way to it.

Bare words search the stem stream, quoted words and `=word` the exact one. All words must be there; `OR`
binds looser than that; `NOT` or `-` excludes; brackets group; operators count in capitals only. A tag, a
handle, an amount or an address is searched whole. `a NEAR/5 b` and `"a b"~3` find words near each other,
`coll*` and `b?n` patterns, `fuzz~` misspelt words. `field:value` narrows. Whatever else is typed is read as
plain words; only what is surely a mistake is refused, with its position and what to write instead.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from muniment.search.entry import fold_value
from muniment.search.errors import QueryError
from muniment.search.fields import FIELD_NAMES, FieldValue, field_node, within_days
from muniment.search.hints import hints_for
from muniment.search.tree import (
    MAX_NEAR,
    Fuzzy,
    Keyword,
    Near,
    Node,
    Not,
    Query,
    TypedPiece,
    Wildcard,
    leaves,
)
from muniment.search.words import (
    Side,
    all_of,
    any_of,
    loose_phrase,
    near_node,
    phrase_node,
    side_of,
    word_node,
)

__all__ = ["parse"]

MAX_QUERY_CHARACTERS = 10_000
MAX_DEPTH = 40
_QUOTES = '"“”'
MAX_COSTLY = 50
"""Patterns, misspelt words and pairs near each other in one query: each is many searches."""

_LEXER = re.compile(
    rf"""
      (?P<open>\()
    | (?P<close>\))
    | =?[{_QUOTES}](?P<phrase>[^{_QUOTES}]*)[{_QUOTES}](?:~(?P<slop>\d{{1,4}}))?
    | (?P<unclosed>[{_QUOTES}])
    | (?P<near>(?:NEAR|[wW])/(?P<distance>\d{{1,4}})(?=[\s(){_QUOTES}]|$))
    | (?P<op>(?:AND|OR|NOT|\|\||&&)(?=[\s(){_QUOTES}]|$))
    | (?P<minus>(?<![{_QUOTES})])-(?=\S))
    | (?P<field>(?i:{"|".join(FIELD_NAMES)})):(?=\S)
      (?:[{_QUOTES}](?P<quoted>[^{_QUOTES}]*)[{_QUOTES}] | (?P<value>\[[^\]]*\]?|[^\s(){_QUOTES}]*))
    | (?P<word>[^\s(){_QUOTES}]+)
    """,
    re.VERBOSE,
)
_SURROGATE = re.compile("[\ud800-\udfff]")
"""What stands for a byte that is no UTF-8; its word would be cut short there, and other words found."""
_IN_PLAIN_WORDS = {"||": "OR", "&&": "AND"}


class _Lexeme(NamedTuple):
    kind: str
    text: str
    at: int
    end: int
    value: FieldValue | None = None
    number: int | None = None


def parse(
    typed: str,
    *,
    platforms: Sequence[str] = (),
    accounts: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    held: Callable[[], frozenset[str]] | None = None,
    classed: bool = True,
) -> Query:
    """Return the query that was typed, narrowed by the filters given beside it.

    Args:
        typed: What a person wrote; may be empty when a filter is given.
        platforms: Any of these; none given means all.
        accounts: Any of these accounts.
        since: First Europe/London day.
        until: Last day, included.
        held: Gives the ids of all records under a hold, asked when `hold:` is typed; None: holds cannot be
            asked here (the scope of a hold may not speak of holds).
        classed: Whether classes can be asked: only the index has them. Matched with the archive's rows,
            `class:` would find nothing, and without it everything, and nobody would be told.

    Raises:
        QueryError: A mistake in `typed`, with its position and what to write instead.
    """
    if len(typed) > MAX_QUERY_CHARACTERS:
        remedy = f"Write at most {MAX_QUERY_CHARACTERS:,} characters."
        raise QueryError("The query is too long", position=MAX_QUERY_CHARACTERS, remedy=remedy)
    garbled = _SURROGATE.search(typed)
    if garbled:
        remedy = "Set the terminal to UTF-8 and type it again."
        raise QueryError("A letter did not come through whole", position=garbled.start(), remedy=remedy)
    filters: list[Node] = []
    for field, values in (("platform", platforms), ("account", accounts)):
        if values:
            filters.append(any_of([Keyword(field, fold_value(value)) for value in values]))
    if since or until:
        filters.append(within_days(since, until))
    parser = _Parser(typed, held, classed=classed)
    tree = parser.tree()
    if tree is None and not (filters and not parser.ignored):
        raise _nothing(parser.ignored)
    if tree is not None:
        _refuse_what_is_too_costly(tree)
    return Query(
        typed=typed,
        tree=all_of(([tree] if tree else []) + filters),
        ignored=tuple(parser.ignored),
        hints=hints_for(typed),
        pieces=tuple(parser.pieces),
    )


def _nothing(ignored: Sequence[str]) -> QueryError:
    found = f": {', '.join(ignored)} holds no letter or figure" if ignored else ""
    remedy = "Type a word, or narrow by a field such as platform:facebook."
    return QueryError(f"There is nothing to search for{found}", position=0, remedy=remedy)


def _refuse_what_is_too_costly(tree: Node) -> None:
    costly = sum(isinstance(leaf, Wildcard | Fuzzy | Near) for leaf in leaves(tree, negated=True))
    if costly > MAX_COSTLY:
        remedy = f"Use at most {MAX_COSTLY} patterns, misspelt words and pairs near each other; search twice."
        raise QueryError("The query asks for too much at once", position=0, remedy=remedy)


def _lex(typed: str) -> Iterator[_Lexeme]:
    for match in _LEXER.finditer(typed):
        at = match.start()
        if match["unclosed"]:
            remedy = 'Write " at the end of the phrase too, or leave it out.'
            raise QueryError("A quotation mark is not closed", position=at, remedy=remedy)
        if match["field"]:
            quoted = match["quoted"]
            value = FieldValue(match["field"].lower(), quoted or match["value"] or "", quoted is not None, at)
            yield _Lexeme("field", match.group(), at, match.end(), value)
        elif match["phrase"] is not None:
            yield _Lexeme(
                "phrase",
                match["phrase"],
                at,
                match.end(),
                number=int(match["slop"]) if match["slop"] else None,
            )
        elif match["near"]:
            yield _Lexeme("near", match["near"], at, match.end(), number=int(match["distance"]))
        else:
            yield _Lexeme(match.lastgroup or "word", match.group(), at, match.end())


class _Parser:
    """Recursive descent over the lexemes; a piece without letter or figure is set aside in `ignored`."""

    def __init__(self, typed: str, held: Callable[[], frozenset[str]] | None, *, classed: bool) -> None:
        self.ignored: list[str] = []
        self.pieces: list[TypedPiece] = []
        self._held = held
        self._classed = classed
        self._lexemes = tuple(_lex(typed))
        self._next = 0

    def tree(self) -> Node | None:
        if not self._lexemes:
            return None
        node = self._alternatives(0)
        extra = self._peek()
        if extra is not None:
            remedy = "Leave it out, or open the bracket before it with (."
            raise QueryError("A bracket ) was never opened", position=extra.at, remedy=remedy)
        return node

    def _peek(self) -> _Lexeme | None:
        return self._lexemes[self._next] if self._next < len(self._lexemes) else None

    def _operator(self) -> str:
        lexeme = self._peek()
        if lexeme is None or lexeme.kind != "op":
            return ""
        return _IN_PLAIN_WORDS.get(lexeme.text, lexeme.text)

    def _alternatives(self, depth: int) -> Node | None:
        nodes = [self._conjunction(depth)]
        while self._operator() == "OR":
            self._next += 1
            nodes.append(self._conjunction(depth))
        found = [node for node in nodes if node is not None]
        return any_of(found) if found else None

    def _conjunction(self, depth: int) -> Node | None:
        found: list[Node] = []
        self._expect_operand()
        while (lexeme := self._peek()) is not None and lexeme.kind != "close":
            operator = self._operator()
            if operator == "OR":
                break
            if operator == "AND":
                self._next += 1
                self._expect_operand()
                continue
            node = self._unit(depth)
            if node is not None:
                found.append(node)
        return all_of(found) if found else None

    def _expect_operand(self) -> None:
        """Refuse an operator with nothing beside it: guessing could turn the question round."""
        lexeme = self._peek()
        before = self._lexemes[self._next - 1] if self._next else None
        if lexeme is not None and self._operator() in ("AND", "OR"):
            raise _lonely(lexeme, "before")
        if (
            before is not None
            and before.kind in ("op", "minus")
            and (lexeme is None or lexeme.kind == "close")
        ):
            raise _lonely(before, "after")

    def _unit(self, depth: int) -> Node | None:
        negated = False
        while (lexeme := self._peek()) is not None and (lexeme.kind == "minus" or self._operator() == "NOT"):
            negated = not negated
            self._next += 1
            self._expect_operand()
        left = self._peek()
        node = self._atom(depth)
        operator = self._peek()
        if left is not None and operator is not None and operator.kind == "near":
            node = self._near(left, operator)
        return Not(node) if negated and node is not None else node

    def _near(self, left: _Lexeme, operator: _Lexeme) -> Node:
        """Return the node of two sides; `left` is read already."""
        if not 1 <= (distance := operator.number or 0) <= MAX_NEAR:
            remedy = f"Write a number from 1 (side by side) to {MAX_NEAR}."
            message = f"{operator.text} asks for {distance} words apart"
            raise QueryError(message, position=operator.at, remedy=remedy)
        self._next += 1
        right = self._peek()
        if right is None or right.kind in ("close", "op", "near", "minus"):
            raise _lonely(operator, "after")
        node = near_node(_side(left, operator), _side(right, operator), distance, operator.at)
        self._next += 1
        self.pieces[-1:] = [TypedPiece(left.at, right.end, node)]
        following = self._peek()
        if following is not None and following.kind == "near":
            remedy = f"Write {left.text} {operator.text} {right.text} AND {right.text} {following.text} …"
            raise QueryError("Only two sides can be near each other", position=following.at, remedy=remedy)
        return node

    def _atom(self, depth: int) -> Node | None:
        lexeme = self._lexemes[self._next]
        self._next += 1
        match lexeme.kind:
            case "open":
                return self._group(lexeme, depth)
            case "phrase" if lexeme.number is not None:
                node = loose_phrase(lexeme.text, lexeme.number, lexeme.at)
            case "phrase":
                node = phrase_node(lexeme.text)
            case "field" if lexeme.value is not None:
                return field_node(lexeme.value, self._held, classed=self._classed)
            case "near":
                raise _lonely(lexeme, "before")
            case _:
                node = word_node(lexeme.text, lexeme.at)
        if node is not None:
            self.pieces.append(TypedPiece(lexeme.at, lexeme.end, node))
        else:
            self.ignored.append(f'"{lexeme.text}"' if lexeme.kind == "phrase" else lexeme.text)
        return node

    def _group(self, opened: _Lexeme, depth: int) -> Node | None:
        if depth >= MAX_DEPTH:
            remedy = "Write the query with fewer brackets."
            raise QueryError("Too many brackets inside each other", position=opened.at, remedy=remedy)
        following = self._peek()
        if following is not None and following.kind == "close":
            self._next += 1
            self.ignored.append("()")
            return None
        node = self._alternatives(depth + 1) if following is not None else None
        if self._peek() is None:
            remedy = "Write ) where the group ends, or leave the bracket out."
            raise QueryError("A bracket ( is not closed", position=opened.at, remedy=remedy)
        self._next += 1
        return node


def _lonely(operator: _Lexeme, side: str) -> QueryError:
    remedy = (
        f'Write a word {side} it, or put it in quotation marks to search for it: "{operator.text.lower()}".'
    )
    return QueryError(f"Nothing stands {side} {operator.text}", position=operator.at, remedy=remedy)


def _side(lexeme: _Lexeme, operator: _Lexeme) -> Side:
    if lexeme.kind not in ("word", "phrase") or lexeme.number is not None:
        message = f"{operator.text} stands between words or phrases only"
        remedy = "Write one word or one quoted phrase on each side, and the rest with AND."
        raise QueryError(message, position=operator.at, remedy=remedy)
    return side_of(lexeme.text, quoted=lexeme.kind == "phrase", at=lexeme.at, operator=operator.text)
