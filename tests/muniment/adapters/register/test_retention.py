"""Retention in the register: what is newest counts, nothing is changed, and it goes with its record."""

from datetime import date

import pytest

from muniment.domain.classifying import Window
from muniment.domain.retention import WindowKind
from muniment.domain.triggers import Scope
from muniment.ports.retention import AdoptedSchedule, Fact, NewDecision, Transfer
from schemas.account import Account
from schemas.errors import BadInputError
from schemas.vocabulary import Answer, State
from tests.muniment.adapters.register.stage import MAIN, Stage, at


def version(number: str, effective_from: date) -> AdoptedSchedule:
    return AdoptedSchedule(
        version=number,
        effective_from=effective_from,
        digest=b"d" * 32,
        text=f"version: {number}",
        by="ann",
        at=at(0),
    )


def fact(on: date | None, *, scope: Scope = Scope.THREAD, name: str = "x:1", hours: float = 0) -> Fact:
    return Fact(event="thread_closed", scope=scope, name=name, on=on, reason="closed", by="ann", at=at(hours))


def decision(name: str, **told: object) -> NewDecision:
    values = {
        "scope": Scope.RECORD,
        "name": name,
        "retention_class": "COR-POST",
        "until_on": None,
        "reason": "because",
        "shortens": False,
        **told,
    }
    return NewDecision(**values)  # type: ignore[arg-type] # built from names


def test_versions_follow_one_another_and_never_change(stage: Stage) -> None:
    register = stage.register
    first, second = version("1.0", date(2027, 1, 1)), version("2.0", date(2028, 1, 1))
    register.adopt_schedule("elm", first)
    register.adopt_schedule("elm", second)
    assert register.schedules("elm") == (first, second)
    assert register.schedules("oak") == ()
    for again in (version("1.0", date(2029, 1, 1)), version("3.0", date(2028, 1, 1))):
        with pytest.raises(BadInputError):
            register.adopt_schedule("elm", again)
    assert register.schedules("elm") == (first, second)


def test_the_newest_word_about_an_event_counts_and_all_are_kept(stage: Stage) -> None:
    register = stage.register
    subject = ("thread_closed", Scope.THREAD, "x:1")
    register.add_fact("elm", fact(date(2027, 1, 1)))
    register.add_fact("elm", fact(date(2027, 2, 1), hours=1))
    assert register.facts("elm") == {subject: date(2027, 2, 1)}
    register.add_fact("elm", fact(None, hours=2))
    assert register.facts("elm") == {}
    assert [one.on for one in register.fact_history("elm")] == [date(2027, 1, 1), date(2027, 2, 1), None]
    assert register.facts("oak") == {}


def test_a_window_is_changed_by_opening_it_again(stage: Stage) -> None:
    first = Window(name="flood", kind=WindowKind.EMERGENCY, since=date(2027, 1, 1))
    later = Window(
        name="flood",
        kind=WindowKind.EMERGENCY,
        since=date(2027, 1, 1),
        until=date(2027, 1, 9),
        accounts=frozenset({"main"}),
    )
    for window in (first, later):
        stage.register.set_window("elm", window, reason="rain", by="ann", at=at(0))
    assert stage.register.retention_windows("elm") == (later,)


def test_a_link_to_a_case_is_made_once_and_the_newest_class_counts(stage: Stage) -> None:
    register = stage.register
    register.set_case("elm", "hr-7", "INV-COPY", reason="new", by="ann", at=at(0))
    assert register.link_to_case("elm", "hr-7", ["x:1", "x:2"], by="ann", at=at(0)) == 2
    assert register.link_to_case("elm", "hr-7", ["x:2", "x:3"], by="ann", at=at(1)) == 1
    register.set_case("elm", "hr-7", "HR-EVIDENCE", reason="it is HR's", by="ann", at=at(1))
    found = register.retention_cases("elm")
    assert found.classes == {"hr-7": "HR-EVIDENCE"}
    assert found.of_record == dict.fromkeys(("x:1", "x:2", "x:3"), ("hr-7",))


def test_a_decision_that_shortens_counts_once_it_is_approved(stage: Stage) -> None:
    register = stage.register
    number = register.add_decision("elm", decision("x:1", shortens=True), by="ann", at=at(0))
    plain = register.add_decision("elm", decision("x:2"), by="ann", at=at(0))
    assert {one.number: one.counts for one in register.reclassifications("elm")} == {
        number: False,
        plain: True,
    }
    register.approve_decision("elm", number, by="bob", at=at(1))
    assert all(one.counts for one in register.reclassifications("elm"))
    for wrong in (number, plain, 999):
        with pytest.raises(BadInputError):
            register.approve_decision("elm", wrong, by="bob", at=at(2))


def test_a_transfer_counts_once_its_receipt_is_entered(stage: Stage) -> None:
    register = stage.register
    made = Transfer(
        transfer="2030-1", schedule="1.0", records=2, manifest_digest=b"m" * 32, by="eve", at=at(0)
    )
    register.add_transfer("elm", made, ["x:1", "x:2"])
    assert register.transfers("elm") == (made,)
    assert register.transferred_records("elm") == {}
    register.receive_transfer("elm", "2030-1", receipt="Accession 77", by="eve", at=at(1))
    assert register.transferred_records("elm") == {"x:1": "2030-1", "x:2": "2030-1"}
    assert register.transfer_records("elm", "2030-1") == ("x:1", "x:2")
    with pytest.raises(BadInputError):
        register.receive_transfer("elm", "2030-1", receipt="again", by="eve", at=at(2))


def test_what_names_a_destroyed_record_is_forgotten_with_it(stage: Stage) -> None:
    register = stage.register
    for name in ("x:1", "x:2"):
        register.add_fact("elm", fact(date(2027, 1, 1), name=name))
        register.add_decision("elm", decision(name), by="ann", at=at(0))
        register.link_to_case("elm", "hr-7", [name], by="ann", at=at(0))
    register.add_fact("elm", fact(date(2027, 1, 1), scope=Scope.ACCOUNT, name="x:1"))
    made = Transfer(transfer="t", schedule=None, records=2, manifest_digest=b"", by="eve", at=at(0))
    register.add_transfer("elm", made, ["x:1", "x:2"])
    told = register.forget("elm", ["x:1"])
    assert {name: told[name] for name in told if name.startswith(("retention", "transfer"))} == {
        "retention_facts": 1,
        "retention_decisions": 1,
        "retention_case_records": 1,
        "transfer_records": 1,
    }
    assert [one.decision.name for one in register.reclassifications("elm")] == ["x:2"]
    assert register.transfer_records("elm", "t") == ("x:2",)
    assert set(register.facts("elm")) == {
        ("thread_closed", Scope.THREAD, "x:2"),
        ("thread_closed", Scope.ACCOUNT, "x:1"),
    }
    assert register.mentions("elm", ["x:1"]) == 0


def test_confirmed_gone_is_what_every_account_that_saw_it_knows_as_gone(stage: Stage) -> None:
    stage.whole({"x:1": {}, "x:2": {}, "x:3": {}}, hours=0)
    for hours in (8.0, 16.0, 33.0):
        walk = stage.open(hours=hours)
        answers = {
            "x:1": {"answer": Answer.GONE, "listing": ""},
            "x:2": {"answer": Answer.GONE, "listing": ""},
        }
        stage.read(walk, answers, hours=hours)
        stage.register.promote(walk, now=at(hours))
    assert stage.stands("x:1").state is State.GONE
    stage.account = Account(account="x-other", council="elm", platform="x", handle="other")
    stage.enrol(MAIN, stage.account, hours=34)
    stage.whole({"x:2": {}}, hours=34)
    found = stage.register.confirmed_gone("elm", ["x-main"])
    assert {record: account for record, (account, _) in found.items()} == {"x:1": "x-main"}
    assert found["x:1"][1] == at(33)
    assert stage.register.confirmed_gone("elm", []) == {}
    assert stage.register.confirmed_gone("oak", ["x-main"]) == {}
