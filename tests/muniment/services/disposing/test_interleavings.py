"""Holds, captures and deaths in between: nothing held before the intent goes, and what went stays away."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from muniment.domain.disposal_run import RunState
from muniment.services.destroying import Destroying
from muniment.services.rechecking import Prepared
from muniment.services.working_off import go_on
from schemas.errors import NotApprovedError
from tests.muniment.adapters.delta.council import COUNCIL, Said
from tests.muniment.adapters.delta.test_erasing import DyingDisk, Killed
from tests.muniment.services.disposing.office import Office, ids

ACTS = ("hold", "edit", "keep again", "new", "execute", "index")


@dataclass(slots=True, kw_only=True)
class Interrupted(Destroying):
    """Lets something happen in the moment between the point of no return and the rewriting."""

    act: Callable[[], None]

    @override
    def intend(self, run: str, prepared: Prepared | None = None) -> pa.Array:
        found = Destroying.intend(self, run, prepared)
        self.act()
        return found


def between_intent_and_erasure(office: Office, act: Callable[[], None]) -> None:
    told = {one.name: getattr(office.destroying, one.name) for one in fields(Destroying)}
    office.destroying = Interrupted(**told, act=act)


def test_a_hold_placed_during_execution_is_told_what_is_too_late(office: Office) -> None:
    office.settle()
    run = office.approved()
    told: list[frozenset[str]] = []
    between_intent_and_erasure(office, lambda: told.append(office.hold("bins")))

    done = office.destroying.execute(run)

    assert done.records == 6
    assert told == [ids(1, 2, 3, 4, 5, 6)]
    assert office.held() == set()


def test_capture_and_media_that_arrive_during_disposal_bring_nothing_back(office: Office) -> None:
    office.settle()
    run = office.approved()
    said = Said(number=1, text="seen while it was destroyed", capture="capture-8")
    picture = office.picture(said, b"arriving")
    disposed: list[frozenset[str]] = []

    def capture() -> None:
        disposed.append(office.keep(said, Said(number=9), attachments=[picture]).disposed)

    keeper = threading.Thread(target=capture)
    between_intent_and_erasure(office, keeper.start)

    done = office.destroying.execute(run)
    keeper.join()

    assert done.state is RunState.CERTIFIED
    assert disposed == [ids(1)]
    assert office.held() == ids(9)
    assert list(office.media.names()) == []
    assert office.verdict().faults == ()


def test_three_processes_on_one_run_destroy_once(office: Office, tmp_path: Path) -> None:
    office.settle()
    run = office.approved()
    others = [Office(root=tmp_path, clock=office.clock) for _ in range(2)]
    done: list[RunState] = []

    def execute(one: Office) -> None:
        done.append(one.destroying.execute(run).state)

    threads = [threading.Thread(target=execute, args=(one,)) for one in (office, *others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert office.run(run).state is RunState.CERTIFIED
    assert set(done) <= {RunState.CERTIFIED, RunState.VERIFYING}
    assert office.archive.commit_no() == 3
    assert office.certifying.read(run)["records"] == 6
    for one in others:
        one.register.close()


@pytest.mark.parametrize("acts", [0, 9, 18, 27])
def test_killed_at_any_moment_the_certificate_is_true(tmp_path: Path, acts: int) -> None:
    disk = DyingDisk()
    office = Office(root=tmp_path, files=disk)
    office.settle()
    run = office.approved()
    disk.die_after = acts
    with suppress(Killed):
        office.destroying.execute(run)
    disk.die_after = 10**9
    office.reopen()
    office.hold("bins")

    if office.run(run).state is RunState.WAITING:
        assert office.held() == ids(1, 2, 3, 4, 5, 6)
        assert office.destroying.execute(run).state is RunState.CANCELLED
    else:
        go_on(office.destroying)
        told = office.certifying.read(run)
        assert (told["records"], office.held()) == (6, set())
        assert told["erased"]["rows_public"] == 7
        assert (
            told["ids_hmac_sha256"]
            == office.register.ids_digest(COUNCIL, sorted(ids(1, 2, 3, 4, 5, 6))).hex()
        )
    assert office.verdict().faults == ()
    office.register.close()


@settings(max_examples=6, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 3)), max_size=6))
def test_nothing_held_is_ever_disposed(play: list[tuple[str, int]]) -> None:
    """In every order: what was held or edited before the execution stays, and what went never comes back."""
    with TemporaryDirectory() as folder:
        office = Office(root=Path(folder))
        office.keep(*(Said(number=number, text=f"bins of street{number}") for number in (1, 2, 3)))
        run = office.approved()
        safe: set[str] = set()
        gone: set[str] = set()
        for number, (act, about) in enumerate([*play, ("execute", 0)]):
            record_id = f"facebook:{about}"
            match act:
                case "hold":
                    too_late = office.hold(f"street{about}")
                    assert too_late <= gone
                    safe |= {record_id} - gone
                case "edit" | "keep again":
                    text = f"bins of street{about}" + (f" edited {number}" if act == "edit" else "")
                    kept = office.keep(Said(number=about, text=text, capture=f"capture-{number}"))
                    assert kept.disposed == {record_id} & gone
                    safe |= {record_id} - gone if act == "edit" else set()
                case "new":
                    office.keep(Said(number=10 + number, text="new", capture=f"capture-{number}"))
                case "index":
                    office.catch_up()
                case _:
                    with suppress(NotApprovedError):
                        office.destroying.execute(run)
                    if office.run(run).state is RunState.CERTIFIED:
                        gone = gone or ids(1, 2, 3) - safe
            assert not office.held() & gone
            assert safe <= office.held()
        assert office.register.disposed(COUNCIL, sorted(ids(1, 2, 3))) == gone
        assert office.verdict().faults == ()
        office.register.close()
