"""Holds over both databases: sets, watermarks, releases, and one council's row that acts queue for."""

from dataclasses import replace
from datetime import date
from threading import Event, Thread

import pyarrow as pa
import pytest

from muniment.adapters.sql.register import SqlRegister
from muniment.domain.holds import Hold, HoldKind
from muniment.domain.people import Actor
from muniment.ports import NewHold
from schemas.errors import BadInputError
from tests.muniment.adapters.register.stage import at

SMITH = Actor(name="j.smith")
NEW = NewHold(
    kind=HoldKind.SAR,
    reference="SAR/9",
    reason="asked",
    typed="bins",
    case_id="case-9",
    placed_by="j.smith",
    review_on=date(2026, 9, 2),
)


def placed(register: SqlRegister, *record_ids: str, council: str = "elm") -> Hold:
    with register.begin(council, SMITH, now=at(0)):
        hold = register.place_hold(council, NEW, now=at(0))
        register.add_to_hold(council, hold.hold_id, record_ids)
    return register.hold(council, hold.hold_id)


def held(register: SqlRegister, *record_ids: str) -> dict[str, tuple[int, int]]:
    found = register.held_records("elm", pa.array(record_ids, pa.string()))
    return {row["record_id"]: (row["hold_id"], row["holds"]) for row in found.to_pylist()}


def test_a_hold_is_told_as_it_was_placed(register: SqlRegister) -> None:
    hold = placed(register, "x:1", "x:2", "x:1")
    assert (hold.kind, hold.reference, hold.case_id) == (NEW.kind, NEW.reference, NEW.case_id)
    assert (hold.records, hold.watermark, hold.placed_at, hold.review_on) == (2, 0, at(0), NEW.review_on)
    assert register.holds("elm") == (hold,)
    assert register.records_of_hold("elm", hold.hold_id) == ("x:1", "x:2")


def test_a_watermark_never_goes_back(register: SqlRegister) -> None:
    hold = placed(register)
    for upto, expected in ((5, 5), (3, 5), (9, 9)):
        register.advance_holds("elm", [hold.hold_id], upto=upto)
        assert register.hold("elm", hold.hold_id).watermark == expected


def test_many_holds_over_many_records(register: SqlRegister) -> None:
    first = placed(register, *(f"x:{number}" for number in range(12_000)))
    second = placed(register, "x:11999", "x:12000")
    asked = [f"x:{number}" for number in range(11_000, 13_000)]
    found = held(register, *asked)
    assert len(found) == 1_001
    assert found["x:11998"] == (first.hold_id, 1)
    assert found["x:11999"] == (first.hold_id, 2)
    assert found["x:12000"] == (second.hold_id, 1)
    assert len(register.held_records("elm")) == 12_001
    assert register.release_hold("elm", first.hold_id, by="j.smith", reason="done", now=at(1)) == 11_999
    assert held(register, *asked) == {"x:11999": (second.hold_id, 1), "x:12000": (second.hold_id, 1)}


def test_a_released_hold_is_history_and_cannot_be_changed(register: SqlRegister) -> None:
    hold = placed(register, "x:1")
    register.release_hold("elm", hold.hold_id, by="a.jones", reason="done", now=at(1))
    assert register.holds("elm") == ()
    told = register.holds("elm", released=True)[0]
    wanted = replace(hold, released_by="a.jones", released_at=at(1), release_reason="done")
    assert told == wanted
    with pytest.raises(BadInputError, match="released already"):
        register.review_hold("elm", hold.hold_id, review_on=date(2026, 10, 1))


def test_aliases_are_followed_all_the_way(register: SqlRegister) -> None:
    for one, other in (("x:1", "x:2"), ("x:3", "x:2"), ("x:3", "x:4"), ("x:8", "x:9")):
        register.tie("elm", one, other)
    assert register.aliases_of("elm", ["x:1"]) == {"x:2", "x:3", "x:4"}
    placed(register, "x:4")
    assert set(held(register, "x:1", "x:2", "x:9")) == {"x:1", "x:2"}


def test_a_hold_waits_for_a_disposal_that_is_deciding(register: SqlRegister) -> None:
    """Whoever asks what is held has the council's row: a hold comes before that or after, never during."""
    order: list[str] = []
    deciding = Event()

    def dispose() -> None:
        with register.begin("elm", SMITH, now=at(0)):
            found = held(register, "x:1")
            deciding.set()
            placing.join(0.3)
            order.append(f"decided, {len(found)} held")

    def place() -> None:
        deciding.wait(200)
        placed(register, "x:1")
        order.append("placed")

    placing, disposing = Thread(target=place), Thread(target=dispose)
    placing.start()
    disposing.start()
    disposing.join()
    placing.join()
    assert order == ["decided, 0 held", "placed"]
    assert set(held(register, "x:1")) == {"x:1"}
