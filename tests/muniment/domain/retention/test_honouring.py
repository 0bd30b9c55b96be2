"""A confirmed deletion of what the public wrote starts a disposal; what stops it is told as a conflict."""

from datetime import date, timedelta

import pytest

from muniment.domain.classifying import Setting, classify
from muniment.domain.disposal import DisposalPlan, PlanKind, Why, recheck
from muniment.domain.duties import Cases
from muniment.domain.honouring import HONOURED, conflicts, honour_plan
from muniment.domain.planning import Circumstances
from tests.muniment.domain.retention.council import adopted, comment, held, post, told

ON = date(2027, 4, 2)
GONE = {"x:1": ON, "x:2": ON, "x:3": ON}
ROWS = (post(), comment(2), comment(3), comment(4))


def honoured(around: Circumstances | None = None, *, scheduled: bool = True) -> DisposalPlan:
    records = held(*ROWS)
    return honour_plan(
        records,
        GONE,
        around or Circumstances(),
        found=classify(records, adopted(), Setting()) if scheduled else None,
        council="anytown",
        basis="x-main: decision of the SIRO, section 4",
        as_of=ON,
        commit_no=1,
    )


def test_only_what_the_public_wrote_and_the_platform_deleted_is_due() -> None:
    made = honoured()
    assert told(made, "fate", "class", "rule", "event_on") == {
        "x:2": ("due", "PUB-COMMENT", HONOURED, ON),
        "x:3": ("due", "PUB-COMMENT", HONOURED, ON),
    }
    assert (made.kind, made.basis) == (PlanKind.HONOUR, "x-main: decision of the SIRO, section 4")
    assert conflicts(made) == {}


def test_a_hold_or_a_case_stops_it_and_the_conflict_is_told() -> None:
    cases = Cases(classes={"inv-1": "INV-COPY"}, of_record={"x:3": ("inv-1",)})
    made = honoured(Circumstances(held=frozenset({"x:2"}), cases=cases))
    assert told(made) == {"x:2": "held", "x:3": "case"}
    assert conflicts(made) == {Why.HELD: 1, Why.CASE: 1}


@pytest.mark.parametrize(("days", "stays"), [(-1, False), (0, True), (400, True)])
def test_an_officers_extension_stops_it_up_to_its_last_day(days: int, *, stays: bool) -> None:
    made = honoured(Circumstances(extended={"x:2": ON + timedelta(days=days)}))
    assert told(made) == {"x:2": "extended" if stays else "due", "x:3": "due"}
    assert conflicts(made) == ({Why.EXTENDED: 1} if stays else {})


def test_a_hold_is_told_before_an_extension() -> None:
    made = honoured(Circumstances(extended={"x:2": ON}, held=frozenset({"x:2"})))
    assert told(made) == {"x:2": "held", "x:3": "due"}


def test_it_needs_no_schedule_and_is_checked_again_like_any_other() -> None:
    before = honoured(scheduled=False)
    assert told(before, "class") == {"x:2": (None,), "x:3": (None,)}
    after = honoured(Circumstances(held=frozenset({"x:2"})), scheduled=False)
    found = recheck(before.due, after)
    assert found.record_ids.to_pylist() == ["x:3"]
    assert found.dropped.to_pylist() == [{"record_id": "x:2", "why": "held"}]


def test_nothing_gone_is_an_empty_plan() -> None:
    records = held(*ROWS)
    made = honour_plan(records, {}, Circumstances(), found=None, council="a", basis="", as_of=ON, commit_no=1)
    assert made.items.num_rows == 0
