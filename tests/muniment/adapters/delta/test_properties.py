"""Whatever is captured, in whatever order and however often: each version once, presence as rebuilt."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.muniment.adapters.delta.council import COUNCIL, START, PresenceInMemory, Said, batch_of, rows, town

_SAID: some.SearchStrategy[dict[str, object]] = some.builds(
    dict,
    number=some.integers(0, 3),
    text=some.sampled_from("ABC"),
    shown=some.sampled_from(["public", "held"]),
    account=some.sampled_from(["main", "libraries"]),
    likes=some.integers(0, 2),
)
_PAGES = some.lists(some.lists(_SAID, min_size=1, max_size=5), min_size=1, max_size=6)


@settings(max_examples=12, deadline=None)
@given(pages=_PAGES, twice=some.sets(some.integers(0, 5)), compact_after=some.integers(0, 6))
def test_each_version_is_filed_once_and_presence_is_what_a_rebuild_gives(
    tmp_path_factory: pytest.TempPathFactory,
    pages: Sequence[Sequence[dict[str, object]]],
    twice: set[int],
    compact_after: int,
) -> None:
    borough = town(tmp_path_factory.mktemp("x") / "x")
    shown: set[tuple[str, str]] = set()
    for turn, page in enumerate(pages):
        at = START + turn * timedelta(hours=1)
        said = [Said(at=at, capture=f"capture-{turn}", walk=f"walk-{turn}", **one) for one in page]  # type: ignore[arg-type]  # drawn with the field's own types
        shown |= {(one.record_id, one.text) for one in said}
        borough.archive.keep(batch_of(*said))
        if turn in twice:
            assert borough.archive.keep(batch_of(*said)).new == 0
        if turn == compact_after:
            borough.archive.compact()

    filed = [(row["record_id"], row["text"]) for row in rows(borough.archive, "public")]
    assert sorted(filed) == sorted(shown)
    leaves = [leaf for row in rows(borough.archive, "capture") for leaf in row["leaves"]]
    kept = [row for row in rows(borough.archive, "public", "observation") if row["header"] is not None]
    assert len(leaves) == len(set(leaves)) == len(kept)
    anew = PresenceInMemory()
    anew.rebuild(COUNCIL, borough.archive.commit_no(), borough.archive.scan(series=["observation"]))
    assert anew.seen == borough.presence.seen
