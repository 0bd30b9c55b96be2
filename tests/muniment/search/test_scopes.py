"""Many queries asked at once answer what the plain evaluator says of each; most are never asked."""

from hypothesis import given
from hypothesis import strategies as st

from muniment.search.entry import Entry
from muniment.search.match import matches, read
from muniment.search.parse import parse
from muniment.search.scopes import Scopes
from muniment.search.tree import And, Keyword, Node, Range, Records

ENTRY = Entry(
    version_id=b"\x01" * 32,
    record_id="x:1",
    platform="x",
    accounts=("main",),
    author_id="u1",
    author_handle="resident",
    author_role="public",
    kind="comment",
    series="public",
    language="en",
    state="live",
    edited=False,
    commit_no=1,
    ts=1_711_000_000,
    current=True,
    multi=False,
    text="the bins were not collected",
)
ATOMS = st.sampled_from(
    [
        *(
            "bins",
            "=bins",
            "parks",
            '"the bins"',
            '"bins the"',
            "the NEAR/3 collected",
            "coll*",
            "*arks",
            "bons~",
        ),
        *("🚮", "tŷ", "wv11sh", '"WV1 1SH"', "#binday", "author:resident"),
        *("platform:x", "platform:facebook", "state:gone", "state:live", "kind:comment", "edited:yes"),
        *("date:[2024-01-01 TO 2024-12-31]", "date:[2020-01-01 TO 2020-12-31]", "date:[2024-03-21 TO *]"),
    ]
)
QUERIES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(
            lambda one: f"({one[0]} {one[1]} {one[2]})"
        ),
        st.tuples(inner, inner).map(lambda one: f"({one[0]} -{one[1]})"),
    ),
    max_leaves=6,
)
TEXTS = st.sampled_from(
    [
        *(
            "the bins were not collected",
            "parks",
            "",
            "Bins beside the parks!",
            "collecting bons",
            "nothing here",
        ),
        *("Tŷ 🚮 binned, wv1 1sh", "WV1 1st bins 1SH", "#BinDay: the bin", "1SH wv1"),
    ]
)
TREES: st.SearchStrategy[Node] = st.one_of(
    QUERIES.map(lambda typed: parse(typed).tree),
    st.sampled_from([Range("ym", 202_403, None), Range("commit_no", None, 0), Keyword("language", "en")]),
    st.sets(st.sampled_from(["x:1", "x:2"]), min_size=1).map(lambda ids: Records(frozenset(ids))),
    st.just(And((Records(frozenset({"x:1"})), parse("bins").tree))),
)


@given(
    st.lists(TREES, max_size=24),
    st.lists(TEXTS, min_size=1, max_size=3),
    st.sampled_from(["x", "facebook"]),
    st.sampled_from(["live", "gone"]),
    st.sets(st.sampled_from(["live", "missing", "gone"])),
)
def test_all_at_once_is_one_by_one(
    trees: list[Node], texts: list[str], platform: str, state: str, others: set[str]
) -> None:
    scopes = Scopes(enumerate(trees))
    for text in texts:
        entry = ENTRY._replace(platform=platform, state=state, text=text)
        readings = [read(entry._replace(state=one)) for one in {state, *others}]
        alone = [n for n, tree in enumerate(trees) if any(matches(tree, one) for one in readings)]
        assert sorted(scopes.matched(entry, others)) == alone


def test_what_asks_the_same_is_answered_under_each_number() -> None:
    queries = [parse(f"word{n % 500} AND account:main").tree for n in range(1_000)]
    found = Scopes(enumerate(queries)).matched(ENTRY._replace(text="only word7 and word8 are here"))
    assert sorted(found) == [7, 8, 507, 508]
