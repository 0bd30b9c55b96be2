"""The one tokeniser: every search engine, hold and highlight reads a text through it.

`streams(text)` gives two strings of tokens joined by single spaces, the *exact* stream `x` and the
*stem* stream `s`. Both hold the same number of tokens at the same positions, so an engine needs nothing
but splitting at spaces. The layout of both:

    main tokens | GAP GAP GAP GAP | extra GAP | extra GAP | split words GAP

*Extras* are what a reader may type but a plain word search would lose: `#tag`, `@handle`, `£500`, a whole
address, `covid19` for COVID-19, `wv11sh` for WV1 1SH, an emoji with its skin tone. *Split words* are the
words inside a compound tag (`#BinDay` gives `bin day`). The gaps stop a phrase from running across; a GAP
standing alone in the text is kept as one, which is how a title is held apart from what follows it.

Work is done, and remembered, per piece between spaces: nothing here looks across a space but the two
halves of a postcode. Any change of the tokens needs a new ANALYSER_VERSION, and then a reindex.
"""

import re
import threading
import unicodedata
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

import Stemmer

__all__ = [
    "ANALYSER_VERSION",
    "GAP",
    "MAX_REMEMBERED",
    "MAX_REMEMBERED_LENGTH",
    "MAX_TOKEN_UNITS",
    "PATTERN",
    "PIECES",
    "STEMMER_VERSION",
    "Piece",
    "Pieces",
    "Span",
    "TokenKind",
    "fold",
    "is_address",
    "may_end_postcode",
    "spans",
    "stem",
    "streams",
]

ANALYSER_VERSION = 1
STEMMER_VERSION: str = Stemmer.version()
"""PyStemmer's word lists differ between versions, so an index remembers which one made its stems."""

GAP = "\u241e"
GAPS_BEFORE_EXTRAS = 4
MAX_TOKEN_UNITS = 200
"""UTF-16 units. Elasticsearch's whitespace tokenizer splits at 255, tantivy drops above 65,530 bytes."""

MAX_ADDRESS_WORDS = 12
MAX_REMEMBERED = 150_000
MAX_REMEMBERED_LENGTH = 60

TokenKind = str
"""One of the group names of the pattern: url, mail, tag, money, emoji, w; or "gap"."""

_EMOJI = (
    "\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\u203c\u2049"
    "\u2139\u2190-\u21ff\u25a0-\u25ff\u2934\u2935\u3030\u303d\u3297\u3299"
)
_TYPED_APOSTROPHE, _LETTER_APOSTROPHE = "\u2019", "\u02bc"
_HASHES = "#\uff03"
_SIGILS = _HASHES + "@\uff20"
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_EMOJI_MODIFIER = "[\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"

# Order matters: the first alternative that matches at a position wins. The {1,64} of a mail address is
# RFC 5321's limit, and keeps "a.a.a.a…" from being read to its end at every letter.
PATTERN = re.compile(
    rf"""
      (?P<url>   (?i:https?://|www\.)[^\s<>"“”'{_TYPED_APOSTROPHE}]+ )
    | (?P<mail>  [\w.+-]{{1,64}}@\w[\w-]*(?:\.\w[\w-]*)+ )
    | (?P<tag>   [{_SIGILS}]\w+(?:[.\-]\w+)* )
    | (?P<money> [£$€]\d[\d,]*(?:\.\d+)?[kKmMbB]?\b )
    | (?P<emoji> {_FLAG}
               | [{_EMOJI}](?:{_EMOJI_MODIFIER}|\u200d[{_EMOJI}])* )
    | (?P<w>     \w+(?:(?:['{_TYPED_APOSTROPHE}{_LETTER_APOSTROPHE}]|(?<=\d)[.,:](?=\d)|-(?=\w))\w+)* )
    """,
    re.VERBOSE,
)
# Nine pieces in ten: a word of plain letters, or a number. It has no extra and is no half of a postcode.
_PLAIN_PIECE = re.compile(r"[(\"']*([a-zA-Z]+|[0-9]+)[.,!?;:)\"']*")
_FOLD_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
)
_COMPOUND_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_a-zA-Z]+")
_SKIN_TONE = re.compile("[\ufe0f\U0001f3fb-\U0001f3ff]")
_OUTWARD_POSTCODE = re.compile(r"[a-z]{1,2}\d[a-z\d]?")
_INWARD_POSTCODE = re.compile(r"\d[a-z]{2}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*)*\.[a-z]{2,}(?::\d+)?(?:/\S*)?", re.IGNORECASE)
_SHORTENERS = frozenset(
    {
        *("t.co", "bit.ly", "ow.ly", "buff.ly", "tinyurl.com", "goo.gl"),
        *("fb.me", "youtu.be", "lnkd.in", "dlvr.it", "is.gd"),
    }
)
_STEMMED_KINDS = frozenset({"w", "tag", "url"})


class Span(NamedTuple):
    """One run of the text that became tokens.

    `exact` and `stem` are its main tokens; `extra` its extra in both streams; `split` the words of a
    compound tag in both. `start` and `end` count characters of the text as given.
    """

    kind: TokenKind
    start: int
    end: int
    exact: tuple[str, ...]
    stem: tuple[str, ...]
    extra: tuple[str, str] | None
    split: tuple[tuple[str, ...], tuple[str, ...]] | None


class _More(NamedTuple):
    """What a piece adds behind the main tokens; `inward` and `outward` are halves of a postcode."""

    tail: tuple[tuple[str, str], ...]
    split: tuple[tuple[str, str], ...]
    inward: str
    outward: str


Piece: TypeAlias = tuple[str, str, _More | None]
"""What one piece between spaces adds to the exact stream, to the stem stream, and behind both."""


class _Parts(NamedTuple):
    main: tuple[str, ...]
    extra: str | None = None
    split: tuple[str, ...] = ()
    extra_is_word: bool = False


class Pieces(dict[str, Piece]):
    """The pieces that are remembered; one that is not is read when it is asked for."""

    def __missing__(self, raw: str) -> Piece:
        """Read a piece, and remember it unless it is long."""
        piece = _piece(raw)
        if len(raw) <= MAX_REMEMBERED_LENGTH:
            if len(self) >= MAX_REMEMBERED:
                self.clear()
            self[raw] = piece
        return piece

    def joined(self, outward: str, inward: str) -> tuple[str, str]:
        """Return what the halves of a postcode add to the exact and to the stem stream."""
        postcode = outward + inward
        return postcode, postcode


PIECES: Final = Pieces()
"""What is remembered for all."""

_stemmers = threading.local()


def stem(word: str) -> str:
    """Return the English stem of one exact token; a token that is not all letters is its own stem."""
    if not word.isalpha():
        return word
    try:
        stem_word = _stemmers.stem_word
    except AttributeError:
        # One stemmer for each thread: PyStemmer objects may not be used by two at once. It remembers nothing:
        # our pieces do, and its own memory sorts 10,000 words each time that it is full.
        stem_word = _stemmers.stem_word = Stemmer.Stemmer("english", 0).stemWord
    stemmed: str = stem_word(word)
    return stemmed


def fold(text: str) -> str:
    """Lower-case, strip accents and unify apostrophes.

    NFKD can bring back capitals (a superscript letter becomes a plain capital), hence the second `lower()`;
    it can bring in spaces too, which the callers take out.
    """
    text = text.lower()
    if text.isascii():
        return text
    bare = _without_accents(text.translate(_FOLD_LETTERS))
    return bare.lower().replace(_TYPED_APOSTROPHE, "'").replace(_LETTER_APOSTROPHE, "'")


def streams(text: str, pieces: Pieces = PIECES) -> tuple[str, str]:
    """Return the exact and the stem stream of a text of any Unicode characters.

    `pieces`: what is remembered of texts before this one; shared by all, where nothing else is given.
    """
    exact: list[str] = []
    stems: list[str] = []
    tail: list[tuple[str, str]] = []
    split: list[tuple[str, str]] = []
    previous = ""
    for word, stemmed, more in map(pieces.__getitem__, text.split()):
        if word:
            exact.append(word)
            stems.append(stemmed)
            if more is None:
                previous = ""
                continue
            if previous and more.inward:
                tail.append(pieces.joined(previous, more.inward))
            tail += more.tail
            split += more.split
            previous = more.outward
    if tail or split:
        gaps = [GAP] * GAPS_BEFORE_EXTRAS
        exact += gaps
        stems += gaps
        for in_exact, in_stem in (*tail, *split):
            exact += (in_exact, GAP)
            stems += (in_stem, GAP)
    return " ".join(exact), " ".join(stems)


def may_end_postcode(token: str) -> bool:
    """Say whether a piece that begins with this token may be the second half of a postcode."""
    return _INWARD_POSTCODE.fullmatch(token) is not None


def spans(text: str) -> Iterator[Span]:
    """Yield what of a text became tokens, with character offsets, for the highlighter and the parser.

    A piece that is not in Unicode's composed form is marked whole, since composing it moves its letters.
    """
    for match in re.finditer(r"\S+", text):
        start = match.start()
        clean = _clean(match.group())
        for span in _spans_of(clean):
            if clean == match.group():
                yield span._replace(start=start + span.start, end=start + span.end)
            else:
                yield span._replace(start=start, end=match.end())


def is_address(text: str) -> bool:
    """Say whether a typed piece is a web address: with its scheme, with www, or a bare host."""
    return bool(_SCHEME.match(text) or text[:4].lower() == "www." or _HOST.fullmatch(text.rstrip(".,;:!?")))


def _clean(raw: str) -> str:
    if raw.isascii():
        return raw
    return unicodedata.normalize("NFC", _SURROGATE.sub("\ufffd", raw))


def _piece(raw: str) -> Piece:
    plain = _PLAIN_PIECE.fullmatch(raw)
    if plain is None or len(raw) * 2 > MAX_TOKEN_UNITS:
        return _compound_piece(raw)
    word = plain[1].lower()
    # Capitals and signs around a word change nothing of it, and most words are known without them.
    if word != raw:
        return PIECES[word]
    stemmed = stem(raw)
    # One string for both where they are alike: the fewer are remembered, the faster each is found.
    return raw, raw if stemmed == raw else stemmed, None


def _compound_piece(raw: str) -> Piece:
    exact: list[str] = []
    stems: list[str] = []
    tail: list[tuple[str, str]] = []
    split: list[tuple[str, str]] = []
    inward = previous = ""
    for span in _spans_of(_clean(raw)):
        word = span.exact[0] if span.kind == "w" and len(span.exact) == 1 else ""
        if not exact:
            inward = word if _INWARD_POSTCODE.fullmatch(word) else ""
        elif previous and _INWARD_POSTCODE.fullmatch(word):
            tail.append((previous + word, previous + word))
        previous = word if _OUTWARD_POSTCODE.fullmatch(word) else ""
        exact += span.exact
        stems += span.stem
        if span.extra:
            tail.append(span.extra)
        if span.split:
            split.append((" ".join(span.split[0]), " ".join(span.split[1])))
    more = _More(tuple(tail), tuple(split), inward, previous)
    return " ".join(exact), " ".join(stems), more if any(more) else None


def _spans_of(clean: str) -> Iterator[Span]:
    if clean == GAP:
        yield Span("gap", 0, 1, (GAP,), (GAP,), None, None)
        return
    for match in PATTERN.finditer(clean):
        kind = match.lastgroup or "w"
        parts = _parts(kind, match.group())
        main = tuple(map(_cut, parts.main))
        if not main:
            continue
        stemmed = tuple(map(stem, main)) if kind in _STEMMED_KINDS else main
        extra = _cut(parts.extra) if parts.extra else None
        words = tuple(map(_cut, parts.split))
        yield Span(
            kind,
            match.start(),
            match.end(),
            main,
            stemmed,
            (extra, stem(extra) if parts.extra_is_word else extra) if extra else None,
            (words, tuple(map(stem, words))) if len(words) > 1 else None,
        )


def _parts(kind: TokenKind, text: str) -> _Parts:
    match kind:
        case "w":
            return _word_parts(text)
        case "tag":
            return _tag_parts(text)
        case "money":
            amount = fold(text[1:].replace(",", ""))
            return _Parts((amount,), text[0] + amount)
        case "emoji":
            base = _SKIN_TONE.sub("", text)
            # A lone skin tone is its own base.
            return _Parts((base or text,), text if base and base != text else None)
        case "mail":
            address = "".join(fold(text).split())
            return _Parts(tuple(part for part in re.split(r"[@.\-_+]", address) if part), address)
    return _url_parts(text)


def _word_parts(text: str) -> _Parts:
    if "-" in text:
        words = tuple(word for part in text.split("-") for word in _words(part))
        return _Parts(words, "".join(words) if len(words) > 1 else None, extra_is_word=True)
    words = _words(text)
    if words and "," in text and words[0][0].isdigit():
        words = tuple(word.replace(",", "") for word in words)
    return _Parts(words)


def _words(text: str) -> tuple[str, ...]:
    """Return the exact form of one word, without possessive 's; a few ligatures hold several words."""
    text = fold(text)
    if "'" in text:
        text = text.removesuffix("'s").replace("'", "")
    return tuple(text.split())


def _tag_parts(text: str) -> _Parts:
    sigil = "#" if text[0] in _HASHES else "@"
    name = "".join(fold(text[1:]).split()).strip("._-")
    if not name:
        return _Parts(())
    parts = _COMPOUND_PARTS.findall(_without_accents(text[1:]))
    return _Parts((name,), sigil + name, tuple(word for part in parts for word in fold(part).split()))


def _url_parts(text: str) -> _Parts:
    address = _SCHEME.sub("", text.rstrip(".,;:!?)]}…"), count=1)
    host, _, path = address.partition("/")
    host = host.lower().removeprefix("www.")
    if not host:
        return _Parts(())
    words: tuple[str, ...] = ()
    if host not in _SHORTENERS:
        found = re.findall(r"[^\W_]+", path.split("?")[0])
        words = tuple(word for part in found for word in fold(part).split())[:MAX_ADDRESS_WORDS]
    return _Parts((host, *words), f"{host}/{path}".lower() if path else None)


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _cut(token: str) -> str:
    if len(token) * 2 <= MAX_TOKEN_UNITS:
        return token
    return token.encode("utf-16-le")[: MAX_TOKEN_UNITS * 2].decode("utf-16-le", "ignore")
