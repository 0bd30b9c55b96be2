"""Which words a writer of an index meets for the first time, known from the pieces that it remembers."""

from typing_extensions import override

from muniment.search.tokens import MAX_REMEMBERED, MAX_REMEMBERED_LENGTH, PIECES, Piece, Pieces

__all__ = ["WordsMet"]


class WordsMet(Pieces):
    """What `streams` remembers for one that makes a list of its words; each piece is read but once for all.

    Looking at every word of every text would cost three microseconds a text and more, this costs about one.
    """

    def __init__(self) -> None:
        """Begin with none met."""
        super().__init__()
        self._met: list[Piece] = []

    @override
    def __missing__(self, raw: str) -> Piece:
        """Read a piece, and note that it was met."""
        piece = PIECES[raw]
        self._met.append(piece)
        if len(raw) <= MAX_REMEMBERED_LENGTH:
            if len(self) >= MAX_REMEMBERED:
                self.clear()
            self[raw] = piece
        return piece

    @override
    def joined(self, outward: str, inward: str) -> tuple[str, str]:
        """Return them, and note that they were met."""
        added = super().joined(outward, inward)
        self._met.append((*added, None))
        return added

    def take(self) -> set[str]:
        """Return the tokens of the exact stream that were met since it was asked last, some joined by spaces.

        All that are new are among them but a gap between two parts of a text; some were told before, since
        not every piece is remembered for ever, nor how a word was written.
        """
        met = {exact for exact, _, _ in self._met}
        for _, _, more in self._met:
            if more is not None:
                met.update(exact for exact, _ in (*more.tail, *more.split))
        self._met.clear()
        met.discard("")
        return met
