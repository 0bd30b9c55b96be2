"""Which words a writer of an index meets for the first time, known from the pieces that it remembers."""

from muniment.search.tokens import GAP, MAX_REMEMBERED, MAX_REMEMBERED_LENGTH, PIECES, Piece

__all__ = ["WordsMet"]


class WordsMet(dict[str, Piece]):
    """What `streams` remembers for one that makes a list of its words; each piece is read but once for all.

    Looking at every word of every text would cost 2 microseconds a text, this costs half of one to one.
    """

    def __init__(self) -> None:
        """Begin with none met."""
        super().__init__()
        self._met: list[Piece] = []

    def __missing__(self, raw: str) -> Piece:
        """Read a piece, and note that it was met."""
        piece = PIECES[raw]
        word = piece[0]
        # Capitals and signs around a word that was met bring nothing new. An address may look like a word
        # that becomes something else: t.co as it stands is two words, as the host of an address it is one.
        known = self.get(word)
        if known is None or known[0] != word or piece[2] is not None:
            self._met.append(piece)
        if len(raw) <= MAX_REMEMBERED_LENGTH:
            if len(self) >= MAX_REMEMBERED:
                self.clear()
            self[raw] = piece
        return piece

    def take(self) -> set[str]:
        """Return the tokens of the exact stream that were met since this was asked last, gaps left out.

        All that are new are among them; some were told before, since not every piece is remembered for ever.
        """
        words: set[str] = set()
        for exact, _, more in self._met:
            words.update(exact.split())
            if more is not None:
                for in_exact, _ in (*more.tail, *more.split):
                    words.update(in_exact.split())
        self._met.clear()
        words.discard(GAP)
        return words
