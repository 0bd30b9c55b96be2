"""The words of an index in two plain files beside tantivy's own, so that a pattern need not go through those.

    <generation>/words       each word once, as they were when last put together
                 words-met   what was met since; a word may stand there twice

They hold at least each word of the exact stream of every commit: what a commit brings is durable in them
before it. A word more does no harm to an answer, since nothing is found by it. None is ever taken out of
them: as in tantivy's own files, a word that was erased stands there until the index is built anew, and its
files with it. Both may end in the middle of a line, after a kill or on a full disk.
"""

import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from muniment.adapters.generations import put
from muniment.search.words_met import WordsMet

__all__ = ["ListedWords", "Listing"]

_MOST_MET: Final = 1_000_000
"""Bytes; what was met is put together with the rest when it is as long as that, and longer than the rest."""


class ListedWords:
    """The words in a generation's folder. One writes, under the index's lock; any number read meanwhile."""

    def __init__(self, generation: Path) -> None:
        """Keep the folder."""
        self.generation = generation
        self._words = generation / "words"
        self._met = generation / "words-met"

    def stands(self) -> bool:
        """Say whether there is a list."""
        return self._words.exists() and self._met.exists()

    def read(self) -> bytes:
        """Return the words in UTF-8 with line ends around each; some stand there twice, some lines are empty.

        Raises:
            OSError: The generation went meanwhile.
        """
        # In this order: when they are put together between the two, the second holds what the first held.
        met = self._met.read_bytes()
        return b"\n".join((b"", self._words.read_bytes(), met, b""))

    def make(self, words: Iterable[bytes]) -> None:
        """Write the list anew, durably.

        Raises:
            OSError: Such as a full disk; the list is what it was.
        """
        put(self._words, b"\n".join(words))
        self._met.write_bytes(b"")

    def add(self, words: Collection[str]) -> None:
        """Add words, or several joined by spaces, durably; none, nothing done.

        Raises:
            OSError: Such as a full disk; a part of them may have been added.
        """
        if not words:
            return
        with self._met.open("ab") as file:
            # What was cut off by a kill becomes a line of its own, and a word that finds nothing.
            file.write("\n".join(("", *words, "")).replace(" ", "\n").encode())
            file.flush()
            os.fsync(file.fileno())
            length = file.tell()
        if length > max(_MOST_MET, self._words.stat().st_size):
            self.make(set(self.read().split(b"\n")))

    def stamp(self) -> tuple[int, int]:
        """Return what is another when anybody else has added to the list, or put another in its place."""
        told = self._met.stat()
        return told.st_ino, told.st_size


class Listing:
    """What one process met on its way into a generation, from commit to commit."""

    def __init__(self, listed: ListedWords) -> None:
        """Begin with a list that may hold any words."""
        self._listed = listed
        self.met = WordsMet()
        self._stamp = listed.stamp()

    def goes_on(self, listed: ListedWords) -> bool:
        """Say whether this is the same list, as this process left it: else what it met may not be in it."""
        return listed.generation == self._listed.generation and listed.stamp() == self._stamp

    def write(self) -> None:
        """Add what was met; before the commit.

        Raises:
            OSError: Such as a full disk; begin another then.
        """
        self._listed.add(self.met.take())
        self._stamp = self._listed.stamp()
