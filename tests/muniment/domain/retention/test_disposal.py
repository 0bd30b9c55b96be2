"""What was approved is compared with a plan made now: only what has not changed goes on."""

from typing import Any

import pytest

from muniment.domain.disposal import WORDS, Fate, Recheck, Why, matching, recheck
from tests.muniment.domain.retention.plans import items, plan


def told(found: Recheck) -> tuple[list[str], dict[str, str]]:
    rows = found.dropped.to_pylist()
    return found.record_ids.to_pylist(), {row["record_id"]: row["why"] for row in rows}


def test_what_is_still_due_in_the_same_way_goes_on() -> None:
    one, two = {"record_id": "x:1"}, {"record_id": "x:2", "rule": None}
    assert told(recheck(items(one, two), plan(one, two, {"record_id": "x:3"}))) == (["x:1", "x:2"], {})


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ({"fate": "kept", "why": "held"}, Why.HELD),
        ({"fate": "kept", "why": "case"}, Why.CASE),
        ({"last_commit": 2}, Why.CHANGED),
        ({"class": "COR-POST"}, Why.RECLASSIFIED),
        ({"rule": "another"}, Why.RECLASSIFIED),
        ({"fate": "review"}, Why.RECLASSIFIED),
    ],
)
def test_what_changed_since_drops_out_with_its_reason(now: dict[str, Any], why: Why) -> None:
    approved = items({"record_id": "x:1"}, {"record_id": "x:2"})
    fresh = plan({"record_id": "x:1", **now}, {"record_id": "x:2"})
    assert told(recheck(approved, fresh)) == (["x:2"], {"x:1": why.value})


def test_what_the_archive_no_longer_holds_drops_out() -> None:
    assert told(recheck(items({"record_id": "x:1"}), plan())) == ([], {"x:1": "not-held-here"})


def test_counts_add_up_to_every_record() -> None:
    made = plan(
        {"record_id": "x:1"},
        {"record_id": "x:2"},
        {"record_id": "x:3", "fate": "kept", "why": "held"},
    )
    assert made.counts("fate", "why") == (
        {"fate": "due", "why": None, "records": 2},
        {"fate": "kept", "why": "held", "records": 1},
    )
    assert sum(int(row["records"] or 0) for row in made.counts()) == 3
    assert made.due.num_rows == 2
    assert made.of(Fate.REVIEW).num_rows == 0
    assert matching(made.items, "why", ["held"])["record_id"].to_pylist() == ["x:3"]


def test_every_reason_has_its_words() -> None:
    assert set(WORDS) == set(Why)
