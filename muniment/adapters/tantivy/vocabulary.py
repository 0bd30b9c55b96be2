"""The words that an index holds, for patterns that begin with `*`.

tantivy runs such a pattern over its whole dictionary, twice a page: 110 ms of a processor each at 780,000
entries. A page takes 30 when the pattern's longest literal is looked for in the list that the writer keeps,
and the words found are asked for.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, Final

from muniment.adapters.tantivy.listed import ListedWords
from muniment.search.likeness import pattern_of

__all__ = ["Vocabulary"]

_SHARE: Final = 16
"""Of 90,000 words every eleventh took a page 92 ms of a processor one by one, 80 through the dictionary."""

_WILDCARDS: Final = re.compile(r"[*?]+")


class Vocabulary:
    """The exact stream's words, those that one searcher sees and perhaps more; read when first asked for."""

    def __init__(self, searcher: Any, listed: ListedWords | None = None) -> None:
        """Keep whose words they are, and the list of them, if there is one."""
        self._searcher = searcher
        self._listed = listed
        self._lines: bytes | None = None

    def like(self, pattern: str) -> frozenset[str]:
        """Return the words that match a pattern whole."""
        return frozenset(self._like(pattern))

    def few_like(self, pattern: str) -> frozenset[str] | None:
        """Return them; None: they are so many that going through the dictionary is as fast."""
        most = self._words().count(b"\n") // _SHARE
        words = list(islice(self._like(pattern), most + 1))
        return None if len(words) > most else frozenset(words)

    def holds(self, word: str) -> bool:
        """Say whether a word stands in the list on the disk."""
        return self._listed is not None and b"\n%b\n" % word.encode() in self._words()

    def _like(self, pattern: str) -> Iterator[str]:
        lines = self._words()
        # Of `*ing` only what stands at the end of a word is looked at.
        literal = max(_WILDCARDS.split(f"{pattern}\n"), key=len).encode()
        matches = pattern_of(pattern).fullmatch
        at = lines.find(literal)
        while at >= 0:
            start, end = lines.rindex(b"\n", 0, at) + 1, lines.index(b"\n", at)
            word = lines[start:end].decode(errors="replace")  # what a kill cut off is no word
            if matches(word):
                yield word
            at = lines.find(literal, end)

    def _words(self) -> bytes:
        if self._lines is None and self._listed is not None:
            with suppress(OSError):  # another generation is in use meanwhile, and this one's folder is gone
                self._lines = self._listed.read()
        if self._lines is None:
            words = (word for word, _ in self._searcher.terms_with_prefix("x", ""))
            self._lines = "\n".join(["", *words, ""]).encode()
        return self._lines
