"""A service that a class names, and partners of a shared account, have a say before a list is approved."""

from dataclasses import replace

import pytest

from muniment.domain.disposal import Fate
from muniment.domain.disposal_run import Decision, RunState
from muniment.domain.people import Actor
from schemas.errors import BadInputError, NotPermittedError
from tests.muniment.domain.retention.council import adopted
from tests.muniment.services.disposing.office import ANN, ART, BEN, IVY, Office, ids

PAT = Actor(name="pat", teams=frozenset({"Planning"}))
STU = Actor(name="stu", teams=frozenset({"Stafford"}))


@pytest.fixture
def co_reviewed(office: Office) -> Office:
    """Records 1 and 2 are of a class in which Planning has a say, and the account is shared with Stafford."""
    office.settle()
    office.classes |= dict.fromkeys(ids(1, 2), "PUB-ENQUIRY")
    classes = dict(adopted().classes)
    classes["PUB-ENQUIRY"] = replace(classes["PUB-ENQUIRY"], co_review="Planning")
    office.disposing.schedule = lambda: adopted(classes=classes)
    return office


def shared(office: Office) -> None:
    plan = office.plan(office.clock.now().date(), None)
    account = plan.items["account"].to_pylist()[0]
    office.disposing.partners = {account: ("Stafford",)}


def keep(office: Office, run: str, number: int, by: Actor) -> int:
    return office.disposing.decide(
        run, Decision.KEEP, facet="record_id", value=f"facebook:{number}", reason="live case", actor=by
    )


def test_a_list_waits_for_the_service_that_its_class_names(co_reviewed: Office) -> None:
    office, run = co_reviewed, co_reviewed.proposed()
    assert office.disposing.send_on(run, actor=BEN) is RunState.CO_REVIEW
    with pytest.raises(BadInputError, match="does not wait for approval"):
        office.disposing.approve(run, actor=IVY)
    for other in (ANN, BEN, IVY, ART, STU):
        with pytest.raises(NotPermittedError, match="waits for Planning"):
            office.disposing.send_on(run, actor=other)
    assert office.disposing.listed(run, reader=BEN).waits_for == {"Planning"}
    assert office.disposing.send_on(run, actor=PAT) is RunState.PROPOSED
    assert office.disposing.listed(run, reader=BEN).co_reviews == {"Planning": "pat"}
    office.approve(run)
    assert office.destroying.execute(run).records == 6


def test_a_team_has_its_say_in_what_concerns_it_and_in_nothing_else(co_reviewed: Office) -> None:
    office, run = co_reviewed, co_reviewed.proposed()
    with pytest.raises(NotPermittedError):
        keep(office, run, 1, PAT)  # it is the reviewers' turn
    office.disposing.send_on(run, actor=BEN)
    assert keep(office, run, 1, PAT) == 1
    with pytest.raises(NotPermittedError, match="reviewer"):
        keep(office, run, 3, PAT)
    with pytest.raises(NotPermittedError, match="archivist"):
        office.disposing.decide(
            run, Decision.DECLINED, facet="class", value="PUB-ENQUIRY", reason="x", actor=PAT
        )
    office.disposing.send_on(run, actor=PAT)
    office.approve(run)
    assert office.destroying.execute(run).records == 5
    assert office.held() == ids(1)


def test_every_council_that_shares_an_account_has_a_say_in_its_records(co_reviewed: Office) -> None:
    office = co_reviewed
    shared(office)
    run = office.proposed()
    office.disposing.send_on(run, actor=BEN)
    assert office.disposing.send_on(run, actor=PAT) is RunState.CO_REVIEW
    assert office.disposing.listed(run, reader=BEN).waits_for == {"Stafford"}
    assert keep(office, run, 5, STU) == 1
    assert office.disposing.send_on(run, actor=STU) is RunState.PROPOSED
    told = [one.tag for one in office.register.audit_entries("exampleborough")]
    assert told.count("person:disposal:coreview") == 2


def test_a_list_sent_back_is_looked_at_again_by_all(co_reviewed: Office) -> None:
    office, run = co_reviewed, co_reviewed.proposed()
    office.disposing.send_on(run, actor=BEN)
    office.disposing.send_on(run, actor=PAT)
    office.disposing.send_back(run, actor=BEN)
    assert office.disposing.listed(run, reader=BEN).co_reviews == {}
    assert office.disposing.send_on(run, actor=BEN) is RunState.CO_REVIEW


def test_a_team_named_since_is_asked_before_anybody_approves(co_reviewed: Office) -> None:
    office, run = co_reviewed, co_reviewed.proposed()
    office.disposing.send_on(run, actor=BEN)
    office.disposing.send_on(run, actor=PAT)
    shared(office)
    with pytest.raises(BadInputError, match="not seen by Stafford"):
        office.disposing.approve(run, actor=IVY)


def test_after_the_teams_the_archivist_has_his_turn(co_reviewed: Office) -> None:
    office = co_reviewed
    office.fates["facebook:6"] = Fate.TRANSFER
    run = office.proposed()
    office.disposing.send_on(run, actor=BEN)
    assert office.disposing.send_on(run, actor=PAT) is RunState.ARCHIVIST_REVIEW


def test_a_list_in_co_review_can_be_stopped_and_names_its_records_for_no_other_list(
    co_reviewed: Office,
) -> None:
    office, run = co_reviewed, co_reviewed.proposed()
    office.disposing.send_on(run, actor=BEN)
    assert office.disposing.propose(actor=ANN) is None
    office.disposing.cancel(run, reason="made anew", actor=ANN)
    assert office.run(run).state is RunState.CANCELLED
