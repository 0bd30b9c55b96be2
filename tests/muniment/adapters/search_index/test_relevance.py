"""Every engine puts the best first by one formula, which plain Python reckons too."""

from collections.abc import Callable, Iterator

import pytest

from muniment.ports import SearchIndex
from muniment.search.answer import Order
from muniment.search.entry import Entry
from muniment.search.match import matches, read
from muniment.search.parse import parse
from muniment.search.relevance import Relevance
from tests.muniment.adapters.search_index.engines import emptied, opened

ENTRIES = 1_500
BEST = 50
QUERIES = (
    *("council", "council tax", '"the council"', "council OR bins OR tax", "bins -council", "the NEAR/5 bin"),
    *(
        '"the bin" NEAR/9 council',
        "coll* the",
        "(council tax) OR (bins =the)",
        "council~ the",
        "the platform:x",
    ),
    *("fly-tipping OR #BinDay", "the -(council bins)", "(the OR -council) tax", "NOT bins"),
    *("coll* OR tax", "council~ OR roads OR bins"),
)


@pytest.fixture(scope="module")
def entries(corpus: Callable[[int], tuple[Entry, ...]]) -> list[Entry]:
    made = list(corpus(ENTRIES))
    for at in range(0, ENTRIES, 20):  # lengths that an index does not keep exactly
        made[at] = made[at]._replace(text=" ".join([made[at].text] * (at // 100 + 2)))
    return made


@pytest.fixture(scope="module")
def index(
    engine: str, entries: list[Entry], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SearchIndex]:
    emptied(engine, "relevance")
    with opened(engine, tmp_path_factory.mktemp("index")) as made:
        made.rebuild("relevance", 1, entries)
        yield made


@pytest.mark.parametrize("typed", QUERIES)
def test_the_best_of_an_engine_are_the_best_by_the_plain_formula(
    index: SearchIndex, entries: list[Entry], typed: str
) -> None:
    tree = parse(typed).tree
    relevance = Relevance(tree)
    weighed = {}
    for entry in entries:
        reading = read(entry)
        relevance.see(reading)
        if matches(tree, reading):
            weighed[entry.version_id] = relevance.weigh(reading)
    scores = {version_id: relevance.score(one) for version_id, one in weighed.items()}
    page = index.search("relevance", parse(typed), order=Order.RELEVANT, size=BEST)
    given = [scores[hit.version_id] for hit in page.hits]
    # An engine counts its own mark as one more entry, and adds in single precision: a thousandth at most.
    assert given == pytest.approx(sorted(scores.values(), reverse=True)[:BEST], rel=2e-3)


def test_words_near_each_other_count_as_the_words_that_they_are(index: SearchIndex) -> None:
    near = index.search("relevance", parse("the NEAR/20 bin"), order=Order.RELEVANT, size=BEST)
    both = index.search("relevance", parse("the bin"), order=Order.RELEVANT, size=ENTRIES)
    found = {hit.version_id for hit in near.hits}
    assert near.hits == tuple(hit for hit in both.hits if hit.version_id in found)
