"""Arrow columns as planning needs them: masks, codes, dates; no Python loop over a million records."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

__all__ = [
    "EPOCH",
    "MANY",
    "all_false",
    "certain",
    "codes_of",
    "day_number",
    "days",
    "greatest",
    "grouped",
    "looked_up",
    "mapped_days",
    "member",
    "replaced",
    "worded",
    "words_of",
]

EPOCH: Final = date(1970, 1, 1)
MANY: Final = 20_000
"""From how many rows on threads pay: to start them costs 4 ms (measured)."""
_Word = TypeVar("_Word", bound=str)


def day_number(day: date) -> int:
    """Return a date as days since 1970, as date32 counts."""
    return (day - EPOCH).days


def days(column: pa.Array) -> pa.Array:
    """Return a date32 column as numbers of days."""
    return column.cast(pa.int32())


def certain(mask: pa.Array) -> pa.Array:
    """Return a mask in which unknown is no."""
    return pc.fill_null(mask, False)  # noqa: FBT003 -- Arrow's own signature


def words_of(table: pa.Table, name: str) -> pa.Array:
    """Return a column of words as plain text, in one piece."""
    return table[name].combine_chunks().cast(pa.string())


def codes_of(column: pa.ChunkedArray | pa.DictionaryArray) -> pa.DictionaryArray:
    """Return one dictionary array in which every word of the dictionary is used."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    whole = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
    used = whole.indices.dictionary_encode()
    return pa.DictionaryArray.from_arrays(
        used.indices.cast(pa.int32()), whole.dictionary.take(used.dictionary)
    )


def member(column: pa.DictionaryArray, words: Collection[str]) -> pa.Array:
    """Return where a column holds one of some words: compared once for each word of its dictionary."""
    fits = pc.is_in(column.dictionary, pa.array(sorted(words), pa.string()))
    return certain(fits.take(column.indices))


def all_false(length: int) -> pa.Array:
    """Return a mask that nothing meets."""
    return pa.repeat(pa.scalar(value=False), length)


def greatest(*columns: pa.Array) -> pa.Array:
    """Return the greatest of each row, nulls left out."""
    return pc.max_element_wise(*columns)


def replaced(column: pa.Array, mask: pa.Array, values: pa.Array | pa.Scalar) -> pa.Array:
    """Return a column with other values where a mask holds: one for all, or one for each, in order."""
    return pc.replace_with_mask(column, mask, values)


def grouped(table: pa.Table, keys: Sequence[str], sums: Sequence[tuple[Any, str]]) -> pa.Table:
    """Return a table grouped by some columns, with what each group comes to; in no order."""
    return table.group_by(list(keys), use_threads=len(table) > MANY).aggregate(list(sums))


def looked_up(column: pa.Array, found: Mapping[str, int]) -> pa.Array:
    """Return the number that each word leads to, null where it leads to none.

    For a dictionary array each word of the dictionary is looked up once.
    """
    if pa.types.is_dictionary(column.type):
        return looked_up(column.dictionary, found).take(column.indices)
    names = pa.array(list(found), pa.string())
    numbers = pa.array(list(found.values()), pa.int32())
    return numbers.take(pc.index_in(column, names))


def mapped_days(column: pa.Array, step: Callable[[date], date]) -> pa.Array:
    """Return a column of day numbers after a rule of the calendar: reckoned once for each distinct day."""
    coded = column.dictionary_encode()
    reckoned = [
        None if day is None else day_number(step(day))
        for day in coded.dictionary.cast(pa.date32()).to_pylist()
    ]
    return pa.array(reckoned, pa.int32()).take(coded.indices)


def worded(codes: pa.Array, words: Sequence[_Word]) -> pa.DictionaryArray:
    """Return codes as the words they stand for."""
    dictionary = pa.array([str(word) for word in words], pa.string())
    return pa.DictionaryArray.from_arrays(codes.cast(pa.int32()), dictionary)
