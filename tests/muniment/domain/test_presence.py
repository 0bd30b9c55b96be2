"""Missing is not deleted: what looks lead to, as properties over any history of looks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.domain.presence import DEFAULT_GONE_POLICY, Facts, observe, stands
from schemas.observation import PUBLIC, Look, Observation, Presence, Sighting
from schemas.vocabulary import Answer, Series, State, Stream

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
FACTS = Facts(series=Series.PUBLIC, digest_rule=1, filed_at=START)


def sighting(
    answer: Answer,
    *,
    hours: float = 0.0,
    walk: str = "w",
    shown: str = PUBLIC,
    control: bool = True,
    version: bytes | None = b"A",
    metrics: dict[str, int] | None = None,
    listing: str = "posts",
) -> Sighting:
    look = Look(
        record_id="x:1",
        at=START + timedelta(hours=hours),
        answer=answer,
        capture_id="c",
        walk_id=walk,
        shown=shown,
        listing=listing,
        metrics=metrics or {},
    )
    return Sighting(
        look=look,
        account="x-main",
        stream=Stream.POSTS,
        native_id="1",
        thread_id="x:1",
        control_seen=control,
        version_id=version if answer is Answer.SEEN else None,
        exhibit=None,
    )


def replay(sightings: list[Sighting]) -> tuple[Presence | None, list[Observation]]:
    past: Presence | None = None
    made: list[Observation] = []
    for one in sightings:
        observation = observe(past, FACTS, one)
        if observation is not None:
            made.append(observation)
            past = stands(past, observation)
    return past, made


looks = st.builds(
    sighting,
    st.sampled_from(list(Answer)),
    walk=st.uuids().map(str),
    shown=st.sampled_from([PUBLIC, "held", "is_hidden"]),
    control=st.booleans(),
    version=st.sampled_from([b"A", b"B"]),
)


def in_time(answers: list[Sighting], step: timedelta) -> list[Sighting]:
    return [
        sighting(
            one.look.answer,
            hours=step.total_seconds() / 3600 * number,
            walk=one.look.walk_id,
            shown=one.look.shown,
            control=one.control_seen,
            version=one.version_id or b"A",
        )
        for number, one in enumerate(answers)
    ]


@given(st.lists(looks, max_size=30), st.sampled_from([timedelta(minutes=5), timedelta(hours=9)]))
def test_absence_alone_never_confirms_deletion(answers: list[Sighting], step: timedelta) -> None:
    absent_only = [one for one in in_time(answers, step) if one.look.answer is not Answer.GONE]
    _, made = replay(absent_only)
    assert all(observation.state is not State.GONE for observation in made)


@given(st.lists(looks, max_size=30), st.sampled_from([timedelta(minutes=5), timedelta(hours=9)]))
def test_gone_needs_three_absences_over_a_day_and_a_control(answers: list[Sighting], step: timedelta) -> None:
    past: Presence | None = None
    for one in in_time(answers, step):
        observation = observe(past, FACTS, one)
        if observation is None:
            continue
        if observation.state is State.GONE and (past is None or past.state is not State.GONE):
            assert one.look.answer is Answer.GONE
            assert one.control_seen
            assert observation.absences >= DEFAULT_GONE_POLICY.absences
            assert observation.first_absent_at is not None
            assert one.look.at - observation.first_absent_at >= DEFAULT_GONE_POLICY.over
        past = stands(past, observation)


@pytest.mark.parametrize(
    ("hours", "control", "state"),
    [
        ((1.0, 40.0), True, State.MISSING),  # two are not three, however far apart
        ((1.0, 2.0, 24.9), True, State.MISSING),  # three within a day
        ((1.0, 2.0, 25.0), True, State.GONE),
        ((1.0, 2.0, 25.0), False, State.MISSING),  # what should be there was not there either
    ],
)
def test_gone_begins_exactly_where_the_policy_says(
    hours: tuple[float, ...], *, control: bool, state: State
) -> None:
    answers = [sighting(Answer.GONE, hours=at, walk=f"w{at}", control=control, listing="") for at in hours]
    past, _ = replay([sighting(Answer.SEEN), *answers])
    assert past is not None
    assert past.state is state


@given(st.lists(looks, max_size=20))
def test_any_later_sighting_brings_a_record_back(answers: list[Sighting]) -> None:
    history = in_time(answers, timedelta(hours=9))
    past, _ = replay([*history, sighting(Answer.SEEN, hours=9 * 40, walk="last")])
    assert past is not None
    assert past.state is State.LIVE
    assert past.absences == 0


@given(st.lists(looks, max_size=20))
def test_twice_is_once(answers: list[Sighting]) -> None:
    history = in_time(answers, timedelta(hours=9))
    doubled = [again for one in history for again in (one, one)]
    once, made_once = replay(history)
    twice, made_twice = replay(doubled)
    assert (once, len(made_once)) == (twice, len(made_twice))


@given(st.lists(looks, max_size=20))
def test_refused_with_its_control_refused_proves_nothing(answers: list[Sighting]) -> None:
    past, _ = replay(in_time(answers, timedelta(hours=9)))
    refused = sighting(Answer.REFUSED, hours=999, walk="r", control=False, listing="")
    assert observe(past, FACTS, refused) is None


def test_a_b_a_keeps_three_observations_and_ends_on_a() -> None:
    past, made = replay(
        [
            sighting(Answer.SEEN, hours=0, walk="1", version=b"A"),
            sighting(Answer.SEEN, hours=1, walk="2", version=b"B"),
            sighting(Answer.SEEN, hours=2, walk="3", version=b"A"),
        ]
    )
    assert [observation.version_id for observation in made] == [b"A", b"B", b"A"]
    assert past is not None
    assert past.version_id == b"A"


def test_metrics_are_filed_once_a_day_and_never_make_a_version() -> None:
    seen = [
        sighting(Answer.SEEN, hours=hours, walk=str(hours), metrics={"likes": hours}) for hours in range(30)
    ]
    past, made = replay(seen)
    assert [observation.look.metrics["likes"] for observation in made] == [0, 24]
    assert past is not None
    assert past.version_id == b"A"


def test_hidden_keeps_the_platforms_own_word() -> None:
    past, _ = replay([sighting(Answer.SEEN), sighting(Answer.SEEN, hours=1, walk="2", shown="held")])
    assert past is not None
    assert (past.state, past.shown) == (State.HIDDEN, "held")


def test_an_absence_counts_once_in_a_walk() -> None:
    seen = sighting(Answer.SEEN)
    absences = [sighting(Answer.ABSENT, hours=1 + number, walk="same") for number in range(5)]
    past, _ = replay([seen, *absences])
    assert past is not None
    assert (past.state, past.absences) == (State.MISSING, 1)


def test_a_page_delivered_again_after_an_absence_brings_nothing_back() -> None:
    seen = sighting(Answer.SEEN)
    past, made = replay([seen, sighting(Answer.ABSENT, hours=1, walk="2"), seen])
    assert past is not None
    assert past.state is State.MISSING
    assert len(made) == 2


@pytest.mark.parametrize("answer", [one for one in Answer if one is not Answer.REREAD])
@pytest.mark.parametrize("last", [Answer.SEEN, Answer.ABSENT])
def test_a_look_older_than_the_last_one_changes_nothing(answer: Answer, last: Answer) -> None:
    """Two walks run side by side: a page of the slower one may be kept after the faster one's."""
    past, _ = replay([sighting(Answer.SEEN, hours=5.0, walk="fast"), sighting(last, hours=6.0, walk="next")])
    late = sighting(answer, hours=4.0, walk="slow", shown="held", version=b"B")
    assert observe(past, FACTS, late) is None


def test_what_is_read_again_keeps_state_absences_and_last_sight_and_gives_way_to_a_later_look() -> None:
    unread = Facts(series=Series.UNREAD, digest_rule=0, filed_at=START)
    first = observe(None, unread, sighting(Answer.SEEN, version=b"?"))
    assert first is not None
    missed = observe(stands(None, first), unread, sighting(Answer.ABSENT, hours=2, walk="2"))
    assert missed is not None
    past = stands(stands(None, first), missed)
    again = replace(sighting(Answer.REREAD, hours=50, walk="9"), version_id=b"A")
    found = observe(past, FACTS, again)
    assert found is not None
    now = stands(past, found)
    assert (now.series, now.digest_rule, now.version_id) == (Series.PUBLIC, 1, b"A")
    kept = ("state", "absences", "first_absent_at", "last_seen_at", "last_walk", "observed_at")
    assert {name: getattr(now, name) for name in kept} == {name: getattr(past, name) for name in kept}
    assert observe(now, FACTS, again) is None
    seen = observe(now, FACTS, sighting(Answer.SEEN, hours=3, walk="3", version=b"B"))
    assert seen is not None
    assert (seen.state, seen.version_id) == (State.LIVE, b"B")
    assert observe(stands(now, seen), FACTS, again) is None
