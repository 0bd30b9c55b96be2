"""A key of stubs goes with its last stub, by two people, and never while anything under it stands."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.stub_keys import StubKeys
from muniment.domain.people import Actor
from muniment.domain.period import parse_period
from muniment.domain.retention import Schedule
from muniment.services.forgetting_keys import ForgettingKeys
from schemas.errors import BadInputError, NotPermittedError
from tests.muniment.adapters.delta.council import COUNCIL, StandingClock
from tests.muniment.adapters.register.disposal_stage import a_run, items
from tests.muniment.domain.retention.council import adopted
from tests.muniment.services.disposing.office import ANN, ART, IVY

ZOE = replace(ANN, name="zoe")
YEARS = 366 * 86_400


def keeping_stubs(written: str) -> Schedule:
    classes = dict(adopted().classes)
    classes["AUD-CERT"] = replace(classes["AUD-CERT"], period=parse_period(written), written=written)
    return adopted(classes=classes)


class Desk:
    """A register with one disposal under a key that was replaced since."""

    def __init__(self, folder: Path) -> None:
        self.keys = StubKeys(folder / "stub_keys")
        self.register = SqlRegister.open(f"sqlite:///{folder / 'register.db'}", self.keys)
        self.clock = StandingClock()
        self.schedule = keeping_stubs("20y")
        self.destroy: Callable[[str], None] = self.keys.destroy
        self.old = self.keys.newest().key_id
        self.destroy_one(COUNCIL)
        self.keys.rotate()

    def destroy_one(self, council: str) -> None:
        now = self.clock.now()
        self.register.add_run(a_run(council=council), items("x:1"))
        self.register.open_intent(council, a_run().run, items("x:1"), commit_no=1, dropped={}, now=now)
        self.register.note_erasure(council, a_run().run, commit_no=1, counts={})
        self.register.close_run(council, a_run().run, b"certificate", number=1, now=now)

    def by(self, actor: Actor) -> ForgettingKeys:
        return ForgettingKeys(
            council=COUNCIL,
            register=self.register,
            keys=self.keys.all,
            check_destroyable=self.keys.check_destroyable,
            destroy=self.destroy,
            schedule=lambda: self.schedule,
            clock=self.clock,
            actor=actor,
        )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path)
    yield found
    found.register.close()


def test_two_people_destroy_a_key_whose_last_stub_has_ended_and_its_stubs_are_gone(desk: Desk) -> None:
    desk.clock.wait(21 * YEARS)
    assert desk.by(ANN).forget(desk.old, reason="20 years are over") is False
    assert desk.by(ANN).forget(desk.old, reason="once more") is False  # one is not two
    assert desk.register.disposed(COUNCIL, ["x:1"]) == {"x:1"}
    assert desk.by(IVY).forget(desk.old, reason="agreed") is True
    assert [key.key_id for key in desk.keys.all()] == [desk.keys.newest().key_id]
    assert desk.register.disposed(COUNCIL, ["x:1"]) == frozenset()
    assert desk.register.stub_counts(COUNCIL) == {}
    told = [one.tag for one in desk.register.audit_entries(COUNCIL)]
    assert told == ["person:key:ask", "person:key:ask", "person:key:forget"]


def test_a_key_that_could_not_be_destroyed_outlives_its_stubs_and_never_the_other_way_round(
    desk: Desk,
) -> None:
    def stopped(_: str) -> None:
        raise OSError("the machine stopped here")

    desk.clock.wait(21 * YEARS)
    desk.by(ANN).forget(desk.old, reason="20 years are over")
    desk.destroy = stopped
    with pytest.raises(OSError, match="stopped here"):
        desk.by(IVY).forget(desk.old, reason="agreed")
    assert desk.register.stub_counts(COUNCIL) == {}
    assert desk.old in [key.key_id for key in desk.keys.all()]

    desk.destroy = desk.keys.destroy
    assert desk.by(IVY).forget(desk.old, reason="agreed, again") is True
    assert desk.old not in [key.key_id for key in desk.keys.all()]


def test_a_key_that_was_given_by_hand_is_not_ended_here(desk: Desk) -> None:
    given = StubKeys(None, desk.keys.all())
    by_hand = replace(desk.by(IVY), keys=given.all, check_destroyable=given.check_destroyable)
    desk.clock.wait(21 * YEARS)
    with pytest.raises(BadInputError, match="can be destroyed here"):
        by_hand.forget(desk.old, reason="20 years are over")
    assert desk.register.disposed(COUNCIL, ["x:1"]) == {"x:1"}


@pytest.mark.parametrize(("period", "said"), [("20y", "ends on"), ("PERM", "never ends")])
def test_a_key_stays_while_a_stub_under_it_has_not_ended(desk: Desk, period: str, said: str) -> None:
    desk.schedule = keeping_stubs(period)
    desk.clock.wait(19 * YEARS)
    with pytest.raises(BadInputError, match=said):
        desk.by(IVY).forget(desk.old, reason="too early")
    assert len(desk.keys.all()) == 2


def test_the_key_in_use_and_one_that_is_not_there_are_refused(desk: Desk) -> None:
    for key_id in (desk.keys.newest().key_id, "0" * 16):
        with pytest.raises(BadInputError, match="no sealed key"):
            desk.by(IVY).forget(key_id, reason="why not")


def test_a_key_under_which_another_councils_stubs_stand_is_refused(desk: Desk) -> None:
    newest = desk.keys.newest().key_id
    desk.destroy_one("elm")
    desk.keys.rotate()
    with pytest.raises(BadInputError, match="Stubs of elm"):
        desk.by(IVY).forget(newest, reason="ours are none")


def test_who_may_and_that_one_of_the_two_is_information_manager(desk: Desk) -> None:
    desk.clock.wait(21 * YEARS)
    with pytest.raises(NotPermittedError, match="destroy a key"):
        desk.by(ART).forget(desk.old, reason="tidy")
    desk.by(ANN).forget(desk.old, reason="20 years are over")
    with pytest.raises(NotPermittedError, match="information manager"):
        desk.by(ZOE).forget(desk.old, reason="agreed")
    with pytest.raises(NotPermittedError, match="asked for it"):
        desk.by(replace(IVY, login="ann")).forget(desk.old, reason="agreed")
    desk.clock.wait(31 * 86_400)
    assert desk.by(IVY).forget(desk.old, reason="asked too long ago") is False
    assert desk.by(ANN).forget(desk.old, reason="agreed") is True


def test_keys_are_told_with_what_stands_under_them(desk: Desk) -> None:
    newest, old = desk.by(ANN).all()
    assert (newest.in_use, newest.stubs, newest.ends_on) == (True, 0, None)
    assert (old.in_use, old.stubs, old.ends_on is not None) == (False, 1, True)
