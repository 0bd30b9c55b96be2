"""The tree of a query: what the parser builds, what each engine compiles, what the evaluator answers.

Plain frozen values, so a search can be compared, kept and repeated. A new kind of question is one more
class here, one branch in `match.matches`, one in each engine's compiler and one in `explain`; mypy names
every place, since each ends in `assert_never`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

__all__ = [
    "And",
    "Everything",
    "Keyword",
    "Node",
    "Not",
    "Or",
    "Phrase",
    "Query",
    "Range",
    "Stream",
    "Word",
    "leaves",
]


class Stream(StrEnum):
    """The two token streams of a text: words as written, and their stems."""

    EXACT = "x"
    STEM = "s"


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches every entry."""


@dataclass(frozen=True, slots=True)
class Word:
    """One token of a stream. `typed` is what the person wrote, for explanations only."""

    stream: Stream
    token: str
    typed: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Two or more tokens of a stream next to each other, in order."""

    stream: Stream
    tokens: tuple[str, ...]
    typed: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Keyword:
    """A field that holds exactly this value, folded as `entry.keywords` folds it."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Range:
    """An integer field from `low` to `high`, both included; None is an open end."""

    field: str
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more."""

    nodes: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of two or more."""

    nodes: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """Every entry but these."""

    node: "Node"


Node: TypeAlias = Everything | Word | Phrase | Keyword | Range | And | Or | Not


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A parsed query. `ignored` are typed pieces that hold nothing to search for, such as "!!!"."""

    typed: str
    tree: Node
    ignored: tuple[str, ...] = ()


def leaves(node: Node) -> Iterator[Word | Phrase]:
    """Yield the words and phrases that an entry may contain, those under a Not left out."""
    match node:
        case Word() | Phrase():
            yield node
        case And(nodes) | Or(nodes):
            for child in nodes:
                yield from leaves(child)
        case _:
            return
