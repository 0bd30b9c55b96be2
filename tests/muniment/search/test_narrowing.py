"""What the fields rule out, the whole evaluator refuses too; what they leave open is asked of the text."""

from hypothesis import given
from hypothesis import strategies as st

from muniment.search.entry import Entry
from muniment.search.match import matches, read
from muniment.search.narrowing import fields_of, may_match
from muniment.search.parse import parse

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
        *("bins", "parks", '"the bins"', "coll*", "bons~"),
        *("platform:x", "platform:facebook", "state:gone", "state:live", "kind:comment"),
        *("date:[2024-01-01 TO 2024-12-31]", "date:[2020-01-01 TO 2020-12-31]"),
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


@given(QUERIES, st.sampled_from(["x", "facebook"]), st.sampled_from(["live", "gone"]))
def test_what_the_fields_rule_out_never_matches(typed: str, platform: str, state: str) -> None:
    entry = ENTRY._replace(platform=platform, state=state)
    tree = parse(typed).tree
    if matches(tree, read(entry)):
        assert may_match(tree, fields_of(entry))


def test_days_and_platforms_are_ruled_out_without_the_text() -> None:
    fields = fields_of(ENTRY)
    assert may_match(parse("parks").tree, fields)
    assert may_match(parse("parks -bins").tree, fields)
    assert not may_match(parse("bins platform:facebook").tree, fields)
    assert not may_match(parse("bins date:[2020-01-01 TO 2020-12-31]").tree, fields)
    assert not may_match(parse("bins -state:live").tree, fields)
