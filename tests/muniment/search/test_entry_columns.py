"""The numbers of entries taken together are those of each entry by itself."""

import hashlib
from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from muniment.search.entry import INTEGERS, Entry, integers
from muniment.search.entry_columns import own_numbers

CLOCKS_CHANGE = [
    int(datetime(year, month, day, hour, tzinfo=UTC).timestamp()) + second
    for year, month, day in (
        (2024, 3, 31),
        (2024, 10, 27),
        (1971, 10, 31),
        (1945, 7, 15),
        (1, 1, 2),
        (9998, 12, 31),
    )
    for hour in (0, 1, 22, 23)
    for second in (-1, 0, 3_599)
]


def entry(ts: int, number: int) -> Entry:
    version_id = hashlib.sha256(str(number).encode()).digest()
    return Entry(
        version_id, "x:1", "x", ("a",), None, None, "public", "comment", "public", None, "live",
        edited=False, commit_no=1, ts=ts, current=True, multi=False, text="",
    )  # fmt: skip


@given(st.lists(st.integers(-(2**40), 2**40)))
@example(CLOCKS_CHANGE)
@example([-(2**40), 2**40, 0, 63_072_000 - 1, 63_072_000, 32_503_680_000])
@example([])
def test_the_numbers_of_many_are_those_of_each(times: list[int]) -> None:
    entries = [entry(ts, number) for number, ts in enumerate(times)]
    columns = dict(zip(INTEGERS, zip(*map(integers, entries), strict=True), strict=True)) if entries else {}
    want = [list(columns.get(name, ())) for name in ("id", "day", "ym", "sk")]
    assert list(own_numbers(entries)) == want
