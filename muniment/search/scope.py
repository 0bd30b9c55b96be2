"""Which platforms, accounts and days a query is limited to: what completeness has to be told of."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from muniment.search.tree import And, Keyword, Node, Or, Range

__all__ = ["SearchScope", "scope_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchScope:
    """What was looked through. Empty sets and None: no limit. Days are London days, ends included."""

    platforms: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    since: date | None = None
    until: date | None = None


def scope_of(tree: Node) -> SearchScope:
    """Return a scope that holds every entry the tree can match; it may be wider, never narrower."""
    parts = tree.nodes if isinstance(tree, And) else (tree,)
    days = [part for part in parts if isinstance(part, Range) and part.field == "day"]
    lows = [_day(part.low) for part in days if part.low is not None]
    highs = [_day(part.high) for part in days if part.high is not None]
    return SearchScope(
        platforms=_values(parts, "platform"),
        accounts=_values(parts, "account"),
        since=max(lows, default=None),
        until=min(highs, default=None),
    )


def _values(parts: tuple[Node, ...], field: str) -> frozenset[str]:
    for part in parts:
        values = list(_either(part, field))
        if values and None not in values:
            return frozenset(value for value in values if value is not None)
    return frozenset()


def _either(node: Node, field: str) -> Iterator[str | None]:
    """Yield the values of a field, one of which an entry must have; None where it may have another."""
    match node:
        case Keyword(name, value) if name == field:
            yield value
        case Or(nodes):
            for child in nodes:
                yield from _either(child, field)
        case _:
            yield None


def _day(number: int) -> date:
    return date(number // 10_000, number // 100 % 100, number % 100)
