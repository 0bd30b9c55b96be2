"""The words that an index holds, for patterns that begin with a wildcard.

tantivy runs such a pattern over its whole dictionary: 50 ms at 300,000 words. Looking for the pattern's
longest literal in one joined string, and testing what is found, takes 5 (search.md 8); but the list of words
costs as much as four of its runs. So the first few patterns are left to tantivy, and then the list is made.
"""

import re
from collections.abc import Iterator
from typing import Any

from muniment.search.likeness import pattern_of

__all__ = ["Vocabulary"]

_UNLISTED = 4
"""So many patterns are run without the list: one page, its facets, and some more."""

_WILDCARDS = re.compile(r"[*?]+")


class Vocabulary:
    """The exact stream's words as one searcher sees them; read when first asked for."""

    def __init__(self, searcher: Any) -> None:
        """Keep whose words they are."""
        self._searcher = searcher
        self._joined: str | None = None
        self._unlisted = 0

    def is_worth_listing(self) -> bool:
        """Say whether a pattern is to be looked for in the list of words; asked once for each run."""
        self._unlisted += 1
        return self._joined is not None or self._unlisted > _UNLISTED

    def like(self, pattern: str) -> Iterator[str]:
        """Yield the words that match a pattern whole."""
        joined = self._words()
        literal = max(_WILDCARDS.split(pattern), key=len)
        matches = pattern_of(pattern).fullmatch
        at = joined.find(literal)
        while at >= 0:
            start, end = joined.rindex("\n", 0, at) + 1, joined.index("\n", at)
            word = joined[start:end]
            if matches(word):
                yield word
            at = joined.find(literal, end)

    def _words(self) -> str:
        if self._joined is None:
            words = (word for word, _ in self._searcher.terms_with_prefix("x", ""))
            self._joined = "\n".join(["", *words, ""])
        return self._joined
