"""What happens between the plan and the point of no return: it is seen, and nobody waits for the plan."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import date

import pyarrow as pa
import pytest
from typing_extensions import override

from muniment.domain.disposal import PlanKind
from muniment.domain.disposal_run import Decision, RunState
from muniment.services.destroying import Destroying
from muniment.services.foreseeing import Foreseen
from muniment.services.rechecking import Prepared
from schemas.errors import NotApprovedError
from tests.muniment.adapters.delta.council import COUNCIL, Said
from tests.muniment.services.disposing.office import ANN, BEN, CAT, Office, ids


@dataclass(slots=True, kw_only=True)
class Delayed(Destroying):
    """Lets something happen when all was read and decided, before the transaction begins."""

    act: Callable[[], object]

    @override
    def intend(self, run: str, prepared: Prepared | None = None) -> pa.Array:
        assert prepared is not None
        self.act()
        return Destroying.intend(self, run, prepared)


def before_the_transaction(office: Office, act: Callable[[], object]) -> None:
    told = {one.name: getattr(office.destroying, one.name) for one in fields(Destroying)}
    office.destroying = Delayed(**told, act=act)


def while_it_plans(office: Office, act: Callable[[], object]) -> list[bool]:
    """Do something in another thread while the plan is made, and wait for it; return whether it ended."""
    plan, came = office.destroying.foresight[PlanKind.SCHEDULE], list[bool]()

    def foresee(on: date, record_ids: Sequence[str]) -> Foreseen:
        acting = threading.Thread(target=act, daemon=True)
        acting.start()
        acting.join(200)
        came.append(not acting.is_alive())
        return plan(on, record_ids)

    office.destroying.foresight = {PlanKind.SCHEDULE: foresee}
    return came


@pytest.mark.parametrize("act", ["hold", "capture", "people"])
def test_neither_a_hold_nor_a_capture_waits_for_the_plan(office: Office, act: str) -> None:
    office.settle()
    run = office.approved()
    acts: dict[str, Callable[[], object]] = {
        "hold": lambda: office.hold('"after all"'),
        "capture": lambda: office.keep(Said(number=3, text="edited while it planned")),
        "people": lambda: office.disposing.propose(actor=ANN),
    }
    came = while_it_plans(office, acts[act])

    done = office.destroying.execute(run)

    assert came == [True]
    assert (done.records, done.dropped) == {
        "hold": (5, {"held": 1}),
        "capture": (5, {"changed": 1}),
        "people": (6, {}),
    }[act]


def test_a_hold_placed_after_the_plan_keeps_the_record(office: Office) -> None:
    office.settle()
    run = office.approved()
    told: list[frozenset[str]] = []
    before_the_transaction(office, lambda: told.append(office.hold('"after all"')))

    done = office.destroying.execute(run)

    assert told == [frozenset()]
    assert (done.records, done.dropped) == (5, {"held": 1})
    assert office.held() == ids(2)


def test_a_hold_that_was_there_and_grew_after_the_plan_keeps_the_record(office: Office) -> None:
    office.settle()
    office.hold("gritting")
    run = office.approved()

    def grow() -> None:
        (hold,) = office.register.holds(COUNCIL)
        office.register.add_to_hold(COUNCIL, hold.hold_id, ["facebook:4"])

    before_the_transaction(office, grow)
    done = office.destroying.execute(run)
    assert (done.records, done.dropped) == (5, {"held": 1})
    assert office.held() == ids(4)


def test_a_hold_released_after_the_plan_keeps_nothing(office: Office) -> None:
    office.settle()
    office.hold("bins")
    run = office.approved()

    def release() -> None:
        (hold,) = office.register.holds(COUNCIL)
        now = office.clock.now()
        office.register.release_hold(COUNCIL, hold.hold_id, by="ann", reason="answered", now=now)

    before_the_transaction(office, release)
    assert office.destroying.execute(run).records == 6


def test_two_ids_that_became_one_record_after_the_plan_are_kept_together(office: Office) -> None:
    office.settle()
    office.hold('"after all"')  # record 2
    run = office.approved()
    before_the_transaction(office, lambda: office.register.tie(COUNCIL, "facebook:2", "facebook:5"))
    done = office.destroying.execute(run)
    assert office.held() == ids(2, 5)
    assert done.records == 4


def test_a_schedule_adopted_after_the_plan_stops_the_run(office: Office) -> None:
    office.settle()
    run = office.approved()

    def adopt() -> None:
        office.schedule = b"\x02" * 32

    before_the_transaction(office, adopt)
    with pytest.raises(NotApprovedError, match="schedule has changed"):
        office.destroying.execute(run)
    assert office.run(run).state is RunState.UNDER_REVIEW
    assert office.held() == ids(1, 2, 3, 4, 5, 6)


def test_a_list_sent_back_after_the_plan_is_not_executed(office: Office) -> None:
    office.settle()
    run = office.approved()
    before_the_transaction(office, lambda: office.disposing.send_back(run, actor=BEN))
    with pytest.raises(NotApprovedError, match="under review"):
        office.destroying.execute(run)
    assert office.held() == ids(1, 2, 3, 4, 5, 6)


def test_a_list_reviewed_anew_after_the_plan_goes_as_it_was_reviewed_last(office: Office) -> None:
    office.waiting *= 0
    office.reopen()
    office.settle()
    run = office.approved()

    def review_again() -> None:
        office.disposing.send_back(run, actor=BEN)
        office.disposing.decide(
            run, Decision.KEEP, facet="record_id", value="facebook:1", reason="asked for", actor=BEN
        )
        office.disposing.send_on(run, actor=BEN)
        office.approve(run)

    before_the_transaction(office, review_again)
    assert office.destroying.execute(run).records == 5
    assert office.held() == ids(1)


def test_of_two_reviewers_at_once_the_more_cautious_counts_whoever_was_last(office: Office) -> None:
    office.settle()
    run = office.proposed()
    both = threading.Barrier(2)

    def review(decision: Decision) -> None:
        person = BEN if decision is Decision.KEEP else CAT
        both.wait()
        office.disposing.decide(
            run, decision, facet="record_id", value="facebook:1", reason="looked at", actor=person
        )

    threads = [threading.Thread(target=review, args=(one,)) for one in (Decision.KEEP, Decision.DESTROY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    office.disposing.send_on(run, actor=BEN)
    assert office.destroying.execute(office.approve(run)).records == 5
    assert office.held() == ids(1)
