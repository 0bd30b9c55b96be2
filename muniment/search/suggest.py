"""Suggests other spellings and forms of what was typed, out of the words that the corpus holds itself.

Nothing is added to a search by this: a person accepts or declines each suggestion (`with_suggestion`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from string import ascii_lowercase
from typing import NamedTuple

from muniment.search.glossary import IRREGULAR, PAIRS, mutated
from muniment.search.likeness import within_edits
from muniment.search.tokens import spans, stem
from muniment.search.tree import Node, Or, Phrase, Query, Stream, TypedPiece, Word, leaves

__all__ = ["Corpus", "Suggestion", "SuggestionKind", "searched", "suggestions", "with_suggestion"]

_MOST_OF_A_KIND = 6
_LETTERS_FOR_A_SLIP, _LETTERS_FOR_TWO = 5, 8
_LEAST_HALF = 3
_SHARED_BEGINNING = 3


class SuggestionKind(StrEnum):
    """In which way a suggestion differs from what was typed."""

    FORM = "form"
    SPELLING = "spelling"
    TAG = "tag"
    JOINED = "joined"
    APART = "apart"
    WELSH = "welsh"
    ENGLISH = "english"


class Suggestion(NamedTuple):
    """What could be searched too; `adds` is in the query language.

    `versions` is how many hold its rarest word. `start` and `end` say where in the typed query that stands
    which it is another form of.
    """

    of: str
    adds: str
    kind: SuggestionKind
    versions: int
    start: int
    end: int


class Corpus(NamedTuple):
    """The words that may be suggested.

    `words` are the exact tokens of all that is indexed, each with the most versions that it may stand in.
    `standing` counts the versions that hold a token among those that this person's searches find: what
    stands only in records that they are not shown, or that are gone, is none of their words.
    """

    words: Mapping[str, int]
    standing: Callable[[str], int]


def suggestions(query: Query, corpus: Corpus) -> tuple[Suggestion, ...]:
    """Return suggestions for every word and phrase that an entry may hold, those of most use first."""
    asked = [(piece, tokens) for piece in _searched(query) if (tokens := _tokens(piece.node))]
    found: list[Suggestion] = []
    for piece, tokens in asked:
        known = _found_already(piece.node, tokens)
        found += [
            one
            for one in _of_piece(query.typed, piece, tokens, corpus)
            if not known.intersection(_found_by(one.adds, piece.node))
        ]
    for (one, first), (other, second) in pairwise(asked):
        if not query.typed[one.end : other.start].strip():
            both, tokens = TypedPiece(one.start, other.end, one.node), (*first, *second)
            for kind, words in (
                (SuggestionKind.TAG, _tags(tokens, corpus.words)),
                (SuggestionKind.JOINED, ["".join(tokens)]),
                (SuggestionKind.WELSH, _translated(tokens, to_welsh=True)),
                (SuggestionKind.ENGLISH, _translated(tokens, to_welsh=False)),
            ):
                found += _made(query.typed, both, kind, words, corpus)
    typed = {tokens for _, tokens in asked}
    once = {one.adds: one for one in reversed(found) if _exact(one.adds) not in typed}
    return tuple(sorted(once.values(), key=_by_use))


def searched(query: Query) -> frozenset[str]:
    """Return the words, phrases and tags that an entry may hold, as they were typed."""
    return frozenset(query.typed[piece.start : piece.end] for piece in _searched(query))


def with_suggestion(typed: str, suggestion: Suggestion) -> str:
    """Return the query with the suggestion as an alternative to what it is another form of."""
    start, end = suggestion.start, suggestion.end
    return f"{typed[:start]}({typed[start:end]} OR {suggestion.adds}){typed[end:]}"


def _searched(query: Query) -> list[TypedPiece]:
    """Return the pieces of which an entry may hold one: not those that it must not hold."""
    wanted = set(leaves(query.tree))
    return [piece for piece in query.pieces if wanted.intersection(leaves(piece.node))]


def _by_use(one: Suggestion) -> tuple[int, int, int]:
    return one.start, list(SuggestionKind).index(one.kind), -one.versions


def _found_already(node: Node, tokens: tuple[str, ...]) -> frozenset[str]:
    """Return what a piece of one word finds by itself: its form, or every form of its stem."""
    if len(tokens) > 1:
        return frozenset()
    return frozenset({tokens[0] if _is_exact(node) else stem(tokens[0])})


def _found_by(adds: str, node: Node) -> Iterator[str]:
    said = adds.removeprefix("=").removeprefix("#")
    yield said if _is_exact(node) else stem(said)


def _is_exact(node: Node) -> bool:
    return any(leaf.stream is Stream.EXACT for leaf in leaves(node) if isinstance(leaf, Word | Phrase))


def _of_piece(typed: str, piece: TypedPiece, tokens: tuple[str, ...], corpus: Corpus) -> Iterator[Suggestion]:
    joined, vocabulary = "".join(tokens), corpus.words
    for kind, words in (
        (SuggestionKind.TAG, _tags(tokens, vocabulary)),
        (SuggestionKind.JOINED, [joined] if len(tokens) > 1 else []),
        (SuggestionKind.WELSH, _translated(tokens, to_welsh=True)),
        (SuggestionKind.ENGLISH, _translated(tokens, to_welsh=False)),
    ):
        yield from _made(typed, piece, kind, words, corpus)
    if len(tokens) > 1 or tokens[0][0] in "#@£$€":
        return
    word = tokens[0]
    exact = _is_exact(piece.node)
    if exact:
        yield from _made(typed, piece, SuggestionKind.FORM, _forms(word, vocabulary), corpus, mark="=")
    yield from _made(typed, piece, SuggestionKind.FORM, _irregular(word), corpus)
    yield from _made(typed, piece, SuggestionKind.SPELLING, _slips(word, vocabulary), corpus, mark="=")
    yield from _made(typed, piece, SuggestionKind.APART, _apart(word, vocabulary), corpus)


def _made(
    typed: str,
    piece: TypedPiece,
    kind: SuggestionKind,
    words: Iterable[str],
    corpus: Corpus,
    *,
    mark: str = "",
) -> list[Suggestion]:
    """Return suggestions of one kind whose every word the corpus holds, the most frequent first."""
    likely = {
        said: min((corpus.words.get(token, 0) for token in _exact(said)), default=0)
        for said in dict.fromkeys(words)
    }
    found: list[Suggestion] = []
    for said, most in sorted(likely.items(), key=lambda one: -one[1]):
        if not most or (len(found) == _MOST_OF_A_KIND and found[-1].versions >= most):
            break  # counting is dear: nothing that comes now stands in more versions
        versions = min(map(corpus.standing, _exact(said)))
        if versions:
            adds = f'"{said}"' if " " in said or "-" in said else mark + said
            of = typed[piece.start : piece.end]
            found.append(Suggestion(of, adds, kind, versions, piece.start, piece.end))
            found = sorted(found, key=lambda one: -one.versions)[:_MOST_OF_A_KIND]
    return found


def _tokens(node: Node) -> tuple[str, ...]:
    """Return the exact tokens of a word, a phrase or a word with a hyphen; of anything else none."""
    match node:
        case Word(_, token, typed):
            return (token,) if token[0] in "#@£$€" else _exact(typed) or (token,)
        case Phrase(_, tokens, typed):
            return _exact(typed) or tokens
        case Or(nodes) if isinstance(nodes[0], Phrase):
            return _tokens(nodes[0])
    return ()


def _exact(said: str) -> tuple[str, ...]:
    if said[:1] == "#":
        return (said,)
    return tuple(token for span in spans(said) for token in span.exact)


def _tags(tokens: Sequence[str], vocabulary: Mapping[str, int]) -> Iterator[str]:
    if tokens[0][0] == "#":
        return
    begins = "#" + "".join(tokens)
    yield from (word for word in vocabulary if word.startswith(begins))


def _forms(word: str, vocabulary: Mapping[str, int]) -> Iterator[str]:
    begins, wanted = word[:_SHARED_BEGINNING], stem(word)
    for other in vocabulary:
        if other.startswith(begins) and other != word and stem(other) == wanted:
            yield other


def _irregular(word: str) -> Iterator[str]:
    for one, many in IRREGULAR:
        if word == one:
            yield many
        elif word == many:
            yield one


def _slips(word: str, vocabulary: Mapping[str, int]) -> Iterator[str]:
    """Yield what is one slip away, or two of a long word; the first letter of such is seldom wrong."""
    if len(word) < _LETTERS_FOR_A_SLIP or not word.isalpha():
        return
    yield from (one for one in _one_slip(word) if one != word)
    if len(word) >= _LETTERS_FOR_TWO:
        lengths = range(len(word) - 2, len(word) + 3)
        for other in vocabulary:
            alike = other[0] == word[0] and len(other) in lengths and other != word
            if alike and within_edits(other, word, 2):
                yield other


def _one_slip(word: str) -> Iterator[str]:
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        yield from (head + letter + tail for letter in ascii_lowercase)
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in ascii_lowercase)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]


def _apart(word: str, vocabulary: Mapping[str, int]) -> Iterator[str]:
    for at in range(_LEAST_HALF, len(word) - _LEAST_HALF + 1):
        if word[:at] in vocabulary and word[at:] in vocabulary:
            yield f"{word[:at]} {word[at:]}"


def _translated(tokens: tuple[str, ...], *, to_welsh: bool) -> Iterator[str]:
    """Yield what the other language says for it, a Welsh word in its mutated forms too."""
    for english, welsh in PAIRS:
        known, others = (english, welsh) if to_welsh else (welsh, english)
        if not any(_same(tokens, said) for said in known):
            continue
        for other in others:
            yield other
            if to_welsh and " " not in other:
                yield from mutated(other)


def _same(tokens: tuple[str, ...], said: str) -> bool:
    words = _exact(said)
    if [stem(token) for token in tokens] == [stem(word) for word in words]:
        return True
    return len(words) == 1 == len(tokens) and tokens[0] in mutated(words[0])
