"""Which words a writer of an index meets for the first time, known from the pieces that it remembers."""

from muniment.search.tokens import MAX_REMEMBERED, MAX_REMEMBERED_LENGTH, PIECES, More, Piece

__all__ = ["WordsMet"]


class WordsMet(dict[str, Piece]):
    """What `streams` remembers for one that makes a list of its words; each piece is read but once for all.

    Looking at every word of every text would cost three microseconds a text and more, this costs about one.
    """

    def __init__(self) -> None:
        """Begin with none met."""
        super().__init__()
        self._met: list[str] = []
        self._more: list[More] = []

    def __missing__(self, raw: str) -> Piece:
        """Read a piece, and note that it was met."""
        word, _, more = piece = PIECES[raw]
        # Capitals and signs around a word that was met bring nothing new. An address may look like a word
        # that becomes something else: t.co as it stands is two words, as the host of an address it is one.
        known = self.get(word)
        if known is None or known[0] != word:
            self._met.append(word)
        if more is not None:
            self._more.append(more)
        if len(raw) <= MAX_REMEMBERED_LENGTH:
            if len(self) >= MAX_REMEMBERED:
                self.clear()
            self[raw] = piece
        return piece

    def take(self) -> list[str]:
        """Return the tokens of the exact stream that were met since it was asked last, some joined by spaces.

        All that are new are among them but a gap between two parts of a text; some were told before, since
        not every piece is remembered for ever.
        """
        met = [*self._met, *(exact for more in self._more for exact, _ in (*more.tail, *more.split))]
        self._met.clear()
        self._more.clear()
        return met
