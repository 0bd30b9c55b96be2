"""Entries that share one place in time are all found, once and in order, whatever the page's size."""

import hashlib
from pathlib import Path

import pytest

from muniment.adapters.tantivy.index import TantivyIndex
from muniment.search.answer import Order
from muniment.search.entry import Entry
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
