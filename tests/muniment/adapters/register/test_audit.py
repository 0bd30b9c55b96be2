"""The audit chain over both databases: one transaction with the fact, append-only, and it outlives texts."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa

from muniment.adapters.sql.engine import Database
from muniment.adapters.sql.register import SqlRegister
from muniment.domain.audit import NO_ENTRY, act_of, chain_faults
from muniment.domain.events import (
    AccountPaused,
    ArchiveSealed,
    AuditRestarted,
    RecordShown,
    SearchMade,
    Tag,
    Term,
)
from muniment.domain.people import SYSTEM, Actor, Appointment, Membership, Role
from schemas.errors import BadInputError
from schemas.vocabulary import Reason
from tests.muniment.adapters.register.stage import MAIN, Stage, at

SMITH = Actor(name="j.smith")


def record(register: SqlRegister, *keys: str, hours: float = 1) -> None:
    for key in keys:
        with register.begin("elm", SMITH, now=at(hours)) as trail:
            trail.record(RecordShown(record_key=key))


def test_a_new_chain_is_empty_and_whole(register: SqlRegister) -> None:
    assert register.audit_head("elm") == NO_ENTRY
    assert register.knows_audit_head("elm", NO_ENTRY)
    assert list(register.audit_entries("elm")) == []


def test_entries_follow_each_other_and_say_who_did_what(stage: Stage) -> None:
    record(stage.register, "a", "b")
    entries = list(stage.register.audit_entries("elm"))
    assert [one.tag for one in entries] == [Tag.ACCOUNTS_ENROLLED, Tag.RECORD_SHOWN, Tag.RECORD_SHOWN]
    assert list(chain_faults("elm", entries)) == []
    assert stage.register.audit_head("elm") == entries[-1].digest
    assert all(stage.register.knows_audit_head("elm", one.digest) for one in entries)
    assert not stage.register.knows_audit_head("elm", b"\x01" * 32)
    acts = [act_of(one.tag, one.text or b"") for one in entries]
    assert [act.actor.name for act in acts] == [SYSTEM.name, "j.smith", "j.smith"]


def test_each_council_has_a_chain_of_its_own(register: SqlRegister) -> None:
    record(register, "a")
    with register.begin("oak", SMITH, now=at(1)) as trail:
        trail.record(RecordShown(record_key="a"))
    assert [one.number for one in register.audit_entries("oak")] == [1]
    assert register.audit_head("oak") != register.audit_head("elm")


def test_a_fact_and_its_entry_are_one(stage: Stage) -> None:
    before = stage.register.audit_head("elm")

    def act_and_fail() -> None:
        with stage.register.begin("elm", SMITH, now=at(1)) as trail:
            trail.record(ArchiveSealed())
            stage.register.pause("elm", MAIN.account, Reason.BUDGET, now=at(1))
            assert stage.register.enrolled("elm")[0].paused is Reason.BUDGET
            stage.register.confirm_backfill("elm", "nobody", by=SMITH, now=at(1))

    with pytest.raises(BadInputError, match="no account nobody"):
        act_and_fail()
    assert stage.register.audit_head("elm") == before
    assert stage.register.enrolled("elm")[0].paused is None
    with stage.register.begin("elm", SMITH, now=at(1)):
        stage.register.pause("elm", MAIN.account, Reason.BUDGET, now=at(1))
    assert stage.register.enrolled("elm")[0].paused is Reason.BUDGET


def test_what_was_changed_is_told_with_before_and_after(stage: Stage) -> None:
    stage.register.pause("elm", MAIN.account, Reason.BUDGET, now=at(1))
    stage.register.pause("elm", MAIN.account, Reason.BUDGET, now=at(2))
    stage.register.pause("elm", MAIN.account, None, now=at(3))
    told = [act_of(one.tag, one.text or b"").event for one in stage.register.audit_entries("elm")][1:]
    assert told == [
        AccountPaused(account=MAIN.account, before=None, after="budget"),
        AccountPaused(account=MAIN.account, before="budget", after=None),
    ]
    stage.enrol(replace(MAIN, handle="elmtree"), hours=4)
    entry = list(stage.register.audit_entries("elm"))[-1]
    assert b"elmtree" in (entry.text or b"")
    assert b"elmbc" in (entry.text or b"")


def test_writers_side_by_side_make_one_chain(register: SqlRegister) -> None:
    threads = [Thread(target=record, args=(register, *"abcde")) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = list(register.audit_entries("elm"))
    assert [one.number for one in entries] == list(range(1, 16))
    assert list(chain_faults("elm", entries)) == []


@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE audit SET tag = 'person:archive:run'",
        "DELETE FROM audit",
        "UPDATE audit_texts SET text = salt",
    ],
)
def test_the_database_refuses_to_change_the_chain(
    register: SqlRegister, register_url: str, forged: str
) -> None:
    record(register, "a")
    database = Database(register_url)
    with pytest.raises(sa.exc.DBAPIError, match="never changed"), database.write("elm") as connection:
        connection.execute(sa.text(forged))
    database.close()
    assert len(list(register.audit_entries("elm"))) == 1


def test_audit_outlives_its_subject(stage: Stage) -> None:
    """Texts of reads go at the end of their period, texts of acts stay; the chain still verifies."""
    register = stage.register
    record(register, "a", "b", hours=1)
    register.pause("elm", MAIN.account, Reason.BUDGET, now=at(2))
    record(register, "c", hours=3)
    heads = [one.digest for one in register.audit_entries("elm")]
    gone = register.destroy_audit_texts(
        "elm", SMITH, term=Term.SEARCH, before=at(4), reason="six years are over", now=at(5)
    )
    assert gone == 3
    entries = list(register.audit_entries("elm"))
    assert [one.number for one in entries if one.text is None] == [2, 3, 5]
    assert list(chain_faults("elm", entries)) == []
    assert [one.digest for one in entries][:-1] == heads
    again = register.destroy_audit_texts(
        "elm", SMITH, term=Term.SEARCH, before=at(4), reason="again", now=at(6)
    )
    assert (again, len(list(register.audit_entries("elm")))) == (0, len(entries))


def test_no_byte_of_a_destroyed_text_stays_in_the_file(register: SqlRegister, register_url: str) -> None:
    sought = SearchMade(typed="Pat Unforgettable", filters={}, records=0, versions=0, watermark=1)
    with register.begin("elm", SMITH, now=at(1)) as trail:
        trail.record(sought)
    register.destroy_audit_texts("elm", SMITH, term=Term.SEARCH, before=at(2), reason="over", now=at(3))
    assert [one.text is None for one in register.audit_entries("elm")] == [True, False]
    if register_url.startswith("sqlite"):
        path = Path(register_url.removeprefix("sqlite:///"))
        for file in path.parent.glob("register.sqlite*"):
            assert b"Unforgettable" not in file.read_bytes(), file.name


def test_a_lost_head_that_a_person_answered_for_is_known(register: SqlRegister) -> None:
    lost = b"\x07" * 32
    assert not register.knows_audit_head("elm", lost)
    with register.begin("elm", SMITH, now=at(1)) as trail:
        trail.record(AuditRestarted(lost_head=lost.hex(), seal=4, reason="the server room burnt down"))
    assert register.knows_audit_head("elm", lost)


def test_entries_are_found_by_time_and_kind(stage: Stage) -> None:
    record(stage.register, "a", hours=1)
    record(stage.register, "b", hours=2)
    found = stage.register.audit_entries("elm", since=at(1), until=at(2), tags=(Tag.RECORD_SHOWN,))
    assert [one.number for one in found] == [2]
    assert list(stage.register.audit_entries("elm", tags=(Tag.INDEX_BUILT,))) == []


def test_more_entries_than_a_page_come_in_order(register: SqlRegister) -> None:
    with register.begin("elm", SMITH, now=at(1)) as trail:
        for _ in range(2_100):
            trail.record(ArchiveSealed())
    assert [one.number for one in register.audit_entries("elm")] == list(range(1, 2_101))


def test_people_have_roles_for_a_time(register: SqlRegister) -> None:
    day = at(0).date()
    given = Appointment(person="j.smith", role=Role.REVIEWER, from_on=day)
    with register.begin("elm", SYSTEM, now=at(0)):
        register.appoint("elm", given)
    assert register.appointments("elm") == (given,)
    with register.begin("elm", SYSTEM, now=at(1)):
        register.end_appointment("elm", given, until_on=day + timedelta(days=3))
    assert register.appointments("elm") == (replace(given, until_on=day + timedelta(days=3)),)
    assert register.appointments("oak") == ()


def test_people_are_in_teams_for_a_time(register: SqlRegister) -> None:
    day = at(0).date()
    joined = Membership(person="j.smith", team="HR", from_on=day)
    with register.begin("elm", SYSTEM, now=at(0)):
        register.admit("elm", joined)
    assert register.memberships("elm") == (joined,)
    with register.begin("elm", SYSTEM, now=at(1)):
        register.end_membership("elm", joined, until_on=day + timedelta(days=3))
    assert register.memberships("elm") == (replace(joined, until_on=day + timedelta(days=3)),)
    assert register.memberships("oak") == ()
