"""Says in plain English what a query searches for; the sentence goes into the statement of search."""

from datetime import date
from typing import assert_never

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

__all__ = ["explain"]


def explain(node: Node) -> str:
    """Return what the tree matches, as the end of "Every record that …"."""
    match node:
        case Everything():
            said = "is held"
        case Word() | Phrase() | Near() | Wildcard() | Fuzzy():
            said = _leaf(node)
        case Records(_, name):
            said = name
        case Keyword("class", value):
            said = f"has class {value} (as of last night)"  # the index takes classes anew each night
        case Keyword(field, value):
            said = f"has {field} {value}"
        case Range():
            said = _range(node)
        case And(nodes):
            said = " and ".join(map(_part, nodes))
        case Or(nodes):
            said = " or ".join(map(_part, nodes))
        case Not(child):
            said = f"is not one that {_part(child)}"
        case _:
            assert_never(node)
    return said


def _leaf(leaf: Leaf) -> str:
    match leaf:
        case Word(stream, token, typed):
            form = "any form of " if stream is Stream.STEM and token.isalpha() else ""
            return f"has {form}“{typed or token}”"
        case Phrase(stream, tokens, typed):
            form = "any form of the phrase" if stream is Stream.STEM else "the exact phrase"
            return f"has {form} “{typed or ' '.join(tokens)}”"
        case Near(stream, left, right, distance, typed):
            form = "any form of " if stream is Stream.STEM else ""
            first, second = typed[0] or " ".join(left), typed[1] or " ".join(right)
            apart = "beside" if distance == 1 else f"at most {distance} words from"
            return f"has {form}“{first}” {apart} {form}“{second}”, in either order"
        case Wildcard(pattern, typed):
            return _pattern(typed or pattern)
        case Fuzzy(token, edits, typed):
            slips = "one letter" if edits == 1 else f"{edits} letters"
            return f"has “{typed or token}” or a word that differs from it by at most {slips}"
        case _:
            assert_never(leaf)


def _pattern(typed: str) -> str:
    bare = typed.strip("*")
    if "*" in bare or "?" in bare:
        return f"has a word that fits the pattern “{typed}”"
    match typed.startswith("*"), typed.endswith("*"):
        case True, True:
            return f"has a word with “{bare}” in it"
        case True, False:
            return f"has a word that ends with “{bare}”"
    return f"has a word that begins with “{bare}”"


def _part(node: Node) -> str:
    return f"({explain(node)})" if isinstance(node, And | Or) else explain(node)


def _range(node: Range) -> str:
    if node.field == "edited":
        return "was edited"
    low, high = (None if number is None else _day(number) for number in (node.low, node.high))
    match low, high:
        case None, None:
            return "has any date"
        case _, None:
            return f"is dated {low} or later"
        case None, _:
            return f"is dated {high} or earlier"
    return f"is dated {low}" if low == high else f"is dated {low} to {high}"


def _day(number: int) -> str:
    day = date(number // 10_000, number // 100 % 100, number % 100)
    return f"{day.day} {day:%B %Y}"
