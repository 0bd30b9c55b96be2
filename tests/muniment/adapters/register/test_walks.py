"""A cursor moves once, for a whole walk; a batch noted twice is noted once; nothing is lost between."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from muniment.adapters.sql.register import SqlRegister
from muniment.domain.due import BANDS
from schemas.capture import Cursor, Edge, Ids, Threads, Window
from schemas.errors import IntegrityError, WriteConflictError
from schemas.vocabulary import Answer, Outcome, State, Stream
from tests.muniment.adapters.register.stage import MAIN, Stage, at, capture, listed, ref

NEWEST = Cursor(native_id="9", at=at(0))


def test_an_unfinished_walk_goes_on_with_its_own_ask(stage: Stage) -> None:
    first = stage.open(Edge(since=NEWEST), hours=0)
    stage.read(first, ["x:1"], hours=0, marker="page 2")
    again = stage.open(Edge(since=Cursor(native_id="10", at=at(1))), hours=1)
    assert (again.walk_id, again.marker, again.ask) == (first.walk_id, "page 2", Edge(since=NEWEST))


def test_walks_of_other_purposes_go_on_beside_it(stage: Stage) -> None:
    window = Window(start=at(-100), end=at(0))
    recent = Window(start=at(-48), end=at(0), purpose="recent")
    ids = Ids(wanted=(ref("x:1"),), controls=(ref("x:2"),))
    threads = Threads(threads=(ref("x:1", hours=0.5),))
    walks = [stage.open(ask, hours=0) for ask in (Edge(), window, recent)]
    walks += [stage.register.open_walk(MAIN, Stream.COMMENTS, ask, now=at(1)) for ask in (ids, threads)]
    unfinished = stage.register.unfinished("elm", MAIN.account)
    assert {walk.walk_id for walk in unfinished} == {walk.walk_id for walk in walks}
    assert [walk.ask for walk in unfinished if walk.stream is Stream.POSTS] != []
    assert {walk.walk_id: walk for walk in unfinished} == {walk.walk_id: walk for walk in walks}


def test_cursor_is_promoted_only_by_a_whole_walk(stage: Stage) -> None:
    walk = stage.open(hours=0)
    stage.read(walk, ["x:9"], hours=0, marker="2", signpost=NEWEST)
    assert stage.register.cursor("elm", MAIN.account, Stream.POSTS) is None
    with pytest.raises(IntegrityError):
        stage.register.promote(walk, now=at(0))
    stage.register.abandon(walk, Outcome.UNFINISHED, now=at(0), resume_at=at(2))
    assert stage.register.cursor("elm", MAIN.account, Stream.POSTS) is None
    (waiting,) = stage.register.unfinished("elm", MAIN.account)
    assert (waiting.marker, waiting.resume_at) == ("2", at(2))
    stage.read(walk, ["x:8"], hours=3, listings=[listed()])
    stage.register.promote(walk, now=at(3))
    assert stage.register.cursor("elm", MAIN.account, Stream.POSTS) == NEWEST
    assert stage.register.last_whole("elm", MAIN.account, Stream.POSTS) == at(3)
    assert stage.register.unfinished("elm", MAIN.account) == ()


def test_the_cursor_is_the_signpost_of_the_first_page_not_the_newest_record(stage: Stage) -> None:
    walk = stage.open(hours=0)
    stage.read(walk, ["x:9"], hours=0, marker="2", signpost=NEWEST)
    stage.read(walk, ["x:99"], hours=1)
    stage.register.promote(walk, now=at(1))
    assert stage.register.cursor("elm", MAIN.account, Stream.POSTS) == NEWEST


def test_a_second_look_never_moves_the_cursor(stage: Stage) -> None:
    stage.whole(["x:9"], hours=0, signpost=NEWEST)
    window = Window(start=at(-48), end=at(0), purpose="recent")
    stage.whole(["x:9"], hours=1, ask=window, signpost=Cursor(native_id="1", at=at(-9)))
    assert stage.register.cursor("elm", MAIN.account, Stream.POSTS) == NEWEST
    assert stage.register.last_ended("elm", MAIN.account, Stream.POSTS) == {"edge": at(0), "recent": at(1)}


def test_a_page_that_shows_no_newest_edge_leaves_the_cursor(stage: Stage) -> None:
    stage.whole(["x:9"], hours=0, signpost=NEWEST)
    stage.whole(["x:9"], hours=1)
    assert stage.register.cursor("elm", MAIN.account, Stream.POSTS) == NEWEST


def test_page_one_survives_when_page_two_fails(stage: Stage) -> None:
    walk = stage.open(hours=0)
    stage.read(walk, [f"x:{n}" for n in range(100)], hours=0, marker="2", signpost=NEWEST)
    stage.register.abandon(walk, Outcome.UNFINISHED, now=at(0))
    (again,) = stage.register.unfinished("elm", MAIN.account)
    stage.read(again, [f"x:{n}" for n in range(100, 200)], hours=1, listings=[listed(reported=200)])
    assert list(stage.register.absent(again, now=at(1))) == []
    (line,) = stage.register.promote(again, now=at(1))
    assert (line.reported, line.captured, dict(line.short)) == (200, 200, {})


def test_a_refused_marker_walks_again_from_the_same_place(stage: Stage) -> None:
    walk = stage.open(Edge(since=NEWEST), hours=0)
    stage.read(walk, ["x:1"], hours=0, marker="2", listings=[listed()])
    stage.register.abandon(walk, Outcome.UNFINISHED, now=at(0), drop_marker=True)
    again = stage.open(hours=1)
    assert (again.walk_id, again.marker, again.ask) == (walk.walk_id, None, Edge(since=NEWEST))
    assert list(stage.register.absent(again, now=at(1))) == []


def test_a_failed_walk_is_not_gone_on_with(stage: Stage) -> None:
    walk = stage.open(hours=0)
    stage.register.abandon(walk, Outcome.FAILED, now=at(0))
    assert stage.open(hours=1).walk_id != walk.walk_id
    with pytest.raises(WriteConflictError):
        stage.read(walk, ["x:1"], hours=1)
    with pytest.raises(WriteConflictError):
        stage.register.promote(walk, now=at(1))


def test_a_batch_noted_twice_is_noted_once(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    walk = stage.open(hours=1)
    noted = stage.read(walk, ["x:1"], hours=1, marker="2")
    stage.register.note(noted, now=at(1))
    assert [row.capture_id for _, row in stage.register.queued("elm")] == ["c2"]


def test_a_walk_that_ended_is_not_paged_again_after_a_crash(stage: Stage) -> None:
    walk = stage.open(hours=0)
    stage.read(walk, ["x:1"], hours=0)
    again = stage.open(hours=1)
    assert (again.walk_id, again.ended, again.marker) == (walk.walk_id, True, None)


def test_presence_that_lags_behind_the_walk_is_never_judged_by(stage: Stage) -> None:
    walk = stage.open(hours=0)
    noted = stage.read(walk, ["x:1"], hours=0, marker="2")
    ahead = replace(noted, kept=replace(noted.kept, commit_no=2), marker=None, ended=True)
    stage.register.note(replace(ahead, listings=[listed()]), now=at(0))
    with pytest.raises(IntegrityError):
        list(stage.register.absent(walk, now=at(0)))
    with pytest.raises(IntegrityError):
        stage.register.promote(walk, now=at(0))


def test_windows_that_touch_are_one(stage: Stage) -> None:
    for start, end in ((0, 10), (20, 30), (10, 15), (14, 20), (40, 50)):
        stage.whole([], hours=60, ask=Window(start=at(start), end=at(end)))
    done = stage.register.windows_done("elm", MAIN.account, Stream.POSTS)
    assert done == ((at(0), at(30)), (at(40), at(50)))
    assert stage.register.windows_done("elm", MAIN.account, Stream.COMMENTS) == ()


def test_an_unfinished_window_covers_nothing(stage: Stage) -> None:
    walk = stage.open(Window(start=at(0), end=at(10)), hours=20)
    stage.read(walk, ["x:1"], hours=20, marker="2")
    assert stage.register.windows_done("elm", MAIN.account, Stream.POSTS) == ()


def test_history_tells_what_was_asked_and_how_it_ended(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    stage.whole([], hours=1, ask=Window(start=at(-9), end=at(-3)), listings=[])
    failed = stage.open(Edge(since=NEWEST), hours=2)
    stage.register.abandon(failed, Outcome.REFUSED, now=at(3))
    threads = Threads(threads=(ref("x:1"),))
    walk = stage.register.open_walk(MAIN, Stream.COMMENTS, threads, now=at(4))
    stage.read(walk, [], hours=5, marker="2")
    edge, window, refused, thread = stage.register.walk_history("elm")
    assert (edge.whole, edge.outcome, edge.covers_from, edge.covers_to) == (True, "whole", None, None)
    assert (window.covers_from, window.covers_to) == (at(-9), at(-3))
    assert (refused.whole, refused.outcome, refused.ended_at) == (False, "refused", at(3))
    assert (refused.covers_from, refused.covers_to) == (NEWEST.at, None)
    assert (thread.outcome, thread.started_at, thread.ended_at) == ("unfinished", at(4), at(5))
    assert thread.threads == ("1",)


def test_a_walk_by_ids_sees_no_list_whole(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0, ask=Ids(wanted=(ref("x:1"),), controls=()), listings=[])
    (walk,) = stage.register.walk_history("elm")
    assert (walk.whole, walk.outcome) == (False, "whole")


def test_history_lets_go_of_what_is_over_three_months_old(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    stage.whole(["x:1"], hours=24 * 93)
    (only,) = stage.register.walk_history("elm")
    assert only.started_at == at(24 * 93)


def test_two_processes_open_one_walk(register_url: str) -> None:
    registers = [SqlRegister.open(register_url) for _ in range(4)]
    found: list[str] = []

    def begin(register: SqlRegister) -> None:
        walk = register.open_walk(MAIN, Stream.POSTS, Edge(), now=at(0))
        found.append(walk.walk_id)

    workers = [threading.Thread(target=begin, args=(register,)) for register in registers]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for register in registers:
        register.close()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_waiting_capture_rows_are_numbered_for_ever_and_leave_with_a_commit(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    assert stage.register.oldest_queued_at("elm") is None
    for hours in (1, 2, 3):
        stage.whole(["x:1"], hours=hours)
    waiting = stage.register.queued("elm")
    numbers = [number for number, _ in waiting]
    assert [row.capture_id for _, row in waiting] == ["c2", "c3", "c4"]
    assert numbers == sorted(set(numbers))
    assert waiting[0][1] == capture("c2", hours=1)
    assert stage.register.oldest_queued_at("elm") == at(1)
    assert stage.register.queued("elm", limit=2) == waiting[:2]
    walk = stage.open(hours=4)
    noted = stage.read(walk, ["x:2"], hours=4, marker="2")
    stage.register.note(replace(noted, queue_taken=numbers[1], marker="3"), now=at(4))
    assert stage.register.queued("elm") == waiting[2:]
    stage.register.note(replace(noted, queue_taken=numbers[2], marker="4"), now=at(4))
    assert stage.register.queued("elm") == ()


def test_waiting_rows_of_one_instant_have_each_their_number(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    for _ in range(3):
        stage.whole(["x:1"], hours=1)
    assert len({number for number, _ in stage.register.queued("elm")}) == 3


def test_a_register_that_lost_its_last_notes_gives_no_number_again(stage: Stage, tmp_path: Path) -> None:
    for hours in (0, 1):
        stage.whole(["x:1"], hours=hours)
    ((taken, _),) = stage.register.queued("elm")
    older = SqlRegister.open(f"sqlite:///{tmp_path}/older.sqlite")
    restored = Stage(register=older)
    restored.enrol()
    for hours in (2, 3):
        restored.whole(["x:1"], hours=hours)
    ((number, _),) = older.queued("elm")
    older.close()
    assert number > taken


def test_missing_records_wait_to_be_asked_for_by_id(stage: Stage) -> None:
    stage.whole(["x:1", "x:2", "x:3"], hours=0)
    stage.whole(["x:2", "x:3"], hours=1)
    assert asked(stage, 2) == []  # looked for an hour ago
    assert asked(stage, 9.5) == ["x:1"]
    stage.whole(["x:3"], hours=26)
    assert asked(stage, 26.5) == ["x:1"]  # absent twice, over a day
    assert asked(stage, 35) == ["x:1", "x:2"]
    assert len(asked(stage, 35, limit=1)) == 1


def asked(stage: Stage, hours: float, limit: int = 10) -> list[str]:
    """Return what waits, with no record so old that no walk has seen it in time."""
    found = stage.register.to_confirm("elm", MAIN.account, Stream.POSTS, now=at(hours), limit=limit)
    return sorted(one.record_id for one in found if one.state is State.MISSING)


def test_records_that_no_list_shows_any_more_are_asked_for_by_age(stage: Stage) -> None:
    stage.filed = {"x:new": at(0), "x:month": at(-24 * 10), "x:year": at(-24 * 100), "x:old": at(-24 * 800)}
    stage.whole(list(stage.filed), hours=0)

    def unseen(hours: float) -> set[str]:
        found = stage.register.to_confirm("elm", MAIN.account, Stream.POSTS, now=at(hours), limit=10)
        return {one.record_id for one in found}

    assert unseen(1) == set()
    assert unseen(2) == {"x:new"}
    assert unseen(47) == {"x:new"}
    assert unseen(49) == {"x:new", "x:month"}
    assert unseen(24 * 14 + 1) == {"x:new", "x:month", "x:year"}
    assert unseen(24 * 731) == {"x:new", "x:month", "x:year", "x:old"}
    assert BANDS[-1].every == timedelta(days=365)


def test_the_control_is_of_the_same_thread_where_there_is_one(stage: Stage) -> None:
    threads = Threads(threads=(ref("x:1"), ref("x:2")))
    told = {
        "x:a": {"listing": "comments:x:1", "thread": "x:1"},
        "x:b": {"listing": "comments:x:1", "thread": "x:1", "shown": "held"},
        "x:c": {"listing": "comments:x:2", "thread": "x:2"},
    }
    stage.whole(told, hours=0, ask=threads, stream=Stream.COMMENTS, listings=[])
    alone = stage.stands("x:a", Stream.COMMENTS)
    (control,) = stage.register.controls("elm", MAIN.account, alone)
    assert (control.record_id, control.native_id, control.thread_id) == ("x:c", "c", "x:2")
    stage.whole(
        {"x:d": {"listing": "comments:x:1", "thread": "x:1"}},
        hours=1,
        ask=threads,
        stream=Stream.COMMENTS,
        listings=[],
    )
    (control,) = stage.register.controls("elm", MAIN.account, alone)
    assert control.record_id == "x:d"
    stage.whole(["x:1"], hours=1)
    assert stage.register.controls("elm", MAIN.account, stage.stands("x:1")) == ()


def test_gone_is_not_asked_for_again(stage: Stage) -> None:
    stage.whole(["x:1", "x:2"], hours=0)
    for hours in (1, 20, 26):
        stage.whole(["x:2"], hours=hours)
    walk = stage.open(Window(start=at(0), end=at(1)), hours=30)
    stage.read(walk, {"x:1": {"answer": Answer.GONE, "listing": ""}}, hours=30)
    assert stage.stands("x:1").state is State.GONE
    assert asked(stage, 100) == []
