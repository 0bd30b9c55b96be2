"""Says in plain English what a query searches for; the sentence goes into the statement of search."""

from datetime import date
from typing import assert_never

from muniment.search.tree import And, Everything, Keyword, Node, Not, Or, Phrase, Range, Stream, Word

__all__ = ["explain"]


def explain(node: Node) -> str:
    """Return what the tree matches, as the end of "Every record that …"."""
    match node:
        case Everything():
            said = "is held"
        case Word(stream, token, typed):
            form = "any form of " if stream is Stream.STEM and token.isalpha() else ""
            said = f"has {form}“{typed or token}”"
        case Phrase(stream, tokens, typed):
            form = "any form of the phrase" if stream is Stream.STEM else "the exact phrase"
            said = f"has {form} “{typed or ' '.join(tokens)}”"
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
