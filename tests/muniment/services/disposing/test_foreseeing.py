"""A plan made beforehand and brought up to date is the plan made anew, whatever came in between."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from muniment.adapters.schedule_yaml import read_schedule
from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.stub_keys import StubKeys
from muniment.domain.disposal import DisposalPlan
from muniment.domain.holds import HoldKind, latest_review
from muniment.domain.people import SYSTEM, Actor, Role
from muniment.domain.triggers import Scope
from muniment.ports import NewHold
from muniment.ports.retention import AdoptedSchedule, Fact, NewDecision
from muniment.services import holding
from muniment.services.foreseeing import Foresee, Foreseeing
from muniment.services.honouring import Honouring
from muniment.services.retaining import Retaining
from schemas.account import Account
from tests.muniment.adapters.delta.council import StandingClock
from tests.muniment.adapters.register.disposal_stage import intend
from tests.muniment.services.searching.commits import Commits, look, row
from tests.operate.test_retention import signed

COUNCIL = "elm"
READ = cache(read_schedule)
OFFICER = Actor(name="j.smith", roles=frozenset({Role.RECORDS_OFFICER}))
BORN = datetime(2024, 4, 1, 12, tzinfo=UTC)
NOW = datetime(2031, 3, 2, 9, tzinfo=UTC)
ACTS = (
    *("edit", "comment", "another thread", "hold the words", "hold one", "place and die", "release"),
    *("extend", "reclassify", "close the thread", "link to a case", "adopt", "tie", "erase", "look"),
)


@dataclass(kw_only=True)
class Town:
    """Three threads of a post and two comments each, under the template's periods."""

    register: SqlRegister
    commits: Commits
    retaining: Retaining
    text: str
    number: int = 0

    @property
    def foreseeing(self) -> Foresee:
        of = self.retaining
        return Foreseeing(retaining=of, basis=of.basis, make=of.made)

    @property
    def honouring(self) -> Foresee:
        of = Honouring(retaining=self.retaining, bases={"main": "SIRO, 12 January 2026"})
        return Foreseeing(retaining=self.retaining, basis=of.basis, make=of.made)

    def ids(self) -> list[str]:
        return sorted({str(one["record_id"]) for one in self.commits.rows if one["series"] != "observation"})

    def file(self, record: str, thread: str, text: str, **facts: Any) -> None:
        told = {"platform": "x", "filed_at": BORN, "thread_id": thread, **facts}
        self.commits.commit(row(record, text, **told), look(record, self.number))

    def exact(self, foresee: Foresee, asked: list[str], act: str | None = None, about: int = 0) -> None:
        """Hold what was foreseen before an act against what is foreseen after it."""
        foreseen = foresee(self.retaining.today(), asked)
        if act is not None:
            self.act(act, about)
        with self.register.begin(COUNCIL, SYSTEM, now=NOW):
            assert told(foreseen()) == told(foresee(self.retaining.today(), asked)())

    def act(self, act: str, about: int) -> None:  # noqa: C901, PLR0912 -- one case for each thing that may happen
        self.number += 1
        record, thread = f"x:{about}1", f"x:{about}0"
        with self.register.begin(COUNCIL, OFFICER, now=NOW):
            match act:
                case "edit":
                    self.file(record, thread, f"bins again {self.number}", version_at=NOW)
                case "comment":
                    self.file(f"x:new{self.number}", thread, "parks", filed_at=NOW - timedelta(days=3))
                case "another thread":
                    self.file(f"x:new{self.number}", f"x:new{self.number}", "parks")
                case "hold one":
                    hold = self.register.place_hold(COUNCIL, new_hold(None), now=NOW)
                    self.register.add_to_hold(COUNCIL, hold.hold_id, [record])
                case "place and die":
                    self.register.place_hold(COUNCIL, new_hold(f"street{about}"), now=NOW)
                case "release":
                    for hold in self.register.holds(COUNCIL)[:1]:
                        self.register.release_hold(
                            COUNCIL, hold.hold_id, by="ann", reason="answered", now=NOW
                        )
                case "extend" | "reclassify":
                    new = NewDecision(
                        scope=Scope.RECORD,
                        name=record,
                        retention_class="PUB-ENQUIRY" if act == "reclassify" else None,
                        until_on=date(2040, 1, 1) if act == "extend" else None,
                        reason="an inquiry",
                        shortens=False,
                    )
                    self.register.add_decision(COUNCIL, new, by="ann", at=NOW)
                case "close the thread":
                    on = date(2031, 3, 1)
                    self.register.add_fact(
                        COUNCIL,
                        Fact(
                            event="thread_closed",
                            scope=Scope.THREAD,
                            name=thread,
                            on=on,
                            reason="late",
                            by="ann",
                            at=NOW,
                        ),
                    )
                case "link to a case":
                    self.register.set_case(COUNCIL, "CL/7", "INV-COPY", reason="asked", by="ann", at=NOW)
                    self.register.link_to_case(COUNCIL, "CL/7", [record], by="ann", at=NOW)
                case "tie":
                    self.register.tie(COUNCIL, record, f"x:{(about + 1) % 3}1")
                case "erase":
                    name = f"other-{self.number}"
                    intend(self.register, [f"x:{about}2"], name)
                    gone = self.commits.erase({f"x:{about}2"})
                    self.register.note_erasure(COUNCIL, name, commit_no=gone, counts={})
                case "look":
                    self.commits.commit(look(record, 100 + self.number, "gone"))
                case _:
                    pass
        if act == "adopt":
            self.adopt(f"{self.number + 1}.0", self.text.replace('period: "2y"', f'period: "{self.number}y"'))
        if act == "hold the words":
            holding.place(
                COUNCIL,
                new_hold(f"street{about}"),
                archive=self.commits.archive(),
                register=self.register,
                actor=OFFICER,
                now=NOW,
            )

    def adopt(self, version: str, text: str) -> None:
        named = text.replace('version: "0.1.0"', f'version: "{version}"')
        schedule = READ(named, "adopted")
        adopted = AdoptedSchedule(
            version=version,
            effective_from=date(2026, 1, 1) + timedelta(days=self.number),
            digest=schedule.digest,
            text=named,
            by="ivy",
            at=NOW,
        )
        self.register.adopt_schedule(COUNCIL, adopted)


def new_hold(typed: str | None) -> NewHold:
    return NewHold(
        kind=HoldKind.FOI,
        reference="FOI/1",
        reason="asked",
        typed=typed,
        case_id=None,
        placed_by=OFFICER.name,
        review_on=latest_review(NOW.date()),
    )


def told(plan: DisposalPlan) -> tuple[Any, ...]:
    return plan.schedule_digest, plan.commit_no, plan.items.sort_by("record_id").to_pylist()


@contextmanager
def open_town(template: Path, text: str) -> Iterator[Town]:
    with TemporaryDirectory(prefix="muniment-foreseen-") as folder:
        shutil.copy(template, Path(folder) / "register.sqlite")
        register = SqlRegister.open(f"sqlite:///{folder}/register.sqlite", StubKeys(Path(folder) / "keys"))
        clock = StandingClock()
        clock.wait((NOW - clock.now()).total_seconds())
        commits = Commits()
        retaining = Retaining(
            council=COUNCIL,
            title="Elmtown Council",
            archive=commits.archive(),
            register=register,
            clock=clock,
            read=READ,
            accounts=[Account(account="main", council=COUNCIL, platform="x", handle="elm")],
        )
        town = Town(register=register, commits=commits, retaining=retaining, text=text)
        town.adopt("1.0", text)
        for thread in range(3):
            town.file(
                f"x:{thread}0", f"x:{thread}0", "bins", kind="post", series="own", author_role="council"
            )
            town.file(f"x:{thread}1", f"x:{thread}0", f"bins of street{thread}")
            town.file(f"x:{thread}2", f"x:{thread}0", "parks")
        yield town
        register.close()


@pytest.fixture(scope="session")
def schedule_text(tmp_path_factory: pytest.TempPathFactory) -> str:
    return signed(tmp_path_factory.mktemp("schedule") / "signed.yml").read_text(encoding="utf-8")


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(play=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 2)), min_size=1, max_size=5))
def test_whatever_comes_in_between_the_plan_is_the_one_made_anew(
    play: list[tuple[str, int]], register_template: Path, schedule_text: str
) -> None:
    with open_town(register_template, schedule_text) as town:
        for act, about in play:
            town.exact(town.foreseeing, ["x:01", "x:11"], act, about)
        for act, about in play:
            town.exact(town.honouring, ["x:01", "x:11"], act, about)


@pytest.mark.parametrize("act", ACTS)
def test_each_change_by_itself_is_seen(act: str, register_template: Path, schedule_text: str) -> None:
    with open_town(register_template, schedule_text) as town:
        town.act("hold the words", 1)
        town.exact(town.foreseeing, ["x:01", "x:11"], act, 0)


def test_while_nothing_changes_nothing_is_read_and_the_plan_stands(
    register_template: Path, schedule_text: str
) -> None:
    with open_town(register_template, schedule_text) as town:
        asked = town.ids()
        foreseen = town.foreseeing(town.retaining.today(), asked)
        first = foreseen()
        town.commits.read_rows = 0

        assert foreseen().items is first.items

        assert town.commits.read_rows == 0


def test_of_a_new_commit_only_its_own_threads_are_read(register_template: Path, schedule_text: str) -> None:
    with open_town(register_template, schedule_text) as town:
        foreseen = town.foreseeing(town.retaining.today(), ["x:01", "x:11", "x:21"])
        town.act("comment", 1)
        town.commits.read_rows = 0

        told_now = {one["record_id"] for one in foreseen().items.to_pylist()}

        assert "x:new1" in told_now
        assert len(told_now) == 10
        assert town.commits.read_rows < 10  # the new row, twice, and the four of its thread
