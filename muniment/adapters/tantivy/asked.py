"""What was asked lately of one state of an index, and what is known of it: the same is asked again and again.

Each page of a search shows its totals and its facets, and people go back to the page before. Elasticsearch
remembers as much. Another state of the index remembers nothing.
"""

from dataclasses import dataclass
from typing import Any, Final

from muniment.search.answer import FacetCounts
from muniment.search.place import Place
from muniment.search.tree import Node

__all__ = ["Ahead", "Asked", "AskedLately"]

_MOST_REMEMBERED: Final = 8
"""Questions; each takes 150 kB, and what it is about may name every record that somebody may not see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """Hits by time with their addresses, from a place on (None: from the newest); the last ones or not."""

    start: Place | None
    placed: list[tuple[Place, Any]]
    is_last: bool

    def after(self, start: Place | None, size: int) -> list[tuple[Place, Any]] | None:
        """Return the next hits after a place; None: they are not among these, or not all of them."""
        if self.start is not None and (start is None or start > self.start):
            return None
        some = [pair for pair in self.placed if start is None or pair[0] < start][:size]
        return some if len(some) == size or self.is_last else None


@dataclass(slots=True, kw_only=True)
class Asked:
    """A question, and what is known of the answer so far; `further`: versions of records counted already."""

    tree: Node
    versions: int | None = None
    further: int | None = None
    ahead: Ahead | None = None
    facets: FacetCounts | None = None


class AskedLately:
    """The last few questions; threads share them, and what two of them find out at once is the same."""

    def __init__(self) -> None:
        """Begin with none."""
        self._questions: tuple[Asked, ...] = ()

    def about(self, tree: Node) -> Asked:
        """Return what is known of a question."""
        known = next((one for one in self._questions if one.tree == tree), None) or Asked(tree=tree)
        others = tuple(one for one in self._questions if one is not known)
        self._questions = (known, *others[: _MOST_REMEMBERED - 1])
        return known
