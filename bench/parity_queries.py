"""Queries for parity: those written by hand, and any number built from the texts themselves."""

# ruff: noqa: S311 -- chance here is no secret

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from muniment.search.entry import Entry
from muniment.search.errors import QueryError
from muniment.search.parse import parse
from muniment.search.tree import Query

__all__ = ["by_hand", "generated"]

_OPERATORS: Final = frozenset({"AND", "OR", "NOT"})


def by_hand() -> list[Query]:
    """Return the queries of parity_queries.txt."""
    lines = Path(__file__).with_name("parity_queries.txt").read_text(encoding="utf-8").splitlines()
    return [parse(line) for line in lines if line and not line.startswith("# ")]


def generated(entries: Sequence[Entry], count: int, *, seed: int = 3) -> Iterator[tuple[str, Query]]:
    """Yield so many queries with the name of their class; each is built from texts among these entries."""
    dice = random.Random(seed)
    made = _Maker(dice, entries)
    yielded = 0
    while yielded < count:
        name, make = _CLASSES[yielded % len(_CLASSES)]
        try:
            query = parse(make(made))
        except QueryError:
            continue  # a person would be told what to mend: draw again
        yielded += 1
        yield name, query


class _Maker:
    """Draws words, phrases and values that are there."""

    def __init__(self, dice: random.Random, entries: Sequence[Entry]) -> None:
        self.dice = dice
        self._entries = entries

    def entry(self) -> Entry:
        return self.dice.choice(self._entries)

    def words(self) -> list[str]:
        while True:
            found = [
                word
                for word in self.entry().text.split()
                if not set(word) & set('()"“”*?~=[]') and word not in _OPERATORS and not word.startswith("-")
            ]
            if found:
                return found

    def word(self) -> str:
        return self.dice.choice(self.words())

    def plain(self) -> str:
        """Return a word of letters only, of four or more."""
        while True:
            word = self.word().strip(",.!?:;").lower()
            if word.isalpha() and len(word) > 3:
                return word

    def phrase(self) -> str:
        words = self.words()
        start = self.dice.randrange(len(words))
        return " ".join(words[start : start + self.dice.randint(2, 4)])

    def two(self) -> str:
        words = self.words()
        return f"{self.dice.choice(words)} {self.dice.choice(words)}"

    def near(self) -> str:
        words = self.words()
        first, second = self.dice.choice(words), self.dice.choice(words)
        return f"{first} NEAR/{self.dice.randint(1, 20)} {second}"

    def near_phrase(self) -> str:
        words = self.words()
        at = self.dice.randrange(len(words))
        some, beside = " ".join(words[at : at + 2]), words[at + 2 : at + 9] or words
        return f'"{some}" NEAR/{self.dice.randint(4, 20)} {self.dice.choice(beside)}'

    def wildcard(self) -> str:
        word = self.plain()
        cut = self.dice.randint(2, len(word) - 1)
        at = self.dice.randrange(1, len(word) - 1)
        return self.dice.choice(
            (
                f"{word[:cut]}*",
                f"*{word[-cut:]}",
                f"*{word[1:-1]}*",
                f"{word[:at]}?{word[at + 1 :]}",
                f"{word}*",
            )
        )

    def misspelt(self) -> str:
        word = list(self.plain())
        at = self.dice.randrange(len(word) - 1)
        slip = self.dice.randrange(3)
        if slip == 0:
            word[at], word[at + 1] = word[at + 1], word[at]
        elif slip == 1:
            del word[at]
        else:
            word[at] = self.dice.choice("aeiourst")
        return "".join(word) + self.dice.choice(("~", "~1", "~2"))

    def narrowed(self) -> str:
        entry = self.entry()
        word = self.dice.choice(entry.text.split()).strip('()"*?~=[]-') or "the"
        return self.dice.choice(
            (
                f"{word} platform:{entry.platform}",
                f"{word} account:{entry.accounts[0]} -edited:yes",
                f"{word} kind:{entry.kind} state:{entry.state}",
                f"{word} OR author:{entry.author_id or 'nobody'}",
                f"{word} date:[202{self.dice.randrange(5)}-0{self.dice.randint(1, 9)}-01 TO *]",
                f"-{word} date:[* TO 202{self.dice.randrange(5)}-1{self.dice.randrange(3)}-28] edited:yes",
                f"state:{entry.state} platform:{entry.platform} {word}",
            )
        )

    def leaf(self) -> str:
        return self.dice.choice(
            (self.word, self.word, self.word, self.exact, self.quoted, self.near, self.wildcard, self.field)
        )()

    def exact(self) -> str:
        return f"={self.word()}"

    def quoted(self) -> str:
        return f'"{self.phrase()}"'

    def field(self) -> str:
        entry = self.entry()
        return self.dice.choice((f"platform:{entry.platform}", f"state:{entry.state}", f"kind:{entry.kind}"))

    def tree(self, depth: int = 3) -> str:
        if depth == 0 or self.dice.random() < 0.25:
            return self.leaf()
        parts = [self.tree(depth - 1) for _ in range(self.dice.randint(2, 3))]
        joined = f" {self.dice.choice(('OR', 'OR', 'AND', ''))} ".join(parts)
        return f"{self.dice.choice(('', '', '', '-'))}({joined})"


_CLASSES: Final[Sequence[tuple[str, Callable[[_Maker], str]]]] = (
    ("word", _Maker.word),
    ("word as written", _Maker.exact),
    ("phrase", _Maker.quoted),
    ("two words", _Maker.two),
    ("either", lambda made: f"{made.word()} OR {made.word()} OR {made.quoted()}"),
    ("without", lambda made: f"{made.word()} -{made.word()}"),
    ("near", _Maker.near),
    ("near a phrase", _Maker.near_phrase),
    ("wildcard", _Maker.wildcard),
    ("misspelt", _Maker.misspelt),
    ("fields and dates", _Maker.narrowed),
    ("tree", _Maker.tree),
    ("tree", _Maker.tree),
)
