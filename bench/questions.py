"""Questions of each class, no two alike: what somebody waits for who asks something new.

Their words are those of the corpus, common ones, so that each finds much; the same number gives the same.
"""

# ruff: noqa: S311 -- questions, no secret

import random
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Final

from bench.parity_corpus import invented

__all__ = ["questions"]

_READ: Final = 5_000
_COMMON: Final = 60
_PLATFORMS: Final = ("facebook", "x", "bluesky", "mastodon", "wordpress")
_YEARS: Final = (2020, 2021, 2022, 2023)


class _Words:
    """Draws words of the corpus."""

    def __init__(self) -> None:
        self.dice = random.Random(3)
        texts = [entry.text.lower().split() for entry in invented(_READ)]
        counted = Counter(word for text in texts for word in text if word.isascii() and word.isalpha())
        long = [word for word, _ in counted.most_common() if len(word) > 4]
        self._common, self._rare = long[:_COMMON], [word for word in long if counted[word] == 1]
        both = Counter(pair for text in texts for pair in pairwise(text) if all(map(str.isalpha, pair)))
        self._pairs = [" ".join(pair) for pair, _ in both.most_common(_COMMON)]

    @property
    def common(self) -> str:
        return self.dice.choice(self._common)

    @property
    def rare(self) -> str:
        return self.dice.choice(self._rare)

    @property
    def pair(self) -> str:
        return self.dice.choice(self._pairs)


_CLASSES: Final[Mapping[str, Callable[[_Words], str]]] = {
    "rare words": lambda some: some.rare,
    "common words": lambda some: some.common,
    "phrases of two words": lambda some: f'"{some.pair}"',
    "(a OR b) c NOT d": lambda some: f"({some.common} OR {some.common}) {some.common} -{some.common}",
    "prefixes such as coll*": lambda some: f"{some.common[:4]}*",
    "patterns such as c*n*": lambda some: "*".join((*some.common[:3:2], "")),
    "patterns such as *hole*": lambda some: f"*{some.common[1:5]}*",
    "patterns such as *ing": lambda some: f"*{some.common[-3:]}",
    "misspelt words, 1 edit": lambda some: f"{some.common}~1",
    "misspelt words, 2 edits": lambda some: f"{some.common}~2",
    "words near each other": lambda some: f"{some.common} NEAR/5 {some.common}",
    "fields and dates": lambda some: (
        f"{some.common} platform:{some.dice.choice(_PLATFORMS)} state:live "
        f"date:[{some.dice.choice(_YEARS)}-01-01 TO 2024-12-31]"
    ),
    "all without a word": lambda some: f"-{some.common}",
}


def questions(count: int) -> Mapping[str, tuple[str, ...]]:
    """Return so many different questions of each class, by its name; at most thirty or so."""
    some = _Words()
    found: dict[str, tuple[str, ...]] = {}
    for name, made in _CLASSES.items():
        asked: dict[str, None] = {}
        while len(asked) < count:
            asked[made(some)] = None
        found[name] = tuple(asked)
    return found
