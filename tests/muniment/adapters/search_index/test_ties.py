"""Pages by time hold every entry once and in order: many in one place in time, and however they lie."""

import hashlib
from pathlib import Path

import pytest

from muniment.adapters.tantivy.index import TantivyIndex
from muniment.search.answer import Order
from muniment.search.entry import Entry, entry_id, sort_key
from muniment.search.parse import parse

SHARING = 150


def entry(number: int) -> Entry:
    """Return one of many entries of the same second whose ids end in the same 28 bits."""
    rest = hashlib.sha256(str(number).encode()).digest()[:24]
    version_id = (number * 7_919 % 100_003).to_bytes(4, "big") + b"\0\0\0\1" + rest
    return Entry(
        version_id, f"x:{number}", "x", ("a",), None, None, "public", "comment", "public", None, "live",
        edited=False, commit_no=1, ts=1_700_000_000, current=True, multi=False, text="bins",
    )  # fmt: skip


@pytest.mark.parametrize("size", [7, 50, 51, 99, 100, 149, 150])
def test_pages_hold_every_entry_of_one_place_in_time(tmp_path: Path, size: int) -> None:
    index = TantivyIndex(tmp_path)
    entries = [entry(number) for number in range(SHARING)]
    index.rebuild("borough", 1, entries)
    found: list[bytes] = []
    page = index.search("borough", parse("bins"), order=Order.NEWEST, size=size)
    found += [hit.version_id for hit in page.hits]
    while page.after is not None:
        page = index.search("borough", parse("bins"), order=Order.NEWEST, after=page.after, size=size)
        found += [hit.version_id for hit in page.hits]
    assert found == sorted((one.version_id for one in entries), reverse=True)


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> tuple[TantivyIndex, list[Entry]]:
    """Years of a few entries and days of many; what says "first" lies in the oldest of them alone."""
    entries = [
        entry(number)._replace(
            version_id=hashlib.sha256(str(number).encode()).digest(),
            ts=1_500_000_000 + (number * 50_000 if number < 3_000 else 150_000_000 + number % 40),
            text=("first bins" if number < 1_200 else "bins") + (" rare" if number % 1_900 == 7 else ""),
        )
        for number in range(6_000)
    ]
    index = TantivyIndex(tmp_path_factory.mktemp("index"))
    index.rebuild("borough", 1, entries)
    entries.sort(key=lambda one: sort_key(one.ts, entry_id(one.version_id)), reverse=True)
    return index, entries


@pytest.mark.parametrize("size", [20, 900])
@pytest.mark.parametrize(
    ("typed", "word"),
    [("bins", "bins"), ("b?ns", "bins"), ("first", "first"), ("fi*st", "first"), ("rare", "rare")],
)
def test_pages_hold_every_entry_however_they_lie_in_time(
    uneven: tuple[TantivyIndex, list[Entry]], typed: str, word: str, size: int
) -> None:
    index, entries = uneven
    found: list[bytes] = []
    after = None
    while True:
        page = index.search("borough", parse(typed), order=Order.NEWEST, after=after, size=size)
        found += [hit.version_id for hit in page.hits]
        after = page.after
        if after is None:
            break
    assert found == [one.version_id for one in entries if word in one.text]


def test_a_page_is_the_same_in_whatever_order_pages_and_questions_are_asked(
    uneven: tuple[TantivyIndex, list[Entry]],
) -> None:
    index, entries = uneven
    said = {"bins": entries, "f?rst": [one for one in entries if "first" in one.text]}
    places = {
        (typed, start): index.search("borough", parse(typed), order=Order.NEWEST, size=start).after
        for typed in said
        for start in (30, 150, 510, 700, 1_100)
    }
    asked = [*places.items(), *(((typed, 0), None) for typed in said)] * 3
    asked.sort(key=lambda one: hashlib.sha256(repr(one).encode()).digest())
    for number, ((typed, start), after) in enumerate(asked):
        size = (1, 20, 90)[number % 3]
        page = index.search("borough", parse(typed), order=Order.NEWEST, after=after, size=size)
        assert page.versions == page.records == len(said[typed])
        expected = said[typed][start : start + size]
        assert [hit.version_id for hit in page.hits] == [one.version_id for one in expected]


def test_the_last_page_of_a_pattern_is_asked_by_itself(uneven: tuple[TantivyIndex, list[Entry]]) -> None:
    index, entries = uneven
    plain = index.search("borough", parse("bins"), order=Order.NEWEST, size=5_900)
    assert plain.after is not None
    last = index.search("borough", parse("b?n*"), order=Order.NEWEST, after=plain.after, size=200)
    assert [hit.version_id for hit in last.hits] == [one.version_id for one in entries[5_900:]]
