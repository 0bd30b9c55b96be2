"""Many queries asked at once answer what each answers by itself, and most of them are never asked."""

from hypothesis import given
from hypothesis import strategies as st

from muniment.search.match import matches, read
from muniment.search.parse import parse
from muniment.search.scopes import Scopes
from muniment.search.tree import And, Node, Records
from tests.muniment.search.test_narrowing import ENTRY, QUERIES

TEXTS = st.sampled_from(
    ["the bins were not collected", "parks", "", "Bins beside the parks!", "collecting bons", "nothing here"]
)
TREES: st.SearchStrategy[Node] = st.one_of(
    QUERIES.map(lambda typed: parse(typed).tree),
    st.sampled_from(["the NEAR/3 collected", "author:resident"]).map(lambda typed: parse(typed).tree),
    st.sets(st.sampled_from(["x:1", "x:2"]), min_size=1).map(lambda ids: Records(frozenset(ids))),
    st.just(And((Records(frozenset({"x:1"})), parse("bins").tree))),
)


@given(
    st.lists(TREES, max_size=24),
    TEXTS,
    st.sampled_from(["x", "facebook"]),
    st.sampled_from(["live", "gone"]),
    st.sets(st.sampled_from(["live", "missing", "gone"])),
)
def test_all_at_once_is_one_by_one(
    trees: list[Node], text: str, platform: str, state: str, others: set[str]
) -> None:
    entry = ENTRY._replace(platform=platform, state=state, text=text)
    readings = [read(entry._replace(state=one)) for one in {state, *others}]
    alone = [n for n, tree in enumerate(trees) if any(matches(tree, one) for one in readings)]
    assert sorted(Scopes(enumerate(trees)).matched(entry, others)) == alone


def test_what_asks_the_same_is_answered_under_each_number() -> None:
    queries = [parse(f"word{n % 500} AND account:main").tree for n in range(1_000)]
    found = Scopes(enumerate(queries)).matched(ENTRY._replace(text="only word7 and word8 are here"))
    assert sorted(found) == [7, 8, 507, 508]
