"""The words that an index holds, for patterns that begin with a wildcard.

tantivy would run such a pattern over its whole dictionary: 50 ms at 300,000 words. Looking for the pattern's
longest literal in one joined string, and testing what is found, takes 5 (search.md 8).
"""

import re
from collections.abc import Iterator
from typing import Any

from muniment.search.likeness import pattern_of

__all__ = ["Vocabulary"]

_WILDCARDS = re.compile(r"[*?]+")


class Vocabulary:
    """The exact stream's words as one searcher sees them; read when first asked for."""

    def __init__(self, searcher: Any) -> None:
        """Keep whose words they are."""
        self._searcher = searcher
        self._joined: str | None = None

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
