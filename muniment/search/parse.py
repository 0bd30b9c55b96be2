"""The query language, parsed once into a tree; `docs` and error messages are the officer's way to it.

Bare words search the stem stream, quoted words and `=word` the exact one. All words must be there; `OR`
binds looser than that; `NOT` or `-` excludes; brackets group; operators count in capitals only. A tag, a
handle, an amount or an address is searched whole. `field:value` narrows. Whatever else is typed is read
as plain words; only what is surely a mistake, or cannot be answered yet, is refused, with its position and
what to write instead.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from muniment.search.entry import fold_value
from muniment.search.errors import QueryError
from muniment.search.fields import FIELD_NAMES, FieldValue, field_node, within_days
from muniment.search.tokens import Span, is_address, spans
from muniment.search.tree import And, Everything, Keyword, Node, Not, Or, Phrase, Query, Stream, Word

__all__ = ["parse"]

MAX_QUERY_CHARACTERS = 10_000
MAX_DEPTH = 40
_QUOTES = '"“”'
_TRAILING = ".,;:!?)]}…'"
_LEXER = re.compile(
    rf"""
      (?P<open>\()
    | (?P<close>\))
    | =?[{_QUOTES}](?P<phrase>[^{_QUOTES}]*)[{_QUOTES}](?P<slop>~\d)?
    | (?P<unclosed>[{_QUOTES}])
    | (?P<near>(?:NEAR|[wW])/\d+(?=[\s()]|$))
    | (?P<op>(?:AND|OR|NOT|\|\||&&)(?=[\s(){_QUOTES}]|$))
    | (?P<minus>(?<![{_QUOTES})])-(?=\S))
    | (?P<field>(?i:{"|".join(FIELD_NAMES)})):(?=\S)
      (?:[{_QUOTES}](?P<quoted>[^{_QUOTES}]*)[{_QUOTES}] | (?P<value>\[[^\]]*\]?|[^\s(){_QUOTES}]*))
    | (?P<word>[^\s(){_QUOTES}]+)
    """,
    re.VERBOSE,
)
_FUZZY = re.compile(r"\w[\w'\u2019-]*~\d*")
_IN_PLAIN_WORDS = {"||": "OR", "&&": "AND"}


class _Lexeme(NamedTuple):
    kind: str
    text: str
    at: int
    value: FieldValue | None = None


def parse(
    typed: str,
    *,
    platforms: Sequence[str] = (),
    accounts: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
) -> Query:
    """Return the query that was typed, narrowed by the filters given beside it.

    Args:
        typed: What a person wrote; may be empty when a filter is given.
        platforms: Any of these; none given means all.
        accounts: Any of these accounts.
        since: First Europe/London day.
        until: Last day, included.

    Raises:
        QueryError: A mistake in `typed`, with its position and what to write instead.
    """
    if len(typed) > MAX_QUERY_CHARACTERS:
        remedy = f"Write at most {MAX_QUERY_CHARACTERS:,} characters."
        raise QueryError("The query is too long", position=MAX_QUERY_CHARACTERS, remedy=remedy)
    filters: list[Node] = []
    for field, values in (("platform", platforms), ("account", accounts)):
        if values:
            filters.append(_any_of([Keyword(field, fold_value(value)) for value in values]))
    if since or until:
        filters.append(within_days(since, until))
    parser = _Parser(typed)
    tree = parser.tree()
    if tree is None and not (filters and not parser.ignored):
        raise _nothing(parser.ignored)
    return Query(typed=typed, tree=_all_of(([tree] if tree else []) + filters), ignored=tuple(parser.ignored))


def _nothing(ignored: Sequence[str]) -> QueryError:
    found = f": {', '.join(ignored)} holds no letter or figure" if ignored else ""
    remedy = "Type a word, or narrow by a field such as platform:facebook."
    return QueryError(f"There is nothing to search for{found}", position=0, remedy=remedy)


def _lex(typed: str) -> Iterator[_Lexeme]:
    for match in _LEXER.finditer(typed):
        at = match.start()
        if match["unclosed"]:
            remedy = 'Write " at the end of the phrase too, or leave it out.'
            raise QueryError("A quotation mark is not closed", position=at, remedy=remedy)
        if match["slop"]:
            remedy = f'Write "{match["phrase"]}" for the exact phrase, or the words without quotation marks.'
            position = match.start("slop")
            raise QueryError("Words near each other cannot be searched yet", position=position, remedy=remedy)
        if match["field"]:
            quoted = match["quoted"]
            value = FieldValue(match["field"].lower(), quoted or match["value"] or "", quoted is not None, at)
            yield _Lexeme("field", match.group(), at, value)
        elif match["phrase"] is not None:
            yield _Lexeme("phrase", match["phrase"], at)
        else:
            yield _Lexeme(match.lastgroup or "word", match.group(), at)


class _Parser:
    """Recursive descent over the lexemes; a piece without letter or figure is set aside in `ignored`."""

    def __init__(self, typed: str) -> None:
        self.ignored: list[str] = []
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
        return _any_of(found) if found else None

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
        return _all_of(found) if found else None

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
        node = self._atom(depth)
        return Not(node) if negated and node is not None else node

    def _atom(self, depth: int) -> Node | None:
        lexeme = self._lexemes[self._next]
        self._next += 1
        match lexeme.kind:
            case "open":
                return self._group(lexeme, depth)
            case "phrase":
                node = _phrase_node(lexeme.text)
            case "field" if lexeme.value is not None:
                return field_node(lexeme.value)
            case "near":
                remedy = "Write both words for all records that hold both, or a quoted phrase."
                raise QueryError(f"{lexeme.text} cannot be searched yet", position=lexeme.at, remedy=remedy)
            case _:
                node = _word_node(lexeme)
        if node is None:
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


def _phrase_node(body: str) -> Node | None:
    tokens = tuple(token for span in spans(body) if span.kind != "gap" for token in span.exact)
    return _phrase(Stream.EXACT, tokens, body) if tokens else None


def _phrase(stream: Stream, tokens: tuple[str, ...], typed: str) -> Word | Phrase:
    return Word(stream, tokens[0], typed) if len(tokens) == 1 else Phrase(stream, tokens, typed)


def _word_node(lexeme: _Lexeme) -> Node | None:
    """Return the node of one unquoted piece; None when it holds no token."""
    text = lexeme.text
    stream = Stream.EXACT if text.startswith("=") else Stream.STEM
    text = text.removeprefix("=")
    if is_address(text):
        return _address_node(text)
    _refuse_patterns(text, lexeme.at)
    nodes = [
        _span_node(span, stream, text[span.start : span.end]) for span in spans(text) if span.kind != "gap"
    ]
    return _all_of(nodes) if nodes else None


def _refuse_patterns(text: str, at: int) -> None:
    core = text.rstrip(_TRAILING).lstrip("([{'¿")
    if not any(map(str.isalnum, core)):
        return
    if _FUZZY.fullmatch(core):
        word = core.partition("~")[0]
        remedy = f"Write {word} for the word and its endings, with OR between other spellings."
        raise QueryError(f"{core}: spellings like a word cannot be searched yet", position=at, remedy=remedy)
    if "*" in core or "?" in core:
        remedy = "Without it a word finds its usual endings too. In quotation marks the sign is left out."
        raise QueryError(f"{core}: wildcards * and ? cannot be searched yet", position=at, remedy=remedy)


def _span_node(span: Span, stream: Stream, typed: str) -> Node:
    which = 0 if stream is Stream.EXACT else 1
    tokens = span.exact if stream is Stream.EXACT else span.stem
    if span.extra and (span.kind in ("tag", "money", "mail", "url") or (span.kind == "emoji" and which == 0)):
        return Word(Stream.EXACT, span.extra[0], typed)
    if span.kind == "emoji" or len(tokens) == 1:
        return Word(stream, tokens[0], typed)
    together = _phrase(stream, tokens, typed)
    return _any_of([together, Word(stream, span.extra[which], typed)]) if span.extra else together


def _address_node(text: str) -> Node | None:
    """Return the node of an address: whole when it has a path; a host also where it was written bare."""
    has_scheme = "://" in text[:8]
    found = next(spans(text if has_scheme or text[:4].lower() == "www." else f"https://{text}"), None)
    if found is None:
        return None
    if found.extra and has_scheme:
        return Word(Stream.EXACT, found.extra[0], text)
    whole = found.extra[0] if found.extra else found.exact[0]
    bare = tuple(token for span in spans(whole) for token in span.exact)
    nodes: list[Node] = [Word(Stream.EXACT, whole, text)]
    if bare and bare != (whole,):
        nodes.append(_phrase(Stream.EXACT, bare, text))
    return _any_of(nodes)


def _any_of(nodes: Sequence[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))


def _all_of(nodes: Sequence[Node]) -> Node:
    flat = [child for node in nodes for child in (node.nodes if isinstance(node, And) else (node,))]
    if not flat:
        return Everything()
    return flat[0] if len(flat) == 1 else And(tuple(flat))
