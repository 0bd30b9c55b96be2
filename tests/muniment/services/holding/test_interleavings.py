"""Hold and disposal in every interleaving: never both (data-model.md 11; store.md pitfall 16).

A real register decides; records live in memory. Steps come in any order that Hypothesis thinks of: a hold is
placed and resolved in two steps, commits come in between, disposals decide, write their intent and erase.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from typing_extensions import override

from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.stub_keys import StubKeys
from muniment.domain.holds import HoldKind, latest_review
from muniment.ports import NewHold
from muniment.services.held import held_now
from tests.muniment.services.holding.office import COUNCIL, NOW, OFFICER, Office
from tests.muniment.services.searching.commits import Commits, look, row

RECORDS = st.sampled_from([f"x:{number}" for number in range(3)])
WORDS = st.sampled_from(["bins", "parks"])
STATES = st.sampled_from(["live", "missing", "gone"])
SCOPES: dict[str, Callable[[str, str], bool]] = {
    "bins": lambda text, _state: text == "bins",
    "bins OR parks": lambda text, _state: text in ("bins", "parks"),
    "state:missing": lambda _text, state: state == "missing",
    "parks AND state:gone": lambda text, state: text == "parks" and state == "gone",
}


@dataclass(kw_only=True)
class Expected:
    """What a hold must cover, and the most that it may."""

    typed: str | None
    resolved: bool
    must: set[str] = field(default_factory=set)
    may: set[str] = field(default_factory=set)


class Interleavings(RuleBasedStateMachine):
    """The office, and beside it what ought to be."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp(prefix="muniment-holds-"))
        shutil.copy(self.template, self.folder / "register.sqlite")
        url = f"sqlite:///{self.folder}/register.sqlite"
        register = SqlRegister.open(url, StubKeys(self.folder / "keys"))
        self.office = Office(register=register, commits=Commits())
        self.texts: dict[str, set[str]] = {}
        self.states: dict[str, str] = {}
        self.ever: dict[str, set[str]] = {}
        self.holds: dict[int, Expected] = {}
        self.doomed: set[str] = set()
        self.destroyed: set[str] = set()
        self.hours = 0
        for number, word in enumerate(("bins", "parks", "roads")):
            self.capture(f"x:{number}", word)

    @override
    def teardown(self) -> None:
        self.office.register.close()
        shutil.rmtree(self.folder)

    @rule(record=RECORDS, word=WORDS)
    def capture(self, record: str, word: str) -> None:
        if record in self.doomed | self.destroyed:
            return  # keep refuses it
        self.hours += 1
        first = record not in self.texts
        rows: list[dict[str, Any]] = [row(record, word)]
        self.office.commits.commit(*rows, *([look(record, self.hours)] if first else []))
        self.texts.setdefault(record, set()).add(word)
        self.states.setdefault(record, "live")
        self.ever.setdefault(record, {"live"})
        self.touched(record)

    @rule(record=RECORDS, state=STATES)
    def see(self, record: str, state: str) -> None:
        if record not in self.texts or record in self.doomed:
            return
        self.hours += 1
        self.office.commits.commit(look(record, self.hours, state))
        self.states[record] = state
        self.ever[record].add(state)
        self.touched(record)

    @rule(scope=st.sampled_from(sorted(SCOPES)))
    def place(self, scope: str) -> None:
        hold = self.office.place(scope).hold
        self.holds[hold.hold_id] = Expected(typed=scope, resolved=False)
        self.resolve()

    @rule(scope=st.sampled_from(sorted(SCOPES)))
    def place_and_die(self, scope: str) -> None:
        """The process is killed before it has looked for what the hold covers."""
        new = NewHold(
            kind=HoldKind.SAR,
            reference="SAR/1",
            reason="asked",
            typed=scope,
            case_id=None,
            placed_by=OFFICER.name,
            review_on=latest_review(NOW.date()),
        )
        with self.office.register.begin(COUNCIL, OFFICER, now=self.office.tick()):
            hold = self.office.register.place_hold(COUNCIL, new, now=self.office.now)
        self.holds[hold.hold_id] = Expected(typed=scope, resolved=False)

    @rule(records=st.sets(RECORDS, min_size=1, max_size=3))
    def place_on_a_set(self, records: set[str]) -> None:
        known = records & self.texts.keys()
        if known:
            hold = self.office.place(None, *sorted(known)).hold
            told = known - self.doomed
            self.holds[hold.hold_id] = Expected(typed=None, resolved=True, must=told, may=set(told))

    @precondition(lambda self: self.holds)
    @rule(which=st.integers(0, 100))
    def release(self, which: int) -> None:
        hold_id = sorted(self.holds)[which % len(self.holds)]
        self.office.release(hold_id)
        del self.holds[hold_id]

    @rule()
    def catch_up(self) -> None:
        self.office.catch_up()
        self.resolve()

    @rule(records=st.sets(RECORDS, min_size=1))
    def decide(self, records: set[str]) -> None:
        """What disposal does inside its executing transaction: who is held stays, the rest is intended."""
        asked = sorted(records & self.texts.keys() - self.doomed)
        if not asked:
            return
        office = self.office
        with office.register.begin(COUNCIL, OFFICER, now=office.tick()):
            archive = office.commits.archive()
            ids = pa.array(asked, pa.string())
            found = held_now(COUNCIL, ids, archive=archive, register=office.register)
            held = set(found["record_id"].to_pylist())
            assert self.must() & set(asked) <= held <= self.may()
            goes = [one for one in asked if one not in held]
            if goes:
                office.intend(*goes)
        assert not self.must() & set(goes)
        self.doomed |= set(goes)

    @rule()
    def erase(self) -> None:
        if not self.doomed:
            return
        commits = self.office.commits
        commits.erase(self.doomed)
        for one in self.doomed:
            del self.texts[one], self.states[one], self.ever[one]
        self.destroyed |= self.doomed
        self.doomed = set()

    @invariant()
    def what_is_held_stands(self) -> None:
        gone = self.doomed | self.destroyed
        for hold in self.holds.values():
            if hold.resolved:
                assert not hold.must & gone

    def touched(self, record: str) -> None:
        for hold in self.holds.values():
            if hold.typed is not None and hold.resolved:
                self.judge(hold, record)

    def judge(self, hold: Expected, record: str) -> None:
        says = SCOPES[hold.typed or ""]
        if any(says(text, self.states[record]) for text in self.texts[record]):
            hold.must.add(record)
        if any(says(text, state) for text in self.texts[record] for state in self.ever[record]):
            hold.may.add(record)

    def resolve(self) -> None:
        for hold in self.holds.values():
            if not hold.resolved:
                hold.resolved = True
                for record in self.texts.keys() - self.doomed:
                    self.judge(hold, record)

    def must(self) -> set[str]:
        return self.judged("must")

    def may(self) -> set[str]:
        return self.judged("may")

    def judged(self, which: str) -> set[str]:
        found: set[str] = set()
        for hold in self.holds.values():
            standing = Expected(
                typed=hold.typed, resolved=hold.resolved, must=set(hold.must), may=set(hold.may)
            )
            if not hold.resolved:
                for record in self.texts.keys() - self.doomed:
                    self.judge(standing, record)
            found |= getattr(standing, which)
        return found


def test_hold_and_disposal_in_every_interleaving_are_never_both(
    register_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Interleavings, "template", register_template, raising=False)
    run_state_machine_as_test(
        Interleavings,
        settings=settings(
            max_examples=60, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
