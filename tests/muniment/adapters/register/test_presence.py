"""Presence is a view of the observation rows: whatever order they come in, however often."""

import random
from datetime import timedelta

import pytest

from muniment.domain.presence import held_as_called
from schemas.capture import Threads, comments_of
from schemas.observation import Presence
from schemas.vocabulary import Answer, Outcome, State, Stream
from tests.muniment.adapters.register.stage import MAIN, Stage, at, listed, ref

IDS = [f"x:{number}" for number in range(12)]


def history(stage: Stage, seed: int) -> None:
    """Let forty walks look at some of the records, in every way there is."""
    rng = random.Random(seed)  # noqa: S311 -- a play with a seed, no secret
    for hours in range(40):
        walk = stage.open(hours=hours)
        told = {
            record_id: {
                "answer": rng.choice([*Answer, Answer.SEEN]),
                "shown": rng.choice(["public", "held"]),
                "control": rng.random() < 0.5,
                "metrics": rng.choice([{}, {"likes": hours}]),
                "version": bytes([rng.randrange(3)]) * 32,
                "listing": rng.choice(["posts", "posts", ""]),
            }
            for record_id in rng.sample(IDS, rng.randrange(1, 6))
        }
        stage.read(walk, told, hours=hours)
        stage.register.abandon(walk, Outcome.FAILED, now=at(hours))


def as_known(stage: Stage) -> dict[str, tuple[Presence, ...]]:
    return dict(stage.register.known("elm", IDS))


@pytest.mark.parametrize("seed", range(3))
def test_presence_taken_in_is_presence_as_the_rule_steps(stage: Stage, seed: int) -> None:
    from muniment.domain.presence import stands

    history(stage, seed)
    stepped: dict[str, Presence] = {}
    for rows in stage.commits:
        for row in rows:
            stepped[row.look.record_id] = stands(stepped.get(row.look.record_id), row)
    stage.register.rebuild("elm", len(stage.commits), stage.batches())
    assert {record_id: one for record_id, (one,) in as_known(stage).items()} == stepped


@pytest.mark.parametrize("seed", range(3))
def test_a_rebuild_believes_what_was_believed_before(stage: Stage, seed: int) -> None:
    history(stage, seed)
    before = as_known(stage)
    stage.register.rebuild("elm", len(stage.commits), stage.batches())
    assert as_known(stage).keys() == before.keys()
    for record_id, (after,) in as_known(stage).items():
        (was,) = before[record_id]
        assert (after.state, after.version_id, after.absences) == (was.state, was.version_id, was.absences)
        assert after.last_seen_at <= was.last_seen_at  # plain re-sightings live nowhere else


def test_rows_taken_in_twice_or_in_any_order_change_nothing(stage: Stage) -> None:
    history(stage, 7)
    last = len(stage.commits)
    stage.register.rebuild("elm", last, stage.batches())
    before = as_known(stage)
    stage.register.catch_up("elm", last, stage.batches())
    assert as_known(stage) == before
    stage.register.rebuild("elm", last, stage.batches(reverse=True))
    for record_id, (after,) in as_known(stage).items():
        assert (after.state, after.version_id, after.absences, after.first_absent_at) == (
            before[record_id][0].state,
            before[record_id][0].version_id,
            before[record_id][0].absences,
            before[record_id][0].first_absent_at,
        )


def test_catching_up_stops_where_it_is_told(stage: Stage) -> None:
    history(stage, 1)
    stage.register.rebuild("elm", 3, stage.batches())
    assert stage.register.watermark("elm") == 3
    seen = {row.look.record_id for rows in stage.commits[:3] for row in rows}
    assert as_known(stage).keys() == seen
    stage.register.catch_up("elm", 2, [])
    assert stage.register.watermark("elm") == 3


def test_a_plain_sighting_moves_only_when_it_was_last_seen(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    before = stage.stands("x:1")
    walk = stage.whole(["x:1"], hours=5)
    after = stage.stands("x:1")
    assert len(stage.commits) == 1
    assert (after.last_seen_at, after.last_walk) == (at(5), walk.walk_id)
    assert after.version_id == before.version_id


def test_an_absence_does_not_move_when_it_was_last_seen(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    stage.whole([], hours=5)
    found = stage.stands("x:1")
    assert (found.state, found.last_seen_at, found.first_absent_at) == (State.MISSING, at(0), at(5))


def test_each_account_and_stream_has_its_own_view_of_a_record(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    threads = Threads(threads=(ref("x:1"),))
    name = comments_of("x:1")
    stage.whole(
        {"x:1": {"listing": name}}, hours=1, ask=threads, stream=Stream.COMMENTS, listings=[listed(name)]
    )
    found = stage.register.known("elm", ["x:1", "x:nobody"])
    assert list(found) == ["x:1"]
    assert {(one.stream, one.listing) for one in found["x:1"]} == {
        (Stream.POSTS, "posts"),
        (Stream.COMMENTS, name),
    }


def test_councils_do_not_see_each_other(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    assert stage.register.known("oak", ["x:1"]) == {}
    assert stage.register.watermark("oak") == 0


def test_what_was_unknown_a_moment_ago_is_known_as_soon_as_a_commit_brings_it(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    ids = ["x:1", "x:2", "x:3"]
    assert stage.register.known("elm", ids).keys() == {"x:1"}
    stage.whole(["x:1", "x:2"], hours=1)
    assert stage.register.known("elm", ids).keys() == {"x:1", "x:2"}
    assert stage.register.known("elm", ids).keys() == {"x:1", "x:2"}
    assert stage.register.known("oak", ids) == {}
    assert stage.register.known("elm", ids).keys() == {"x:1", "x:2"}


def test_what_stands_is_held_by_the_name_it_has_now_and_nothing_that_is_missing(stage: Stage) -> None:
    stage.whole({"x:1": {}, "x:2": {"shown": "held"}, "x:3": {}}, hours=0)
    stage.whole(["x:1"], hours=1, listings=[listed(shows=frozenset({"public"}))])
    called = {"x:1": "1", "x:2": "2", "x:3": "3", "x:4": "4"}
    known = stage.register.known("elm", list(called))
    assert held_as_called(known, called) == {"x:1", "x:2"}
    assert held_as_called(known, {**called, "x:1": "11"}) == {"x:2"}


def test_a_rebuild_abandons_open_walks(stage: Stage) -> None:
    walk = stage.open(hours=0)
    stage.read(walk, ["x:1"], hours=0, marker="2")
    stage.register.rebuild("elm", 1, stage.batches())
    assert stage.register.unfinished("elm", MAIN.account) == ()
    assert stage.open(hours=1).walk_id != walk.walk_id


def test_a_rebuild_from_nothing_forgets_threads_without_a_post(stage: Stage) -> None:
    stage.whole({"x:1": {"metrics": {"comments": 2}}}, hours=0)
    assert len(list(stage.register.threads("elm", MAIN.account))) == 1
    stage.register.rebuild("elm", 1, [])
    assert list(stage.register.threads("elm", MAIN.account)) == []


def test_known_answers_for_more_ids_than_fit_one_statement(stage: Stage) -> None:
    walk = stage.open(hours=0)
    ids = [f"x:{number}" for number in range(6_000)]
    stage.read(walk, ids, hours=0)
    assert len(stage.register.known("elm", ids)) == 6_000
    assert stage.stands("x:5999").last_seen_at == at(0) + timedelta(0)
