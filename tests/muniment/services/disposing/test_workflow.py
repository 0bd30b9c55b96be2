"""The way of a list: who may say what, two reviewers at once, two other people to approve it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muniment.domain.disposal import Fate, PlanKind
from muniment.domain.disposal_run import Decision, Outcome, RunState, Said, hands, outcomes
from muniment.domain.people import Actor
from schemas.errors import BadInputError, NotPermittedError
from tests.muniment.adapters.delta.council import START
from tests.muniment.adapters.register.disposal_stage import items
from tests.muniment.services.disposing.office import ANN, ART, BEN, CAT, IVY, Office, ids

REVIEWED = (Decision.DESTROY, Decision.RECLASSIFY, Decision.EXTEND, Decision.KEEP)


def say(office: Office, run: str, decision: Decision, number: int, *, by: object = BEN) -> int:
    until = date(2030, 1, 1) if decision is Decision.EXTEND else None
    return office.disposing.decide(
        run,
        decision,
        facet="record_id",
        value=f"facebook:{number}",
        reason="read it",
        actor=by,  # type: ignore[arg-type]  # one of the office's people
        until_on=until,
    )


def reclassify(office: Office, run: str, code: str) -> int:
    return office.disposing.decide(
        run,
        Decision.RECLASSIFY,
        facet="record_id",
        value="facebook:1",
        reason="read it",
        actor=BEN,
        retention_class=code,
    )


def destroyed(office: Office, run: str) -> set[str]:
    return set(office.disposing.listed(run, reader=BEN).destroyed["record_id"].to_pylist())


def test_what_a_reviewer_keeps_or_extends_is_not_destroyed(office: Office) -> None:
    office.settle()
    run = office.proposed()
    say(office, run, Decision.KEEP, 1)
    say(office, run, Decision.EXTEND, 2)
    office.disposing.send_on(run, actor=BEN)
    office.approve(run)
    assert office.destroying.execute(run).records == 4
    assert office.held() == ids(1, 2)
    assert office.certifying.read(run)["decisions"] == {"keep": 1, "extend": 1}
    assert [one.value for one in office.disposing.listed(run, reader=BEN).said] == [None, None]


@pytest.mark.parametrize(
    ("cancelled", "advice"), [(True, "muniment dispose propose"), (False, "muniment dispose certificate")]
)
def test_a_run_that_is_over_is_said_to_be_so_whatever_is_asked_of_it(
    office: Office, *, cancelled: bool, advice: str
) -> None:
    office.settle()
    run = office.proposed()
    if cancelled:
        office.disposing.cancel(run, reason="too early", actor=IVY)
    else:
        office.disposing.send_on(run, actor=BEN)
        office.approve(run)
        office.destroying.execute(run)
    for asked in (
        lambda: say(office, run, Decision.KEEP, 1),
        lambda: office.disposing.send_on(run, actor=BEN),
        lambda: office.disposing.send_back(run, actor=BEN),
        lambda: office.disposing.approve(run, actor=CAT),
        lambda: office.disposing.cancel(run, reason="too late", actor=IVY),
    ):
        with pytest.raises(BadInputError) as refused:
            asked()
        assert advice in (refused.value.remedy or "")


def test_an_extension_is_the_decision_that_the_next_plan_goes_by(office: Office) -> None:
    office.settle()
    run = office.proposed()
    say(office, run, Decision.EXTEND, 2)
    (filed,) = office.register.reclassifications("exampleborough")
    assert (filed.decision.name, filed.decision.until_on, filed.counts) == (
        "facebook:2",
        date(2030, 1, 1),
        True,
    )


def test_two_reviewers_at_once_never_overwrite_each_other(office: Office) -> None:
    office.settle()
    run = office.proposed()
    say(office, run, Decision.KEEP, 1, by=BEN)
    say(office, run, Decision.DESTROY, 1, by=CAT)
    say(office, run, Decision.DESTROY, 2, by=CAT)
    say(office, run, Decision.KEEP, 2, by=BEN)
    assert destroyed(office, run) == ids(3, 4, 5, 6)
    say(office, run, Decision.DESTROY, 1, by=BEN)
    assert destroyed(office, run) == ids(1, 3, 4, 5, 6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(REVIEWED), st.sampled_from(["x:1", "x:2"])),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_in_which_people_speak_does_not_matter(
    spoken: list[tuple[str, Decision, str]], chance: object
) -> None:
    said = [
        Said(person=who, at=START, facet="record_id", value=about, decision=what, reason="")
        for who, what, about in spoken
    ]
    by_person = {who: [one for one in said if one.person == who] for who in "abc"}
    shuffled = list("abc")
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' own dice
    other = [one for who in shuffled for one in by_person[who]]
    listed = items("x:1", "x:2")
    assert outcomes(listed, said) == outcomes(listed, other)
    for record_id, outcome in zip(("x:1", "x:2"), outcomes(listed, said).to_pylist(), strict=True):
        about = [[one for one in ones if one.value == record_id] for ones in by_person.values()]
        if any(ones and ones[-1].decision is Decision.KEEP for ones in about):
            assert outcome == Outcome.KEEP


def test_who_prepared_the_list_does_not_approve_it_and_one_is_not_two(office: Office) -> None:
    office.settle()
    run = office.proposed()
    office.disposing.send_on(run, actor=BEN)
    with pytest.raises(NotPermittedError, match="prepared"):
        office.disposing.approve(run, actor=ANN)
    office.disposing.approve(run, actor=BEN)
    office.disposing.approve(run, actor=BEN)
    assert office.run(run).state is RunState.PROPOSED
    office.disposing.approve(run, actor=CAT)  # two, but no information manager
    assert office.run(run).state is RunState.PROPOSED
    office.disposing.approve(run, actor=IVY)
    assert office.run(run).state is RunState.WAITING


def test_a_list_sent_back_and_changed_needs_its_approvals_again(office: Office) -> None:
    office.settle()
    run = office.approved()
    office.disposing.send_back(run, actor=BEN)
    say(office, run, Decision.KEEP, 1)
    office.disposing.send_on(run, actor=BEN)
    office.disposing.approve(run, actor=IVY)
    assert office.run(run).state is RunState.PROPOSED  # ben's yes was to another list
    office.disposing.approve(run, actor=CAT)
    assert office.run(run).state is RunState.WAITING
    assert {one.person for one in office.disposing.listed(run, reader=BEN).approvals} == {"ivy", "cat"}


def test_a_list_sent_back_and_left_as_it_was_needs_two_approvals_again(office: Office) -> None:
    office.settle()
    run = office.approved()
    office.disposing.send_back(run, actor=CAT)
    office.disposing.send_on(run, actor=CAT)
    office.disposing.approve(run, actor=IVY)
    assert office.run(run).state is RunState.PROPOSED


def test_brackets_in_a_name_do_not_hide_the_login(office: Office) -> None:
    office.settle()
    officer = Actor(name="Ann Lee (Records)", login="alee", roles=ANN.roles)
    prepared = office.disposing.propose(actor=officer)
    assert prepared is not None
    office.disposing.send_on(prepared.run, actor=BEN)
    for other in (Actor(name="Bo", login="alee", roles=CAT.roles), replace(officer, login=None)):
        with pytest.raises(NotPermittedError, match="prepared"):
            office.disposing.approve(prepared.run, actor=other)
    told = office.run(prepared.run).prepared_by
    assert {"Ann Lee (Records)", "alee"} <= hands(told)
    assert "Ann Lee (Records)" in hands("Ann Lee (Records)")


def test_what_is_offered_stays_until_the_archivist_decides(office: Office) -> None:
    office.settle()
    office.fates |= dict.fromkeys(ids(1, 2), Fate.TRANSFER)
    office.fates["facebook:3"] = Fate.REVIEW
    run = office.proposed()
    assert destroyed(office, run) == ids(4, 5, 6)
    say(office, run, Decision.DESTROY, 1)
    say(office, run, Decision.DESTROY, 3)
    assert office.disposing.send_on(run, actor=BEN) is RunState.ARCHIVIST_REVIEW
    with pytest.raises(NotPermittedError, match="archivist"):
        say(office, run, Decision.DECLINED, 1, by=BEN)
    say(office, run, Decision.DECLINED, 2, by=ART)
    assert office.disposing.send_on(run, actor=ART) is RunState.PROPOSED
    assert destroyed(office, run) == ids(2, 3, 4, 5, 6)


def test_who_may_do_what(office: Office) -> None:
    office.settle()
    with pytest.raises(NotPermittedError):
        office.disposing.propose(actor=BEN)
    run = office.proposed()
    with pytest.raises(NotPermittedError):
        say(office, run, Decision.KEEP, 1, by=IVY)
    with pytest.raises(NotPermittedError):
        office.disposing.send_on(run, actor=ART)
    with pytest.raises(NotPermittedError):
        office.disposing.cancel(run, reason="no", actor=BEN)
    with pytest.raises(BadInputError, match="reason"):
        office.disposing.cancel(run, reason=" ", actor=IVY)
    office.disposing.cancel(run, reason="the inquiry asked us to wait", actor=IVY)
    assert office.run(run).state is RunState.CANCELLED


@pytest.mark.parametrize("code", ["NO-SUCH", "HR-EVIDENCE"])
def test_a_class_that_no_record_can_have_is_refused(office: Office, code: str) -> None:
    office.settle()
    run = office.proposed()
    with pytest.raises(BadInputError, match="no class"):
        reclassify(office, run, code)
    assert office.register.decisions("exampleborough", run) == ()
    assert office.register.reclassifications("exampleborough") == ()


def test_a_class_that_the_schedule_has_is_filed_and_waits_for_another_person(office: Office) -> None:
    office.settle()
    run = office.proposed()
    assert reclassify(office, run, "PUB-ENQUIRY") == 1
    (filed,) = office.register.reclassifications("exampleborough")
    assert (filed.decision.retention_class, filed.counts) == ("PUB-ENQUIRY", False)


def test_only_who_may_executes_whatever_the_way_there(office: Office) -> None:
    office.settle()
    run = office.approved()
    for person in (BEN, ART):
        office.destroying.actor = person
        with pytest.raises(NotPermittedError, match="execute a disposal"):
            office.destroying.execute(run)
        with pytest.raises(NotPermittedError, match="execute a disposal"):
            office.destroying.rehearse(run)
    office.destroying.actor = ANN
    assert office.destroying.execute(run).records == 6
    begun = list(office.register.audit_entries("exampleborough", tags=("system:disposal:begin",)))
    assert b'"actor":"ann"' in (begun[0].text or b"")


def test_a_record_stands_on_one_list_at_a_time(office: Office) -> None:
    office.settle()
    run = office.proposed()
    assert office.disposing.propose(actor=ANN) is None
    office.disposing.cancel(run, reason="made anew", actor=ANN)
    again = office.disposing.propose(actor=ANN)
    assert again is not None
    assert again.run != run


def test_nothing_due_is_said(office: Office) -> None:
    assert office.disposing.propose(actor=ANN) is None
    entries = list(office.register.audit_entries("exampleborough"))
    assert [one.tag for one in entries] == ["person:disposal:propose"]


def test_what_a_platform_deleted_waits_for_two_people_and_no_week(office: Office) -> None:
    office.settle()
    run = office.disposing.propose(actor=ANN, kind=PlanKind.HONOUR)
    assert run is not None
    office.disposing.send_on(run.run, actor=BEN)
    office.disposing.approve(run.run, actor=BEN)
    office.disposing.approve(run.run, actor=IVY)
    assert office.destroying.execute(run.run).records == 6
    assert office.certifying.read(run.run)["authority"]["basis"] == "terms of the platform"


def test_mistakes_are_refused_in_plain_words(office: Office) -> None:
    office.settle()
    run = office.proposed()
    with pytest.raises(BadInputError, match="No item"):
        say(office, run, Decision.KEEP, 99)
    with pytest.raises(BadInputError, match="extension"):
        office.disposing.decide(
            run, Decision.EXTEND, facet="class", value="PUB-COMMENT", reason="x", actor=BEN
        )
    with pytest.raises(BadInputError, match="no disposal run"):
        office.disposing.listed("nothing", reader=BEN)
    office.clock.wait(timedelta(days=1).total_seconds())
    with pytest.raises(BadInputError, match="still to come"):
        office.disposing.decide(
            run,
            Decision.EXTEND,
            facet="class",
            value="PUB-COMMENT",
            reason="x",
            actor=BEN,
            until_on=date(2020, 1, 1),
        )


def test_another_name_for_the_same_login_is_not_another_person(office: Office) -> None:
    office.settle()
    run = office.proposed()
    office.disposing.send_on(run, actor=BEN)
    office.disposing.approve(run, actor=replace(BEN, login="desk3"))
    with pytest.raises(NotPermittedError, match="another name"):
        office.disposing.approve(run, actor=replace(IVY, login="desk3"))
    with pytest.raises(NotPermittedError, match="prepared"):
        office.disposing.approve(run, actor=replace(IVY, login="ann"))
    assert office.run(run).state is RunState.PROPOSED
