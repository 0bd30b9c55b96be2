"""A document is whole whoever else makes documents at the same time: two councils are filed side by side."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from muniment.adapters.tantivy.documents import documents_of
from muniment.search.entry import Entry

Corpus = Callable[..., tuple[Entry, ...]]


@pytest.fixture
def hurried() -> Iterator[None]:
    """Let threads take turns after every step or two."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hurried")
def test_documents_that_are_made_side_by_side_have_all_their_fields(corpus: Corpus) -> None:
    entries = [one._replace(accounts=(f"account-{number}",)) for number, one in enumerate(corpus(2_000))]

    def made(_of: int) -> list[object]:
        return [document.to_dict() for _, document in documents_of(entries)]

    with ThreadPoolExecutor(4) as pool:
        side_by_side = list(pool.map(made, range(4)))
    alone = made(0)
    assert all(told == alone for told in side_by_side)
