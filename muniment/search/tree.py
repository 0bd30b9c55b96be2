"""The tree of a query: what the parser builds, what each engine compiles, what the evaluator answers.

Plain frozen values, so a search can be compared, kept and repeated. A new kind of question is one more
class here, one branch in `match.matches`, one in each engine's compiler and one in `explain`; mypy names
every place, since each ends in `assert_never`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

__all__ = [
    "MAX_NEAR",
    "And",
    "Everything",
    "Fuzzy",
    "Keyword",
    "Leaf",
    "Near",
    "Node",
    "Not",
    "Or",
    "Phrase",
    "Query",
    "Range",
    "Records",
    "Stream",
    "TypedPiece",
    "Wildcard",
    "Word",
    "leaves",
]

MAX_NEAR = 20
"""How far apart the sides of a Near may stand: an engine asks for each distance by itself."""


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
class Near:
    """Two runs of tokens of one stream, in either order, that do not overlap.

    From the last token of the first run to the first of the second are 1 to `distance` positions, so 1 is
    side by side; `distance` is 1 to MAX_NEAR. The runs differ. Each side's `typed` is for explanations.
    """

    stream: Stream
    left: tuple[str, ...]
    right: tuple[str, ...]
    distance: int
    typed: tuple[str, str] = field(default=("", ""), compare=False)


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Tokens of the exact stream that match whole: `*` is any characters or none, `?` exactly one.

    At least two other characters, at most 8 wildcards and 64 characters.
    """

    pattern: str
    typed: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Tokens of the exact stream within 1 or 2 edits of `token`; a swap of two neighbours is one edit."""

    token: str
    edits: int
    typed: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Records:
    """Records by id, where the register gave the answer; `said` ends "Every record that …"."""

    ids: frozenset[str]
    said: str = field(default="", compare=False)


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


Leaf: TypeAlias = Word | Phrase | Near | Wildcard | Fuzzy
"""What is looked for in the text itself."""

Node: TypeAlias = Everything | Leaf | Records | Keyword | Range | And | Or | Not


class TypedPiece(NamedTuple):
    """Where in the typed query a word, a phrase or a pattern stands, and what it asks for."""

    start: int
    end: int
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A parsed query.

    `ignored` are typed pieces that hold nothing to search for, such as "!!!". `hints` are sentences about
    what was taken as plain words and may have been meant otherwise. `pieces` are what was looked for in the
    text, in the order typed, those under a NOT too.
    """

    typed: str
    tree: Node
    ignored: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    pieces: tuple[TypedPiece, ...] = ()


def leaves(node: Node, *, negated: bool = False) -> Iterator[Leaf]:
    """Yield what an entry may contain in its text; what stands under a Not only if `negated`."""
    match node:
        case Word() | Phrase() | Near() | Wildcard() | Fuzzy():
            yield node
        case And(nodes) | Or(nodes):
            for child in nodes:
                yield from leaves(child, negated=negated)
        case Not(child) if negated:
            yield from leaves(child, negated=negated)
        case _:
            return
